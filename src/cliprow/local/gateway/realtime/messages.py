"""Broadcasts from the database: what is inserted into `realtime.messages` goes to the members of its topic.

The log says when. While it cannot be read, because the connection is lost, rows may be missed: when it is back, the
rows of the time since are read from the table, and if there are too many, every channel is broken off, so that
clients join again and fetch what they need.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg_pool import AsyncConnectionPool

from cliprow.local.gateway.realtime.decoder import Change
from cliprow.local.gateway.realtime.frames import Broadcast
from cliprow.local.gateway.realtime.hub import Hub, Topic
from cliprow.local.gateway.realtime.limits import PAYLOAD_BYTES, REPLAYED
from cliprow.local.gateway.realtime.replication import Backoff, Interrupted, open_stream

logger = logging.getLogger(__name__)

PUBLICATION = "supabase_realtime_messages_publication"

#: Messages of a gap that are delivered late; more break the channels off.
GAP_LIMIT = 5_000
#: How much earlier than its commit a message may have been inserted: how long transactions may take.
LATE_S = 60.0
_TIDY_S = 3_600.0
#: Ids that are remembered, so that nothing is delivered twice.
_REMEMBERED = 50_000

_COLUMNS = "id::text, topic, event, private, payload::text, binary_payload"
_MISSED = (
    f"select {_COLUMNS} from realtime.messages where inserted_at >= %s and id <> all (%s::uuid[])"
    " order by inserted_at limit %s"
)
_LATEST = (
    f"select {_COLUMNS} from realtime.messages"
    " where topic = %s and private is true and extension = 'broadcast'"
    " and inserted_at >= %s and inserted_at < now() at time zone 'utc' + interval '1 minute'"
    " order by inserted_at desc limit %s"
)


class Messages:
    """Follows the table for as long as the gateway runs."""

    def __init__(self, conninfo: str, pool: AsyncConnectionPool, hub: Hub) -> None:
        self._conninfo = conninfo
        self._pool = pool
        self._hub = hub
        self._seen: OrderedDict[str, None] = OrderedDict()
        #: Until when everything has been seen; None before the first stream.
        self._seen_until: datetime | None = None
        #: Set while the log is read.
        self.flowing = asyncio.Event()

    async def run(self) -> None:
        """Read the log; when it breaks off, begin again."""
        backoff = Backoff("Broadcasts from the database")
        while True:
            backoff.begin()
            try:
                async with open_stream(self._conninfo, "realtime_messages", [PUBLICATION]) as stream:
                    await self._catch_up()
                    self.flowing.set()
                    try:
                        async for changes in stream.changes():
                            for change in changes:
                                self._deliver_change(change)
                    finally:
                        self._seen_until = datetime.fromtimestamp(stream.heard_at, UTC)
                        self.flowing.clear()
            except (Interrupted, psycopg.Error) as error:
                await backoff.pause(error)

    async def replay(self, topic: str, since_ms: int, limit: int) -> list[Broadcast]:
        """The latest messages of a private topic, oldest first.

        Raises:
            ValueError: the time is none.
            psycopg.Error: the database does not answer.
        """
        try:
            since = datetime.fromtimestamp(since_ms / 1000, UTC).replace(tzinfo=None)
        except (OverflowError, OSError) as error:
            raise ValueError(str(error)) from error
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_LATEST, [topic, since, max(1, min(limit, REPLAYED))])
            rows = await cursor.fetchall()
        found = [
            _broadcast(id_, event, None if payload is None else payload.encode(), binary, replayed=True)
            for id_, _, event, _, payload, binary in reversed(rows)
        ]
        return [each for each in found if each is not None]

    async def tidy(self) -> None:
        """Every hour, make the day's partition and drop those that are too old."""
        while True:
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    await connection.execute("set local lock_timeout = '2s'")
                    await connection.execute("select realtime.open_today(), realtime.drop_old()")
            except psycopg.Error as error:
                logger.warning("Old broadcasts were not removed: %s; again in an hour.", error)
            await asyncio.sleep(_TIDY_S)

    async def _catch_up(self) -> None:
        """Deliver what was inserted while nobody read the log; called when the new stream is open."""
        if self._seen_until is None:
            return
        since = (self._seen_until - timedelta(seconds=LATE_S)).replace(tzinfo=None)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_MISSED, [since, list(self._seen), GAP_LIMIT + 1])
            rows = await cursor.fetchall()
        if len(rows) > GAP_LIMIT:
            logger.warning("More than %s broadcasts were missed: all channels join again.", GAP_LIMIT)
            for member in self._hub.members():
                member.break_off()
            return
        for id_, topic, event, private, payload, binary in rows:
            body = None if payload is None else payload.encode()
            self._deliver(Topic(topic, bool(private)), id_, _broadcast(id_, event, body, binary))

    def _deliver_change(self, change: Change) -> None:
        if change.action != "INSERT":
            return
        row = {name: value for name, value in change.new.items() if isinstance(value, bytes)}
        topic = Topic(row["topic"].decode(), row.get("private") == b"t")
        id_ = row["id"].decode()
        if not self._hub.has(topic):
            self._is_new(id_)
            return
        event, binary = row.get("event"), row.get("binary_payload")
        broadcast = _broadcast(
            id_,
            None if event is None else event.decode(),
            row.get("payload"),
            None if binary is None else bytes.fromhex(binary[2:].decode()),
        )
        self._deliver(topic, id_, broadcast)

    def _deliver(self, topic: Topic, id_: str, broadcast: Broadcast | None) -> None:
        if self._is_new(id_) and broadcast is not None:
            self._hub.broadcast(topic, broadcast)

    def _is_new(self, id_: str) -> bool:
        """Whether this message has not been seen yet; from now on it has."""
        if id_ in self._seen:
            return False
        self._seen[id_] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _broadcast(
    id_: str, event: str | None, payload: bytes | None, binary: bytes | None, *, replayed: bool = False
) -> Broadcast | None:
    """A row as a broadcast; None for one that says nothing, or too much."""
    body = payload if binary is None else binary
    if event is None or body is None:
        return None
    if len(body) > PAYLOAD_BYTES:
        logger.warning("The message %s is longer than %s bytes: not sent.", id_, PAYLOAD_BYTES)
        return None
    meta = {"id": id_, "replayed": True} if replayed else {"id": id_}
    return Broadcast(event, body, binary is None, meta)
