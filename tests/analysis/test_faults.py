"""Noise in events and faults of synapses, worked by hand at their ends."""

import numpy as np
import pytest
from numpy.random import default_rng

from hrsnn_edge.analysis.faults import (
    coarsen,
    flip_signs,
    lose_synapses,
    noisy_events,
    with_fault,
)
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import FloatNetwork, SparseRows

EVENTS = EventBatch.from_rasters(default_rng(0).random((20, 50, 10)) < 0.2)
ROWS = SparseRows.from_dense(default_rng(1).normal(size=(10, 20)))


def test_noise_of_nothing_and_of_everything():
    """Without noise the events stay, with all lost none is left; lengths and channels stay."""
    same = noisy_events(EVENTS, 0, 0, default_rng(0))
    for name in ("sample_ptr", "t", "address", "n_steps"):
        assert np.array_equal(getattr(same, name), getattr(EVENTS, name))
    none = noisy_events(EVENTS, 1, 0, default_rng(0))
    assert none.t.size == 0
    assert len(none) == 20 and none.n_inputs == 10 and (none.n_steps == 50).all()


def test_shares_of_events():
    """A third lost and half as many added, less those that meet an event, within 5 %."""
    e = EVENTS.t.size
    assert noisy_events(EVENTS, 1 / 3, 0, default_rng(0)).t.size == pytest.approx(2 / 3 * e, 0.05)
    # An added event meets one that is there with probability 0.2; the added meet each other, too.
    free = 1 - EVENTS.t.size / (20 * 50 * 10)
    full = 1 - free * np.exp(-0.5 * (1 - free))
    assert noisy_events(EVENTS, 0, 0.5, default_rng(0)).t.size == pytest.approx(full * 1e4, 0.05)


def test_faults_hit_the_share_they_name():
    """A quarter of 200 weights is 50: at 0, or with the other sign; all others as they were."""
    dead = lose_synapses(ROWS, 0.25, default_rng(0))
    assert (dead.weights == 0).sum() == 50
    alive = dead.weights != 0
    assert np.array_equal(dead.weights[alive], ROWS.weights[alive])
    turned = flip_signs(ROWS, 0.25, default_rng(0))
    assert (turned.weights == -ROWS.weights).sum() == 50
    assert np.array_equal(np.abs(turned.weights), np.abs(ROWS.weights))


def test_coarse_weights_by_hand():
    """With 3 bits and 0.9 the greatest, a step is 0.3: 0.44 is 0.3, 0.46 is 0.6, -0.1 is 0."""
    rows = SparseRows.from_dense(np.array([[0.9, 0.44, 0.46, -0.1]]))
    assert coarsen(rows, 3).weights == pytest.approx([0.9, 0.3, 0.6, 0.0])
    empty = SparseRows.from_dense(np.zeros((2, 2)))
    assert coarsen(empty, 3) is empty


def test_fault_spares_all_but_the_weights():
    """A network with a fault has other weights in both projections and the same neurons."""
    square = SparseRows.from_dense(np.ones((2, 2)))
    net = FloatNetwork(
        square, square, np.zeros(2, bool), np.full(2, 10.0), np.ones(2), np.zeros(2),
        np.zeros(2, int),
    )  # fmt: skip
    broken = with_fault(net, lambda rows: lose_synapses(rows, 1, default_rng(0)))
    assert not broken.w_in.weights.any() and not broken.w_rec.weights.any()
    assert broken.v_threshold is net.v_threshold


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noisy_events(EVENTS, -0.1, 0, default_rng(0)), "Lost share must be .* not -0.1"),
        (lambda: noisy_events(EVENTS, 0, 11, default_rng(0)), "Added share must be .* not 11"),
        (lambda: lose_synapses(ROWS, 1.5, default_rng(0)), "Share of the synapses .* not 1.5"),
        (lambda: coarsen(ROWS, 1), "Weight width must be between 2 and 16, not 1"),
    ],
)
def test_refuses(call, message):
    """Shares and widths that mean nothing are refused with their value."""
    with pytest.raises(ValueError, match=message):
        call()
