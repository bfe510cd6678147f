"""Loudness, peaks and files, on sounds whose figures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cliprow.errors import FailForGood
from cliprow.media import sound
from cliprow.models import SAMPLE_RATE


def tone(
    seconds: float, *, hertz: float = 997.0, amplitude: float = 0.1, phase: float = 0.0
) -> sound.Samples:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * time + phase)).astype(np.float32)[np.newaxis]


def syllables(seconds: float, amplitude: float) -> sound.Samples:
    """Noise that swells three times a second, with pauses: the dynamics of speech."""
    random = np.random.default_rng(1)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.abs(np.sin(2 * np.pi * 1.5 * time)) ** 3
    return (amplitude * swell * random.standard_normal(time.size)).astype(np.float32)[np.newaxis]


def test_a_997_hz_tone_measures_as_ebu_tech_3341_says() -> None:
    stereo = np.repeat(tone(20), 2, axis=0)
    assert sound.measure(stereo).lufs == pytest.approx(-20.0, abs=0.1)
    assert sound.measure(tone(20)).lufs == pytest.approx(-23.0, abs=0.1)
    assert sound.measure(tone(20)).true_peak_dbtp == pytest.approx(-20.0, abs=0.1)


def test_a_peak_between_two_samples_is_found() -> None:
    wave = tone(2, hertz=SAMPLE_RATE / 4, amplitude=0.9, phase=np.pi / 4)
    assert np.abs(wave).max() < 0.65
    assert sound.measure(wave).true_peak_dbtp == pytest.approx(-0.9, abs=0.7)


@pytest.mark.parametrize("amplitude", [0.003, 0.03, 0.3, 3.0])
def test_speech_comes_out_at_minus_14_lufs_with_its_peaks_below_the_ceiling(amplitude: float) -> None:
    speech = syllables(6, amplitude)
    normal = sound.normalise(speech)
    assert normal.shape == speech.shape
    assert normal.dtype == np.float32
    assert sound.measure(normal).lufs == pytest.approx(-14.0, abs=0.3)
    assert sound.measure(normal).true_peak_dbtp <= -1.0


@pytest.mark.parametrize("count", [0, 1, 100, 5_000, SAMPLE_RATE // 3])
def test_short_and_silent_sounds_keep_their_length_and_the_ceiling(count: int) -> None:
    for samples in (
        np.zeros((1, count), np.float32),
        np.ones((1, count), np.float32),
        syllables(1, 1.0)[:, :count],
    ):
        normal = sound.normalise(samples)
        assert normal.shape == samples.shape
        assert np.isfinite(normal).all()
        assert sound.measure(normal).true_peak_dbtp <= -1.0


def test_silence_stays_silent() -> None:
    silence = np.zeros((2, SAMPLE_RATE), np.float32)
    assert not sound.normalise(silence).any()
    assert sound.measure(silence) == sound.Loudness(sound.SILENCE_LUFS, sound.SILENCE_DBTP)


def test_clicks_obey_the_ceiling_before_the_target() -> None:
    clicks = np.zeros((1, 5 * SAMPLE_RATE), np.float32)
    clicks[:, ::SAMPLE_RATE] = 1.0
    loudness = sound.measure(sound.normalise(clicks))
    assert loudness.true_peak_dbtp <= -1.0
    assert loudness.lufs < -14.0


def test_evening_out_narrows_the_range_and_keeps_the_length() -> None:
    speech = np.concatenate([syllables(2, 0.02), syllables(2, 0.2)], axis=1)
    even = sound.even_out(speech)
    assert even.shape == speech.shape

    def spread(samples: sound.Samples) -> float:
        half = samples.shape[1] // 2
        return sound.measure(samples[:, half:]).lufs - sound.measure(samples[:, :half]).lufs

    assert spread(even) < spread(speech) - 3


def test_flac_gives_equal_bytes_for_equal_samples_and_the_samples_back(tmp_path: Path) -> None:
    samples = np.concatenate([syllables(2, 0.1), tone(2)], axis=0)
    for name in ("one.flac", "two.flac"):
        sound.write_flac(tmp_path / name, samples)
    assert (tmp_path / "one.flac").read_bytes() == (tmp_path / "two.flac").read_bytes()
    read = sound.read_sound(tmp_path / "one.flac")
    assert read.shape == samples.shape
    assert np.abs(read - samples.clip(-1, 1)).max() <= 1 / 32768


def test_resampling_keeps_the_place_in_time() -> None:
    click = np.zeros((1, 22_050), np.float32)
    click[0, 10_000] = 1.0
    resampled = sound.resample(click, 22_050)
    assert resampled.shape == (1, SAMPLE_RATE)
    assert abs(int(np.abs(resampled).argmax()) - round(10_000 * SAMPLE_RATE / 22_050)) <= 1


@pytest.mark.parametrize("content", [b"", b"not a sound at all" * 100])
def test_a_file_that_is_no_sound_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(FailForGood, match=r"song\.mp3") as raised:
        sound.read_sound(path)
    assert raised.value.error_code == "SOUND_UNREADABLE"
    assert raised.value.next_step
