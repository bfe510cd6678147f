"""Text of users in files that spreadsheets open."""

from __future__ import annotations

#: How a text begins that a spreadsheet calculates: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def plain_text(text: str) -> str:
    """The text of a cell, which a spreadsheet shows and does not calculate.

    >>> plain_text("=1+1"), plain_text("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if text.startswith(_FORMULAS) else text
