"""All jobs of a batch, or of a filter, in one answer, written while it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from cliprow.api.job_filters import InReview, JobFilter, ordering
from cliprow.api.keys import not_found
from cliprow.api.lists import CreatedFrom, CreatedTo, as_uuid, encode_cursor
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.jobs import Statuses
from cliprow.batches import JOB, Job
from cliprow.job_export import MEDIA_TYPES, PAGE, PAGE_JOBS, Format, JobWriter

#: More than a batch has.
MAX_JOBS = 2_147_483_647
#: Reads the jobs after one, or the first: so many at most.
Reader = Callable[[Job | None, int], Awaitable[list[Job]]]
#: The formats, as parameter of the address.
FormatName = Annotated[
    Format,
    QueryParameter(name="format", description="csv, json (one list), or ndjson (a line for each job)."),
]


@get("/batches/{batch_id:str}/export", opt={"answers": tuple(MEDIA_TYPES.values())})
async def export_jobs(
    request: ApiRequest,
    batch_id: FromPath[str],
    form: FormatName = "ndjson",
    after: Annotated[
        int, QueryParameter(ge=0, le=MAX_JOBS, description="Go on after the job at this place.")
    ] = 0,
    limit: Annotated[
        int | None, QueryParameter(ge=1, le=1_000_000, description="Most jobs; absent: all.")
    ] = None,
) -> Stream:
    """Send all jobs of a batch in order, however many there are. What changes meanwhile may be told as it was or is."""
    key = as_uuid(batch_id, "batch_id")
    assert key is not None
    found = await request.rows(
        "select number from public.batches where tenant_id = %s and id = %s and deleted_at is null",
        request.tenant_id,
        key,
    )
    if not found:
        raise not_found("batch", batch_id)
    left = limit or MAX_JOBS

    async def read(last: Job | None, most: int) -> list[Job]:
        return await _jobs(request, PAGE, key, last.position if last else after, most)

    return Stream(
        _pieces(form, read, await read(None, min(left, PAGE_JOBS)), left),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="batch-{found[0][0]}.{form}"'},
    )


@get("/jobs/export", opt={"answers": tuple(MEDIA_TYPES.values())})
async def export_found_jobs(
    request: ApiRequest,
    form: FormatName = "csv",
    statuses: Statuses = None,
    project_id: FromQuery[UUID | None] = None,
    platform: Annotated[str | None, QueryParameter(max_length=50)] = None,
    text: Annotated[str | None, QueryParameter(max_length=200, description="Words of the topic.")] = None,
    error_code: Annotated[str | None, QueryParameter(max_length=100)] = None,
    paused_after: Annotated[
        InReview | None, QueryParameter(description="Those that wait to be looked at.")
    ] = None,
    created_from: CreatedFrom = None,
    created_to: CreatedTo = None,
    order: Annotated[Literal["newest", "oldest"], QueryParameter(description="By creation.")] = "newest",
) -> Stream:
    """Send all of the tenant's jobs that a filter finds, as `GET /jobs` filters them, however many there are."""
    found = JobFilter(
        statuses=statuses,
        project_id=project_id,
        platform=platform,
        text=text,
        error_code=error_code,
        paused_after=paused_after,
        created_from=created_from,
        created_to=created_to,
    ).conditions(request.tenant_id)
    ordered = ordering(order, None)

    async def read(last: Job | None, most: int) -> list[Job]:
        page = ordered.after(found, encode_cursor(last.id) if last else None)
        return await _jobs(
            request,
            f"{JOB} where {page.where} order by {ordered.order_by} limit %s",
            *page.arguments,
            most,
        )

    return Stream(
        _pieces(form, read, await read(None, PAGE_JOBS), MAX_JOBS),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="jobs.{form}"'},
    )


async def _pieces(form: Format, read: Reader, first: list[Job], left: int) -> AsyncIterator[bytes]:
    writer, page = JobWriter(form), first
    yield writer.begin()
    while page:
        yield writer.page(page)
        left -= len(page)
        page = await read(page[-1], min(left, PAGE_JOBS)) if left > 0 else []
    yield writer.end()


async def _jobs(request: ApiRequest, query: LiteralString, *arguments: object) -> list[Job]:
    """The jobs of a query, in its order."""
    rows = await request.rows(f"select to_json(r)::text from ({query}) as r", *arguments)
    return [msgspec.json.decode(text, type=Job) for (text,) in rows]


router = Router(
    path="/",
    route_handlers=[export_jobs, export_found_jobs],
    guards=[in_tenant],
    security=BEARER,
    tags=["Batches"],
)
