from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from cliprow.errors import FailForGood
from cliprow.media import sound
from cliprow.media.sound import measure, read_sound, write_flac
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME, FileRef, PlatformFacts, PlatformInputs, SceneMedia
from cliprow.stages import platform_adaptation, video_generation
from tests.unit.media.making import ref, rules, scene_inputs, voice, work_in

TEXTS = ("Cold brew is coffee.", "It needs a jar and time.", "Try it tonight.")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[SceneMedia, ...], list[Path]]:
    """Three real scenes with narration at different levels, and their files."""
    folder = tmp_path_factory.mktemp("scenes")
    made, files = [], []
    for number, text in enumerate(TEXTS, 1):
        inputs = scene_inputs(text, number=number, count=3)
        segment = video_generation.run(inputs, work_in(folder / str(number))).files[0].path
        narration = folder / f"{number}.flac"
        write_flac(narration, voice(inputs.sample_count, number) * np.float32(0.3 * number))
        files += [segment, narration]
        made.append(
            SceneMedia(
                scene_number=number,
                heading=f"Scene {number}",
                segment=ref(segment, "segment"),
                narration=ref(narration, "narration"),
                sample_count=inputs.sample_count,
                words=inputs.words,
            )
        )
    return tuple(made), files


def test_scenes_become_one_video_that_keeps_the_platforms_rules(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    inputs = PlatformInputs(rules=rules(), scenes=media[::-1])
    output = platform_adaptation.run(inputs, work_in(tmp_path, *files))
    facts = output.facts
    assert isinstance(facts, PlatformFacts)
    assert facts.scenes_used == (1, 2, 3)
    assert facts.scenes_left_out == ()
    assert -15 <= facts.lufs <= -13
    assert facts.true_peak_dbtp <= -1
    total = sum(scene.sample_count for scene in media)
    assert facts.duration_ms == round(total * 1000 / SAMPLE_RATE)
    (file,) = output.files
    assert (file.role, file.name) == ("video", "tiny.mp4")
    assert abs(measure(read_sound(file.path)).lufs - facts.lufs) < 0.1
    with av.open(str(file.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) * SAMPLES_PER_FRAME == total
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.mp4"]


def test_equal_inputs_give_equal_bytes(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    made = [
        platform_adaptation.run(PlatformInputs(rules=rules(), scenes=media), work_in(tmp_path / name, *files))
        for name in ("a", "b")
    ]
    assert made[0].files[0].path.read_bytes() == made[1].files[0].path.read_bytes()


def test_a_narration_shorter_or_longer_than_its_picture_does_not_move_the_next(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    clicks = []
    for number, scene in enumerate(media):
        samples = voice(scene.sample_count + (number - 1) * 9_000, number) * np.float32(0.02)
        samples[0, 5_000] = 0.9
        path = tmp_path / f"{number}.flac"
        write_flac(path, samples)
        clicks.append(path)
    changed = tuple(
        SceneMedia(
            scene_number=scene.scene_number,
            heading="",
            segment=scene.segment,
            narration=ref(path, "narration"),
            sample_count=scene.sample_count,
            words=(),
        )
        for scene, path in zip(media, clicks, strict=True)
    )
    work = work_in(tmp_path / "work", *files, *clicks)
    narration = platform_adaptation._narration(changed, work)
    starts = np.cumsum([0] + [scene.sample_count for scene in media[:-1]])
    assert narration.shape == (2, sum(scene.sample_count for scene in media))
    assert [int(start) + 5_000 for start in starts] == list(np.flatnonzero(narration[0] > 0.5))


def test_a_silent_video_is_refused_with_what_to_do(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    path = tmp_path / "silence.flac"
    write_flac(path, np.zeros((1, media[0].sample_count), np.float32))
    silent = SceneMedia(
        scene_number=1,
        heading="",
        segment=media[0].segment,
        narration=ref(path),
        sample_count=media[0].sample_count,
        words=(),
    )
    with pytest.raises(FailForGood, match="loudness is -70") as caught:
        platform_adaptation.run(
            PlatformInputs(rules=rules(), scenes=(silent,)), work_in(tmp_path / "w", *files, path)
        )
    assert "silent" in caught.value.next_step


def of_seconds(*seconds: float) -> tuple[SceneMedia, ...]:
    nothing = FileRef(role="x", name="x", sha256="0", path="x", size_bytes=0, media_type="x")
    return tuple(
        SceneMedia(
            scene_number=number,
            heading="",
            segment=nothing,
            narration=nothing,
            sample_count=round(length * SAMPLE_RATE),
            words=(),
        )
        for number, length in enumerate(seconds, 1)
    )


@pytest.mark.parametrize(
    ("seconds", "longest", "chosen"),
    [
        ((5, 5, 5), 60, [1, 2, 3]),
        ((20, 20, 20, 20, 10), 60, [1, 2, 5]),
        ((20, 35, 10, 15), 60, [1, 3, 4]),
        ((30, 10, 40), 60, [1, 2]),
        ((60,), 60, [1]),
        ((50, 20), 60, [1]),
    ],
)
def test_whole_scenes_are_left_out_but_not_the_first_and_if_possible_not_the_last(
    seconds: tuple[float, ...], longest: int, chosen: list[int]
) -> None:
    found = platform_adaptation.choose_scenes(of_seconds(*seconds), rules(max_duration_ms=longest * 1000))
    assert [scene.scene_number for scene in found] == chosen


def test_a_first_scene_that_is_too_long_fails_clearly() -> None:
    with pytest.raises(FailForGood, match=r"first scene lasts 61\.0 s") as caught:
        platform_adaptation.choose_scenes(of_seconds(61, 5), rules(max_duration_ms=60_000))
    assert caught.value.error_code == "TOO_LONG"


def test_a_video_that_is_too_short_fails_clearly() -> None:
    with pytest.raises(FailForGood, match=r"lasts 2\.0 s, shorter than Tiny takes \(3 s\)") as caught:
        platform_adaptation.choose_scenes(of_seconds(1, 1), rules(min_duration_ms=3_000))
    assert caught.value.error_code == "TOO_SHORT"


def test_a_rule_that_the_segments_break_fails_the_task_and_leaves_no_doubt(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    broken = rules(width=1080, height=1920, aspect="9:16", label="TikTok")
    with pytest.raises(FailForGood, match="TikTok: raster is 192x344, wanted 1080x1920") as caught:
        platform_adaptation.run(PlatformInputs(rules=broken, scenes=media), work_in(tmp_path, *files))
    assert caught.value.error_code == "PLATFORM_RULE_BROKEN"


def test_hot_peaks_stay_below_the_ceiling_after_coding(
    scenes: tuple[tuple[SceneMedia, ...], list[Path]], tmp_path: Path
) -> None:
    media, files = scenes
    path = tmp_path / "hot.flac"
    samples = voice(media[0].sample_count) * 0.3
    samples[0, 2_000::6_000] = 0.99
    write_flac(path, samples)
    hot = SceneMedia(
        scene_number=1,
        heading="",
        segment=media[0].segment,
        narration=ref(path),
        sample_count=media[0].sample_count,
        words=(),
    )
    output = platform_adaptation.run(
        PlatformInputs(rules=rules(), scenes=(hot,)), work_in(tmp_path / "w", *files, path)
    )
    assert sound.measure(read_sound(output.files[0].path)).true_peak_dbtp <= -1
