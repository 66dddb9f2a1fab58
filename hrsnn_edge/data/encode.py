"""Encoders: numbers in, events out. Pure functions; a seed where there is chance.

Intensities are in 0..1 of the greatest rate; `n_steps` is the length of the run.
"""

from __future__ import annotations

from dataclasses import replace

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError


def _check_unit(values, what: str) -> np.ndarray:
    """Return `values` as float64 after checking that all lie in 0..1."""
    values = np.asarray(values, np.float64)
    bad = np.argwhere(~((values >= 0) & (values <= 1)))
    if bad.size:
        where = tuple(int(k) for k in bad[0])
        raise DataError(
            f"{what}, element {where}: must be between 0 and 1, not {values[where]}. "
            "Scale the data on its training part first."
        )
    return values


def rate_poisson(intensity, n_steps: int, p_max: float, seed: int) -> EventBatch:
    """Draw an event with probability ``p_max * intensity`` in each step (Bernoulli rate code).

    Parameters
    ----------
    intensity : (S, K) float
        Rate of each channel, 0..1.
    n_steps : int
        Steps of a sample.
    p_max : float
        Events per step at intensity 1, 0..1.
    seed : int
        The same seed gives the same events.
    """
    intensity = _check_unit(intensity, "Intensity")
    rng = np.random.default_rng(seed)
    return EventBatch.from_rasters(
        rng.random((n_steps, intensity.shape[1])) < p_max * row for row in intensity
    )


def rate_regular(intensity, n_steps: int, p_max: float) -> EventBatch:
    """Emit events at even distances: ``floor((t + 1) a + 1/2) > floor(t a + 1/2)``.

    `a` is ``p_max * intensity``: a phase accumulator, so the count of a channel is
    ``floor(n_steps * a + 1/2)``, with no shot noise. Parameters as in `rate_poisson`.
    """
    rate = _check_unit(intensity, "Intensity") * p_max
    clock = np.arange(n_steps + 1)[:, None]
    return EventBatch.from_rasters(np.diff(np.floor(clock * r + 0.5), axis=0) > 0 for r in rate)


def latency(intensity, n_steps: int, threshold: float = 0.0) -> EventBatch:
    """Emit one event a channel, the earlier the stronger: ``t = round((1 - x) (n_steps - 1))``.

    Channels with an intensity of `threshold` or less stay silent.
    """
    intensity = _check_unit(intensity, "Intensity")
    when = np.rint((1 - intensity) * (n_steps - 1)).astype(int)
    return EventBatch.from_rasters(
        [
            (np.arange(n_steps)[:, None] == t) & (row > threshold)
            for t, row in zip(when, intensity, strict=True)
        ]
    )


def tuning_curves(values, n_curves: int, overlap: float = 1.0) -> np.ndarray:
    """Return the responses of Gaussian tuning curves that tile 0..1.

    Parameters
    ----------
    values : (..., D) float
        Coordinates, scaled to 0..1 on the training part (values outside are allowed).
    n_curves : int
        Curves a coordinate; centres at ``k / (n_curves - 1)``.
    overlap : float
        Standard deviation in units of the distance between centres.

    Returns
    -------
    response : (..., D * n_curves) float64
        0..1, coordinate by coordinate.
    """
    if n_curves < 2:
        raise ValueError(f"Number of curves must be at least 2, not {n_curves}")
    values = np.asarray(values, np.float64)
    centres = np.linspace(0, 1, n_curves)
    width = overlap / (n_curves - 1)
    response = np.exp(-0.5 * ((values[..., None] - centres) / width) ** 2)
    return response.reshape(*values.shape[:-1], -1)


def hold(values, n_steps: int) -> np.ndarray:
    """Return (M, K) samples of a series repeated for `n_steps` steps each, (M * n_steps, K)."""
    return np.repeat(np.asarray(values), n_steps, axis=0)


def series_poisson(rate, p_max: float, seed: int) -> EventBatch:
    """Draw one long sample from a rate that changes at every step.

    Parameters
    ----------
    rate : (T, K) float
        Relative rate of each channel in each step, 0..1.
    p_max : float
        Events per step at rate 1.
    seed : int
        The same seed gives the same events.
    """
    rate = _check_unit(rate, "Rate")
    return EventBatch.from_rasters([np.random.default_rng(seed).random(rate.shape) < p_max * rate])


def series_modulated(rate, series, n_steps: int, seed: int) -> EventBatch:
    """Draw one long sample from channels whose rates a series raises and lowers.

    Channel `k` has an event in a step with probability ``min(rate_k (1 + u_k x), 1)``, `u_k`
    uniform in -1..1: at a mean rate that stays, each channel says a little of `x`.

    Parameters
    ----------
    rate : (K,) float
        Mean events a step of each channel, 0..1.
    series : (M,) float
        x, in -1..1.
    n_steps : int
        Steps of a sample of the series.
    seed : int
        Of `u` and of the events.
    """
    rate = _check_unit(rate, "Rate")
    rng = np.random.default_rng(seed)
    u = rng.uniform(-1, 1, rate.size)
    steps, channels = [], []
    for m, x in enumerate(np.asarray(series, float)):
        t, k = np.nonzero(rng.random((n_steps, rate.size)) < rate * (1 + u * x))
        steps.append(t + m * n_steps)
        channels.append(k)
    t, address = (np.concatenate(part).astype(np.int32) for part in (steps, channels))
    ends = np.array([0, t.size], np.int64)
    return EventBatch(ends, t, address, np.array([len(steps) * n_steps], np.int32), rate.size)


def sequences_regular(rates, p_max: float) -> EventBatch:
    """Emit events at even distances from rates that change in time, without chance.

    Channel `k` fires in step `t` when ``floor(sum_{s <= t} p_max rate[s, k] + 1/2)`` rises.

    Parameters
    ----------
    rates : iterable of (T, K) float
        Relative rate of each channel in each step, 0..1; one array a sample.
    p_max : float
        Events per step at rate 1, at most 1.
    """

    def rasters():
        for rate in rates:
            phase = np.floor(np.cumsum(p_max * _check_unit(rate, "Rate"), axis=0) + 0.5)
            yield np.diff(phase, axis=0, prepend=0.0) > 0

    return EventBatch.from_rasters(rasters())


def with_silence(events: EventBatch, n_steps: int) -> EventBatch:
    """Return the samples with `n_steps` steps without input behind each."""
    return replace(events, n_steps=events.n_steps + np.int32(n_steps))


def lif_encoders(u, *, gains, dt: float, tau: float, refractory_steps: int) -> np.ndarray:
    """Return the (T, K * len(gains)) bool raster of leaky integrate-and-fire encoders.

    ``v <- a v + (1 - a) g u``, ``a = exp(-dt / tau)``, threshold 1, reset to 0; the gains of a
    signal lie side by side. Several gains carry level as "how many of them fire".

    Parameters
    ----------
    u : (T, K) float
        Drive of each signal, at least 0.
    gains : sequence of float
        One encoder a signal for each.
    dt, tau : float
        Step and membrane time constant [ms].
    refractory_steps : int
        Steps an encoder waits after an event.
    """
    u = np.ascontiguousarray(u, np.float64)
    raster = np.zeros((len(u), u.shape[1] * len(gains)), np.bool_)
    _encode(u, np.array(gains, np.float64), np.exp(-dt / tau), refractory_steps, raster)
    return raster


@nb.njit(cache=True)
def _encode(u, gains, a, refractory, raster):
    """Fill `raster` (T, K * gains) with the events of LIF encoders of threshold 1."""
    n_gains = gains.size
    v = np.zeros(u.shape[1] * n_gains)
    wait = np.zeros(v.size, np.int32)
    for t in range(u.shape[0]):
        for k in range(v.size):
            if wait[k] > 0:
                wait[k] -= 1
                v[k] = 0.0
                continue
            v[k] = a * v[k] + (1 - a) * gains[k % n_gains] * u[t, k // n_gains]
            if v[k] >= 1.0:
                raster[t, k] = True
                v[k] = 0.0
                wait[k] = refractory


def delta_on_off(signals, threshold: float) -> EventBatch:
    """Send an event when a signal has moved by `threshold` since its last one.

    Channel ``2 k`` of signal `k` is ON (up) and ``2 k + 1`` is OFF (down). The reference level
    follows by one `threshold` an event, at most one event a channel and step, so a fast edge is
    spread over the next steps.

    Parameters
    ----------
    signals : sequence of (T, K) float
        One array a sample; lengths may differ.
    threshold : float
        Step of the reference level, above 0.
    """
    if not threshold > 0:
        raise ValueError(f"Delta threshold must be above 0, not {threshold}")
    rasters = []
    for signal in signals:
        signal = np.asarray(signal, np.float64)
        raster = np.zeros((len(signal), 2 * signal.shape[1]), bool)
        level = signal[0].copy() if len(signal) else None
        for t, x in enumerate(signal):
            up, down = x - level >= threshold, level - x >= threshold
            raster[t, 0::2], raster[t, 1::2] = up, down
            level += threshold * (up.astype(float) - down)
        rasters.append(raster)
    return EventBatch.from_rasters(rasters)
