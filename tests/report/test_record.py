"""A record survives its file, and nothing wrong passes for one."""

import json
import math

import numpy as np
import pytest

from hrsnn_edge.errors import DataError
from hrsnn_edge.report.record import (
    Divergence,
    RunRecord,
    Verdict,
    record_from_bytes,
    record_to_bytes,
)
from tests.report.demo import demo_record, failed_record


@pytest.mark.parametrize("record", [demo_record(), failed_record()], ids=["passed", "failed"])
def test_record_round_trip(record):
    """Reading what was written gives the same record, and the same bytes again."""
    data = record_to_bytes(record)
    assert record_from_bytes(data) == record
    assert record_to_bytes(record_from_bytes(data)) == data


def test_record_takes_numpy_scalars():
    """Figures may come straight out of NumPy."""
    record = RunRecord(
        name="n",
        command="c",
        seed=np.int64(3),
        created="t",
        verdicts={"bulk": {"networks": np.int32(1), "steps": np.int64(5), "mismatches": 0}},
        timings_s={"train": np.float32(0.5)},
    )
    assert json.loads(record_to_bytes(record))["timings_s"] == {"train": 0.5}


def test_record_names_the_wrong_field():
    """A field that does not belong, or is not finite, is named."""
    document = json.loads(record_to_bytes(demo_record()))
    document["cycles"]["per_sob"] = 1.0
    with pytest.raises(DataError, match=r"Record, cycles\.per_sob"):
        record_from_bytes(json.dumps(document).encode())
    with pytest.raises(DataError, match="Record, document"):
        record_from_bytes(b"{")
    with pytest.raises(ValueError, match="finite"):
        demo_record(cycles={"per_sop": math.nan, "per_inference": 1.0})


def test_nothing_compared_is_not_a_pass():
    """A verdict without networks or steps is not green."""
    assert Verdict(networks=1, steps=1, mismatches=0).passed
    assert not Verdict(networks=0, steps=0, mismatches=0).passed
    assert not Verdict(networks=1, steps=9, mismatches=1).passed


def test_best_evaluation_is_the_first_of_equals():
    """The best point of the tuner is the first with the greatest score."""
    tune = demo_record().tune
    points = [{"values": (0,), "score": s} for s in (0.1, 0.9, 0.9, 0.2)]
    same = tune.model_validate({"parameters": ("a",), "history": points, "metric": "m"})
    assert same.best == 1
    failed = [{"values": (0,), "score": None}, {"values": (1,), "score": 0.1}]
    assert same.model_validate(same.model_dump() | {"history": failed}).best == 1
    assert same.model_validate(same.model_dump() | {"history": failed[:1]}).best is None


def test_divergence_says_where():
    """The place names network, sample, step, and neuron or output."""
    d = Divergence(network="3", sample=0, step=4, quantity="out", neuron=2, expected=1, got=0)
    assert d.place == "network 3, sample 0, step 4, output 2"
    own = Divergence(network="network", sample=0, step=4, quantity="v", expected=1, got=0)
    assert own.place == "sample 0, step 4"
    counter = Divergence(step=4, quantity="sop_rec", expected=1, got=0)
    assert counter.place == "step 4"
