"""Pause, resume, cancel and retry what was submitted; and the dry run of a batch.

The database decides what is allowed (`sql/33_control.sql`, `sql/34_retry.sql`, `sql/35_estimates.sql`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from cliprow.account import Account
from cliprow.models import Stage

#: To withdraw, or to run again, every task of the largest batch takes longer than other calls may.
TIMEOUT_MS = 60_000

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """A job after it was paused, resumed or cancelled."""

    job_id: UUID
    status: str
    paused_at: datetime | None
    version: int


class BatchState(msgspec.Struct, frozen=True, kw_only=True):
    """A batch after it was paused, resumed, cancelled or retried."""

    batch_id: UUID
    status: str
    paused_at: datetime | None
    version: int
    #: Jobs that this changed; 0 when it was so already.
    changed_jobs: int


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """A job that runs again."""

    job_id: UUID
    retried_tasks: int
    #: Counts the retries of the job, from 1.
    generation: int


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a topic, or an option, cannot be used."""

    #: Place of the topic from 1; None for options.
    row: int | None
    field: str
    reason: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch would cost, and by which prices."""

    currency: str
    amount: float
    basis: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch would take, and on what that rests."""

    tasks: dict[Stage, int]
    seconds: int
    basis: str
    cost: Cost


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a request."""

    problems: list[RowProblem]
    #: Topics without problems.
    job_count: int
    estimate: Estimate


def control_job(account: Account, action: Literal["pause", "resume", "cancel"], job_id: UUID) -> JobState:
    """Pause, resume or cancel a job.

    Raises:
        Conflict: it has ended.
        NotAllowed: the user does not control its project.
    """
    return _call(account, JobState, f"{action}_job", job_id)


def control_batch(
    account: Account, action: Literal["pause", "resume", "cancel", "retry"], batch_id: UUID
) -> BatchState:
    """Pause, resume or cancel a batch, or run its failed jobs again.

    Raises:
        Conflict: it has ended, or no job of it has failed.
        NotAllowed: the user does not control its project.
    """
    return _call(account, BatchState, f"{action}_batch", batch_id)


def retry_job(account: Account, job_id: UUID, stage: Stage | None = None) -> Retried:
    """Run again what failed in a job, or everything from a stage on.

    Raises:
        Conflict: the job has not ended, or nothing of it failed and no stage is named.
        NotAllowed: the user does not control its project.
    """
    return _call(account, Retried, "retry_job", job_id, stage and str(stage))


def check_batch(
    account: Account,
    project_id: UUID | None,
    topics: Sequence[dict[str, object]],
    options: dict[str, object],
) -> Check:
    """What is wrong with topics and options, and what a batch of the rest would take; creates nothing.

    Args:
        project_id: None for a project that is still to be made.
    """
    return _call(account, Check, "check_batch", project_id, Jsonb(list(topics)), Jsonb(options))


def _call(account: Account, kind: type[_Answer], function: str, *arguments: Any) -> _Answer:
    with account.acting(timeout_ms=TIMEOUT_MS) as connection:
        places = ", ".join("%s" for _ in arguments)
        row = connection.execute(f"select public.{function}({places})".encode(), arguments).fetchone()
    assert row is not None
    return msgspec.convert(row[0], kind, strict=False)
