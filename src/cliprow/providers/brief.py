"""A user's brief, in Markdown or plain text, as sections of prose and lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cliprow.media.segments import is_unspaced, tidy

#: Indented code is off: people indent paragraphs of plain text.
_PARSER = MarkdownIt("commonmark").enable("table").disable("code")
_FRONT_MATTER = regex.compile(r"\A\ufeff?---[ \t]*\n.*?\n---[ \t]*(?:\n|\Z)", regex.DOTALL)
_TAG = regex.compile(r"<[^>]*>")
#: A bare address says nothing aloud.
_ADDRESS = regex.compile(r"<?(?:https?://|www\.)[^\s<>()]+>?")


@dataclass(frozen=True)
class Block:
    """A paragraph, or one item of a list."""

    text: str
    is_item: bool = False


@dataclass
class Section:
    """A heading and what stands under it, up to the next heading of any level."""

    #: Empty for what stands before the first heading.
    heading: str = ""
    blocks: list[Block] = field(default_factory=list)


def read_brief(text: str) -> list[Section]:
    """Read a brief: emphasis is dropped, links keep their text, code, pictures and addresses are left out.

    Sections with neither text nor heading are left out too.
    """
    sections = [Section()]
    tokens = _PARSER.parse(_FRONT_MATTER.sub("", text, count=1))
    kinds: list[str] = []  # what we are inside of, innermost last
    for token in tokens:
        if token.nesting == 1:
            kinds.append(token.type.removesuffix("_open"))
        elif token.nesting == -1:
            kinds.pop()
        elif token.type in ("inline", "html_block"):
            words = _words(token)
            if not words:
                continue
            if kinds and kinds[-1] == "heading":
                sections.append(Section(words.rstrip(".:：。")))
            else:
                sections[-1].blocks.append(Block(words, "list_item" in kinds or "tr" in kinds))
    return [section for section in sections if section.heading or section.blocks]


def _words(token: Token) -> str:
    raw = "".join(_pieces(token.children)) if token.type == "inline" else _TAG.sub(" ", token.content)
    text = tidy(_ADDRESS.sub("", raw))
    # A line end between characters that are written without spaces is not a space.
    return (
        regex.sub(r"(?<=\S) (?=\S)", lambda m: _joint(text, m.start()), text) if is_unspaced(text) else text
    )


def _pieces(tokens: Sequence[Token] | None) -> Iterator[str]:
    for token in tokens or ():
        if token.type == "text":
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "


def _joint(text: str, place: int) -> str:
    return "" if is_unspaced(text[place - 1]) and is_unspaced(text[place + 1]) else " "
