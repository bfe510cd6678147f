from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cliprow.errors import FailForGood
from cliprow.media import sound
from cliprow.media.encode import MP4_OPTIONS, write_segment
from cliprow.media.join import join
from cliprow.media.planes import Planes
from cliprow.media.validate import check_file
from cliprow.models import SAMPLES_PER_FRAME
from tests.unit.media.making import SMALL, rules, voice

FRAMES = 45


def paint(frame: int, target: Planes) -> None:
    target.y[:] = 60 + frame % 100
    target.u[:] = target.v[:] = 128


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that keeps every rule."""
    folder = tmp_path_factory.mktemp("finished")
    write_segment(folder / "s.mp4", *SMALL, FRAMES, paint)
    levelled = sound.normalise(np.repeat(voice(FRAMES * SAMPLES_PER_FRAME), 2, axis=0), -14, -1.5)
    join(folder / "video.mp4", [folder / "s.mp4"], levelled, 128_000)
    return folder / "video.mp4"


def otherwise(
    path: Path,
    *,
    container: dict[str, str] = MP4_OPTIONS,
    x264: str = "keyint=15:bframes=2",
    pix_fmt: str = "yuv420p",
    colours: int = 1,
    rate: int = 48_000,
    layout: str = "stereo",
    gain: float = 1.0,
    sound_frames: int = FRAMES,
) -> Path:
    """Write a video that is made in another way than ours."""
    with av.open(str(path), "w", format="mp4", options=container) as output:
        video = output.add_stream("libx264", rate=30, options={"preset": "veryfast", "x264-params": x264})
        video.width, video.height, video.pix_fmt = *SMALL, pix_fmt
        context = video.codec_context
        context.color_range = context.colorspace = context.color_primaries = context.color_trc = colours
        audio = output.add_stream("aac", rate=rate, layout=layout)
        chance = np.random.default_rng(0)
        for number in range(FRAMES):
            shade = chance.integers(0, 255, (SMALL[1], SMALL[0], 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        mono = (
            sound.normalise(np.repeat(voice(sound_frames * SAMPLES_PER_FRAME), 2, axis=0), -14, -2)[0] * gain
        )
        samples = np.repeat(mono[None, :: 48_000 // rate], 1 if layout == "mono" else 2, axis=0)
        for start in range(0, samples.shape[1], 1024):
            part = np.ascontiguousarray(samples[:, start : start + 1024], np.float32)
            block = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            block.rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
            output.mux(audio.encode(block))
        output.mux(audio.encode(None))
    return path


def test_our_own_video_keeps_every_rule(finished: Path) -> None:
    found, loudness = check_file(finished, rules())
    assert found["raster"] == "192x344"
    assert found["video codec"] == "h264 High"
    assert found["colour"] == "BT.709 limited range"
    assert found["longest GOP"] == "15 frames"
    assert found["GOP"] == "closed"
    assert found["B-frames in a row"] in ("1", "2")
    assert found["edit list"] == "none"
    assert found["index"] == "before the media"
    assert found["audio codec"] == "aac LC"
    assert -15 <= loudness.lufs <= -13
    assert loudness.true_peak_dbtp <= -1


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("raster", {"width": 1080, "height": 1920}),
        ("aspect", {"aspect": "9:16"}),
        ("shortest duration", {"min_duration_ms": 3_000}),
        ("longest duration", {"max_duration_ms": 1_400}),
        ("size", {"max_size_bytes": 1_000}),
        ("frame rate", {"min_fps": 50}),
        ("longest GOP", {"max_gop_frames": 12}),
        ("video bit rate", {"max_video_bit_rate": 100}),
        ("audio bit rate", {"audio_bit_rate": 32_000}),
    ],
)
def test_a_broken_rule_fails_naming_rule_and_platform(
    finished: Path, rule: str, changes: dict[str, object]
) -> None:
    with pytest.raises(FailForGood, match=f"of Tiny: {rule} is .*, wanted ") as caught:
        check_file(finished, rules(**changes))
    assert caught.value.error_code == "PLATFORM_RULE_BROKEN"
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("edit list", {"container": {"movflags": "+faststart"}}),
        ("index", {"container": {"movflags": "+negative_cts_offsets", "use_editlist": "0"}}),
        ("longest GOP", {"x264": "keyint=60:scenecut=0"}),
        ("GOP is open", {"x264": "keyint=15:min-keyint=1:scenecut=0:bframes=2:open-gop=1"}),
        ("B-frames in a row", {"x264": "keyint=15:scenecut=0:bframes=5:b-adapt=0"}),
        ("pixel format", {"pix_fmt": "yuv444p"}),
        ("colour", {"colours": 5}),
        ("audio rate", {"rate": 24_000}),
        ("audio channels", {"layout": "mono"}),
        ("loudness", {"gain": 0.3}),
        ("true peak", {"gain": 1.6}),
        ("sound and picture end apart by", {"sound_frames": FRAMES + 3}),
    ],
)
def test_what_breaks_a_rule_is_found_in_the_file_itself(
    tmp_path: Path, rule: str, made: dict[str, object]
) -> None:
    path = otherwise(tmp_path / "other.mp4", **made)  # type: ignore[arg-type]
    with pytest.raises(FailForGood, match=rule) as caught:
        check_file(path, rules(max_video_bit_rate=10**9))
    assert caught.value.error_code == "PLATFORM_RULE_BROKEN"


def test_an_edit_list_is_fine_where_the_platform_takes_one(tmp_path: Path) -> None:
    path = otherwise(tmp_path / "other.mp4", container={"movflags": "+faststart"})
    with pytest.raises(FailForGood) as caught:
        check_file(path, rules(max_video_bit_rate=1, refuses_edit_list=False))
    assert "edit list" not in caught.value.message


@pytest.mark.parametrize("kept", [0, 40, 5_000])
def test_a_file_that_is_cut_off_cannot_be_read(finished: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(finished.read_bytes()[:kept])
    with pytest.raises(FailForGood) as caught:
        check_file(path, rules())
    assert caught.value.error_code == "VIDEO_UNREADABLE"
