"""The arrays behind a report are there for every kind of network."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.flow.traces import LEAST_STEPS, N_EXPONENTS, _exponents
from hrsnn_edge.network import FloatNetwork, SparseRows


def network(n: int = 20) -> FloatNetwork:
    """Return neurons without recurrent synapses, time constants of 10 ms."""
    return FloatNetwork(
        w_in=SparseRows.from_dense(np.full((2, n), 0.2)),
        w_rec=SparseRows.from_dense(np.zeros((n, n))),
        inhibitory=np.zeros(n, bool),
        tau_mem=np.full(n, 10.0),
        v_threshold=np.ones(n),
        v_reset=np.zeros(n),
        refractory_steps=np.zeros(n, np.int64),
    )


def events(n_samples: int, n_steps: int) -> EventBatch:
    """Return samples with an event in half of the places."""
    rasters = np.random.default_rng(1).random((n_samples, n_steps, 2)) < 0.5
    return EventBatch.from_rasters(list(rasters))


@pytest.mark.parametrize("shape", [(1, LEAST_STEPS), (7, 9), (40, 48), (1, 3000)])
def test_exponents_of_unconnected_neurons(shape):
    """Without synapses every exponent is -1 / tau, however long the samples are."""
    found = _exponents(network(), events(*shape))
    assert found.shape == (N_EXPONENTS,)
    assert np.allclose(found, -0.1)


def test_where_there_are_no_exponents():
    """Too little input and synapses with a current have none; a small network has fewer."""
    assert _exponents(network(), events(3, 13)) is None
    assert _exponents(replace(network(), tau_syn=np.full(20, 5.0)), events(40, 48)) is None
    assert _exponents(network(3), events(40, 48)).shape == (3,)
