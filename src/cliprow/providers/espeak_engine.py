"""The espeak-ng speech engine as a program: `python -m cliprow.providers.espeak_engine` (see engine_pipe.py).

espeak-ng is licensed under the GPL-3; nothing else in Cliprow loads it. It keeps some state from one sentence to the
next, so equal requests give equal sound only as the first of a process: start one for each narration.

    request   {"voices": true}
    answer    {"voices": {language code: voice}}

    request   {"voice": voice, "words_per_minute": n, "sentences": [text, ...]}
    answer    {"rate": Hz, "sentences": [{"samples": n, "events": [...]}]}

The answer's sound is all sentences, mono float32. An event is `[kind, character, sample]`: kind "word" starts the word
at that character of its sentence, kind "pause" ends a clause.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_short, c_size_t, c_ubyte, c_uint, c_void_p
from functools import cache
from typing import Any

import espeakng_loader
import numpy as np

from cliprow.providers.engine_pipe import Header, serve

# Names and values from espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_RETRIEVAL = 1
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_PARAMETER_RATE = 1
_EVENT_LIST_TERMINATED, _EVENT_WORD, _EVENT_END = 0, 1, 5


class _EventId(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),  # counted from 1
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", POINTER(c_ubyte)),  # a priority byte before each name, the whole ended by a zero
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("xx1", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


@cache
def library() -> tuple[Any, int]:
    """Load and start espeak-ng; return it with its sample rate (Hz)."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    espeak.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
    espeak.espeak_Synth.argtypes = [c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p]
    rate = espeak.espeak_Initialize(_AUDIO_OUTPUT_RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng does not start: its data files are missing or damaged")
    return espeak, rate


def voices() -> dict[str, str]:
    """Map each language code to the voice that speaks it best."""
    espeak, _ = library()
    listed, number = espeak.espeak_ListVoices(None), 0
    best: dict[str, tuple[int, str]] = {}
    while listed[number]:
        voice = listed[number].contents
        place = ctypes.addressof(voice.languages.contents)
        while (priority := ctypes.string_at(place, 1)[0]) != 0:
            code = ctypes.string_at(place + 1)
            offer = (priority, voice.identifier.decode())
            best[code.decode()] = min(best.get(code.decode(), offer), offer)
            place += len(code) + 2
        number += 1
    return {code: identifier for code, (_, identifier) in sorted(best.items())}


def say(text: str) -> tuple[bytes, list[tuple[str, int, int]]]:
    """Say one sentence in the voice that is set; return 16-bit sound and its events."""
    espeak, _ = library()
    sound, events = bytearray(), []

    def collect(samples: Any, count: int, event: Any) -> int:
        if samples and count > 0:
            sound.extend(ctypes.string_at(samples, count * 2))
        number = 0
        while event[number].type != _EVENT_LIST_TERMINATED:
            kind = {_EVENT_WORD: "word", _EVENT_END: "pause"}.get(event[number].type)
            if kind:
                events.append((kind, event[number].text_position - 1, event[number].sample))
            number += 1
        return 0

    callback = _Callback(collect)  # must stay referenced while espeak-ng speaks
    espeak.espeak_SetSynthCallback(callback)
    content = text.encode()
    status = espeak.espeak_Synth(content, len(content) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
    espeak.espeak_Synchronize()
    if status != 0:
        raise RuntimeError(f"espeak-ng refused the text with status {status}")
    return bytes(sound), events


def answer(request: Header) -> tuple[Header, bytes]:
    """List voices, or say sentences."""
    espeak, sample_rate = library()
    if "voices" in request:
        return {"voices": voices()}, b""
    if espeak.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {request['voice']!r}")
    espeak.espeak_SetParameter(_PARAMETER_RATE, int(request["words_per_minute"]), 0)
    sounds: list[bytes] = []
    sentences: list[dict[str, Any]] = []
    for text in request["sentences"]:
        sound, events = say(text)
        samples = np.frombuffer(sound, np.int16).astype("<f4") / 32768
        sounds.append(samples.tobytes())
        sentences.append({"samples": samples.size, "events": events})
    return {"rate": sample_rate, "sentences": sentences}, b"".join(sounds)


if __name__ == "__main__":
    serve(answer)
