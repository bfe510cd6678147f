"""Lists: filters and cursors.

A cursor names the last row of a page by what the list is ordered by, so that pages neither skip nor repeat rows that
others add meanwhile, and the thousandth page costs what the first does.
"""

from __future__ import annotations

import base64
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Generic, LiteralString, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from cliprow.api.database import Row
from cliprow.errors import InvalidInput, RowProblem

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

Limit = Annotated[
    int, QueryParameter(ge=1, le=MAX_LIMIT, description=f"Rows in a page (default {DEFAULT_LIMIT}).")
]
CursorText = Annotated[
    str | None,
    QueryParameter(
        name="cursor",
        max_length=4000,
        description="`next_cursor` of the page before; absent: the first page.",
    ),
]
WithTotal = Annotated[
    bool, QueryParameter(name="total", description="Count all rows of the filter too; costs more.")
]
CreatedFrom = Annotated[datetime | None, QueryParameter(description="Created at this moment or later.")]
CreatedTo = Annotated[datetime | None, QueryParameter(description="Created before this moment.")]

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, omit_defaults=True):
    """One page of a list."""

    items: list[T]
    #: Where the next page begins; null on the last.
    next_cursor: str | None
    #: Rows of the filter on all pages; only when asked for.
    total: int | None = None


@dataclass
class Filter:
    """Conditions of a query, and what they compare with."""

    conditions: list[LiteralString] = field(default_factory=list)
    arguments: list[object] = field(default_factory=list)

    def add(self, condition: LiteralString, *arguments: object) -> None:
        """One more condition, with a `%s` for each argument."""
        self.conditions.append(condition)
        self.arguments += arguments

    def add_given(self, condition: LiteralString, argument: object | None) -> None:
        """One more condition, if its argument was given."""
        if argument is not None:
            self.add(condition, argument)

    @property
    def where(self) -> LiteralString:
        """All conditions."""
        return " and ".join(self.conditions) or "true"

    def copy(self) -> Filter:
        """The same conditions, to add others to."""
        return Filter([*self.conditions], [*self.arguments])


def encode_cursor(*key: object) -> str:
    """The cursor after the row with this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(text: str, kinds: Sequence[type]) -> list[object]:
    """The key in a cursor.

    Raises:
        InvalidInput: it is none of ours, or of another list.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(data, type=list)
        if len(key) != len(kinds):
            raise ValueError(len(key))
        return [msgspec.convert(each, kind) for each, kind in zip(key, kinds, strict=True)]
    except (NotBase64, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(
            "The cursor is not one of this list.",
            error_code="CURSOR_INVALID",
            next_step="Take `next_cursor` of the page before, unchanged, with the same filters.",
        ) from error


def page_json(rows: Sequence[Row], limit: int, total: int | None = None) -> bytes:
    """A page as JSON, from rows of (JSON text, key ...), of which one more than the limit was asked for."""
    shown = rows[:limit]
    cursor = encode_cursor(*shown[-1][1:]) if len(rows) > limit else None
    parts = [b'{"items":[', ",".join(row[0] for row in shown).encode(), b'],"next_cursor":']
    parts.append(msgspec.json.encode(cursor))
    if total is not None:
        parts.append(b',"total":%d' % total)
    parts.append(b"}")
    return b"".join(parts)


def contains(text: str) -> str:
    """The pattern for `ilike` that finds a text as it stands."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def as_uuid(text: str | None, name: str) -> UUID | None:
    """An id out of a query or path.

    Raises:
        InvalidInput: it is none.
    """
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(
            f"{name} is not an id.",
            next_step="Use the id of something that a list shows.",
            problems=[RowProblem(None, name, "is not a UUID")],
        ) from error
