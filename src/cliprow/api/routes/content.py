"""Stored content: garbage, integrity, what the cache saves; versions, uses and curation of the library."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer
from cliprow.api.lists import Page, as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import NotFound

ContentKey = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Part = Literal["stage", "project", "day", "tenant"]


class Amount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much there is."""

    bytes: int
    artifacts: int | None = None
    files: int | None = None
    #: When the first of it is removed.
    next_removal_at: datetime | None = None


class Garbage(msgspec.Struct, frozen=True, kw_only=True):
    """What could be removed of the tenant's stored content, and what was."""

    #: Nothing refers to it; condemned by the next sweep.
    unreferenced: Amount
    #: Removed after the grace time, unless it is wanted again.
    condemned: Amount
    #: Files without a row, older than the grace time.
    orphans: Amount
    #: Being removed from the storage.
    removing: Amount
    #: All that was ever removed.
    freed: Amount
    grace_s: int
    #: How much this request condemned.
    condemned_now: int | None = None


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared with its checksums."""

    content_key: ContentKey | None = None
    #: So many of those checked longest ago; null: all.
    sample: Annotated[int, Meta(ge=1, le=1_000_000)] | None = 100


class Requested(msgspec.Struct, frozen=True):
    """How many checks were asked for; those that waited already are not counted."""

    requested: int


class ContentHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How sound the tenant's stored content is."""

    artifacts: int
    bytes: int
    checked: int
    never_checked: int
    #: For a check.
    waiting: int
    damaged: int
    oldest_check_at: datetime | None
    #: All are checked in this time.
    check_every_s: int


class DamagedArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """A stored result that is not used any more."""

    content_key: ContentKey
    stage: str
    damaged_at: datetime
    size_bytes: int
    is_repairing: bool
    #: Jobs whose result it is.
    jobs: list[UUID]


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be computed again."""

    #: Null: all that is damaged.
    content_key: ContentKey | None = None


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """How much runs again."""

    damaged: int
    retried_jobs: int
    retried_tasks: int
    #: False: send the request again, there are more than one call takes.
    is_finished: bool


class CacheFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What equal content being made only once saved, of one stage, project or day."""

    value: str
    hits: int
    misses: int
    hit_rate: float
    seconds_spent: float
    seconds_saved: float
    bytes_stored: int
    bytes_saved: int
    #: What was paid for the results that were found again.
    cost_saved: float
    currency: str


class Curation(msgspec.Struct, frozen=True, kw_only=True):
    """How the library is to be curated."""

    #: Only tell what would change.
    is_dry_run: bool = False
    #: Instead of that in the tenant's settings: promote_at, demote_below, archive_below, archive_unused_days, min_reports.
    policy: dict[str, Any] = {}


class CuratedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What curation changes of an item."""

    item_id: UUID
    old_category: str
    new_category: str
    score: float
    report_count: int
    reason: str


class CuratedLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """What curation changed, or would."""

    is_dry_run: bool
    policy: dict[str, Any]
    changes: list[CuratedItem]


class LibraryVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a scene of the library said and showed from a change on."""

    number: int
    scene_type: str
    voiceover_text: str
    visual_description: str
    heading: str
    points: list[str]
    created_by: UUID | None
    created_at: datetime


class NewLibraryVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is other than in the version before."""

    voiceover_text: str | None = None
    visual_description: str | None = None
    heading: str | None = None
    points: list[str] | None = None


class AddedVersion(msgspec.Struct, frozen=True):
    """The version that jobs take from now on."""

    item_id: UUID
    number: int


class LibraryUse(msgspec.Struct, frozen=True, kw_only=True):
    """A job that took a scene of the library."""

    job_id: UUID
    batch_id: UUID
    project_id: UUID
    topic: str
    status: str
    version: int
    created_at: datetime


@get("/content/garbage")
async def show_garbage(request: ApiRequest) -> Response[Garbage]:
    """Say what could be removed of the stored content: nothing refers to it. Admins and owners may."""
    return await _value(request, "select public.content_garbage()::text")


@post("/content/garbage", status_code=200)
async def collect_garbage(request: ApiRequest) -> Response[Garbage]:
    """Condemn what nothing refers to, now; it is removed after the grace time. Admins and owners may."""
    return await _value(request, "select public.collect_garbage()::text")


@post("/content/verify", status_code=202)
async def verify_content(request: ApiRequest, data: JSONBody[Verification]) -> Response[Requested]:
    """Have stored files compared with their checksums. Admins and owners may."""
    return await _value(
        request, "select public.verify_content(%s, %s)::text", data.content_key, data.sample, status=202
    )


@get("/content/health")
async def show_content_health(request: ApiRequest) -> Response[ContentHealth]:
    """Say how sound the stored content is, and how far its checks are."""
    return await _value(request, "select public.content_health()::text")


@get("/content/damaged")
async def list_damaged(request: ApiRequest) -> Response[Page[DamagedArtifact]]:
    """List damaged results, newest first, up to 1,000."""
    return await _page(request, "select to_json(d) as row from public.list_damaged() as d")


@post("/content/repair", status_code=200)
async def repair_content(request: ApiRequest, data: JSONBody[Repair]) -> Response[Repaired]:
    """Compute damaged results again, in jobs that have ended and that the caller controls."""
    return await _value(request, "select public.repair_content(%s)::text", data.content_key)


@get("/content/statistics")
async def show_cache_statistics(
    request: ApiRequest,
    by: Annotated[Part, QueryParameter(description="What the figures are parted by.")] = "stage",
    since: Annotated[
        datetime | None, QueryParameter(description="Completed at this moment or later; 30 days ago.")
    ] = None,
    until: Annotated[datetime | None, QueryParameter(description="Completed before this moment.")] = None,
) -> Response[Page[CacheFigures]]:
    """Say what equal content being made only once saved."""
    return await _page(
        request, "select to_json(s) as row from public.cache_statistics(%s, %s, %s) as s", since, until, by
    )


@post("/library/curate", status_code=200)
async def curate_library(request: ApiRequest, data: JSONBody[Curation]) -> Response[CuratedLibrary]:
    """Score the library's scenes by how videos with them perform; promote and archive by the policy."""
    return await _value(
        request, "select public.curate_library(%s, %s)::text", data.is_dry_run, Jsonb(data.policy)
    )


@get("/library/items/{item_id:str}/versions")
async def list_library_versions(
    request: ApiRequest, item_id: FromPath[str]
) -> Response[Page[LibraryVersion]]:
    """List what a scene of the library was, newest version first."""
    key = await _known_item(request, item_id)
    return await _page(
        request,
        "select to_json(v) as row from (select number, scene_type, voiceover_text, visual_description, heading, points,"
        " created_by, created_at from public.library_versions where item_id = %s order by number desc) as v",
        key,
    )


@post("/library/items/{item_id:str}/versions", status_code=201)
async def add_library_version(
    request: ApiRequest, item_id: FromPath[str], data: JSONBody[NewLibraryVersion]
) -> Response[AddedVersion]:
    """Add a version of a scene; jobs that took an older one keep it. Editors, admins and owners may."""
    return await _value(
        request,
        "select public.add_library_version(%s, %s)::text",
        as_uuid(item_id, "item_id"),
        Jsonb({key: value for key, value in msgspec.to_builtins(data).items() if value is not None}),
        status=201,
    )


@get("/library/items/{item_id:str}/uses")
async def list_library_uses(request: ApiRequest, item_id: FromPath[str]) -> Response[Page[LibraryUse]]:
    """List the jobs that took a scene of the library, newest first, up to 1,000."""
    key = await _known_item(request, item_id)
    return await _page(request, "select to_json(u) as row from public.library_uses(%s) as u", key)


async def _known_item(request: ApiRequest, item_id: str) -> UUID | None:
    """The id of an item of the tenant's library.

    Raises:
        NotFound: there is none.
    """
    key = as_uuid(item_id, "item_id")
    if not await request.rows(
        "select 1 from public.content_library where tenant_id = %s and id = %s", request.tenant_id, key
    ):
        raise NotFound(
            f"There is no item {item_id} in your library.",
            error_code="LIBRARY_ITEM_NOT_FOUND",
            next_step="GET /library lists those there are.",
        )
    return key


async def _value(
    request: ApiRequest, query: LiteralString, *arguments: object, status: int = 200
) -> Response[Any]:
    """The JSON that a function answers the caller."""
    async with request.acting() as transaction:
        return json_answer(await transaction.value(query, *arguments), status=status)


async def _page(request: ApiRequest, query: LiteralString, *arguments: object) -> Response[Any]:
    """All rows of a query, as the one page there is."""
    async with request.acting() as transaction:
        items = await transaction.value(
            "select json_build_object('items', coalesce(json_agg(q.row), '[]'), 'next_cursor', null)::text"
            f" from ({query}) as q",
            *arguments,
        )
    return json_answer(items)


router = Router(
    path="/",
    route_handlers=[
        show_garbage, collect_garbage, verify_content, show_content_health, list_damaged, repair_content,
        show_cache_statistics,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Content"],
)  # fmt: skip
library_router = Router(
    path="/",
    route_handlers=[curate_library, list_library_versions, add_library_version, list_library_uses],
    guards=[in_tenant],
    security=BEARER,
    tags=["Library"],
)
