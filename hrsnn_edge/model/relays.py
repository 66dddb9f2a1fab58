"""Relay neurons: a readout of neurons then reads the encoder's events beside them.

A relay repeats one input channel, spike for event and in the same step. It is a neuron like any
other, so the integer network, the artifact and the core need nothing new for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.network import FloatNetwork, SparseRows

#: Weight of a relay's only synapse in thresholds: half of it may be lost in rounding.
_MARGIN = 2.0
#: Time constants of a relay over the step: nothing is left of a step in the next one.
_MEMORY = 0.02


def with_relays(net: FloatNetwork) -> FloatNetwork:
    """Return the network with a relay for each input channel behind its neurons.

    The N neurons are what they were; neuron ``N + k`` fires in exactly the steps in which channel
    `k` has an event, and has no targets. Without a readout: that of N neurons does not fit.

    Parameters
    ----------
    net : FloatNetwork
        Trained, with rates settled: homeostasis must not see a relay.
    """
    n, k = net.n_neurons, net.w_in.n_pre
    tau = _MEMORY * net.dt
    gain = 1.0 if net.gain_mode == "jump" else -np.expm1(-1 / _MEMORY)
    behind = np.arange(n, n + k, dtype=np.int32)
    w_in, w_rec = net.w_in, net.w_rec

    def longer(values, value):
        return None if values is None else np.append(values, np.full(k, value, values.dtype))

    return replace(
        net,
        w_in=SparseRows(
            w_in.row_ptr + np.arange(k + 1),
            np.insert(w_in.col_idx, w_in.row_ptr[1:], behind),
            np.insert(w_in.weights, w_in.row_ptr[1:], _MARGIN / gain),
            n + k,
        ),
        w_rec=SparseRows(
            np.append(w_rec.row_ptr, np.full(k, w_rec.nnz)), w_rec.col_idx, w_rec.weights, n + k
        ),
        inhibitory=longer(net.inhibitory, False),
        tau_mem=longer(net.tau_mem, tau),
        v_threshold=longer(net.v_threshold, 1.0),
        v_reset=longer(net.v_reset, 0.0),
        refractory_steps=longer(net.refractory_steps, 0),
        v_floor=longer(net.v_floor, -1.0) if isinstance(net.v_floor, np.ndarray) else net.v_floor,
        tau_syn=longer(net.tau_syn, tau),
        cluster=None if net.cluster is None else longer(net.cluster, net.cluster.max() + 1),
        readout=None,
    )
