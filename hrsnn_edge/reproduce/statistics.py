"""Means over seeds, and two rows compared seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_rel, wilcoxon

#: Pairs below which no signed-rank test can reach 5 %.
LEAST_PAIRS = 6


@dataclass(frozen=True)
class Spread:
    """Values over seeds.

    Attributes
    ----------
    mean, sd : float
        Of the finite values; deviation with n - 1, 0 for one value, NaN for none.
    n : int
        Finite values.
    """

    mean: float
    sd: float
    n: int


@dataclass(frozen=True)
class Paired:
    """A row against another one, seed by seed.

    Attributes
    ----------
    difference, sd : float
        Mean and deviation of the differences.
    ratio : float
        Mean of the ratios; NaN when a divisor is 0.
    wins, n : int
        Pairs with a better value than the other row's, and all.
    t_p, wilcoxon_p : float
        Two-sided p of the paired t test (NaN for one pair, or differences without spread) and of
        the signed-rank test (NaN below `LEAST_PAIRS`).
    """

    difference: float
    sd: float
    ratio: float
    wins: int
    n: int
    t_p: float
    wilcoxon_p: float


def spread(values) -> Spread:
    """Return mean and deviation of the finite values."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        return Spread(np.nan, np.nan, 0)
    sd = values.std(ddof=1) if values.size > 1 else 0.0
    return Spread(float(values.mean()), float(sd), int(values.size))


def paired(values, others, better: str = "more") -> Paired:
    """Compare two rows over the same seeds; pairs with a value that is not finite are left out.

    Parameters
    ----------
    values, others : (n,) float
        In the same order of seeds.
    better : str
        ``'less'``: a win is a smaller value; otherwise a greater one.
    """
    a, b = np.asarray(values, float), np.asarray(others, float)
    whole = np.isfinite(a) & np.isfinite(b)
    a, b = a[whole], b[whole]
    gap = spread(a - b)
    varies = a.size > 1 and np.ptp(a - b) > 0
    return Paired(
        gap.mean,
        gap.sd,
        float(np.mean(a / b)) if a.size and np.all(b != 0) else np.nan,
        int(np.sum(a < b if better == "less" else a > b)),
        int(a.size),
        float(ttest_rel(a, b).pvalue) if varies else np.nan,
        float(wilcoxon(a, b).pvalue) if varies and a.size >= LEAST_PAIRS else np.nan,
    )
