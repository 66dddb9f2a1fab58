"""Arrays survive their file, and those of a network are the right ones."""

import io
import math
from dataclasses import fields

import numpy as np
import pytest

from hrsnn_edge.errors import DataError
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.report.traces import (
    NetworkArrays,
    RunTraces,
    traces_from_bytes,
    traces_to_bytes,
)
from tests.report.demo import demo_traces


def _equal(a, b) -> bool:
    """Return whether two dataclasses of arrays hold the same."""
    return all(
        np.array_equal(getattr(a, f.name), getattr(b, f.name))
        for f in fields(a)
        if f.name != "networks"
    )


def test_traces_round_trip():
    """Arrays come back with their types, and the same arrays give the same bytes."""
    traces = demo_traces()
    data = traces_to_bytes(traces)
    back = traces_from_bytes(data)
    assert _equal(back, traces)
    assert back.networks.keys() == traces.networks.keys()
    for name, net in traces.networks.items():
        assert _equal(back.networks[name], net)
    assert back.networks["integer"].w_in.dtype == np.int32
    assert traces_to_bytes(back) == data
    assert _equal(traces_from_bytes(traces_to_bytes(RunTraces())), RunTraces())


def test_traces_refuse_pickles_and_strangers():
    """An object array, an unknown name and a cut file are errors, never code."""
    evil, odd = io.BytesIO(), io.BytesIO()
    np.savez(evil, confusion=np.array([{}], object))
    np.savez(odd, something=np.zeros(1))
    for data in (evil.getvalue(), odd.getvalue(), traces_to_bytes(demo_traces())[:-40], b"no"):
        with pytest.raises(DataError, match="Traces must be"):
            traces_from_bytes(data)


def _readout(kind) -> LinearReadout:
    return LinearReadout(np.zeros((1, 2, 1), kind), np.zeros(1, kind))


def test_arrays_of_a_float_network():
    """Recurrent weights and time constants part by the sign of the source."""
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[0.5, 0.0]])),
        w_rec=SparseRows.from_dense(np.array([[0.0, 0.25], [-2.0, -1.0]])),
        inhibitory=np.array([False, True]),
        tau_mem=np.array([10.0, 5.0]),
        v_threshold=np.array([1.0, 2.0]),
        v_reset=np.zeros(2),
        refractory_steps=np.zeros(2, np.int64),
        dt=1.0,
        readout=_readout(float),
    )
    arrays = NetworkArrays.of(net)
    assert arrays.w_in.tolist() == [0.5]
    assert arrays.w_exc.tolist() == [0.25]
    assert arrays.w_inh.tolist() == [-2.0, -1.0]
    assert (arrays.tau_exc.tolist(), arrays.tau_inh.tolist()) == ([10.0], [5.0])


def test_arrays_of_an_integer_network():
    """Row shifts are applied; decay 128 of 256 at 2 ms is tau = 2 / ln 2, decay 0 is 0."""
    net = IntNetwork(
        w_in=SparseRows.from_dense(np.array([[3, 0]], np.int32)),
        w_rec=SparseRows.from_dense(np.array([[0, 5], [-7, 0]], np.int32)),
        shift_in=np.array([1], np.int32),
        shift_rec=np.array([0, 2], np.int32),
        inhibitory=np.array([False, True]),
        decay=np.array([128, 0], np.int32),
        v_threshold=np.array([40, 50], np.int32),
        v_reset=np.zeros(2, np.int32),
        refractory_steps=np.zeros(2, np.int32),
        readout=_readout(np.int32),
        fmt=IntFormat(shift_width=2),
    )
    arrays = NetworkArrays.of(net, dt_ms=2.0)
    assert arrays.w_in.tolist() == [6]
    assert arrays.w_exc.tolist() == [5]
    assert arrays.w_inh.tolist() == [-28]
    assert arrays.tau_exc == pytest.approx([2.0 / math.log(2)])
    assert arrays.tau_inh.tolist() == [0.0]
    assert NetworkArrays.of(net).tau_exc is None
