"""The trace readout in integers."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.traces import filtered, run_filters, stream_of
from hrsnn_edge.network import IntFormat, TraceReadout
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.traces import quantise_traces, weights_of


def readout(w_out, **changed):
    """A float stream of one neuron, decays 1/2 and 3/4, sampled every two steps."""
    values = {"decay": np.array([[0.5], [0.75]]), "bias": np.array([0.25]), "hold": 2}
    return TraceReadout(w_out=np.array(w_out, float).reshape(-1, 1, 1), **values | changed)


def test_float_stream_by_hand():
    """Spikes 1 0 1 1: filters after two steps 1/2 and 3/4, after four 1/8 + 3/2 and 27/64 + 7/4."""
    filters = filtered(readout([1, 2]), np.array([[1], [0], [1], [1]], bool))
    assert filters[:, :, 0].tolist() == [[0.5, 0.75], [1.625, 0.421875 + 1.75 - 0.0]]
    squares = readout([1, 0, 2, 4])
    assert stream_of(squares, filters[:1])[0] == pytest.approx([0.5 + 2 * 0.25 + 4 * 0.5625 + 0.25])


def test_by_hand():
    """Weights 1/4 and -3/16 of steps 64 and 16 are 2**-8 and -3 * 2**-8; times 2**13, 32 and -96.

    The greatest that fits 8 bits: 2**14 would give -192. 13 bits are all below the point.
    """
    got = quantise_traces(readout([0.25, -0.1875]), [64, 16], 8)
    assert got.w_out.ravel().tolist() == [32, -96]
    assert got.decay.ravel().tolist() == [32768, 49152]
    assert (got.out_shift, got.out_frac, got.bias.tolist()) == (0, 13, [2048])
    # With 16 bits one takes 21 below the point, of which one is cut off: half of it is in the bias.
    fine = quantise_traces(readout([0.25, -0.1875]), [64, 16], 16)
    assert (fine.out_shift, fine.out_frac, fine.bias.tolist()) == (1, 20, [2**19 + 1])


def test_weights_that_have_no_place_are_refused():
    """Weights above the format or not finite are named."""
    with pytest.raises(QuantisationError, match="Greatest trace weight must be between"):
        quantise_traces(readout([1e9, 0]), [64, 16], 8)
    with pytest.raises(QuantisationError, match="must be finite, not nan"):
        quantise_traces(readout([np.nan, 0]), [64, 16], 8)


@pytest.mark.parametrize("squares", [False, True])
def test_a_network_with_a_stream_is_quantised(squares):
    """The integer stream follows the float one."""
    n, rng = 30, np.random.default_rng(0)
    net = build_network(NetworkConfig(n_neurons=n, input_weight=0.6, input_fan_in=3), 12, 0)
    events = EventBatch.from_rasters([rng.random((60, 12)) < 0.2 for _ in range(4)])
    stream = TraceReadout(
        np.stack([net.alpha, np.full(n, 0.9)]),
        rng.normal(0, 0.01, (2 + 2 * squares, n, 2)),
        np.array([0.5, -0.5]),
        5,
    )
    net = replace(net, readout=stream)
    fmt = IntFormat(v_width=20, decay_width=12, weight_width=8, shift_width=3, out_weight_width=16)
    integer, report = quantise(net, fmt, events)
    result = run_batch(integer, events, record=range(4))
    got = np.concatenate(result.streams) / 2.0**integer.readout.out_frac
    exact = np.concatenate([stream_of(stream, f) for f in run_filters(net, events)])
    assert got.shape == exact.shape == (4 * 12, 2)
    assert np.sqrt(np.mean((got - exact) ** 2)) < 0.1 * exact.std()
    # What its own spikes would give in floats differs by the rounding of the readout alone.
    own = [stream_of(stream, filtered(stream, result.recordings[s].spikes)) for s in range(4)]
    assert np.abs(got - np.concatenate(own)).max() < 2e-3
    assert report.readout_error < 1e-3
    assert np.abs(weights_of(integer.readout) - stream.w_out).max() < 2e-5
