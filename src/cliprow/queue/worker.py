"""`cliprow worker`: fetches queue entries through procrastinate and runs them in slots.

What must go on whatever happens to a single task runs side by side here:

    beating     says every few seconds that this worker lives, and asks the ticker to do what needs a clock
    fetching    procrastinate's worker (LISTEN/NOTIFY); started again when it loses the database
    running     one coroutine per claimed task; outlives a lost connection, because its child does too
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from uuid import UUID, uuid4

import procrastinate
import procrastinate.exceptions
import psycopg
from procrastinate import JobContext, PsycopgConnector

from cliprow.errors import CliprowError, Unavailable
from cliprow.models import Stage
from cliprow.queue.calls import QueueCalls
from cliprow.queue.slot import Slot
from cliprow.queue.task_run import TaskRunner
from cliprow.storage import Storage

logger = logging.getLogger(__name__)

#: Between two calls of the ticker, in seconds.
TICK_S = 1.0
#: Heartbeats in the time after which silence means death.
BEATS_PER_DEATH = 4
#: A first child that cannot be started this often means that something is missing.
START_TRIES = 3
_RECONNECT_S = 1.0


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
    #: Called when the database does not answer; starts the embedded one again.
    revive: Callable[[], None] | None = None


class Worker:
    """Runs tasks until it is stopped.

    Args:
        conninfo: of the role `cliprow_worker`.
        storage: where results go.
    """

    def __init__(self, conninfo: str, storage: Storage, options: WorkerOptions) -> None:
        self.id = uuid4()
        self._options = options
        self._storage = storage
        self._calls = QueueCalls(conninfo, self.id)
        self._app = _procrastinate_app(conninfo, self._on_entry)
        self._slots: asyncio.Queue[Slot] = asyncio.Queue()
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._runner: TaskRunner | None = None
        self._registered = asyncio.Event()
        self._dead_after_s = 0.0

    def stop(self) -> None:
        """Take nothing new; end when the running tasks have ended, or the grace time has. Twice: at once."""
        if self._stopping.is_set():
            logger.warning("Stopping at once; unfinished tasks are handed back.")
            for task in self._running:
                task.cancel()
        else:
            logger.info("Stopping: %d running tasks may still end.", len(self._running))
            self._stopping.set()

    async def run(self) -> None:
        """Work until stopped, by a signal or by `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        slots = [
            Slot(self._options.settings, self._options.memory_limit_bytes) for _ in range(self._options.slots)
        ]
        try:
            with tempfile.TemporaryDirectory(prefix="cliprow-", ignore_cleanup_errors=True) as scratch:
                versions = await _first_start(slots[0])
                self._runner = TaskRunner(self._calls, self._storage, versions, Path(scratch))
                for slot in slots:
                    self._slots.put_nowait(slot)
                await self._calls.open()
                beating = asyncio.create_task(self._beat())
                fetching = asyncio.create_task(self._fetch())
                await self._stopping.wait()
                await self._wind_down(fetching)
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
        finally:
            await asyncio.gather(*(slot.stop() for slot in slots))
            await self._calls.close()

    async def _wind_down(self, fetching: asyncio.Task[None]) -> None:
        try:
            await self._calls.drain()
        except CliprowError as error:
            logger.warning("Could not say that this worker takes nothing new: %s", error.message)
        fetching.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=self._options.grace_s)
        for task in self._running:
            task.cancel()
        await asyncio.gather(fetching, *self._running, return_exceptions=True)
        try:
            count = await self._calls.leave()
            logger.info("Stopped; %d unfinished tasks handed back.", count)
        except CliprowError as error:
            logger.warning("Could not hand back; the tasks are rescued later: %s", error.message)

    async def _register(self) -> None:
        self._dead_after_s = await self._calls.register(self._options.stages, self._options.slots, _version())
        self._registered.set()
        logger.info("Registered as worker %s with %d slots.", self.id, self._options.slots)

    async def _beat(self) -> None:
        beaten_at = -math.inf
        while True:
            try:
                if not self._registered.is_set():
                    await self._register()
                if time.monotonic() - beaten_at >= self._dead_after_s / BEATS_PER_DEATH:
                    if not await self._calls.beat():
                        await self._register()
                    beaten_at = time.monotonic()
                done = await self._calls.tick()
                if done and done["rescued"]:
                    logger.warning("Rescued %d tasks of dead workers.", done["rescued"])
            except CliprowError as error:
                logger.warning("The database did not answer the heartbeat: %s", error.message)
                beaten_at = -math.inf
                if self._options.revive is not None:
                    await self._try_to_revive(self._options.revive)
            await asyncio.sleep(TICK_S)

    async def _try_to_revive(self, revive: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(revive)
        except CliprowError as error:
            logger.warning("The embedded database could not be started again yet: %s", error.message)

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

    async def _on_entry(self, context: JobContext, job_id: str, task_id: str) -> None:
        """What procrastinate calls for a queue entry."""
        assert context.job.id is not None
        stage, entry_id = Stage(context.job.queue), context.job.id
        run = asyncio.create_task(self._run(stage, UUID(job_id), UUID(task_id), entry_id))
        self._running.add(run)
        run.add_done_callback(self._running.discard)
        # Losing the queue's connection must not stop the work: its result is told over another one.
        await asyncio.shield(run)

    async def _run(self, stage: Stage, job_id: UUID, task_id: UUID, entry_id: int) -> None:
        assert self._runner is not None
        slot = await self._slots.get()
        try:
            if not self._stopping.is_set():
                await self._runner.run(slot, stage, job_id, task_id, entry_id)
        except CliprowError as error:
            logger.warning("%s %s: not claimed. %s", stage, task_id, error.message)
        finally:
            self._slots.put_nowait(slot)


async def _first_start(slot: Slot) -> dict[Stage, str]:
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
            conninfo=conninfo, kwargs={"options": "-c search_path=procrastinate"}, min_size=1, max_size=4
        )
    )
    app.task(name="run_task", pass_context=True)(on_entry)
    return app


def _version() -> str:
    return metadata.version("cliprow")
