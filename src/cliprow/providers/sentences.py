"""Text cut into sentences, in the punctuation of many scripts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from cliprow.providers.language_data import language_data

_CLOSING = r"""(?:["'”’»)\]）」』】》〉]|\s»(?=\s|$))*"""
#: What ends a sentence wherever it stands: marks of scripts that put no space after it, or use the mark for nothing else.
_ENDS_ALWAYS = rf"[。！？｡؟۔।॥።։။។၊]+{_CLOSING}"
#: What ends a sentence when a space, or the text's end, follows.
_ENDS_BEFORE_SPACE = rf"(?:[!?…]+|\.+){_CLOSING}(?=\s|$)"
_END = regex.compile(rf"{_ENDS_ALWAYS}|{_ENDS_BEFORE_SPACE}")
_PARAGRAPH = regex.compile(r"\s*\n\s*\n\s*")
#: Languages that write "the 3rd" as "3.".
_DOTTED_ORDINALS = "cs da de et fi fo hr hu is lb lv nb nn no pl sk sl sr tr"
#: Where a sentence that is too long may be cut, best first.
_CUTS = (regex.compile(r"(?<=[;:—–；：])\s*"), regex.compile(r"(?<=[,，、،])\s*"), regex.compile(r"\s+"))


def split_paragraphs(text: str) -> list[str]:
    """Cut at empty lines; line ends inside a paragraph become spaces."""
    return [" ".join(part.split()) for part in _PARAGRAPH.split(text.strip()) if part.strip()]


def split_sentences(text: str, language: str) -> list[str]:
    """Cut a text into sentences, in order; none is empty. A line end is not the end of a sentence, an empty line is.

    Args:
        language: a code without country, like `pt`; its abbreviations are not taken for ends.
    """
    return [sentence for paragraph in split_paragraphs(text) for sentence in _sentences(paragraph, language)]


def cut_long(sentence: str, limit: int) -> list[str]:
    """Cut a sentence of more than `limit` characters at its clauses, else at spaces, else anywhere."""
    if len(sentence) <= limit:
        return [sentence]
    for cut in _CUTS:
        places = [match.end() for match in cut.finditer(sentence) if limit // 4 <= match.end() <= limit]
        if places:
            return [sentence[: places[-1]].strip(), *cut_long(sentence[places[-1] :].strip(), limit)]
    return [sentence[:limit], *cut_long(sentence[limit:], limit)]


def _sentences(paragraph: str, language: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        if not _is_end(paragraph, start, match, language):
            continue
        sentence = paragraph[start : match.end()].strip()
        if sentence:
            yield sentence
        start = match.end()
    rest = paragraph[start:].strip()
    if rest:
        yield rest


def _is_end(text: str, start: int, match: regex.Match[str], language: str) -> bool:
    """Whether a mark ends a sentence, rather than an abbreviation, an initial, a quotation, or the number of a list."""
    mark, following = match.group(), text[match.end() :].lstrip()[:1]
    if not following:
        return True
    # A small letter goes on with the sentence, except after a mark that nothing but an end can have.
    if unicodedata.category(following) == "Ll" and (mark[0] in ".…" or mark[-1] not in "!?"):
        return False
    if mark[0] != ".":
        return True
    before = text[start : match.start()].rsplit(maxsplit=1)
    word = before[-1].strip("\"'“‘«(").casefold() if before else ""
    if word in language_data(language).abbreviations or (len(word) == 1 and word.isalpha() and word != "i"):
        return False
    if word.isdigit() and len(word) <= 2 and language in _DOTTED_ORDINALS.split():
        return False
    return not (word.isdigit() and len(before) == 1)
