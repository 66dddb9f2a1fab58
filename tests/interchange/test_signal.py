"""Linear maps of spike trains."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.interchange.signal import CONSTANT, Signal, joined


def value(signal, history, t):
    """Return the signal at step `t` for (T, size) histories of each source."""
    total = signal.bias.copy()
    for (source, delay), matrix in signal.terms.items():
        if t >= delay:
            x = np.ones(1) if source == CONSTANT else history[source][t - delay]
            total = total + x @ matrix
    return total


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_maps_are_applied_in_order(seed):
    """Through a matrix, scaled, delayed, picked, summed, joined: the value is that by hand."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (8, 3)).astype(float)
    w, bias, scale = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    steps = rng.integers(0, 3, 4)
    base = Signal.of("a", 3).through(w, bias).scaled(scale)
    late = base.delayed(steps)
    both = joined([late + base, late.pick([2, 0])]).compact()
    for t in range(8):
        now = (a[t] @ w + bias) * scale
        was = [((a[t - d] @ w + bias) * scale)[i] if t >= d else 0 for i, d in enumerate(steps)]
        want = np.concatenate([now + was, [was[2], was[0]]])
        np.testing.assert_allclose(value(both, {"a": a}, t), want, atol=1e-12)
    assert both.size == 6


def test_compact_drops_what_is_nothing():
    """A term whose weights are all 0 is gone."""
    signal = Signal.of("a", 2).through(np.zeros((2, 2)))
    assert signal.terms
    assert not signal.compact().terms
