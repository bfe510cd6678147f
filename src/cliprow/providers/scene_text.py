"""What stands on the screen while a scene is spoken: a heading and lines that are whole, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from cliprow.providers.brief_sentences import Sentence
from cliprow.providers.clauses import clauses, listed

_LONGEST_POINT, _MOST_POINTS = 48, 6
#: A heading made of the text, and lines below it.
ScreenText = tuple[str, tuple[str, ...]]


def screen_text(scene: Sequence[Sentence], heading: str, language: str) -> ScreenText:
    """Return the heading, made of the scene's words when none is given, and the points.

    Points are the items of a list or, two or more together, clauses of different sentences.
    """
    items = list(dict.fromkeys(item for sentence in scene for item in sentence.items))
    items = items or next((found for s in scene if (found := listed(s.text, language))), [])
    if items:
        points = _fitting([item.rstrip(".。।") for item in items])
        return heading or (
            "" if points else _first_clause([s for s in scene if not s.items], language)
        ), points
    counted = [sentence for sentence in scene if sentence.place]
    if not heading and len(counted) == 1:
        clause = _first_clause(counted, language)
        return f"{counted[0].place}. {clause}" if clause else "", ()
    if len(counted) > 1:
        named = [_first_clause([sentence], language) for sentence in counted]
        return heading, _fitting(named) if all(named) else ()
    told = [each for sentence in scene if (each := _new_clauses(sentence, heading, language))]
    # Clauses of one sentence stand beside each other; the first of several sentences' leads on to the others'.
    if not heading and told and (len(told) > 1 or len(told[0]) == 1):
        heading, told[0] = told[0][0], told[0][1:]
    return heading, _fitting([clause for each in told for clause in each])


def _new_clauses(sentence: Sentence, heading: str, language: str) -> list[str]:
    return [
        clause for clause in clauses(sentence.text, language) if clause.casefold() not in heading.casefold()
    ]


def _first_clause(sentences: Sequence[Sentence], language: str) -> str:
    return next((clause for sentence in sentences for clause in clauses(sentence.text, language)), "")


def _fitting(points: Sequence[str]) -> tuple[str, ...]:
    """Return the points when there are some, not too many, and none is too long: half a list misleads."""
    fit = 1 < len(points) <= _MOST_POINTS and all(len(point) <= _LONGEST_POINT for point in points)
    return tuple(points) if fit else ()
