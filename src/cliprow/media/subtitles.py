"""Subtitles from spoken words: cues that can be read, as SRT and WebVTT."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cliprow.media import segments
from cliprow.media.captions import SpokenWord
from cliprow.models import SAMPLE_RATE

#: What broadcasters agree on: two lines of 42 columns, one to seven seconds, and time enough to read.
LINES, COLUMNS = 2, 42
SHORTEST_MS, LONGEST_MS = 1_000, 7_000
COLUMNS_A_SECOND = 20
#: Between two cues, so that a change is seen.
GAP_MS = 80
#: A pause this long ends a cue.
PAUSE_MS = 700
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।")
_CLAUSE_END = (",", ";", ":", "、", "，", "；", "：", "،", "؛", "–", "—")
#: Isolates a line written from right to left, so that players put its full stop on the left.
_RIGHT_TO_LEFT_ISOLATE, _POP_ISOLATE = "\u2067", "\u2069"


@dataclass(frozen=True)
class Cue:
    """One or two lines of text, shown from `start_ms` until before `end_ms`."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def columns(text: str) -> int:
    """Return how wide a text is: East Asian wide characters take two columns, marks none."""
    return sum(
        0
        if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in ("W", "F")
        else 1
        for char in text
    )


def cues(words: Sequence[SpokenWord], end_ms: int) -> list[Cue]:
    """Group words (times from the video's start) into cues.

    A cue ends with a sentence, at a pause, or when full; then each lasts as long as reading it takes, if what
    follows leaves the time.

    Args:
        end_ms: length of the video; no cue lasts longer.
    """
    groups: list[list[SpokenWord]] = []
    for word in words:
        if not groups or _starts_cue(groups[-1], word):
            groups.append([word])
        else:
            groups[-1].append(word)
    groups = _merged(groups)
    made: list[Cue] = []
    for number, group in enumerate(groups):
        start = _ms(group[0].start)
        following = _ms(groups[number + 1][0].start) - GAP_MS if number + 1 < len(groups) else end_ms
        text = _joined(group)
        reading = max(SHORTEST_MS, columns(text) * 1000 // COLUMNS_A_SECOND)
        end = min(max(_ms(group[-1].end), start + reading), max(following, start + 1), end_ms)
        made.append(Cue(start, end, tuple(_lines(group))))
    return made


def to_srt(made: Iterable[Cue]) -> str:
    """Write cues as SubRip."""
    return "".join(
        f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{_text(cue)}\n\n"
        for number, cue in enumerate(made, 1)
    )


def to_vtt(made: Iterable[Cue]) -> str:
    """Write cues as WebVTT, where three characters have a meaning of their own."""
    escaped = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return "WEBVTT\n\n" + "".join(
        f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n{_text(cue).translate(escaped)}\n\n"
        for cue in made
    )


def _starts_cue(group: list[SpokenWord], word: SpokenWord) -> bool:
    """Whether `word` starts a new cue after `group`."""
    last, text = group[-1], _joined(group)
    if _ms(word.start - last.end) > PAUSE_MS or _ms(word.end - group[0].start) > LONGEST_MS:
        return True
    if not _fits([*group, word]):
        return True
    closing = last.text.rstrip("\"'”’»)」』")
    if closing.endswith(_SENTENCE_END):
        return columns(text) >= COLUMNS // 3
    return closing.endswith(_CLAUSE_END) and columns(text) > COLUMNS * 1.4


def _merged(groups: list[list[SpokenWord]]) -> list[list[SpokenWord]]:
    """Join a cue too short to be read to the one before it, where both fit together."""
    merged: list[list[SpokenWord]] = []
    for group in groups:
        if (
            merged
            and _ms(group[-1].end - group[0].start) < SHORTEST_MS
            and _ms(group[0].start - merged[-1][-1].end) <= PAUSE_MS
            and _ms(group[-1].end - merged[-1][0].start) <= LONGEST_MS
            and _fits(merged[-1] + group)
        ):
            merged[-1].extend(group)
        else:
            merged.append(list(group))
    return merged


def _fits(group: list[SpokenWord]) -> bool:
    """Whether whole words fill at most two lines; a single word may be as long as it likes."""
    return len(group) == 1 or columns(_joined(group)) <= COLUMNS or bool(_two_lines(group))


def _lines(group: Sequence[SpokenWord]) -> list[str]:
    """Break a cue into lines: one if it fits, else two; only a word longer than a line is broken itself."""
    whole = _joined(group)
    if columns(whole) <= COLUMNS:
        return [whole]
    return _two_lines(group) or _hard_broken(whole)


def _two_lines(group: Sequence[SpokenWord]) -> list[str]:
    """Break between words into two lines of about the same length, rather after a clause; empty if they do not fit."""
    splits = ((_joined(group[:i]), _joined(group[i:]), group[i - 1]) for i in range(1, len(group)))
    fitting = [
        (abs(columns(first) - columns(second)) - (8 if last.text.endswith(_CLAUSE_END) else 0), first, second)
        for first, second, last in splits
        if columns(first) <= COLUMNS and columns(second) <= COLUMNS
    ]
    return list(min(fitting)[1:]) if fitting else []


def _hard_broken(text: str) -> list[str]:
    """Break a text without usable gaps between its characters."""
    lines = [""]
    for cluster in segments.clusters(text):
        if columns(lines[-1] + cluster) > COLUMNS:
            lines.append("")
        lines[-1] += cluster
    return lines


def _joined(group: Sequence[SpokenWord]) -> str:
    return "".join(
        (" " if number and word.space_before else "") + word.text for number, word in enumerate(group)
    )


def _text(cue: Cue) -> str:
    return "\n".join(
        f"{_RIGHT_TO_LEFT_ISOLATE}{line}{_POP_ISOLATE}" if segments.is_right_to_left(line) else line
        for line in cue.lines
    )


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


def _time(ms: int, point: str) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"
