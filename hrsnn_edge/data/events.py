"""Event lists: one sample or many, and their conversion to and from rasters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import DataError


@dataclass(frozen=True, eq=False)
class EventBatch:
    """The input events of a batch of samples, each an address-event list in steps.

    Attributes
    ----------
    sample_ptr : (S + 1,) int64
        Sample `s` owns the events ``sample_ptr[s]:sample_ptr[s + 1]``.
    t : (E,) int32
        Step of each event, rising within a sample.
    address : (E,) int32
        Input channel, strictly rising within a step: at most one event a channel and step.
    n_steps : (S,) int32
        Steps of each sample.
    n_inputs : int
        Number of channels.
    """

    sample_ptr: np.ndarray
    t: np.ndarray
    address: np.ndarray
    n_steps: np.ndarray
    n_inputs: int

    def __post_init__(self):
        """Check order and ranges."""
        for name in ("sample_ptr", "t", "address", "n_steps"):
            value = np.ascontiguousarray(getattr(self, name))
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        if self.t.size:
            if self.address.min() < 0 or self.address.max() >= self.n_inputs:
                raise DataError(f"Event address must be between 0 and {self.n_inputs - 1}")
            owner = np.repeat(np.arange(len(self)), np.diff(self.sample_ptr))
            bad = np.flatnonzero((self.t < 0) | (self.t >= self.n_steps[owner]))
            if bad.size:
                raise DataError(
                    f"Sample {owner[bad[0]]}, event {bad[0] - self.sample_ptr[owner[bad[0]]]}: "
                    f"step must be between 0 and {self.n_steps[owner[bad[0]]] - 1}, "
                    f"not {self.t[bad[0]]}"
                )
            key = self.t.astype(np.int64) * self.n_inputs + self.address
            order = np.diff(key) > 0
            inner = self.sample_ptr[1:-1]
            order[inner[(inner > 0) & (inner < key.size)] - 1] = True
            if not order.all():
                raise DataError("Events must rise by step, then by address, without repeats")

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.n_steps.size

    @classmethod
    def from_rasters(cls, rasters) -> EventBatch:
        """Return the events of (T, K) bool rasters, one after the other; T may differ, K may not.

        An iterator is taken too, so that only one raster need be in memory.
        """
        lengths, t, address, n_inputs = [], [], [], 0
        for raster in rasters:
            raster = np.asarray(raster, bool)
            n_inputs = raster.shape[1]
            found = np.nonzero(raster)
            lengths.append(len(raster))
            t.append(found[0].astype(np.int32))
            address.append(found[1].astype(np.int32))
        ptr = np.concatenate([[0], np.cumsum([part.size for part in t])]).astype(np.int64)
        return cls(
            ptr, np.concatenate(t), np.concatenate(address), np.array(lengths, np.int32), n_inputs
        )

    @classmethod
    def from_lists(cls, owner, t, address, n_steps, n_inputs: int) -> EventBatch:
        """Return the events of samples given in any order; repeats in a step count once.

        Parameters
        ----------
        owner, t, address : (E,) int
            Sample, step and channel of each event.
        n_steps : (S,) int
            Steps of each sample.
        n_inputs : int
            Number of channels.
        """
        n_steps = np.asarray(n_steps, np.int32)
        owner, t, address = (np.asarray(v, np.int64) for v in (owner, t, address))
        if address.size and not (address.min() >= 0 and address.max() < n_inputs):
            raise DataError(f"Event address must be between 0 and {n_inputs - 1}")
        longest = int(n_steps.max())
        late = np.flatnonzero((t < 0) | (t >= longest))
        if late.size:
            raise DataError(
                f"Sample {owner[late[0]]}: step must be between 0 and {longest - 1}, "
                f"not {t[late[0]]}"
            )
        key = np.unique((owner * longest + t) * n_inputs + address)
        sample, t = np.divmod(key // n_inputs, longest)
        ptr = np.searchsorted(sample, np.arange(n_steps.size + 1)).astype(np.int64)
        address = (key % n_inputs).astype(np.int32)
        return cls(ptr, t.astype(np.int32), address, n_steps, n_inputs)

    def raster(self, sample: int) -> np.ndarray:
        """Return the (T, K) bool raster of one sample."""
        part = slice(self.sample_ptr[sample], self.sample_ptr[sample + 1])
        out = np.zeros((self.n_steps[sample], self.n_inputs), bool)
        out[self.t[part], self.address[part]] = True
        return out

    def select(self, index) -> EventBatch:
        """Return the samples of `index` (integers or a mask), in that order."""
        index = np.arange(len(self))[index]
        sizes = np.diff(self.sample_ptr)[index]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        pick = np.repeat(self.sample_ptr[index] - ptr[:-1], sizes) + np.arange(ptr[-1])
        return EventBatch(ptr, self.t[pick], self.address[pick], self.n_steps[index], self.n_inputs)


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set as spikes: the events of each sample and its class."""

    events: EventBatch
    labels: np.ndarray

    def select(self, index) -> Split:
        """Return the samples of `index`, in that order."""
        return Split(self.events.select(index), self.labels[index])
