"""The readouts as values: what they refuse, and the widths that hold them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import DenseLayer, ExpSynapses, IntFormat, MlpReadout, TraceReadout
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from tests.strategies import feature_cases


def mlp(neurons=(0, 2), n_bins=1, sizes=(2, 3, 2), act_width=8, weight=1, shift=0):
    """A perceptron of two neurons whose weights are all alike."""
    layers = tuple(
        DenseLayer(np.full((a, b), weight, np.int32), np.zeros(b, np.int32), shift)
        for a, b in pairwise(sizes)
    )
    return MlpReadout(np.array(neurons), n_bins, layers, act_width)


def traces(**changed):
    """A stream of one filter of four neurons."""
    values = {
        "decay": np.full((1, 4), 200),
        "w_out": np.ones((1, 4, 2), np.int32),
        "bias": np.zeros(2, np.int32),
        "hold": 4,
        "trace_step": np.array([9]),
        "trace_width": 12,
        "decay_width": 8,
    }
    return TraceReadout(**values | changed)


@given(feature_cases())
def test_out_width_holds_every_run(case):
    """The outputs of any readout stay within out_width."""
    net, raster = case
    low, high = signed_range(net.out_width(len(raster)))
    out = run(net, raster).out
    assert low <= out.min() and out.max() <= high


def test_out_width_by_hand():
    """Sums of up to 2 * 255 and 3 * 255 need 10 and 11 bits; 4 filters of 4095 need 15."""
    assert mlp().out_width(1) == 11
    assert traces().out_width(1) == 15


def test_multiplications():
    """A perceptron of 2-3-2 has 12 weights, a stream of 4 neurons, 2 outputs and squares 16."""
    assert mlp().macs == 12
    assert traces(w_out=np.ones((2, 4, 2), np.int32)).macs == 16


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mlp(neurons=(2, 0)), "must be one or more, rising from 0"),
        (lambda: mlp(n_bins=2), "Layer 0 of the readout must take 4 inputs, not 2"),
        (lambda: mlp(n_bins=0), "Readout bins must be an integer from 1 to 64, not 0"),
        (lambda: mlp(shift=32), "Layer shift must be an integer from 0 to 31, not 32"),
        (lambda: DenseLayer(np.ones((2, 3)), np.ones(2)), "one bias an output"),
        (lambda: traces(hold=0), "Hold must be an integer from 1 to"),
        (lambda: traces(bias=np.zeros(3)), "must have 2 biases"),
        (lambda: traces(w_out=np.ones((3, 4, 2))), "or twice as many filters"),
    ],
)
def test_shapes_are_refused(make, message):
    """A readout whose parts do not fit each other is refused when it is made."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("readout", "error", "message"),
    [
        (mlp(neurons=(0, 9)), QuantisationError, "readout neurons, element 1: .*not 9"),
        (mlp(weight=128), QuantisationError, "readout layer 0 weights, element 0: .*not 128"),
        (mlp(act_width=3), ValueError, "Activation width must be an integer from 4 to 16, not 3"),
        (mlp(act_width=None), ValueError, "Activation width .* not None"),
        (mlp(shift=1), ValueError, "Shift of the last readout layer must be 0, not 1"),
        (traces(trace_width=7), ValueError, "trace_width of the readout .* from 8 to 16, not 7"),
        (traces(decay=np.full((1, 4), 256)), QuantisationError, "readout decay, element 0"),
        (traces(trace_step=None), ValueError, "must have 1 trace steps"),
        (traces(trace_step=np.array([4096])), QuantisationError, "readout trace_step"),
        (traces(w_out=np.full((1, 4, 2), -129)), QuantisationError, "readout weights"),
        (traces(bias=np.full(2, 1 << 30)), QuantisationError, "readout biases"),
    ],
)
def test_integer_ranges_are_refused(readout, error, message):
    """An integer network refuses a readout with a value outside its width."""
    net, _ = random_network(1, n_neurons=4, n_out=2, fmt=IntFormat(out_weight_width=8))
    with pytest.raises(error, match=message):
        replace(net, readout=readout)


def test_synapses_are_checked():
    """Exponential synapses of another length, width or range are refused."""
    net, _ = random_network(1, n_neurons=4, fmt=IntFormat(decay_width=8))
    with pytest.raises(ValueError, match="syn_decay must have 4 values"):
        replace(net, synapses=ExpSynapses(np.zeros(3, int), 16))
    with pytest.raises(QuantisationError, match="syn_decay, element 2: .* not 256"):
        replace(net, synapses=ExpSynapses(np.array([0, 0, 256, 0]), 16))
    with pytest.raises(ValueError, match="Synaptic width must be between 8 and 24, not 7"):
        ExpSynapses(np.zeros(4, int), 7)
