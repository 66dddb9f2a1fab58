"""Trace STDP, eq. (3)-(5): its constants, homogeneous or heterogeneous, and a pass over samples.

A *source* is an input channel or a recurrent neuron, inputs first, as in the numeric contract.
Constants are carried per neuron: a source brings ``tau_plus`` and ``eta_plus``, a target
``tau_minus`` and ``eta_minus``. With ``carrier='synapse'`` each synapse has an index into a
codebook of time constants and its own etas. Etas are shares of the greatest weight of the
source's kind (input, excitatory, inhibitory), so that one set of constants serves all three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import current_decay, floor_of, step_gain
from hrsnn_edge.engine.float_stdp import learn
from hrsnn_edge.model.config import PlasticityConfig
from hrsnn_edge.model.lif import gamma_clipped
from hrsnn_edge.model.topology import stream
from hrsnn_edge.network import FloatNetwork, SparseRows


@dataclass(frozen=True, eq=False)
class Codebook:
    """Constants per synapse: an index into `tau_plus` and `tau_minus`, and etas of its own.

    Synapses are numbered as in the input rows followed by the recurrent rows.
    """

    tau_plus: np.ndarray
    tau_minus: np.ndarray
    index_plus: np.ndarray
    index_minus: np.ndarray
    eta_plus: np.ndarray
    eta_minus: np.ndarray


@dataclass(frozen=True, eq=False)
class FloatStdp:
    """The constants of a plastic network in real numbers.

    Attributes
    ----------
    plastic_in, plastic_rec : bool
        Which projections learn.
    tau_plus, eta_plus, weight_max : (n_inputs + N,) float64
        Of a source: trace time constant [ms], potentiation per unit of trace as a share of
        `weight_max`, greatest magnitude of its synapses.
    tau_minus, eta_minus : (N,) float64
        Of a target: trace time constant [ms], depression as a share of the synapse's `weight_max`.
    trace_step : float
        Added to a trace by a spike.
    normalise : bool
        Whether the incoming sum of each kind is restored after each sample.
    codebook : Codebook or None
        Constants per synapse instead of per neuron.
    """

    plastic_in: bool
    plastic_rec: bool
    tau_plus: np.ndarray
    eta_plus: np.ndarray
    weight_max: np.ndarray
    tau_minus: np.ndarray
    eta_minus: np.ndarray
    trace_step: float = 1.0
    normalise: bool = True
    codebook: Codebook | None = None


def source_kind(net: FloatNetwork) -> np.ndarray:
    """Return the kind of each source: 0 input, 1 excitatory, 2 inhibitory, (n_sources,)."""
    return np.concatenate([np.zeros(net.n_inputs, np.int8), 1 + net.inhibitory.astype(np.int8)])


def all_rows(net: FloatNetwork) -> SparseRows:
    """Return input and recurrent rows as one, weights signed."""
    return SparseRows(
        np.concatenate([net.w_in.row_ptr, net.w_in.nnz + net.w_rec.row_ptr[1:]]),
        np.concatenate([net.w_in.col_idx, net.w_rec.col_idx]),
        np.concatenate([net.w_in.weights, net.w_rec.weights]),
        net.n_neurons,
    )


def mean_by_kind(net: FloatNetwork) -> np.ndarray:
    """Return the mean magnitude of input, excitatory and inhibitory synapses, (3,); 0 for none."""
    rows = all_rows(net)
    kind = source_kind(net)[rows.pre_idx]
    total = np.bincount(kind, np.abs(rows.weights), minlength=3)
    return total / np.maximum(np.bincount(kind, minlength=3), 1)


def draw_stdp(config: PlasticityConfig, net: FloatNetwork, seed: int) -> FloatStdp:
    """Draw the constants for a network; heterogeneous and homogeneous have the same means."""
    n_sources, n = net.n_inputs + net.n_neurons, net.n_neurons
    het = config.synapses == "het" and config.carrier == "neuron"

    def draw(name, mean, cv, size, limits):
        rng = stream(seed, name)
        return gamma_clipped(rng, mean, cv if het else 0, size, limits)

    eta_range = (0.0, np.inf)
    stdp = FloatStdp(
        plastic_in=config.plastic_in,
        plastic_rec=config.plastic_rec,
        tau_plus=draw("tau plus", config.tau_plus, config.tau_cv, n_sources, config.tau_range),
        eta_plus=draw("eta plus", config.eta, config.eta_cv, n_sources, eta_range),
        weight_max=config.weight_max * mean_by_kind(net)[source_kind(net)],
        tau_minus=draw("tau minus", config.tau_minus, config.tau_cv, n, config.tau_range),
        eta_minus=draw("eta minus", config.eta * config.eta_ratio, config.eta_cv, n, eta_range),
        normalise=config.normalise,
    )
    if config.synapses == "het" and config.carrier == "synapse":
        return replace(stdp, codebook=_draw_codebook(config, all_rows(net).nnz, seed))
    return stdp


def _draw_codebook(config: PlasticityConfig, nnz: int, seed: int) -> Codebook:
    """Draw one index per synapse and sign into equally likely values of the Gamma law."""
    rng = stream(seed, "codebook")
    size = config.codebook_rows

    def rows(name, mean):
        # Means of equal shares of many draws stand for the quantiles of the clipped law.
        many = gamma_clipped(stream(seed, name), mean, config.tau_cv, 512 * size, config.tau_range)
        return np.sort(many).reshape(size, -1).mean(axis=1)

    def etas(mean):
        return gamma_clipped(rng, mean, config.eta_cv, nnz, (0.0, np.inf))

    return Codebook(
        rows("codebook plus", config.tau_plus),
        rows("codebook minus", config.tau_minus),
        rng.integers(size, size=nnz),
        rng.integers(size, size=nnz),
        etas(config.eta),
        etas(config.eta * config.eta_ratio),
    )


def run_stdp(
    net: FloatNetwork, stdp: FloatStdp, events: EventBatch, eta_scale=None
) -> tuple[FloatNetwork, np.ndarray]:
    """Show the samples once, in order, and let the plastic synapses learn.

    Parameters
    ----------
    eta_scale : (S,) float64, optional
        Factor of all changes in each sample; 1 without it.

    Returns
    -------
    net : FloatNetwork
        With the learned weights; signs and connectivity are those of before.
    spikes : (S,) int64
        Spikes of the layer in each sample.
    """
    rows, kind = all_rows(net), source_kind(net)
    pre, post = rows.pre_idx, rows.col_idx
    by_post = np.argsort(post, kind="stable")
    post_ptr = np.concatenate([[0], np.cumsum(rows.fan_in)]).astype(np.int64)
    sign = np.where(kind == 2, -1.0, 1.0)
    top = stdp.weight_max[pre]
    book = stdp.codebook
    if book is None:
        decay_plus = np.exp(-net.dt / stdp.tau_plus)[:, None]
        decay_minus = np.exp(-net.dt / stdp.tau_minus)[:, None]
        class_plus = class_minus = np.zeros(rows.nnz, np.int64)
        eta_plus, eta_minus = stdp.eta_plus[pre], stdp.eta_minus[post]
    else:
        decay_plus = np.tile(np.exp(-net.dt / book.tau_plus), (sign.size, 1))
        decay_minus = np.tile(np.exp(-net.dt / book.tau_minus), (net.n_neurons, 1))
        class_plus, class_minus = book.index_plus, book.index_minus
        eta_plus, eta_minus = book.eta_plus, book.eta_minus
    magnitude = np.abs(rows.weights)
    spikes = learn(
        events.sample_ptr, events.t, events.address, events.n_steps,
        np.ones(len(events)) if eta_scale is None else np.asarray(eta_scale, np.float64),
        rows.row_ptr, post, sign, kind,
        np.where(kind == 0, stdp.plastic_in, stdp.plastic_rec), magnitude, top,
        post_ptr, by_post, pre,
        decay_plus, class_plus, eta_plus * top, decay_minus, class_minus, eta_minus * top,
        stdp.trace_step,
        net.alpha, current_decay(net), step_gain(net), net.v_threshold, net.v_reset, net.v_drop,
        floor_of(net),
        net.refractory_steps.astype(np.int32), stdp.normalise,
    )  # fmt: skip
    signed = sign[pre] * magnitude
    cut = net.w_in.nnz
    learned = replace(
        net,
        w_in=net.w_in.with_weights(signed[:cut]),
        w_rec=net.w_rec.with_weights(signed[cut:]),
    )
    return learned, spikes
