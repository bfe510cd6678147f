"""video_generation: one scene at one raster becomes a segment, video only, ready to be joined without a new encode."""

from __future__ import annotations

from collections.abc import Mapping

from cliprow.errors import FailForGood
from cliprow.media import kernels, pictures
from cliprow.media.encode import EncoderSettings, write_segment
from cliprow.media.fonts import Fonts
from cliprow.media.scene import LAYOUT, Scene, ground_size, texts_of
from cliprow.models import SAMPLES_PER_FRAME, VideoFacts, VideoInputs
from cliprow.stages import OutputFile, StageOutput, Work

#: Raised whenever equal inputs would be drawn differently.
_DRAWING = 1


def version(settings: Mapping[str, str]) -> str:
    """Return what decides the bytes beside the inputs: drawing, encoder, the user's font."""
    return f"{LAYOUT}-{_DRAWING} {_encoder(settings)} {settings.get('visuals.font', '')}".strip()


def run(inputs: VideoInputs, work: Work) -> StageOutput:
    """Draw and encode one scene.

    Raises:
        FailForGood: FONT_COVERAGE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, or INVALID_INPUT for a raster or length
            that cannot be encoded.
    """
    _check(inputs)
    fonts = Fonts(inputs.language, work.settings.get("visuals.font", ""))
    faces = fonts.check(*texts_of(inputs))
    picture = None
    if inputs.image is not None:
        size = ground_size(inputs.width, inputs.height)
        picture = pictures.open_picture(work.open(inputs.image), inputs.image.name, *size)
    work.progress(0.02)
    kernels.warm_up()
    scene = Scene(inputs, fonts, picture)
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
    return EncoderSettings(
        settings.get("video.preset", default.preset),
        int(settings.get("video.crf", default.crf)),
        int(settings.get("video.threads", default.threads)),
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
