"""Decodes `pgoutput`, the format in which Postgres sends the changes of a publication (protocol version 1).

The packages that do this were dormant, wanted a newer Python, or brought a connection of their own.
Layout: "Logical Replication Message Formats" in the manual of Postgres; values come as text.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Literal

#: What Postgres counts its microseconds from.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Unchanged(Enum):
    """Stands for a long value that an update left alone: it is not in the log."""

    UNCHANGED = "unchanged"


#: Values by column.
Row = dict[str, bytes | Unchanged | None]
Action = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A table as it is from here on in the log; sent again, and then another one, when anything about it changes."""

    oid: int
    schema: str
    name: str
    columns: tuple[str, ...]
    #: What identifies a row in the log: the primary key, or all columns (replica identity full).
    identity: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One changed row."""

    action: Action
    relation: Relation
    #: Lower half of the number of its transaction.
    transaction: int
    committed_at: datetime
    #: The row as it is now; empty for a deletion.
    new: Row
    #: The identity that the row had, where it is gone or has another one; see `Relation.identity`.
    old: Row


class Decoder:
    """Remembers the tables and the transaction that the stream is in."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed_at = EPOCH
        self._transaction = 0

    def decode(self, message: bytes) -> Change | None:
        """The change that a message tells of; None for messages that tell of something else."""
        match message[:1]:
            case b"B":
                microseconds, self._transaction = struct.unpack_from("!qI", message, 9)
                self._committed_at = EPOCH + timedelta(microseconds=microseconds)
            case b"R":
                relation = _relation(message)
                self._relations[relation.oid] = relation
            case b"I":
                relation = self._relation_of(message)
                new, _ = _row(message, 6, relation)
                return self._change("INSERT", relation, new, {})
            case b"U":
                relation = self._relation_of(message)
                old, place = _row(message, 6, relation) if message[5:6] in b"KO" else ({}, 5)
                new, _ = _row(message, place + 1, relation)
                return self._change("UPDATE", relation, new, _identity(old, relation))
            case b"D":
                relation = self._relation_of(message)
                old, _ = _row(message, 6, relation)
                return self._change("DELETE", relation, {}, _identity(old, relation))
        return None

    def _change(self, action: Action, relation: Relation, new: Row, old: Row) -> Change:
        return Change(action, relation, self._transaction, self._committed_at, new, old)

    def _relation_of(self, message: bytes) -> Relation:
        (oid,) = struct.unpack_from("!I", message, 1)
        return self._relations[oid]


def _relation(message: bytes) -> Relation:
    (oid,) = struct.unpack_from("!I", message, 1)
    schema, place = _string(message, 5)
    name, place = _string(message, place)
    (count,) = struct.unpack_from("!H", message, place + 1)
    place += 3
    columns, identity = [], set()
    for _ in range(count):
        is_identity = message[place] & 1
        column, place = _string(message, place + 1)
        columns.append(column)
        if is_identity:
            identity.add(column)
        place += 8  # type and modifier
    return Relation(oid, schema, name, tuple(columns), frozenset(identity))


def _identity(row: Row, relation: Relation) -> Row:
    """Without the columns that are not in the log: they look like nulls."""
    return {column: value for column, value in row.items() if column in relation.identity}


def _row(message: bytes, place: int, relation: Relation) -> tuple[Row, int]:
    """The row that starts at `place`, and where it ends."""
    (count,) = struct.unpack_from("!H", message, place)
    place += 2
    row: Row = {}
    for column in relation.columns[:count]:
        kind = message[place]
        place += 1
        if kind == ord("t"):
            (length,) = struct.unpack_from("!I", message, place)
            place += 4
            row[column] = message[place : place + length]
            place += length
        else:
            row[column] = None if kind == ord("n") else Unchanged.UNCHANGED
    return row, place


def _string(message: bytes, place: int) -> tuple[str, int]:
    """The text that starts at `place` and ends with a zero, and where the next thing starts."""
    end = message.index(0, place)
    return message[place:end].decode(), end + 1
