"""How sentences lean on each other: what they start with, what they number, what they promise, what they ask."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from cliprow.providers.language_data import ELIDING, Grammar, language_data

_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*(?:'\p{L}*)?")
_ELIDED_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*'?")
#: "1.", "2)", "Step 3:" at the start of a sentence.
_NUMBERED = regex.compile(r"(?:\p{L}+\s)?(\d{1,2})(?:[.):]|\s[-–—])\s+")
_LONGEST_EXPRESSION = 4
#: A pronoun this near to the start of a sentence points out of it.
_POINTS_BACK_WITHIN = 3
#: Members of an enumeration have at most this many other sentences between them.
_FARTHEST = 3
_CLOSING_MARKS = " \"'”’»)]」』"


def words_of(text: str, language: str) -> list[str]:
    """Return the words of a text as written, without marks; in French, `c'est` is two."""
    found: list[str] = _word(language).findall(text.replace("’", "'"))
    return found


def starts_with(words: Sequence[str], expressions: frozenset[str]) -> int:
    """Return how many words of the longest expression a text starts with; 0 for none."""
    for count in range(min(_LONGEST_EXPRESSION, len(words)), 0, -1):
        if " ".join(words[:count]).casefold() in expressions:
            return count
    return 0


def leans(sentence: str, language: str) -> bool:
    """Whether a sentence needs the one before it; it may where the language's grammar is not known."""
    grammar = language_data(language).grammar
    if grammar is None:
        return True
    words = words_of(sentence, language)
    if not words or starts_with(words, grammar.leaning):
        return True
    if grammar.stands and words[0].casefold() not in grammar.stands:
        return True
    first = words[0].casefold()
    # "When the soil stays wet, they rot": what comes first in such a sentence is seldom what the pronoun means.
    within = None if first in grammar.dependent | grammar.prepositions else _POINTS_BACK_WITHIN
    # Inside a sentence, a capital letter makes another word of it: German "Sie" is the viewer.
    return any(_stem(word) in grammar.pronouns for word in (first, *words[1:within]))


def points_back(words: Sequence[str], grammar: Grammar) -> bool:
    """Whether there is a pronoun anywhere that stands for something said before."""
    return any(_stem(word.casefold()) in grammar.pronouns for word in words)


def ordinal(sentence: str, language: str) -> tuple[int, str]:
    """Return the place that a sentence numbers itself with, and its words after that; (0, sentence) without number.

    The last place of an enumeration that is not a number ("Finally,") is -1.
    """
    if digits := _NUMBERED.match(sentence):
        return int(digits[1]), sentence[digits.end() :]
    grammar = language_data(language).grammar
    if grammar is None:
        return 0, sentence
    words = words_of(sentence, language)
    for place, expressions in [*enumerate(grammar.ordinals, start=1), (-1, grammar.last)]:
        if count := starts_with(words, expressions):
            spans = list(_word(language).finditer(sentence.replace("’", "'")))
            after = sentence[spans[count - 1].end() :].lstrip()
            # "First light" is no number; in German, a verb may follow at once.
            if after.startswith((",", ":", "–", "—")):
                return place, after[1:].lstrip()
            if grammar.nouns_are_capital:
                return place, ""
    return 0, sentence


def enumerations(sentences: Sequence[str], language: str) -> list[list[int]]:
    """Find the sentences, by number, that count up from one: each enumeration has two or more."""
    grammar = language_data(language).grammar
    further = grammar.further if grammar else frozenset[str]()
    found: list[list[int]] = []
    expected = 0
    for number, sentence in enumerate(sentences):
        place, _ = ordinal(sentence, language)
        if found and number - found[-1][-1] > _FARTHEST + 1:
            expected = 0
        if place == 1:
            found.append([number])
            expected = 2
        elif expected and (place in (expected, -1) or starts_with(words_of(sentence, language), further)):
            found[-1].append(number)
            expected = expected + 1 if place != -1 else 0
    return [members for members in found if len(members) > 1]


def promises(text: str, language: str) -> set[int]:
    """Return the numbers of things that a text speaks of: {3} for "Three habits", {5} for "5 tips"."""
    grammar = language_data(language).grammar
    named = grammar.numbers if grammar else ()
    words = [word.casefold() for word in words_of(text, language)]
    return {number for number, names in enumerate(named, start=2) if names.intersection(words)} | {
        int(word) for word in words if word.isdecimal() and len(word) < 3
    }


def asks_something(sentence: str, language: str) -> bool:
    """Whether a last sentence asks the viewer to do something."""
    grammar = language_data(language).grammar
    return grammar is not None and starts_with(words_of(sentence, language), grammar.asks) > 0


def states_alone(sentence: str, language: str) -> bool:
    """Whether a sentence states something that is understood without any other."""
    grammar = language_data(language).grammar
    if grammar is None or leans(sentence, language) or points_back(words_of(sentence, language), grammar):
        return False
    plain = not sentence.endswith(":") and not is_question(sentence) and ordinal(sentence, language)[0] == 0
    return plain and not asks_something(sentence, language)


def sums_up(sentence: str, language: str) -> bool:
    """Whether a last sentence, or a heading, says that it concludes."""
    grammar = language_data(language).grammar
    return grammar is not None and starts_with(words_of(sentence, language), grammar.sums_up) > 0


def is_question(sentence: str) -> bool:
    """Whether a sentence ends as a question, in any script."""
    return sentence.rstrip(_CLOSING_MARKS).endswith(("?", "？", "؟"))


def _stem(word: str) -> str:
    """Drop what an apostrophe adds: `it's` is `it`."""
    return word.partition("'")[0]


def _word(language: str) -> regex.Pattern[str]:
    return _ELIDED_WORD if language in ELIDING else _WORD
