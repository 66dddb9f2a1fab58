"""Memory capacity, eq. (9), on test data and beside the floor that chance gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.analysis.ridge import PENALTIES, fit_ridge


@dataclass(frozen=True, eq=False)
class MemoryCapacity:
    """How much of its past input a linear readout finds in a state.

    Attributes
    ----------
    curve : (n_delays,) float64
        ``C_tau``, 0..1, of the delays 1, 2, ... on test data.
    floor : (n_delays,) float64
        The same for an input shuffled in time: chance.
    penalty : (n_delays,) float64
        Chosen by validation for each delay, per training sample.
    """

    curve: np.ndarray
    floor: np.ndarray
    penalty: np.ndarray

    @property
    def total(self) -> float:
        """Sum of the curve, with what chance adds."""
        return float(self.curve.sum())

    @property
    def chance(self) -> float:
        """Sum of the floor."""
        return float(self.floor.sum())

    @property
    def above_chance(self) -> float:
        """The capacity C: `total` minus `chance`."""
        return self.total - self.chance


def delayed(x, n_delays: int) -> np.ndarray:
    """Return ``x(t - tau)`` for tau = 1 .. `n_delays`, (T, n_delays); 0 before the start."""
    x = np.asarray(x, float)
    if x.ndim != 1:
        raise ValueError(f"Series must be a vector, not of shape {x.shape}")
    out = np.zeros((x.size, n_delays))
    for tau in range(1, n_delays + 1):
        out[tau:, tau - 1] = x[:-tau]
    return out


def squared_correlation(a, b) -> np.ndarray:
    """Return the squared correlation of each column, (K,); 0 where one does not vary."""
    varies = (np.ptp(a, axis=0) > 0) & (np.ptp(b, axis=0) > 0)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    variances = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    out = np.zeros(variances.shape)
    return np.divide((a * b).sum(axis=0) ** 2, variances, out=out, where=varies)


def memory_capacity(
    features,
    x,
    *,
    washout: int = 200,
    n_train: int = 3000,
    n_delays: int = 100,
    penalties=PENALTIES,
    seed: int = 0,
) -> MemoryCapacity:
    """Train a ridge for every delay and judge it on the samples after the training part.

    Parameters
    ----------
    features : (T, F) float
        State of the network at the end of each sample; a silent network gives a curve of 0.
    x : (T,) float
        The input: independent samples, or C measures their correlation too.
    washout, n_train : int
        Samples dropped at the start, and trained on after them; the rest is the test.
    n_delays : int
        Greatest delay, eq. (9)'s ``tau_max``; at most `washout`.
    penalties : sequence of float
        As in `fit_ridge`.
    seed : int
        Of the shuffle for the floor.
    """
    features, x = np.asarray(features, float), np.asarray(x, float)
    if len(features) != len(x):
        raise ValueError(f"Features must have {len(x)} samples like the input, not {len(features)}")
    if not 1 <= n_delays <= washout:
        raise ValueError(f"Delays must be between 1 and {washout}, the washout, not {n_delays}")
    if len(x) < washout + n_train + 2:
        raise ValueError(
            f"Samples must be more than {washout + n_train + 1}, washout and training, not {len(x)}"
        )

    # One fit for both: the factorisation of the features is most of the work.
    shuffled = np.random.default_rng(seed).permutation(x)
    targets = np.hstack([delayed(series, n_delays) for series in (x, shuffled)])
    train, test = slice(washout, washout + n_train), slice(washout + n_train, None)
    fit = fit_ridge(features[train], targets[train], penalties=penalties)
    curve = squared_correlation(fit.predict(features[test]), targets[test])
    return MemoryCapacity(curve[:n_delays], curve[n_delays:], fit.penalty[:n_delays])
