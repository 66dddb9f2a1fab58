import numpy as np
import pytest

from hrsnn_edge.analysis.heterogeneity import EPSILON, entropy_bound, log_heterogeneity
from hrsnn_edge.errors import DataError


def test_worked():
    """Hand-worked: values 1 and 3 have CV 1/2, squared 1/4; an unrelated CV of 1 keeps it."""
    one = {"tau_mem": [1.0, 3.0, 1.0, 3.0]}
    assert log_heterogeneity(one, epsilon=0) == pytest.approx(np.log(0.25))
    two = {**one, "v_threshold": [0.0, 0.0, 4.0, 4.0]}
    assert log_heterogeneity(two, epsilon=0) == pytest.approx(np.log(0.25))


def test_unit_does_not_matter():
    """Scaling a parameter, milliseconds to seconds, changes nothing; spreading it raises it."""
    tau = np.random.default_rng(0).gamma(3, 10, 200)
    base = log_heterogeneity({"tau": tau})
    assert log_heterogeneity({"tau": tau * 1e-3}) == pytest.approx(base)
    assert log_heterogeneity({"tau": tau.mean() + 0.5 * (tau - tau.mean())}) < base


def test_homogeneous_is_finite():
    """Equal parameters give the least value, n ln(epsilon), and so do copies of one parameter."""
    flat = np.full(5, 7.0)
    assert log_heterogeneity({"a": flat, "b": flat}) == pytest.approx(2 * np.log(EPSILON))
    assert np.isfinite(log_heterogeneity({"a": [1.0, 2], "b": [1.0, 2]}))


def test_entropy_of_a_gaussian():
    """The bound is the entropy of a Gaussian: 1.4189 + ln s for one of deviation s."""
    assert entropy_bound(np.log(4.0), 1) == pytest.approx(1.418939 + np.log(2), abs=1e-6)


def test_wrong_parameters():
    """A mean of 0 cannot scale, and no parameter has no covariance."""
    with pytest.raises(DataError, match="'v_reset': mean must be finite and not 0"):
        log_heterogeneity({"v_reset": np.zeros(4)})
    with pytest.raises(ValueError, match="at least 1, not 0"):
        log_heterogeneity({})
