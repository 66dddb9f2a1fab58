import numpy as np
import pytest

from hrsnn_edge.study.plan import Plan, Point, Study
from hrsnn_edge.study.search import encode, normalise, search, suggest


def points(n=5):
    """Return a grid of widths and sparsities."""
    grid = [(w, s) for w in range(2, 2 + n) for s in range(n)]
    return tuple(Point(k, {"weight_width": w, "sparsity": s / n}) for k, (w, s) in enumerate(grid))


def plan(evaluations, seed=1, n=5):
    """Return a plan that searches the grid."""
    settings = {"evaluations": evaluations, "initial": 5, "batch": 2}
    study = Study(name="s", experiment="e", seeds=(seed,), search=settings)
    return Plan(study, None, points(n))


def measure(chosen):
    """Return rows whose front is the line of the widest weights."""
    return [
        {"id": p.id, "fits": True, "accuracy": p.values["weight_width"] - p.values["sparsity"] ** 2,
         "sop": 1.0 - p.values["sparsity"]}
        for p in chosen
    ]  # fmt: skip


def test_words_and_numbers_become_places():
    """Numbers lie by rank between 0 and 1, every word has a column, a lone value has none."""
    found = encode([Point(0, {"a": 2, "b": "x", "c": 1}), Point(1, {"a": 8, "b": "y", "c": 1}),
                    Point(2, {"a": 4, "b": "x", "c": 1})])  # fmt: skip
    assert found.tolist() == [[0, 1, 0], [1, 0, 1], [0.5, 1, 0]]


def test_missing_scores_are_the_worst():
    """Scores lie between 0 and 1 a column; a point without is 0 in both."""
    assert normalise([(2.0, 10.0), None, (4.0, 10.0)]).tolist() == [[0, 0], [0, 0], [1, 0]]
    assert normalise([None]).tolist() == [[0, 0]]


def test_no_point_is_measured_twice():
    """A search asks for as many points as it may, all different, and again the same."""
    asked = [[row["id"] for row in search(plan(14), measure)] for _ in range(2)]
    assert asked[0] == asked[1]
    assert len(set(asked[0])) == 14
    assert len({row["id"] for row in search(plan(25), measure)}) == 25


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_search_goes_to_the_front(seed):
    """With 20 of 64 points the search has most of the front, of which chance would have a third."""
    rows = search(plan(20, seed, 8), measure)
    best = [points(8)[row["id"]].values["weight_width"] == 9 for row in rows]
    assert sum(best) >= 5


def test_suggestion_is_new():
    """What is measured or under way is not suggested."""
    places = encode(points(2))
    values = normalise([(0.0, 1.0), (1.0, 0.0)])
    assert suggest(places, [0, 1, 2], values, np.random.default_rng(1)) == 3
