"""Small connected networks for the tests of pruning."""

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import FloatNetwork, LinearReadout, SparseRows


def rows_of(n, pairs):
    """The rows of n neurons with weight 1 for each (pre, post) of `pairs`."""
    mask = np.zeros((n, n), bool)
    if len(pairs):
        mask[tuple(np.array(pairs).T)] = True
    return SparseRows.from_dense(mask.astype(float))


def make_network(n=40, density=0.2, seed=0, n_inputs=6, input_share=1.0):
    """A ring with random chords, Dale's law with a fifth inhibitory, clusters and a readout."""
    rng = np.random.default_rng(seed)
    inhibitory = np.arange(n) % 5 == 4
    mask = rng.random((n, n)) < density
    mask[np.arange(n), (np.arange(n) + 1) % n] = True
    np.fill_diagonal(mask, False)
    magnitude = rng.gamma(2, 0.05, (n, n)) * np.where(inhibitory, -4, 1)[:, None]
    w_in = rng.gamma(2, 0.3, (n_inputs, n)) * (rng.random((n_inputs, n)) < 0.6)
    w_in[:, round(n * input_share) :] = 0
    return FloatNetwork(
        SparseRows.from_dense(w_in),
        SparseRows.from_dense(np.where(mask, magnitude, 0)),
        inhibitory,
        rng.uniform(5, 50, n),
        rng.uniform(0.5, 1.5, n),
        rng.uniform(-0.2, 0.2, n),
        rng.integers(0, 4, n),
        v_floor=-1.0,
        readout=LinearReadout(np.ones((1, n, 3)), np.zeros(3)),
        cluster=np.arange(n) % 3,
    )


def make_events(n_inputs=6, n_samples=3, n_steps=80, rate=0.2, seed=0):
    """Random input events."""
    rng = np.random.default_rng(seed)
    return EventBatch.from_rasters(list(rng.random((n_samples, n_steps, n_inputs)) < rate))
