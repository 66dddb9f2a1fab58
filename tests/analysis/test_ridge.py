import numpy as np
import pytest

from hrsnn_edge.analysis.ridge import feature_scale, fit_ridge
from hrsnn_edge.errors import DataError


@pytest.mark.parametrize("n_samples", [40, 4])
def test_normal_equations(n_samples):
    """With one penalty the weights solve ``(Z'Z + lambda T) w = Z'y``, few samples or many."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(n_samples, 5)) * [1, 2, 3, 4, 5] + 7, rng.normal(size=(n_samples, 2))
    fit = fit_ridge(x, y, penalties=[0.1])
    z = (x - x.mean(0)) / fit.scale
    expected = np.linalg.solve(z.T @ z + 0.1 * n_samples * np.eye(5), z.T @ (y - y.mean(0)))
    np.testing.assert_allclose(fit.weights, expected, atol=1e-10)
    np.testing.assert_allclose(fit.predict(x), z @ expected + y.mean(0), atol=1e-10)


def test_penalty_is_judged_on_the_last_part():
    """A target that turns round in the last quarter asks for the greatest penalty, alone."""
    x = np.random.default_rng(0).normal(size=(400, 1))
    turned = np.where(np.arange(400)[:, None] < 300, x, -x)
    fit = fit_ridge(x, np.hstack([x, turned]))
    assert fit.penalty == pytest.approx([1e-7, 100])


def test_scale_has_a_floor():
    """Hand-worked: deviations 0, 0.1, 1 and 2 have the median 1 of those that vary, the floor."""
    x = np.array([[1, -1, 1, -1]]).T * np.array([[0, 0.1, 1, 2]])
    assert feature_scale(x) == pytest.approx([1, 1, 1, 2])
    assert feature_scale(np.ones((3, 2))).tolist() == [1, 1]


def test_not_finite_is_named():
    """A feature or a target that is not finite is named by its sample."""
    x = np.zeros((8, 2))
    x[5, 1] = np.inf
    with pytest.raises(DataError, match="Features, sample 5: must be finite, not inf"):
        fit_ridge(x, np.zeros((8, 1)))
    with pytest.raises(DataError, match="Targets, sample 5"):
        fit_ridge(np.zeros((8, 2)), x)
    with pytest.raises(ValueError, match="at least 4"):
        fit_ridge(np.zeros((2, 1)), np.zeros((2, 1)))
