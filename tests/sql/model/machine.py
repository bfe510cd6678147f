"""The state machine of docs/states.md in Python: what the SQL must come to, one operation after another.

Which waiting task is released when is not modelled, only that nothing starts that may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.sql.model.rows import (
    CONFLICT,
    ENDED,
    MAX_FAILURES,
    MAX_LOSSES,
    STAGES,
    STALE,
    Batch,
    Job,
    Key,
    Task,
    require,
)

#: By job: status, generation, whether it is paused, after which stage it will pause and has, statuses of its tasks. By
#: batch: status, paused, start, blocked, late.
State = tuple[
    dict[str, tuple[str, int, bool, str, str, dict[Key, str]]], dict[str, tuple[str, bool, str, bool, bool]]
]


@dataclass
class Machine:
    """All batches of all tenants."""

    batches: dict[str, Batch] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    #: Tenants (with their only project) and stages that are paused.
    paused: set[str] = field(default_factory=set)
    #: Workers that live.
    workers: set[str] = field(default_factory=set)

    def state(self) -> State:
        """All that can be compared with the database."""
        jobs = {
            job.id: (
                job.status,
                job.generation,
                job.is_paused,
                job.pause_after,
                job.paused_after,
                {key: t.status for key, t in job.tasks.items()},
            )
            for job in self.jobs.values()
        }
        batches = {
            b.id: (b.status, b.is_paused, b.start, b.is_blocked, b.is_late) for b in self.batches.values()
        }
        return jobs, batches

    # -- users

    def create(self, batch: Batch) -> None:
        self.batches[batch.id] = batch
        for job_id in batch.jobs:
            script = Task("script_generation", (), "waiting")
            tasks = {("script_generation", 0): script}
            self.jobs[job_id] = Job(job_id, batch.id, pause_after=batch.pause_after, tasks=tasks)
        batch.after = {id_: b.status if (b := self.batches[id_]).has_ended else "" for id_ in batch.after}
        is_met = all(outcome == "completed" for outcome in batch.after.values())
        batch.is_blocked = not is_met
        batch.is_due = any(batch.after.values())

    def pause(self, scope: str, id_: str, now: bool) -> str:
        match scope:
            case "job":
                if self.jobs[id_].has_ended:
                    return CONFLICT
                self.jobs[id_].is_paused = True
            case "batch":
                if self.batches[id_].has_ended:
                    return CONFLICT
                self.batches[id_].is_paused = True
            case _:
                self.paused.add(id_)
        if now:
            for job in self._jobs_of(scope, id_):
                for task in job.tasks.values():
                    if task.status == "processing" and (scope != "stage" or task.stage == id_):
                        task.wait()
        return "ok"

    def resume(self, scope: str, id_: str) -> str:
        match scope:
            case "job":
                self.jobs[id_].is_paused, self.jobs[id_].paused_after = False, ""
            case "batch":
                self.batches[id_].is_paused = False
            case _:
                self.paused.discard(id_)
        return "ok"

    def cancel(self, scope: str, id_: str) -> str:
        if scope in ("job", "batch"):
            row = self.jobs[id_] if scope == "job" else self.batches[id_]
            if row.has_ended:
                return "ok" if row.status == "cancelled" else CONFLICT
        jobs = [job for job in self._jobs_of(scope, id_) if not job.has_ended]
        self._withdraw(jobs)
        if scope != "job":
            for job in jobs:
                self.batches[job.batch].is_paused = False
        return "ok"

    def retry_job(self, id_: str, stage: str | None) -> str:
        job = self.jobs[id_]
        has_failed = any(task.status in ("failed", "cancelled") for task in job.tasks.values())
        if not (job.has_ended or job.is_in_review) or (stage is None and not has_failed):
            return CONFLICT
        self._retry(job, stage)
        job.unlock()
        job.repeat_review()
        self._rolled_up(job)
        return "ok"

    def retry_batch(self, id_: str) -> str:
        batch = self.batches[id_]
        wanted = "cancelled" if batch.status == "cancelled" else "failed"
        jobs = [self.jobs[job_id] for job_id in batch.jobs if self.jobs[job_id].status == wanted]
        for job in jobs:
            self._retry(job, None)
            self._rolled_up(job)
        return "ok" if jobs else CONFLICT

    def retry_task(self, id_: str, key: Key) -> str:
        job = self.jobs[id_]
        task = job.tasks.get(key)
        if task is None:
            return "CR002"
        if job.status == "cancelled":
            return CONFLICT
        if task.status == "failed":
            if job.has_ended:
                job.begin_again()
            task.renew("waiting")
        elif task.status != "completed" or (job.status == "processing" and not job.is_in_review):
            return CONFLICT
        elif task.stage == "script_generation":
            self._retry(job, task.stage)
        else:
            job.begin_again()
            for other in job.followers(key):
                if job.tasks[other].status in ("completed", "failed", "waiting"):
                    job.tasks[other].renew("waiting" if other == key else "blocked")
        job.repeat_review()
        self._rolled_up(job)
        return "ok"

    def retry_failed(self, tenant: str) -> str:
        for job in self._jobs_of("tenant", tenant):
            failed = [task for task in job.tasks.values() if task.status == "failed"]
            if failed and job.status != "cancelled":
                if job.has_ended:
                    job.begin_again()
                for task in failed:
                    task.renew("waiting")
                job.repeat_review()
                self._rolled_up(job)
        return "ok"

    def reschedule(self, id_: str, is_due: bool) -> str:
        batch = self.batches[id_]
        if batch.status != "pending" or batch.deadline == "passed":
            return CONFLICT
        batch.start = "due" if is_due else "later"
        return "ok"

    def start(self, id_: str) -> str:
        batch = self.batches[id_]
        if batch.has_ended:
            return CONFLICT
        batch.start, batch.is_blocked = "", False
        return "ok"

    def set_deadline(self, id_: str, is_passed: bool) -> str:
        batch = self.batches[id_]
        if batch.has_ended:
            return CONFLICT
        batch.deadline, batch.is_late = "passed" if is_passed else "ahead", False
        return "ok"

    # -- workers

    def may_start(self, job: Job, task: Task) -> bool:
        batch = self.batches[job.batch]
        is_held = job.is_paused or batch.is_paused or {batch.tenant, task.stage} & self.paused
        if job.pause_after and task.place > STAGES.index(job.pause_after):
            return False
        return task.status == "waiting" and not is_held and not batch.start and not batch.is_blocked

    def take(self, worker: str, runs: Iterable[tuple[str, Key, str]]) -> None:
        for job_id, key, attempt in runs:
            job = self.jobs[job_id]
            require(key in job.tasks, f"{job_id} {key} was started, and does not exist")
            task = job.tasks[key]
            require(
                self.may_start(job, task),
                f"{job_id} {key} was started though it is {task.status}, or held back",
            )
            task.status, task.attempt, task.worker = "processing", attempt, worker
            self._rolled_up(job)

    def complete(self, job_id: str, key: Key, attempt: str, scenes: int) -> str:
        job = self.jobs[job_id]
        task = job.tasks.get(key)
        if task is None or task.attempt != attempt:
            return STALE
        if task.status == "completed":  # said twice
            return "completed"
        task.status = "completed"
        if task.stage == "script_generation":
            task.scenes = scenes
            self._expand(job, scenes)
        job.unlock()
        self._rolled_up(job)
        return "completed"

    def fail(self, job_id: str, key: Key, attempt: str, is_retriable: bool) -> str:
        task = self._own(job_id, key, attempt)
        if task is None:
            return STALE
        task.failures += 1
        if is_retriable and task.failures < MAX_FAILURES:
            task.wait()
            return "pending"
        task.status, task.attempt = "failed", ""
        self._rolled_up(self.jobs[job_id])
        return "failed"

    def hand_back(self, job_id: str, key: Key, attempt: str) -> str:
        task = self._own(job_id, key, attempt)
        if task is None:
            return STALE
        task.wait()
        return "ok"

    def report(self, job_id: str, key: Key, attempt: str) -> str:
        return "ok" if self._own(job_id, key, attempt) else STALE

    def leave(self, worker: str, tenant: str) -> None:
        """What a leaving worker gives back of one tenant."""
        self.workers.discard(worker)
        for job in self._jobs_of("tenant", tenant):
            for task in job.tasks.values():
                if task.status == "processing" and task.worker == worker:
                    task.wait()

    def die(self, worker: str) -> None:
        self.workers.discard(worker)

    # -- the clock

    def tick(self, tenant: str) -> None:
        """What a tick does for one tenant."""
        for job in self._jobs_of("tenant", tenant):
            self._rescue(job)
        batches = [batch for batch in self.batches.values() if batch.tenant == tenant]
        for batch in batches:
            if batch.start == "due":
                batch.start = ""
        for batch in [batch for batch in batches if batch.is_due]:
            self._settle(batch)
        for batch in batches:
            if batch.deadline == "passed" and not batch.is_late and not batch.has_ended:
                batch.is_late = True
                self._withdraw([self.jobs[id_] for id_ in batch.jobs if not self.jobs[id_].has_ended])

    # -- what these are made of

    def _own(self, job_id: str, key: Key, attempt: str) -> Task | None:
        task = self.jobs[job_id].tasks.get(key)
        return task if task and task.status == "processing" and task.attempt == attempt else None

    def _jobs_of(self, scope: str, id_: str) -> list[Job]:
        return [
            job
            for job in self.jobs.values()
            if scope == "stage" or id_ in (job.id, job.batch, self.batches[job.batch].tenant)
        ]

    def _expand(self, job: Job, scenes: int) -> None:
        script = ("script_generation", 0)
        numbers = range(1, scenes + 1)
        for number in numbers:
            job.tasks["audio_generation", number] = Task("audio_generation", (script,))
        for number in numbers:
            job.tasks["video_generation", number] = Task("video_generation", (("audio_generation", number),))
        videos = tuple(("video_generation", number) for number in numbers)
        job.tasks["platform_adaptation", 0] = Task("platform_adaptation", videos)
        job.tasks["post_processing", 0] = Task("post_processing", (("platform_adaptation", 0),))

    def _retry(self, job: Job, stage: str | None) -> None:
        job.begin_again()
        place = STAGES.index(stage) if stage else len(STAGES)
        if place == 0:
            job.tasks = {key: task for key, task in job.tasks.items() if task.place == 0}
        ready = {key: job.is_ready(task) for key, task in job.tasks.items()}
        for key, task in job.tasks.items():
            if task.status in ("failed", "cancelled") or (task.status == "completed" and task.place >= place):
                task.renew("waiting" if task.place <= place and ready[key] else "blocked")
            elif task.status == "waiting" and task.place > place:
                task.renew("blocked")

    def _withdraw(self, jobs: list[Job]) -> None:
        for job in jobs:
            for task in job.tasks.values():
                if task.status in ("blocked", "waiting", "processing"):
                    task.status, task.attempt, task.worker = "cancelled", "", ""
            self._rolled_up(job)

    def _rescue(self, job: Job) -> None:
        for task in job.tasks.values():
            if task.status == "processing" and task.worker not in self.workers:
                task.losses += 1
                if task.losses < MAX_LOSSES:
                    task.wait()
                else:
                    task.status, task.attempt, task.worker = "failed", "", ""
                    self._rolled_up(job)

    def _settle(self, batch: Batch) -> None:
        batch.is_due = False
        if not batch.is_blocked:
            return
        outcomes = batch.after.values()
        is_met = all(outcome == "completed" for outcome in outcomes)
        is_lost = any(outcome not in ("", "completed") for outcome in outcomes)
        if is_lost and batch.after_failure == "hold" and not batch.has_ended:
            return
        if is_met or is_lost or batch.has_ended:
            batch.is_blocked = False
            if is_lost and batch.after_failure == "cancel" and not batch.has_ended:
                self._withdraw([self.jobs[id_] for id_ in batch.jobs if not self.jobs[id_].has_ended])

    def _rolled_up(self, job: Job) -> None:
        job.roll_up()
        job.begin_review()
        batch = self.batches[job.batch]
        before = batch.status
        statuses = [self.jobs[id_].status for id_ in batch.jobs]
        if any(status not in ENDED for status in statuses):
            is_unbegun = before == "pending" and all(s in ("pending", "cancelled") for s in statuses)
            batch.status = "pending" if is_unbegun else "processing"
        elif batch.has_ended:
            pass
        elif all(status == "failed" for status in statuses):
            batch.status = "failed"
        elif "failed" in statuses:
            batch.status = "partial"
        else:
            batch.status = "cancelled" if "cancelled" in statuses else "completed"
        if batch.has_ended and batch.status != before:
            for other in self.batches.values():
                if batch.id in other.after:
                    other.after[batch.id], other.is_due = batch.status, True
