"""The query of a URL, as PostgREST reads it, as far as it is supported here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from cliprow.local.gateway.rest.failures import range_refused, unreadable, unsupported

#: Names that are never columns or arguments.
RESERVED = frozenset({"select", "order", "limit", "offset", "and", "or", "on_conflict", "columns", "apikey"})
#: Most rows of one answer, as on a project with default settings.
MAX_ROWS = 1000

#: Longest number of rows that is understood: what a bigint holds.
_NUMBER = re.compile(r"\d{1,18}")
_PLAIN = re.compile(r"[\w $-]+")
_OPERATORS = frozenset({
    "eq", "gt", "gte", "lt", "lte", "neq", "like", "ilike", "match", "imatch", "in", "is", "isdistinct", "fts", "plfts",
    "phfts", "wfts", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "not",
})  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of the answer."""

    name: str
    alias: str


@dataclass(frozen=True)
class Filter:
    """One condition that rows must meet."""

    column: str
    operator: Literal["eq", "in"]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """One column that rows are sorted by."""

    column: str
    is_descending: bool
    #: Where empty values come; None for where the database has them.
    nulls: Literal["first", "last"] | None


@dataclass(frozen=True)
class Query:
    """Which rows, which of their columns, in which order."""

    #: None for all.
    columns: tuple[Column, ...] | None
    filters: tuple[Filter, ...]
    order: tuple[Order, ...]
    offset: int
    limit: int


def read_query(
    parameters: Sequence[tuple[str, str]], range_header: str | None = None, arguments: Collection[str] = ()
) -> Query:
    """Read the query of a URL.

    Args:
        parameters: names and values in the order they stand there.
        range_header: rows asked for by header.
        arguments: names among them that are a function's arguments.

    Raises:
        RestFailure: it cannot be understood, or is beyond what is supported.
    """
    columns: tuple[Column, ...] | None = None
    order: tuple[Order, ...] = ()
    filters = []
    limit: int | None = None
    offset = 0
    for name, value in parameters:
        if name in arguments or name == "apikey":
            continue
        match name:
            case "select":
                columns = _read_select(value)
            case "order":
                order = tuple(_read_order(term) for term in _split(value))
            case "limit":
                limit = _read_number(name, value)
            case "offset":
                offset = _read_number(name, value)
            case _ if name in RESERVED or name.startswith(("not.", "and.", "or.")) or "." in name:
                raise unsupported(f"the parameter {name[:60]}")
            case _:
                filters.append(_read_filter(name, value))
    first, count = _read_range(range_header)
    offset, limit = offset + first, _least(limit, count)
    return Query(columns, tuple(filters), order, offset, min(MAX_ROWS if limit is None else limit, MAX_ROWS))


def looks_like_filter(value: str) -> bool:
    """Whether a value of a URL begins with an operator."""
    return value.partition(".")[0].partition("(")[0] in _OPERATORS and "." in value


def _least(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def _read_number(name: str, value: str) -> int:
    if value.startswith("-") and _NUMBER.fullmatch(value[1:]):
        raise range_refused("Limit should be greater than or equal to zero.")
    if not _NUMBER.fullmatch(value):
        raise unreadable(f'"failed to parse {name} ({value[:60]})"', "A whole number is expected.")
    return int(value)


def _read_range(header: str | None) -> tuple[int, int | None]:
    """First row and count of a Range header; what is no range of rows counts as none."""
    found = re.fullmatch(r"(?:items=)?(\d{1,18})-(\d{0,18})", header or "")
    if not found:
        return 0, None
    first = int(found[1])
    if not found[2]:
        return first, None
    if int(found[2]) < first:
        raise range_refused(
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        )
    return first, int(found[2]) - first + 1


def _read_select(value: str) -> tuple[Column, ...] | None:
    if value.strip() in {"", "*"}:
        return None
    columns = []
    for term in _split(value):
        text = term.strip()
        if "(" in text or text.startswith("..."):
            raise unsupported("embedding of other tables in select")
        if "::" in text:
            raise unsupported("casts in select")
        if "->" in text:
            raise unsupported("parts of JSON values in select")
        *alias, name = _split(text, ":")
        if len(alias) > 1:
            raise unreadable(f'"failed to parse select ({text[:60]})"', "Write alias:column.")
        columns.append(Column(_read_name(name), _read_name(alias[0] if alias else name)))
    return tuple(columns)


def _read_order(term: str) -> Order:
    column, *words = _split(term, ".")
    if "->" in column or "(" in column:
        raise unsupported("ordering by parts of JSON values or by other tables")
    directions = [word for word in words if word in {"asc", "desc"}]
    nulls = [word for word in words if word in {"nullsfirst", "nullslast"}]
    if len(directions) + len(nulls) != len(words) or len(directions) > 1 or len(nulls) > 1:
        raise unreadable(
            f'"failed to parse order ({term[:60]})"', "Write column.asc or column.desc.nullslast."
        )
    where: Literal["first", "last"] | None = None
    if nulls:
        where = "first" if nulls[0] == "nullsfirst" else "last"
    return Order(_read_name(column), directions == ["desc"], where)


def _read_filter(name: str, value: str) -> Filter:
    if "->" in name:
        raise unsupported("filters on parts of JSON values")
    operator, dot, operand = value.partition(".")
    if not dot or operator.partition("(")[0] not in _OPERATORS:
        raise unreadable(
            f'"failed to parse filter ({value[:60]})"', "Write column=eq.value or column=in.(one,two)."
        )
    if operator == "eq":
        return Filter(_read_name(name), "eq", (operand,))
    if operator == "in":
        if not (operand.startswith("(") and operand.endswith(")")):
            raise unreadable(f'"failed to parse filter ({value[:60]})"', "Write column=in.(one,two).")
        inner = operand[1:-1]
        values = tuple(_unquote(item) for item in _split(inner, nested=False)) if inner else ()
        return Filter(_read_name(name), "in", values)
    raise unsupported(f"the operator {operator[:20]}")


def _read_name(text: str) -> str:
    """The name of a column, in quotes where it holds more than letters."""
    text = text.strip()
    name = _unquote(text)
    if not name or "\0" in name or (name == text and not _PLAIN.fullmatch(name)):
        raise unreadable(f'"failed to parse the name of a column ({text[:60]})"')
    return name


def _split(text: str, separator: str = ",", *, nested: bool = True) -> list[str]:
    """Split at separators outside of quotes and, if `nested`, of parentheses."""
    parts, start, depth, is_quoted, is_escaped = [], 0, 0, False, False
    for place, sign in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted and sign == "\\":
            is_escaped = True
        elif sign == '"':
            is_quoted = not is_quoted
        elif sign == separator and not depth and not is_quoted:
            parts.append(text[start:place])
            start = place + 1
        elif nested and not is_quoted:
            depth += {"(": 1, ")": -1}.get(sign, 0)
    return [*parts, text[start:]]


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
