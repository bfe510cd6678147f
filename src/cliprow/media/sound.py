"""Sound as numbers: read, write, resample, measure, bring to a loudness.

Samples are `(channels, count)` float32, one channel or two, full scale at 1.0, at `SAMPLE_RATE` unless said
otherwise. Loudness is that of EBU R 128 as libav's `ebur128` measures it; a mono sound counts as one channel,
so the same sound played on two channels measures 3 LU louder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from cliprow.errors import FailForGood
from cliprow.models import SAMPLE_RATE

Samples = NDArray[np.float32]

#: What `ebur128` reports for silence: its absolute gate.
SILENCE_LUFS = -70.0
SILENCE_DBTP = -120.0

#: `ebur128` hands over its figures, and counts sound, in steps of 100 ms.
_MEASURE_STEP = SAMPLE_RATE // 10
#: The meter needs blocks of 400 ms; a shorter sound is repeated until it fills some of them.
_SHORTEST_MEASURED = SAMPLE_RATE
_CHUNK = SAMPLE_RATE
#: Peaks between samples show at four times the rate, which is how true peaks are defined (ITU-R BS.1770).
_OVERSAMPLED = SAMPLE_RATE * 4
#: Raising a near-silent recording further than this would only make its noise loud.
_MAX_GAIN_DB = 40.0
#: Room below the ceiling for what returning from the oversampled rate, and 16-bit storage, add to a peak.
_PEAK_MARGIN_DB = 0.1
_ROUNDS = 6
#: Loudness at which the compressor's threshold meets the louder syllables.
_EVEN_AT_LUFS = -20.0


@dataclass(frozen=True)
class Loudness:
    """How loud a sound is as a whole."""

    #: Integrated loudness; `SILENCE_LUFS` for silence.
    lufs: float
    #: Highest peak, between samples too; `SILENCE_DBTP` for silence.
    true_peak_dbtp: float


def read_sound(path: Path) -> Samples:
    """Decode the first sound stream of a file at `SAMPLE_RATE`; more than two channels are mixed down to two.

    Raises:
        FailForGood: the file holds no sound, or cannot be decoded.
    """
    blocks: list[Samples] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise FailForGood(
                    f"{path.name} holds no sound.",
                    error_code="SOUND_MISSING",
                    next_step="Use a file with a sound track, like WAV, FLAC, MP3 or M4A.",
                )
            stream = container.streams.audio[0]
            layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
            for frame in container.decode(stream):
                blocks.extend(_planar(f) for f in resampler.resample(frame))
            blocks.extend(_planar(f) for f in resampler.resample(None))
    except av.error.FFmpegError as error:
        raise FailForGood(
            f"{path.name} cannot be read as sound: {error.strerror}.",
            error_code="SOUND_UNREADABLE",
            next_step="Export it again as WAV, FLAC, MP3 or M4A.",
        ) from error
    if not blocks:
        raise FailForGood(
            f"{path.name} has a sound track of no length.",
            error_code="SOUND_MISSING",
            next_step="Use a file with a sound track that is not empty.",
        )
    return np.concatenate(blocks, axis=1)


def write_flac(path: Path, samples: Samples) -> None:
    """Write 16-bit FLAC at `SAMPLE_RATE`; equal samples give equal bytes. Beyond full scale is clipped."""
    quantised = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout=_layout(samples), format="s16")
        stream.codec_context.flags |= av.codec.context.Flags.bitexact.value
        for start in range(0, quantised.shape[1], _CHUNK):
            # Packed samples: one row, the channels interleaved.
            packed = np.ascontiguousarray(quantised[:, start : start + _CHUNK].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=_layout(samples))
            frame.rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def measure(samples: Samples) -> Loudness:
    """Measure integrated loudness and true peak; silence and very short sounds are fine."""
    count = samples.shape[1]
    if count == 0 or not samples.any():
        return Loudness(SILENCE_LUFS, SILENCE_DBTP)
    if count < _SHORTEST_MEASURED:
        samples = np.tile(samples, (1, math.ceil(_SHORTEST_MEASURED / count)))
    # Silence at the end, so that the last step is full and the last peak is through the meter's filter.
    padding = _MEASURE_STEP - samples.shape[1] % _MEASURE_STEP + _MEASURE_STEP
    padded = np.pad(samples, ((0, 0), (0, padding)))
    lufs, peak = SILENCE_LUFS, 0.0
    for frame in _filtered(padded, SAMPLE_RATE, [("ebur128", "peak=true:metadata=1")]):
        figures = frame.metadata
        if "lavfi.r128.I" in figures:
            lufs = float(figures["lavfi.r128.I"])
            peaks = [float(v) for k, v in figures.items() if k.startswith("lavfi.r128.true_peaks_ch")]
            peak = max(peak, *peaks)
    return Loudness(
        lufs=max(lufs, SILENCE_LUFS) if math.isfinite(lufs) else SILENCE_LUFS,
        true_peak_dbtp=max(_decibels(peak), SILENCE_DBTP),
    )


def normalise(samples: Samples, target_lufs: float = -14.0, max_true_peak_dbtp: float = -1.0) -> Samples:
    """Bring a sound to a loudness, with every peak below the ceiling. The length stays.

    Silence is returned as it is, and gain is limited to 40 dB. A sound that is all peaks (clicks) ends up
    quieter than asked: the ceiling comes first.
    """
    before = measure(samples)
    if before.lufs <= SILENCE_LUFS:
        return _below(samples, before.true_peak_dbtp, max_true_peak_dbtp)
    gain_db, yield_lu = target_lufs - before.lufs, 1.0
    best, best_miss, last = samples, math.inf, (0.0, before.lufs)
    # A limiter takes some loudness away, so each round aims by what the last one's gain has yielded.
    for _ in range(_ROUNDS):
        gain_db = min(gain_db, _MAX_GAIN_DB)
        louder = samples * np.float32(10 ** (gain_db / 20))
        if before.true_peak_dbtp + gain_db > max_true_peak_dbtp - _PEAK_MARGIN_DB:
            louder = _limited(louder, max_true_peak_dbtp - 2 * _PEAK_MARGIN_DB)
            louder = _below(louder, measure(louder).true_peak_dbtp, max_true_peak_dbtp)
        lufs = measure(louder).lufs
        miss = target_lufs - lufs
        if abs(miss) < best_miss:
            best, best_miss = louder, abs(miss)
        if abs(miss) < 0.1 or gain_db >= _MAX_GAIN_DB:
            break
        if abs(gain_db - last[0]) > 0.05:
            yield_lu = min(max((lufs - last[1]) / (gain_db - last[0]), 0.2), 1.0)
        last = (gain_db, lufs)
        gain_db += miss / yield_lu
    return best


def even_out(speech: Samples) -> Samples:
    """Bring loud and soft syllables nearer to each other (3:1), as recorded voices are; the length stays.

    Without it a limiter has to take ten decibels off every peak before speech is as loud as platforms want it.
    """
    loudness = measure(speech)
    if loudness.lufs <= SILENCE_LUFS:
        return speech
    level = speech * np.float32(10 ** ((_EVEN_AT_LUFS - loudness.lufs) / 20))
    chain = [("acompressor", "threshold=-24dB:ratio=3:attack=5:release=120:knee=6dB")]
    return _fitted(_joined(level, SAMPLE_RATE, chain), speech.shape[1])


def resample(samples: Samples, rate: int) -> Samples:
    """Convert samples taken at `rate` (Hz) to `SAMPLE_RATE`, keeping their place in time."""
    if rate == SAMPLE_RATE or samples.shape[1] == 0:
        return samples
    count = round(samples.shape[1] * SAMPLE_RATE / rate)
    return _fitted(_joined(samples, rate, [("aresample", str(SAMPLE_RATE))]), count)


def _limited(samples: Samples, ceiling_db: float) -> Samples:
    limit = 10 ** (ceiling_db / 20)
    chain = [
        ("aresample", str(_OVERSAMPLED)),
        ("alimiter", f"limit={limit:.6f}:attack=5:release=60:level=false:latency=true"),
        ("aresample", str(SAMPLE_RATE)),
    ]
    return _fitted(_joined(samples, SAMPLE_RATE, chain), samples.shape[1])


def _below(samples: Samples, true_peak_dbtp: float, ceiling_db: float) -> Samples:
    """Lower a sound as a whole by what its peak, as measured, exceeds the ceiling."""
    excess_db = true_peak_dbtp - (ceiling_db - _PEAK_MARGIN_DB)
    return samples * np.float32(10 ** (-excess_db / 20)) if excess_db > 0 else samples


def _fitted(samples: Samples, count: int) -> Samples:
    """Cut or pad the few samples by which a resampler misses the exact length."""
    missing = count - samples.shape[1]
    return np.pad(samples, ((0, 0), (0, missing))) if missing > 0 else samples[:, :count]


def _joined(samples: Samples, rate: int, chain: Sequence[tuple[str, str]]) -> Samples:
    # A tail of silence pushes out what the filters hold back: a few samples alone would not come out at all.
    padded = np.pad(samples, ((0, 0), (0, rate // 10)))
    return np.concatenate([_planar(frame) for frame in _filtered(padded, rate, chain)], axis=1)


def _filtered(samples: Samples, rate: int, chain: Sequence[tuple[str, str]]) -> Iterator[av.AudioFrame]:
    """Run a chain of libav audio filters, each as (name, arguments); yield its frames as planar float."""
    graph, layout = Graph(), _layout(samples)
    source = graph.add_abuffer(sample_rate=rate, format="fltp", layout=layout, time_base=Fraction(1, rate))
    ends = [graph.add(name, arguments) for name, arguments in chain]
    planar = graph.add("aformat", "sample_fmts=fltp")
    graph.link_nodes(source, *ends, planar, graph.add("abuffersink")).configure()
    for start in range(0, samples.shape[1], _CHUNK):
        block = np.ascontiguousarray(samples[:, start : start + _CHUNK], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def _planar(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().astype(np.float32, copy=False)


def _layout(samples: Samples) -> str:
    return "mono" if samples.shape[0] == 1 else "stereo"


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else SILENCE_DBTP
