"""video_generation: one scene at one raster becomes a segment, video only, ready to be joined without a new encode."""

from __future__ import annotations

from collections.abc import Mapping

from cliprow.errors import FailForGood
from cliprow.media import pictures
from cliprow.media.encode import PRESETS, EncoderSettings, write_segment
from cliprow.media.fonts import Fonts, font_version
from cliprow.media.logo import open_logo
from cliprow.media.scene import LAYOUT, Scene, ground_size, texts_of
from cliprow.models import SAMPLES_PER_FRAME, VideoFacts, VideoInputs
from cliprow.stages import OutputFile, StageOutput, Work

#: Raised whenever equal inputs would be drawn differently.
_DRAWING = 1


def version(settings: Mapping[str, str]) -> str:
    """Return what decides the bytes beside the inputs: drawing, encoder, the user's font."""
    return (
        f"{LAYOUT}-{_DRAWING} {_encoder(settings)} {font_version(settings.get('visuals.font', ''))}".strip()
    )


def run(inputs: VideoInputs, work: Work) -> StageOutput:
    """Draw and encode one scene.

    Raises:
        FailForGood: FONT_COVERAGE, FONT_MISSING, FONT_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_SETTING, or
            INVALID_INPUT for a raster or length that cannot be encoded.
    """
    from cliprow.media import kernels

    _check(inputs)
    fonts = Fonts(inputs.language, work.settings.get("visuals.font", ""), inputs.brand.font)
    faces = fonts.check(*texts_of(inputs))
    picture = None
    if inputs.image is not None:
        size = ground_size(inputs.width, inputs.height)
        picture = pictures.open_picture(work.open(inputs.image), inputs.image.name, *size)
    work.progress(0.02)
    kernels.warm_up()
    logo = open_logo(work.open(inputs.brand.logo)) if inputs.brand.logo else None
    scene = Scene(inputs, fonts, picture, logo)
    name = f"scene-{inputs.scene.scene_number:03d}-{inputs.width}x{inputs.height}.mp4"
    path = work.folder / name
    write_segment(
        path,
        inputs.width,
        inputs.height,
        scene.frame_count,
        scene.compose,
        settings=_encoder(work.settings),
        progress=lambda fraction: work.progress(0.05 + 0.95 * fraction),
    )
    facts = VideoFacts(
        frame_count=scene.frame_count, width=inputs.width, height=inputs.height, layout=LAYOUT, fonts=faces
    )
    return StageOutput(facts, (OutputFile("segment", path, "video/mp4", name),))


def _encoder(settings: Mapping[str, str]) -> EncoderSettings:
    """Read the encoder's settings: `video.preset`, `video.crf`, `video.threads`."""
    default = EncoderSettings()
    preset = settings.get("video.preset") or default.preset
    if preset not in PRESETS:
        raise _no_setting("video.preset", preset, f"one of {', '.join(PRESETS)}")
    return EncoderSettings(
        preset,
        _number(settings, "video.crf", default.crf, 51),
        _number(settings, "video.threads", default.threads, 64),
    )


def _number(settings: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = settings.get(name) or str(default)
    if not value.isdecimal() or int(value) > most:
        raise _no_setting(name, value, f"a whole number from 0 to {most}")
    return int(value)


def _no_setting(name: str, value: str, wanted: str) -> FailForGood:
    variable = f"CLIPROW_{name.replace('.', '_').upper()}"
    return FailForGood(
        f"The setting {name} is {value!r}, which is not {wanted}.",
        error_code="INVALID_SETTING",
        next_step=f"Correct {variable} for the workers, restart them, and retry the task.",
    )


def _check(inputs: VideoInputs) -> None:
    if inputs.width % 4 or inputs.height % 4 or min(inputs.width, inputs.height) < 64:
        raise FailForGood(
            f"A raster of {inputs.width} x {inputs.height} cannot be encoded.",
            next_step="Give the platform a width and height that are multiples of 4 and at least 64.",
        )
    if inputs.sample_count < SAMPLES_PER_FRAME:
        raise FailForGood(
            f"Scene {inputs.scene.scene_number} has no narration, so it has no length.",
            next_step="Give the scene something to say, or leave it out.",
        )
