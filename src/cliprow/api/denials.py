"""Counts what was refused, where operators see it: row-level security by itself refuses in silence."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import errors as sql

from cliprow.api.database import Database
from cliprow.errors import CliprowError, Unauthenticated

_log = logging.getLogger("cliprow.api")

Kind = Literal["unauthenticated", "forbidden", "sql_42501"]
Denial = tuple[Kind, str, UUID | None, UUID | None]

#: Denials waiting to be written; a flood beyond it is counted in the log only.
_MAX_WAITING = 5_000
_BATCH = 200


class Denials:
    """Writes denials down soon after they happened, many in one transaction, so that a flood costs little."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: asyncio.Queue[Denial] = asyncio.Queue(_MAX_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._dropped = 0

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write(), name="denials")

    async def stop(self) -> None:
        """Write what is left."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if denials := self._take():
            await self._store(denials)

    def note(self, scope: Any, error: Exception) -> None:
        """Take down one refused request."""
        caller = scope["state"].get("caller")
        route = f"{scope['method']} {scope.get('path_template') or '(none)'}"
        denial: Denial = (
            kind_of(error),
            route,
            caller.tenant_id if caller else None,
            caller.user_id if caller else None,
        )
        try:
            self._waiting.put_nowait(denial)
        except asyncio.QueueFull:
            self._dropped += 1

    async def _write(self) -> None:
        while True:
            first = await self._waiting.get()
            await asyncio.sleep(0.2)
            await self._store([first, *self._take()])

    def _take(self) -> list[Denial]:
        return [self._waiting.get_nowait() for _ in range(min(_BATCH, self._waiting.qsize()))]

    async def _store(self, denials: list[Denial]) -> None:
        if self._dropped:
            _log.warning("%d refused requests were not counted: there were too many", self._dropped)
            self._dropped = 0
        try:
            async with self._database.as_itself() as connection, connection.transaction():
                async with connection.cursor() as cursor:
                    await cursor.executemany("select private.record_denial(%s, %s, %s, %s)", denials)
        except CliprowError as error:
            _log.error("%d refused requests could not be counted: %s", len(denials), error.message)


def kind_of(error: Exception) -> Kind:
    """Which count an error belongs to."""
    if isinstance(error, Unauthenticated):
        return "unauthenticated"
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return "sql_42501" if isinstance(cause, sql.InsufficientPrivilege) else "forbidden"
