"""An audio front end: filter bank, envelope, logarithm, leaky integrate-and-fire encoders.

    peak level -> pre-emphasis -> band-pass bank on the ERB scale -> rectify -> low-pass
    -> ln(1 + e / floor) -> lateral inhibition -> per channel, one LIF encoder for each gain,
    and one for each gain of its onsets -> events

A causal chain of first- and second-order sections, cheap in fixed point. Several gains a channel
carry level as "how many of them fire", which one threshold a channel would throw away. Inhibition
by the neighbours keeps the peaks of a spectrum and drops what voice and microphone add to all of
it; onset cells say when.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numba as nb
import numpy as np
from scipy.signal import iirpeak, lfilter

from hrsnn_edge.data.encode import lif_encoders
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError


@dataclass(frozen=True)
class CochleaConfig:
    """Settings of the front end; the defaults are the measured recipe for spoken digits.

    Attributes
    ----------
    n_channels : int
        Band-pass filters.
    low_hz, high_hz : float
        Centres of the first and the last filter, evenly spaced on the ERB scale between.
    bandwidth_erb : float
        Width of a filter in equivalent rectangular bandwidths.
    pre_emphasis : float
        ``y[n] = x[n] - a x[n-1]``; 0 for none.
    rectifier : str
        ``'full'`` (absolute value) or ``'half'``.
    envelope_ms : float
        Time constant of the one-pole low-pass.
    dt : float
        Step of the events [ms]; must be a whole number of samples.
    compression_floor : float
        Envelope, relative to peak 1, at which the logarithm sets in.
    lateral_strength : float
        Share of the mean level around a filter that is taken off it; 0 for no inhibition.
    lateral_erb : float
        Reach of the inhibition: standard deviation of a Gaussian, in ERB numbers.
    gains : tuple of float
        One encoder a channel for each.
    onset_gains : tuple of float
        One encoder a channel for each besides, driven by what rises above the recent mean.
    onset_ms : float
        Time constant of that mean.
    tau_encoder : float
        Membrane time constant of the encoders [ms].
    refractory_steps : int
        Steps an encoder waits after an event.
    """

    n_channels: int = 40
    low_hz: float = 100.0
    high_hz: float = 3800.0
    bandwidth_erb: float = 1.5
    pre_emphasis: float = 0.0
    rectifier: str = "full"
    envelope_ms: float = 8.0
    dt: float = 1.0
    compression_floor: float = 0.003
    lateral_strength: float = 0.0
    lateral_erb: float = 4.0
    gains: tuple[float, ...] = (0.25, 0.35, 0.5, 0.7, 1.0)
    onset_gains: tuple[float, ...] = ()
    onset_ms: float = 20.0
    tau_encoder: float = 20.0
    refractory_steps: int = 2

    def __post_init__(self):
        """Check the ranges."""
        if self.n_channels < 1:
            raise ValueError(f"Number of channels must be at least 1, not {self.n_channels}")
        if not 0 < self.low_hz <= self.high_hz:
            raise ValueError(
                f"Lowest centre must be between 0 and {self.high_hz} Hz, not {self.low_hz}"
            )
        if self.rectifier not in ("full", "half"):
            raise ValueError(f"Rectifier must be 'full' or 'half', not {self.rectifier!r}")
        for name in ("bandwidth_erb", "envelope_ms", "dt", "compression_floor", "lateral_erb",
                     "onset_ms", "tau_encoder"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.lateral_strength <= 1:
            raise ValueError(
                f"lateral_strength must be between 0 and 1, not {self.lateral_strength}"
            )
        if not self.gains:
            raise ValueError("Gains must hold at least one value, not none")

    @property
    def n_inputs(self) -> int:
        """Channels of the events: filters times encoders, those of a filter side by side."""
        return self.n_channels * self.n_encoders

    @property
    def n_encoders(self) -> int:
        """Encoders of a filter: of its level, then of its onsets."""
        return len(self.gains) + len(self.onset_gains)


#: The front end of highest accuracy for spoken digits, chosen on validation: see docs/decisions.md.
CONTRAST = CochleaConfig(
    bandwidth_erb=0.8,
    compression_floor=0.0005,
    lateral_strength=0.7,
    gains=(0.8, 1.6, 3.2),
    onset_gains=(3.0, 6.0),
)


def erb_number(hz):
    """Return the ERB number of `hz` (Glasberg and Moore): ``21.4 log10(1 + 0.00437 f)``."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(hz))


def erb_centres(config: CochleaConfig) -> np.ndarray:
    """Return the centre frequencies [Hz], evenly spaced in ERB number."""
    ends = erb_number([config.low_hz, config.high_hz])
    return (10 ** (np.linspace(*ends, config.n_channels) / 21.4) - 1) / 0.00437


def erb_width(hz):
    """Return the equivalent rectangular bandwidth [Hz] at `hz`: ``24.7 (1 + 0.00437 f)``."""
    return 24.7 * (1 + 0.00437 * np.asarray(hz))


@functools.cache
def filter_bank(config: CochleaConfig, rate: int) -> np.ndarray:
    """Return the second-order sections, (n_channels, 6): numerator, then denominator."""
    bank = [
        np.concatenate(iirpeak(f, f / (config.bandwidth_erb * erb_width(f)), rate))
        for f in erb_centres(config)
    ]
    return np.array(bank)


def envelopes(audio, rate: int, config: CochleaConfig) -> np.ndarray:
    """Return the compressed envelope of every filter at every step, (T, n_channels) float64.

    Parameters
    ----------
    audio : (L,) int16 or float
        One clip; its level does not matter, it is divided by its peak.
    rate : int
        Samples a second.

    Returns
    -------
    u : (T, n_channels) float64
        ``ln(1 + e / compression_floor)``, one row each `dt`; T is the number of whole steps.

    Raises
    ------
    DataError
        For an empty or silent clip, and for a rate that cannot carry the filters.
    """
    audio = np.asarray(audio, np.float64)
    if audio.size == 0:
        raise DataError("Recording must hold samples, not 0. Remove the empty file.")
    if not np.isfinite(audio).all():
        raise DataError("Recording must be finite. Remove the damaged file.")
    peak = np.abs(audio).max()
    if peak == 0:
        raise DataError("Recording must not be silent. Remove the file.")
    if config.high_hz >= rate / 2:
        raise DataError(
            f"Sample rate must be above {2 * config.high_hz:.0f} Hz for filters up to "
            f"{config.high_hz:.0f} Hz, not {rate}. Resample the audio or lower high_hz."
        )
    hop = rate * config.dt / 1000
    if hop != int(hop):
        raise DataError(
            f"A step of {config.dt} ms must be a whole number of samples, not {hop} at {rate} Hz"
        )
    if audio.size < hop:
        raise DataError(
            f"Recording must last at least one step of {config.dt} ms, not {audio.size} samples"
        )
    x = lfilter([1.0, -config.pre_emphasis], [1.0], audio / peak)
    smooth = np.exp(-1000 / (rate * config.envelope_ms))
    out = np.empty((int(audio.size // hop), config.n_channels))
    _filter(x, filter_bank(config, rate), smooth, config.rectifier == "full", int(hop), out)
    return np.log1p(out / config.compression_floor)


@nb.njit(cache=True)
def _filter(x, sections, smooth, full, hop, out):
    """Fill `out` (T, n_channels): second-order section, rectifier and one-pole, every `hop`."""
    for k in range(sections.shape[0]):
        b0, b1, b2, _, a1, a2 = sections[k]
        s1 = s2 = level = 0.0
        for n in range(out.shape[0] * hop):
            # Direct form II, transposed.
            y = b0 * x[n] + s1
            s1 = b1 * x[n] - a1 * y + s2
            s2 = b2 * x[n] - a2 * y
            if full:
                y = abs(y)
            level = smooth * level + (1 - smooth) * max(y, 0.0)
            if (n + 1) % hop == 0:
                out[n // hop, k] = level


def inhibited(u, config: CochleaConfig) -> np.ndarray:
    """Return ``max(u - strength * m, 0)``, (T, n_channels), `m` the level around each filter.

    `m` is a Gaussian mean over the distance in ERB numbers, the filter itself included; at the
    ends of the bank it is that of the filters there are.
    """
    place = erb_number(erb_centres(config))
    weight = np.exp(-0.5 * ((place[:, None] - place) / config.lateral_erb) ** 2)
    return np.maximum(u - config.lateral_strength * (u @ (weight / weight.sum(axis=0))), 0)


def onsets(u, config: CochleaConfig) -> np.ndarray:
    """Return what rises above a one-pole low-pass of `onset_ms`, ``max(u - m, 0)``, as `u`."""
    a = np.exp(-config.dt / config.onset_ms)
    return np.maximum(u - lfilter([1 - a], [1, -a], u, axis=0), 0)


def spikes_from(u, config: CochleaConfig) -> np.ndarray:
    """Return the (T, n_inputs) bool raster of the encoders for the level of each filter."""
    encode = functools.partial(
        lif_encoders, dt=config.dt, tau=config.tau_encoder, refractory_steps=config.refractory_steps
    )
    raster = encode(u, gains=config.gains)
    if not config.onset_gains:
        return raster
    by_filter = (len(u), config.n_channels, -1)
    parts = [raster, encode(onsets(u, config), gains=config.onset_gains)]
    return np.concatenate([p.reshape(by_filter) for p in parts], axis=2).reshape(len(u), -1)


def time_parts(u, n_parts: int) -> np.ndarray:
    """Return the mean envelope in `n_parts` equal parts of the clip, (n_channels * n_parts,)."""
    edges = np.linspace(0, len(u), n_parts + 1)
    parts = [
        u[min(int(a), len(u) - 1) : max(int(b), int(a) + 1)].mean(axis=0)
        for a, b in itertools.pairwise(edges)
    ]
    return np.concatenate(parts)


def encode_clips(
    clips, rate: int, config: CochleaConfig, n_parts: int = 16
) -> tuple[EventBatch, np.ndarray]:
    """Return the events of many clips, and their filter-bank features for a baseline.

    Parameters
    ----------
    clips : sequence of (L,) arrays
        Audio of each recording.
    n_parts : int
        Time parts of the features.

    Returns
    -------
    events : EventBatch
        ``n_inputs`` channels.
    features : (S, n_channels * n_parts) float64
        Mean level of each filter, behind the inhibition, in equal parts of the clip.

    Raises
    ------
    DataError
        Names the clip that cannot be encoded.
    """
    rasters, features = [], []
    for k, clip in enumerate(clips):
        try:
            u = inhibited(envelopes(clip, rate, config), config)
        except DataError as error:
            raise DataError(f"Clip {k}: {error}") from error
        rasters.append(spikes_from(u, config))
        features.append(time_parts(u, n_parts))
    return EventBatch.from_rasters(rasters), np.array(features)
