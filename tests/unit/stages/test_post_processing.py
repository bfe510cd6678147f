from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from cliprow.models import SAMPLE_RATE, Chapter, FileRef, PostFacts, PostInputs, SceneMedia, Word
from cliprow.stages import post_processing, video_generation
from tests.unit.media.making import digest, ref, rules, scene_inputs, words_of, work_in

NOTHING = FileRef(role="x", name="x", sha256="0", path="x", size_bytes=0, media_type="x")


def scene(number: int, seconds: float, heading: str = "", words: tuple[Word, ...] = ()) -> SceneMedia:
    return SceneMedia(
        scene_number=number,
        heading=heading,
        segment=NOTHING,
        narration=NOTHING,
        sample_count=round(seconds * SAMPLE_RATE),
        words=words,
    )


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    return video_generation.run(scene_inputs(frames=20, count=2), work_in(folder)).files[0].path


def post_inputs(video: Path, **changes: object) -> PostInputs:
    usual: dict[str, object] = {
        "rules": rules(),
        "title": "Cold brew at home",
        "description": "How to make cold brew.",
        "key_points": ("Coarse coffee", "Twelve hours"),
        "hashtags": ("#cold brew", "coffee"),
        "video": ref(video, "video"),
        "duration_ms": 60_000,
        "scenes": (
            scene(1, 20, "Start", words_of("Cold brew is coffee that takes its time.")),
            scene(2, 20, "Middle", words_of("It needs a jar.")),
            scene(3, 20, "End", words_of("Try it tonight.")),
        ),
    }
    return PostInputs(**{**usual, **changes})  # type: ignore[arg-type]


def test_a_package_holds_subtitles_thumbnail_and_a_manifest_with_true_checksums(
    video: Path, tmp_path: Path
) -> None:
    inputs = post_inputs(video)
    output = post_processing.run(inputs, work_in(tmp_path, video))
    files = {file.role: file for file in output.files}
    assert set(files) == {"subtitles_srt", "subtitles_vtt", "thumbnail", "manifest"}
    manifest = msgspec.json.decode(files["manifest"].path.read_bytes())
    assert manifest["title"] == "Cold brew at home"
    assert manifest["hashtags"] == ["#coldbrew", "#coffee"]
    assert [chapter["title"] for chapter in manifest["chapters"]] == ["Start", "Middle", "End"]
    listed = {entry["role"]: entry for entry in manifest["files"]}
    assert listed["video"]["sha256"] == digest(video)
    for role in ("subtitles_srt", "subtitles_vtt", "thumbnail"):
        assert listed[role]["sha256"] == digest(files[role].path)
        assert listed[role]["size_bytes"] == files[role].path.stat().st_size
    with Image.open(files["thumbnail"].path) as image:
        assert (image.format, image.size) == ("JPEG", (320, 180))


def test_subtitles_count_from_the_start_of_the_video(video: Path, tmp_path: Path) -> None:
    output = post_processing.run(post_inputs(video), work_in(tmp_path, video))
    srt = next(file for file in output.files if file.role == "subtitles_srt").path.read_text("utf-8")
    starts = re.findall(r"^(\S+) -->", srt, re.MULTILINE)
    assert [start[:8] for start in starts] == ["00:00:00", "00:00:20", "00:00:40"]


def test_equal_inputs_give_equal_bytes(video: Path, tmp_path: Path) -> None:
    made = [post_processing.run(post_inputs(video), work_in(tmp_path / name, video)) for name in ("a", "b")]
    for one, other in zip(made[0].files, made[1].files, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


@pytest.mark.parametrize(
    ("scenes", "expected"),
    [
        ((scene(1, 12, "A"), scene(2, 12, "B"), scene(3, 12, "C")), [(0, "A"), (12_000, "B"), (24_000, "C")]),
        ((scene(1, 12, "A"), scene(2, 12, "B")), []),
        ((scene(1, 12, "A"), scene(2, 12, "B"), scene(3, 5, "C")), []),
        (
            (scene(1, 5, "A"), scene(2, 8, "B"), scene(3, 12, "C"), scene(4, 12, "D")),
            [(0, "A"), (13_000, "C"), (25_000, "D")],
        ),
        (
            (scene(1, 4), scene(2, 12, "B"), scene(3, 12, "C"), scene(4, 12, "D")),
            [(0, "B"), (16_000, "C"), (28_000, "D")],
        ),
    ],
)
def test_chapters_start_at_zero_and_last_ten_seconds_or_there_are_none(
    scenes: tuple[SceneMedia, ...], expected: list[tuple[int, str]]
) -> None:
    found = post_processing.chapters(scenes)
    assert found == tuple(Chapter(start_ms=start, title=title) for start, title in expected)


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 10, "short"),
        ("cold brew at home", 12, "cold brew…"),
        ("cold brew at home", 10, "cold brew…"),
        ("Donaudampfschiff", 8, "Donauda…"),
        ("cold brew, at home", 11, "cold brew…"),
        ("👩‍🚀👩‍🚀👩‍🚀", 7, "👩‍🚀👩‍🚀…"),
        ("水出しコーヒーの作り方", 6, "水出しコー…"),
    ],
)
def test_texts_are_cut_at_words_and_never_inside_a_character(text: str, most: int, expected: str) -> None:
    assert post_processing.cut(text, most) == expected
    assert len(post_processing.cut(text, most)) <= most


def test_the_description_takes_whole_lists_only(video: Path) -> None:
    full = post_processing.describe(post_inputs(video))
    assert "• Twelve hours" in full
    assert "0:20 Middle" in full
    short = post_processing.describe(post_inputs(video, rules=rules(max_description_chars=60)))
    assert "• Twelve hours" in short
    assert "Middle" not in short
    assert len(post_processing.describe(post_inputs(video, description="word " * 300))) <= 500


def test_hashtags_are_letters_only_once_each_and_few(video: Path) -> None:
    tags = ("#Cold Brew!", "cold-brew", "#", "2024", "हिन्दी", "日本語", "c++", "a", "b", "d")
    assert post_processing.tidy_hashtags(tags, 5) == ("#ColdBrew", "#हिन्दी", "#日本語", "#c", "#a")


def test_a_title_in_any_script_gets_a_thumbnail(video: Path, tmp_path: Path) -> None:
    inputs = post_inputs(video, title="كيف تصنع قهوة باردة 🎉", language="ar")
    output = post_processing.run(inputs, work_in(tmp_path, video))
    assert isinstance(output.facts, PostFacts)
    assert output.files[0].name == "tiny.ar.srt"
