"""Queue entries for procrastinate's worker, fetched and claimed many at a time.

Procrastinate fetches one entry per round trip and finishes each with another. Here its job manager gives out tasks that
`take_tasks` has claimed already, as many in one call as there are free slots, and leaves alone the entries that
`complete_tasks` has ended. All else is procrastinate's: registration, heartbeat, stalled workers, notifications, aborts.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from procrastinate import connector, exceptions, jobs, manager

from cliprow.errors import CliprowError, Unavailable
from cliprow.models import Stage
from cliprow.queue.calls import Claim, QueueCalls

logger = logging.getLogger(__name__)

#: How long a look waits for results on their way to the database, which free slots and release the next tasks, in seconds.
_SETTLE_S = 0.5
_FINISH = "delete from procrastinate_jobs where id = %(job_id)s and status in ('todo', 'doing')"


class _Entry(jobs.Job):
    """An entry whose log lines name no more than it: procrastinate would put all of it into words four times a task."""

    def log_context(self) -> dict[str, Any]:
        return {"id": self.id, "queue": self.queue}


class Entries(manager.JobManager):
    """A job manager whose jobs are claimed tasks.

    Args:
        connector: procrastinate's way to the database.
        calls: the worker's.
        slots: how many tasks the worker runs at the same time; never more are claimed.
    """

    def __init__(self, connector: connector.BaseConnector, calls: QueueCalls, slots: int) -> None:
        super().__init__(connector)
        self._calls = calls
        self._slots = slots
        #: Claimed, and not given out yet; kept while the queue's connection is lost.
        self._ready: deque[Claim] = deque()
        self._given: dict[int, Claim] = {}
        #: Entries that went with the completion of their tasks, and are finished next.
        self._gone: set[int] = set()
        self._notified = 0
        self._may_hold_more = False
        #: Version of each stage, once a child has said it.
        self.versions: Mapping[Stage, str] = {}

    def claim_of(self, entry_id: int) -> Claim:
        """What was claimed with an entry that has been given out."""
        return self._given[entry_id]

    def ended(self, entry_id: int) -> None:
        """The run of an entry is over, and its slot free."""
        self._given.pop(entry_id, None)

    def completed(self, entry_id: int) -> None:
        """The task of an entry is completed, and the entry gone: finishing it, which comes next, has nothing to do."""
        self._gone.add(entry_id)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> jobs.Job | None:
        """The next task to run, from those that are claimed already or from the database."""
        if not self._ready:
            await self._look(list(queues or ()), worker_id)
        if not self._ready:
            return None
        claim = self._ready.popleft()
        self._given[claim.entry_id] = claim
        return _Entry(
            id=claim.entry_id,
            status="doing",
            queue=str(claim.stage),
            lock=None,
            queueing_lock=None,
            task_name="run_task",
            worker_id=worker_id,
        )

    async def _look(self, stages: list[str], worker_id: int) -> None:
        """Claim for every free slot; look again as long as there may be more."""
        try:
            await self._calls.settle(_SETTLE_S)
            if self._may_hold_more:
                known = [claim.attempt_id for claim in self._given.values() if claim.attempt_id]
                self._ready.extend(await self._calls.held(known, self.versions))
                self._may_hold_more = False
            while not self._ready and (free := self._free()) > 0:
                notified = self._notified
                taken = await self._calls.take(worker_id, stages, free, self.versions)
                # Suspects last: they wait until the others have ended.
                self._ready.extend(sorted(taken.runs, key=lambda claim: claim.is_suspect))
                # Whoever was told of an entry while it looked would forget that, and wait for the next poll.
                if not taken.looked_at and notified == self._notified:
                    return
        except Unavailable as error:
            # The call may have been heard: its tasks would be ours for ever.
            self._may_hold_more = True
            raise exceptions.ConnectorException(error.message) from error
        except CliprowError as error:
            logger.warning("Tasks could not be claimed together, so one by one: %s", error.message)
            await self._take_alone(stages, worker_id)

    def _free(self) -> int:
        """How many more tasks may be claimed: none beside one that may take this worker down."""
        if any(claim.is_suspect for claim in self._given.values()):
            return 0
        return self._slots - len(self._given)

    async def _take_alone(self, stages: list[str], worker_id: int) -> None:
        """Claim one task, so that one which cannot be claimed does not keep the others from it."""
        job = await super().fetch_job(stages, worker_id)
        if job is None or job.id is None:
            return
        job_id, task_id = (UUID(str(job.task_kwargs[name])) for name in ("job_id", "task_id"))
        try:
            claim = await self._calls.claim(job_id, task_id, job.id, self.versions[Stage(job.queue)])
        except CliprowError as error:
            logger.warning("%s %s: not claimed. %s", job.queue, task_id, error.message)
            claim = None
        if claim is not None and claim.verdict == "run":
            self._ready.append(claim)
        else:
            await self.finish_job_by_id_async(job.id, jobs.Status.SUCCEEDED, True)

    async def finish_job_by_id_async(self, job_id: int, status: jobs.Status, delete_job: bool) -> None:
        """Remove an entry, unless it has ended with its task."""
        if job_id in self._gone:
            self._gone.discard(job_id)
            return
        await self.connector.execute_query_async(_FINISH, job_id=job_id)

    async def listen_for_jobs(
        self, *, on_notification: manager.NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """As procrastinate's, counting: see `_look`."""

        async def count(*, channel: str, notification: Any) -> None:
            self._notified += 1
            await on_notification(channel=channel, notification=notification)

        await super().listen_for_jobs(on_notification=count, queues=queues)
