"""Exact Shapley values over all coalitions: the importance of one parameter's heterogeneity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

#: With d players 2**d networks are built and judged; more is a mistake.
MAX_PLAYERS = 12


@dataclass(frozen=True)
class Shapley:
    """The values of all coalitions and what each player adds on average.

    Attributes
    ----------
    importance : dict
        Shapley value of each player; they sum to the value of all minus that of none.
    values : dict
        Value of every coalition, by frozenset of players.
    """

    importance: dict[str, float]
    values: dict[frozenset[str], float]


def exact_shapley(players: Sequence[str], value: Callable[[frozenset[str]], float]) -> Shapley:
    """Return ``phi_p = 1/d sum_S C(d-1, |S|)^-1 [v(S + p) - v(S)]`` over all S without p (SAGE).

    Parameters
    ----------
    players : sequence of str
        For example the parameters that may be heterogeneous.
    value : callable
        Figure of a coalition, for example the capacity of the network in which the parameters of
        the coalition are heterogeneous and the others at their means. Called once for each of the
        ``2**d`` coalitions, the smaller first.
    """
    d = len(players)
    if len(set(players)) != d or not 1 <= d <= MAX_PLAYERS:
        raise ValueError(f"Players must be 1 to {MAX_PLAYERS} different names, not {players}")
    coalitions = [frozenset(s) for size in range(d + 1) for s in combinations(players, size)]
    values = {coalition: float(value(coalition)) for coalition in coalitions}
    importance = {
        p: sum(
            (values[s | {p}] - values[s]) / (d * comb(d - 1, len(s)))
            for s in coalitions
            if p not in s
        )
        for p in players
    }
    return Shapley(importance, values)
