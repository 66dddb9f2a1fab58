"""Distributions as frozen values, and the box of distributions that is searched.

A network is described by the distributions its parameters are drawn from, so the search moves in
the numbers of distributions (a mean, a coefficient of variation), never in those of neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy.special import gammaincinv, ndtri

#: Quantiles at which two distributions are compared: Gauss-Legendre nodes of [0, 1]. Equally
#: spaced ones lose 2 % of the variance of a normal distribution, these lose 0.06 %.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
QUANTILES = (_NODES + 1) / 2
QUANTILE_WEIGHTS = _WEIGHTS / 2

#: Steps of the table of quantile functions over the coefficient of variation.
_TABLE_STEPS = 1024


@dataclass(frozen=True)
class Distribution:
    """A distribution of a positive quantity: the unit-mean member of a family times `mean`.

    Attributes
    ----------
    mean : float
        Mean, above 0.
    cv : float
        Coefficient of variation (standard deviation over mean), 0 .. `max_cv`.
    """

    mean: float
    cv: float = 0.0

    #: Greatest coefficient of variation of the family.
    max_cv: ClassVar[float] = 0.0

    def __post_init__(self):
        """Check both numbers."""
        if not (np.isfinite(self.mean) and self.mean > 0):
            raise ValueError(f"Mean must be above 0, not {self.mean}")
        if not 0 <= self.cv <= self.max_cv:
            raise ValueError(
                f"Coefficient of variation of {type(self).__name__} must be between 0 and "
                f"{self.max_cv:g}, not {self.cv}"
            )

    @classmethod
    def unit_quantile(cls, cv, q):
        """Return the quantile function at `q` of the member with mean 1; arguments broadcast."""
        return np.ones(np.broadcast_shapes(np.shape(cv), np.shape(q)))

    def quantile(self, q):
        """Return the quantile function at `q`, each 0 < q < 1."""
        return self.mean * self.unit_quantile(self.cv, np.asarray(q, float))


class Delta(Distribution):
    """All members equal; what a plain number of the search box is."""


class Gamma(Distribution):
    """Gamma distribution, shape ``1 / cv**2``."""

    max_cv: ClassVar[float] = 2.0

    @classmethod
    def unit_quantile(cls, cv, q):
        """Return the quantile function at `q` of the member with mean 1."""
        # Below this spread the shape exceeds 1e6, where inversion is slow and the distribution
        # is normal to 1e-6.
        cv = np.asarray(cv, float)
        shape = 1 / np.maximum(cv, 1e-3) ** 2
        return np.where(cv < 1e-3, 1 + cv * ndtri(q), gammaincinv(shape, q) / shape)


class Normal(Distribution):
    """Normal distribution; its lower tail passes 0 when the spread is wide."""

    max_cv: ClassVar[float] = 1.0

    @classmethod
    def unit_quantile(cls, cv, q):
        """Return the quantile function at `q` of the member with mean 1."""
        return 1 + np.asarray(cv, float) * ndtri(q)


class Uniform(Distribution):
    """Uniform distribution between ``mean * (1 - sqrt(3) cv)`` and ``mean * (1 + sqrt(3) cv)``."""

    max_cv: ClassVar[float] = 1 / 3**0.5

    @classmethod
    def unit_quantile(cls, cv, q):
        """Return the quantile function at `q` of the member with mean 1."""
        return 1 + np.sqrt(3) * np.asarray(cv, float) * (2 * np.asarray(q) - 1)


def wasserstein_squared(first: Distribution, second: Distribution) -> float:
    """Return the squared 2-Wasserstein distance of two distributions on the line.

    It is the integral of the squared difference of the quantile functions, on `QUANTILES`.
    """
    gap = first.quantile(QUANTILES) - second.quantile(QUANTILES)
    return float(QUANTILE_WEIGHTS @ gap**2)


@dataclass(frozen=True)
class Parameter:
    """One searched number: its name, its range, and whether it is drawn on a log axis."""

    name: str
    low: float
    high: float
    log: bool = False

    def __post_init__(self):
        """Check the range."""
        if not self.low < self.high:
            raise ValueError(f"Range of {self.name} must rise, not be {self.low} .. {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"Log range of {self.name} must be above 0, not from {self.low}")

    def decode(self, unit):
        """Return the value at `unit` (0 .. 1) of the range."""
        unit = np.asarray(unit, float)
        if self.log:
            return self.low * (self.high / self.low) ** unit
        return self.low + (self.high - self.low) * unit

    def encode(self, value):
        """Return the place (0 .. 1) of `value` in the range; the inverse of `decode`."""
        if self.log:
            return np.log(np.asarray(value) / self.low) / np.log(self.high / self.low)
        return (np.asarray(value) - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Marginal:
    """One searched distribution: a family, its mean, and its coefficient of variation if any.

    A mean on a log axis is also *compared* on it: the distance is then that of the distributions
    of the logarithm, which only a `Delta` allows here (a scale factor has no other natural unit).
    """

    family: type[Distribution]
    mean: Parameter
    cv: Parameter | None = None

    def __post_init__(self):
        """Check that family and parameters go together."""
        if self.mean.log and self.family is not Delta:
            raise ValueError(f"{self.mean.name} must be on a linear axis, not a logarithmic one")
        if (self.cv is None) != (self.family is Delta):
            raise ValueError(f"{self.mean.name} must have a spread just when it is not a Delta")
        if self.cv is not None and not 0 <= self.cv.low < self.cv.high <= self.family.max_cv:
            raise ValueError(
                f"{self.cv.name} must be between 0 and {self.family.max_cv:g}, "
                f"not {self.cv.low} .. {self.cv.high}"
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The searched numbers, mean first."""
        return (self.mean,) if self.cv is None else (self.mean, self.cv)

    def features(self, unit: np.ndarray) -> np.ndarray:
        """Return vectors whose squared Euclidean distance is the squared Wasserstein distance.

        Parameters
        ----------
        unit : (n, 1) or (n, 2) float64
            Points of the box, in the order of `parameters`, each coordinate 0 .. 1.

        Returns
        -------
        (n, 1) or (n, 64) float64
            The quantile function times the root of the quadrature weights, in units of the range
            of the mean, so that distances of unlike quantities are comparable.
        """
        if self.cv is None:
            return unit[:, :1]
        mean = self.mean.decode(unit[:, :1]) / (self.mean.high - self.mean.low)
        return mean * _unit_features(self.family, self.cv, unit[:, 1])


@lru_cache
def _feature_table(family: type[Distribution], cv: Parameter) -> np.ndarray:
    """Return the weighted unit-mean quantile functions on a grid of spreads, (steps + 1, 64)."""
    grid = cv.decode(np.linspace(0, 1, _TABLE_STEPS + 1))[:, None]
    return family.unit_quantile(grid, QUANTILES) * np.sqrt(QUANTILE_WEIGHTS)


def _unit_features(family: type[Distribution], cv: Parameter, unit: np.ndarray) -> np.ndarray:
    """Return the rows of `_feature_table` at `unit`, (n,), linearly interpolated.

    Inverse gamma functions of 2,000 candidates would take longer than all the rest of a
    suggestion; the interpolation error is below 1e-5 of the mean.
    """
    table = _feature_table(family, cv)
    place = np.clip(unit, 0, 1) * _TABLE_STEPS
    below = np.minimum(place.astype(int), _TABLE_STEPS - 1)
    part = (place - below)[:, None]
    return (1 - part) * table[below] + part * table[below + 1]


@dataclass(frozen=True)
class SearchSpace:
    """The box of distributions: a product of marginals, addressed by points of the unit cube."""

    marginals: tuple[Marginal, ...]

    def __post_init__(self):
        """Check that names are unique."""
        names = self.names
        if len(set(names)) != len(names) or not names:
            raise ValueError(f"Parameter names must be present and unique, not {list(names)}")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The searched numbers, in the order of the unit cube's axes."""
        return tuple(p for m in self.marginals for p in m.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the searched numbers."""
        return tuple(p.name for p in self.parameters)

    @property
    def description(self) -> list:
        """The box as plain values: family, then name, range and axis of each number."""
        return [
            [m.family.__name__, *([p.name, p.low, p.high, p.log] for p in m.parameters)]
            for m in self.marginals
        ]

    def decode(self, unit) -> dict[str, float]:
        """Return the named values of one point of the unit cube."""
        return {p.name: float(p.decode(u)) for p, u in zip(self.parameters, unit, strict=True)}

    def encode(self, point: dict[str, float]) -> np.ndarray:
        """Return the unit-cube coordinates of named values; the inverse of `decode`."""
        return np.array([p.encode(point[p.name]) for p in self.parameters], float)

    def features(self, unit: np.ndarray) -> list[np.ndarray]:
        """Return one (n, width) block per marginal; see `Marginal.features`."""
        blocks, start = [], 0
        for marginal in self.marginals:
            stop = start + len(marginal.parameters)
            blocks.append(marginal.features(unit[:, start:stop]))
            start = stop
        return blocks


def network_space() -> SearchSpace:
    """Return the box of the network's distributions: tau of E and I, threshold, two scales.

    Names are those of the settings of `ModelConfig.with_values`. Ranges stand around their
    defaults: mean tau_E 30 ms and tau_I 15 ms, Gamma with CV 0.58; thresholds uniform with mean 1
    and CV 0.29; scales 1.
    """
    return SearchSpace(
        (
            Marginal(
                Gamma,
                Parameter("network.tau_e_mean", 5, 80),
                Parameter("network.tau_e_cv", 0, 1),
            ),
            Marginal(
                Gamma,
                Parameter("network.tau_i_mean", 5, 80),
                Parameter("network.tau_i_cv", 0, 1),
            ),
            Marginal(
                Uniform,
                Parameter("network.threshold_mean", 0.5, 2),
                Parameter("network.threshold_cv", 0, 0.5),
            ),
            Marginal(Delta, Parameter("rate.input_scale", 0.25, 4, log=True)),
            Marginal(Delta, Parameter("network.recurrent_scale", 0.1, 10, log=True)),
        )
    )


def reservoir_space() -> SearchSpace:
    """Return the box of a driven network: tau of E and I, bias, input gain, recurrent scale.

    Names are those of `tune.objectives.reservoir_at`.
    """
    tau = [
        Marginal(
            Gamma,
            Parameter(f"network.tau_{kind}_mean", 5, 100),
            Parameter(f"network.tau_{kind}_cv", 0, 1),
        )
        for kind in "ei"
    ]
    return SearchSpace(
        (
            *tau,
            Marginal(Normal, Parameter("bias_mean", 0.4, 1.4), Parameter("bias_cv", 0, 0.5)),
            Marginal(Delta, Parameter("input_gain", 0.1, 4, log=True)),
            Marginal(Delta, Parameter("network.recurrent_scale", 0.1, 10, log=True)),
        )
    )
