from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from cliprow.media.boxes import box_paths
from cliprow.media.encode import EncoderSettings, encode_frames, write_segment
from cliprow.media.planes import Planes, new_frame

SIZE = (128, 96)


def numbered(frame: int, target: Planes) -> None:
    """Paint a frame in a luma of its own."""
    target.y[:] = 20 + 4 * (frame % 50)
    target.u[:] = target.v[:] = 128


def test_every_composed_frame_arrives_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_segment(path, *SIZE, 47, numbered)
    with av.open(str(path)) as container:
        lumas = [int(np.frombuffer(memoryview(f.planes[0]), np.uint8)[0]) for f in container.decode(video=0)]
    assert np.abs(np.array(lumas) - [20 + 4 * (n % 50) for n in range(47)]).max() <= 2


def test_a_segment_is_h264_high_with_closed_groups_of_half_a_second(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_segment(path, *SIZE, 40, numbered)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert {context.color_range, context.colorspace, context.color_primaries, context.color_trc} == {1}
        packets = [packet for packet in container.demux(stream) if packet.dts is not None]
        assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == [0, 15, 30]
        assert not container.streams.audio
    layout = box_paths(path)
    assert layout.index("moov") < layout.index("mdat")
    assert not any(name.endswith("elst") for name in layout)


def test_the_ring_never_overwrites_a_frame_the_encoder_still_reads(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    noise = [chance.integers(16, 235, (SIZE[1], SIZE[0]), dtype=np.uint8) for _ in range(30)]

    def noisy(frame: int, target: Planes) -> None:
        target.y[:] = noise[frame]
        target.u[:] = target.v[:] = 128

    frames = []
    for number in range(30):
        frame, planes = new_frame(*SIZE)
        noisy(number, planes)
        frame.pts = number
        frames.append(frame)
    write_segment(tmp_path / "ring.mp4", *SIZE, 30, noisy)
    encode_frames(tmp_path / "own.mp4", *SIZE, frames, EncoderSettings())
    assert (tmp_path / "ring.mp4").read_bytes() == (tmp_path / "own.mp4").read_bytes()


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_segment(tmp_path / name, *SIZE, 20, numbered)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_error_while_composing_is_raised_and_leaves_no_file(tmp_path: Path) -> None:
    def broken(frame: int, target: Planes) -> None:
        if frame == 12:
            raise RuntimeError("paint is out")

    with pytest.raises(RuntimeError, match="paint is out"):
        write_segment(tmp_path / "a.mp4", *SIZE, 40, broken)
    assert list(tmp_path.iterdir()) == []
