import numpy as np
import pytest
from scipy.signal import iirpeak, lfilter

from hrsnn_edge.data.cochlea import (
    CONTRAST,
    CochleaConfig,
    encode_clips,
    envelopes,
    erb_centres,
    erb_number,
    erb_width,
    inhibited,
    onsets,
    spikes_from,
    time_parts,
)
from hrsnn_edge.errors import DataError

CONFIG = CochleaConfig(n_channels=6, gains=(0.4, 1.0))


def tone(hz, seconds=0.2, rate=8000):
    return (8000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def test_filter_equals_scipy():
    """The compiled bank is the chain of scipy's filters, sample for sample."""
    audio = np.random.default_rng(0).standard_normal(807)
    got = envelopes(audio, 8000, CONFIG)
    x = audio / np.abs(audio).max()
    smooth = np.exp(-1000 / (8000 * 8.0))
    for k, f in enumerate(erb_centres(CONFIG)):
        band = np.abs(lfilter(*iirpeak(f, f / (1.5 * erb_width(f)), 8000), x))
        e = lfilter([1 - smooth], [1, -smooth], band)[7::8][:100]
        np.testing.assert_allclose(got[:, k], np.log1p(e / 0.003), rtol=1e-9)


@pytest.mark.parametrize("k", range(6))
def test_tone_drives_its_channel(k):
    """A tone at a centre frequency drives that channel most."""
    u = envelopes(tone(erb_centres(CONFIG)[k]), 8000, CONFIG)
    assert u[-50:].mean(axis=0).argmax() == k


def test_level_does_not_matter():
    """A clip and the same clip at half the level give the same events."""
    clip = tone(700) & ~1
    events, _ = encode_clips([clip, clip // 2], 8000, CONFIG)
    np.testing.assert_array_equal(events.raster(0), events.raster(1))


def test_encoder_by_hand():
    """With a constant input of 2, a = 1/2 and gain 1, v is 1 at once: fires every third step."""
    config = CochleaConfig(n_channels=1, gains=(1.0, 0.4), tau_encoder=1 / np.log(2))
    raster = spikes_from(np.full((7, 1), 2.0), config)
    assert raster[:, 0].astype(int).tolist() == [1, 0, 0, 1, 0, 0, 1]
    # Gain 0.4 tends to 0.8 and never fires.
    assert not raster[:, 1].any()


def test_pre_emphasis_lifts_high_tones():
    """Pre-emphasis raises a high channel against a low one."""
    clip = tone(erb_centres(CONFIG)[1]) + tone(erb_centres(CONFIG)[4])
    plain = envelopes(clip, 8000, CONFIG)[-50:].mean(axis=0)
    lifted = envelopes(clip, 8000, CochleaConfig(n_channels=6, pre_emphasis=0.95))[-50:].mean(
        axis=0
    )
    assert lifted[4] - lifted[1] > plain[4] - plain[1]


def test_inhibition_by_hand():
    """Two filters that reach each other fully lose the strength times their mean level."""
    config = CochleaConfig(n_channels=2, lateral_strength=0.5, lateral_erb=1e6)
    np.testing.assert_allclose(inhibited(np.array([[4.0, 1.0]]), config), [[2.75, 0.0]])
    near, far = np.array([[4.0, 0.0, 0.0]]), CochleaConfig(n_channels=3, lateral_strength=0.5)
    step = np.diff(erb_number(erb_centres(far)))
    np.testing.assert_allclose(step[0], step[1])
    w = np.exp(-0.5 * (np.arange(3) * step[0] / far.lateral_erb) ** 2)
    np.testing.assert_allclose(inhibited(near, far)[0, 0], 4 - 0.5 * 4 * w[0] / w.sum())


def test_inhibition_drops_what_all_filters_share():
    """A level common to all filters shrinks to its share; a peak stays above its flanks."""
    config = CochleaConfig(n_channels=20, lateral_strength=0.7)
    flat = np.full((1, 20), 3.0)
    np.testing.assert_allclose(inhibited(flat, config), 0.3 * flat)
    np.testing.assert_array_equal(inhibited(flat, CochleaConfig(n_channels=20)), flat)


def test_onsets_by_hand():
    """With a = 1/2 a step of 4 leaves 2, then 1, then 1/2; a fall leaves nothing."""
    config = CochleaConfig(n_channels=1, onset_ms=1 / np.log(2))
    u = np.array([4.0, 4.0, 4.0, 0.0])[:, None]
    np.testing.assert_allclose(onsets(u, config)[:, 0], [2.0, 1.0, 0.5, 0.0])


def test_onset_encoders_lie_behind_those_of_the_level():
    """Each filter has its level encoders first; without onset cells they are the same."""
    config = CochleaConfig(n_channels=3, gains=(0.5, 2.0), onset_gains=(1.0, 4.0, 8.0))
    u = np.random.default_rng(1).uniform(0, 4, (200, 3))
    raster = spikes_from(u, config)
    assert raster.shape == (200, config.n_inputs) == (200, 15)
    by_filter = raster.reshape(200, 3, 5)
    level = spikes_from(u, CochleaConfig(n_channels=3, gains=(0.5, 2.0))).reshape(200, 3, 2)
    onset = spikes_from(onsets(u, config), CochleaConfig(n_channels=3, gains=(1.0, 4.0, 8.0)))
    np.testing.assert_array_equal(by_filter[:, :, :2], level)
    np.testing.assert_array_equal(by_filter[:, :, 2:], onset.reshape(200, 3, 3))
    assert onset.any() and level.any()


def test_best_front_end_has_as_many_encoders():
    """The contrast is not bought with channels."""
    assert CONTRAST.n_inputs == CochleaConfig().n_inputs == 200


def test_half_wave_is_about_half():
    """Half-wave rectification passes about half of the envelope of full-wave."""
    clip = tone(1000, 0.4)
    full = np.expm1(envelopes(clip, 8000, CochleaConfig()))[-100:].mean(axis=0)
    half = np.expm1(envelopes(clip, 8000, CochleaConfig(rectifier="half")))[-100:].mean(axis=0)
    np.testing.assert_allclose(half[full.argmax()] / full.max(), 0.5, rtol=0.05)


def test_time_parts_by_hand():
    """Parts are means of equal thirds; a clip shorter than the parts repeats steps."""
    assert time_parts(np.arange(6.0)[:, None], 3).tolist() == [0.5, 2.5, 4.5]
    assert time_parts(np.array([[1.0], [3.0]]), 4).tolist() == [1.0, 1.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("clip", "rate", "message"),
    [
        (np.zeros(0, np.int16), 8000, "Clip 0: Recording must hold samples, not 0"),
        (np.zeros(99, np.int16), 8000, "Clip 0: Recording must not be silent"),
        (np.ones(7, np.int16), 8000, "at least one step of 1.0 ms, not 7 samples"),
        (np.ones(99, np.int16), 7000, "Sample rate must be above 7600 Hz"),
        (np.ones(99, np.int16), 22050, "whole number of samples, not 22.05"),
        (np.array([1.0, np.inf] * 8), 8000, "must be finite"),
    ],
)
def test_bad_clips_are_named(clip, rate, message):
    """A clip that cannot be encoded is refused with its number and the reason."""
    with pytest.raises(DataError, match=message):
        encode_clips([clip], rate, CochleaConfig())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_channels": 0}, "at least 1, not 0"),
        ({"low_hz": 5000.0}, "between 0 and 3800.0 Hz, not 5000.0"),
        ({"rectifier": "quarter"}, "'full' or 'half', not 'quarter'"),
        ({"envelope_ms": 0.0}, "envelope_ms must be above 0"),
        ({"gains": ()}, "Gains must hold"),
        ({"lateral_strength": 1.5}, "lateral_strength must be between 0 and 1, not 1.5"),
        ({"onset_ms": 0.0}, "onset_ms must be above 0"),
    ],
)
def test_bad_settings_are_named(values, message):
    """A setting outside its range is refused with its name."""
    with pytest.raises(ValueError, match=message):
        CochleaConfig(**values)
