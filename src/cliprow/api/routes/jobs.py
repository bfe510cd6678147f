"""Jobs: one video each."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer, tagged
from cliprow.api.idempotency import REPLAYED, IdempotencyKey
from cliprow.api.job_filters import MAX_POSITION, InReview, JobFilter, JobOrder, ordering
from cliprow.api.job_queries import JOB_DETAIL
from cliprow.api.keys import key_of, not_found
from cliprow.api.lists import (
    DEFAULT_LIMIT,
    CreatedFrom,
    CreatedTo,
    CursorText,
    Limit,
    Page,
    WithTotal,
    page_json,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.control import change_job
from cliprow.api.routes.job_types import (
    JOB,
    ControlledJob,
    CreatedBatch,
    Job,
    JobDetail,
    JobStatus,
    Lane,
    NewJob,
    Pause,
    RetriedJob,
    Retry,
)
from cliprow.api.submission import TOPIC_FIELDS, Submission
from cliprow.errors import InvalidInput

#: Fields of a new job that say when it may begin and pause and what it may cost, as options of its batch, and when it must
#: have ended.
_START = ("starts_at", "after", "after_condition", "after_failure", "budget", "pause_after")
_END = ("deadline", "on_deadline")
Statuses = Annotated[list[JobStatus] | None, QueryParameter(name="status", description="One or several.")]


@get("/jobs")
async def list_jobs(
    request: ApiRequest,
    statuses: Statuses = None,
    batch_id: FromQuery[UUID | None] = None,
    position: Annotated[
        int | None,
        QueryParameter(ge=1, le=MAX_POSITION, description="With `batch_id`: the one at this place."),
    ] = None,
    from_position: Annotated[
        int | None,
        QueryParameter(
            ge=1, le=MAX_POSITION, description="With `batch_id`: from this place on, like a window of 200."
        ),
    ] = None,
    to_position: Annotated[
        int | None,
        QueryParameter(ge=1, le=MAX_POSITION, description="With `batch_id`: to this place, included."),
    ] = None,
    project_id: FromQuery[UUID | None] = None,
    platform: Annotated[str | None, QueryParameter(max_length=50)] = None,
    text: Annotated[str | None, QueryParameter(max_length=200, description="Words of the topic.")] = None,
    error_code: Annotated[
        str | None, QueryParameter(max_length=100, description="Of what failed, or was cancelled for others.")
    ] = None,
    lane: FromQuery[Lane | None] = None,
    paused_after: Annotated[
        InReview | None,
        QueryParameter(
            description="Those that have paused by themselves after this stage, or after `any`, and wait to be looked at."
        ),
    ] = None,
    created_from: CreatedFrom = None,
    created_to: CreatedTo = None,
    order: Annotated[
        JobOrder,
        QueryParameter(
            description="`newest` and `oldest` by creation. Only with `batch_id`: `position`, `updated` (the last change"
            " first), `priority` (urgent first), `topic`."
        ),
    ] = "newest",
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
    with_total: WithTotal = False,
) -> Response[Page[Job]]:
    """List the tenant's jobs."""
    found = JobFilter(
        statuses=statuses,
        batch_id=batch_id,
        project_id=project_id,
        platform=platform,
        text=text,
        error_code=error_code,
        lane=lane,
        paused_after=paused_after,
        from_position=from_position or position,
        to_position=to_position or position,
        created_from=created_from,
        created_to=created_to,
    ).conditions(request.tenant_id)
    ordered = ordering(order, batch_id)
    of_page = ordered.after(found, cursor_text)
    queries: list[tuple[LiteralString, list[object]]] = [
        (
            f"select (select to_json(r)::text from (select {JOB}) as r), {ordered.key} from public.generation_jobs as j"
            f" where {of_page.where} order by {ordered.order_by} limit %s",
            [*of_page.arguments, limit + 1],
        )
    ]
    if with_total:
        queries.append(
            (f"select count(*) from public.generation_jobs as j where {found.where}", found.arguments)
        )
    rows, *totals = await request.fetch(*queries)
    return json_answer(page_json(rows, limit, totals[0][0][0] if totals else None))


@get("/jobs/{job_id:str}")
async def get_job(request: ApiRequest, job_id: FromPath[str]) -> Response[JobDetail]:
    """Show a job with its stages, tasks, attempts and artifacts."""
    return tagged(request, await _detail(request, await key_of(request, "job", job_id)))


@post("/jobs")
async def create_job(
    request: ApiRequest, data: JSONBody[NewJob], key: IdempotencyKey = None
) -> Response[JobDetail | CreatedBatch]:
    """Create a job: one video of one topic; or, with `job_type` batch, a batch of several topics."""
    submission = _submission(data)
    async with request.acting() as transaction:
        made = await submission.create(transaction, key)
        job_id = await transaction.value(
            "select id from public.generation_jobs where tenant_id = %s and batch_id = %s and position = 1",
            request.tenant_id,
            made["batch_id"],
        )
    headers = {} if made["is_new"] else {REPLAYED: "true"}
    if data.job_type == "batch":
        headers["Location"] = f"/batches/{made['batch_id']}"
        return json_answer(msgspec.json.encode(made), status=201, headers=headers)
    headers["Location"] = f"/jobs/{job_id}"
    return json_answer(await _detail(request, job_id), status=201, headers=headers)


@post("/jobs/{job_id:str}/retry", status_code=200)
async def retry_job(
    request: ApiRequest, job_id: FromPath[str], data: JSONBody[Retry | None] = None
) -> Response[RetriedJob]:
    """Do again what failed or was cancelled; with `stage`, that stage and all that follows of it; with `changes`, what
    depends on them. Of a job that has ended, or has paused by itself (`paused_after`): it waits on, or pauses there once
    more where something up to that stage is done again.
    """
    asked = data or Retry()
    changes = None if asked.changes is None else Jsonb(msgspec.to_builtins(asked.changes))
    return await _call(request, "select public.retry_job(%s, %s, %s)::text", job_id, asked.stage, changes)


@post("/jobs/{job_id:str}/pause", status_code=200)
async def pause_job(
    request: ApiRequest, job_id: FromPath[str], data: JSONBody[Pause | None] = None
) -> Response[ControlledJob]:
    """Hold back what waits of a job; what runs is finished, or with `now` stopped."""
    now = data is not None and data.now
    return await _call(request, "select public.pause_job(%s, %s)::text", job_id, now)


@post("/jobs/{job_id:str}/resume", status_code=200)
async def resume_job(request: ApiRequest, job_id: FromPath[str]) -> Response[ControlledJob]:
    """Let a paused job go on."""
    return await _call(request, "select public.resume_job(%s)::text", job_id)


@post("/jobs/{job_id:str}/cancel", status_code=200)
async def cancel_job(request: ApiRequest, job_id: FromPath[str]) -> Response[ControlledJob]:
    """Withdraw a job; what it has made stays."""
    return await _call(request, "select public.cancel_job(%s)::text", job_id)


async def _call(request: ApiRequest, call: LiteralString, job_id: str, *more: object) -> Response[Any]:
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value(call, key, *more))


async def _detail(request: ApiRequest, job_id: UUID) -> str:
    rows = await request.rows(JOB_DETAIL, request.tenant_id, job_id)
    if not rows:
        raise not_found("job", job_id)
    found: str = rows[0][0]
    return found


def _submission(data: NewJob) -> Submission:
    said = {name: value for name, value in msgspec.to_builtins(data).items() if value is not None}
    start = {name: said[name] for name in _START if name in said}
    end = {name: said[name] for name in _END if name in said}
    topic = {name: value for name, value in said.items() if name in TOPIC_FIELDS}
    if data.job_type == "batch":
        if not data.topics:
            raise InvalidInput(
                "A job of the type batch takes a list of topics.",
                next_step="Send `topics`, or leave job_type out.",
            )
        defaults = {name: value for name, value in topic.items() if name != "topic"}
        options = {"title": data.title, "job_type": "batch", **start, **end}
        return Submission.of(data.project_id, data.topics, options, defaults)
    if data.topics:
        raise InvalidInput(
            "A single job takes one topic.", next_step='Send `topic`; or add "job_type": "batch" for several.'
        )
    options = {"title": data.title, "job_type": "single", **start}
    return Submission.of(data.project_id, [{**topic, **end}], options)


router = Router(
    path="/",
    route_handlers=[list_jobs, get_job, create_job, change_job, retry_job, pause_job, resume_job, cancel_job],
    guards=[in_tenant],
    security=BEARER,
    tags=["Jobs"],
)
