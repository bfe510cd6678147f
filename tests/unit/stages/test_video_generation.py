from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cliprow.errors import FailForGood
from cliprow.models import FPS, SAMPLE_RATE, VideoFacts
from cliprow.stages import video_generation
from tests.unit.media.making import frames_of, ref, scene_inputs, work_in


def test_a_scene_becomes_a_segment_as_long_as_its_narration(tmp_path: Path) -> None:
    inputs = scene_inputs(points=("Time", "No heat"), count=2)
    steps: list[float] = []
    work = work_in(tmp_path)
    output = video_generation.run(inputs, type(work)(work.folder, {}, {}, steps.append))
    facts = output.facts
    assert isinstance(facts, VideoFacts)
    assert facts.frame_count == inputs.sample_count * FPS // SAMPLE_RATE
    assert facts.layout == "type"
    assert facts.fonts == ("Inter",)
    (file,) = output.files
    assert (file.role, file.media_type) == ("segment", "video/mp4")
    frames = frames_of(file.path)
    assert len(frames) == facts.frame_count
    assert frames[0].size == (inputs.width, inputs.height)
    assert np.asarray(frames[30].convert("L")).std() > np.asarray(frames[0].convert("L")).std()
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    made = [
        video_generation.run(scene_inputs(number=2, count=3, frames=20), work_in(tmp_path / name))
        .files[0]
        .path
        for name in ("a", "b")
    ]
    assert made[0].read_bytes() == made[1].read_bytes()


@pytest.mark.parametrize("size", [(344, 192), (192, 344), (240, 240), (240, 300)])
def test_every_aspect_is_drawn_natively(tmp_path: Path, size: tuple[int, int]) -> None:
    output = video_generation.run(scene_inputs(size=size, frames=12), work_in(tmp_path))
    assert frames_of(output.files[0].path)[5].size == size


def test_the_users_picture_is_the_background(tmp_path: Path) -> None:
    path = tmp_path / "red.jpg"
    Image.new("RGB", (300, 200), "red").save(path)
    inputs = scene_inputs(image=ref(path), frames=10)
    frame = frames_of(video_generation.run(inputs, work_in(tmp_path / "work", path)).files[0].path)[0]
    red, green, blue = frame.getpixel((5, 5))  # type: ignore[misc]
    assert red > 100
    assert max(green, blue) < 40


def test_a_picture_that_cannot_be_read_fails_naming_it(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8 no more")
    with pytest.raises(FailForGood, match=r"holiday\.jpg") as caught:
        video_generation.run(scene_inputs(image=ref(path), frames=10), work_in(tmp_path / "work", path))
    assert caught.value.error_code == "IMAGE_UNREADABLE"


def test_a_script_without_a_font_fails_before_anything_is_encoded(tmp_path: Path) -> None:
    with pytest.raises(FailForGood, match="Tibetan") as caught:
        video_generation.run(scene_inputs("བོད་ཡིག", heading="བོད"), work_in(tmp_path))
    assert caught.value.error_code == "FONT_COVERAGE"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(0, 0), (191, 344), (32, 32)])
def test_a_raster_that_cannot_be_encoded_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(FailForGood, match=f"{size[0]} x {size[1]}"):
        video_generation.run(scene_inputs(size=size, frames=10), work_in(tmp_path))


def test_a_scene_of_one_frame_is_a_video_too(tmp_path: Path) -> None:
    output = video_generation.run(scene_inputs(frames=1), work_in(tmp_path))
    assert len(frames_of(output.files[0].path)) == 1


def test_encoder_settings_are_part_of_the_version() -> None:
    assert video_generation.version({}) != video_generation.version({"video.crf": "23"})
    assert video_generation.version({}) == video_generation.version({"script.provider": "openai"})


@pytest.mark.parametrize("value", ["fast", "99", "-1", "20.5"])
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(FailForGood, match=r"video\.crf"):
        video_generation.run(scene_inputs(frames=10), work_in(tmp_path, settings={"video.crf": value}))
