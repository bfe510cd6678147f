"""`/analytics`: figures of content and of the work that made it, filtered by batch, project, platform and date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from psycopg import AsyncConnection

from cliprow.api import figures, service_figures
from cliprow.api.figures import (
    DayFigures,
    Engagement,
    ErrorFigures,
    JobFigures,
    PlatformFigures,
    Scope,
    StageFigures,
    scope_of,
)
from cliprow.api.keys import key_of, not_found
from cliprow.api.lists import as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.service_figures import (
    ContentFigures,
    ContentMeasure,
    ContentOrder,
    DayCost,
    ServiceLevel,
    Throughput,
)
from cliprow.api.tables import csv_answer
from cliprow.errors import InvalidInput, RowProblem

#: Longest range, in days.
MAX_DAYS = 366

First = Annotated[
    date | None, QueryParameter(name="from", description="First day (UTC); absent: 29 days before the last.")
]
Last = Annotated[
    date | None, QueryParameter(name="to", description="Last day (UTC), included; absent: today.")
]
OfProject = Annotated[str | None, QueryParameter(name="project_id", description="Only of this project.")]
OfBatch = Annotated[str | None, QueryParameter(name="batch_id", description="Only of this batch.")]
OfPlatform = Annotated[
    str | None, QueryParameter(name="platform", max_length=100, description="Only of this platform.")
]


class Analytics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the projects that the caller's analytics scope allows."""

    #: First and last day that the figures are about.
    first: date
    last: date
    #: All reports of these days, summed.
    engagement: Engagement
    by_platform: list[PlatformFigures]
    by_day: list[DayFigures]
    #: Jobs created in these days, their stages, and the errors that tasks ended with.
    jobs: JobFigures
    stages: list[StageFigures]
    errors: list[ErrorFigures]
    #: Jobs that ended in these days, by hour for up to three days, by day for more.
    throughput: list[Throughput]
    #: What attempts of those jobs cost.
    costs: list[DayCost]
    service_levels: list[ServiceLevel]


class ContentRanking(msgspec.Struct, frozen=True, kw_only=True):
    """Videos of the projects that the caller's analytics scope allows, the first of each platform first."""

    first: date
    last: date
    items: list[ContentFigures]


Table = Literal[
    "by_platform", "by_day", "stages", "errors", "throughput", "costs", "service_levels", "content"
]


async def _best(connection: AsyncConnection[Any], scope: Scope) -> list[ContentFigures]:
    return await service_figures.content(connection, scope, "best", "score", 100)


#: Rows of each table, and what reads them.
_TABLES: dict[Table, tuple[type[msgspec.Struct], Callable[..., Awaitable[Sequence[msgspec.Struct]]]]] = {
    "by_platform": (PlatformFigures, figures.by_platform),
    "by_day": (DayFigures, figures.by_day),
    "stages": (StageFigures, figures.stages),
    "errors": (ErrorFigures, figures.errors),
    "throughput": (Throughput, service_figures.throughput),
    "costs": (DayCost, service_figures.costs),
    "service_levels": (ServiceLevel, service_figures.service_levels),
    "content": (ContentFigures, _best),
}


@get("/analytics")
async def get_analytics(
    request: ApiRequest,
    project_id: OfProject = None,
    batch_id: OfBatch = None,
    platform: OfPlatform = None,
    first: First = None,
    last: Last = None,
) -> Analytics:
    """Views and engagement, by platform and day, and outcomes, timings and errors of jobs."""
    return await _analytics(
        request,
        scope_of(as_uuid(project_id, "project_id"), as_uuid(batch_id, "batch_id"), platform, first, last),
    )


@get("/projects/{project_id:str}/analytics")
async def get_project_analytics(
    request: ApiRequest,
    project_id: FromPath[str],
    batch_id: OfBatch = None,
    platform: OfPlatform = None,
    first: First = None,
    last: Last = None,
) -> Analytics:
    """The same figures of one project."""
    own_id = await key_of(request, "project", project_id)
    found = await request.rows(
        "select true from public.projects where tenant_id = %s and id = %s and deleted_at is null",
        request.tenant_id,
        own_id,
    )
    if not found:
        raise not_found("project", project_id)
    return await _analytics(request, scope_of(own_id, as_uuid(batch_id, "batch_id"), platform, first, last))


@get(
    "/analytics/csv",
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type="text/csv", description="CSV.")},
)
async def get_analytics_table(
    request: ApiRequest,
    table: Annotated[
        Table, QueryParameter(description="Which of the tables; `content` has the best of each platform.")
    ],
    project_id: OfProject = None,
    batch_id: OfBatch = None,
    platform: OfPlatform = None,
    first: First = None,
    last: Last = None,
) -> Response[bytes]:
    """The same figures, one table of them as CSV, with a line of column names."""
    scope = _checked(
        scope_of(as_uuid(project_id, "project_id"), as_uuid(batch_id, "batch_id"), platform, first, last)
    )
    kind, read = _TABLES[table]
    async with request.acting() as at:
        rows = await read(at.connection, scope)
    return csv_answer(rows, kind, f"{table}-{scope.first}-{scope.last}")


@get("/analytics/content")
async def get_content_figures(
    request: ApiRequest,
    order: FromQuery[ContentOrder] = "best",
    measure: Annotated[ContentMeasure, QueryParameter(name="by", description="What to judge by.")] = "score",
    limit: Annotated[int, QueryParameter(ge=1, le=100, description="So many of each platform.")] = 10,
    project_id: OfProject = None,
    batch_id: OfBatch = None,
    platform: OfPlatform = None,
    first: First = None,
    last: Last = None,
) -> ContentRanking:
    """The videos that did best or worst, platform by platform."""
    scope = _checked(
        scope_of(as_uuid(project_id, "project_id"), as_uuid(batch_id, "batch_id"), platform, first, last)
    )
    async with request.acting() as at:
        return ContentRanking(
            first=scope.first,
            last=scope.last,
            items=await service_figures.content(at.connection, scope, order, measure, limit),
        )


def _checked(scope: Scope) -> Scope:
    if not 0 <= (scope.last - scope.first).days < MAX_DAYS:
        raise InvalidInput(
            f"From {scope.first} to {scope.last} is not a range of 1 to {MAX_DAYS} days.",
            error_code="RANGE_INVALID",
            next_step="Ask for a shorter range, its first day in `from`, its last in `to`.",
            problems=[RowProblem(None, "from", "is not 0 to 365 days before `to`")],
        )
    return scope


async def _analytics(request: ApiRequest, scope: Scope) -> Analytics:
    _checked(scope)
    async with request.acting() as at:
        connection = at.connection
        return Analytics(
            first=scope.first,
            last=scope.last,
            engagement=await figures.engagement(connection, scope),
            by_platform=await figures.by_platform(connection, scope),
            by_day=await figures.by_day(connection, scope),
            jobs=await figures.jobs(connection, scope),
            stages=await figures.stages(connection, scope),
            errors=await figures.errors(connection, scope),
            throughput=await service_figures.throughput(connection, scope),
            costs=await service_figures.costs(connection, scope),
            service_levels=await service_figures.service_levels(connection, scope),
        )


router = Router(
    path="/",
    route_handlers=[get_analytics, get_analytics_table, get_content_figures, get_project_analytics],
    guards=[in_tenant],
    security=BEARER,
    tags=["Analytics"],
)
