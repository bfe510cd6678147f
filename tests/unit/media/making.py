"""Small real media for the tests: scenes, narration, segments, and a platform that takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from PIL import Image

from cliprow.media.sound import Samples
from cliprow.models import (
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    FileRef,
    PlatformRules,
    SceneScript,
    SceneType,
    Tone,
    VideoInputs,
    Word,
)
from cliprow.stages import Work

#: A raster that encodes in no time and still has room for two lines of captions.
SMALL = (192, 344)


def words_of(text: str, step: int = 14_400, start: int = 3_200) -> tuple[Word, ...]:
    """Time words evenly, `step` samples each (0.3 s)."""
    return tuple(
        Word(word, start + number * step, start + (number + 1) * step - 800)
        for number, word in enumerate(text.split())
    )


def scene_inputs(
    text: str = "Cold brew needs time. It needs no heat.",
    *,
    heading: str = "Cold brew",
    points: Sequence[str] = (),
    number: int = 1,
    count: int = 1,
    kind: SceneType = SceneType.MAIN_CONTENT,
    size: tuple[int, int] = SMALL,
    frames: int | None = None,
    language: str = "en",
    tone: Tone = Tone.EDUCATIONAL,
    image: FileRef | None = None,
) -> VideoInputs:
    """Describe one scene; its length follows from its words unless `frames` is given."""
    words = words_of(text)
    length = frames * SAMPLES_PER_FRAME if frames else words[-1].end + SAMPLE_RATE // 4
    return VideoInputs(
        scene=SceneScript(
            scene_number=number,
            scene_type=kind,
            voiceover_text=text,
            visual_description="",
            heading=heading,
            points=tuple(points),
        ),
        scene_count=count,
        aspect="9:16",
        width=size[0],
        height=size[1],
        language=language,
        tone=tone,
        sample_count=-(-length // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME,
        words=words,
        image=image,
    )


def work_in(folder: Path, *files: Path, settings: dict[str, str] | None = None) -> Work:
    """Return a working folder with input files known by their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    return Work(folder, settings or {}, {digest(path): path for path in files}, lambda fraction: None)


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ref(path: Path, role: str = "image", media_type: str = "application/octet-stream") -> FileRef:
    """Describe a file as it would be stored."""
    return FileRef(
        role=role,
        name=path.name,
        sha256=digest(path),
        path=f"tenant/{path.name}",
        size_bytes=path.stat().st_size,
        media_type=media_type,
    )


def voice(sample_count: int, seed: int = 0) -> Samples:
    """Return mono sound with the ups and downs of speech."""
    chance = np.random.default_rng(seed)
    time = np.arange(sample_count) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 15))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time + seed)
    sound = syllables * (0.08 * tone + chance.normal(0, 0.01, sample_count))
    return sound.astype(np.float32)[None, :]


def frames_of(path: Path) -> list[Image.Image]:
    """Decode all pictures of a video."""
    with av.open(str(path)) as container:
        return [
            Image.fromarray(
                frame.reformat(format="rgb24", src_colorspace="ITU709", dst_color_range="JPEG").to_ndarray()
            )
            for frame in container.decode(video=0)
        ]


def rules(**changes: object) -> PlatformRules:
    """Return a platform that takes what the tests make, with changes."""
    usual: dict[str, object] = {
        "platform": "tiny",
        "label": "Tiny",
        "aspect": "24:43",
        "width": SMALL[0],
        "height": SMALL[1],
        "min_duration_ms": 500,
        "max_duration_ms": 60_000,
        "max_size_bytes": 10_000_000,
        "max_fps": 60,
        "min_fps": 23,
        "max_gop_frames": 15,
        "max_video_bit_rate": 12_000_000,
        "audio_bit_rate": 128_000,
        "refuses_edit_list": True,
        "thumbnail_width": 320,
        "thumbnail_height": 180,
        "max_thumbnail_bytes": 200_000,
        "max_title_chars": 100,
        "max_description_chars": 500,
        "max_hashtags": 5,
    }
    return PlatformRules(**{**usual, **changes})  # type: ignore[arg-type]
