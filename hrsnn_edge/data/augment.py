"""Copies of samples as another voice, sensor or pace would have made them, at the level of events.

Pure functions of events and numbers drawn elsewhere, one per kind of change; `vary` draws them. A
copy keeps label and channels, so everything downstream takes it as it takes a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch, Split


@dataclass(frozen=True)
class AugmentConfig:
    """How far a copy may be from its sample; all zeros for no change.

    Attributes
    ----------
    copies : int
        Copies of each training sample that a readout is fitted to besides the sample.
        Backpropagation draws a new copy in each pass and does not use this number.
    shift : int
        Channels up or down at most, drawn evenly. On an ERB axis this is the length of the vocal
        tract: with the 40 filters of the speech front end a channel is some 8 % in frequency.
    group : int
        Neighbouring addresses that shift together: encoders a channel.
    stretch : float
        Factor on the time axis, at most ``1 + stretch`` and at least ``1 / (1 + stretch)``,
        even in its logarithm.
    mask_channels : int
        Width of a band of channels without events, at most.
    mask_share : float
        Length of a silence over that of the sample, at most.
    drop : float
        Share of the events left out at random.
    """

    copies: int = 0
    shift: int = 0
    group: int = 1
    stretch: float = 0.0
    mask_channels: int = 0
    mask_share: float = 0.0
    drop: float = 0.0

    def __post_init__(self):
        """Check the ranges."""
        for name, least in (("copies", 0), ("shift", 0), ("group", 1), ("stretch", 0),
                            ("mask_channels", 0)):  # fmt: skip
            if not getattr(self, name) >= least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)!r}")
        for name in ("mask_share", "drop"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 0 and below 1, not {getattr(self, name)!r}"
                )

    @property
    def changes(self) -> bool:
        """Whether a copy can differ from its sample."""
        return any((self.shift, self.stretch, self.mask_channels, self.mask_share, self.drop))


#: Copies that are their samples.
NO_CHANGE = AugmentConfig()


def owners(events: EventBatch) -> np.ndarray:
    """Return the sample of each event, (E,) int64."""
    return np.repeat(np.arange(len(events)), np.diff(events.sample_ptr))


def keep_events(events: EventBatch, kept) -> EventBatch:
    """Return the events that the mask `kept`, (E,) bool, names; samples and lengths stay."""
    before = np.concatenate([[0], np.cumsum(kept)])
    return replace(
        events,
        sample_ptr=before[events.sample_ptr],
        t=events.t[kept],
        address=events.address[kept],
    )


def shift_channels(events: EventBatch, channels, group: int = 1) -> EventBatch:
    """Move the events of each sample by whole channels; what leaves the range is lost.

    Parameters
    ----------
    channels : (S,) int
        Channels upwards.
    group : int
        Addresses of a channel, side by side.
    """
    moved = events.address + group * np.asarray(channels)[owners(events)]
    kept = (moved >= 0) & (moved < events.n_inputs)
    return replace(keep_events(events, kept), address=moved[kept].astype(np.int32))


def stretch_steps(events: EventBatch, factor) -> EventBatch:
    """Multiply steps and lengths by `factor`, (S,) float, rounded down; a sample keeps a step.

    Events of a channel that fall into one step become one.
    """
    factor = np.asarray(factor, np.float64)
    n_steps = np.maximum(1, np.floor(events.n_steps * factor)).astype(np.int32)
    owner = owners(events)
    t = np.minimum(np.floor(events.t * factor[owner]), n_steps[owner] - 1)
    return EventBatch.from_lists(owner, t, events.address, n_steps, events.n_inputs)


def mask_channels(events: EventBatch, first, width, group: int = 1) -> EventBatch:
    """Silence `width` channels from `first` on in each sample; both (S,) int."""
    owner, channel = owners(events), events.address // group
    first, width = np.asarray(first)[owner], np.asarray(width)[owner]
    return keep_events(events, (channel < first) | (channel >= first + width))


def mask_steps(events: EventBatch, first, width) -> EventBatch:
    """Silence `width` steps from `first` on in each sample; both (S,) int."""
    owner = owners(events)
    first, width = np.asarray(first)[owner], np.asarray(width)[owner]
    return keep_events(events, (events.t < first) | (events.t >= first + width))


def vary(events: EventBatch, config: AugmentConfig, rng: np.random.Generator) -> EventBatch:
    """Return one copy of each sample, every change drawn for itself."""
    size = len(events)
    if config.shift:
        channels = rng.integers(-config.shift, config.shift + 1, size)
        events = shift_channels(events, channels, config.group)
    if config.stretch:
        limit = np.log1p(config.stretch)
        events = stretch_steps(events, np.exp(rng.uniform(-limit, limit, size)))
    if config.mask_channels:
        width = rng.integers(0, config.mask_channels + 1, size)
        first = rng.integers(0, events.n_inputs // config.group - width + 1)
        events = mask_channels(events, first, width, config.group)
    if config.mask_share:
        width = np.floor(rng.uniform(0, config.mask_share, size) * events.n_steps).astype(int)
        events = mask_steps(events, rng.integers(0, events.n_steps - width + 1), width)
    if config.drop:
        events = keep_events(events, rng.random(events.t.size) >= config.drop)
    return events


def with_copies(data: Split, config: AugmentConfig, rng: np.random.Generator) -> Split:
    """Return the samples followed by `config.copies` copies of all of them."""
    if not config.copies:
        return data
    versions = [data.events, *(vary(data.events, config, rng) for _ in range(config.copies))]
    return Split(join(versions), np.tile(data.labels, len(versions)))


def join(batches: Sequence[EventBatch]) -> EventBatch:
    """Return the samples of several batches with the same channels, one batch after the other."""
    sizes = np.concatenate([np.diff(batch.sample_ptr) for batch in batches])
    return EventBatch(
        np.concatenate([[0], np.cumsum(sizes)]),
        *(
            np.concatenate([getattr(b, name) for b in batches])
            for name in ("t", "address", "n_steps")
        ),
        batches[0].n_inputs,
    )
