"""Which changes a client wants: an event, a schema, a table, filters, columns."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cliprow.local.gateway.realtime.decoder import Change
from cliprow.local.gateway.realtime.filters import Filter, read_filters

EVERY = "*"
_EVENTS = {"INSERT", "UPDATE", "DELETE"}

_ids = itertools.count(1)


class InvalidSubscription(ValueError):
    """A subscription that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """One wish of one channel."""

    #: Clients tell by it which of their wishes a change fulfils.
    id: int
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...]
    #: Columns wanted besides the key; None for all.
    select: frozenset[str] | None

    def concerns(self, change: Change) -> bool:
        """Whether it is about this event and table; filters are another question."""
        return (
            self.event in (EVERY, change.action)
            and self.schema in (EVERY, change.relation.schema)
            and self.table in (EVERY, change.relation.name)
        )

    def __str__(self) -> str:
        filters = ", ".join(f"{each.column}={each.operator}.{each.value}" for each in self.filters)
        return f"[event: {self.event}, schema: {self.schema}, table: {self.table}, filters: [{filters}]]"


def next_id() -> int:
    """A number that no other subscription of this process has."""
    return next(_ids)


def read_subscription(id_: int, wanted: Mapping[str, Any]) -> Subscription:
    """The subscription that a client asks for.

    Raises:
        InvalidSubscription: it cannot be understood.
    """
    given = {key: wanted[key] for key in ("schema", "table", "filter") if wanted.get(key) is not None}
    if not {"schema", "table"} & given.keys():
        raise InvalidSubscription(
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to"
        )
    if wrong := [key for key, value in given.items() if not isinstance(value, str)]:
        raise InvalidSubscription(f"`{wrong[0]}` is a text")
    table = given.get("table", EVERY)
    schema = given.get("schema", "public")
    select = wanted.get("select") or None
    if select is not None:
        if not isinstance(select, list):
            raise InvalidSubscription("`select` is a list of column names")
        if EVERY in (schema, table):
            raise InvalidSubscription(
                "Column selection is not supported for wildcard subscriptions. "
                "Provide an explicit schema and table name."
            )
    event = str(wanted.get("event", EVERY)).upper()
    try:
        filters = read_filters(given.get("filter", ""))
    except ValueError as error:
        raise InvalidSubscription(f"Error parsing `filter` params: {error}") from error
    return Subscription(
        id_,
        event if event in _EVENTS else EVERY,
        schema,
        table,
        filters,
        None if select is None else frozenset(each for each in select if isinstance(each, str)),
    )
