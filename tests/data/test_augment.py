import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.augment import (
    AugmentConfig,
    join,
    mask_channels,
    mask_steps,
    shift_channels,
    stretch_steps,
    vary,
    with_copies,
)
from hrsnn_edge.data.events import EventBatch, Split


def batch(seed: int, n_samples: int = 3, n_inputs: int = 12, share: float = 0.3) -> EventBatch:
    """Return random samples of 1 to 20 steps."""
    rng = np.random.default_rng(seed)
    return EventBatch.from_rasters(
        rng.random((rng.integers(1, 21), n_inputs)) < share for _ in range(n_samples)
    )


def rasters(events: EventBatch) -> list[np.ndarray]:
    return [events.raster(k) for k in range(len(events))]


def same(a: EventBatch, b: EventBatch) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("sample_ptr", "t", "address", "n_steps", "n_inputs")
    )


@given(st.integers(0, 99), st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_shift_moves_whole_channels(seed, by):
    """A shift by k channels of 3 addresses moves the raster by 3 k and fills with silence."""
    events = batch(seed)
    for k, (before, after) in enumerate(
        zip(rasters(events), rasters(shift_channels(events, by, 3)), strict=True)
    ):
        wanted, d = np.zeros_like(before), 3 * by[k]
        low, high = max(0, d), min(12, 12 + d)
        if low < high:
            wanted[:, low:high] = before[:, low - d : high - d]
        assert (after == wanted).all()


@given(st.integers(0, 99), st.lists(st.floats(0.05, 3), min_size=3, max_size=3))
def test_stretch_moves_every_event(seed, factor):
    """Each event lies at its step times the factor, rounded down, within the new length."""
    events = batch(seed)
    for f, before, after in zip(
        factor, rasters(events), rasters(stretch_steps(events, factor)), strict=True
    ):
        assert len(after) == max(1, int(len(before) * f))
        t, address = np.nonzero(before)
        wanted = set(zip(np.minimum((t * f).astype(int), len(after) - 1), address, strict=True))
        assert set(zip(*np.nonzero(after), strict=True)) == wanted


@given(st.integers(0, 99), st.integers(0, 5), st.integers(0, 5))
def test_masks_are_silent_and_touch_nothing_else(seed, first, width):
    """A mask removes a band of channels or steps, no other event."""
    events = batch(seed)
    steps = mask_steps(events, [first] * 3, [width] * 3)
    bands = mask_channels(events, [first] * 3, [width] * 3, 2)
    for before, later, band in zip(rasters(events), rasters(steps), rasters(bands), strict=True):
        wanted = before.copy()
        wanted[first : first + width] = False
        assert (later == wanted).all()
        wanted = before.copy()
        wanted[:, 2 * first : 2 * (first + width)] = False
        assert (band == wanted).all()


def test_vary_draws_each_change():
    """Each setting alone changes the events, the same generator gives the same copy."""
    events = batch(0, 20, 60)
    assert same(vary(events, AugmentConfig(copies=3), np.random.default_rng(0)), events)
    for setting in ({"shift": 2, "group": 5}, {"stretch": 0.3}, {"mask_channels": 20},
                    {"mask_share": 0.6}, {"drop": 0.5}):  # fmt: skip
        config = AugmentConfig(**setting)
        assert config.changes
        first, again = (vary(events, config, np.random.default_rng(1)) for _ in range(2))
        assert same(first, again)
        assert not same(first, events)
        assert len(first) == len(events)
    dropped = vary(events, AugmentConfig(drop=0.5), np.random.default_rng(1)).t.size
    assert 0.4 < dropped / events.t.size < 0.6


def test_vary_stays_in_its_bounds():
    """Lengths and shifts keep to the limits that were set, and reach towards both."""
    events = EventBatch.from_rasters([np.eye(41, dtype=bool)[[20] * 100]] * 300)
    config = AugmentConfig(shift=3, stretch=0.25)
    copy = vary(events, config, np.random.default_rng(0))
    assert copy.n_steps.min() in range(80, 84)
    assert copy.n_steps.max() in range(120, 126)
    assert set(copy.address) == set(range(17, 24))


def test_copies_follow_the_samples():
    """The samples come first, unchanged, then each copy in the same order."""
    data = Split(batch(0), np.array([2, 0, 1]))
    rng = np.random.default_rng
    assert with_copies(data, AugmentConfig(drop=0.5), rng(0)) is data
    found = with_copies(data, AugmentConfig(copies=2, drop=0.5), rng(0))
    assert found.labels.tolist() == [2, 0, 1] * 3
    assert same(found.events.select(slice(0, 3)), data.events)
    draws = rng(0)
    copies = [vary(data.events, AugmentConfig(drop=0.5), draws) for _ in range(2)]
    assert same(found.events.select(slice(3, 9)), join(copies))


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"copies": -1}, "copies must be at least 0, not -1"),
        ({"group": 0}, "group must be at least 1, not 0"),
        ({"stretch": -0.1}, "stretch must be at least 0, not -0.1"),
        ({"drop": 1.0}, "drop must be at least 0 and below 1, not 1.0"),
        ({"mask_share": -0.5}, "mask_share must be at least 0 and below 1, not -0.5"),
    ],
)
def test_refusals(setting, text):
    """A range is named with the value."""
    with pytest.raises(ValueError, match=text):
        AugmentConfig(**setting)
