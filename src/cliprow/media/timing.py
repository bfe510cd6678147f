"""When each point of a scene is said."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence

from cliprow.models import SAMPLES_PER_FRAME, Word

#: Frames between two points, at least, so that each is seen to come.
_APART = 12


def point_frames(points: Sequence[str], words: Sequence[Word], frame_count: int, earliest: int) -> list[int]:
    """Return the frame in which each point appears: when the narration comes to it, else evenly between the others.

    Args:
        earliest: no point appears before this frame.
    """
    latest = max(earliest, frame_count * 4 // 5)
    spoken = [_key(word.text) for word in words]
    found: list[int | None] = []
    place = 0
    for point in points:
        hit = _first_match({_key(token) for token in point.split()} - {""}, spoken, place)
        if hit is None:
            found.append(None)
        else:
            found.append(words[hit].start // SAMPLES_PER_FRAME)
            place = hit + 1
    frames = _filled(found, earliest, latest)
    for number in range(len(frames)):
        floor = frames[number - 1] + _APART if number else earliest
        ceiling = max(floor, latest - _APART * (len(frames) - 1 - number))
        frames[number] = min(max(frames[number], floor), ceiling)
    return frames


def _first_match(tokens: set[str], spoken: list[str], place: int) -> int | None:
    """Return the first word at or after `place` from which on at least half of the tokens are said."""
    if not tokens:
        return None
    window = len(tokens) + 4
    for start in range(place, len(spoken)):
        if spoken[start] in tokens:
            heard = tokens.intersection(spoken[start : start + window])
            if 2 * len(heard) >= len(tokens) and (len(heard) > 1 or len(tokens) == 1):
                return start
    return None


def _filled(found: list[int | None], earliest: int, latest: int) -> list[int]:
    """Spread the points that were not found evenly between their neighbours that were."""
    marks = [(-1, earliest), *((i, f) for i, f in enumerate(found) if f is not None), (len(found), latest)]
    frames: list[int] = []
    for (before, start), (after, end) in itertools.pairwise(marks):
        for number in range(before + 1, after):
            # The first point of all comes at once; later ones part the time between their neighbours.
            share = (number - before - (before < 0)) / (after - before - (before < 0))
            frames.append(round(start + (end - start) * share))
        if after < len(found):
            frames.append(end)
    return frames


def _key(token: str) -> str:
    """Return a word as compared: folded, letters and digits only."""
    return "".join(char for char in unicodedata.normalize("NFKC", token).casefold() if char.isalnum())
