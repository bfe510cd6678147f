"""When batches and jobs may begin, and when they must have ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, post, put
from litestar.params import FromPath, JSONBody

from cliprow.api.answers import json_answer
from cliprow.api.keys import key_of
from cliprow.api.lists import as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import BatchStatus, JobStatus


class BatchStart(msgspec.Struct, frozen=True, kw_only=True):
    """When a batch may begin."""

    #: Null: now, whatever start it was given and whatever it waits for.
    starts_at: datetime | None = None


class BatchDeadline(msgspec.Struct, frozen=True, kw_only=True):
    """When a batch must have ended."""

    #: Null for no deadline.
    deadline: datetime | None
    #: What has not ended then is cancelled, or the batch only marked as late; null leaves it as it is.
    on_deadline: Literal["cancel", "warn"] | None = None


class JobDeadline(msgspec.Struct, frozen=True, kw_only=True):
    """When a job must have ended."""

    #: Null for no deadline.
    deadline: datetime | None
    #: If it has not ended then, it is cancelled, or only marked as late; null leaves it as it is.
    on_deadline: Literal["cancel", "warn"] | None = None


class TimedJob(msgspec.Struct, frozen=True, kw_only=True):
    """When a job may begin and must have ended."""

    job_id: UUID
    status: JobStatus
    #: Since when it waits for other jobs of its batch, and why still.
    blocked_at: datetime | None
    blocked_reason: str | None
    deadline: datetime | None
    is_late: bool
    version: int


class TimedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """When a batch may begin and must have ended."""

    batch_id: UUID
    status: BatchStatus
    #: Nothing of it is released before; null once that moment has come.
    starts_at: datetime | None
    #: Since when it waits for other batches or jobs, and why still.
    blocked_at: datetime | None
    blocked_reason: str | None
    deadline: datetime | None
    is_late: bool
    version: int


@post("/batches/{batch_id:str}/start", status_code=200, tags=["Batches"])
async def start_batch(
    request: ApiRequest, batch_id: FromPath[str], data: JSONBody[BatchStart]
) -> Response[TimedBatch]:
    """Let a batch begin now, or at a moment."""
    key = as_uuid(batch_id, "batch_id")
    async with request.acting() as transaction:
        if data.starts_at is None:
            return json_answer(await transaction.value("select public.start_batch(%s)::text", key))
        return json_answer(
            await transaction.value("select public.reschedule_batch(%s, %s)::text", key, data.starts_at)
        )


@put("/batches/{batch_id:str}/deadline", tags=["Batches"])
async def set_batch_deadline(
    request: ApiRequest, batch_id: FromPath[str], data: JSONBody[BatchDeadline]
) -> Response[TimedBatch]:
    """Give a batch another deadline, or none."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.set_deadline(%s, %s, %s)::text",
                as_uuid(batch_id, "batch_id"),
                data.deadline,
                data.on_deadline,
            )
        )


@post("/jobs/{job_id:str}/start", status_code=200, tags=["Jobs"])
async def start_job(request: ApiRequest, job_id: FromPath[str]) -> Response[TimedJob]:
    """Let a job begin now, whatever jobs of its batch it waits for."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.start_job(%s)::text", key))


@put("/jobs/{job_id:str}/deadline", tags=["Jobs"])
async def set_job_deadline(
    request: ApiRequest, job_id: FromPath[str], data: JSONBody[JobDeadline]
) -> Response[TimedJob]:
    """Give a job another deadline, or none."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.set_job_deadline(%s, %s, %s)::text", key, data.deadline, data.on_deadline
            )
        )


router = Router(
    path="/",
    route_handlers=[start_batch, set_batch_deadline, start_job, set_job_deadline],
    guards=[in_tenant],
    security=BEARER,
)
