"""Sentences parted into scenes, each of one thought."""

from __future__ import annotations

from collections.abc import Sequence

from cliprow.providers.brief_sentences import LONGEST_S, Sentence

#: Seconds of speech in a scene: aimed at, and too few.
_AIM_S, _SHORTEST_S = 7.5, 5.0
#: What it costs to cut at a place, in squares of a third of the seconds that a scene is off the aim.
_TIED, _LEANS, _OPENS, _COUNTS = 30.0, 1.0, -0.6, -2.5


def parted(sentences: Sequence[Sentence], before_s: float = 0.0) -> list[list[Sentence]]:
    """Part the sentences of a section into scenes of about equal length, cut where a thought ends.

    Args:
        before_s: seconds that are spoken in the first scene before its first sentence.
    """
    # best[n]: the least cost of the first n sentences, and where the last of their scenes starts.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(sentences) + 1):
        options: list[tuple[float, int]] = []
        seconds = 0.0
        for start in range(end - 1, -1, -1):
            seconds += sentences[start].seconds + (before_s if start == 0 else 0.0)
            if seconds > 2 * LONGEST_S and options:
                break
            cut = _cut_cost(sentences[start]) if start else 0.0
            options.append((best[start][0] + _length_cost(seconds) + cut, start))
        best.append(min(options))
    scenes: list[list[Sentence]] = []
    end = len(sentences)
    while end:
        start = best[end][1]
        scenes.insert(0, list(sentences[start:end]))
        end = start
    return scenes


def _length_cost(seconds: float) -> float:
    off = ((seconds - _AIM_S) / 3.0) ** 2
    return off + 4.0 * max(0.0, seconds - LONGEST_S) + 2.0 * max(0.0, _SHORTEST_S - seconds)


def _cut_cost(sentence: Sentence) -> float:
    """Return what it costs that a scene starts with this sentence."""
    if sentence.tied:
        return _TIED
    if sentence.place:
        return _COUNTS
    return (_LEANS if sentence.leans else 0.0) + (_OPENS if sentence.opens else 0.0)
