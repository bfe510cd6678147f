"""Priority, caps, withdrawal of projects and tenants, and retries of single tasks and by a filter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from cliprow.api.answers import json_answer
from cliprow.api.keys import key_of
from cliprow.api.lists import as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import Cap, JobStatus, Lane, RetriedJob
from cliprow.api.routes.tenants import active_tenant
from cliprow.errors import InvalidInput
from cliprow.models import Stage


class JobPriority(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job waits."""

    priority: Lane


class PlacedJob(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job waits now."""

    job_id: UUID
    status: JobStatus
    paused_at: datetime | None
    version: int
    lane: Lane


class BatchChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    #: The lane of all that waits in the batch, also of what is queued already.
    priority: Lane | UnsetType = UNSET
    #: Null for no cap of its own. More is released at once; with fewer, what runs may end.
    max_concurrent_tasks: Cap | UnsetType | None = UNSET


class ChangedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch has become; fields that were not changed are left out."""

    batch_id: UUID
    lane: Lane | None = None
    changed_jobs: int | None = None
    #: False: send the request again, there are more jobs than one call takes.
    is_finished: bool | None = None
    max_concurrent_tasks: int | None = None


class ProjectPriority(msgspec.Struct, frozen=True, kw_only=True):
    """Where all that waits in a project now is to wait; later batches say their own."""

    priority: Lane


class PlacedProject(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs went to another lane."""

    project_id: UUID
    lane: Lane
    changed_jobs: int
    #: False: send the request again, there are more jobs than one call takes.
    is_finished: bool


class CancelledProject(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs were withdrawn."""

    project_id: UUID
    changed_jobs: int
    #: Not 0: send the request again; meanwhile their batches are paused.
    remaining_jobs: int


class CancelledTenant(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs were withdrawn."""

    tenant_id: UUID
    changed_jobs: int
    #: Not 0: send the request again; meanwhile their batches are paused.
    remaining_jobs: int


class FailedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of what failed for good is meant; everything, where nothing is said."""

    project_id: UUID | None = None
    batch_id: UUID | None = None
    error_code: Annotated[str, Meta(max_length=100)] | None = None
    stage: Stage | None = None
    #: Failed at this moment or later.
    since: datetime | None = None
    #: Failed before this moment.
    until: datetime | None = None


class RetriedFailures(msgspec.Struct, frozen=True, kw_only=True):
    """How much runs again."""

    retried_tasks: int
    retried_jobs: int
    #: False: send the request again, there are more than one call takes.
    is_finished: bool


@patch("/jobs/{job_id:str}", tags=["Jobs"])
async def change_job(
    request: ApiRequest, job_id: FromPath[str], data: JSONBody[JobPriority]
) -> Response[PlacedJob]:
    """Put what waits of a job before others, or behind them."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select public.set_job_lane(%s, %s)::text", key, data.priority)
        )


async def run_task_again(request: ApiRequest, job_id: str, task_id: str) -> Response[RetriedJob]:
    """`public.retry_task` for a task named by its job's name or id, and its id."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.retry_task(%s, %s)::text", key, as_uuid(task_id, "task_id")
            )
        )


async def run_failed_again(request: ApiRequest, data: FailedFilter) -> Response[RetriedFailures]:
    """`public.retry_failed` for what a filter finds."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.retry_failed(%s, %s, %s, %s, %s, %s)::text",
                data.project_id,
                data.batch_id,
                data.error_code,
                data.stage,
                data.since,
                data.until,
            )
        )


@post("/jobs/{job_id:str}/tasks/{task_id:str}/retry", status_code=200, tags=["Jobs"])
async def retry_task(
    request: ApiRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Response[RetriedJob]:
    """Run one task again: a failed one, or a completed one together with what follows from it."""
    return await run_task_again(request, job_id, task_id)


@patch("/batches/{batch_id:str}", tags=["Batches"])
async def change_batch(
    request: ApiRequest, batch_id: FromPath[str], data: JSONBody[BatchChange]
) -> Response[ChangedBatch]:
    """Change priority and cap of a batch, while it runs."""
    key = as_uuid(batch_id, "batch_id")
    changed: dict[str, object] = {}
    async with request.acting() as transaction:
        # The lane first: what is released by a new cap goes in the new order.
        if data.priority is not UNSET:
            changed |= await transaction.value("select public.set_batch_lane(%s, %s)", key, data.priority)
        if data.max_concurrent_tasks is not UNSET:
            changed |= await transaction.value(
                "select public.set_batch_cap(%s, %s)", key, data.max_concurrent_tasks
            )
    if not changed:
        raise InvalidInput("The request changes nothing.", next_step="Send priority or max_concurrent_tasks.")
    return json_answer(msgspec.json.encode(changed))


@post("/projects/{project_id:str}/priority", status_code=200, tags=["Projects"])
async def change_project_priority(
    request: ApiRequest, project_id: FromPath[str], data: JSONBody[ProjectPriority]
) -> Response[PlacedProject]:
    """Put what waits in a project before others, or behind them."""
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select public.set_project_lane(%s, %s)::text", key, data.priority)
        )


@post("/projects/{project_id:str}/cancel", status_code=200, tags=["Projects"])
async def cancel_project(request: ApiRequest, project_id: FromPath[str]) -> Response[CancelledProject]:
    """Withdraw all work of a project that has not ended; what it has made stays."""
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.cancel_project(%s)::text", key))


@post("/tenants/{tenant_id:str}/cancel", status_code=200, tags=["Tenants"])
async def cancel_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[CancelledTenant]:
    """Withdraw all work of the tenant that the caller acts in. Admins and owners may."""
    active_tenant(request, tenant_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.cancel_tenant()::text"))


@post("/retries", status_code=200, tags=["Jobs"])
async def retry_failed(request: ApiRequest, data: JSONBody[FailedFilter]) -> Response[RetriedFailures]:
    """Run again what failed for good, by project, batch, error code, stage and time of the failure."""
    return await run_failed_again(request, data)


# `change_job` and `change_batch` share their paths with others, and so are in the routers of those.
router = Router(
    path="/",
    route_handlers=[
        retry_task,
        change_project_priority,
        cancel_project,
        cancel_tenant,
        retry_failed,
    ],
    guards=[in_tenant],
    security=BEARER,
)
