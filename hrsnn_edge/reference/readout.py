"""The integer readouts: linear in spike counts, a perceptron of them, filtered spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.network import LinearReadout, MlpReadout, Readout, TraceReadout


def bin_of(t: int, n_steps: int, n_bins: int) -> int:
    """Return the readout bin of step `t` in a run of `n_steps`.

    >>> [bin_of(t, 5, 2) for t in range(5)]
    [0, 0, 0, 1, 1]
    """
    return t * n_bins // n_steps


def readout_step(acc, spikes, bin_idx: int, readout: LinearReadout) -> np.ndarray:
    """Return the (n_out,) int64 accumulators after the spikes of one step."""
    return acc + readout.w_out[bin_idx][spikes].sum(axis=0, dtype=np.int64)


def mlp_outputs(counts, readout: MlpReadout) -> np.ndarray:
    """Return the (n_out,) int64 outputs of a perceptron.

    Parameters
    ----------
    counts : (n_bins, N) int64
        Spikes of every neuron in each part of the run.

    Notes
    -----
    Counts saturate at ``act_width`` bits. A hidden layer shifts its exact sum right (rounded down),
    cuts what is below 0 and saturates at ``act_width`` bits; the last layer gives its exact sum.
    """
    a = np.minimum(counts[:, readout.neurons], readout.act_top).ravel()
    for layer in readout.layers[:-1]:
        a = np.clip(_layer_sum(a, layer) >> layer.shift, 0, readout.act_top)
    return _layer_sum(a, readout.layers[-1])


def _layer_sum(a, layer) -> np.ndarray:
    return layer.bias.astype(np.int64) + a @ layer.weights.astype(np.int64)


def filter_step(filters, spikes, readout: TraceReadout) -> np.ndarray:
    """Return the (F, N) filters after a step: a decay rounded down, then a saturating add."""
    decayed = (filters * readout.decay.astype(np.int64)) >> readout.decay_width
    added = np.outer(readout.trace_step.astype(np.int64), spikes)
    return np.minimum(decayed + added, readout.trace_top)


def filter_outputs(filters, readout: TraceReadout) -> np.ndarray:
    """Return the (n_out,) int64 sample of the stream for (F, N) filters."""
    features = filters
    if readout.squares:
        features = np.concatenate([filters, filters**2 >> readout.trace_width])
    total = np.einsum("fj,fjc->c", features, readout.w_out.astype(np.int64))
    return (readout.bias.astype(np.int64) + total) >> readout.out_shift


@dataclass(frozen=True, eq=False)
class ReadoutState:
    """A readout in a run.

    Attributes
    ----------
    out : (C,) int64
        Outputs after the last step.
    memory : int64 array
        What they are made of: (n_bins, N) counts of a perceptron, (F, N) filters of a stream, empty
        for a linear readout, whose outputs are its accumulators.
    """

    out: np.ndarray
    memory: np.ndarray

    @classmethod
    def cleared(cls, readout: Readout, n_neurons: int) -> ReadoutState:
        """Return the state after CLEAR."""
        if isinstance(readout, LinearReadout):
            return cls(readout.bias.astype(np.int64), np.zeros(0, np.int64))
        shape = readout.n_bins if isinstance(readout, MlpReadout) else readout.n_filters
        memory = np.zeros((shape, n_neurons), np.int64)
        if isinstance(readout, MlpReadout):
            return cls(mlp_outputs(memory, readout), memory)
        return cls(np.zeros(readout.n_out, np.int64), memory)

    def step(self, readout: Readout, spikes, t: int, n_steps: int) -> ReadoutState:
        """Return the state after the spikes of step `t` of `n_steps`."""
        if isinstance(readout, TraceReadout):
            filters = filter_step(self.memory, spikes, readout)
            sampled = t % readout.hold == readout.hold - 1
            return ReadoutState(filter_outputs(filters, readout) if sampled else self.out, filters)
        b = bin_of(t, n_steps, readout.n_bins)
        if isinstance(readout, LinearReadout):
            return ReadoutState(readout_step(self.out, spikes, b, readout), self.memory)
        counts = self.memory.copy()
        counts[b] += spikes
        return ReadoutState(mlp_outputs(counts, readout), counts)


def readout_operations(readout: Readout, n_spikes: int, t: int, n_steps: int) -> int:
    """Return ``sop_out`` of step `t`: of its spikes, of the run's end, or of a complete sample."""
    if isinstance(readout, LinearReadout):
        return n_spikes * readout.n_out
    if isinstance(readout, MlpReadout):
        return readout.macs if t == n_steps - 1 else 0
    return readout.macs if t % readout.hold == readout.hold - 1 else 0


def classify(acc) -> int:
    """Return the class: the lowest index among the greatest accumulators.

    >>> classify([3, 7, 7])
    1
    """
    return int(np.argmax(acc))
