"""Neurons that share their parameters, for a core that stores them in a codebook."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.cluster.vq import kmeans2

from hrsnn_edge.network import FloatNetwork

#: Seed of the grouping: the same network gives the same groups.
SEED = 1


def group_neurons(net: FloatNetwork, threshold, rows: int) -> np.ndarray:
    """Return a group for each neuron, (N,) int, at most `rows` of them, of neurons much alike.

    Parameters
    ----------
    net : FloatNetwork
        The network.
    threshold : (N,) float64
        Thresholds in LSB that the quantiser would choose.
    rows : int
        Greatest number of groups.

    Notes
    -----
    k-means over octaves of the threshold and of the time constants, steps of the refractory period
    and quarters of a threshold of the reset. A threshold counts because a group takes its least
    one, which costs the others bits of their weights.
    """
    columns = [np.log2(threshold), np.log2(net.tau_mem), net.refractory_steps]
    columns.append(4 * net.v_reset / net.v_threshold)
    if net.tau_syn is not None:
        columns.append(np.log2(net.tau_syn))
    points = np.stack(columns, axis=1).astype(float)
    distinct, group = np.unique(points, axis=0, return_inverse=True)
    if len(distinct) <= rows:
        return group.reshape(-1)
    _, group = kmeans2(points, rows, minit="++", seed=SEED)
    return np.unique(group, return_inverse=True)[1].reshape(-1)


def shared_network(net: FloatNetwork, group: np.ndarray) -> FloatNetwork:
    """Return the network in which each group has the means of its neurons' parameters.

    Of time constants the geometric mean, of refractory periods the nearest whole one, of resets
    the mean in thresholds. Thresholds stay: they are the unit of each neuron's own membrane.
    """
    size = np.bincount(group)

    def mean(values) -> np.ndarray:
        return (np.bincount(group, values) / size)[group]

    changes = {
        "tau_mem": np.exp(mean(np.log(net.tau_mem))),
        "refractory_steps": np.rint(mean(net.refractory_steps)).astype(net.refractory_steps.dtype),
        "v_reset": mean(net.v_reset / net.v_threshold) * net.v_threshold,
    }
    if net.tau_syn is not None:
        changes["tau_syn"] = np.exp(mean(np.log(net.tau_syn)))
    return replace(net, **changes)
