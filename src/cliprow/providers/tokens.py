"""Narration as words: how each is written, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from cliprow.media.segments import split_unspaced, tidy
from cliprow.providers.language_data import language_data
from cliprow.providers.language_tags import scripts

#: Emoji with their modifiers and joiners, flags, and keycaps: an engine would read out their names.
_EMOJI = regex.compile(
    r"[\p{Extended_Pictographic}--[©®™\p{ASCII}]]|\p{Regional_Indicator}|\p{Emoji_Modifier}|[\u200d\ufe0e\ufe0f\u20e3]",
    regex.VERSION1,
)
#: Marks that are read out by name, or (brackets) steer an engine.
_MARKUP = regex.compile(r"[\[\]{}<>|*_`~^\\]|^#+(?=\w)")
_ADDRESS = regex.compile(r"^\W*(?:https?://|www\.)(?:www\.)?(?P<host>[^/?#\s]+)\S*")
#: What can be said: letters, digits, and signs with a name that people say.
_SAYABLE = regex.compile(r"[\p{L}\p{N}&%€$£¥₹+=°§©]")
#: A word without the marks around it, except dots.
_ABBREVIATED = regex.compile(r"[\p{L}.]+")
#: A word longer than this is not one that anybody says.
_LONGEST_SPOKEN = 60


@dataclass(frozen=True)
class Token:
    """A word of the narration."""

    #: As written, with its punctuation, and with what stands beside it but is not said (emoji, dashes).
    text: str
    #: As given to the engine; empty only when nothing of the whole sentence can be said.
    spoken: str


def tokenise(sentence: str, language: str) -> list[Token]:
    """Cut a sentence into words; written one after another, with its spaces, they are the sentence again.

    Where a script has no spaces, words are short phrases that belong together.
    """
    tokens: list[Token] = []
    waiting = ""  # what is not said and stands before the first word that is
    for written in tidy(sentence).split():
        for number, part in enumerate(split_unspaced(written, language)):
            space = " " if number == 0 else ""
            spoken = spoken_form(part, language)
            if spoken:
                tokens.append(Token((waiting + space + part).strip(), spoken))
                waiting = ""
            elif tokens:
                tokens[-1] = Token(tokens[-1].text + space + part, tokens[-1].spoken)
            else:
                waiting += space + part
    return tokens or ([Token(waiting.strip(), "")] if waiting else [])


def without_emoji(text: str) -> str:
    """Drop emoji, which an engine would read out by name."""
    return _EMOJI.sub("", text)


def spoken_form(word: str, language: str) -> str:
    """Return what is said for a written word; empty when it is not said at all."""
    address = _ADDRESS.match(word)
    said = address["host"] if address else _MARKUP.sub("", without_emoji(word))
    said = _ABBREVIATED.sub(lambda m: language_data(language).said.get(m[0].casefold(), m[0]), said)
    if not _SAYABLE.search(said) or _is_foreign(said, language):
        return ""
    return said[:_LONGEST_SPOKEN]


def _is_foreign(word: str, language: str) -> bool:
    """Whether a voice that reads Latin letters only would meet a word without any."""
    letters = regex.findall(r"\p{L}", word)
    return (
        bool(letters)
        and scripts(language) == {"Latin"}
        and not any(regex.match(r"\p{Latin}", c) for c in letters)
    )
