"""The SQL functions of the queue, as a worker calls them. All state is theirs; nothing is decided here."""

from __future__ import annotations

import asyncio
import enum
import itertools
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from cliprow import db
from cliprow.errors import Unavailable
from cliprow.models import Stage
from cliprow.providers.paid import StageProvider
from cliprow.queue.completions import Completion, Completions, Outcome
from cliprow.queue.content_keeper import Check, Checked, Step
from cliprow.queue.frames import CallAsked, CallMade, CallVerdict, Failed

logger = logging.getLogger(__name__)

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

#: Between two tries to reach a database that does not answer, in seconds.
_RETRY_S = 1.0
#: Most steps of one round of what has no hurry.
_TIDY_STEPS = 200
#: After how many tries that is said again.
_SAY_EVERY = 60
#: A connection whose other end has vanished without a word is given up after some 15 s, not after hours.
KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


class Order(enum.StrEnum):
    """What a worker is to do, as the answer to its heartbeat says."""

    WORK = enum.auto()
    #: Take nothing new.
    DRAIN = enum.auto()
    #: End once nothing runs.
    STOP = enum.auto()


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the queue handed out, and what claiming it gave."""

    job_id: UUID
    task_id: UUID
    #: Its queue entry.
    entry_id: int
    #: run, reused, parked, paused, passed_on or stale.
    verdict: str
    #: It took a worker or a child down before, and runs alone.
    is_suspect: bool = False
    attempt_id: UUID | None = None
    stage: Stage | None = None
    tenant_id: UUID | None = None
    inputs: msgspec.Raw = msgspec.Raw(b"null")


class Taken(msgspec.Struct, frozen=True):
    """What `take_tasks` gave."""

    #: Queue entries it dealt with.
    looked_at: int
    #: Those whose tasks this worker is to run.
    runs: list[Claim]


class QueueCalls:
    """A worker's door to the database.

    Args:
        conninfo: of the role `cliprow_worker`.
        worker_id: of this worker, made by itself.
    """

    def __init__(self, conninfo: str, worker_id: UUID) -> None:
        self._conninfo = conninfo
        self._pool = db.pool_async(conninfo, max_size=4, **KEEPALIVE)
        # Those two that count have a connection each: planning what they call takes longer than running it, and each
        # connection plans anew. And who waits for a tenant in one does not keep the other waiting.
        self._taking = db.pool_async(conninfo, max_size=1, **KEEPALIVE)
        self._completing = db.pool_async(conninfo, max_size=1, **KEEPALIVE)
        self._worker_id = worker_id
        self._completions = Completions(self._write_completions)

    async def open(self) -> None:
        """Begin to connect; an absent database is noticed by the first call.

        Raises:
            NotAllowed: the database knows no such role, or another password.
        """
        try:
            await (await db.connect_async(self._conninfo)).close()
        except Unavailable as error:
            logger.warning(error.message)
        for pool in (self._pool, self._taking, self._completing):
            await pool.open(wait=False)

    async def close(self) -> None:
        """Close the connections; results that nobody waits for any more are given up."""
        await self._completions.close()
        for pool in (self._pool, self._taking, self._completing):
            await pool.close()

    async def _call(self, statement: str, *arguments: object, pool: Pool | None = None) -> Any:
        """Run one function and return its value.

        Raises:
            CliprowError: what the database said, translated; Unavailable when it does not answer.
        """
        try:
            async with (pool or self._pool).connection(timeout=5) as connection:
                cursor = await connection.execute(statement, arguments)
                row = await cursor.fetchone()
                return row[0] if row else None
        except (psycopg.Error, PoolTimeout) as error:
            raise db.translate(error) from error

    async def until_answered(self, statement: str, *arguments: object, pool: Pool | None = None) -> Any:
        """As `_call`, but a database that does not answer is asked again until it does.

        For what must not be lost: the functions behind it do no harm when they are called twice.
        """
        for tries in itertools.count():
            try:
                return await self._call(statement, *arguments, pool=pool)
            except Unavailable as error:
                if tries % _SAY_EVERY == 0:
                    logger.warning("%s Asking again until there is an answer.", error.message)
                await asyncio.sleep(_RETRY_S)
        raise AssertionError

    async def register(self, stages: Sequence[Stage], slots: int, version: str) -> float:
        """Make this worker known; returns after how many seconds of silence it is held to be dead."""
        dead_after_s = await self._call(
            "select private.register_worker(%s, %s, %s, %s, %s, %s)",
            self._worker_id,
            [str(stage) for stage in stages],
            slots,
            socket.gethostname(),
            os.getpid(),
            version,
        )
        return float(dead_after_s)

    async def announce(self, providers: Sequence[StageProvider]) -> None:
        """Say what runs this worker's stages: prices, rates and budgets go by it."""
        await self._call(
            "select private.announce_providers(%s::jsonb)", msgspec.json.encode(providers).decode()
        )

    async def task_secrets(self, job_id: UUID, task_id: UUID, attempt_id: UUID) -> dict[str, str]:
        """Settings that the tenant of a running attempt has its own values for, like `script.api_key`, as they are kept:
        encrypted.
        """
        found: dict[str, str] = await self.until_answered(
            "select private.task_secrets(%s, %s, %s)", job_id, task_id, attempt_id
        )
        return found

    async def begin_call(self, job_id: UUID, task_id: UUID, attempt_id: UUID, call: CallAsked) -> CallVerdict:
        """Ask before a call of a provider. Raises StaleToken when the task is no longer ours."""
        answer = await self.until_answered(
            "select private.begin_provider_call(%s, %s, %s, %s::jsonb)::text",
            job_id,
            task_id,
            attempt_id,
            msgspec.json.encode(call).decode(),
        )
        return CallVerdict(**msgspec.json.decode(answer))

    async def keep_call(self, call: CallMade) -> None:
        """Keep the answer of a provider. Asked until answered: it was paid for."""
        await self.until_answered(
            "select private.keep_provider_call(%s, %s::jsonb)",
            call.idempotency_key,
            msgspec.json.encode(call).decode(),
        )

    async def refuse_call(
        self, idempotency_key: str, retry_after_s: float | None, *, has_own_key: bool = False
    ) -> None:
        """Note that a provider refused, and how long it wants to be left alone: by the tenant if the key was its own."""
        await self.until_answered(
            "select private.fail_provider_call(%s, %s, %s)", idempotency_key, retry_after_s, has_own_key
        )

    async def discard_calls(self, idempotency_keys: Sequence[str]) -> None:
        """Note that answers of providers are of no use."""
        await self.until_answered("select private.discard_provider_calls(%s)", list(idempotency_keys))

    async def defer(self, job_id: UUID, task_id: UUID, attempt_id: UUID, why: Failed) -> None:
        """Hand a task back that waits for its provider. Raises StaleToken when it is no longer ours."""
        error = {"error_code": why.error_code, "message": why.message, "next_step": why.next_step}
        await self.until_answered(
            "select private.defer_task(%s, %s, %s, %s, %s)",
            job_id,
            task_id,
            attempt_id,
            why.retry_after_s or 0.0,
            Jsonb(error),
        )

    async def beat(self, busy_slots: int, memory_bytes: int) -> Order | None:
        """Say that this worker lives, and how busy it is; None when it was taken for dead."""
        order = await self._call("select private.beat(%s, %s, %s)", self._worker_id, busy_slots, memory_bytes)
        return Order(order) if order else None

    async def tick(self) -> dict[str, int] | None:
        """Do what needs a clock; None when another worker just did."""
        result: dict[str, int] | None = await self._call("select private.tick()")
        return result

    async def tidy(self) -> None:
        """Do what has no hurry, step by step, until nothing is due, another worker does it, or enough is done for now."""
        for _ in range(_TIDY_STEPS):
            if not await self._call("select private.tick_slowly()"):
                break

    async def flush_live(self) -> dict[str, int] | None:
        """Tell followers of live topics what waits; None while another worker does."""
        result: dict[str, int] | None = await self._call("select private.flush_live()")
        return result

    async def take_deliveries(self, limit: int) -> dict[str, Any]:
        """What webhooks are to be told now, with what is needed to sign it."""
        taken: dict[str, Any] = await self._call("select private.take_deliveries(%s)", limit)
        return taken

    async def settle_delivery(
        self, delivery_id: str, status: int | None, error: str | None, retry_after_s: float | None
    ) -> None:
        """Say how a delivery went."""
        await self._call(
            "select private.settle_delivery(%s, %s, %s, %s)", delivery_id, status, error, retry_after_s
        )

    async def sweep_content(self) -> Step | None:
        """One small step of looking for stored content that nothing refers to; None while another worker does it."""
        answer = await self._call("select private.sweep_content()::text")
        return msgspec.json.decode(answer, type=Step) if answer else None

    async def forget_files(self, paths: list[str]) -> None:
        """Say that files are removed from the storage."""
        await self._call("select private.forget_files(%s)", paths)

    async def take_checks(self, limit: int) -> list[Check]:
        """Artifacts that are to be compared with their checksums now."""
        return msgspec.json.decode(
            await self._call("select private.take_checks(%s)::text", limit), type=list[Check]
        )

    async def settle_checks(self, checked: list[Checked]) -> list[str]:
        """Say how checks ended; returns the paths of broken files, which are to be removed."""
        broken: list[str] = await self._call(
            "select private.settle_checks(%s::jsonb)", msgspec.json.encode(checked).decode()
        )
        return broken

    async def drain(self) -> None:
        """Ask for nothing new."""
        await self._call("select private.drain_worker(%s)", self._worker_id)

    async def leave(self) -> int:
        """Go, and hand back what is still running; returns how many tasks."""
        return int(await self._call("select private.leave(%s)", self._worker_id))

    async def claim(self, job_id: UUID, task_id: UUID, entry_id: int, version: str) -> Claim:
        """Take a task that the queue handed out.

        Asked until answered: a claim whose answer is lost may have been heard, and the task would be ours for ever.
        """
        answer = await self.until_answered(
            "select private.claim_task(%s, %s, %s, %s, %s)::text",
            job_id,
            task_id,
            entry_id,
            self._worker_id,
            version,
        )
        return msgspec.json.decode(answer, type=Claim)

    async def take(
        self, queue_worker_id: int, stages: Sequence[str], limit: int, versions: Mapping[Stage, str]
    ) -> Taken:
        """Fetch and claim up to so many tasks in one round trip.

        Raises:
            Unavailable: there was no answer; what was given nevertheless, `held` tells.
        """
        answer = await self._call(
            "select private.take_tasks(%s, %s, %s, %s, %s)::text",
            self._worker_id,
            queue_worker_id,
            list(stages),
            limit,
            Jsonb(versions),
            pool=self._taking,
        )
        return msgspec.json.decode(answer, type=Taken)

    async def held(self, known: Sequence[UUID], versions: Mapping[Stage, str]) -> list[Claim]:
        """Tasks given to this worker in answers that were lost: all it has but the known attempts."""
        answer = await self._call(
            "select private.held_tasks(%s, %s, %s)::text", self._worker_id, list(known), Jsonb(versions)
        )
        return msgspec.json.decode(answer, type=list[Claim])

    async def withdrawn(self, attempt_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these attempts are no longer wanted."""
        gone: list[UUID] = await self._call(
            "select private.withdrawn_attempts(%s, %s)", self._worker_id, list(attempt_ids)
        )
        return gone

    async def report(self, job_id: UUID, task_id: UUID, attempt_id: UUID, percent: int) -> None:
        """Say how far a task is. Raises StaleToken when it is no longer ours."""
        await self._call(
            "select private.report_progress(%s, %s, %s, %s)", job_id, task_id, attempt_id, percent
        )

    async def complete(self, completion: Completion) -> None:
        """Complete a task, together with others that end meanwhile. Raises StaleToken when it is no longer ours."""
        await self._completions.add(completion)

    async def settle(self, limit_s: float) -> None:
        """Wait until the results that are on their way are kept, but no longer than this."""
        await self._completions.settle(limit_s)

    async def _write_completions(self, completions: Sequence[Completion]) -> list[Outcome]:
        answer = await self.until_answered(
            "select private.complete_tasks(%s::jsonb)::text",
            msgspec.json.encode(completions).decode(),
            pool=self._completing,
        )
        return msgspec.json.decode(answer, type=list[Outcome])

    async def fail(
        self, job_id: UUID, task_id: UUID, attempt_id: UUID, error: Failed, timings: dict[str, int]
    ) -> str:
        """End an attempt with an error; returns whether the task is `pending` again or `failed`."""
        said = msgspec.to_builtins(error)
        del said["traceback"], said["said"], said["type"], said["is_deferred"]
        said["log"] = error.log
        return str(
            await self.until_answered(
                "select private.fail_task(%s, %s, %s, %s, %s)",
                job_id,
                task_id,
                attempt_id,
                Jsonb(said),
                Jsonb(timings),
            )
        )
