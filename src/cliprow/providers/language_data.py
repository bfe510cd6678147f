"""What Cliprow knows of single languages, one TOML file each in `languages/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class LanguageData:
    """One language; empty in all parts for a language without a file."""

    #: Words that keep their dot inside a sentence, casefolded, without the last dot.
    abbreviations: frozenset[str] = frozenset()
    #: How abbreviations are said, by their casefolded form with the dot: `e.g.` is `for example`.
    said: dict[str, str] = field(default_factory=dict)
    #: Words too common to tell what a text is about, casefolded.
    stopwords: frozenset[str] = frozenset()
    #: What scripts from a topic alone are made of (see script_phrases.py); empty where nobody has written it yet.
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
        phrases=content.get("phrases", {}),
    )


@cache
def languages_with_phrases() -> tuple[str, ...]:
    """Return the languages that a script can be written in from a topic alone, in alphabetical order."""
    folder = files(__package__).joinpath("languages")
    codes = sorted(
        file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
    )
    return tuple(code for code in codes if language_data(code).phrases)
