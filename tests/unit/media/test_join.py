from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from cliprow.errors import FailForGood
from cliprow.media.boxes import box_paths
from cliprow.media.encode import EncoderSettings, write_segment
from cliprow.media.join import join
from cliprow.media.planes import Planes
from cliprow.media.sound import read_sound
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME

SIZE = (128, 96)


def segment(path: Path, frames: int, luma: int, preset: str = "veryfast") -> Path:
    def paint(frame: int, target: Planes) -> None:
        target.y[:] = luma
        target.u[:] = target.v[:] = 128

    write_segment(path, *SIZE, frames, paint, settings=EncoderSettings(preset))
    return path


def test_pictures_are_copied_bit_by_bit_and_shown_one_frame_after_another(tmp_path: Path) -> None:
    parts = [segment(tmp_path / f"{n}.mp4", frames, 40 + 60 * n) for n, frames in enumerate((20, 7, 31))]
    sound = np.zeros((2, 58 * SAMPLES_PER_FRAME), np.float32)
    join(tmp_path / "all.mp4", parts, sound, 128_000)
    with av.open(str(tmp_path / "all.mp4")) as container:
        stream = container.streams.video[0]
        decoded = list(container.decode(stream))
        assert stream.time_base is not None
        times = [float(frame.pts * stream.time_base) * 30 for frame in decoded if frame.pts is not None]
    assert np.allclose(times, range(58))
    lumas = [int(np.frombuffer(memoryview(frame.planes[0]), np.uint8)[0]) for frame in decoded]
    assert np.abs(np.array(lumas) - ([40] * 20 + [100] * 7 + [160] * 31)).max() <= 2
    copied = [bytes(packet) for part in parts for packet in packets_of(part)]
    assert copied == [bytes(packet) for packet in packets_of(tmp_path / "all.mp4")]


def packets_of(path: Path) -> list[av.Packet]:  # type: ignore[type-arg]
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.dts is not None]


@pytest.mark.parametrize("frame", [3, 20, 41])
def test_a_click_is_heard_at_its_very_sample(tmp_path: Path, frame: int) -> None:
    at = frame * SAMPLES_PER_FRAME + 77
    sound = np.zeros((2, 60 * SAMPLES_PER_FRAME), np.float32)
    sound[:, at] = 0.9
    join(tmp_path / "a.mp4", [segment(tmp_path / "s.mp4", 60, 90)], sound, 192_000)
    heard = read_sound(tmp_path / "a.mp4")
    assert int(np.abs(heard[0]).argmax()) == at


def test_sound_and_pictures_end_within_one_frame_and_there_is_no_edit_list(tmp_path: Path) -> None:
    for frames in (31, 45, 64):
        path = tmp_path / f"{frames}.mp4"
        sound = np.zeros((2, frames * SAMPLES_PER_FRAME), np.float32)
        join(path, [segment(tmp_path / "s.mp4", frames, 90)], sound, 128_000)
        with av.open(str(path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert video.duration and video.time_base and audio.duration and audio.time_base
            assert abs(video.duration * video.time_base - audio.duration * audio.time_base) * 30 < 1
            assert video.start_time == audio.start_time == 0
        assert not any(name.endswith("elst") for name in box_paths(path))
        assert read_sound(path).shape[1] - frames * SAMPLES_PER_FRAME in range(1024)


def test_segments_of_different_making_are_refused(tmp_path: Path) -> None:
    one = segment(tmp_path / "1.mp4", 20, 50)
    other = segment(tmp_path / "2.mp4", 20, 50, "ultrafast")
    with pytest.raises(FailForGood, match=r"2\.mp4") as caught:
        join(tmp_path / "all.mp4", [one, other], np.zeros((2, SAMPLE_RATE), np.float32), 128_000)
    assert caught.value.error_code == "SEGMENTS_DIFFER"
    assert not (tmp_path / "all.mp4").exists()


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    part = segment(tmp_path / "s.mp4", 30, 70)
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 30 * SAMPLES_PER_FRAME)).astype(np.float32)
    for name in ("a.mp4", "b.mp4"):
        join(tmp_path / name, [part], sound, 128_000)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
