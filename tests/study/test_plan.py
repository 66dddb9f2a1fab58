from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.errors import ExperimentError
from hrsnn_edge.study.plan import expand, experiment_at, load_study

BASE = """
name = "small"
[data]
name = "digits"
[prune]
method = "{method}"
[build]
boards = ["icebreaker"]
"""
HEAD = 'name = "s"\nexperiment = "small.toml"\n'
DIGITS = Path(__file__).parents[2] / "experiments/study-digits.toml"


def load(folder, text, method="lnp"):
    """Write a base experiment and a study beside it, and load the study."""
    (folder / "small.toml").write_text(BASE.format(method=method))
    (folder / "study.toml").write_text(HEAD + text)
    return load_study(folder / "study.toml")


def axes(**values):
    """Return axes of one value each, but for `values`."""
    names = ("n_neurons", "method", "sparsity", "weight_width", "v_width", "decay_width", "leak",
             "lanes", "board")  # fmt: skip
    one = dict.fromkeys(names, (1,)) | {"sparsity": (0.5,), "method": ("lnp",)}
    return one | values


def test_grid_by_hand():
    """Two widths on two boards are four points; the board, the last axis, changes fastest."""
    points = list(expand(axes(weight_width=(4, 6), board=("a", "b"))))
    found = [(p.id, p.values["weight_width"], p.values["board"]) for p in points]
    assert found == [(0, 4, "a"), (1, 4, "b"), (2, 6, "a"), (3, 6, "b")]
    assert points[0].network == points[1].network != points[2].network


def test_unpruned_stands_once():
    """Sparsity 0 is one point, whatever the methods."""
    points = list(expand(axes(method=("lnp", "magnitude"), sparsity=(0.0, 0.5))))
    found = [(p.values["method"], p.values["sparsity"]) for p in points]
    assert found == [("none", 0.0), ("lnp", 0.5), ("magnitude", 0.5)]


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True), max_size=3))
def test_points_are_numbered_and_differ(values):
    """A grid has the product of its axes as points, each once, numbered from 0."""
    names = ("n_neurons", "weight_width", "lanes")
    chosen = {name: tuple(v) for name, v in zip(names, values, strict=False)}
    points = list(expand(axes(**chosen)))
    size = 1
    for v in chosen.values():
        size *= len(v)
    assert [p.id for p in points] == list(range(size))
    assert len({tuple(p.values.items()) for p in points}) == size


def test_axes_left_out_are_the_experiments(tmp_path):
    """What the file does not vary keeps the value of the base, and every value arrives."""
    plan = load(tmp_path, "[axes]\nweight_width = [3, 5]\nleak = ['two_powers']\nlanes = [2]\n")
    assert len(plan.points) == 2
    assert plan.points[0].values["n_neurons"] == plan.experiment.model.network.n_neurons
    got = plan.experiment_of(plan.points[1], 7)
    assert (got.quantise.weight_width, got.quantise.leak, got.seed) == (5, "two_powers", 7)
    assert (got.build.lanes, got.build.boards) == (2, ("icebreaker",))
    same = experiment_at(plan.experiment, {})
    assert same == plan.experiment


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[axes]\nweigth_width = [3]\n", 4, "Did you mean 'weight_width'"),
        ("[axes]\nlanes = [1]\nweight_width = []\n", 5, "weight_width must have a value or more"),
        ("[axes]\nsparsity = [0.5, 0.9, 0.5]\n", 4, "each value once, not 0.5 twice"),
        ("[axes]\nweight_width = [4, 9]\n", 4, "must be less than or equal to 8, not 9"),
        ("[axes]\nboard = ['arty']\n", 4, "Board must be one of .*not 'arty'"),
        ("[axes]\nn_neurons = [40]\nlanes = [1, 8]\n", 5, "at most 2 on icebreaker, not 8"),
        ("[axes]\nsparsity = [0.0]\nmethod = ['lnp']\n", 5, "must go with a sparsity above 0"),
        ("front = ['sop', 'sop']\n", 3, "two columns, not sop twice"),
        ("front = ['sop', 'board']\n", 3, "Front must be of .*not 'board'"),
        ("seeds = [1, 1]\n", 3, "Seeds must differ, not be 1, 1"),
        ("folds = 9\n", 3, "folds must be at most 4"),
        ("[search]\nevaluations = 7\n", 4, "at most 1, the points of the grid, not 7"),
        ("[axes]\nn_neurons = [2]\nv_width = ['x']\n", 5, "must be a valid integer|integer"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_with_their_line(tmp_path, text, line, words):
    """A grid that cannot be is refused before any work, with the line that is wrong."""
    with pytest.raises(ExperimentError, match=f"line {line}: .*({words})"):
        load(tmp_path, text)


def test_sparsity_needs_a_method(tmp_path):
    """A base that does not prune cannot be given a sparsity alone."""
    with pytest.raises(ExperimentError, match=r"line 4: sparsity must go with a method"):
        load(tmp_path, "[axes]\nsparsity = [0.5]\n", method="none")


def test_the_study_of_the_digits_has_200_points():
    """The study file that ships is right, and of the size it claims."""
    plan = load_study(DIGITS)
    assert len(plan.points) == 200
    assert len({p.network for p in plan.points}) == 100
