"""A user's brief, in Markdown or plain text, as sections of prose and lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cliprow.media.segments import tidy

#: Indented code is off: people indent paragraphs of plain text.
_PARSER = MarkdownIt("commonmark").enable("table").disable("code")
_FRONT_MATTER = regex.compile(r"\A\ufeff?---[ \t]*\n.*?\n---[ \t]*(?:\n|\Z)", regex.DOTALL)
_TAG = regex.compile(r"<[^>]*>")
#: Of a bare address, only the name of the site can be said.
_ADDRESS = regex.compile(r"<?(?:https?://(?:www\.)?|www\.)([^\s<>()/?#]+)[^\s<>()]*(?<![.,;:!?])>?")
#: A line end between Chinese or Japanese characters is no space; in Thai, spaces part clauses and stay.
_CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}、。，！？：；「」『』（）]"
_CJK_SPACE = regex.compile(rf"(?<={_CJK}) (?={_CJK})")
_LISTS = ("bullet_list", "ordered_list", "table")


@dataclass(frozen=True)
class Block:
    """A paragraph, one item of a list, or one row of a table."""

    text: str
    #: Items of the same list or table have the same number; 0 for a paragraph.
    list_number: int = 0


@dataclass
class Section:
    """A heading and what stands under it, up to the next heading of any level."""

    #: Empty for what stands before the first heading.
    heading: str = ""
    blocks: list[Block] = field(default_factory=list)


def read_brief(text: str) -> list[Section]:
    """Read a brief: emphasis is dropped, links keep their text; blocks of code, pictures and table heads are left out.

    Sections with neither text nor heading are left out too.
    """
    sections = [Section()]
    inside: list[str] = []  # the elements around the current one, innermost last
    lists = 0
    row: list[str] = []
    for token in _PARSER.parse(_FRONT_MATTER.sub("", text, count=1)):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.nesting == 1:
            lists += kind in _LISTS and not set(_LISTS).intersection(inside)
            inside.append(kind)
        elif token.nesting == -1:
            inside.pop()
            if kind == "tr" and row and "thead" not in inside:
                sections[-1].blocks.append(Block(", ".join(row), lists))
            if kind == "tr":
                row = []
        elif words := _words(token):
            if "heading" in inside:
                sections.append(Section(words.rstrip(".:：。")))
            elif "tr" in inside:
                row.append(words)
            else:
                sections[-1].blocks.append(Block(words, lists if set(_LISTS).intersection(inside) else 0))
    return [section for section in sections if section.heading or section.blocks]


def _words(token: Token) -> str:
    """Return the words of a token that holds text, on one line; nothing for others."""
    if token.type == "inline":
        raw = "".join(_pieces(token.children))
    elif token.type == "html_block":
        raw = _TAG.sub(" ", token.content)
    else:
        return ""
    return str(_CJK_SPACE.sub("", tidy(_ADDRESS.sub(r"\1", raw))))


def _pieces(tokens: Sequence[Token] | None) -> Iterator[str]:
    for token in tokens or ():
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
