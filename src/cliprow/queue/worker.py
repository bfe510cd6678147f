"""`cliprow worker`: fetches queue entries through procrastinate and runs them in slots.

What must go on whatever happens to a single task runs side by side here:

    beating     says every few seconds that this worker lives
    ticking     asks the database to do what needs a clock; may wait for locks, so not between two beats
    tidying     removes what has been kept for long enough, in small steps
    flushing    tells followers of live topics what nobody has told them yet
    telling     calls the webhooks of tenants when something of theirs has ended
    keeping     removes stored content that nothing refers to, and compares the rest with its checksums
    watching    stops what nobody wants any more
    fetching    procrastinate's worker (LISTEN/NOTIFY); started again when it loses the database
    running     one coroutine per claimed task; outlives a lost connection, because its child does too

A mistake of ours in any of them ends the worker, which hands back what it has: a worker that lives on with a part
missing would keep its tasks for ever.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import procrastinate
import procrastinate.exceptions
import psycopg
from procrastinate import JobContext, PsycopgConnector
from procrastinate.job_context import AbortReason

from cliprow.errors import CliprowError, Unavailable
from cliprow.models import Stage
from cliprow.providers.paid import providers_in_use
from cliprow.queue.callbacks import CallbackSender
from cliprow.queue.calls import KEEPALIVE, Claim, Order, QueueCalls
from cliprow.queue.content_keeper import ContentKeeper
from cliprow.queue.entries import Entries
from cliprow.queue.live_flush import LiveFlush
from cliprow.queue.scratch import scratch_folder
from cliprow.queue.slot import Slot, StageSlot, memory_of_family
from cliprow.queue.task_run import TaskRunner
from cliprow.sealing import Sealer
from cliprow.storage import Storage

logger = logging.getLogger(__name__)

#: Between two calls of the ticker, in seconds.
TICK_S = 1.0
#: Between two rounds of what has no hurry, in seconds.
TIDY_S = 60.0
#: Between two looks whether what runs is still wanted.
WATCH_S = 0.5
#: Heartbeats in the time after which silence means death.
BEATS_PER_DEATH = 4
#: A first child that cannot be started this often means that something is missing.
START_TRIES = 3
_RECONNECT_S = 1.0
#: How long procrastinate may take to leave a database that does not answer, in seconds.
_LEAVE_S = 8.0
#: Failures that are said again only after so many.
_SAY_EVERY = 60


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """How a worker works."""

    #: Stages it takes.
    stages: Sequence[Stage] = tuple(Stage)
    #: Tasks it runs at the same time, each in a process of its own.
    slots: int = 2
    #: Resident memory a slot may use, in bytes.
    memory_limit_bytes: int = 1500 * 2**20
    #: How long running tasks may go on after the first signal to stop, in seconds.
    grace_s: float = 20.0
    #: Provider settings.
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Decrypts the keys of providers that tenants bring themselves.
    sealer: Sealer = field(default_factory=Sealer)
    #: Called when the database does not answer; starts the embedded one again.
    revive: Callable[[], None] | None = None
    #: What runs stages, one for each slot; a child process unless a benchmark wants otherwise.
    make_slot: Callable[[], StageSlot] | None = None


class Worker:
    """Runs tasks until it is stopped.

    Args:
        conninfo: of the role `cliprow_worker`.
        storage: where results go.
        scratch: folder for working folders, of all workers of this data folder.
    """

    def __init__(self, conninfo: str, storage: Storage, scratch: Path, options: WorkerOptions) -> None:
        self.id = uuid4()
        self._options = options
        self._storage = storage
        self._scratch = scratch
        self._calls = QueueCalls(conninfo, self.id)
        self._app = _procrastinate_app(conninfo, self._on_entry)
        self._live = LiveFlush(self._calls)
        self._entries = Entries(self._app.connector, self._calls, options.slots)
        self._app.job_manager = self._entries
        self._slots: asyncio.Queue[StageSlot] = asyncio.Queue()
        #: By attempt.
        self._running: dict[UUID, tuple[asyncio.Task[bool], Claim]] = {}
        self._stopping = asyncio.Event()
        self._runner: TaskRunner | None = None
        self._registered = asyncio.Event()
        self._dead_after_s = 0.0
        self._mistake: Exception | None = None
        self._order = Order.WORK
        #: Held by a task that runs alone.
        self._alone = asyncio.Lock()

    def stop(self) -> None:
        """Take nothing new; end when the running tasks have ended, or the grace time has. Twice: at once."""
        if self._stopping.is_set():
            logger.warning("Stopping at once; unfinished tasks are handed back.")
            for run in self._runs():
                run.cancel()
        else:
            logger.info("Stopping: %d running tasks may still end.", len(self._running))
            self._stopping.set()

    async def run(self) -> None:
        """Work until stopped, by a signal or by `stop`.

        Raises:
            CliprowError: no child can be started, or the database does not take this worker.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
                loop.add_signal_handler(number, self.stop)
        slots = [self._make_slot() for _ in range(self._options.slots)]
        try:
            with scratch_folder(self._scratch) as scratch:
                starting = asyncio.create_task(_first_start(slots[0]))
                if not await self._goes_on(starting):
                    return
                self._entries.versions = starting.result()
                self._runner = TaskRunner(self._calls, self._storage, scratch, self._options.sealer)
                for slot in slots:
                    self._slots.put_nowait(slot)
                await self._calls.open()
                await self._serve()
        finally:
            await asyncio.gather(*(slot.stop() for slot in slots))
            await self._calls.close()

    def _make_slot(self) -> StageSlot:
        if self._options.make_slot is not None:
            return self._options.make_slot()
        return Slot(self._options.settings, self._options.memory_limit_bytes)

    async def _goes_on(self, starting: asyncio.Task[Any]) -> bool:
        """Wait for the first child, or for the signal to stop, which may come before."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        return not self._stopping.is_set()

    async def _serve(self) -> None:
        """Do everything side by side until told to stop, or until one part has failed."""
        stopping = asyncio.create_task(self._stopping.wait())
        parts = (
            self._beat, self._tick, self._tidy, self._flush, self._tell, self._keep, self._watch, self._fetch,
        )  # fmt: skip
        services = [asyncio.create_task(part()) for part in parts]
        beating, ticking, tidying, flushing, telling, keeping, watching, fetching = services
        ended, _ = await asyncio.wait({stopping, *services}, return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        for service in (ticking, tidying, telling, keeping):
            service.cancel()
        await self._wind_down(fetching)
        for service in (beating, flushing, watching):
            service.cancel()
        await asyncio.gather(stopping, *services[:-1], return_exceptions=True)
        await self._live.end()
        for task in ended - {stopping}:
            await task  # raises what ended it
        if self._mistake is not None:
            raise self._mistake

    async def _wind_down(self, fetching: asyncio.Task[None]) -> None:
        try:
            await self._calls.drain()
        except CliprowError as error:
            logger.warning("Could not say that this worker takes nothing new: %s", error.message)
        fetching.cancel()
        if self._running:
            await asyncio.wait(self._runs(), timeout=self._options.grace_s)
        for run in self._runs():
            run.cancel()
        await asyncio.wait({fetching, *self._runs()}, timeout=_LEAVE_S)
        try:
            count = await self._calls.leave()
            logger.info("Stopped; %d unfinished tasks handed back.", count)
        except CliprowError as error:
            logger.warning("Could not hand back; the tasks are rescued later: %s", error.message)

    async def _register(self) -> None:
        try:
            self._dead_after_s = await self._calls.register(
                self._options.stages, self._options.slots, _version()
            )
            providers = providers_in_use(self._options.settings)
            await self._calls.announce([each for each in providers if each.stage in self._options.stages])
        except Unavailable:
            raise
        except CliprowError as error:
            raise CliprowError(
                f"The database does not take this worker. {error.message}",
                error_code="WORKER_REFUSED",
                next_step="Run `cliprow db migrate`, and let DATABASE_URL name the role cliprow_worker or the owner.",
            ) from error
        self._registered.set()
        logger.info("Registered as worker %s with %d slots.", self.id, self._options.slots)

    async def _beat(self) -> None:
        failures = 0
        while True:
            try:
                order = await self._say_alive() if self._registered.is_set() else None
                if order is None:
                    await self._register()
                elif order is not self._order:
                    logger.info("Told to %s.", order)
                    self._order = order
                if order is Order.STOP and not self._running:
                    self._stopping.set()
                failures = 0
                await asyncio.sleep(self._dead_after_s / BEATS_PER_DEATH)
            except Unavailable as error:
                if failures % _SAY_EVERY == 0:
                    logger.warning("The database did not answer the heartbeat: %s", error.message)
                failures += 1
                if self._options.revive is not None:
                    await self._try_to_revive(self._options.revive)
                await asyncio.sleep(_RECONNECT_S)

    async def _say_alive(self) -> Order | None:
        return await self._calls.beat(len(self._running), memory_of_family())

    async def _try_to_revive(self, revive: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(revive)
        except CliprowError as error:
            logger.warning("The embedded database could not be started again yet: %s", error.message)

    async def _tick(self) -> None:
        await self._registered.wait()
        while True:
            try:
                done = await self._calls.tick()
                if done and done["rescued"]:
                    logger.warning("Rescued %d tasks of dead workers.", done["rescued"])
            except Unavailable as error:
                logger.debug("No tick: %s", error.message)  # the heartbeat says so
            except CliprowError as error:
                logger.warning("What needs a clock was not done: %s", error.message)
            await asyncio.sleep(TICK_S)

    async def _tidy(self) -> None:
        await self._registered.wait()
        while True:
            try:
                await self._calls.tidy()
            except Unavailable as error:
                logger.debug("Nothing was tidied up: %s", error.message)  # the heartbeat says so
            except CliprowError as error:
                logger.warning("What is kept for too long was not removed: %s", error.message)
            await asyncio.sleep(TIDY_S)

    async def _flush(self) -> None:
        await self._registered.wait()
        await self._live.run()

    async def _tell(self) -> None:
        await self._registered.wait()
        await CallbackSender(self._calls).run()

    async def _keep(self) -> None:
        await self._registered.wait()
        await ContentKeeper(self._calls, self._storage).run()

    async def _fetch(self) -> None:
        """Run procrastinate's worker, again and again when it loses the database."""
        await self._registered.wait()
        while True:
            try:
                async with self._app.open_async():
                    await self._app.run_worker_async(
                        queues=[str(stage) for stage in self._options.stages],
                        concurrency=self._options.slots,
                        delete_jobs="always",
                        fetch_job_polling_interval=TICK_S,
                        update_heartbeat_interval=self._dead_after_s / BEATS_PER_DEATH,
                        stalled_worker_timeout=self._dead_after_s,
                        install_signal_handlers=False,
                        shutdown_graceful_timeout=0.0,
                    )
            except (procrastinate.exceptions.ConnectorException, psycopg.Error, OSError) as error:
                logger.warning(
                    "Lost the queue: %s. Connecting again.", str(error).strip() or type(error).__name__
                )
            await asyncio.sleep(_RECONNECT_S)

    async def _watch(self) -> None:
        """Stop runs whose task is no longer ours, also those that the queue's connection has lost sight of."""
        suspects: set[UUID] = set()
        while True:
            await asyncio.sleep(WATCH_S)
            if not self._running:
                continue
            try:
                gone = set(await self._calls.withdrawn(list(self._running)))
            except CliprowError as error:
                logger.debug("Not known what is still wanted: %s", error.message)  # the heartbeat says so
                continue
            # Looked at twice: the answer to a completion may be on its way.
            for attempt_id in gone & suspects & self._running.keys():
                logger.info("Attempt %s: withdrawn", attempt_id)
                self._running[attempt_id][0].cancel()
            suspects = gone

    async def _on_entry(self, context: JobContext) -> None:
        """What procrastinate calls for a queue entry."""
        assert context.job.id is not None
        claim = self._entries.claim_of(context.job.id)
        assert claim.attempt_id is not None
        run = asyncio.create_task(self._run(claim))
        self._running[claim.attempt_id] = (run, claim)
        run.add_done_callback(lambda _: self._forget(claim))
        self._live.claimed()
        try:
            # Losing the queue's connection must not stop the work: its result is told over another one.
            if await asyncio.shield(run):
                # Not where the run ends: one whose entry was given up meanwhile is finished by nobody.
                self._entries.completed(context.job.id)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                # Its child may say nothing for minutes, and would not hear otherwise that nobody wants the result.
                logger.info("%s %s: withdrawn", claim.stage, claim.task_id)
                run.cancel()
            raise

    def _runs(self) -> list[asyncio.Task[bool]]:
        return [run for run, _ in self._running.values()]

    def _forget(self, claim: Claim) -> None:
        assert claim.attempt_id is not None
        self._running.pop(claim.attempt_id, None)
        self._entries.ended(claim.entry_id)

    async def _run(self, claim: Claim) -> bool:
        """Run a task in the next free slot; whether its entry went with its completion."""
        assert self._runner is not None
        slot = await self._slots.get()
        try:
            if claim.is_suspect:
                async with self._alone:
                    await self._others_ended()
                    return await self._run_in(slot, claim)
            return await self._run_in(slot, claim)
        except CliprowError as error:
            logger.warning("%s %s: given up. %s", claim.stage, claim.task_id, error.message)
        except Exception as error:  # noqa: BLE001 - raised again when the worker has handed back its tasks
            self._mistake = error
            self._stopping.set()
        finally:
            self._slots.put_nowait(slot)
        return False

    async def _run_in(self, slot: StageSlot, claim: Claim) -> bool:
        assert self._runner is not None
        return not self._stopping.is_set() and await self._runner.run(slot, claim)

    async def _others_ended(self) -> None:
        """Wait for the tasks that are not suspects; nothing is claimed beside a suspect."""
        others = [run for run, claim in self._running.values() if not claim.is_suspect]
        if others:
            await asyncio.wait(others)


async def _first_start(slot: StageSlot) -> dict[Stage, str]:
    """Start a child; one that dies by accident is no reason to give up."""
    for _ in range(START_TRIES - 1):
        try:
            return await slot.start()
        except Unavailable as error:
            logger.warning("%s Trying again.", error.message)
    return await slot.start()


def _procrastinate_app(conninfo: str, on_entry: Callable[..., object]) -> procrastinate.App:
    app = procrastinate.App(
        connector=PsycopgConnector(
            conninfo=conninfo,
            kwargs={"options": "-c search_path=procrastinate", **KEEPALIVE},
            min_size=1,
            max_size=2,  # and one that listens: claims and completions have their own
            timeout=5,
            configure=_in_autocommit,
        )
    )
    app.task(name="run_task", pass_context=True)(on_entry)
    return app


async def _in_autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)  # spares BEGIN and COMMIT; as a keyword it would break LISTEN


def _version() -> str:
    return metadata.version("cliprow")
