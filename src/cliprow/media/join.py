"""Segments and narration become one video: pictures are copied as they are, sound is encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from cliprow.errors import FailForGood
from cliprow.media import atomic
from cliprow.media.encode import MP4_OPTIONS
from cliprow.media.sound import Samples
from cliprow.models import FPS, SAMPLE_RATE

# Generic in the type stubs only.
_VideoPacket: TypeAlias = "Packet[VideoStream]"
_AudioPacket: TypeAlias = "Packet[AudioStream]"

#: Samples in one AAC packet.
_AAC_SAMPLES = 1024


def join(
    path: Path,
    segments: Sequence[Path],
    sound: Samples,
    audio_bit_rate: int,
    progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """Write an MP4 of all segments in order with `sound` (2, count) under them; no edit list, index first.

    Raises:
        FailForGood: SEGMENTS_DIFFER, the segments were encoded in different ways.
    """
    with atomic.renamed(path) as unfinished:
        with av.open(str(unfinished), "w", format="mp4", options=MP4_OPTIONS) as container:
            with av.open(str(segments[0])) as first:
                picture = container.add_stream_from_template(first.streams.video[0])
                header = first.streams.video[0].codec_context.extradata
            track = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", format="fltp")
            track.bit_rate = audio_bit_rate
            track.codec_context.flags |= av.codec.context.Flags.bitexact.value
            spoken = _aac_packets(track, sound)
            waiting = next(spoken, None)
            for number, packet in enumerate(_picture_packets(segments, header)):
                while waiting is not None and (waiting.pts or 0) * FPS <= number * SAMPLE_RATE:
                    container.mux(waiting)
                    waiting = next(spoken, None)
                packet.stream = picture
                container.mux(packet)
                progress(min(1.0, number / FPS * SAMPLE_RATE / sound.shape[1]))
            if waiting is not None:
                container.mux(waiting)
            container.mux(list(spoken))


def _picture_packets(segments: Sequence[Path], header: bytes | None) -> Iterator[_VideoPacket]:
    """Yield the packets of all segments, each segment moved behind the one before it."""
    frames = 0
    for path in segments:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.codec_context.extradata != header:
                raise FailForGood(
                    f"The segment {path.name} was encoded in another way than the first one, so they cannot be joined.",
                    error_code="SEGMENTS_DIFFER",
                    next_step="Generate the video stage of this job again, so that all scenes are made alike.",
                )
            assert stream.time_base is not None
            offset = round(frames / FPS / stream.time_base)
            for packet in container.demux(stream):
                if packet.dts is None:  # the demuxer's end mark
                    continue
                packet.pts = (packet.pts or 0) + offset
                packet.dts += offset
                frames += 1
                yield packet


def _aac_packets(track: AudioStream, sound: Samples) -> Iterator[_AudioPacket]:
    """Encode stereo sound so that it starts with the picture.

    The encoder delays sound by one packet. An edit list would say so, but platforms refuse those: the first
    packet, which holds only that delay, is dropped, and silence fills the last one.
    """
    padded = np.pad(sound, ((0, 0), (0, -sound.shape[1] % _AAC_SAMPLES)))
    for start in range(0, padded.shape[1], _AAC_SAMPLES):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(padded[:, start : start + _AAC_SAMPLES]), format="fltp", layout="stereo"
        )
        frame.rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield from (packet for packet in track.encode(frame) if (packet.pts or 0) >= 0)
    yield from (packet for packet in track.encode(None) if (packet.pts or 0) >= 0)
