"""Pause, resume, cancel, priority, caps and retries, as questions to a database or a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from cliprow.asking import Question
from cliprow.models import Stage

Kind = Literal["job", "batch", "project", "tenant"]
#: Where work waits: the first of these goes first.
LANES = ("urgent", "premium", "standard")
#: To withdraw the most jobs that one call takes, or to run them again, takes longer than other calls may.
_TIMEOUT_MS = 60_000

_PAUSE: dict[Kind, LiteralString] = {
    "job": "select public.pause_job(%s, %s)",
    "batch": "select public.pause_batch(%s, %s)",
    "project": "select public.pause_project(%s, %s)",
    "tenant": "select public.pause_tenant(%s)",
}
_RESUME: dict[Kind, LiteralString] = {
    "job": "select public.resume_job(%s)",
    "batch": "select public.resume_batch(%s)",
    "project": "select public.resume_project(%s)",
    "tenant": "select public.resume_tenant()",
}
_CANCEL: dict[Kind, LiteralString] = {
    "job": "select public.cancel_job(%s)",
    "batch": "select public.cancel_batch(%s)",
    "project": "select public.cancel_project(%s)",
    "tenant": "select public.cancel_tenant()",
}
#: As many as one call takes; and how many there are, so that it is known how many remain.
_RESUME_REVIEWED: LiteralString = """
select case when found.count = 0 then '{"changed_jobs": 0, "remaining_jobs": 0}' else (
  select told || jsonb_build_object('remaining_jobs', found.count - (told ->> 'changed_jobs')::int)
  from public.act_on_jobs('resume', found.ids[1:1000]) as told
) end
from (
  select count(*)::int, array_agg(j.id order by j.id) as ids from public.generation_jobs as j
  where j.tenant_id = private.tenant_id() and j.batch_id = %s and j.paused_after is not null and j.completed_at is null
    and j.project_id in (select c from private.controlled_project_ids() as c)
) as found
"""
_LANE: dict[Kind, LiteralString] = {
    "job": "select public.set_job_lane(%s, %s)",
    "batch": "select public.set_batch_lane(%s, %s)",
    "project": "select public.set_project_lane(%s, %s)",
}
_CAP: dict[Kind, LiteralString] = {
    "batch": "select public.set_batch_cap(%s, %s)",
    "project": "select public.set_project_cap(%s, %s)",
    "tenant": "select public.set_tenant_cap(%s)",
}


@dataclass(frozen=True)
class Target:
    """What is to be controlled; a tenant is that in which the caller acts."""

    kind: Kind
    id: UUID

    @property
    def path(self) -> str:
        """Where the API has it."""
        plural = "batches" if self.kind == "batch" else f"{self.kind}s"
        return f"/{plural}/{self.id}"

    def arguments(self, *more: object) -> tuple[object, ...]:
        """Of a function that controls it."""
        return more if self.kind == "tenant" else (self.id, *more)


def pause(target: Target, *, now: bool = False) -> Question:
    """Start nothing new of it; what runs may end, or with `now` is stopped and waits again."""
    return _act(target, "pause", _PAUSE, {"now": now}, now)


def resume(target: Target) -> Question:
    """Let it go on."""
    return _act(target, "resume", _RESUME, {})


def resume_reviewed(batch_id: UUID) -> Question:
    """Let the jobs of a batch go on that have paused by themselves after a stage; to be repeated while the answer's
    `remaining_jobs` is not 0.
    """
    return Question(
        sql=_RESUME_REVIEWED,
        arguments=(batch_id,),
        method="POST",
        path="/jobs/actions",
        body={"action": "resume", "filter": {"batch_id": str(batch_id), "paused_after": "any"}},
        timeout_ms=_TIMEOUT_MS,
    )


def cancel(target: Target) -> Question:
    """Withdraw what has not ended of it; to be repeated while the answer's `remaining_jobs` is not 0."""
    return _act(target, "cancel", _CANCEL, {})


def _act(
    target: Target, action: str, calls: dict[Kind, LiteralString], body: dict[str, object], *more: object
) -> Question:
    is_batch = target.kind == "batch"
    return Question(
        sql=calls[target.kind],
        arguments=target.arguments(*more),
        method="POST",
        path=f"{target.path}/{'actions' if is_batch else action}",
        body={"action": action, **body} if is_batch else body or None,
        timeout_ms=_TIMEOUT_MS,
    )


def set_lane(target: Target, lane: str) -> Question:
    """Put what waits of a job, batch or project into a lane; to be repeated while `is_finished` is false."""
    return Question(
        sql=_LANE[target.kind],
        arguments=target.arguments(lane),
        method="POST" if target.kind == "project" else "PATCH",
        path=f"{target.path}/priority" if target.kind == "project" else target.path,
        body={"priority": lane},
        timeout_ms=_TIMEOUT_MS,
    )


def set_cap(target: Target, cap: int | None) -> Question:
    """Say how many tasks of a batch, project or tenant may be active at once; None for no cap of its own."""
    return Question(
        sql=_CAP[target.kind],
        arguments=target.arguments(cap),
        method="PATCH",
        path=target.path,
        body={"max_concurrent_tasks": cap},
    )


def retry_job(job_id: UUID, stage: Stage | None = None, changes: Mapping[str, Any] | None = None) -> Question:
    """Run again what failed of a job; a stage and what follows of it; or what depends on changes."""
    return Question(
        sql="select public.retry_job(%s, %s, %s)",
        arguments=(job_id, stage, Jsonb(dict(changes)) if changes else None),
        method="POST",
        path=f"/jobs/{job_id}/retry",
        body={"stage": stage, "changes": dict(changes) if changes else None},
    )


def retry_task(job_id: UUID, task_id: UUID) -> Question:
    """Run one task again: a failed one, or a completed one together with what follows from it."""
    return Question(
        sql="select public.retry_task(%s, %s)",
        arguments=(job_id, task_id),
        method="POST",
        path=f"/jobs/{job_id}/tasks/{task_id}/retry",
    )


def retry_batch(batch: Target, status: Literal["failed", "cancelled"] = "failed") -> Question:
    """Run again what failed in a batch, with what was cancelled for that, or what was withdrawn; to be repeated while
    `remaining_jobs` is not 0.
    """
    return Question(
        sql="select public.retry_batch(%s, %s)",
        arguments=batch.arguments(status),
        method="POST",
        path=f"{batch.path}/actions",
        body={"action": f"retry_{status}"},
        timeout_ms=_TIMEOUT_MS,
    )


def retry_failed(
    *,
    project_id: UUID | None = None,
    batch_id: UUID | None = None,
    error_code: str | None = None,
    stage: str | None = None,
    since: datetime | None = None,
) -> Question:
    """Run again what failed for good, by what is given; to be repeated while `is_finished` is false."""
    return Question(
        sql="select public.retry_failed(%s, %s, %s, %s, %s)",
        arguments=(project_id, batch_id, error_code, stage, since),
        method="POST",
        path="/retries",
        body={
            "project_id": project_id and str(project_id),
            "batch_id": batch_id and str(batch_id),
            "error_code": error_code,
            "stage": stage,
            "since": since and since.isoformat(),
        },
        timeout_ms=_TIMEOUT_MS,
    )
