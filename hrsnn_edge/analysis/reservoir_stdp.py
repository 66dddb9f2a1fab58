"""STDP of a driven network: its recurrent synapses learn while a series drives it, then freeze."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.analysis.reservoir import Reservoir
from hrsnn_edge.engine.current_stdp import learn_current
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.model.config import PlasticityConfig
from hrsnn_edge.model.stdp import FloatStdp, source_kind


def memory_plasticity(synapses: str) -> PlasticityConfig:
    """Return the settings of STDP for the memory recipe.

    A change of 0.015 mean weights per spike pair (eq. (3)'s A of 0.15 times a of 0.1), traces of
    10 ms, both Gamma of shape 1 over synapses when heterogeneous; no normalisation.
    """
    return PlasticityConfig(
        synapses=synapses,
        carrier="synapse",
        plastic_in=False,
        eta=0.005,
        eta_ratio=1.0,
        eta_cv=1.0,
        tau_cv=1.0,
        tau_plus=10.0,
        tau_minus=10.0,
        weight_max=3.0,
        normalise=False,
        codebook_rows=64,
    )


def learn_driven(reservoir: Reservoir, stdp: FloatStdp, series) -> Reservoir:
    """Return the network after its recurrent synapses learned under a series, (M, D).

    Parameters
    ----------
    reservoir : Reservoir
        Starts at rest.
    stdp : FloatStdp
        Constants for its network, from `draw_stdp`; `plastic_in` and `normalise` have no meaning
        here. Signs and connectivity stay.
    series : (M, D) float
        Samples, none of which may be tested on.
    """
    net, rows = reservoir.net, reservoir.net.w_rec
    if not stdp.plastic_rec or rows.nnz == 0:
        return reservoir
    sources, pre = net.n_inputs + rows.pre_idx, rows.pre_idx
    top = stdp.weight_max[sources]
    tau_plus, tau_minus, eta_plus, eta_minus = _of_synapses(stdp, net.n_inputs, rows)
    magnitude = np.abs(rows.weights)
    post_ptr = np.concatenate([[0], np.cumsum(rows.fan_in)]).astype(np.int64)
    sign = np.where(source_kind(net)[net.n_inputs :] == 2, -1.0, 1.0)
    learn_current(
        reservoir.bias + np.asarray(series, float) @ reservoir.w_current, reservoir.hold,
        rows.row_ptr, rows.col_idx, pre, post_ptr, np.argsort(rows.col_idx, kind="stable"),
        sign, magnitude, top, tau_plus, tau_minus, eta_plus * top, eta_minus * top,
        stdp.trace_step, net.dt,
        net.alpha, step_gain(net), net.v_threshold, net.v_reset, net.v_drop,
        floor_of(net),
        net.refractory_steps.astype(np.int32),
    )  # fmt: skip
    return replace(reservoir, net=replace(net, w_rec=rows.with_weights(sign[pre] * magnitude)))


def _of_synapses(stdp: FloatStdp, n_inputs: int, rows):
    """Return both time constants and both etas of each recurrent synapse, (nnz,)."""
    book = stdp.codebook
    if book is None:
        source, target = n_inputs + rows.pre_idx, rows.col_idx
        return (
            stdp.tau_plus[source], stdp.tau_minus[target],
            stdp.eta_plus[source], stdp.eta_minus[target],
        )  # fmt: skip
    # A codebook numbers the input synapses first.
    mine = slice(book.index_plus.size - rows.nnz, None)
    return (
        book.tau_plus[book.index_plus[mine]], book.tau_minus[book.index_minus[mine]],
        book.eta_plus[mine], book.eta_minus[mine],
    )  # fmt: skip
