"""Decays and time constants."""

import numpy as np
import pytest

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.population import decay_of
from hrsnn_edge.quantise.dequantise import tau_of


def test_decays_by_hand():
    """tau = 2 dt: exp(-1/2) exactly, 1/2 in Euler steps; the complements belong to them."""
    for method, want in (("exact", np.exp(-0.5)), ("euler", 0.5)):
        alpha, part = decay_of(np.array([2.0]), 1.0, method, "x")
        assert alpha[0] == want
        assert part[0] == pytest.approx(1 - want, rel=1e-15)


def test_there_and_back():
    """The time constant of a decay gives that decay again, 0 and 1 exactly."""
    alpha = np.array([0, 1e-9, 0.5, 0.99, 1])
    back = np.exp(-1.5 / tau_of(alpha, 1.5))
    assert back[0] == 0
    assert back[-1] == 1
    np.testing.assert_allclose(back, alpha, rtol=1e-12)


@pytest.mark.parametrize(
    ("tau", "method", "message"),
    [(0.0, "exact", "x, neuron 1: must be above 0, not 0"), (0.5, "euler", "at least dt = 1 for")],
)
def test_wrong_constants_are_named(tau, method, message):
    """A constant that gives no decay is refused with its neuron."""
    with pytest.raises(InterchangeError, match=message):
        decay_of(np.array([2.0, tau]), 1.0, method, "x")
