"""platform_adaptation: scenes become one platform's video. Pictures are joined as they are, sound is made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from cliprow.errors import FailForGood
from cliprow.media import sound, validate
from cliprow.media.join import join
from cliprow.models import SAMPLE_RATE, PlatformFacts, PlatformInputs, PlatformRules, SceneMedia
from cliprow.stages import OutputFile, StageOutput, Work

#: Coding to AAC may raise peaks a little: the first try leaves this room, later ones what was missing (dB).
_PEAK_ROOM = 0.5
_TRIES = 3


def version(settings: Mapping[str, str]) -> str:
    """Return what decides the bytes beside the inputs."""
    return "join-1 aac-1"


def run(inputs: PlatformInputs, work: Work) -> StageOutput:
    """Join the scenes that fit the platform, and check the file against its rules.

    Raises:
        FailForGood: TOO_LONG, TOO_SHORT, SEGMENTS_DIFFER, VIDEO_UNREADABLE or PLATFORM_RULE_BROKEN.
    """
    rules = inputs.rules
    scenes = choose_scenes(inputs.scenes, rules)
    narration = _narration(scenes, work)
    work.progress(0.1)
    path = work.folder / f"{rules.platform}.mp4"
    segments = [work.open(scene.segment) for scene in scenes]
    _write(path, segments, narration, rules, lambda fraction: work.progress(0.1 + 0.7 * fraction))
    checks, loudness = validate.check_file(path, rules)
    work.progress(1.0)
    chosen = {scene.scene_number for scene in scenes}
    facts = PlatformFacts(
        duration_ms=round(sum(scene.sample_count for scene in scenes) * 1000 / SAMPLE_RATE),
        width=rules.width,
        height=rules.height,
        scenes_used=tuple(scene.scene_number for scene in scenes),
        scenes_left_out=tuple(s.scene_number for s in inputs.scenes if s.scene_number not in chosen),
        lufs=loudness.lufs,
        true_peak_dbtp=loudness.true_peak_dbtp,
        checks=checks,
    )
    return StageOutput(facts, (OutputFile("video", path, "video/mp4", path.name),))


def choose_scenes(scenes: Sequence[SceneMedia], rules: PlatformRules) -> list[SceneMedia]:
    """Return the scenes that fit the platform's longest duration, whole and in order.

    The first scene always stays, the last one where it fits beside the first; of those between, the earlier
    ones come first.

    Raises:
        FailForGood: TOO_LONG, not even the first scene fits; TOO_SHORT, all together are too short.
    """
    ordered = sorted(scenes, key=lambda scene: scene.scene_number)
    if not ordered:
        raise FailForGood("The job has no scenes.", next_step="Write a script with at least one scene.")
    room = rules.max_duration_ms * SAMPLE_RATE // 1000
    chosen: list[SceneMedia] = []
    for scene in (ordered[0], *ordered[-1:][: len(ordered) - 1], *ordered[1:-1]):
        if scene.sample_count <= room:
            chosen.append(scene)
            room -= scene.sample_count
        elif not chosen:
            raise FailForGood(
                f"The first scene lasts {_seconds(scene.sample_count)}, longer than {rules.label} takes "
                f"({rules.max_duration_ms / 1000:g} s).",
                error_code="TOO_LONG",
                next_step="Split the scene, or shorten what it says.",
            )
    total = sum(scene.sample_count for scene in chosen)
    if total * 1000 < rules.min_duration_ms * SAMPLE_RATE:
        raise FailForGood(
            f"The video lasts {_seconds(total)}, shorter than {rules.label} takes ({rules.min_duration_ms / 1000:g} s).",
            error_code="TOO_SHORT",
            next_step="Give the script more to say or a longer target length, then submit it again.",
        )
    return sorted(chosen, key=lambda scene: scene.scene_number)


def _narration(scenes: Sequence[SceneMedia], work: Work) -> sound.Samples:
    """Return the narration of all scenes as stereo, each scene exactly as long as its picture."""
    parts = []
    for scene in scenes:
        samples = sound.read_sound(work.open(scene.narration))[:, : scene.sample_count]
        samples = np.pad(samples, ((0, 0), (0, scene.sample_count - samples.shape[1])))
        parts.append(np.repeat(samples, 2, axis=0) if samples.shape[0] == 1 else samples)
    return np.concatenate(parts, axis=1)


def _write(
    path: Path,
    segments: Sequence[Path],
    narration: sound.Samples,
    rules: PlatformRules,
    progress: Callable[[float], None],
) -> None:
    """Write the video, again with lower peaks while coding has raised them above the limit."""
    ceiling = validate.MAX_TRUE_PEAK - _PEAK_ROOM
    for _ in range(_TRIES):
        levelled = sound.normalise(narration, validate.TARGET_LUFS, ceiling)
        join(path, segments, levelled, rules.audio_bit_rate, progress)
        excess = sound.measure(sound.read_sound(path)).true_peak_dbtp - validate.MAX_TRUE_PEAK
        if excess <= 0:
            return
        ceiling -= excess + 0.1


def _seconds(samples: int) -> str:
    return f"{samples / SAMPLE_RATE:.1f} s"
