"""What voices and styles there are, and samples of them, made by the code of the stages themselves; and logos, checked.

    python -m cliprow.stages.samples

A program of its own, with limits on memory and time, because engines and codecs may crash. A JSON request comes on
standard input, and the answer leaves on standard output:

    {"voices": {}, "settings"}                              JSON: [{voice, language, label, provider, is_default}]
    {"voice": {"language", "voice"}, "settings"}            FLAC: a sentence or two, spoken
    {"style": {"style", "width", "height"}, "settings"}     JPEG: a frame in the style
    {"logo": "base64", "settings"}                          PNG: an uploaded logo, checked and cleaned

An error leaves with status 1 as JSON {error_code, message, next_step}.
"""

from __future__ import annotations

import base64
import io
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from cliprow.errors import CliprowError, FailForGood
from cliprow.media.fonts import Fonts
from cliprow.media.logo import clean_logo
from cliprow.media.planes import new_frame, to_rgb
from cliprow.media.scene import Scene
from cliprow.models import FPS, SAMPLE_RATE, AudioInputs, SceneScript, SceneType, Tone, VideoInputs
from cliprow.providers import speech_espeak, speech_piper
from cliprow.providers.language_tags import base
from cliprow.stages import Work, audio_generation

#: Address space (bytes) and processor time (seconds) of one request; a neural voice takes most of the first.
_MEMORY_BYTES, _PROCESSOR_S = 6 << 30, 60
#: What a voice says; where there is nothing in its language, it counts.
_SAYS = {
    "de": "So klingt diese Stimme. Sie erzählt Ihr nächstes Video.",
    "en": "This is how this voice sounds. It tells your next video.",
    "es": "Así suena esta voz. Cuenta su próximo vídeo.",
    "fr": "Voici comment sonne cette voix. Elle raconte votre prochaine vidéo.",
    "it": "Questa voce suona così. Racconta il suo prossimo video.",
    "pt": "É assim que esta voz soa. Ela conta o seu próximo vídeo.",
}
_COUNTS = "1, 2, 3, 4, 5."


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice, as `voice` of a topic names it."""

    voice: str
    #: BCP 47 tag of what it speaks.
    language: str
    label: str
    provider: str
    #: Speaks its language when a topic names no voice.
    is_default: bool


def voices(settings: dict[str, str]) -> list[Voice]:
    """Every voice that the audio stage takes with these settings: the packaged neural one, and those of espeak-ng."""
    provider = settings.get("speech.provider", "") or "auto"
    found = []
    if provider in ("auto", "piper") and "missing" not in speech_piper.installed():
        found.append(
            Voice(
                voice=speech_piper.VOICE,
                language=speech_piper.VOICE.partition("-")[0].replace("_", "-"),
                label="Joe (English, neural)",
                provider="piper",
                is_default=True,
            )
        )
    if provider in ("auto", "espeak") and "missing" not in speech_espeak.installed():
        codes = [code for code in speech_espeak.languages() if _is_tag(code)]
        found += [
            Voice(
                voice=code,
                language=code,
                label=f"{code} (espeak-ng)",
                provider="espeak-ng",
                is_default=code == base(code),
            )
            for code in codes
            # The neural voice speaks its own language unless the settings say otherwise.
            if provider == "espeak" or base(code) != speech_piper.LANGUAGE
        ]
    return found


def _is_tag(code: str) -> bool:
    try:
        return bool(base(code))
    except FailForGood:  # names of dialects that no topic can ask for
        return False


def speak(language: str, voice: str, settings: dict[str, str]) -> bytes:
    """A sample of a voice as FLAC, made by the audio stage."""
    text = _SAYS.get(base(language), _COUNTS)
    with tempfile.TemporaryDirectory(prefix="cliprow-sample-") as folder:
        work = Work(Path(folder), settings, {}, lambda _fraction: None)
        made = audio_generation.run(AudioInputs(text=text, language=language, voice=voice), work)
        return made.files[0].path.read_bytes()


def draw(style: str, width: int, height: int, settings: dict[str, str]) -> bytes:
    """A frame in a style as JPEG, drawn by what draws every frame of a video."""
    scene = SceneScript(
        scene_number=1,
        scene_type=SceneType.MAIN_CONTENT,
        voiceover_text="",
        visual_description="",
        heading="Your next video",
        points=("What is said", "What is seen"),
    )
    inputs = VideoInputs(
        scene=scene,
        scene_count=1,
        aspect="",
        width=width,
        height=height,
        tone=Tone(style),
        sample_count=6 * SAMPLE_RATE,
    )
    drawn = Scene(inputs, Fonts("en", settings.get("visuals.font", "")), None)
    _frame, planes = new_frame(width, height)
    drawn.compose(5 * FPS, planes)
    buffer = io.BytesIO()
    to_rgb(planes).save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue()


def _answer(request: dict[str, Any]) -> bytes:
    settings: dict[str, str] = request["settings"]
    if "voice" in request:
        return speak(**request["voice"], settings=settings)
    if "logo" in request:
        return clean_logo(base64.b64decode(request["logo"]))
    if "style" in request:
        return draw(**request["style"], settings=settings)
    return msgspec.json.encode(voices(settings))


def main() -> None:
    """Answer one request."""
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    # Whatever a library prints goes to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        answer, status = _answer(msgspec.json.decode(sys.stdin.buffer.read())), 0
    except CliprowError as error:
        told = {"error_code": error.error_code, "message": error.message, "next_step": error.next_step}
        answer, status = msgspec.json.encode(told), 1
    out.write(answer)
    out.flush()
    sys.exit(status)


if __name__ == "__main__":
    main()
