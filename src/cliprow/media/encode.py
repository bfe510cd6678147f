"""Frames to H.264: composed on one thread, encoded on another, in a small ring of frames."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cliprow.media import atomic
from cliprow.media.planes import Planes, new_frame
from cliprow.models import FPS

#: Fills one frame: frame number, and planes to write into (their old content is of no use).
Compose = Callable[[int, Planes], None]

#: One waits to be encoded while one is composed and one is inside the encoder; more only costs memory.
_RING = 6
#: H.264 High. Half a second to a key frame, as the strictest platform asks; two B-frames, none of them referred to.
_X264 = {
    "keyint": str(FPS // 2),
    "min-keyint": str(FPS // 2),
    "scenecut": "0",
    "open-gop": "0",
    "bframes": "2",
    "b-pyramid": "none",
}
#: Presets of x264, quick to thorough.
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
#: Bits a second for 1920x1080, kept below what the strictest platform takes.
_MAX_BIT_RATE_1080P = 10_000_000
#: No edit list (some platforms refuse it), index before the media.
MP4_OPTIONS = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "fflags": "+bitexact"}


@dataclass(frozen=True)
class EncoderSettings:
    """What decides the bytes of a segment beside its frames."""

    preset: str = "veryfast"
    crf: int = 20
    #: Threads inside x264. One per worker is best for batches: frames are composed on another core meanwhile.
    threads: int = 1

    def __str__(self) -> str:
        return f"x264-{self.preset}-crf{self.crf}-threads{self.threads}"


def write_segment(
    path: Path,
    width: int,
    height: int,
    frame_count: int,
    compose: Compose,
    *,
    settings: EncoderSettings = EncoderSettings(),
    progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """Compose `frame_count` frames and encode them as a video-only MP4 with closed groups of pictures."""
    frames = _composed(width, height, frame_count, compose)
    encode_frames(path, width, height, frames, settings, lambda number: progress((number + 1) / frame_count))


def encode_frames(
    path: Path,
    width: int,
    height: int,
    frames: Iterable[VideoFrame],
    settings: EncoderSettings,
    encoded: Callable[[int], None] = lambda number: None,
) -> None:
    """Encode frames as they come; each may be overwritten once the next one is asked for.

    Args:
        encoded: called with the number of each frame.
    """
    with atomic.renamed(path) as unfinished:
        with av.open(str(unfinished), "w", format="mp4", options=MP4_OPTIONS) as container:
            stream = _video_stream(container, width, height, settings)
            for number, frame in enumerate(frames):
                container.mux(stream.encode(frame))
                encoded(number)
            container.mux(stream.encode(None))


def _video_stream(
    container: av.container.OutputContainer, width: int, height: int, settings: EncoderSettings
) -> VideoStream:
    max_rate = max(500_000, _MAX_BIT_RATE_1080P * width * height // (1920 * 1080)) // 1000
    parameters = {**_X264, "vbv-maxrate": str(max_rate), "vbv-bufsize": str(2 * max_rate)}
    stream = container.add_stream(
        "libx264",
        rate=FPS,
        options={
            "preset": settings.preset,
            "crf": str(settings.crf),
            "profile": "high",
            "x264-params": ":".join(f"{key}={value}" for key, value in parameters.items()),
        },
    )
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base = Fraction(1, FPS)
    context = stream.codec_context
    context.thread_count = settings.threads
    # 1 stands for BT.709 in all three, and for limited range.
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = 1
    return stream


def _composed(width: int, height: int, frame_count: int, compose: Compose) -> Iterator[VideoFrame]:
    """Yield composed frames; each is overwritten soon after the next one is asked for."""
    ready: queue.Queue[VideoFrame | BaseException] = queue.Queue(_RING - 3)
    stop = threading.Event()

    def put(item: VideoFrame | BaseException) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def produce() -> None:
        try:
            ring = [new_frame(width, height) for _ in range(_RING)]
            for number in range(frame_count):
                frame, planes = ring[number % _RING]
                compose(number, planes)
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                put(frame)
                if stop.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - the encoding thread raises it
            put(error)

    thread = threading.Thread(target=produce, name="compose", daemon=True)
    thread.start()
    try:
        for _ in range(frame_count):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
