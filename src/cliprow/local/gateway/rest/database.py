"""Transactions as the caller, and the catalog they are checked against."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from cliprow.background import end_task
from cliprow.local.gateway.keys import ROLES, Caller
from cliprow.local.gateway.rest.catalog import SCHEMA, Catalog, read_catalog

Connection = AsyncConnection[DictRow]

#: Where names are looked up that functions leave unqualified.
SEARCH_PATH = f"{SCHEMA}, extensions"
#: The channel and the messages that ask for the catalog to be read again.
CHANNEL = "pgrst"
RELOADS = frozenset({"reload schema", "reload config", ""})
#: A name that is unknown makes the catalog be read again, but no more often than this.
RELOAD_INTERVAL_S = 1.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Act:
    """One request: who asks, and what functions and policies may read of it."""

    caller: Caller
    method: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]

    @property
    def is_signed_in(self) -> bool:
        """Whether the caller is somebody."""
        return self.caller.role != "anon"


class Database:
    """The database as its callers see it."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=10,
            timeout=10,
            open=False,
            kwargs={"row_factory": dict_row, "application_name": "cliprow rest", "autocommit": True},
        )
        self._catalog: Catalog | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, read the catalog, and wait for word that it has changed."""
        await self._pool.open(wait=True)
        await self.catalog()
        self._listener = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Disconnect."""
        await end_task(self._listener)
        await self._pool.close()

    async def catalog(self) -> Catalog:
        """What the database offers, read again if it may have changed."""
        if self._catalog is None:
            async with self._reading:
                if self._catalog is None:
                    self._read_at = time.monotonic()
                    async with self._pool.connection() as connection:
                        self._catalog = await read_catalog(connection, sorted(ROLES))
        return self._catalog

    def forget_catalog(self) -> bool:
        """Have the catalog read again before its next use; False where that was done just now."""
        if time.monotonic() - self._read_at < RELOAD_INTERVAL_S:
            return False
        self._catalog = None
        return True

    @asynccontextmanager
    async def transaction(
        self, act: Act, *, is_read_only: bool, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[Connection]:
        """A transaction as the caller, with the settings of its role, and those of a function if given."""
        role = act.caller.role
        wanted = {
            **(await self.catalog()).role_settings.get(role, {}),
            **(settings or {}),
            "search_path": SEARCH_PATH,
            "transaction_read_only": "on" if is_read_only else "off",
            "role": role,
            "request.jwt.claims": _json(dict(act.caller.claims)),
            "request.method": act.method,
            "request.path": act.path,
            "request.headers": _json(dict(act.headers)),
            "request.cookies": _json(dict(act.cookies)),
        }
        setting = sql.SQL("set_config(%s, %s, true)")
        statement = sql.SQL("select {}").format(sql.SQL(", ").join([setting] * len(wanted)))
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(statement, [part for item in wanted.items() for part in item])
            yield connection

    async def _listen(self) -> None:
        """Forget the catalog whenever the database says so, and after every loss of the connection."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, application_name="cliprow rest listener"
                ) as connection:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                    self._catalog = None
                    async for note in connection.notifies():
                        if note.payload in RELOADS:
                            self._catalog = None
            except (psycopg.Error, PoolTimeout) as error:
                _LOG.warning("Not told of changes of the catalog: %s", type(error).__name__)
            await asyncio.sleep(1)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
