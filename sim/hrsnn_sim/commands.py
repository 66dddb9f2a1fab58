"""A batch of samples as the core's command words."""

from __future__ import annotations

import numpy as np
from hrsnn_rtl.config import ARG_WIDTH
from hrsnn_rtl.interfaces import ASK, CommandKind

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import Readout


def command_word(kind: CommandKind, arg=0):
    """Return the 16-bit word of a command; `arg` may be an array.

    >>> hex(command_word(CommandKind.EVENT, 5))
    '0x4005'
    """
    return kind.value << ARG_WIDTH | arg


def asked_steps(readout: Readout, batch: EventBatch) -> np.ndarray:
    """Return which steps of all samples must ask for the outputs, (sum T,) bool."""
    steps = [readout.asked_steps(int(n)) for n in batch.n_steps]
    return np.concatenate(steps) if steps else np.zeros(0, bool)


def command_words(batch: EventBatch, n_bins: int, asked=None) -> np.ndarray:
    """Return the commands that run every sample of a batch from the cleared state, uint16.

    A sample is a CLEAR, then in every step its events by rising channel and one STEP with the
    step's readout bin.

    Parameters
    ----------
    n_bins : int
        Readout bins of the network.
    asked : (sum T,) bool, optional
        Which steps ask for the outputs, see `asked_steps`; by default none.
    """
    n_steps = batch.n_steps.astype(np.int64)
    n_events = np.diff(batch.sample_ptr)
    ends = np.cumsum(1 + n_events + n_steps)
    starts = ends - (1 + n_events + n_steps)
    words = np.empty(ends[-1] if ends.size else 0, np.uint16)
    words[starts] = command_word(CommandKind.CLEAR)

    # In front of an event stand the CLEAR, the events before it and one STEP a step gone by.
    owner = np.repeat(np.arange(len(batch)), n_events)
    order = np.arange(batch.t.size) - batch.sample_ptr[owner]
    words[starts[owner] + 1 + order + batch.t] = command_word(CommandKind.EVENT, batch.address)

    # In front of a STEP stand the CLEAR, the steps before it and the events up to its own.
    first_step = np.cumsum(n_steps) - n_steps
    owner = np.repeat(np.arange(len(batch)), n_steps)
    t = np.arange(n_steps.sum()) - first_step[owner]
    words[starts[owner] + 1 + t + events_up_to(batch)] = command_word(
        CommandKind.STEP, t * n_bins // n_steps[owner] | (0 if asked is None else ASK * asked)
    )
    return words


def events_up_to(batch: EventBatch) -> np.ndarray:
    """Return for every step of every sample the sample's events up to its end, (sum T,) int64."""
    n_steps = batch.n_steps.astype(np.int64)
    first_step = np.cumsum(n_steps) - n_steps
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.sample_ptr))
    total = np.cumsum(np.bincount(first_step[owner] + batch.t, minlength=n_steps.sum()))
    owner = np.repeat(np.arange(len(batch)), n_steps)
    return total - batch.sample_ptr[owner]
