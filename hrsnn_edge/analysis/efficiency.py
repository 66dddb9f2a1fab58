"""Spike efficiency, eq. (10), at the level of memory and of an application; ratios of SOPs."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import Counts


def spike_efficiency(capacity: float, spikes) -> float:
    """Return eq. (10): capacity over mean spikes of a neuron.

    Parameters
    ----------
    capacity : float
        Memory capacity C, eq. (9).
    spikes : (N,) float
        Spikes of each neuron in the window that is counted. A readout that does not spike has no
        first spike, so the window is fixed; see `spikes_until_first` for one that does.

    Raises
    ------
    TrainingError
        When the network is silent.
    """
    return capacity / _positive(np.mean(spikes))


def classification_efficiency(accuracy: float, spikes: float) -> float:
    """Return accuracy over mean spikes of a neuron, as in Table III."""
    return accuracy / _positive(spikes)


def prediction_efficiency(nrmse: float, spikes: float) -> float:
    """Return one over normalised error times mean spikes of a neuron, as in Table III."""
    if not nrmse > 0:
        raise ValueError(f"NRMSE must be above 0, not {nrmse}")
    return 1 / (nrmse * _positive(spikes))


def spikes_until_first(raster, readout_raster) -> np.ndarray:
    """Return the spikes of each neuron up to the step of the first readout spike, (N,).

    Parameters
    ----------
    raster : (T, N) bool
        Of the recurrent layer.
    readout_raster : (T, C) bool
        Of a spiking readout; without a spike the whole run counts.
    """
    raster, readout_raster = np.asarray(raster), np.asarray(readout_raster)
    if len(raster) != len(readout_raster):
        raise ValueError(
            f"Readout raster must have {len(raster)} steps like the other, "
            f"not {len(readout_raster)}"
        )
    answers = np.flatnonzero(readout_raster.any(axis=1))
    last = answers[0] + 1 if answers.size else len(raster)
    return raster[:last].sum(axis=0)


def sop_ratio(unpruned: Counts, pruned: Counts) -> float:
    """Return synaptic operations before pruning over those after it, on the same inputs.

    Input and recurrent synapses count, the readout does not: it is the same task's, not the
    layer's. Spikes count too, so both are measured after training.

    Raises
    ------
    TrainingError
        When the pruned network does no operation.
    """
    before, after = (c.sop_in + c.sop_rec for c in (unpruned, pruned))
    if after == 0:
        raise TrainingError(
            "Synaptic operations of the pruned network must be at least 1, not 0: it is silent"
        )
    return before / after


def _positive(spikes: float) -> float:
    """Return the spikes, or say that the network is silent."""
    if not spikes > 0:
        raise TrainingError(
            f"Mean spikes of a neuron must be above 0, not {spikes:g}. "
            "The network is silent: raise the bias or the input weights."
        )
    return float(spikes)
