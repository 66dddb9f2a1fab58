import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.analysis.shapley import exact_shapley


def table_game(d, seed):
    """A game with random values, and its players."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=2**d)
    names = [f"p{k}" for k in range(d)]
    return names, lambda s: table[sum(1 << names.index(p) for p in s)]


def test_worked():
    """Hand-worked: a glove game, one left and two rights, shares 2/3, 1/6, 1/6."""
    game = exact_shapley(["left", "r1", "r2"], lambda s: float("left" in s and len(s) > 1))
    assert game.importance == pytest.approx({"left": 2 / 3, "r1": 1 / 6, "r2": 1 / 6})


def test_additive_game():
    """In an additive game everyone gets what it adds."""
    adds = {"tau_mem": 2.0, "v_threshold": -0.5, "eta_plus": 0.0, "tau_plus": 1.25}
    game = exact_shapley(list(adds), lambda s: 10 + sum(adds[p] for p in s))
    assert game.importance == pytest.approx(adds)


def test_symmetric_game():
    """When only the number of players counts, all get the same."""
    game = exact_shapley("abcde", lambda s: len(s) ** 2)
    assert list(game.importance.values()) == pytest.approx([5.0] * 5)


@given(d=st.integers(1, 6), seed=st.integers(0, 999))
def test_efficiency(d, seed):
    """The shares sum to the value of all minus that of none."""
    names, value = table_game(d, seed)
    game = exact_shapley(names, value)
    assert sum(game.importance.values()) == pytest.approx(value(names) - value([]))


def test_every_coalition_once():
    """A coalition is judged exactly once: it may be an hour's work."""
    calls = []
    exact_shapley("abcd", lambda s: calls.append(s) or 0.0)
    assert len(calls) == len(set(calls)) == 16


def test_wrong_players():
    """No players, repeated ones and too many are refused."""
    for players in ([], ["a", "a"], [str(k) for k in range(13)]):
        with pytest.raises(ValueError, match="Players must be 1 to 12 different names"):
            exact_shapley(players, lambda s: 0.0)
