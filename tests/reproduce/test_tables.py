import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hrsnn_edge.analysis.reservoir import draw_reservoir, memory_recipe
from hrsnn_edge.analysis.reservoir_stdp import memory_plasticity
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.flow.store import Store
from hrsnn_edge.model.stdp import draw_stdp
from hrsnn_edge.reproduce.importance import partly_heterogeneous
from hrsnn_edge.reproduce.page import section
from hrsnn_edge.reproduce.plot import draw
from hrsnn_edge.reproduce.registry import TABLES
from hrsnn_edge.reproduce.run import Result, local_place
from hrsnn_edge.reproduce.searched import narma
from hrsnn_edge.reproduce.speech import part_of

SHARED = Path(os.environ.get("HRSNN_DATA", Path(__file__).parents[3] / "shared" / "data"))
SHORT = {"n_train": 200, "n_test": 120}
CARRIED = {
    "n_neurons": 80, "n_train": 120, "rounds": 3, "sparsity": 0.5, "n_starts": 2, "n_units": 30
}  # fmt: skip
#: Sizes at which a table is measured in a second or two.
TINY = {
    "memory": {"n_neurons": 30, **SHORT},
    "stdp": {"n_neurons": 30, "n_learn": 100, **SHORT},
    "rank": {"n_neurons": 30, "n_inputs": 20, "n_learn": 100, **SHORT},
    "sage": {"n_neurons": 20, "n_learn": 50, **SHORT},
    "density": {"n_neurons": 27, "lengths": (1.0, 2.0), "weights": (0.1, 1.0), **SHORT},
    "objectives": {"n_neurons": 20, "n_evaluations": 2, "n_searched": 1, "n_judged": 1, **SHORT},
    "format": {"n_neurons": 40, "n_evaluations": 2, "n_searched": 1, "n_judged": 1, **SHORT},
    "most-memory": {"n_neurons": 20, "n_evaluations": 2, "n_searched": 1, "n_judged": 1, **SHORT},
    "pruning": {"n_neurons": 80, "rounds": 3, "sparsity": 0.5, **SHORT},
    "evolution": {"n_neurons": 80, "rounds": 4, "every": 2, "sparsity": 0.5},
    "lorenz": {"n_neurons": (20, 40), "n_train": 100, "n_starts": 2},
    "series": {"n_neurons": 20, "n_train": 60, "n_train_96": 60, "n_starts": 1},
}
#: The same in tens of seconds, most with spoken digits.
LONGER = {
    "V": {"n_neurons": 100, "n_train": 150, "rounds": 3, "sparsity": 0.5, "n_starts": 2},
    "forecast-pruning": CARRIED,
    "forecast-pruning-x": CARRIED,
    "I": {"n_neurons": 40},
    "III": {"n_neurons": 60, "n_train": 150, "n_test": 150},
    "IV": {"n_neurons": 150, "rounds": 3, "sparsity": 0.5, "epochs": 1},
    "speech-pruning": {
        "n_neurons": 60,
        "sparsities": (0.5,),
        "shares": ((0.6, 0.4),),
        "rounds": 3,
    },
    "speech-pruning-large": {
        "n_neurons": 60,
        "recurrent": 0.6,
        "networks": ((0.4, 10.0), (0.4, 40.0)),
        "control": (0.4, 40.0),
    },
    "backprop": {"n_neurons": 20},
    "emg": {"n_neurons": 40, "samples": 50, "names": ("HeNHeS",)},
    "speech-best": {"n_neurons": 40, "names": ("HeNHeS",), "unheard": ()},
    "speech-best-backprop": {"n_neurons": 20, "names": ("HeNB",), "unheard": ()},
    "images-best": {"n_neurons": 150, "rounds": 3, "sparsity": 0.5, "epochs": 1},
    "sizes": {},
    "limited": {"n_neurons": 40, "shares": (0.1, 1.0)},
    "regimes": {
        "n_reference": 30,
        "n_medium": 24,
        "n_small": 20,
        "n_initial": 2,
        "n_evaluations": 2,
    },
}


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return local_place(SHARED, Store(tmp_path_factory.mktemp("store")))


def check_whole(name, changes, place):
    """Measure a table once in small and print all of it."""
    table = TABLES[name]
    for file in table.files:
        if not (SHARED / file).exists():
            pytest.skip(f"{file} is not below {SHARED}; set HRSNN_DATA")
    settings = replace(table.scaled, **changes)
    rows = tuple(table.measure(3, settings, place))
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    assert {row.versus for row in rows if not row.missing} <= {*names, ""}
    assert {row for row, _ in table.published} <= set(names)
    known = {m.key for m in table.metrics}
    assert known <= set().union(*(row.figures for row in rows))
    result = Result(table, (3,), settings, (rows,))
    text = section(result, "hrsnn reproduce")
    for gate in table.gates:
        assert f"* **{gate.name}: " in text
    for plot in table.plots:
        assert "nan" not in draw(result, plot)


@pytest.mark.parametrize("name", TINY)
def test_table(name, place):
    """Every table measures the rows that it pairs, the figures it prints, and judges its gates."""
    check_whole(name, TINY[name], place)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONGER)
def test_longer_table(name, place):
    """The same for the tables that take longer."""
    check_whole(name, LONGER[name], place)


def test_all_tables_are_covered():
    """A new table has a size at which it is tested."""
    assert set(TABLES) == {*TINY, *LONGER}


@pytest.mark.parametrize("name", TABLES)
def test_published_and_plots_name_columns(name):
    """Published numbers and plots belong to columns of their table."""
    table = TABLES[name]
    keys = {m.key for m in table.metrics}
    assert {key for _, key in table.published} <= keys
    assert {plot.metric for plot in table.plots} <= keys


def test_coalition_switches_one_parameter():
    """Outside a coalition the constants are all equal, at the mean of the drawn ones."""
    net = draw_reservoir(memory_recipe(30), 1, 0).net
    whole = draw_stdp(memory_plasticity("het"), net, 0)
    book = partly_heterogeneous(whole, frozenset({"η+", "τ-"})).codebook
    assert np.array_equal(book.eta_plus, whole.codebook.eta_plus)
    assert np.array_equal(book.tau_minus, whole.codebook.tau_minus)
    assert np.ptp(book.eta_minus) == 0 and np.ptp(book.tau_plus) == 0
    mean = whole.codebook.tau_plus[whole.codebook.index_plus].mean()
    assert book.tau_plus[0] == pytest.approx(mean)
    everything = frozenset({"η+", "η-", "τ+", "τ-"})
    assert np.ptp(partly_heterogeneous(whole, everything).codebook.tau_plus) > 0


def test_limited_data_are_even():
    """A quarter of the train part has a quarter of each class, rounded up; the test part stays."""
    labels = np.repeat([0, 1, 2], [8, 12, 5])
    events = EventBatch.from_rasters(np.ones((25, 2, 1), bool))
    part = Split(events, labels)
    features = np.arange(25.0)[:, None]
    data = Dataset("x", ("a", "b", "c"), part, part, np.arange(25) % 2, features, features)
    some = part_of(data, 0.25, 0)
    assert np.bincount(some.train.labels).tolist() == [2, 3, 2]
    assert len(some.test.labels) == 25 and len(some.fold) == 7
    assert set(part_of(data, 0.5, 0).features_train[:, 0]) >= set(some.features_train[:, 0])
    assert part_of(data, 1.0, 0) is data


def test_narma_by_hand():
    """With inputs of 0.5 all along, y is 0 until ten are there, then 0.475 and 0.7287."""
    y = narma(np.ones(12))
    assert y[:9].tolist() == [0.0] * 9
    assert y[9] == pytest.approx(1.5 * 0.25 + 0.1)
    assert y[10] == pytest.approx(0.3 * 0.475 + 0.05 * 0.475 * 0.475 + 0.475)
