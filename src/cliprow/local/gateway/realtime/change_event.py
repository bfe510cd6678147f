"""One changed row on its way to subscribers: what each of them is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from cliprow.local.gateway.realtime.decoder import Change, Row, Unchanged
from cliprow.local.gateway.realtime.rows import Column, Table
from cliprow.local.gateway.realtime.subscriptions import Subscription

if TYPE_CHECKING:
    from cliprow.local.gateway.realtime.changes import Subscriber

#: Longest row that is sent whole; of a longer one only the short values.
RECORD_BYTES = 1_048_576
SHORT_BYTES = 64

#: Values by column, as JSON.
Values = Mapping[str, msgspec.Raw]


@dataclass
class ChangeEvent:
    """A change, and what is found out about it."""

    change: Change
    table: Table
    #: Subscriptions whose filters it meets, by their subscriber.
    wanted: dict[Subscriber, list[Subscription]] = field(default_factory=dict)
    record: Values = field(default_factory=dict)
    old_record: Values = field(default_factory=dict)
    #: The callers who may read the row, by their `caller_key`; None where nobody has to be asked.
    visible_to: set[str] | None = None

    @property
    def new(self) -> Row:
        """The row as it is now; what an update left alone is taken from the row before, where the log has it."""
        return {
            name: self.change.old.get(name, value) if isinstance(value, Unchanged) else value
            for name, value in self.change.new.items()
        }

    @property
    def old(self) -> Row:
        """What is known of the row before: at least its key."""
        if self.change.old or self.change.action == "INSERT":
            return self.change.old
        return {name: self.change.new.get(name) for name in self.table.key}

    @property
    def key(self) -> list[str]:
        """The primary key of the row as it is now; empty if it has none."""
        values = [self.change.new.get(name) for name in self.table.key]
        return [value.decode() for value in values if isinstance(value, bytes)]

    @property
    def needs_a_look(self) -> bool:
        """Whether row-level security decides who may see it."""
        return self.table.is_secured and self.change.action != "DELETE" and bool(self.key)

    def deliveries(self) -> Iterator[tuple[Subscriber, list[int], bytes]]:
        """Yield who is to be told what, with the ids of the subscriptions that it fulfils."""
        encoded: dict[tuple[str, frozenset[str] | None], bytes] = {}
        for subscriber, subscriptions in self.wanted.items():
            role = subscriber.caller.role
            problem = self._problem(role)
            if problem is None and not self._is_visible_to(subscriber.caller_key):
                continue
            by_columns: dict[frozenset[str] | None, list[int]] = {}
            for subscription in subscriptions:
                by_columns.setdefault(subscription.select, []).append(subscription.id)
            for select, ids in by_columns.items():
                if (role, select) not in encoded:
                    encoded[role, select] = self._data(role, select, problem)
                yield subscriber, ids, encoded[role, select]

    def _is_visible_to(self, caller_key: str) -> bool:
        if not self.needs_a_look:
            return True
        return self.visible_to is not None and caller_key in self.visible_to

    def _problem(self, role: str) -> str | None:
        """Why a role is told only that something changed."""
        if self.change.action == "DELETE":
            return None
        if not self.key:
            return "Error 400: Bad Request, no primary key"
        if not all(role in self.table.columns[name].readers for name in self.table.key):
            return "Error 401: Unauthorized"
        return None

    def _data(self, role: str, select: frozenset[str] | None, problem: str | None) -> bytes:
        relation, action = self.change.relation, self.change.action
        committed_at = self.change.committed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        columns = [] if problem else self._columns(role, select)
        data: dict[str, object] = {
            "schema": relation.schema,
            "table": relation.name,
            "type": action,
            "commit_timestamp": committed_at,
            "columns": [{"name": column.name, "type": column.type} for column in columns],
            "errors": [problem] if problem else None,
        }
        is_long = (
            sum(map(len, (*map(bytes, self.record.values()), *map(bytes, self.old_record.values()))))
            > RECORD_BYTES
        )
        if is_long and not problem:
            data["errors"] = ["Error 413: Payload Too Large"]
        names = [column.name for column in columns]
        if action != "DELETE":
            data["record"] = _shown(self.record, names, is_long)
        if action != "INSERT":
            # Nobody can be asked who might have seen a row that is gone.
            keys_only = action == "DELETE" and self.table.is_secured
            old = [column.name for column in columns if column.is_key or not keys_only]
            data["old_record"] = _shown(self.old_record, old, is_long)
        return msgspec.json.encode(data)

    def _columns(self, role: str, select: frozenset[str] | None) -> list[Column]:
        return [
            column
            for column in self.table.columns.values()
            if role in column.readers and (select is None or column.name in select or column.is_key)
        ]


def _shown(values: Values, names: Sequence[str], is_long: bool) -> dict[str, msgspec.Raw]:
    return {
        name: values[name]
        for name in names
        if name in values and not (is_long and len(bytes(values[name])) > SHORT_BYTES)
    }
