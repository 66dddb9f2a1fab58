"""A float network driven by a held current instead of events, compiled.

For memory and forecasting tasks the value of a sample is a current into each neuron, constant for
the steps of the sample. What comes out is sampled at its end: filtered spikes and spike counts.
The order within a step is that of `float_run`: deliver the spikes of `t - 1`, update, count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np

from hrsnn_edge.engine.float_run import current_decay, floor_of, step_gain
from hrsnn_edge.network import FloatNetwork


@dataclass(frozen=True, eq=False)
class CurrentState:
    """All that a run needs to go on where another one ended.

    Attributes
    ----------
    v : (N,) float64
        Membrane potential.
    wait : (N,) int32
        Refractory steps left.
    fired : (N,) bool
        Who fired in the last step; the spikes are on their way.
    traces : (F, N) float64
        Filtered spikes.
    i_syn : (N,) or (0,) float64
        Synaptic currents; empty with delta synapses.
    """

    v: np.ndarray
    wait: np.ndarray
    fired: np.ndarray
    traces: np.ndarray
    i_syn: np.ndarray


@dataclass(frozen=True, eq=False)
class CurrentRun:
    """The end of every sample of a run.

    Attributes
    ----------
    traces : (M, F, N) float64
        Filtered spikes after the last step of each sample, one row for each filter.
    counts : (M, N) int32
        Spikes during each sample.
    state : CurrentState
        Where the run ended.
    """

    traces: np.ndarray
    counts: np.ndarray
    state: CurrentState


@nb.njit(cache=True, error_model="numpy")
def _run(
    current, hold, row_ptr, col_idx, weights,
    alpha, beta, gain, threshold, reset, drop, floor, refractory, decay,
    v, wait, is_fired, trace, i_syn, traces, counts,
):  # fmt: skip
    """Fill `traces` and `counts`; leave the last state in the arrays of a `CurrentState`."""
    n, lasts = alpha.size, beta.size > 0
    syn = np.zeros(n)
    fired = np.flatnonzero(is_fired).astype(np.int32)
    fired = np.append(fired, np.zeros(n - fired.size, np.int32))
    n_fired = is_fired.sum()
    for m in range(current.shape[0]):
        for _ in range(hold):
            for q in range(n_fired):
                i = fired[q]
                for p in range(row_ptr[i], row_ptr[i + 1]):
                    syn[col_idx[p]] += weights[p]
            n_fired = 0
            for j in range(n):
                drive = syn[j]
                syn[j] = 0.0
                if lasts:
                    drive += beta[j] * i_syn[j]
                    i_syn[j] = drive
                x = alpha[j] * v[j] + drive + gain[j] * current[m, j]
                if wait[j] > 0:
                    wait[j] -= 1
                    x = v[j] if drop.size else reset[j]
                elif x >= threshold[j]:
                    x = max(x - drop[j], floor[j]) if drop.size else reset[j]
                    wait[j] = refractory[j]
                    fired[n_fired] = j
                    n_fired += 1
                    counts[m, j] += 1
                elif x < floor[j]:
                    x = floor[j]
                v[j] = x
            for f in range(decay.shape[0]):
                for j in range(n):
                    trace[f, j] *= decay[f, j]
                for q in range(n_fired):
                    trace[f, fired[q]] += 1.0
        traces[m] = trace
    is_fired[:] = False
    for q in range(n_fired):
        is_fired[fired[q]] = True


def trace_decays(net: FloatNetwork, fixed_ms=(), *, own: bool = True) -> np.ndarray:
    """Return the decay of each filter in one step, (F, N): the membrane's own, then fixed ones.

    Parameters
    ----------
    net : FloatNetwork
        Gives the membranes and the step.
    fixed_ms : sequence of float
        Time constants that all neurons share [ms].
    own : bool
        Whether the first filter has the time constant of each neuron's membrane.
    """
    fixed = [np.full(net.n_neurons, np.exp(-net.dt / tau)) for tau in fixed_ms]
    rows = [net.alpha, *fixed] if own else fixed
    if not rows:
        raise ValueError("Number of filters must be at least 1, not 0")
    return np.stack(rows)


def rest(net: FloatNetwork, n_filters: int) -> CurrentState:
    """Return the state before the first step: membranes and traces at 0, nobody has fired."""
    n = net.n_neurons
    return CurrentState(
        np.zeros(n),
        np.zeros(n, np.int32),
        np.zeros(n, bool),
        np.zeros((n_filters, n)),
        np.zeros(current_decay(net).size),
    )


def run_current(
    net: FloatNetwork,
    current,
    hold: int,
    decay,
    state: CurrentState | None = None,
) -> CurrentRun:
    """Drive a network with one current per neuron and sample, each held for `hold` steps.

    ``v[t+1] = max(alpha v[t] + gain (W s[t] + current), v_floor)``, eq. (1); the input rows of the
    network are not used. The given current is no synapse's: `tau_syn` does not filter it.

    Parameters
    ----------
    net : FloatNetwork
        The network.
    current : (M, N) float
        In units of the threshold over the membrane resistance.
    hold : int
        Steps of a sample.
    decay : (F, N) float
        Of the filters: ``r[t] = decay r[t-1] + s[t]``; see `trace_decays`.
    state : CurrentState or None
        Where to start; None for rest. It is not changed.
    """
    current = np.ascontiguousarray(current, np.float64)
    if current.ndim != 2 or current.shape[1] != net.n_neurons:
        raise ValueError(f"Current must be (samples, {net.n_neurons}), not {current.shape}")
    if hold < 1:
        raise ValueError(f"Hold must be at least 1 step, not {hold}")
    state = rest(net, len(decay)) if state is None else state
    end = CurrentState(**{name: values.copy() for name, values in vars(state).items()})
    traces = np.empty((len(current), *end.traces.shape))
    counts = np.zeros(current.shape, np.int32)
    gain = step_gain(net)
    _run(
        current, hold,
        net.w_rec.row_ptr, net.w_rec.col_idx, net.w_rec.weights * gain[net.w_rec.col_idx],
        net.alpha, current_decay(net), gain, net.v_threshold, net.v_reset, net.v_drop,
        floor_of(net),
        net.refractory_steps.astype(np.int32), np.ascontiguousarray(decay, np.float64),
        end.v, end.wait, end.fired, end.traces, end.i_syn, traces, counts,
    )  # fmt: skip
    return CurrentRun(traces, counts, end)
