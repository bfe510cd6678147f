"""Batches: one submission of topics each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from cliprow.api.answers import json_answer, tagged
from cliprow.api.idempotency import REPLAYED, IdempotencyKey
from cliprow.api.job_queries import BATCH_DETAIL
from cliprow.api.keys import not_found
from cliprow.api.lists import (
    DEFAULT_LIMIT,
    CreatedFrom,
    CreatedTo,
    CursorText,
    Filter,
    Limit,
    Page,
    WithTotal,
    as_uuid,
    contains,
    decode_cursor,
    page_json,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.control import change_batch
from cliprow.api.routes.job_types import (
    BATCH,
    Batch,
    BatchAction,
    BatchCheck,
    BatchDetail,
    BatchStatus,
    ControlledBatch,
    CreatedBatch,
    FilledBatch,
    MoreTopics,
    NewBatch,
)
from cliprow.api.submission import Submission
from cliprow.api.topic_types import ReviewStage
from cliprow.api.uploads import UploadForm, UploadOptions, decode_json, read_batch_file

_ACTIONS: dict[str, LiteralString] = {
    "pause": "select public.pause_batch(%s, %s)::text",
    "resume": "select public.resume_batch(%s)::text",
    "cancel": "select public.cancel_batch(%s)::text",
    "retry_failed": "select public.retry_batch(%s)::text",
    "retry_cancelled": "select public.retry_batch(%s, 'cancelled')::text",
}
#: Of a batch, as the database counts them.
MAX_NUMBER = 2**63 - 1
BatchOrder = Literal["newest", "oldest", "updated", "starts"]
_ORDERED_BY: dict[BatchOrder, LiteralString] = {
    "newest": "b.created_at",
    "oldest": "b.created_at",
    "updated": "b.updated_at",
    "starts": "b.starts_at",
}
DryRun = Annotated[
    bool, QueryParameter(name="dry_run", description="Only say what is wrong, and what it would take.")
]


@post(
    "/batches",
    responses={200: ResponseSpec(BatchCheck, generate_examples=False, description="With `dry_run`.")},
    opt={"body": {"application/json": NewBatch, "text/csv": bytes, "multipart/form-data": UploadForm}},
)
async def create_batch(
    request: ApiRequest,
    project_id: Annotated[
        UUID | None, QueryParameter(description="With a file; JSON says it itself.")
    ] = None,
    title: Annotated[str, QueryParameter(max_length=200, description="With a file.")] = "",
    max_concurrent_tasks: Annotated[
        int | None, QueryParameter(ge=1, le=999_999, description="With a file.")
    ] = None,
    budget: Annotated[
        float | None, QueryParameter(ge=0, le=999_999_999, description="With a file: the most it may cost.")
    ] = None,
    pause_after: Annotated[
        ReviewStage | None,
        QueryParameter(
            description="With a file: the stage after which each job pauses by itself, to be looked at."
        ),
    ] = None,
    platforms: Annotated[
        str,
        QueryParameter(
            max_length=500, description="With a file: for rows that name none, separated by commas."
        ),
    ] = "",
    dry_run: DryRun = False,
    position: Annotated[
        int,
        QueryParameter(
            ge=1,
            le=1_000_000,
            description="With `dry_run`, of a list checked in chunks: the place of the first topic of this one.",
        ),
    ] = 1,
    key: IdempotencyKey = None,
) -> Response[CreatedBatch]:
    """Create a batch: a job for each topic. The topics come as JSON, or as a file (CSV, JSON Lines) that is the body or
    the part `file` of a form. With `dry_run`, create nothing, and say what is wrong with which topic, how long it would
    take and what it would cost.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        submission = _of_json(decode_json(await request.body(), NewBatch))
    else:
        given = UploadOptions(
            project_id=project_id,
            title=title,
            max_concurrent_tasks=max_concurrent_tasks,
            budget=budget,
            pause_after=pause_after,
            platforms=platforms,
        )
        submission = await read_batch_file(request, media_type, given)
    async with request.acting() as transaction:
        if dry_run:
            return json_answer(await submission.check(transaction, position))
        made = await submission.create(transaction, key)
    headers = {"Location": f"/batches/{made['batch_id']}"}
    if not made["is_new"]:
        headers[REPLAYED] = "true"
    return json_answer(msgspec.json.encode(made), status=201, headers=headers)


def _of_json(data: NewBatch) -> Submission:
    options = {"job_type": "batch", **data.options, "title": data.title}
    if data.max_concurrent_tasks is not None:
        options["max_concurrent_tasks"] = data.max_concurrent_tasks
    if data.budget is not None:
        options["budget"] = data.budget
    return Submission.of(data.project_id, data.topics, options, data.defaults)


@post("/batches/{batch_id:str}/topics", status_code=200)
async def append_topics(
    request: ApiRequest, batch_id: FromPath[str], data: JSONBody[MoreTopics]
) -> Response[FilledBatch]:
    """Add a chunk of topics to a batch that was created with the option `is_filling`. What is there already is not made
    again, so a chunk may be sent twice; `topic_count` says where to go on. The last chunk says `is_last`.
    """
    of_batch = as_uuid(batch_id, "batch_id")
    assert of_batch is not None
    async with request.acting() as transaction:
        project_id = await transaction.value("select project_id from public.batches where id = %s", of_batch)
        more = Submission.of(project_id, data.topics, {}, data.defaults)
        filled = await more.append(transaction, of_batch, data.position, is_last=data.is_last)
    return json_answer(msgspec.json.encode(filled))


@get("/batches")
async def list_batches(
    request: ApiRequest,
    statuses: Annotated[
        list[BatchStatus] | None, QueryParameter(name="status", description="One or several.")
    ] = None,
    project_id: FromQuery[UUID | None] = None,
    number: Annotated[
        int | None, QueryParameter(ge=1, le=MAX_NUMBER, description="The one with this number.")
    ] = None,
    text: Annotated[str | None, QueryParameter(max_length=200, description="Words of the title.")] = None,
    created_from: CreatedFrom = None,
    created_to: CreatedTo = None,
    starts_from: Annotated[
        datetime | None,
        QueryParameter(description="Planned to start at this moment or later, and not started."),
    ] = None,
    starts_to: Annotated[
        datetime | None, QueryParameter(description="Planned to start before this moment, and not started.")
    ] = None,
    order: Annotated[
        BatchOrder,
        QueryParameter(
            description="`newest` and `oldest` by creation; `updated`: the last change first; `starts`: only planned ones,"
            " the next first."
        ),
    ] = "newest",
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
    with_total: WithTotal = False,
) -> Response[Page[Batch]]:
    """List the tenant's batches."""
    found = Filter()
    found.add("b.tenant_id = %s", request.tenant_id)
    found.add("b.deleted_at is null")
    found.add_given("b.project_id = %s", project_id)
    found.add_given("b.number = %s", number)
    found.add_given("b.status = any(%s)", statuses)
    found.add_given("b.title ilike %s", contains(text) if text else None)
    found.add_given("b.created_at >= %s", created_from)
    found.add_given("b.created_at < %s", created_to)
    found.add_given("b.starts_at >= %s", starts_from)
    found.add_given("b.starts_at < %s", starts_to)
    if order == "starts":
        found.add("b.starts_at is not null")
    column = _ORDERED_BY[order]
    is_descending = order in ("newest", "updated")
    direction: LiteralString = "desc" if is_descending else "asc"
    of_page = found.copy()
    if cursor_text is not None:
        sign: LiteralString = "<" if is_descending else ">"
        of_page.add(f"({column}, b.id) {sign} (%s, %s)", *decode_cursor(cursor_text, (datetime, UUID)))
    queries: list[tuple[LiteralString, list[object]]] = [
        (
            f"select (select to_json(r)::text from (select {BATCH}) as r), {column}, b.id from public.batches as b"
            f" where {of_page.where} order by {column} {direction}, b.id {direction} limit %s",
            [*of_page.arguments, limit + 1],
        )
    ]
    if with_total:
        queries.append((f"select count(*) from public.batches as b where {found.where}", found.arguments))
    rows, *totals = await request.fetch(*queries)
    return json_answer(page_json(rows, limit, totals[0][0][0] if totals else None))


@get("/batches/{batch_id:str}")
async def get_batch(request: ApiRequest, batch_id: FromPath[str]) -> Response[BatchDetail]:
    """Show a batch with the state of its stages."""
    rows = await request.rows(BATCH_DETAIL, request.tenant_id, as_uuid(batch_id, "batch_id"))
    if not rows:
        raise not_found("batch", batch_id)
    return tagged(request, rows[0][0])


@post("/batches/{batch_id:str}/actions", status_code=200)
async def act_on_batch(
    request: ApiRequest, batch_id: FromPath[str], data: JSONBody[BatchAction]
) -> Response[ControlledBatch]:
    """Pause a batch, resume it, cancel it, or run again what failed in it."""
    async with request.acting() as transaction:
        more = [data.now] if data.action == "pause" else []
        return json_answer(
            await transaction.value(_ACTIONS[data.action], as_uuid(batch_id, "batch_id"), *more)
        )


router = Router(
    path="/",
    route_handlers=[create_batch, append_topics, list_batches, get_batch, change_batch, act_on_batch],
    guards=[in_tenant],
    security=BEARER,
    tags=["Batches"],
)
