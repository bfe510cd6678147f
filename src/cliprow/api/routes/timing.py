"""When a batch may begin, and when it must have ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, post, put
from litestar.params import FromPath, JSONBody

from cliprow.api.answers import json_answer
from cliprow.api.lists import as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import BatchStatus


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


@post("/batches/{batch_id:str}/start", status_code=200)
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


@put("/batches/{batch_id:str}/deadline")
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


router = Router(
    path="/",
    route_handlers=[start_batch, set_batch_deadline],
    guards=[in_tenant],
    security=BEARER,
    tags=["Batches"],
)
