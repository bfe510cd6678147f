"""Changed rows of the tables in the publication `supabase_realtime`, to those who want them and may see them.

The log is read only while somebody has subscribed. For each row the database is asked, once for each distinct caller,
whether row-level security shows it; of a deleted row, which nobody can be asked about, only the key is told. Reading
goes on when the answer is there, so what comes faster waits in the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import psycopg
from psycopg_pool import AsyncConnectionPool

from cliprow.local.gateway.keys import Caller
from cliprow.local.gateway.realtime.change_event import ChangeEvent
from cliprow.local.gateway.realtime.decoder import Change, Relation
from cliprow.local.gateway.realtime.replication import Backoff, Interrupted, open_stream
from cliprow.local.gateway.realtime.rows import PUBLICATION, Rows, Table
from cliprow.local.gateway.realtime.subscriptions import InvalidSubscription, Subscription

logger = logging.getLogger(__name__)

#: How long the log is read after the last subscriber has left.
_LINGER_S = 10.0
#: How long a subscriber waits for the log before it is told that there is a difficulty.
_PATIENCE_S = 10.0
_EXTENSION = "postgres_changes"


class Subscriber(Protocol):
    """A joined channel, as seen from here."""

    @property
    def caller(self) -> Caller:
        """As whom it may see rows."""
        ...

    @property
    def caller_key(self) -> str:
        """The same for all who may see the same rows."""
        ...

    def push_change(self, ids: Sequence[int], data: bytes) -> None:
        """Tell it of a change, which is JSON, that fulfils these of its subscriptions."""
        ...

    def push_system(self, status: str, message: str, extension: str = "system") -> None:
        """Tell it how its subscriptions are."""
        ...

    def break_off(self) -> None:
        """End it so that its client joins again."""
        ...


class Changes:
    """Follows the tables while there are subscribers."""

    def __init__(self, conninfo: str, pool: AsyncConnectionPool) -> None:
        self._conninfo = conninfo
        self._pool = pool
        self._subscribers: dict[Subscriber, Sequence[Subscription]] = {}
        self._tables: dict[Relation, Table] = {}
        self._wanted = asyncio.Event()
        self._wanted_at = 0.0
        self._waiting = 0
        self._flowing = asyncio.Event()

    async def subscribe(self, subscriber: Subscriber, subscriptions: Sequence[Subscription]) -> None:
        """Check the subscriptions and say how that went; from then on they hold, instead of earlier ones."""
        try:
            async with self._pool.connection() as connection:
                for subscription in subscriptions:
                    await Rows(connection).check(subscription, subscriber.caller)
        except InvalidSubscription as error:
            self.unsubscribe(subscriber)
            subscriber.push_system("error", str(error), _EXTENSION)
            return
        except psycopg.Error as error:
            logger.warning("A subscription could not be checked: %s", error)
            subscriber.push_system("error", "The database could not be asked, please try again", _EXTENSION)
            return
        await self._wait_for_log(subscriber)
        self._subscribers[subscriber] = subscriptions
        subscriber.push_system("ok", "Subscribed to PostgreSQL", _EXTENSION)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """It has left, or wants something else."""
        if self._subscribers.pop(subscriber, None) is not None:
            self._want()

    async def run(self) -> None:
        """Read the log whenever somebody has subscribed; when it breaks off, begin again."""
        backoff = Backoff("Changes of tables")
        while True:
            await self._wanted.wait()
            backoff.begin()
            try:
                async with open_stream(self._conninfo, "realtime_changes", [PUBLICATION]) as stream:
                    # What happened meanwhile is lost to those who were there: they join again, and look.
                    for subscriber in list(self._subscribers):
                        subscriber.break_off()
                    self._flowing.set()
                    async for changes in stream.changes():
                        await self._deliver(changes)
                        if self._is_unwanted():
                            self._wanted.clear()
                            break
            except (Interrupted, psycopg.Error) as error:
                for subscriber in self._subscribers:
                    subscriber.push_system("error", "The log of the database cannot be read", _EXTENSION)
                if self._is_unwanted():
                    self._wanted.clear()
                await backoff.pause(error)
            finally:
                self._flowing.clear()
                self._tables.clear()

    async def _wait_for_log(self, subscriber: Subscriber) -> None:
        self._want()
        self._waiting += 1
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._flowing.wait()
        except TimeoutError:
            subscriber.push_system("error", "The log of the database cannot be read yet", _EXTENSION)
            await self._flowing.wait()
        finally:
            self._waiting -= 1

    def _want(self) -> None:
        self._wanted_at = time.monotonic()
        self._wanted.set()

    def _is_unwanted(self) -> bool:
        is_idle = not self._subscribers and not self._waiting
        return is_idle and time.monotonic() - self._wanted_at > _LINGER_S

    async def _deliver(self, changes: Iterable[Change]) -> None:
        """Tell of each change, in their order, those who want it and may see it."""
        concerned = [change for change in changes if any(self._concerned(change))]
        if not concerned:
            return
        try:
            async with self._pool.connection() as connection:
                events = await self._find_out(Rows(connection), concerned)
        except psycopg.Error as error:
            logger.warning("Some changes could not be told: %s", error)
            for subscriber in {each for change in concerned for each, _ in self._concerned(change)}:
                subscriber.break_off()
            return
        for event in events:
            for subscriber, ids, data in event.deliveries():
                if subscriber in self._subscribers:
                    subscriber.push_change(ids, data)

    async def _find_out(self, rows: Rows, changes: Sequence[Change]) -> list[ChangeEvent]:
        """What is to be told, and to whom."""
        await rows.settled({change.transaction for change in changes})
        events = [await self._event(rows, change) for change in changes]
        for table in {id(event.table): event.table for event in events}.values():
            await self._look(rows, table, [event for event in events if event.table is table])
        return events

    def _concerned(self, change: Change) -> Iterator[tuple[Subscriber, Subscription]]:
        for subscriber, subscriptions in self._subscribers.items():
            for subscription in subscriptions:
                if subscription.concerns(change):
                    yield subscriber, subscription

    async def _event(self, rows: Rows, change: Change) -> ChangeEvent:
        """The change with its values, and with the subscriptions whose filters it meets."""
        table = self._tables.get(change.relation)
        if table is None:
            table = self._tables[change.relation] = await rows.table(change.relation.oid)
        event = ChangeEvent(change, table)
        concerned = list(self._concerned(change))
        filters = {subscription.filters for _, subscription in concerned}
        met = await rows.matching(table, event.new or event.old, filters)
        for subscriber, subscription in concerned:
            if subscription.filters in met:
                event.wanted.setdefault(subscriber, []).append(subscription)
        if event.wanted:
            event.record = await rows.as_json(table, event.new)
            event.old_record = await rows.as_json(table, event.old)
        return event

    async def _look(self, rows: Rows, table: Table, events: Sequence[ChangeEvent]) -> None:
        """Find out who may see the rows of one table."""
        asked = [event for event in events if event.needs_a_look]
        callers: dict[str, Caller] = {}
        for event in asked:
            for subscriber in event.wanted:
                callers.setdefault(subscriber.caller_key, subscriber.caller)
        if not callers:
            return
        keys = [event.key for event in asked]
        visible = await rows.visible(table, keys, list(callers.values()))
        for place, event in enumerate(asked):
            event.visible_to = {key for number, key in enumerate(callers) if (number, place) in visible}
