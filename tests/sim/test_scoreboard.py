"""The scoreboard finds every difference and names the first one."""

from dataclasses import replace

import numpy as np
import pytest
from hrsnn_sim.scoreboard import COUNTERS, CoreTrace, Divergence, Verdict, compare

from hrsnn_edge.errors import MismatchError


def trace(n_steps=4, n=3, n_out=2):
    counts = np.arange(n_steps * len(COUNTERS)).reshape(n_steps, -1)
    return CoreTrace(
        np.zeros((n_steps, n), bool),
        np.arange(n_steps * n).reshape(n_steps, n),
        np.zeros((n_steps, n_out), np.int64),
        counts,
    )


def altered(good, name, place, value):
    values = getattr(good, name).copy()
    values[place] = value
    return replace(good, **{name: values})


def test_equal():
    """Equal traces have no divergence, and their steps are counted."""
    assert compare(trace(), trace(), "7") == Verdict(0, 4, 0, None)


@pytest.mark.parametrize(
    ("name", "place", "value", "quantity", "neuron", "expected"),
    [
        ("spikes", (2, 1), True, "spike", 1, 0),
        ("v", (2, 0), -5, "v", 0, 6),
        ("out", (2, 1), 9, "out", 1, 0),
        ("counts", (2, COUNTERS.index("sop_rec")), 1, "sop_rec", None, 17),
    ],
)
def test_one_difference(name, place, value, quantity, neuron, expected):
    """One wrong value of any quantity is found with its place and both values."""
    verdict = compare(trace(), altered(trace(), name, place, value), "7", sample=3)
    first = Divergence("7", 3, 2, quantity, neuron, expected, int(value))
    assert verdict == Verdict(0, 4, 1, first)


def test_first_is_the_earliest_step():
    """A later step never hides an earlier one, and within a step the spike comes first."""
    got = altered(altered(trace(), "spikes", (3, 0), True), "counts", (1, 0), -1)
    verdict = compare(trace(), got, "7")
    assert verdict.mismatches == 2
    assert (verdict.first_divergence.step, verdict.first_divergence.quantity) == (1, COUNTERS[0])
    got = altered(altered(trace(), "v", (1, 0), 99), "spikes", (1, 2), True)
    assert compare(trace(), got, "7").first_divergence.quantity == "spike"


def test_missing_step():
    """A run with a step less is an error, not a shorter comparison."""
    with pytest.raises(MismatchError, match=r"spike must have the shape \(4, 3\), not \(3, 3\)"):
        compare(trace(), trace(n_steps=3), "7")


def test_verdicts_add_up():
    """A sum keeps the earlier divergence, and the machine form has the four named keys."""
    first = Divergence("1", 0, 5, "v", 2, 10, 11, "w.vcd")
    total = Verdict(1, 10) + Verdict(1, 5, 3, first) + Verdict(1, 5, 1, replace(first, step=0))
    assert total.to_json() == {
        "networks": 3,
        "steps": 20,
        "mismatches": 4,
        "first_divergence": {
            "network": "1",
            "sample": 0,
            "step": 5,
            "quantity": "v",
            "neuron": 2,
            "expected": 10,
            "got": 11,
            "waveform": "w.vcd",
        },
    }
    with pytest.raises(
        MismatchError,
        match=r"step 5, neuron 2: v must be 10 \(reference\), not 11\. Waveform: w\.vcd\. First of",
    ):
        total.require_equal()
    Verdict(1, 10).require_equal()
