"""Gradients of a network that a held current drives, by its filtered spikes; see `surrogate`.

The loss is known by its derivatives at the end of each sample. Backward in time, with
``psi = 1 / (1 + slope |u|)**2 / th`` and nothing passed through the reset or the refractory
period::

    gr[t] = dL/dr[t] + decay gr[t + 1]                 (the first only at the end of a sample)
    gs[t] = by_spike + sum_f gr[t, f] + sum_j w[i, j] gain_j gx[t + 1, j]
    gx[t] = gs[t] psi[t] + alpha gx[t + 1]             (the second where the membrane was free)
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.engine.float_current import CurrentState
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import FloatNetwork

#: What happened to a membrane in a step.
_FREE, _FLOORED, _FIRED, _HELD = 0, 1, 2, 3


@nb.njit(cache=True, error_model="numpy")
def _gradients(
    current, hold, row_ptr, col_idx, weights,
    alpha, gain, leaky, threshold, reset, floor, refractory, decay, slope,
    v, wait, is_fired, trace, by_trace, by_spike,
    g_rec, g_current, g_alpha, g_threshold, g_decay,
):  # fmt: skip
    """Add to the gradients `g_...`; the start of the run, `v` to `trace`, is overwritten."""
    n, n_filters = alpha.size, decay.shape[0]
    steps = current.shape[0] * hold
    # The membrane before the threshold, and its derivative by alpha.
    x, x_alpha = np.empty((steps, n)), np.empty((steps, n))
    earlier = np.empty((steps, n_filters, n))
    fate = np.empty((steps, n), np.uint8)
    # Spikes that arrive in step t are fired[fired_ptr[t]:fired_ptr[t + 1]], those of t - 1.
    fired = np.empty((steps + 1) * n, np.int32)
    fired_ptr = np.zeros(steps + 2, np.int64)
    n_fired = 0
    for j in range(n):
        if is_fired[j]:
            fired[n_fired] = j
            n_fired += 1
    fired_ptr[1] = n_fired
    # Forward, in the order of the engine.
    syn = np.zeros(n)
    for t in range(steps):
        for q in range(fired_ptr[t], fired_ptr[t + 1]):
            i = fired[q]
            for p in range(row_ptr[i], row_ptr[i + 1]):
                syn[col_idx[p]] += gain[col_idx[p]] * weights[p]
        for j in range(n):
            new = alpha[j] * v[j] + syn[j] + gain[j] * current[t // hold, j]
            x[t, j], x_alpha[t, j] = new, v[j]
            if leaky:
                x_alpha[t, j] -= syn[j] / gain[j] + current[t // hold, j]
            syn[j] = 0.0
            if wait[j] > 0:
                wait[j] -= 1
                fate[t, j], v[j] = _HELD, reset[j]
            elif new >= threshold[j]:
                wait[j] = refractory[j]
                fate[t, j], v[j] = _FIRED, reset[j]
                fired[n_fired] = j
                n_fired += 1
            elif new < floor[j]:
                fate[t, j], v[j] = _FLOORED, floor[j]
            else:
                fate[t, j], v[j] = _FREE, new
        fired_ptr[t + 2] = n_fired
        earlier[t] = trace
        for f in range(n_filters):
            for j in range(n):
                trace[f, j] *= decay[f, j]
            for q in range(fired_ptr[t + 1], n_fired):
                trace[f, fired[q]] += 1.0
    # Backward.
    later, now, by_r = np.zeros(n), np.zeros(n), np.zeros((n_filters, n))
    for t in range(steps - 1, -1, -1):
        m = t // hold
        if t % hold == hold - 1:
            by_r += by_trace[m]
        for i in range(n):
            by_filters = 0.0
            for f in range(n_filters):
                by_filters += by_r[f, i]
                g_decay[f, i] += by_r[f, i] * earlier[t, f, i]
                by_r[f, i] *= decay[f, i]
            state = fate[t, i]
            if state == _HELD:
                now[i] = 0.0
                continue
            gs = by_spike + by_filters
            for p in range(row_ptr[i], row_ptr[i + 1]):
                gs += weights[p] * gain[col_idx[p]] * later[col_idx[p]]
            th = threshold[i]
            gx = gs / (1.0 + slope * abs((x[t, i] - th) / th)) ** 2 / th
            g_threshold[i] -= gx * x[t, i] / th
            carried = alpha[i] * later[i]
            if state == _FREE:
                gx += carried
            elif state == _FLOORED:
                g_threshold[i] += carried * floor[i] / th
            now[i] = gx
            g_alpha[i] += gx * x_alpha[t, i]
            g_current[m, i] += gain[i] * gx
        for q in range(fired_ptr[t], fired_ptr[t + 1]):
            i = fired[q]
            for p in range(row_ptr[i], row_ptr[i + 1]):
                g_rec[p] += gain[col_idx[p]] * now[col_idx[p]]
        later, now = now, later


def current_gradients(
    net: FloatNetwork,
    current,
    hold: int,
    decay,
    state: CurrentState,
    by_trace,
    slope: float,
    by_spike: float = 0.0,
) -> dict[str, np.ndarray]:
    """Return the gradients of a loss on a stretch of a run, which is run again.

    Parameters
    ----------
    net : FloatNetwork
        With delta synapses.
    current, hold, decay
        As of `run_current`.
    state : CurrentState
        Where the stretch starts; taken as given, so gradients end there. It is not changed.
    by_trace : (M, F, N) float64
        Derivative of the loss by the filtered spikes at the end of each sample.
    slope : float
        Of the surrogate.
    by_spike : float
        Derivative of the loss by every spike alike.

    Returns
    -------
    gradients : dict
        By ``w_rec`` (nnz,), ``current`` (M, N), ``alpha`` and ``v_threshold`` (N,), and
        ``decay`` (F, N). The floor of the membrane follows its threshold; a filter whose decay is
        that of the membrane is not part of ``alpha``.

    Raises
    ------
    TrainingError
        For exponential synapses or a subtractive reset.
    """
    if net.tau_syn is not None:
        raise TrainingError(
            "Synapses must be delta synapses for backpropagation, not exponential. Set "
            "tau_syn_mean = 0."
        )
    if net.reset != "hard":
        raise TrainingError(
            f"Reset must be 'hard' for backpropagation through a stream, not {net.reset!r}."
        )
    current = np.ascontiguousarray(current, np.float64)
    decay = np.ascontiguousarray(decay, np.float64)
    out = {
        "w_rec": np.zeros(net.w_rec.nnz),
        "current": np.zeros(current.shape),
        "alpha": np.zeros(net.n_neurons),
        "v_threshold": np.zeros(net.n_neurons),
        "decay": np.zeros(decay.shape),
    }
    _gradients(
        current, hold, net.w_rec.row_ptr, net.w_rec.col_idx, net.w_rec.weights,
        net.alpha, step_gain(net), net.gain_mode == "leaky", net.v_threshold, net.v_reset,
        floor_of(net), net.refractory_steps.astype(np.int32), decay, float(slope),
        state.v.copy(), state.wait.copy(), state.fired.copy(), state.traces.copy(),
        np.ascontiguousarray(by_trace, np.float64), float(by_spike), *out.values(),
    )  # fmt: skip
    return out
