"""What Cliprow knows of single languages, one TOML file each in `languages/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

#: Languages in which an apostrophe parts a word from the next one.
ELIDING = frozenset({"fr", "it", "ca"})


@dataclass(frozen=True)
class Grammar:
    """Words by what they do in a sentence, casefolded; an expression has spaces. Explained in `languages/en.toml`."""

    leaning: frozenset[str] = frozenset()
    pronouns: frozenset[str] = frozenset()
    #: In a language that drops subjects: words that a sentence with a subject starts with.
    stands: frozenset[str] = frozenset()
    ordinals: tuple[frozenset[str], ...] = ()
    further: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    #: The words for two, those for three, and so on.
    numbers: tuple[frozenset[str], ...] = ()
    coordinators: frozenset[str] = frozenset()
    subordinators: frozenset[str] = frozenset()
    negations: frozenset[str] = frozenset()
    dependent: frozenset[str] = frozenset()
    relatives: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    before_verbs: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    nouns_are_capital: bool = False
    asks: frozenset[str] = frozenset()
    sums_up: frozenset[str] = frozenset()
    dull: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LanguageData:
    """One language; empty in all parts for a language without a file."""

    #: Words that keep their dot inside a sentence, casefolded, without the last dot.
    abbreviations: frozenset[str] = frozenset()
    #: How abbreviations are said, by their casefolded form with the dot: `e.g.` is `for example`.
    said: dict[str, str] = field(default_factory=dict)
    #: Words too common to tell what a text is about, casefolded.
    stopwords: frozenset[str] = frozenset()
    #: None for a language whose grammar nobody has written yet: then nothing is done that needs it.
    grammar: Grammar | None = None
    #: What scripts from a topic alone are made of (see script_from_topic.py); empty where nobody has written it yet.
    phrases: dict[str, Any] = field(default_factory=dict)


@cache
def language_data(language: str) -> LanguageData:
    """Read the file of a language, a code without country like `pt`."""
    file = files(__package__).joinpath("languages", f"{language}.toml")
    if not file.is_file():
        return LanguageData()
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return LanguageData(
        abbreviations=frozenset(content.get("abbreviations", "").split()),
        said=content.get("said", {}),
        stopwords=frozenset(content.get("stopwords", "").split()),
        grammar=_grammar(content["grammar"]) if "grammar" in content else None,
        phrases=content.get("phrases", {}),
    )


def _grammar(table: dict[str, Any]) -> Grammar:
    sets = {name: _expressions(value) for name, value in table.items() if isinstance(value, str)}
    return Grammar(
        **sets,
        ordinals=tuple(_expressions(group) for group in table["ordinals"]),
        numbers=tuple(_expressions(group) for group in table["numbers"]),
        nouns_are_capital=table.get("nouns_are_capital", False),
    )


def _expressions(text: str) -> frozenset[str]:
    return frozenset(expression.replace("_", " ") for expression in text.split())


@cache
def languages_with_phrases() -> tuple[str, ...]:
    """Return the languages that a script can be written in from a topic alone, in alphabetical order."""
    folder = files(__package__).joinpath("languages")
    codes = sorted(
        file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
    )
    return tuple(code for code in codes if language_data(code).phrases)
