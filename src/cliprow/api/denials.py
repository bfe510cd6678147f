"""Counts what was refused, where operators see it: row-level security by itself refuses in silence."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import errors as sql

from cliprow.api.database import Database
from cliprow.api.edge import route_of
from cliprow.background import end_task
from cliprow.errors import CliprowError, Unauthenticated

_log = logging.getLogger("cliprow.api")

Kind = Literal["unauthenticated", "forbidden", "sql_42501"]
Denial = tuple[Kind, str, UUID | None, UUID | None]

#: Different ones that may wait to be written; a flood beyond it is told of in the log only.
_MAX_WAITING = 5_000
#: They are written this long after the first, many in one transaction.
_DELAY_S = 0.2


class Denials:
    """Writes refusals down soon after they happened, equal ones as one, so that a flood costs little."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Counter[Denial] = Counter()
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._dropped = 0

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write(), name="denials")

    async def stop(self) -> None:
        """Write what is left."""
        await end_task(self._task)
        await self._store()

    def note(self, scope: Any, error: Exception) -> None:
        """Take down one refused request."""
        caller = scope["state"].get("caller")
        denial: Denial = (
            kind_of(error),
            f"{scope['method']} {route_of(scope)}",
            caller.tenant_id if caller else None,
            caller.user_id if caller else None,
        )
        if denial in self._waiting or len(self._waiting) < _MAX_WAITING:
            self._waiting[denial] += 1
            self._some.set()
        else:
            self._dropped += 1

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(_DELAY_S)
            self._some.clear()
            await self._store()

    async def _store(self) -> None:
        # In one order everywhere, so that two processes that write the same rows do not wait for each other.
        waiting, self._waiting = sorted(self._waiting.items(), key=repr), Counter()
        if self._dropped:
            _log.warning("%d refused requests were not counted: there were too many", self._dropped)
            self._dropped = 0
        if not waiting:
            return
        try:
            async with self._database.as_itself() as connection, connection.transaction():
                async with connection.cursor() as cursor:
                    await cursor.executemany(
                        "select private.record_denial(%s, %s, %s, %s, %s)",
                        [(*denial, count) for denial, count in waiting],
                    )
        except CliprowError as error:
            _log.error("%d refused requests could not be counted: %s", len(waiting), error.message)


def kind_of(error: Exception) -> Kind:
    """Which count an error belongs to."""
    if isinstance(error, Unauthenticated):
        return "unauthenticated"
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return "sql_42501" if isinstance(cause, sql.InsufficientPrivilege) else "forbidden"
