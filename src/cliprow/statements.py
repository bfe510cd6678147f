"""Cuts SQL text into statements, the way the Supabase CLI records them."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<dollar>(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$)(?s:.*?)(?P=tag))
    | (?P<atomic>\bbegin\s+atomic\b)
    | (?P<case>\bcase\b)
    | (?P<end>\bend\b)
    | (?P<semicolon>;)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def split(text: str) -> list[str]:
    """The statements in `text`, each with the comments before it, without surrounding space and final semicolon.

    A comment after the last statement comes as a statement of its own, which does nothing.
    """
    statements = []
    start = position = 0
    depth = 0  # of `begin atomic` and `case` inside it: a semicolon there ends nothing
    while match := _TOKEN.search(text, position):
        position = match.end()
        if match["block"]:
            position = _end_of_comment(text, match.start())
        elif match["atomic"] or (match["case"] and depth):
            depth += 1
        elif match["end"] and depth:
            depth -= 1
        elif match["semicolon"] and not depth:
            statements.append(text[start : match.start()])
            start = position
    statements.append(text[start:])
    return [statement.strip() for statement in statements if statement.strip()]


def _end_of_comment(text: str, start: int) -> int:
    """Where the block comment that begins at `start` ends; they nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(text)
