"""The library: scenes worth using again, the tenant's own and those that others share with everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType
from psycopg.types.json import Jsonb

from cliprow.api.answers import check_if_match, etag_of, json_answer, tagged
from cliprow.api.database import Transaction
from cliprow.api.idempotency import REPLAYED, Created, IdempotencyKey, create_once
from cliprow.api.lists import (
    DEFAULT_LIMIT,
    CursorText,
    Filter,
    Limit,
    Page,
    as_uuid,
    contains,
    decode_cursor,
    page_json,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import CreatedBatch
from cliprow.errors import InvalidInput, NotAllowed, NotFound

Category = Literal["high_performance", "experimental", "archived", "favorite", "public"]
Order = Literal["performance", "usage", "newest"]
Tag = Annotated[str, Meta(min_length=1, max_length=100)]
Tags = Annotated[list[Tag], Meta(max_length=50)]

#: What a list is ordered by, descending, before the id; and the type of it in a cursor.
_ORDERS: dict[Order, tuple[LiteralString, type]] = {
    "performance": ("r.performance_score::float8", float),
    "usage": ("r.usage_count", int),
    "newest": ("r.created_at", datetime),
}


class LibraryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A scene in the library. Of another tenant's only text, tags and preview are shown."""

    id: UUID
    #: Whether it is the caller's own tenant's.
    is_own: bool
    #: Null for a scene of another tenant.
    scene_id: UUID | None
    script_id: UUID | None
    project_id: UUID | None
    voiceover_text: str
    visual_description: str
    heading: str
    #: Whole seconds, and milliseconds; the latter null while not narrated, and for scenes of others.
    duration: int
    duration_ms: int | None
    specific_tags: list[str]
    generic_tags: list[str]
    library_category: Category
    usage_count: int
    performance_score: float
    last_used: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime | None


class NewLibraryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A scene to keep for use again."""

    scene_id: UUID
    specific_tags: Tags = []
    generic_tags: Tags = []
    library_category: Category = "experimental"
    #: What others see of it while it is public; empty: its narration.
    preview_text: Annotated[str, Meta(max_length=2_000)] = ""


class LibraryItemChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    specific_tags: Tags | UnsetType = UNSET
    generic_tags: Tags | UnsetType = UNSET
    library_category: Category | UnsetType = UNSET
    preview_text: Annotated[str, Meta(max_length=2_000)] | UnsetType = UNSET


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether everybody signed in may see and use an item."""

    is_public: bool
    #: Category that it gets when it is no longer shared.
    otherwise: Literal["high_performance", "experimental", "archived", "favorite"] = "experimental"


class Reuse(msgspec.Struct, frozen=True, kw_only=True):
    """A video to be made with scenes of the library in it."""

    project_id: UUID
    topic: Annotated[str, Meta(min_length=1, max_length=500)]
    platforms: Annotated[list[str], Meta(min_length=1, max_length=20)]
    #: More items than the one in the address, in the order they are to appear.
    library_items: Annotated[list[UUID], Meta(max_length=20)] = []
    brief: Annotated[str, Meta(max_length=50_000)] = ""


#: Own items with their scenes, and what others share: text, tags and length.
_ITEMS: LiteralString = """
select i.id, true as is_own, i.scene_id, s.script_id, c.project_id, s.voiceover_text, s.visual_description, s.heading,
  s.duration_ms, s.duration, i.specific_tags, i.generic_tags, i.library_category, i.usage_count, i.performance_score,
  i.last_used, i.version, i.created_at, i.updated_at, s.search
from public.content_library as i
join public.scenes as s on s.tenant_id = i.tenant_id and s.id = i.scene_id
join public.scripts as c on c.tenant_id = s.tenant_id and c.id = s.script_id
where i.tenant_id = (select private.tenant_id())
"""
_SHARED: LiteralString = """
select p.id, false, null::uuid, null::uuid, null::uuid, p.preview_text, '', '', null::int, p.duration, p.specific_tags,
  p.generic_tags, 'public', 0, 0::real, null::timestamptz, 1, p.created_at, null::timestamptz,
  to_tsvector('simple', p.preview_text)
from public.public_library as p where not p.is_own
"""
_COLUMNS: LiteralString = """r.id, r.is_own, r.scene_id, r.script_id, r.project_id, r.voiceover_text, r.visual_description,
  r.heading, r.duration, r.duration_ms, r.specific_tags, r.generic_tags, r.library_category, r.usage_count,
  r.performance_score, r.last_used, r.version, r.created_at, r.updated_at"""
_CHANGES: dict[str, LiteralString] = {
    "specific_tags": "specific_tags = %s",
    "generic_tags": "generic_tags = %s",
    "library_category": "library_category = %s",
    "preview_text": "preview_text = %s",
}


@get("/library")
async def search_library(
    request: ApiRequest,
    text: Annotated[
        str | None, QueryParameter(max_length=200, description="Words of narration or picture.")
    ] = None,
    tags: Annotated[
        str | None,
        QueryParameter(max_length=1000, description="Tags, separated by commas; any of them is enough."),
    ] = None,
    category: Annotated[Category | None, QueryParameter(description="Only of this category.")] = None,
    min_duration: Annotated[int | None, QueryParameter(ge=0, le=86_400, description="Seconds.")] = None,
    max_duration: Annotated[int | None, QueryParameter(ge=0, le=86_400, description="Seconds.")] = None,
    shared: Annotated[
        bool, QueryParameter(description="Also what other tenants share; the category public has it anyway.")
    ] = False,
    order: Annotated[Order, QueryParameter(description="Highest or newest first.")] = "performance",
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[LibraryItem]]:
    """Search the library by text, tags, category and length."""
    found = Filter()
    if text:
        found.add(
            "(r.search @@ websearch_to_tsquery('simple', %s) or r.voiceover_text ilike %s"
            " or r.visual_description ilike %s)",
            text,
            *2 * [contains(text)],
        )
    wanted = [tag.strip() for tag in (tags or "").split(",") if tag.strip()]
    if wanted:
        found.add("(r.specific_tags ?| %s or r.generic_tags ?| %s)", wanted, wanted)
    found.add_given("r.library_category = %s", category)
    found.add_given("r.duration >= %s", min_duration)
    found.add_given("r.duration <= %s", max_duration)
    key, kind = _ORDERS[order]
    if cursor_text is not None:
        found.add(f"({key}, r.id) < (%s, %s)", *decode_cursor(cursor_text, (kind, UUID)))
    source = f"{_ITEMS} union all {_SHARED}" if shared or category == "public" else _ITEMS
    rows = await request.rows(
        f"select to_json(q)::text, k, q.id from (select {_COLUMNS}, {key} as k from ({source}) as r"
        f" where {found.where} order by {key} desc, r.id desc limit %s) as t"
        f" cross join lateral (select {_COLUMNS.replace('r.', 't.')}) as q order by t.k desc, t.id desc",
        *found.arguments,
        limit + 1,
    )
    return json_answer(page_json(rows, limit))


@get("/library/items/{item_id:str}")
async def get_library_item(request: ApiRequest, item_id: FromPath[str]) -> Response[LibraryItem]:
    """Show an item of the tenant's library."""
    async with request.acting() as transaction:
        body, version = await _shown(transaction, as_uuid(item_id, "item_id"))
    return tagged(request, body, version)


@post("/library/items")
async def add_library_item(
    request: ApiRequest, data: JSONBody[NewLibraryItem], key: IdempotencyKey = None
) -> Response[LibraryItem]:
    """Add a scene to the library. Editors, admins and owners may."""

    async def work(transaction: Transaction) -> Created:
        text = await transaction.value(
            "select voiceover_text from public.scenes where tenant_id = %s and id = %s",
            request.tenant_id,
            data.scene_id,
        )
        if text is None:
            raise NotFound(
                f"There is no scene {data.scene_id}.",
                error_code="SCENE_NOT_FOUND",
                next_step="GET /jobs/{id} names the scenes of a job's script.",
            )
        item_id = await transaction.value(
            "insert into public.content_library (tenant_id, scene_id, specific_tags, generic_tags, library_category,"
            " preview_text) values (%s, %s, %s, %s, %s, %s) returning id",
            request.tenant_id,
            data.scene_id,
            Jsonb(data.specific_tags),
            Jsonb(data.generic_tags),
            data.library_category,
            data.preview_text or text[:2_000],
        )
        body, version = await _shown(transaction, item_id)
        return Created(body=body, location=f"/library/items/{item_id}", etag=etag_of(version))

    return await create_once(request, key, work)


@patch("/library/items/{item_id:str}")
async def change_library_item(
    request: ApiRequest, item_id: FromPath[str], data: JSONBody[LibraryItemChange]
) -> Response[LibraryItem]:
    """Change tags, category or preview. Editors, admins and owners may."""
    changes: dict[str, Any] = {
        name: value for name in _CHANGES if (value := getattr(data, name)) is not UNSET
    }
    return await _change(request, item_id, changes)


@post("/library/items/{item_id:str}/share", status_code=200)
async def share_library_item(
    request: ApiRequest, item_id: FromPath[str], data: JSONBody[Sharing]
) -> Response[LibraryItem]:
    """Share an item with everybody signed in, or stop sharing it."""
    category = "public" if data.is_public else data.otherwise
    return await _change(request, item_id, {"library_category": category})


@delete("/library/items/{item_id:str}")
async def remove_library_item(request: ApiRequest, item_id: FromPath[str]) -> None:
    """Take a scene out of the library; the scene itself stays."""
    own_id = as_uuid(item_id, "item_id")
    async with request.acting() as transaction:
        check_if_match(request, await _lock(transaction, own_id))
        await transaction.run(
            "delete from public.content_library where tenant_id = %s and id = %s", request.tenant_id, own_id
        )


@post("/library/items/{item_id:str}/reuse")
async def reuse_library_item(
    request: ApiRequest, item_id: FromPath[str], data: JSONBody[Reuse], key: IdempotencyKey = None
) -> Response[CreatedBatch]:
    """Make a video with this scene in it: its narration is taken as it is, so what was made of it is made only once."""
    first = as_uuid(item_id, "item_id")
    topic = {
        "topic": data.topic,
        "platforms": data.platforms,
        "library_items": [str(each) for each in dict.fromkeys([first, *data.library_items])],
        **({"brief": data.brief} if data.brief else {}),
    }
    async with request.acting() as transaction:
        made = await transaction.value(
            "select public.create_batch(%s, %s, %s, %s)",
            data.project_id,
            Jsonb([topic]),
            Jsonb({"job_type": "single"}),
            key,
        )
    headers = {"Location": f"/batches/{made['batch_id']}"} | ({} if made["is_new"] else {REPLAYED: "true"})
    return json_answer(msgspec.json.encode(made), status=201, headers=headers)


async def _change(request: ApiRequest, item_id: str, changes: dict[str, Any]) -> Response[LibraryItem]:
    if not changes:
        raise InvalidInput(
            "The request changes nothing.", next_step=f"Send one or more of {', '.join(_CHANGES)}."
        )
    own_id = as_uuid(item_id, "item_id")
    async with request.acting() as transaction:
        check_if_match(request, await _lock(transaction, own_id))
        clauses: LiteralString = ", ".join(_CHANGES[name] for name in changes)
        await transaction.run(
            f"update public.content_library set {clauses} where tenant_id = %s and id = %s",
            *(Jsonb(value) if isinstance(value, list) else value for value in changes.values()),
            request.tenant_id,
            own_id,
        )
        body, version = await _shown(transaction, own_id)
    return json_answer(body, headers={"ETag": etag_of(version)})


async def _shown(transaction: Transaction, item_id: UUID | None) -> tuple[str, int]:
    """An own item as JSON, and its version.

    Raises:
        NotFound: there is none that the caller sees.
    """
    row = await transaction.one(
        f"select (select to_json(q)::text from (select {_COLUMNS}) as q), r.version"
        f" from ({_ITEMS}) as r where r.id = %s",
        item_id,
    )
    if row is None:
        raise _no_item(item_id)
    return row[0], row[1]


async def _lock(transaction: Transaction, item_id: UUID | None) -> int:
    """The version of an own item that the caller may change, locked.

    Raises:
        NotFound: there is none that the caller sees.
        NotAllowed: it sees it, and may not change it.
    """
    mine: LiteralString = "where tenant_id = (select private.tenant_id()) and id = %s"
    version: int | None = await transaction.value(
        f"select version from public.content_library {mine} for update", item_id
    )
    if version is not None:
        return version
    if await transaction.value(f"select true from public.content_library {mine}", item_id):
        raise NotAllowed(
            "Your role does not allow you to change the library.",
            next_step="Ask an admin of the tenant to make you an editor.",
        )
    raise _no_item(item_id)


def _no_item(item_id: UUID | None) -> NotFound:
    return NotFound(
        f"There is no item {item_id} in your library.",
        error_code="LIBRARY_ITEM_NOT_FOUND",
        next_step="GET /library lists those there are.",
    )


router = Router(
    path="/",
    route_handlers=[
        search_library, get_library_item, add_library_item, change_library_item, share_library_item,
        remove_library_item, reuse_library_item,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Library"],
)  # fmt: skip
