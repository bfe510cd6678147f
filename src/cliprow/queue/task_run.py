"""One claimed task, from its inputs to its completion."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from cliprow.errors import CliprowError, StaleToken, Unavailable
from cliprow.files import link_or_copy
from cliprow.models import FileRef, Stage
from cliprow.queue.calls import Claim, QueueCalls
from cliprow.queue.child import explain
from cliprow.queue.completions import Completion
from cliprow.queue.frames import (
    CallAsked,
    CallMade,
    CallMessage,
    CallRefused,
    CallVerdict,
    Done,
    Failed,
    Request,
)
from cliprow.queue.slot import StageSlot
from cliprow.sealing import Sealer
from cliprow.storage import Storage, put_artifact
from cliprow.storage.withdrawal import withdrawable

logger = logging.getLogger(__name__)

#: Progress is told at most this often, in seconds.
REPORT_EVERY_S = 0.25
#: A provider's turn that is further away than this is not waited for in a slot, in seconds.
WAIT_IN_SLOT_S = 3.0
#: Stages whose providers read a key.
KEYED_STAGES = frozenset({Stage.SCRIPT})
#: What an attempt ends with when the database refuses even its error: words that nothing can be wrong with.
_UNTELLABLE = Failed(
    "ERROR_NOT_STORED",
    "The task failed with an error that the database would not store.",
    "The worker's log has it.",
    True,
)


@dataclass(frozen=True)
class TaskRunner:
    """Runs tasks for a worker."""

    calls: QueueCalls
    storage: Storage
    #: Working folders are made in here.
    scratch: Path
    #: Decrypts the keys of providers that tenants bring themselves.
    sealer: Sealer = field(default_factory=Sealer)

    async def run(self, slot: StageSlot, claim: Claim) -> bool:
        """Bring a claimed task to an end; one that is no longer ours is left alone. True when it is completed."""
        logger.info("%s %s: started", claim.stage, claim.task_id)
        try:
            return await self._attempt(slot, claim)
        except StaleToken as error:
            logger.warning("%s %s: dropped. %s", claim.stage, claim.task_id, error.message)
            return False

    async def _attempt(self, slot: StageSlot, claim: Claim) -> bool:
        timings: dict[str, int] = {}
        folder = self.scratch / str(claim.attempt_id)
        try:
            outcome = await self._work(slot, claim, folder, timings)
            if isinstance(outcome, Completion):
                try:
                    await self.calls.complete(outcome)
                    logger.info("%s %s: completed in %d ms", claim.stage, claim.task_id, sum_ms(timings))
                    return True
                except StaleToken:
                    raise
                except CliprowError as error:  # the database refuses the result itself
                    outcome = explain(error)
            if outcome.is_deferred:
                await self._defer(claim, outcome)
                return False
            if outcome.traceback:
                logger.error("%s %s:\n%s", claim.stage, claim.task_id, outcome.traceback)
            status = await self._fail(claim, outcome, timings)
            logger.warning(
                "%s %s: %s (%s) %s", claim.stage, claim.task_id, outcome.error_code, status, outcome.message
            )
            return False
        finally:
            if not _is_removed(folder):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _defer(self, claim: Claim, why: Failed) -> None:
        assert claim.attempt_id is not None
        await self.calls.defer(claim.job_id, claim.task_id, claim.attempt_id, why)
        logger.info("%s %s: handed back. %s", claim.stage, claim.task_id, why.message)

    async def _fail(self, claim: Claim, failed: Failed, timings: dict[str, int]) -> str:
        assert claim.attempt_id is not None
        ids = (claim.job_id, claim.task_id, claim.attempt_id)
        try:
            return await self.calls.fail(*ids, failed, timings)
        except StaleToken:
            raise
        except CliprowError as error:
            logger.warning("The database refuses an error: %s", error.message)
            return await self.calls.fail(*ids, _UNTELLABLE, {})

    async def _work(
        self, slot: StageSlot, claim: Claim, folder: Path, timings: dict[str, int]
    ) -> Completion | Failed:
        """Fetch, run, store; whatever goes wrong on the way is the task's error."""
        assert claim.attempt_id is not None and claim.stage is not None
        reporter = _Reporter(self.calls, claim.job_id, claim.task_id, claim.attempt_id)
        clock = time.monotonic()
        try:
            inputs = bytes(claim.inputs)
            files = await self._fetch(inputs, folder / "inputs")
            timings["fetch_ms"], clock = _lap(clock)
            secrets = await self._secrets(claim)
            asked = _Asked(
                self.calls, claim.job_id, claim.task_id, claim.attempt_id, has_own_key=bool(secrets)
            )
            outcome = await slot.run(
                Request(claim.stage, inputs, str(folder), files, secrets), reporter.report, asked.answer
            )
            timings["run_ms"], clock = _lap(clock)
            timings["peak_memory_bytes"] = slot.peak_memory_bytes
            if isinstance(outcome, Failed):
                return outcome
            stored = await self._store_while_wanted(claim, outcome) if outcome.files else []
            timings["store_ms"], clock = _lap(clock)
        except StaleToken:
            raise
        except Exception as error:  # noqa: BLE001 - or the task would stay with us, whatever it was
            return explain(error)
        return Completion(
            job_id=claim.job_id,
            task_id=claim.task_id,
            attempt_id=claim.attempt_id,
            facts=msgspec.Raw(outcome.facts),
            files=stored,
            timings=timings,
        )

    async def _secrets(self, claim: Claim) -> dict[str, str]:
        """Keys of providers that the tenant brings itself, for a stage that reads one."""
        assert claim.attempt_id is not None
        if claim.stage not in KEYED_STAGES:
            return {}
        kept = await self.calls.task_secrets(claim.job_id, claim.task_id, claim.attempt_id)
        return self.sealer.open_settings(kept, claim.tenant_id) if claim.tenant_id else {}

    async def _fetch(self, inputs: bytes, folder: Path) -> dict[str, str]:
        """Put the input files into `folder`: there they stay, while the storage's copies may go."""
        refs = list(file_refs(msgspec.json.decode(inputs)))
        for ref in refs:
            await asyncio.to_thread(self._fetch_one, ref, folder)
        return {ref.sha256: str(folder / ref.sha256) for ref in refs}

    def _fetch_one(self, ref: FileRef, folder: Path) -> None:
        link_or_copy(self.storage.fetch(ref.path), folder / ref.sha256)

    async def _store_while_wanted(self, claim: Claim, done: Done) -> list[FileRef]:
        """Store the files; a thread cannot be cancelled, but told that nobody wants its upload any more."""
        with withdrawable() as withdrawn:
            try:
                return await asyncio.to_thread(self._store, claim, done)
            except asyncio.CancelledError:
                withdrawn.set()
                raise

    def _store(self, claim: Claim, done: Done) -> list[FileRef]:
        return [
            put_artifact(
                self.storage,
                claim.tenant_id,
                Path(file.path),
                role=file.role,
                name=file.name,
                media_type=file.media_type,
            )
            for file in done.files
        ]


def _is_removed(folder: Path) -> bool:
    """Remove the folder if it is empty, which is too quick for a thread; False when it is not."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


class _Reporter:
    """Tells the database how far a task is, seldom enough, and only forward."""

    def __init__(self, calls: QueueCalls, job_id: UUID, task_id: UUID, attempt_id: UUID) -> None:
        self._calls, self._ids = calls, (job_id, task_id, attempt_id)
        self._told_at, self._told = 0.0, 0

    async def report(self, fraction: float) -> None:
        percent = int(100 * min(1.0, max(0.0, fraction)))
        now = time.monotonic()
        if percent <= self._told or now - self._told_at < REPORT_EVERY_S:
            return
        self._told_at, self._told = now, percent
        try:
            await self._calls.report(*self._ids, percent)
        except Unavailable as error:
            # The work goes on: only its end must be told, and that waits until the database answers.
            logger.warning("Progress was not told: %s", error.message)


class _Asked:
    """Answers what a stage asks about calls of providers, for one attempt."""

    def __init__(
        self, calls: QueueCalls, job_id: UUID, task_id: UUID, attempt_id: UUID, *, has_own_key: bool
    ) -> None:
        self._calls, self._ids = calls, (job_id, task_id, attempt_id)
        #: Of the tenant; what the provider says of its account then concerns nobody else.
        self._has_own_key = has_own_key

    async def answer(self, message: CallMessage) -> CallVerdict:
        if isinstance(message, CallAsked):
            return await self._begin(message)
        if isinstance(message, CallMade):
            await self._calls.keep_call(message)
        elif isinstance(message, CallRefused):
            await self._calls.refuse_call(
                message.idempotency_key, message.retry_after_s, has_own_key=self._has_own_key
            )
        else:
            await self._calls.discard_calls(message.idempotency_keys)
        return CallVerdict("noted")

    async def _begin(self, call: CallAsked) -> CallVerdict:
        while True:
            told = await self._calls.begin_call(*self._ids, call)
            if told.verdict != "wait" or told.wait_s > WAIT_IN_SLOT_S:
                return told
            await asyncio.sleep(told.wait_s)


def file_refs(inputs: Any) -> Iterator[FileRef]:
    """Every stored file that inputs name, wherever it stands in them."""
    if isinstance(inputs, dict):
        if "sha256" in inputs and "path" in inputs:
            yield msgspec.convert(inputs, FileRef)
        else:
            for value in inputs.values():
                yield from file_refs(value)
    elif isinstance(inputs, list):
        for value in inputs:
            yield from file_refs(value)


def sum_ms(timings: Mapping[str, int]) -> int:
    """All milliseconds of an attempt."""
    return sum(value for name, value in timings.items() if name.endswith("_ms"))


def _lap(since: float) -> tuple[int, float]:
    now = time.monotonic()
    return int(1000 * (now - since)), now
