"""Schedules: batches that are made again and again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer
from cliprow.api.database import Transaction
from cliprow.api.idempotency import Created, IdempotencyKey, create_once
from cliprow.api.keys import not_found
from cliprow.api.lists import (
    DEFAULT_LIMIT,
    CursorText,
    Filter,
    Limit,
    Page,
    as_uuid,
    decode_cursor,
    page_json,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import RowError, Title
from cliprow.api.topic_types import AnyScheduleOptions, AnyTopic
from cliprow.errors import InvalidInput

Misfire = Literal["run_once", "run_all", "skip"]
Cron = Annotated[str, Meta(max_length=200)]
Zone = Annotated[str, Meta(max_length=100)]
Topics = Annotated[list[AnyTopic], Meta(min_length=1, max_length=10_000)]


class NewSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When batches are made, and of what. {date} in topics and title becomes the local day."""

    project_id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    #: Minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly, @monthly, @yearly.
    cron: Cron
    #: By whose clocks. Where they are put on, a fixed time that is skipped runs when they jump; where back, it runs once.
    time_zone: Zone = "UTC"
    #: What becomes of occurrences that nobody was there for: one run for all, each made up for, or none when late by more
    #: than ten minutes.
    misfire: Misfire = "run_once"
    #: As in a batch, each with its platforms.
    topics: Topics
    options: AnyScheduleOptions = {}


class ScheduleChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    name: Title | UnsetType = UNSET
    cron: Cron | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    misfire: Misfire | UnsetType = UNSET
    topics: Topics | UnsetType = UNSET
    options: AnyScheduleOptions | UnsetType = UNSET


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Makes a batch at each occurrence."""

    id: UUID
    project_id: UUID
    #: Whose right to create jobs each run needs; null, and it pauses, once that member has left.
    owner_id: UUID | None
    name: str
    cron: str
    time_zone: str
    misfire: Misfire
    topics: list[AnyTopic]
    options: AnyScheduleOptions
    next_run_at: datetime | None
    last_run_at: datetime | None
    paused_at: datetime | None
    paused_by: UUID | None
    #: Why, where nobody paused it.
    paused_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ScheduleAction(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a schedule."""

    action: Literal["pause", "resume"]


class ScheduledBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a run by hand has made."""

    schedule_id: UUID
    batch_id: UUID


class ScheduleRun(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one occurrence."""

    id: UUID
    due_at: datetime
    status: Literal["created", "failed", "skipped"]
    is_manual: bool
    #: Null once the batch is gone, too.
    batch_id: UUID | None
    error_code: str | None
    error_message: str | None
    problems: list[RowError] | None
    created_at: datetime


class Upcoming(msgspec.Struct, frozen=True, kw_only=True):
    """When it is due next."""

    upcoming: list[datetime]


class Occurrences(msgspec.Struct, frozen=True, kw_only=True):
    """When one schedule is due within a span of time."""

    schedule_id: UUID
    #: Up to 100 moments, in their order.
    upcoming: list[datetime]
    #: False: it is due more often within the span.
    is_complete: bool


class OccurrenceList(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules that are due within a span of time, the next first."""

    items: list[Occurrences]


_SCHEDULE: LiteralString = """s.id, s.project_id, s.owner_id, s.name, s.cron, s.time_zone, s.misfire, s.topics, s.options,
  s.next_run_at, s.last_run_at, s.paused_at, s.paused_by, s.paused_reason, s.version, s.created_at, s.updated_at"""
_ACTIONS: dict[str, LiteralString] = {
    "pause": "select public.pause_schedule(%s)::text",
    "resume": "select public.resume_schedule(%s)::text",
}
Count = Annotated[int, QueryParameter(ge=1, le=100, description="How many.")]


@post("/schedules")
async def create_schedule(
    request: ApiRequest, data: JSONBody[NewSchedule], key: IdempotencyKey = None
) -> Response[Schedule]:
    """Make batches again and again. Each is made with the caller's rights."""
    fields = msgspec.to_builtins(data)
    del fields["project_id"]

    async def create(transaction: Transaction) -> Created:
        made: dict[str, Any] = await transaction.value(
            "select public.create_schedule(%s, %s)", data.project_id, Jsonb(fields)
        )
        return Created(body=msgspec.json.encode(made).decode(), location=f"/schedules/{made['id']}")

    return await create_once(request, key, create)


@get("/schedules")
async def list_schedules(
    request: ApiRequest,
    project_id: FromQuery[UUID | None] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[Schedule]]:
    """List the tenant's schedules, newest first."""
    found = Filter()
    found.add("s.tenant_id = %s", request.tenant_id)
    found.add_given("s.project_id = %s", project_id)
    if cursor_text is not None:
        found.add("s.id < %s", *decode_cursor(cursor_text, (UUID,)))
    rows = await request.rows(
        f"select to_json(r)::text, r.id from (select {_SCHEDULE} from public.schedules as s"
        f" where {found.where} order by s.id desc limit %s) as r",
        *found.arguments,
        limit + 1,
    )
    return json_answer(page_json(rows, limit, None))


@get("/schedules/upcoming")
async def preview_schedule(
    request: ApiRequest,
    cron: Annotated[str, QueryParameter(max_length=200)],
    time_zone: Annotated[str, QueryParameter(max_length=100)] = "UTC",
    count: Count = 10,
) -> Response[Upcoming]:
    """Say when a cron expression would be due."""
    rows = await request.rows(
        "select json_build_object('upcoming', public.upcoming_runs(%s, %s, %s))::text", cron, time_zone, count
    )
    return json_answer(rows[0][0])


@get("/schedules/occurrences")
async def list_occurrences(
    request: ApiRequest,
    starts_from: Annotated[
        datetime, QueryParameter(description="Due at this moment or later; what is past is left out.")
    ],
    starts_to: Annotated[
        datetime, QueryParameter(description="Due before this moment, at most 62 days after `starts_from`.")
    ],
) -> Response[OccurrenceList]:
    """Say when all schedules of the tenant that are not paused are due within a span of time: up to 100 moments of each,
    5,000 in all.
    """
    rows = await request.rows(
        "select json_build_object('items', public.schedule_occurrences(%s, %s))::text", starts_from, starts_to
    )
    return json_answer(rows[0][0])


@get("/schedules/{schedule_id:str}")
async def get_schedule(request: ApiRequest, schedule_id: FromPath[str]) -> Response[Schedule]:
    """Show a schedule."""
    return json_answer(
        await _shown(request, schedule_id, f"to_json((select r from (select {_SCHEDULE}) as r))")
    )


@get("/schedules/{schedule_id:str}/upcoming")
async def list_upcoming_runs(
    request: ApiRequest, schedule_id: FromPath[str], count: Count = 10
) -> Response[Upcoming]:
    """Say when a schedule is due next, paused or not."""
    return json_answer(
        await _shown(
            request,
            schedule_id,
            "json_build_object('upcoming', public.upcoming_runs(s.cron, s.time_zone, %s))",
            count,
        )
    )


@get("/schedules/{schedule_id:str}/runs")
async def list_schedule_runs(
    request: ApiRequest,
    schedule_id: FromPath[str],
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[ScheduleRun]]:
    """List what became of a schedule's occurrences, newest first."""
    key = as_uuid(schedule_id, "schedule_id")
    found = Filter()
    found.add("r.tenant_id = %s and r.schedule_id = %s", request.tenant_id, key)
    if cursor_text is not None:
        found.add("r.due_at < %s", *decode_cursor(cursor_text, (datetime,)))
    schedules, rows = await request.fetch(
        ("select from public.schedules where tenant_id = %s and id = %s", (request.tenant_id, key)),
        (
            "select to_json(p)::text, p.due_at from (select r.id, r.due_at, r.status, r.is_manual, r.batch_id, r.error_code,"
            f" r.error_message, r.problems, r.created_at from public.schedule_runs as r where {found.where}"
            " order by r.due_at desc limit %s) as p",
            [*found.arguments, limit + 1],
        ),
    )
    if not schedules:
        raise not_found("schedule", schedule_id)
    return json_answer(page_json(rows, limit, None))


@patch("/schedules/{schedule_id:str}")
async def change_schedule(
    request: ApiRequest, schedule_id: FromPath[str], data: JSONBody[ScheduleChange]
) -> Response[Schedule]:
    """Change a schedule; its next occurrence follows from what it is then."""
    changes = msgspec.to_builtins(data)
    if not changes:
        raise InvalidInput("The request changes nothing.", next_step="Send a field to change.")
    key = as_uuid(schedule_id, "schedule_id")
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select public.change_schedule(%s, %s)::text", key, Jsonb(changes))
        )


@delete("/schedules/{schedule_id:str}")
async def delete_schedule(request: ApiRequest, schedule_id: FromPath[str]) -> None:
    """Remove a schedule and the list of its runs; the batches stay."""
    async with request.acting() as transaction:
        await transaction.value("select public.delete_schedule(%s)", as_uuid(schedule_id, "schedule_id"))


@post("/schedules/{schedule_id:str}/actions", status_code=200)
async def act_on_schedule(
    request: ApiRequest, schedule_id: FromPath[str], data: JSONBody[ScheduleAction]
) -> Response[Schedule]:
    """Pause a schedule, or let it go on with its next occurrence, owned by the caller."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(_ACTIONS[data.action], as_uuid(schedule_id, "schedule_id"))
        )


@post("/schedules/{schedule_id:str}/run")
async def run_schedule(
    request: ApiRequest, schedule_id: FromPath[str], key: IdempotencyKey = None
) -> Response[ScheduledBatch]:
    """Make the batch of a schedule now, besides when it is due."""

    async def run(transaction: Transaction) -> Created:
        made: dict[str, Any] = await transaction.value(
            "select public.run_schedule(%s)", as_uuid(schedule_id, "schedule_id")
        )
        return Created(body=msgspec.json.encode(made).decode(), location=f"/batches/{made['batch_id']}")

    return await create_once(request, key, run)


async def _shown(request: ApiRequest, schedule_id: str, told: LiteralString, *arguments: object) -> str:
    rows = await request.rows(
        f"select ({told})::text from public.schedules as s where s.tenant_id = %s and s.id = %s",
        *arguments,
        request.tenant_id,
        as_uuid(schedule_id, "schedule_id"),
    )
    if not rows:
        raise not_found("schedule", schedule_id)
    return str(rows[0][0])


router = Router(
    path="/",
    route_handlers=[
        create_schedule,
        list_schedules,
        preview_schedule,
        list_occurrences,
        get_schedule,
        list_upcoming_runs,
        list_schedule_runs,
        change_schedule,
        delete_schedule,
        act_on_schedule,
        run_schedule,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Schedules"],
)
