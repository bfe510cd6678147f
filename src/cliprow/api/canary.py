"""The canary: a tenant nobody signs in to, which must always read zero rows of others.

Row-level security that was broken, by a policy or a grant, refuses nobody and raises nothing; only looking shows it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from cliprow.api.database import Database
from cliprow.background import end_task
from cliprow.errors import CliprowError

_log = logging.getLogger("cliprow.api")

#: After a look that failed, the next one comes this soon.
_AGAIN_S = 10.0


class Canary:
    """Looks every few minutes.

    Args:
        every_s: seconds between two looks; 0 for none.
    """

    def __init__(self, database: Database, every_s: float) -> None:
        self._database = database
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None
        #: Rows of other tenants that the last look has seen, by table; None while there was none.
        self.seen: dict[str, int] | None = None

    async def start(self) -> None:
        """Begin to look."""
        if self._every_s:
            self._task = asyncio.create_task(self._look_again(), name="canary")

    async def stop(self) -> None:
        """Look no more."""
        await end_task(self._task)

    async def look(self) -> dict[str, int]:
        """What the canary sees of others now, by table: nothing, or tenants are not kept apart.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._database.as_itself() as connection, connection.transaction():
            row = await (await connection.execute("select private.count_foreign_rows()")).fetchone()
        assert row is not None
        answer: dict[str, Any] = row[0]
        self.seen = {str(source): int(count) for source, count in answer["found"].items()}
        if self.seen:
            _log.error("Tenants are not kept apart: the canary reads rows of others in %s.", self.seen)
        return self.seen

    async def _look_again(self) -> None:
        while True:
            try:
                await self.look()
            except CliprowError as error:
                _log.warning("The canary could not look: %s", error.message)
                await asyncio.sleep(min(_AGAIN_S, self._every_s))
            else:
                await asyncio.sleep(self._every_s)
