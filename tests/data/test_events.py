import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError


@st.composite
def raster_batches(draw):
    n_inputs = draw(st.integers(1, 6))
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.3, 1.0]))
    return [rng.random((t, n_inputs)) < density for t in lengths]


@given(rasters=raster_batches())
def test_raster_round_trip(rasters):
    """Rasters that become events come back as the same rasters."""
    batch = EventBatch.from_rasters(rasters)
    for k, raster in enumerate(rasters):
        np.testing.assert_array_equal(batch.raster(k), raster)


@given(rasters=raster_batches(), data=st.data())
def test_select_picks_samples(rasters, data):
    """Selected samples are the chosen ones in the chosen order, repeats included."""
    index = data.draw(st.lists(st.integers(0, len(rasters) - 1), max_size=7))
    picked = EventBatch.from_rasters(rasters).select(np.array(index, int))
    assert len(picked) == len(index)
    for k, source in enumerate(index):
        np.testing.assert_array_equal(picked.raster(k), rasters[source])


def test_mask_selects_split():
    """A mask keeps the events and the labels of the same samples."""
    rasters = [np.full((2, 1), k == 1) for k in range(3)]
    part = Split(EventBatch.from_rasters(rasters), np.array([5, 6, 7])).select(
        np.array([False, True, True])
    )
    assert part.labels.tolist() == [6, 7]
    assert [part.events.raster(k).sum() for k in range(2)] == [2, 0]


def events_of(t, address, n_steps=(3,), ptr=None):
    ptr = [0, len(t)] if ptr is None else ptr
    return EventBatch(
        np.array(ptr, np.int64),
        np.array(t, np.int32),
        np.array(address, np.int32),
        np.array(n_steps, np.int32),
        2,
    )


def test_late_event_is_named():
    """An event after the end of its sample is refused, with sample, event and step."""
    with pytest.raises(DataError, match="Sample 1, event 0: step must be between 0 and 2, not 3"):
        events_of([0, 3], [0, 0], (3, 3), [0, 1, 2])


def test_repeated_event_is_refused():
    """Two events of one channel in one step are refused."""
    with pytest.raises(DataError, match="without repeats"):
        events_of([1, 1], [0, 0])


def test_strange_address_is_refused():
    """An address without a channel is refused."""
    with pytest.raises(DataError, match="between 0 and 1"):
        events_of([1], [2])


def test_equal_events_of_neighbours_are_allowed():
    """The order is checked within a sample only."""
    batch = events_of([2, 0], [1, 0], (3, 3), [0, 1, 2])
    assert batch.raster(0)[2, 1] and batch.raster(1)[0, 0]
