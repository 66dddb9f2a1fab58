"""Sparse and dense rows deliver what the reference delivers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine import int_rows
from hrsnn_edge.engine.int_rows import GROUP, deliver, delivery_args, dense_rows
from hrsnn_edge.engine.int_run import run_batch, word_of
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.synapse import deliver as reference_deliver
from tests.strategies import seeds


def delivered(net, fired):
    """Return what `deliver` adds for a (n_inputs + N,) mask of sources."""
    word = word_of(net)
    args = delivery_args(net, word)
    sums = np.zeros(max(net.n_neurons, args[3].shape[1]), word)
    sources = np.zeros(fired.size + GROUP, np.int32)
    sources[: fired.sum()] = np.flatnonzero(fired)
    deliver(sums, sources, int(fired.sum()), *args)
    assert not sums[net.n_neurons :].any()
    return sums[: net.n_neurons]


@given(seeds, st.integers(2, 8), st.integers(0, 3), st.booleans())
def test_both_forms_equal_the_reference(seed, weight_width, shift_width, share):
    """Any weights and shifts, any set of sources: the sums are the reference's in either form."""
    fmt = IntFormat(weight_width=weight_width, shift_width=shift_width, v_width=24)
    net, _ = random_network(seed, 70, 20, 2, fmt=fmt)
    fired = np.random.default_rng(seed).random(90) < (0.9 if share else 0.1)
    wanted = reference_deliver(net.w_in, net.shift_in, fired[:20])
    wanted += reference_deliver(net.w_rec, net.shift_rec, fired[20:])
    with pytest.MonkeyPatch.context() as patch:
        for least in (0.0, 2.0):
            patch.setattr(int_rows, "DENSE_SHARE", least)
            assert np.array_equal(delivered(net, fired), wanted)
        assert not dense_rows(net)[0].size


def test_extreme_rows_fit_or_stay_sparse():
    """Eight rows of -128 at the greatest shift of 16 bits are exact; one more stays sparse."""
    fmt = IntFormat(weight_width=8, shift_width=3, v_width=24)
    net, _ = random_network(1, 16, 8, 2, fmt=fmt, density=1.0)
    full = net.w_in.with_weights(np.full(net.w_in.nnz, -128, np.int32))
    shift = np.arange(8, dtype=np.int32)
    for greatest, is_dense in ((4, True), (5, False)):
        low = replace(net, w_in=full, shift_in=np.minimum(shift, greatest))
        low = replace(low, shift_rec=np.zeros(16, np.int32))
        assert bool(dense_rows(low)[0].size) == is_dense
        fired = np.arange(24) < 8
        assert np.array_equal(
            delivered(low, fired), reference_deliver(low.w_in, low.shift_in, fired[:8])
        )


def test_few_synapses_stay_sparse():
    """Fewer synapses than one in 16 take sparse rows."""
    net, _ = random_network(1, 100, 20, 2, fmt=IntFormat(), density=0.3)
    assert dense_rows(net)[0].size
    one_in_20 = (rows.keep(np.arange(rows.nnz) % 20 == 0) for rows in (net.w_in, net.w_rec))
    w_in, w_rec = one_in_20
    assert not dense_rows(replace(net, w_in=w_in, w_rec=w_rec))[0].size


@pytest.mark.parametrize("seed", range(4))
def test_sparse_runs_equal_reference(seed, monkeypatch):
    """A run over sparse rows equals the reference in every step, in both words."""
    monkeypatch.setattr(int_rows, "DENSE_SHARE", 2.0)
    fmt = [IntFormat(), IntFormat(v_width=24, decay_width=12, v_shift=8)][seed % 2]
    net, raster = random_network(seed, 90, 30, 40, fmt=fmt)
    got = run_batch(net, EventBatch.from_rasters([raster]), record=[0]).recordings[0]
    trace = run(net, raster)
    assert np.array_equal(got.spikes, trace.spikes)
    assert np.array_equal(got.v, trace.v)
