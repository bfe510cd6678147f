"""Short clauses of a sentence that can stand on the screen by themselves, word for word as they are said.

Whoever reads them sees nothing of the sentence around them, so what is not surely a clause is left out. Languages
whose grammar is not known give none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from cliprow.providers.language_data import Grammar, language_data
from cliprow.providers.wording import ordinal, points_back, promises, starts_with, words_of

_LONGEST_WORDS, _LONGEST = 6, 42
#: Before a colon, a subject and its verb may still lack what the verb is about: "You need:".
_FEWEST_WORDS = 3
_TOKEN = regex.compile(r"\S+")
_STOPS = (";", ":", "–", "—")
#: Quotations and brackets would be torn.
_WHOLE_ONLY = regex.compile(r"[\"“”„«»()\[\]/…]")
_END_MARKS, _MARKS = ".。।! ", " ,;:–—"


@dataclass(frozen=True)
class _Piece:
    """Part of a sentence, and what it is cut off from."""

    text: str
    #: Starts the sentence; otherwise a stop, or a comma and a word like `and`, is before it.
    first: bool
    #: What is after it: `end`, `stop`, `and` (with a comma), `verb` (another predicate), or `because`.
    before: str


def clauses(sentence: str, language: str) -> list[str]:
    """Return the clauses of a sentence that have two to six words and need no other, with a capital letter."""
    grammar = language_data(language).grammar
    if grammar is None:
        return []
    _, text = ordinal(sentence, language)
    found = [
        piece.text[:1].upper() + piece.text[1:]
        for piece in _pieces(text.rstrip(_END_MARKS), language, grammar)
        if _stands(piece, text, language, grammar)
    ]
    return list(dict.fromkeys(found))


def listed(sentence: str, language: str) -> list[str]:
    """Return the things that a sentence announces by their number and lists after a colon, with capital letters.

    "You need three things: beans, a scale and patience" lists three; without the number, none.
    """
    grammar = language_data(language).grammar
    lead, colon, rest = sentence.rstrip(_END_MARKS).partition(": ")
    if grammar is None or not colon:
        return []
    *items, last = rest.split(", ")
    words = last.split()
    joints = [number for number, word in enumerate(words) if word.casefold() in grammar.coordinators]
    if joints:
        items.append(" ".join(words[: joints[0]]))
        last = " ".join(words[joints[0] + 1 :])
    found = [item for item in (*items, last) if item]
    return [item[:1].upper() + item[1:] for item in found] if len(found) in promises(lead, language) else []


def _pieces(text: str, language: str, grammar: Grammar) -> Iterator[_Piece]:
    """Cut a sentence after its stops, and before words like `and` and `because`."""
    tokens = list(_TOKEN.finditer(text))
    start: int | None = 0
    for number in range(1, len(tokens)):
        before = _joint(tokens[number - 1][0], words_of(text[tokens[number].start() :], language), grammar)
        if not before:
            continue
        if start is not None:
            yield _Piece(text[start : tokens[number - 1].end()].strip(_MARKS), start == 0, before)
        # What follows `because`, or is a second predicate, does not stand by itself.
        following = number + (before == "and")
        start = tokens[following].start() if before in ("stop", "and") and following < len(tokens) else None
    if start is not None:
        yield _Piece(text[start:].strip(_MARKS), start == 0, "end")


def _joint(token: str, following: Sequence[str], grammar: Grammar) -> str:
    """Name what parts a token from the words that follow; empty when nothing does."""
    if token.endswith(_STOPS):
        return "stop"
    if starts_with(following, grammar.subordinators):
        return "because"
    if starts_with(following, grammar.coordinators):
        if following[1:] and following[1].casefold() in grammar.verbs:
            return "verb"
        return "and" if token.endswith(",") else ""
    return ""


def _stands(piece: _Piece, sentence: str, language: str, grammar: Grammar) -> bool:
    """Whether a piece is a clause, and says by itself what it says in its sentence."""
    words = words_of(piece.text, language)
    low = [word.casefold() for word in words]
    if len(words) < 2 or len(piece.text.split()) > _LONGEST_WORDS or len(piece.text) > _LONGEST:
        return False
    if _WHOLE_ONLY.search(piece.text) or low[0] in grammar.dependent:
        return False
    if points_back(words, grammar) or starts_with(words, grammar.leaning):
        return False
    if piece.first and piece.before == "end":
        return True
    if "," in piece.text or grammar.relatives.intersection(low):
        return False
    if low[-1] in language_data(language).stopwords - grammar.verbs:
        return False
    verb = not grammar.verbs.isdisjoint(low)
    if piece.first and piece.before == "verb":
        return True
    if piece.first and piece.before == "because":
        # "Never water until the soil is dry" does not say "Never water".
        return (verb or low[0] not in grammar.prepositions) and grammar.negations.isdisjoint(low)
    # With a second comma, `and` ends a list: "red, green, and blue light".
    if not verb or sentence.count(",") > 1 or len(words) < _FEWEST_WORDS:
        return False
    # "and sleep well" is the end of another clause, unless the sentence tells the viewer what to do.
    return (
        piece.first
        or low[0] not in grammar.verbs
        or starts_with(words_of(sentence, language), grammar.verbs) > 0
    )
