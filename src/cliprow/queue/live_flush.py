"""Telling followers of live topics what waits, as often as a topic may be told something."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from cliprow.errors import CliprowError, Unavailable
from cliprow.queue.calls import QueueCalls

logger = logging.getLogger(__name__)

#: Between two flushes: a topic may be sent four messages a second.
FLUSH_S = 0.25
#: Failures that are said again only after so many.
_SAY_EVERY = 60


class LiveFlush:
    """One worker's flushes. Only one worker of all flushes at a time; the others' calls do nothing."""

    def __init__(self, calls: QueueCalls) -> None:
        self._calls = calls
        self._claimed = asyncio.Event()
        self._failures = 0

    def claimed(self) -> None:
        """A task has begun, of which followers have not been told: see `take_tasks`."""
        self._claimed.set()

    async def run(self) -> None:
        """Flush four times a second, and of the first claim after a silence at once."""
        while True:
            self._claimed.clear()
            if await self._flush():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._claimed.wait(), FLUSH_S)
            else:
                await asyncio.sleep(FLUSH_S)

    async def end(self) -> None:
        """Tell how it ended: there may be no other worker who does."""
        for _ in range(2):
            try:
                done = await self._calls.flush_live()
            except CliprowError as error:
                logger.debug("No last flush: %s", error.message)
                return
            if not done or not done["waiting"]:
                return
            await asyncio.sleep(FLUSH_S)

    async def _flush(self) -> bool:
        """Flush once; true where there was nothing to tell, so that the next claim may be told at once."""
        try:
            done = await self._calls.flush_live()
        except Unavailable as error:
            logger.debug("No flush: %s", error.message)  # the heartbeat says so
            return False
        except CliprowError as error:
            self._say_failure(f"Live messages were not sent: {error.message}")
            return False
        if done is None:
            return False
        if done["failed"]:
            self._say_failure("Live messages could not be sent; private.live_topics says why.")
        elif done["sent"]:
            self._failures = 0
        return not done["sent"] and not done["waiting"]

    def _say_failure(self, text: str) -> None:
        if self._failures % _SAY_EVERY == 0:
            logger.warning(text)
        self._failures += 1
