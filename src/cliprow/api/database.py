"""The database as callers see it: one transaction per request, in as few round trips as possible."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection

from cliprow import db
from cliprow.api.settings import ApiSettings
from cliprow.auth import Claims
from cliprow.doors import REST
from cliprow.errors import Unavailable

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Transaction:
    """One transaction as a caller."""

    connection: AsyncConnection[Any]

    async def one(self, query: LiteralString, *arguments: object) -> Row | None:
        """The first row."""
        row: Row | None = await (await self.connection.execute(query, arguments)).fetchone()
        return row

    async def value(self, query: LiteralString, *arguments: object) -> Any:
        """The first value of the first row; None where there is no row."""
        row = await self.one(query, *arguments)
        return row[0] if row else None

    async def as_itself(self) -> None:
        """Go on in the role that the API logs in as, for its own bookkeeping in the same transaction."""
        await db.become_oneself_async(self.connection)

    async def run(self, query: LiteralString, *arguments: object) -> int:
        """Executes a statement; how many rows it changed."""
        return (await self.connection.execute(query, arguments)).rowcount


class Database:
    """A pool of connections, each acting for one caller at a time."""

    def __init__(self, settings: ApiSettings) -> None:
        self._timeout_ms = settings.statement_timeout_ms
        self._wait_s = settings.pool_timeout_s
        self.pool = db.pool_async(
            settings.database,
            # Logging in takes longer than most requests, so half of the connections are kept.
            min_size=max(1, settings.pool_size // 2),
            max_size=settings.pool_size,
            application_name="cliprow api",
        )

    async def start(self) -> None:
        """Open the pool; it goes on trying when the database does not answer yet."""
        await self.pool.open()

    async def stop(self) -> None:
        """Close it; what runs is finished first."""
        await self.pool.close()

    async def fetch(
        self, caller: Claims, *queries: tuple[LiteralString, Sequence[object]]
    ) -> list[list[Row]]:
        """The rows of queries that only read, in one round trip.

        A connection that turns out to be gone is replaced once: the database may have been restarted.
        """
        for tries_left in (1, 0):
            with db.translated():
                async with self.pool.connection(self._wait_s) as connection:
                    try:
                        return await db.fetch_as_claims_async(
                            connection, caller.raw, queries, timeout_ms=self._timeout_ms
                        )
                    except Unavailable:
                        if not tries_left or not connection.closed:
                            raise
        raise AssertionError

    @asynccontextmanager
    async def acting(self, caller: Claims, door: str = REST) -> AsyncIterator[Transaction]:
        """One transaction as a caller, committed at the end of the block.

        Args:
            door: which way the caller came, for the audit.
        """
        with db.translated():
            async with self.pool.connection(self._wait_s) as connection:
                async with db.as_claims_async(connection, caller.raw, timeout_ms=self._timeout_ms, door=door):
                    yield Transaction(connection)

    @asynccontextmanager
    async def acting_after(
        self, caller: Claims, door: str, query: LiteralString, *arguments: object
    ) -> AsyncIterator[tuple[Transaction, Any]]:
        """As `acting`, after a call of the API's own in the same transaction, whose value comes along."""
        with db.translated():
            async with self.pool.connection(self._wait_s) as connection, connection.transaction():
                transaction = Transaction(connection)
                await connection.execute(
                    "select set_config('statement_timeout', %s, true)", [str(self._timeout_ms)]
                )
                value = await transaction.value(query, *arguments)
                await db.become_async(connection, caller.raw, timeout_ms=self._timeout_ms, door=door)
                yield transaction, value

    @asynccontextmanager
    async def as_itself(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection in the role that the API logs in as, for its own bookkeeping."""
        with db.translated():
            async with self.pool.connection(self._wait_s) as connection:
                yield connection
