"""A live topic as a follower sees it: the messages that were sent on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.sql.world import Connection, World


@dataclass(frozen=True)
class Message:
    """One message of a topic."""

    event: str
    payload: dict[str, Any]

    @property
    def seq(self) -> int:
        return int(self.payload["seq"])

    @property
    def prev_seq(self) -> int:
        return int(self.payload["prev_seq"])

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.payload["ts"])

    def rows(self, kind: str) -> dict[str, dict[str, Any]]:
        """Rows of a kind, by id."""
        return {row["id"]: row for row in self.payload.get(kind, [])}


@dataclass(frozen=True)
class Channel:
    """The topic of a tenant, project or batch, in one epoch."""

    world: World
    scope: str
    scope_id: UUID
    epoch: int = 1

    @property
    def topic(self) -> str:
        return f"{self.scope}:{self.scope_id}:{self.epoch}"

    def messages(self) -> list[Message]:
        """All that were sent, in the order of their numbers."""
        return [
            Message(*row)
            for row in self.world.rows(
                "select event, payload from realtime.messages where topic = %s and extension = 'broadcast' and private"
                " order by (payload ->> 'seq')::bigint",
                self.topic,
            )
        ]

    def rest(self) -> None:
        """Let the topic have been quiet for long, and all tickets be unused."""
        self.world.run(
            "update private.live_topics set sent_at = '-infinity' where scope_id = %s", self.scope_id
        )
        self.world.run("update private.live_tickets set used_at = '-infinity'")

    def all_told(self, kind: str) -> dict[str, dict[str, Any]]:
        """What a follower that merges by version knows, by id."""
        known: dict[str, dict[str, Any]] = {}
        for message in self.messages():
            for row_id, row in message.rows(kind).items():
                if row_id not in known or row.get("version", 0) >= known[row_id].get("version", 0):
                    known[row_id] = row
        return known


def flush(world: World, on: Connection | None = None) -> dict[str, int]:
    """What a worker calls four times a second."""
    row = (on or world.admin).execute("select private.flush_live()").fetchone()
    assert row is not None
    answer: dict[str, int] = row[0]
    return answer


def flush_all(world: World) -> None:
    """Flushes, waiting where topics or tickets make it wait, until nothing is left."""
    until = time.monotonic() + 20
    # None where another flushes at this moment.
    while (done := world.one("select private.flush_live()")) is None or done["waiting"]:
        assert time.monotonic() < until, "marks are left that nobody tells of"
        time.sleep(0.05)


def hush(world: World) -> None:
    """As if every topic had been told something just now, and the next message were due in an hour."""
    world.run("update private.settings set live_interval = '1 hour'")
    world.run(
        "insert into private.live_topics (scope_id, scope, tenant_id, sent_at)"
        " select id, 'tenant', id, now() from public.tenants"
        " union all select id, 'project', tenant_id, now() from public.projects"
        " union all select id, 'batch', tenant_id, now() from public.batches"
        " on conflict (scope_id) do update set sent_at = now()"
    )


def rest_all(world: World) -> None:
    """As if the interval of every topic were over, and no ticket used."""
    world.run("update private.live_topics set sent_at = '-infinity'")
    world.run("update private.live_tickets set used_at = '-infinity'")
