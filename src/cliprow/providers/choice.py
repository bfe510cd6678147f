"""Which sentences of a brief are said when not all can be: those that say most, never one without what it leans on."""

from __future__ import annotations

from collections.abc import Sequence

from cliprow.providers.brief_sentences import Links, Sentence


def choose(
    sentences: Sequence[Sentence], links: Links, budget_s: float, *, keep_last: bool
) -> list[Sentence]:
    """Choose what fits into `budget_s`, in the order of the brief; one sentence at least.

    First come the opening, what the title promises and, where it should be kept, the last sentence; then the best of
    each section, then the best of all.
    """
    ranked = sorted(range(len(sentences)), key=lambda number: (-sentences[number].score, number))
    firsts: dict[int, int] = {}
    for number in ranked:
        firsts.setdefault(sentences[number].section, number)
    ending = (len(sentences) - 1,) if keep_last else ()
    chosen: set[int] = set()
    left = budget_s
    for number in (0, *links.promised, *ending, *firsts.values(), *ranked):
        # What was promised may make the video half as long again.
        most = left + budget_s / 2 if number in links.promised else left
        together = _together(number, sentences, links, chosen, most)
        chosen.update(together)
        left -= sum(sentences[member].seconds for member in together)
    return [sentences[number] for number in sorted(chosen)] or _opening(sentences, budget_s)


def _together(
    number: int, sentences: Sequence[Sentence], links: Links, chosen: set[int], most_s: float
) -> set[int]:
    """Return a sentence with all that it needs and that is not chosen; nothing when it takes more than `most_s`."""
    found: set[int] = set()
    waiting = [number]
    seconds = 0.0
    while waiting:
        member = waiting.pop()
        if member in chosen or member in found:
            continue
        seconds += sentences[member].seconds
        if seconds > most_s:
            return set()
        found.add(member)
        waiting.extend(links.needs[member])
    return found


def _opening(sentences: Sequence[Sentence], budget_s: float) -> list[Sentence]:
    """Return as much of the beginning as fits, where everything leans on everything."""
    kept = [sentences[0]]
    seconds = sentences[0].seconds
    for sentence in sentences[1:]:
        seconds += sentence.seconds
        if seconds > budget_s:
            break
        kept.append(sentence)
    return kept
