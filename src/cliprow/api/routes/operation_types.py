"""What operators are told of workers, load and retention, and what the audit says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from cliprow.models import Stage

WorkerState = Literal["working", "draining", "stopping", "silent"]
WorkerOrderName = Literal["drain", "undrain", "stop"]


class RegisteredWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A process that runs tasks."""

    worker_id: UUID
    host: str
    process_id: int
    version: str
    stages: list[Stage]
    slots: int
    #: At the last heartbeat.
    busy_slots: int
    #: Of the worker and its children, at the last heartbeat.
    memory_bytes: int
    #: silent: has not beaten for so long that it is held to be dead.
    state: WorkerState
    started_at: datetime
    heartbeat_at: datetime
    running_count: int


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    """All registered workers."""

    items: list[RegisteredWorker]


class WorkerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do."""

    #: drain: take nothing new; undrain: take work again; stop: end once nothing runs.
    order: WorkerOrderName


class StageLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Depth and age of a stage's queue, over all tenants."""

    stage: Stage
    is_paused: bool
    #: All that waits to be released.
    waiting_count: int
    #: Of that, what is of batches that may be released.
    ready_count: int
    #: Released, and waiting for a worker.
    queued_count: int
    running_count: int
    #: Seconds that the backlog served longest ago has waited for its turn.
    ready_age_s: float
    #: Seconds that the oldest released task has waited for a worker.
    queued_age_s: float
    worker_count: int
    slots: int
    #: As many slots would be busy now, if caps allowed it.
    wanted_slots: int


class StageLoads(msgspec.Struct, frozen=True, kw_only=True):
    """The stages in their order."""

    items: list[StageLoad]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long a kind of row is kept, and what its removal last did."""

    kind: str
    #: Null: for ever.
    keep_days: float | None
    about: str
    ran_at: datetime | None
    removed_count: int
    removed_at: datetime | None
    last_step: str
    last_error: str | None


class Retentions(msgspec.Struct, frozen=True, kw_only=True):
    """All policies."""

    items: list[Retention]


class RetentionChange(msgspec.Struct, frozen=True, kw_only=True):
    """How long a kind of row is to be kept."""

    #: Null: for ever.
    keep_days: Annotated[int, Meta(ge=1, le=36_500)] | None


class RetentionStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the removal; send it again until nothing is due."""

    #: What was done, by kind; null where there was nothing to do. Empty: nothing is due, or another does it.
    done: dict[str, str | None]


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to which row."""

    id: UUID
    #: Null for what belongs to no tenant.
    tenant_id: UUID | None
    #: Null for operators and services.
    user_id: UUID | None
    role: str
    #: rest, cli, web, data_api, auth, worker, ticker, schedule or sql; of requests to this API what they say of themselves.
    door: str
    action: str
    entity: str
    #: Null where one entry stands for many rows.
    entity_id: str | None
    #: The changed columns, without secrets; what is long is shortened to its size.
    before: dict[str, Any]
    after: dict[str, Any]
    created_at: datetime
