"""Results on their way to the database: what ends while one write is under way goes out together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec

from cliprow.errors import CliprowError, StaleToken, Unavailable
from cliprow.models import FileRef

#: Most results of one write: its tenants are locked until it is done.
WRITE_LIMIT = 100


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One result, as `complete_tasks` takes it."""

    job_id: UUID
    task_id: UUID
    attempt_id: UUID
    #: JSON of the stage's facts.
    facts: msgspec.Raw
    files: Sequence[FileRef]
    timings: dict[str, int]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a result."""

    attempt_id: UUID
    #: completed or stale.
    outcome: str


#: Writes results, and does no harm when it writes them twice.
Write = Callable[[Sequence[Completion]], Awaitable[Sequence[Outcome]]]


class Completions:
    """Gathers results without delaying any: a lone one is written at once."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[tuple[Completion, asyncio.Future[None]]] = []
        self._being_written: list[tuple[Completion, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, completion: Completion) -> None:
        """Write a result, and wait until it is kept.

        Raises:
            StaleToken: the task is no longer the attempt's.
            CliprowError: the database refuses this result; others written with it are not concerned.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((completion, kept))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await kept

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                now, self._waiting = self._waiting[:WRITE_LIMIT], self._waiting[WRITE_LIMIT:]
                self._being_written = now
                await self._write_some(now)
        finally:
            self._being_written = []
            self._writer = None

    async def _gather(self) -> None:
        """Let those that end at this very moment come along."""
        count = 0
        while count < len(self._waiting) < WRITE_LIMIT:
            count = len(self._waiting)
            await asyncio.sleep(0)

    async def settle(self, limit_s: float) -> None:
        """Wait until what was added so far is written, but no longer than this."""
        kept = [future for _, future in (*self._being_written, *self._waiting) if not future.done()]
        if kept:
            await asyncio.wait(kept, timeout=limit_s)

    async def _write_some(self, now: list[tuple[Completion, asyncio.Future[None]]]) -> None:
        try:
            answer = await self._write([completion for completion, _ in now])
        except Exception as error:  # noqa: BLE001 - it is for those who wait for the result
            if len(now) > 1 and isinstance(error, CliprowError) and not isinstance(error, Unavailable):
                # One of them is refused, and it must not take the others with it.
                for each in now:
                    await self._write_some([each])
                return
            for _, kept in now:
                if not kept.done():
                    kept.set_exception(error)
            return
        outcomes = {each.attempt_id: each.outcome for each in answer}
        for completion, kept in now:
            if kept.done():  # cancelled: nobody waits
                continue
            if outcomes.get(completion.attempt_id) == "completed":
                kept.set_result(None)
            else:
                kept.set_exception(
                    StaleToken(
                        f"Attempt {completion.attempt_id} no longer owns its task.",
                        next_step="Nothing is to be done: another attempt has the task, or it was withdrawn.",
                    )
                )

    async def close(self) -> None:
        """Give up what is not written; the tasks are handed back or rescued."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
