"""A topic as a title and as a sentence."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from cliprow.media.segments import is_unspaced, tidy
from cliprow.providers.ranking import content_words
from cliprow.providers.tokens import without_emoji

#: Longest title, in characters; platforms take 100 and more.
_LONGEST_TITLE = 90
_MARKUP = regex.compile(
    r"(?m)^\s*(?:#{1,6}|[-*+•]|>)\s+|[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}|\[(?=[^\]]*\]\()|\]\([^)]*\)"
)
_ENDS = regex.compile(r"""[.!?…。！？؟۔।։።:;]["'”’»)\]」』]*$""")
_WORD_CHARACTER = regex.compile(r"[\p{L}\p{N}]")
_CJK_END = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}。！？」』）]\Z")


def plain_topic(topic: str) -> str:
    """Return a topic on one line, without Markdown and control characters; emoji stay."""
    return tidy(_MARKUP.sub("", topic))


def has_words(text: str) -> bool:
    """Whether there is a letter or digit in a text."""
    return _WORD_CHARACTER.search(text) is not None


def shortened(text: str, limit: int = _LONGEST_TITLE) -> str:
    """Cut a text at a word, marked by an ellipsis, when it has more than `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    words, space, _ = cut.rpartition(" ")
    return (words if space and len(words) > limit // 2 else cut).rstrip(" ,;:.–—-") + "…"


def as_sentence(text: str) -> str:
    """Return a text as something that can be said on its own: no emoji, and a mark at its end."""
    said = " ".join(without_emoji(text).split()).strip(" ,;–—-")
    if not said or _ENDS.search(said):
        return said
    if regex.search(r"\p{Devanagari}", said[-1]):
        return said + "।"
    thai = regex.search(r"[\p{Thai}\p{Lao}\p{Khmer}]", said[-1])
    return said + ("" if thai else "。" if is_unspaced(said[-1]) else ".")


def joined(sentences: Iterable[str]) -> str:
    """Put sentences after one another, with a space where their script has one."""
    text = ""
    for sentence in sentences:
        text += sentence if not text or _CJK_END.search(text) else f" {sentence}"
    return text


def same_words(one: str, other: str, language: str) -> bool:
    """Whether two titles say the same, apart from case, marks and common words."""
    first, second = (content_words(text, language) for text in (one, other))
    return bool(first) and first == second
