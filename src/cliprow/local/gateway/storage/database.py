"""The storage's rows, seen and changed as the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from cliprow.local.gateway.keys import Caller

#: A connection whose rows are dicts.
Connection = AsyncConnection[DictRow]

#: How long one statement may take.
STATEMENT_TIMEOUT = "30s"
#: How many connections are open at most; uploads and downloads hold none while bytes flow.
POOL_SIZE = 10

_BECOME = """
select set_config('role', %(role)s, true), set_config('request.jwt.claims', %(claims)s, true),
       set_config('request.jwt.claim.role', %(role)s, true), set_config('request.jwt.claim.sub', %(sub)s, true),
       set_config('request.headers', %(headers)s, true), set_config('request.method', %(method)s, true),
       set_config('request.path', %(path)s, true), set_config('storage.operation', %(operation)s, true)
"""
_OPEN = (
    "select set_config('statement_timeout', %s, true), set_config('storage.allow_delete_query', 'true', true)"
)


@dataclass(frozen=True)
class Act:
    """One request: who asks, and what policies may read of it."""

    #: Whose policies decide; None is the storage itself, for what a signed link stands for.
    caller: Caller | None
    #: What is being done, like `object.upload`.
    operation: str
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str | None:
        """Whose the files are that this makes."""
        return self.caller.user_id if self.caller else None


class Database:
    """Transactions of the storage service."""

    def __init__(self, conninfo: str) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=10,
            open=False,
            kwargs={"row_factory": dict_row, "application_name": "cliprow storage"},
        )

    async def open(self) -> None:
        """Connect; the database answers."""
        await self._pool.open(wait=True)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, act: Act | None = None) -> AsyncIterator[Connection]:
        """A transaction as the caller of `act`, or, without one, as the storage itself, which sees all."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_OPEN, [STATEMENT_TIMEOUT])
            if act is not None:
                await become(connection, act)
            yield connection


async def become(connection: Connection, act: Act) -> None:
    """Go on as the caller until the transaction ends."""
    if act.caller is None:
        return
    await connection.execute(
        _BECOME,
        {
            "role": act.caller.role,
            "claims": to_json(dict(act.caller.claims)),
            "sub": act.caller.user_id or "",
            "headers": to_json(act.headers),
            "method": act.method,
            "path": act.path,
            "operation": act.operation,
        },
    )


def to_json(value: Any) -> str:
    """Text of a JSON value."""
    return msgspec.json.encode(value).decode()
