import numpy as np
import pytest

from hrsnn_edge.tune.gp import WassersteinGP, factor
from hrsnn_edge.tune.loop import suggest
from hrsnn_edge.tune.metric import QuantileMetric, SinkhornMetric, metric_of
from hrsnn_edge.tune.space import Delta, Marginal, Normal, Parameter, SearchSpace, network_space

SPACE = network_space()
UNITS = np.random.default_rng(0).random((12, 8))


def test_divergence_of_shifted_distributions_by_hand():
    """Two equal shapes at a distance of a quarter of the range have the divergence 1/16."""
    space = SearchSpace((Marginal(Normal, Parameter("m", 1, 5), Parameter("cv", 0.0, 0.5)),))
    metric = SinkhornMetric(space)
    # Spread is cv times mean: a cv of 0 keeps the shapes equal.
    features = metric.features(np.array([[0.25, 0.0], [0.5, 0.0]]))
    assert metric.squared(features, features)[0] == pytest.approx(
        np.array([[0, 1 / 16], [1 / 16, 0]]), abs=1e-6
    )


def test_divergence_follows_the_distance_of_marginals():
    """For independent marginals both metrics say the same."""
    sinkhorn, quantile = SinkhornMetric(SPACE), QuantileMetric(SPACE)
    a = sinkhorn.squared(*[sinkhorn.features(UNITS)] * 2)[0]
    b = quantile.squared(*[quantile.features(UNITS)] * 2).sum(axis=0)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99
    assert (a >= 0).all() and np.diag(a) == pytest.approx(0, abs=1e-9)


def test_surrogate_with_the_divergence_interpolates():
    """The surrogate works on the divergence, which need not be positive definite."""
    space = SearchSpace((Marginal(Delta, Parameter("x", 0, 1)),))
    x = np.linspace(0, 1, 9)[:, None]
    model = WassersteinGP(space, "sinkhorn").fit(x, np.sin(5 * x[:, 0]))
    assert model.predict(x) == pytest.approx(np.sin(5 * x[:, 0]), abs=0.05)


def test_factor_adds_what_is_needed():
    """A matrix that is not positive definite by a little is factored, by much is refused."""
    near = np.array([[1.0, 1.0 + 1e-9], [1.0 + 1e-9, 1.0]])
    lower = factor(near)
    assert lower @ lower.T == pytest.approx(near, abs=1e-6)
    with pytest.raises(np.linalg.LinAlgError):
        factor(np.array([[1.0, 2.0], [2.0, 1.0]]))


@pytest.mark.parametrize("metric", ["quantile", "sinkhorn"])
def test_suggestion_is_repeatable(metric):
    """With either metric a suggestion is a point of the box and a function of the seed."""
    scores = -((UNITS - 0.4) ** 2).sum(axis=1)
    args = (SPACE, UNITS, scores, np.zeros(12), 3, 12, metric)
    unit, expected = suggest(*args)
    assert ((unit >= 0) & (unit <= 1)).all() and np.isfinite(expected)
    assert (suggest(*args)[0] == unit).all()


def test_unknown_metric():
    """Another name is refused with those there are."""
    with pytest.raises(ValueError, match="Metric must be one of quantile, sinkhorn, not 'l2'"):
        metric_of("l2", SPACE)
