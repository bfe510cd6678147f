"""Conditions on changed rows: `status=eq.failed,priority=not.in.(1,2)`, all of which must hold.

Values with reserved characters stand in double quotes. The database decides, with the types of the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from cliprow.local.gateway.realtime.limits import FILTER_LENGTH

#: SQL operators by name; those that read differently are in `condition`.
OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "like": "~~",
    "ilike": "~~*",
    "match": "~",
    "imatch": "~*",
    "isdistinct": "is distinct from",
}
#: Those that compare with a pattern, which is a text whatever the column is.
_PATTERNS = {"like", "ilike", "match", "imatch"}
_STATES = {"null", "true", "false", "unknown"}
_IN_LIMIT = 100
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class InvalidFilter(ValueError):
    """A filter that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one column."""

    column: str
    operator: str
    value: str
    is_negated: bool = False

    def condition(self, column_type: str) -> sql.Composed:
        """The condition in SQL, on a row called `r`; null counts as not met."""
        column = sql.SQL("r.{}").format(identifier(self.column))
        if self.operator == "is":
            met = sql.SQL("{} is {}").format(column, sql.SQL(_keyword(self.value)))
        elif self.operator == "in":
            met = sql.SQL("{} = any ({}::{}[])").format(column, sql.Placeholder(), type_name(column_type))
        else:
            compared = "text" if self.operator in _PATTERNS else column_type
            operator = sql.SQL(OPERATORS[self.operator])
            met = sql.SQL("{} {} {}::{}").format(column, operator, sql.Placeholder(), type_name(compared))
        return sql.SQL("coalesce({}({}), false)").format(sql.SQL("not " if self.is_negated else ""), met)

    @property
    def values(self) -> list[str]:
        """What goes into the condition's placeholders."""
        return [] if self.operator == "is" else [self.value]


def read_filters(text: str) -> tuple[Filter, ...]:
    """The conditions of a subscription.

    Raises:
        InvalidFilter: one cannot be understood.
    """
    if len(text) > FILTER_LENGTH:
        raise InvalidFilter(f"a filter has at most {FILTER_LENGTH} characters")
    return tuple(_read(part) for part in _parts(text)) if text.strip() else ()


def identifier(name: str) -> sql.Identifier:
    """A name in a statement with placeholders."""
    return sql.Identifier(name.replace("%", "%%"))


def type_name(name: str) -> sql.SQL:
    """A type, as `format_type` writes it, in a statement with placeholders."""
    return sql.SQL(name.replace("%", "%%"))


def _read(part: str) -> Filter:
    column, equals, rest = part.partition("=")
    is_negated = rest.startswith("not.")
    operator, dot, value = rest.removeprefix("not.").partition(".")
    if not equals or not dot or not column.strip():
        raise InvalidFilter(f"a filter reads column=operator.value, not {part!r}")
    if operator == "in":
        return Filter(column.strip(), operator, _array(value), is_negated)
    if operator == "is":
        _keyword(value)
    elif operator not in OPERATORS:
        raise InvalidFilter(f"there is no operator {operator!r}")
    quoted = _QUOTED.fullmatch(value)
    return Filter(column.strip(), operator, _unescape(quoted[1]) if quoted else value, is_negated)


def _array(value: str) -> str:
    """`(a,"b,c")` as the array that Postgres reads."""
    if not (value.startswith("(") and value.endswith(")")):
        raise InvalidFilter("`in` filter value must be wrapped by parentheses")
    items = []
    for item in _split(value[1:-1]):
        quoted = _QUOTED.fullmatch(item.strip())
        text = _unescape(quoted[1]) if quoted else item.strip()
        items.append('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    if len(items) > _IN_LIMIT:
        raise InvalidFilter(f"too many values for `in` filter. Maximum {_IN_LIMIT}")
    return "{" + ",".join(items) + "}"


def _keyword(value: str) -> str:
    if value not in _STATES:
        raise InvalidFilter("invalid value for is filter: must be null, true, false, or unknown")
    return value


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in _split(text)]
    if "" in parts:
        raise InvalidFilter("filter must not contain empty segments (check for extra commas)")
    return parts


def _split(text: str) -> list[str]:
    """Split at commas that stand neither in quotes nor in parentheses."""
    parts, depth, place, start = [], 0, 0, 0
    while place < len(text):
        quoted = _QUOTED.match(text, place) if place == start or text[place - 1] in ".,(" else None
        if quoted:
            place = quoted.end()
            continue
        if text[place] == "(":
            depth += 1
        elif text[place] == ")":
            depth = max(0, depth - 1)
        elif text[place] == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
