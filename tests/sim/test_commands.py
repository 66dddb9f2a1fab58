"""Batches become the right command words, and ports the right bits."""

import numpy as np
from amaranth.hdl import signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from hrsnn_sim.commands import command_words, events_up_to
from hrsnn_sim.ports import port_fields
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch

CLEAR, STEP, EVENT = 3 << 14, 2 << 14, 1 << 14


def test_worked_by_hand():
    """Two samples of two and one steps, the second with no event, give these words."""
    batch = EventBatch.from_rasters([np.array([[0, 1, 1], [1, 0, 0]]), np.zeros((1, 3))])
    assert command_words(batch, n_bins=2).tolist() == [
        *(CLEAR, EVENT | 1, EVENT | 2, STEP | 0, EVENT | 0, STEP | 1),
        *(CLEAR, STEP | 0),
    ]
    assert events_up_to(batch).tolist() == [2, 3, 0]


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(0, 1 << 30)), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_any_batch(samples, n_bins):
    """The words are those of the plain loop over samples, steps and events."""
    rasters = [np.random.default_rng(seed).random((steps, 4)) < 0.4 for steps, seed in samples]
    expected = []
    for raster in rasters:
        expected.append(CLEAR)
        for t, row in enumerate(raster):
            expected += [EVENT | int(k) for k in np.flatnonzero(row)]
            expected.append(STEP | t * n_bins // len(raster))
    batch = EventBatch.from_rasters(rasters)
    assert command_words(batch, n_bins).tolist() == expected


def test_port_fields():
    """Fields are found inside structures and arrays, and read with their sign."""
    layout = data.StructLayout({"a": 3, "b": data.ArrayLayout(signed(4), 2)})
    fields = port_fields(wiring.Signature({"x": Out(layout), "s": In(stream.Signature(5))}))
    assert set(fields) == {"x.a", "x.b[0]", "x.b[1]", "s.payload", "s.valid", "s.ready"}
    word = 0b1000_0111_101
    assert [fields[name].of(word) for name in ("x.a", "x.b[0]", "x.b[1]")] == [5, 7, -8]
    assert fields["s.payload"].port == "s__payload"
