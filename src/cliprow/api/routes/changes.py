"""What has changed since, for those who missed live messages or follow none; and the platforms there are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import FromQuery, QueryParameter

from cliprow.api.answers import json_answer, tagged
from cliprow.api.lists import Page
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant, signed_in
from cliprow.api.routes.costs import BudgetEvent

Since = Annotated[
    datetime, QueryParameter(description="`now` of the last answer, less ten seconds; `since` of its `next`.")
]


class Further(msgspec.Struct, frozen=True, kw_only=True):
    """From where to go on, as parameters of the next request."""

    since: datetime
    after_id: UUID


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that changed, as live messages have them: whole; the higher `version` is the newer."""

    now: datetime
    tenant: dict[str, Any] | None
    projects: list[dict[str, Any]]
    batches: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    #: Never change, and tell of states that the rows have left again.
    events: list[dict[str, Any]]
    #: What became of budgets, as `GET /budgets/events` tells it.
    budget_events: list[BudgetEvent]
    #: There is more: ask again with `next`.
    more: bool
    next: Further | None


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform takes."""

    platform: str
    label: str
    #: False for rows that only older data refers to.
    is_offered: bool
    aspect: str
    width: int
    height: int
    min_duration_ms: int
    max_duration_ms: int
    max_size_bytes: int
    min_fps: int
    max_fps: int
    thumbnail_width: int
    thumbnail_height: int
    max_title_chars: int
    max_description_chars: int
    max_hashtags: int
    source: str
    #: When the rules were last read at their source, as YYYY-MM-DD.
    checked_on: str | None


@get("/events", guards=[in_tenant])
async def list_changes(
    request: ApiRequest,
    since: Since,
    project_id: FromQuery[UUID | None] = None,
    batch_id: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=10_000, description="Rows in an answer.")] = 1_000,
    after_id: Annotated[
        UUID | None, QueryParameter(description="`after_id` of the last answer's `next`.")
    ] = None,
) -> Response[Changes]:
    """List what changed in the tenant, a project or a batch since a moment, oldest change first."""
    rows = await request.rows(
        "select public.changed_since(%s, %s, %s, %s, %s)::text", since, project_id, batch_id, limit, after_id
    )
    return json_answer(rows[0][0])


@get("/platforms", guards=[signed_in])
async def list_platforms(request: ApiRequest) -> Response[Page[Platform]]:
    """List the platforms and what each takes."""
    rows = await request.rows(
        "select json_build_object('items', json_agg(to_json(r)), 'next_cursor', null)::text from ("
        " select platform, label, is_offered, aspect, width, height, min_duration_ms, max_duration_ms, max_size_bytes,"
        " min_fps, max_fps, thumbnail_width, thumbnail_height, max_title_chars, max_description_chars, max_hashtags,"
        " source, checked_on from public.platforms order by is_offered desc, label) as r"
    )
    return tagged(request, rows[0][0])


router = Router(path="/", route_handlers=[list_changes, list_platforms], security=BEARER, tags=["Changes"])
