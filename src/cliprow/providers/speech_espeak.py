"""Speech in over a hundred languages without a network: espeak-ng, clear but robotic, a process for each narration."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate

import numpy as np
import regex

from cliprow.errors import FailForGood
from cliprow.media.segments import is_unspaced
from cliprow.media.sound import resample
from cliprow.models import SAMPLE_RATE, Word
from cliprow.providers.alignment import spans_of_events
from cliprow.providers.engine import Engine
from cliprow.providers.language_tags import base
from cliprow.providers.speech import Progress, Sentence, SpokenSentence

_PACKAGE = "espeakng-loader"
_MODULE = "cliprow.providers.espeak_engine"
#: Far more than the slowest speech measured: a thousandth of the time it takes to listen.
_LIMIT_S = 60.0
#: Tags whose espeak-ng voice has a name of its own.
_VOICES = {"zh": "cmn", "zh-hk": "yue", "zh-mo": "yue", "zh-yue": "yue", "es-mx": "es-419", "en": "en-us"}
#: Words a minute, as espeak-ng counts them; its French hurries.
_PACE, _PACES = 170, {"fr": 130}
_KANJI = regex.compile(r"\p{Script=Han}")


class EspeakSpeech:
    """One espeak-ng voice, chosen by language."""

    name = "espeak-ng"
    timing = "phonemes"

    def __init__(self, language: str, voice: str = "") -> None:
        if importlib.util.find_spec("espeakng_loader") is None:
            raise FailForGood(
                f"Speech in {language!r} needs a package that is not installed: {_PACKAGE}.",
                error_code="MISSING_DEPENDENCY",
                next_step="Run `pip install 'cliprow[voice]'`.",
            )
        self._engine = Engine(_MODULE)
        self._language = language
        self.voice = _checked(voice) if voice else _voice_for(language)
        why = (
            "as the settings ask"
            if base(language) == "en"
            else f"for want of a neural voice for {language!r}"
        )
        self.notes: tuple[str, ...] = (f"Spoken by espeak-ng, clear but robotic, {why}.",)

    def say(self, sentences: Sequence[Sentence], progress: Progress) -> list[SpokenSentence]:
        """Say all sentences in a process of their own, so that they sound the same each time."""
        self._check_readable(sentences)
        spaced = [_with_places(sentence) for sentence in sentences]
        self._engine.close()
        try:
            pace = _PACES.get(base(self._language), _PACE)
            request = {
                "voice": self.voice,
                "words_per_minute": pace,
                "sentences": [text for text, _ in spaced],
            }
            header, sound = self._engine.ask(request, limit_s=_LIMIT_S)
        finally:
            self._engine.close()
        rate, place, spoken = int(header["rate"]), 0, []
        everything = np.frombuffer(sound, "<f4").reshape(1, -1)
        for number, (sentence, (_, places), said) in enumerate(
            zip(sentences, spaced, header["sentences"], strict=True), start=1
        ):
            count = int(said["samples"])
            samples = resample(everything[:, place : place + count], rate)
            place += count
            spans = spans_of_events(said["events"], [token.spoken for token in sentence], count, places)
            words = tuple(
                Word(
                    token.text, start * SAMPLE_RATE // rate, min(end * SAMPLE_RATE // rate, samples.shape[1])
                )
                for token, (start, end) in zip(sentence, spans, strict=True)
            )
            spoken.append(SpokenSentence(samples, words))
            progress(number)
        return spoken

    def _check_readable(self, sentences: Sequence[Sentence]) -> None:
        if base(self._language) == "ja" and any(
            _KANJI.search(t.spoken) for sentence in sentences for t in sentence
        ):
            raise FailForGood(
                "espeak-ng reads Japanese only in kana, and this text has kanji.",
                error_code="SPEECH_LANGUAGE_UNSUPPORTED",
                next_step="Write the narration in kana.",
            )


@cache
def _voices() -> dict[str, str]:
    """Ask espeak-ng, once, which languages it speaks, and by which voice."""
    engine = Engine(_MODULE)
    try:
        header, _ = engine.ask({"voices": True}, limit_s=_LIMIT_S)
    finally:
        engine.close()
    return {code.lower(): voice for code, voice in header["voices"].items()}


def languages() -> list[str]:
    """Codes of the languages that it speaks, each the name of a voice too."""
    return sorted(_voices())


def installed() -> str:
    """Name the version that decides how it sounds."""
    try:
        return f"{_PACKAGE}={version(_PACKAGE)}"
    except PackageNotFoundError:
        return "espeak=missing"


def _with_places(sentence: Sentence) -> tuple[str, list[int]]:
    """Join a sentence's words as they are said; return it with the character at which each word starts."""
    pieces = [
        token.spoken + ("" if is_unspaced(token.spoken[-1:]) or number + 1 == len(sentence) else " ")
        for number, token in enumerate(sentence)
    ]
    return "".join(pieces), list(accumulate(map(len, pieces), initial=0))[:-1]


def _voice_for(tag: str) -> str:
    """Choose a voice by the whole tag, else by its language."""
    language = base(tag)
    full = tag.strip().lower().replace("_", "-")
    known = _voices()
    for code in (_VOICES.get(full, full), _VOICES.get(language, language)):
        if code in known:
            return known[code]
    raise FailForGood(
        f"espeak-ng, which speaks languages other than English here, has no voice for {tag!r}.",
        error_code="SPEECH_LANGUAGE_UNSUPPORTED",
        next_step=f"Use one of its languages: {', '.join(sorted({v.split('-')[0] for v in known}))}.",
    )


def _checked(voice: str) -> str:
    """Return a voice that exists, by its name or its language code."""
    known = _voices()
    found = known.get(voice.lower(), voice)
    if found not in known.values():
        raise FailForGood(
            f"espeak-ng has no voice {voice!r}.",
            error_code="SPEECH_VOICE_UNKNOWN",
            next_step="Leave the voice empty, so that it follows the language, or use a language code like es-419.",
        )
    return found
