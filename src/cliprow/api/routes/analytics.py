"""`/analytics`: figures of content and of the work that made it, filtered by batch, project, platform and date."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import Parameter

from cliprow.api import figures
from cliprow.api.figures import (
    DayFigures,
    Engagement,
    ErrorFigures,
    JobFigures,
    PlatformFigures,
    StageFigures,
    scope_of,
)
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import InvalidInput, NotFound, RowProblem

#: Longest range, in days.
MAX_DAYS = 366

First = Annotated[
    date | None, Parameter(query="from", description="First day (UTC); absent: 29 days before the last.")
]
Last = Annotated[date | None, Parameter(query="to", description="Last day (UTC), included; absent: today.")]


class Analytics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the projects that the caller's analytics scope allows."""

    #: First and last day that the figures are about.
    first: date
    last: date
    #: The newest reading of every piece of content, summed.
    engagement: Engagement
    by_platform: list[PlatformFigures]
    by_day: list[DayFigures]
    #: Jobs created in these days, their stages, and the errors that tasks ended with.
    jobs: JobFigures
    stages: list[StageFigures]
    errors: list[ErrorFigures]


async def _analytics(
    request: ApiRequest,
    project_id: UUID | None,
    batch_id: UUID | None,
    platform: str | None,
    first: date | None,
    last: date | None,
) -> Analytics:
    scope = scope_of(project_id, batch_id, platform, first, last)
    if not 0 <= (scope.last - scope.first).days < MAX_DAYS:
        raise InvalidInput(
            f"The days from {scope.first} to {scope.last} are not a range of 1 to {MAX_DAYS} days.",
            error_code="RANGE_INVALID",
            next_step="Ask for a shorter range, its first day in `from`, its last in `to`.",
            problems=[RowProblem(None, "from", "is not 0 to 365 days before `to`")],
        )
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
        )


@get("/analytics", guards=[in_tenant], tags=["analytics"], summary="Figures of the tenant")
async def get_analytics(
    request: ApiRequest,
    project_id: UUID | None = None,
    batch_id: UUID | None = None,
    platform: str | None = None,
    first: First = None,
    last: Last = None,
) -> Analytics:
    """Views and engagement, by platform and day, and outcomes, timings and errors of jobs."""
    return await _analytics(request, project_id, batch_id, platform, first, last)


@get(
    "/projects/{project_id:uuid}/analytics",
    guards=[in_tenant],
    tags=["analytics"],
    summary="Figures of a project",
)
async def get_project_analytics(
    request: ApiRequest,
    project_id: UUID,
    batch_id: UUID | None = None,
    platform: str | None = None,
    first: First = None,
    last: Last = None,
) -> Analytics:
    """The same figures of one project; 404 for one that the caller cannot see."""
    async with request.acting() as at:
        if not await at.value(
            "select true from public.projects where tenant_id = private.tenant_id() and id = %s and deleted_at is null",
            project_id,
        ):
            raise NotFound("There is no such project.", next_step="List the projects, and use one of their ids.")
    return await _analytics(request, project_id, batch_id, platform, first, last)


handlers = [get_analytics, get_project_analytics]
