from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.study.front import dominates, pareto

COLUMNS = ("sop", "accuracy")


def rows(pairs, fits=True):
    """Return rows of (sop, accuracy) pairs."""
    return [{"id": k, "sop": s, "accuracy": a, "fits": fits} for k, (s, a) in enumerate(pairs)]


def test_by_hand():
    """0, 1 and 3 stay; 2 is worse than 1 in both, 4 ties with 3, 5 has 1's accuracy for more."""
    pairs = [(10, 0.9), (20, 0.95), (25, 0.94), (30, 0.97), (30, 0.97), (21, 0.95)]
    assert pareto(rows(pairs), COLUMNS) == [0, 1, 3, 4]


def test_what_is_not_on_it():
    """A point that does not fit, or has no figures, is not on a front."""
    points = rows([(10, 0.9), (5, 0.99)])
    points[1]["fits"] = False
    points.append({"id": 2, "failure": "silent"})
    assert pareto(points, COLUMNS) == [0]
    assert pareto([], COLUMNS) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_front_is_undominated_and_covers(pairs):
    """No point beats one of the front, and every other point is beaten by one of the front."""
    points = rows(pairs)
    front = set(pareto(points, COLUMNS))
    score = {row["id"]: (-row["sop"], row["accuracy"]) for row in points}
    for k, mine in score.items():
        beaten = any(dominates(score[j], mine) for j in front)
        assert beaten != (k in front)
