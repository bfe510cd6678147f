"""What Realtime asks of the database before it lets somebody into a private channel."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.sql.world import Connection, Person, World


@dataclass(frozen=True)
class Access:
    """What somebody may do on a channel."""

    receive: bool
    receive_presence: bool
    send: bool
    send_presence: bool


ALL_THAT_IS_GIVEN = Access(receive=True, receive_presence=True, send=False, send_presence=False)
NOTHING = Access(receive=False, receive_presence=False, send=False, send_presence=False)


def probe(world: World, person: Person | None, topic: str, **claims: object) -> Access:
    """Joins as Realtime does: a row of the topic, then a look at it as the user; then a row as the user."""
    said = json.loads(person.claims) if person else {"role": "anon"}
    role = "authenticated" if person else "anon"
    with psycopg.connect(world.database.superuser, autocommit=True) as owner:
        return Access(
            receive=_sees(owner, role, said | claims, topic, "broadcast"),
            receive_presence=_sees(owner, role, said | claims, topic, "presence"),
            send=_writes(owner, role, said | claims, topic, "broadcast"),
            send_presence=_writes(owner, role, said | claims, topic, "presence"),
        )


def _sees(owner: Connection, role: str, claims: dict[str, Any], topic: str, extension: str) -> bool:
    row_id = uuid.uuid4()
    with owner.transaction(force_rollback=True):
        owner.execute(
            "insert into realtime.messages (id, topic, extension) values (%s, %s, %s)",
            [row_id, topic, extension],
        )
        _become(owner, role, claims, topic)
        return (
            owner.execute("select id from realtime.messages where id = any(%s)", [[row_id]]).fetchone()
            is not None
        )


def _writes(owner: Connection, role: str, claims: dict[str, Any], topic: str, extension: str) -> bool:
    with owner.transaction(force_rollback=True):
        _become(owner, role, claims, topic)
        try:
            owner.execute(
                "insert into realtime.messages (topic, extension) values (%s, %s)", [topic, extension]
            )
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True


def _become(owner: Connection, role: str, claims: dict[str, Any], topic: str) -> None:
    owner.execute(
        "select set_config('role', %s, true), set_config('realtime.topic', %s, true),"
        " set_config('request.jwt.claims', %s, true), set_config('request.jwt.claim.sub', %s, true)",
        [role, topic, json.dumps(claims), str(claims.get("sub", ""))],
    )
