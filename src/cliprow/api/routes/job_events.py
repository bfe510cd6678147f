"""What happened to a job, as it was written down when it happened."""

from __future__ import annotations

from datetime import datetime
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
            " e.progress, e.retries, e.error_code, e.error_message, e.created_at from public.job_events as e"
            f" where {found.where} order by e.id desc limit %s) as r",
            [*found.arguments, limit + 1],
        ),
    )
    if not jobs:
        raise not_found("job", job_id)
    return json_answer(page_json(rows, limit, None))


router = Router(
    path="/", route_handlers=[list_job_events], guards=[in_tenant], security=BEARER, tags=["Jobs"]
)
