"""Dead letters of the caller's tenant: what failed for good, why, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from cliprow.api.answers import json_answer
from cliprow.api.keys import key_of
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Limit, Page, as_uuid, decode_cursor, page_json
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.control import FailedFilter, RetriedFailures, run_failed_again, run_task_again
from cliprow.api.routes.job_types import RetriedJob
from cliprow.api.routes.letter_types import (
    DeadLetter,
    DeadLetterDetail,
    DiscardedLetters,
    DiscardReason,
    ErrorCodes,
    LetterDiscard,
    LetterGroups,
)
from cliprow.models import Stage

FailedFrom = Annotated[datetime | None, QueryParameter(description="Failed at this moment or later.")]
FailedBefore = Annotated[datetime | None, QueryParameter(description="Failed before this moment.")]
CodeText = Annotated[str | None, QueryParameter(max_length=100, description="Of this error code.")]
IsDiscarded = Annotated[bool, QueryParameter(description="Those that were discarded, instead of the others.")]


def page_of_letters(found: list[dict[str, Any]], limit: int) -> bytes:
    """A page of letters, of which one more than the limit was asked for."""
    rows = [(msgspec.json.encode(each).decode(), each["failed_at"], each["task_id"]) for each in found]
    return page_json(rows, limit, None)


def after(cursor_text: str | None) -> tuple[object, object]:
    """When the last letter of the page before failed, and its task."""
    failed_at, task_id = (
        decode_cursor(cursor_text, (datetime, UUID)) if cursor_text is not None else (None, None)
    )
    return failed_at, task_id


@get("/dead-letters")
async def list_dead_letters(
    request: ApiRequest,
    project_id: FromQuery[str | None] = None,
    batch_id: FromQuery[str | None] = None,
    error_code: CodeText = None,
    stage: FromQuery[Stage | None] = None,
    since: FailedFrom = None,
    until: FailedBefore = None,
    is_discarded: IsDiscarded = False,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[DeadLetter]]:
    """List what failed for good, the last failure first."""
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_dead_letters(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            as_uuid(project_id, "project_id"),
            as_uuid(batch_id, "batch_id"),
            error_code,
            stage,
            since,
            until,
            is_discarded,
            *after(cursor_text),
            limit + 1,
        )
    return json_answer(page_of_letters(found, limit))


@get("/dead-letters/counts")
async def count_dead_letters(
    request: ApiRequest,
    project_id: FromQuery[str | None] = None,
    batch_id: FromQuery[str | None] = None,
    since: FailedFrom = None,
    until: FailedBefore = None,
) -> Response[LetterGroups]:
    """Count what failed for good by error code and stage, with what is to be done."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select jsonb_build_object('items', public.count_dead_letters(%s, %s, %s, %s))::text",
                as_uuid(project_id, "project_id"),
                as_uuid(batch_id, "batch_id"),
                since,
                until,
            )
        )


@get("/error-codes")
async def list_error_codes(request: ApiRequest) -> Response[ErrorCodes]:
    """List what the error codes of tasks mean, and what is to be done."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select json_build_object('items', json_agg(to_json(c)))::text from public.list_error_codes() as c"
            )
        )


@get("/dead-letters/{job_id:str}/{task_id:str}")
async def show_dead_letter(
    request: ApiRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Response[DeadLetterDetail]:
    """Show a dead letter with its inputs, attempts, log lines and events; for those who control the project."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.show_dead_letter(%s, %s)::text", key, as_uuid(task_id, "task_id")
            )
        )


@post("/dead-letters/{job_id:str}/{task_id:str}/replay", status_code=200)
async def replay_dead_letter(
    request: ApiRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Response[RetriedJob]:
    """Run a dead letter again."""
    return await run_task_again(request, job_id, task_id)


@post("/dead-letters/{job_id:str}/{task_id:str}/discard", status_code=200)
async def discard_dead_letter(
    request: ApiRequest, job_id: FromPath[str], task_id: FromPath[str], data: JSONBody[DiscardReason]
) -> Response[DiscardedLetters]:
    """Take a dead letter out of the list, for a reason; its task stays failed."""
    key = await key_of(request, "job", job_id)
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.discard_letters(%s, %s, %s)::text",
                data.reason,
                key,
                as_uuid(task_id, "task_id"),
            )
        )


@post("/dead-letters/replay", status_code=200)
async def replay_dead_letters(request: ApiRequest, data: JSONBody[FailedFilter]) -> Response[RetriedFailures]:
    """Run dead letters again, by project, batch, error code, stage and time of the failure."""
    return await run_failed_again(request, data)


@post("/dead-letters/discard", status_code=200)
async def discard_dead_letters(
    request: ApiRequest, data: JSONBody[LetterDiscard]
) -> Response[DiscardedLetters]:
    """Take dead letters out of the list, for a reason, by the same filter."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.discard_letters(%s, null, null, %s, %s, %s, %s, %s, %s)::text",
                data.reason,
                data.project_id,
                data.batch_id,
                data.error_code,
                data.stage,
                data.since,
                data.until,
            )
        )


router = Router(
    path="/",
    route_handlers=[
        list_dead_letters,
        count_dead_letters,
        list_error_codes,
        show_dead_letter,
        replay_dead_letter,
        discard_dead_letter,
        replay_dead_letters,
        discard_dead_letters,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Dead letters"],
)
