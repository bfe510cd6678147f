"""Topics in, finished videos out, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import av

from cliprow.media.sound import measure, read_sound
from tests.acceptance.conftest import TOPIC, Home


def test_a_topic_becomes_whole_packages_and_again_from_artifacts(home: Home) -> None:
    first = home.create(TOPIC, platforms="youtube,tiktok")
    assert first["batch"]["status"] == "completed", home.log()
    folders = [home.folder / folder for folder in first["exported"]]
    assert [folder.name for folder in folders] == ["tiktok", "youtube"]
    for folder, size in zip(folders, [(1080, 1920), (1920, 1080)], strict=True):
        assert {file.name for file in folder.iterdir()} == {
            "video.mp4",
            "subtitles.srt",
            "subtitles.vtt",
            "thumbnail.jpg",
            "metadata.json",
        }
        check_video(folder / "video.mp4", size)
        metadata = json.loads((folder / "metadata.json").read_text())
        assert metadata["title"]
        assert metadata["hashtags"]
        assert metadata["reused_task_count"] == 0

    second = home.create(TOPIC, platforms="youtube,tiktok")
    assert second["batch"]["status"] == "completed", home.log()
    for folder in second["exported"]:
        metadata = json.loads((home.folder / folder / "metadata.json").read_text())
        assert metadata["reused_task_count"] == metadata["task_count"] > 0
    assert (home.folder / second["exported"][0] / "video.mp4").read_bytes() == (
        folders[0] / "video.mp4"
    ).read_bytes()


def check_video(file: Path, size: tuple[int, int]) -> None:
    """Every frame and sample decodes; picture and sound end together; speech is as loud as it should be."""
    with av.open(str(file)) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert (container.streams.video[0].width, container.streams.video[0].height) == size
    sound = read_sound(file)
    assert abs(sound.shape[1] / 48_000 - frames / 30) < 1 / 30
    loudness = measure(sound)
    assert abs(loudness.lufs + 14) <= 1
    assert loudness.true_peak_dbtp <= -1


def test_one_bad_row_stops_all_before_anything_starts(home: Home) -> None:
    bad = home.run("batch", "create", "-", stdin="topic,platforms\nGood,youtube\n,youtube\nOdd,myspace\n")
    assert bad.returncode == 1
    assert "line 3" in bad.stderr
    assert "line 4" in bad.stderr
    assert "--skip-invalid" in bad.stderr
    assert json.loads(home.run("batch", "list", "--json").stdout) == []


def test_a_picture_that_is_none_is_named_with_its_line(home: Home) -> None:
    (home.folder / "broken.png").write_bytes(b"not a picture")
    (home.folder / "topics.csv").write_text("topic,images\nGood,\nBad,broken.png\n")
    done = home.run("batch", "create", "topics.csv")
    assert done.returncode == 1
    assert "line 3" in done.stderr
    assert "broken.png" in done.stderr
