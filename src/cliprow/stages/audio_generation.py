"""Narration of one scene: speech, as loud as platforms want it, with the time of every word.

A text of which nothing can be said (only emoji, only dashes, nothing at all) gets silence as long as it takes to read,
and a note: a scene may well show something and say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cliprow.errors import FailForGood
from cliprow.media.sound import Samples, even_out, measure, normalise, write_flac
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME, AudioFacts, AudioInputs, Word
from cliprow.providers import speech_espeak, speech_piper
from cliprow.providers.language_tags import base, check_script
from cliprow.providers.sentences import cut_long, split_sentences
from cliprow.providers.speech import SpeechProvider, SpokenSentence
from cliprow.providers.speech_espeak import EspeakSpeech
from cliprow.providers.speech_piper import PiperSpeech
from cliprow.providers.tokens import Token, spoken_form, tokenise
from cliprow.stages import OutputFile, StageOutput, Work

#: Raised whenever this module changes what equal inputs sound like.
_VERSION = 1
_PROVIDERS = ("auto", "piper", "espeak")

TARGET_LUFS, MAX_TRUE_PEAK_DBTP = -14.0, -1.0
#: Silence around the speech, so that a scene's picture is there before its first word and stays after its last.
_LEAD_IN, _LEAD_OUT = SAMPLE_RATE // 4, SAMPLE_RATE * 2 // 5
#: Silence between sentences, beside what the engine leaves itself.
_PAUSE = SAMPLE_RATE // 5
_FADE_IN, _FADE_OUT = SAMPLE_RATE // 200, SAMPLE_RATE // 50
#: Silent narrations: at least this long, then so much for each character to read.
_SILENT, _SILENT_PER_CHARACTER = SAMPLE_RATE * 2, SAMPLE_RATE // 20
#: Engines are given no longer sentences (characters); they take memory and time by the square of it.
_LONGEST_SENTENCE = 240
#: Longest narration of a scene (characters): ten minutes of speech.
_LONGEST_TEXT = 10_000


def version(settings: Mapping[str, str]) -> str:
    """Name what decides how equal text sounds."""
    return f"{_VERSION} {_provider_name(settings)} {speech_piper.installed()} {speech_espeak.installed()}"


def run(inputs: AudioInputs, work: Work) -> StageOutput:
    """Speak one scene's text.

    Raises:
        FailForGood: a language, voice or script that cannot be spoken; a text that is too long.
        RetryLater: the speech engine crashed or stalled.
    """
    if len(inputs.text) > _LONGEST_TEXT:
        raise FailForGood(
            f"The narration of this scene has {len(inputs.text)} characters; at most {_LONGEST_TEXT} can be spoken.",
            error_code="NARRATION_TOO_LONG",
            next_step="Divide it between several scenes.",
        )
    name = _provider_name(work.settings)
    _check_provider(name)
    language = base(inputs.language)
    check_script(inputs.text, language)
    sentences = _sentences(inputs.text, language)
    if not sentences:
        return _silent(inputs.text, work)
    provider = _provider(inputs, name)
    spoken = provider.say(sentences, lambda done: work.progress(0.9 * done / len(sentences)))
    speech, words = _joined(spoken)
    if not speech.any():  # signs that the voice has no name for
        return _silent(inputs.text, work)
    loud = normalise(_framed(even_out(speech)), TARGET_LUFS, MAX_TRUE_PEAK_DBTP)
    notes = (*provider.notes, *_left_out(inputs.text, language))
    return _written(loud, words, work, provider.name, provider.voice, provider.timing, notes)


def _provider_name(settings: Mapping[str, str]) -> str:
    return settings.get("speech.provider", "") or "auto"


def _check_provider(name: str) -> None:
    if name not in _PROVIDERS:
        raise FailForGood(
            f"There is no speech provider {name!r}.",
            error_code="PROVIDER_UNKNOWN",
            next_step=f"Set CLIPROW_SPEECH_PROVIDER to one of: {', '.join(_PROVIDERS)}.",
        )


def _provider(inputs: AudioInputs, name: str) -> SpeechProvider:
    """Choose who speaks: the neural voice for its own language, espeak-ng for all others."""
    speaks = base(inputs.language) == speech_piper.LANGUAGE
    if name == "piper" and not speaks:
        raise FailForGood(
            f"The packaged neural voice speaks English, not {inputs.language!r}.",
            error_code="SPEECH_LANGUAGE_UNSUPPORTED",
            next_step="Set CLIPROW_SPEECH_PROVIDER=auto, so that espeak-ng speaks other languages.",
        )
    if speaks and name != "espeak":
        return PiperSpeech(inputs.voice)
    return EspeakSpeech(inputs.language, inputs.voice)


def _sentences(text: str, language: str) -> list[list[Token]]:
    """Cut a text into sentences of words; what cannot be said joins the nearest word that can."""
    sentences: list[list[Token]] = []
    waiting = ""
    for sentence in split_sentences(text, language):
        for part in cut_long(sentence, _LONGEST_SENTENCE):
            tokens = tokenise(part, language)
            if not tokens:
                continue
            if not tokens[0].spoken:
                if sentences:
                    last = sentences[-1][-1]
                    sentences[-1][-1] = Token(f"{last.text} {tokens[0].text}", last.spoken)
                else:
                    waiting += tokens[0].text + " "
                continue
            tokens[0] = Token(waiting + tokens[0].text, tokens[0].spoken)
            waiting = ""
            sentences.append(tokens)
    return sentences


def _left_out(text: str, language: str) -> tuple[str, ...]:
    """Say which words were not spoken because the voice cannot read their letters."""
    unread = [
        word for word in text.split() if any(map(str.isalpha, word)) and not spoken_form(word, language)
    ]
    return (f"Not spoken, because the voice cannot read it: {' '.join(unread)[:200]}",) if unread else ()


def _joined(spoken: Sequence[SpokenSentence]) -> tuple[Samples, tuple[Word, ...]]:
    """Put sentences one after another with pauses; times then count from the start of the scene."""
    pieces: list[Samples] = []
    words: list[Word] = []
    place = 0
    for number, sentence in enumerate(spoken):
        if number:
            pieces.append(np.zeros((1, _PAUSE), np.float32))
            place += _PAUSE
        pieces.append(_faded(sentence.samples))
        shift = _LEAD_IN + place
        words += [Word(word.text, word.start + shift, word.end + shift) for word in sentence.words]
        place += sentence.samples.shape[1]
    return np.concatenate(pieces, axis=1), tuple(words)


def _faded(samples: Samples) -> Samples:
    """Ease the edges in and out, so that they do not click."""
    faded = samples.copy()
    count = faded.shape[1]
    rise, fall = min(_FADE_IN, count), min(_FADE_OUT, count)
    faded[:, :rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    faded[:, count - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return faded


def _framed(speech: Samples) -> Samples:
    """Put silence around the speech, up to a whole number of pictures."""
    count = _LEAD_IN + speech.shape[1] + _LEAD_OUT
    return np.pad(speech, ((0, 0), (_LEAD_IN, _LEAD_OUT + -count % SAMPLES_PER_FRAME)))


def _silent(text: str, work: Work) -> StageOutput:
    count = _SILENT + _SILENT_PER_CHARACTER * min(len(text), 200)
    silence = np.zeros((1, count + -count % SAMPLES_PER_FRAME), np.float32)
    shown = " ".join(text.split())
    words = (Word(shown, _LEAD_IN, count - _LEAD_OUT),) if shown else ()
    notes = ("Nothing in this scene's text can be spoken, so it is silent.",)
    return _written(silence, words, work, "none", "", "proportional", notes)


def _written(
    samples: Samples,
    words: tuple[Word, ...],
    work: Work,
    provider: str,
    voice: str,
    timing: str,
    notes: tuple[str, ...],
) -> StageOutput:
    path = work.folder / "narration.flac"
    write_flac(path, samples)
    loudness = measure(samples)
    work.progress(1.0)
    facts = AudioFacts(
        sample_count=samples.shape[1],
        words=words,
        provider=provider,
        voice=voice,
        timing=timing,
        notes=notes,
        lufs=loudness.lufs,
        true_peak_dbtp=loudness.true_peak_dbtp,
    )
    return StageOutput(facts, (OutputFile("narration", path, "audio/flac", "narration.flac"),))
