"""What happened to a job, as it was written down when it happened, and who paused it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import FromPath

from cliprow.api.answers import json_answer
from cliprow.api.keys import key_of, not_found
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Filter, Limit, Page, decode_cursor, page_json
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import JobStatus, TaskStatus
from cliprow.models import Stage

Pausing = Literal["pause", "review", "resume"]


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a job or one of its tasks has become; it never changes."""

    id: UUID
    #: Null where it is the job's own.
    task_id: UUID | None
    stage: Stage | None
    status: TaskStatus | JobStatus
    current_step: int
    total_steps: int
    #: Percent.
    progress: int
    #: Attempts of the task that failed or were lost until then.
    retries: int
    error_code: str | None
    error_message: str | None
    #: The job itself was paused, paused by itself to be looked at after `stage`, or resumed; null for other events.
    action: Pausing | None
    #: Who did that.
    user_id: UUID | None
    created_at: datetime


class JobPause(msgspec.Struct, frozen=True, kw_only=True):
    """A job, or what it belongs to, was paused or resumed."""

    id: UUID
    #: What was paused or resumed: the job, its batch, its project, or the whole tenant.
    scope: Literal["job", "batch", "project", "tenant"]
    #: review: the job paused by itself, to be looked at.
    action: Pausing
    #: After which stage it did.
    stage: Stage | None
    #: Who did it; null of operators, and of what the job did by itself.
    user_id: UUID | None
    created_at: datetime


@get("/jobs/{job_id:str}/events")
async def list_job_events(
    request: ApiRequest,
    job_id: FromPath[str],
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[JobEvent]]:
    """List what happened to a job and its tasks, the newest first."""
    key = await key_of(request, "job", job_id)
    found = Filter()
    found.add("e.tenant_id = %s and e.job_id = %s", request.tenant_id, key)
    if cursor_text is not None:
        found.add("e.id < %s", *decode_cursor(cursor_text, (UUID,)))
    jobs, rows = await request.fetch(
        ("select from public.generation_jobs where tenant_id = %s and id = %s", (request.tenant_id, key)),
        (
            "select to_json(r)::text, r.id from (select e.id, e.task_id, e.stage, e.status, e.current_step, e.total_steps,"
            " e.progress, e.retries, e.error_code, e.error_message, e.action, e.user_id,"
            " e.created_at from public.job_events as e"
            f" where {found.where} order by e.id desc limit %s) as r",
            [*found.arguments, limit + 1],
        ),
    )
    if not jobs:
        raise not_found("job", job_id)
    return json_answer(page_json(rows, limit, None))


@get("/jobs/{job_id:str}/pauses")
async def list_job_pauses(
    request: ApiRequest,
    job_id: FromPath[str],
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[JobPause]]:
    """List who paused and resumed a job, its batch, its project or the tenant, the newest first."""
    (before,) = decode_cursor(cursor_text, (UUID,)) if cursor_text is not None else (None,)
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_job_pauses(%s, %s, %s)", key, before, limit + 1
        )
    rows = [(msgspec.json.encode(each).decode(), UUID(each["id"])) for each in found]
    return json_answer(page_json(rows, limit, None))


router = Router(
    path="/",
    route_handlers=[list_job_events, list_job_pauses],
    guards=[in_tenant],
    security=BEARER,
    tags=["Jobs"],
)
