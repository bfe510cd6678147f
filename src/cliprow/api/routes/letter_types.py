"""What is said of dead letters, to users and to operators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from cliprow.models import Stage

Remedy = Literal["replay", "change", "operator"]
Code = Annotated[str, Meta(max_length=100)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class ErrorCode(msgspec.Struct, frozen=True, kw_only=True):
    """What an error code of a task means."""

    error_code: str
    meaning: str
    next_step: str
    #: replay: may work by itself; change: needs other inputs; operator: something is to be mended first.
    remedy: Remedy


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody needs to see it again."""

    at: datetime
    #: Null where an operator did it.
    by: UUID | None
    reason: str


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A task that failed for good."""

    job_id: UUID
    task_id: UUID
    tenant_id: UUID
    project_id: UUID
    batch_id: UUID
    batch_number: int
    #: The job's place in its batch.
    position: int
    topic: str
    job_status: str
    stage: Stage
    scene_number: int | None
    platform: str | None
    failed_at: datetime
    error_code: str
    error_message: str
    next_step: str
    remedy: Remedy
    failure_count: int
    #: Workers that died with it.
    lost_count: int
    discarded: Discarded | None


class LetterAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of its task."""

    attempt_id: UUID
    number: int
    generation: int
    status: str
    worker_id: UUID
    host: str
    started_at: datetime
    finished_at: datetime | None
    error_code: str | None
    error_message: str | None
    next_step: str | None
    is_retriable: bool | None
    timings: dict[str, Any]
    #: What the process printed last, and the traceback; kept for as long as the retention says.
    log: list[str]


class LetterEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of state of its task."""

    at: datetime
    status: str
    retries: int
    error_code: str | None
    error_message: str | None


class DeadLetterDetail(DeadLetter, frozen=True, kw_only=True):
    """All that helps to understand it."""

    meaning: str | None
    #: What its stage was given.
    inputs: dict[str, Any]
    attempts: list[LetterAttempt]
    events: list[LetterEvent]


class LetterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are of one error code and stage."""

    error_code: str
    stage: Stage
    count: int
    tenants: int
    first_at: datetime
    last_at: datetime
    meaning: str
    next_step: str
    remedy: Remedy


class LetterGroups(msgspec.Struct, frozen=True, kw_only=True):
    """All dead letters, counted; the most frequent kind first."""

    items: list[LetterGroup]


class ErrorCodes(msgspec.Struct, frozen=True, kw_only=True):
    """All error codes of tasks."""

    items: list[ErrorCode]


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters are meant; all, where nothing is said."""

    project_id: UUID | None = None
    batch_id: UUID | None = None
    error_code: Code | None = None
    stage: Stage | None = None
    #: Failed at this moment or later.
    since: datetime | None = None
    #: Failed before this moment.
    until: datetime | None = None


class DiscardReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a letter is discarded."""

    reason: Reason


class LetterDiscard(LetterFilter, frozen=True, kw_only=True):
    """Which dead letters are discarded, and why."""

    reason: Reason


class OperatorFilter(LetterFilter, frozen=True, kw_only=True):
    """As LetterFilter, over all tenants or one; or one letter by its job and task."""

    tenant_id: UUID | None = None
    job_id: UUID | None = None
    task_id: UUID | None = None


class OperatorDiscard(OperatorFilter, frozen=True, kw_only=True):
    """Which dead letters are discarded, and why."""

    reason: Reason


class DiscardedLetters(msgspec.Struct, frozen=True, kw_only=True):
    """How many were discarded."""

    discarded_letters: int
    #: False: send the request again, there are more than one call takes.
    is_finished: bool
