"""A finished file held against its platform's rules: every rule is looked up in the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from cliprow.errors import FailForGood
from cliprow.media import boxes, sound
from cliprow.models import SAMPLE_RATE, PlatformRules

#: Loudness every platform plays without turning it down (LUFS), how far it may be off, and the highest peak (dBTP).
TARGET_LUFS, LUFS_TOLERANCE, MAX_TRUE_PEAK = -14.0, 1.0, -1.0
#: H.264 NAL unit of a picture that nothing before it is needed for.
_IDR = 5
_RETRY = (
    "Retry the video stage of this job; if it happens again, the rule and the encoder disagree: report it."
)


@dataclass(frozen=True)
class Check:
    """One rule, and what the file has to say about it."""

    rule: str
    found: str
    wanted: str
    holds: bool
    #: What the reader can do when it does not hold.
    next_step: str = _RETRY


@dataclass(frozen=True)
class _Pictures:
    """What the packets of the picture track tell without decoding them."""

    count: int
    #: Longest distance between key frames, in frames.
    longest_gop: int
    #: Every key frame is an IDR picture, so no picture refers across it.
    closed: bool
    #: Most B-frames in a row.
    b_frames: int
    bit_rate: int
    fps: Fraction


def check_file(path: Path, rules: PlatformRules) -> tuple[dict[str, str], sound.Loudness]:
    """Check every rule and return what was found by rule, and the loudness of the file's sound.

    Raises:
        FailForGood: PLATFORM_RULE_BROKEN, naming every broken rule, or VIDEO_UNREADABLE.
    """
    try:
        layout = boxes.box_paths(path)
        with av.open(str(path)) as container:
            checks = _container_checks(container, path, rules)
        checks += _layout_checks(layout, rules)
        checks.append(_decodes(path))
    except (av.error.FFmpegError, ValueError) as error:
        raise FailForGood(
            f"The finished video for {rules.label} cannot be read back: {error}.",
            error_code="VIDEO_UNREADABLE",
            next_step=_RETRY,
        ) from error
    loudness = sound.measure(sound.read_sound(path))
    checks += _loudness_checks(loudness)
    broken = [check for check in checks if not check.holds]
    if broken:
        details = "; ".join(f"{check.rule} is {check.found}, wanted {check.wanted}" for check in broken)
        raise FailForGood(
            f"The finished video breaks {'a rule' if len(broken) == 1 else 'rules'} of {rules.label}: {details}.",
            error_code="PLATFORM_RULE_BROKEN",
            next_step=broken[0].next_step,
        )
    return {check.rule: check.found for check in checks}, loudness


def _container_checks(
    container: av.container.InputContainer, path: Path, rules: PlatformRules
) -> list[Check]:
    """Check tracks, raster, codec, timing and size."""
    if len(container.streams.video) != 1 or len(container.streams.audio) != 1:
        found = f"{len(container.streams.video)} picture and {len(container.streams.audio)} sound tracks"
        return [Check("tracks", found, "one of each", False)]
    video, audio = container.streams.video[0], container.streams.audio[0]
    assert video.time_base and audio.time_base and video.duration and audio.duration
    context, voice = video.codec_context, audio.codec_context
    pictures = _read_pictures(container)
    picture_s = float(video.duration * video.time_base)
    sound_s = float(audio.duration * audio.time_base)
    off_ms = abs(picture_s - sound_s) * 1000
    size = path.stat().st_size
    audio_rate = audio.bit_rate or voice.bit_rate or 0
    colours = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
    shorter = "Shorten the script or its target length, then submit it again."
    longer = "Give the script more to say or a longer target length, then submit it again."
    return [
        _equal("raster", f"{context.width}x{context.height}", f"{rules.width}x{rules.height}"),
        _equal("aspect", _aspect(context.width, context.height), rules.aspect),
        Check("pixel shape", str(video.sample_aspect_ratio or 1), "1", (video.sample_aspect_ratio or 1) == 1),
        Check(
            "shortest duration",
            f"{picture_s:.3f} s",
            f"at least {rules.min_duration_ms / 1000:g} s",
            picture_s * 1000 >= rules.min_duration_ms,
            longer,
        ),
        Check(
            "longest duration",
            f"{max(picture_s, sound_s):.3f} s",
            f"at most {rules.max_duration_ms / 1000:g} s",
            max(picture_s, sound_s) * 1000 <= rules.max_duration_ms,
            shorter,
        ),
        Check(
            "size",
            f"{size} bytes",
            f"at most {rules.max_size_bytes} bytes",
            size <= rules.max_size_bytes,
            shorter,
        ),
        _equal("video codec", f"{context.name} {context.profile}", "h264 High"),
        _equal("pixel format", str(context.pix_fmt), "yuv420p"),
        _equal("colour", _colour_name(*colours), _colour_name(1, 1, 1, 1)),
        Check(
            "frame rate",
            f"{float(pictures.fps):g} fps",
            f"{rules.min_fps} to {rules.max_fps} fps",
            rules.min_fps <= pictures.fps <= rules.max_fps,
        ),
        Check(
            "longest GOP",
            f"{pictures.longest_gop} frames",
            f"at most {rules.max_gop_frames} frames",
            pictures.longest_gop <= rules.max_gop_frames,
        ),
        _equal("GOP", "closed" if pictures.closed else "open", "closed"),
        Check("B-frames in a row", str(pictures.b_frames), "at most 2", pictures.b_frames <= 2),
        Check(
            "video bit rate",
            f"{pictures.bit_rate} b/s",
            f"at most {rules.max_video_bit_rate} b/s",
            pictures.bit_rate <= rules.max_video_bit_rate,
        ),
        _equal("audio codec", f"{voice.name} {voice.profile}", "aac LC"),
        _equal("audio rate", f"{voice.sample_rate} Hz", f"{SAMPLE_RATE} Hz"),
        _equal("audio channels", voice.layout.name, "stereo"),
        Check(
            "audio bit rate",
            f"{audio_rate} b/s",
            f"about {rules.audio_bit_rate} b/s",
            audio_rate <= rules.audio_bit_rate * 1.1,  # less is fine: silence needs few bits
        ),
        Check(
            "sound and picture end apart by",
            f"{off_ms:.1f} ms",
            "less than one frame",
            off_ms * float(pictures.fps) < 1000,
        ),
    ]


def _read_pictures(container: av.container.InputContainer) -> _Pictures:
    """Read every packet of the picture track."""
    stream = container.streams.video[0]
    assert stream.time_base is not None
    keys: list[int] = []
    closed, size, shown, run, b_frames, count = True, 0, -(1 << 62), 0, 0, 0
    for packet in container.demux(stream):
        if packet.dts is None or packet.pts is None:
            continue
        if packet.is_keyframe:
            keys.append(count)
            closed = closed and _IDR in _nal_types(bytes(packet))
        # A picture shown before one that was decoded earlier can only be a B-frame.
        run = run + 1 if packet.pts < shown else 0
        b_frames = max(b_frames, run)
        shown = max(shown, packet.pts)
        size += packet.size
        count += 1
    seconds = float((stream.duration or 0) * stream.time_base) or 1.0
    gaps = [after - before for before, after in zip(keys, [*keys[1:], count], strict=True)]
    closed = closed and bool(keys) and keys[0] == 0
    return _Pictures(
        count,
        max(gaps, default=count),
        closed,
        b_frames,
        round(size * 8 / seconds),
        Fraction(count, 1) / Fraction(stream.duration or 1) / stream.time_base,
    )


def _nal_types(packet: bytes) -> set[int]:
    """Return the types of the NAL units in a packet, each led by its length in four bytes."""
    types, place = set(), 0
    while place + 5 <= len(packet):
        types.add(packet[place + 4] & 0x1F)
        place += 4 + int.from_bytes(packet[place : place + 4], "big")
    return types


def _layout_checks(layout: list[str], rules: PlatformRules) -> list[Check]:
    """Check the order of boxes, and that sound and picture start without an edit list."""
    edits = sum(name.endswith("/elst") for name in layout)
    index_first = "moov" in layout and "mdat" in layout and layout.index("moov") < layout.index("mdat")
    allowed = not rules.refuses_edit_list
    return [
        Check(
            "edit list",
            "none" if not edits else str(edits),
            "any" if allowed else "none",
            allowed or not edits,
        ),
        Check(
            "index", "before the media" if index_first else "after the media", "before the media", index_first
        ),
    ]


def _decodes(path: Path) -> Check:
    """Decode the first and the last pictures; those between were copied from segments that were checked alike."""
    decoded = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoded += sum(1 for _, _ in zip(range(2), container.decode(stream), strict=False))
        container.seek(stream.duration or 0, stream=stream)
        decoded += sum(1 for _ in container.decode(stream))
    return Check("first and last pictures", "decode" if decoded > 2 else "missing", "decode", decoded > 2)


def _loudness_checks(loudness: sound.Loudness) -> list[Check]:
    voice = "Check that the narration is not silent; retry the audio stage of this job."
    return [
        Check(
            "loudness",
            f"{loudness.lufs:.1f} LUFS",
            f"{TARGET_LUFS:g} LUFS within {LUFS_TOLERANCE:g}",
            abs(loudness.lufs - TARGET_LUFS) <= LUFS_TOLERANCE,
            voice,
        ),
        Check(
            "true peak",
            f"{loudness.true_peak_dbtp:.1f} dBTP",
            f"at most {MAX_TRUE_PEAK:g} dBTP",
            round(loudness.true_peak_dbtp, 1) <= MAX_TRUE_PEAK,
        ),
    ]


def _equal(rule: str, found: str, wanted: str) -> Check:
    return Check(rule, found, wanted, found == wanted)


def _aspect(width: int, height: int) -> str:
    ratio = Fraction(width, height)
    return f"{ratio.numerator}:{ratio.denominator}"


def _colour_name(span: int, matrix: int, primaries: int, transfer: int) -> str:
    """Name colour tags, of which 1 stands for BT.709, and for limited range."""
    tags = (matrix, primaries, transfer)
    name = "BT.709" if tags == (1, 1, 1) else "/".join(map(str, tags))
    return f"{name} {'limited' if span == 1 else 'full' if span == 2 else 'unsaid'} range"
