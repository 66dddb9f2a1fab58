"""Heterogeneity of parameters: the determinant of their covariance, after entropy (P2)."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import DataError

#: Added to the diagonal of the covariance, so that equal parameters give a finite figure.
EPSILON = 1e-6


def log_heterogeneity(parameters, epsilon: float = EPSILON) -> float:
    """Return ``ln |Sigma + epsilon I|`` of parameters scaled by their means.

    Sigma is the covariance of the parameter vector across neurons or synapses. Scaled, its
    diagonal holds squared coefficients of variation, and the figure has no unit.

    Parameters
    ----------
    parameters : mapping of str to (n,) float
        Values of each parameter, for example ``tau_mem`` and ``v_threshold``; means not 0.
    epsilon : float
        All equal parameters give ``len(parameters) * ln(epsilon)``, the least value.
    """
    if not parameters:
        raise ValueError("Number of parameters must be at least 1, not 0")
    scaled = []
    for name, values in parameters.items():
        values = np.asarray(values, float)
        mean = values.mean()
        if not np.isfinite(mean) or mean == 0:
            raise DataError(f"Parameter {name!r}: mean must be finite and not 0, not {mean}")
        scaled.append(values / mean)
    covariance = np.atleast_2d(np.cov(np.stack(scaled), ddof=0))
    return float(np.linalg.slogdet(covariance + epsilon * np.eye(len(scaled)))[1])


def entropy_bound(log_determinant: float, n_parameters: int) -> float:
    """Return the greatest entropy of any density with this covariance, in nats.

    ``n / 2 (1 + ln 2 pi) + ln|Sigma| / 2``, which a Gaussian reaches.
    """
    return n_parameters / 2 * (1 + np.log(2 * np.pi)) + log_determinant / 2
