"""All jobs of a batch in one answer, written while it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from cliprow.api.keys import not_found
from cliprow.api.lists import as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.batches import Job
from cliprow.job_export import MEDIA_TYPES, PAGE, PAGE_JOBS, Format, JobWriter

#: More than a batch has.
MAX_JOBS = 2_147_483_647
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
    return Stream(
        _pieces(request, key, form, await _page(request, key, after, left), left),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="batch-{found[0][0]}.{form}"'},
    )


async def _pieces(
    request: ApiRequest, batch_id: UUID, form: Format, first: list[Job], left: int
) -> AsyncIterator[bytes]:
    writer, page = JobWriter(form), first
    yield writer.begin()
    while page:
        yield writer.page(page)
        left -= len(page)
        page = await _page(request, batch_id, page[-1].position, left)
    yield writer.end()


async def _page(request: ApiRequest, batch_id: UUID, position: int, left: int) -> list[Job]:
    if left <= 0:
        return []
    rows = await request.rows(
        f"select to_json(r)::text from ({PAGE}) as r order by r.position",
        batch_id,
        position,
        min(left, PAGE_JOBS),
    )
    return [msgspec.json.decode(text, type=Job) for (text,) in rows]


router = Router(path="/", route_handlers=[export_jobs], guards=[in_tenant], security=BEARER, tags=["Batches"])
