"""When each written word is said, from what an engine tells of its own sound.

Spans are `(first sample, sample after the last)`; they never overlap and never go back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

Span = tuple[int, int]

#: Phonemes that are silence, or shape it.
_SILENT = frozenset(" ^$_,.;:!?¡¿…-—()\"'«»“”")
_REPLACE, _SKIP = 1.0, 0.7
#: Shortest word in a sound that has room for it, in samples; keeps a word from being shown for no time at all.
_SHORTEST = 400


def spans_of_phonemes(heard: Sequence[tuple[str, int]], expected: Sequence[Sequence[str]]) -> list[Span]:
    """Place words by the phonemes that were spoken.

    An engine says "of the" as one word and "1999" as four, so words are not counted: what is heard is laid over what
    each word sounds like alone, with as few differences as possible (edit distance).

    Args:
        heard: every phoneme of the sound, with its length in samples.
        expected: for each written word, its phonemes when it is said alone.
    """
    voiced: list[str] = []
    spans: list[Span] = []
    place = 0
    for phoneme, length in heard:
        if phoneme not in _SILENT:
            voiced.append(phoneme)
            spans.append((place, place + length))
        place += length
    wanted = [
        (phoneme, word)
        for word, sounds in enumerate(expected)
        for phoneme in sounds
        if phoneme not in _SILENT
    ]
    starts: list[int | None] = [None] * len(expected)
    ends = [0] * len(expected)
    for number, word in enumerate(_words_of(voiced, wanted)):
        if starts[word] is None:
            starts[word] = spans[number][0]
        ends[word] = spans[number][1]
    found = [None if start is None else (start, end) for start, end in zip(starts, ends, strict=True)]
    return _filled(found, [max(1, len(sounds)) for sounds in expected], place)


def spans_of_events(
    events: Sequence[tuple[str, int, int]],
    texts: Sequence[str],
    sample_count: int,
    word_places: Sequence[int],
) -> list[Span]:
    """Place words by an engine's events: `("word", character, sample)` and `("pause", character, sample)`.

    Args:
        texts: the words; one without an event shares the time of the one before.
        word_places: the character at which each word starts.
    """
    starts: list[int | None] = [None] * len(texts)
    for kind, character, sample in events:
        word = bisect_right(word_places, character) - 1
        if kind == "word" and word >= 0 and starts[word] is None and sample < sample_count:
            # An event that goes back in time belongs to a word that the engine said out of order: leave it out.
            if all(earlier is None or earlier <= sample for earlier in starts[:word]):
                starts[word] = sample
    found: list[Span | None] = []
    for word, start in enumerate(starts):
        if start is None:
            found.append(None)
            continue
        following = next((s for s in starts[word + 1 :] if s is not None), sample_count)
        pause = next((s for kind, _, s in events if kind == "pause" and s > start), sample_count)
        found.append((start, min(following, pause)))
    return _filled(found, [len(text) for text in texts], sample_count)


def spans_by_length(weights: Sequence[int], start: int, end: int) -> list[Span]:
    """Share a stretch of sound between words in proportion to their weights, like their lengths in letters."""
    total = sum(weights) or 1
    marks = [start + (end - start) * done // total for done in accumulate(weights, initial=0)]
    return list(pairwise(marks))


def _words_of(voiced: Sequence[str], wanted: Sequence[tuple[str, int]]) -> list[int]:
    """Return the word that each heard phoneme belongs to: a cheapest path through the table of edit distances."""
    if not wanted:
        return []
    rows = [[column * _SKIP for column in range(len(wanted) + 1)]]
    for phoneme in voiced:
        above = rows[-1]
        row = [above[0] + _SKIP]
        for column, (candidate, _) in enumerate(wanted):
            same = above[column] + (0.0 if candidate == phoneme else _REPLACE)
            row.append(min(same, above[column + 1] + _SKIP, row[column] + _SKIP))
        rows.append(row)
    words = [0] * len(voiced)
    number, column = len(voiced), len(wanted)
    while number > 0:
        cost = rows[number][column]
        # A phoneme that nothing was expected for belongs to the word that it follows.
        words[number - 1] = wanted[max(0, column - 1)][1]
        if column > 0 and cost == rows[number - 1][column - 1] + (
            0.0 if wanted[column - 1][0] == voiced[number - 1] else _REPLACE
        ):
            number, column = number - 1, column - 1
        elif column > 0 and cost == rows[number][column - 1] + _SKIP:
            column -= 1
        else:
            number -= 1
    return words


def _filled(found: Sequence[Span | None], weights: Sequence[int], sample_count: int) -> list[Span]:
    """Give words that were not found a share of the time of the word before them (or after, at the start)."""
    groups: list[list[int]] = []
    for word, span in enumerate(found):
        if span is not None and groups and any(found[w] is not None for w in groups[-1]):
            groups.append([word])
        elif groups:
            groups[-1].append(word)
        else:
            groups.append([word])
    spans: list[Span] = []
    for group in groups:
        start, end = next((found[w] for w in group if found[w] is not None), None) or (0, sample_count)
        before = spans[-1][1] if spans else 0
        start = max(start, before)
        end = min(max(end, start + _SHORTEST), sample_count)
        spans += spans_by_length([weights[w] for w in group], min(start, end), end)
    return spans
