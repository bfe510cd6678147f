"""For operators: tenants are deleted and restored, and the garbage of all is collected."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from cliprow.api.answers import json_answer
from cliprow.api.lists import as_uuid
from cliprow.api.operators import OPERATOR, ask_as_operator, is_operator
from cliprow.api.request import ApiRequest
from cliprow.api.routes.tenants import DeletedTenant


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a deleted tenant."""

    tenant_id: UUID
    name: str
    deleted_at: datetime
    #: The owner who did it; null for an operator.
    deleted_by: UUID | None
    #: Rows that the purge has removed so far, without those that went with them.
    row_count: int
    #: When nothing of it was left; null while there is.
    purged_at: datetime | None


class Tombstones(msgspec.Struct, frozen=True, kw_only=True):
    """The tenants deleted last, up to 1,000."""

    items: list[Tombstone]


class RestoredTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant that has its members again."""

    tenant_id: UUID
    name: str


class GarbageRound(msgspec.Struct, frozen=True, kw_only=True):
    """How far the search of all tenants is."""

    #: Go on after this tenant; null: from the first on.
    after: UUID | None = None
    #: Only say how much there is.
    is_dry_run: bool = False


class CollectedGarbage(msgspec.Struct, frozen=True, kw_only=True):
    """What nothing refers to of some tenants; removed after the grace time."""

    tenants: int
    artifacts: int
    bytes: int
    #: Send the request again with `after` set to this, unless it is finished.
    next_after: UUID | None
    is_finished: bool


@delete("/operations/tenants/{tenant_id:str}", status_code=200)
async def delete_any_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[DeletedTenant]:
    """Delete a tenant with all that it has. Its members are out at once, rows and files are removed later."""
    key = as_uuid(tenant_id, "tenant_id")
    return json_answer(await ask_as_operator(request, "select private.delete_any_tenant(%s)::text", key))


@post("/operations/tenants/{tenant_id:str}/restore", status_code=200)
async def restore_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[RestoredTenant]:
    """Bring back a deleted tenant whose purge has not begun, with its members; its work stays withdrawn."""
    key = as_uuid(tenant_id, "tenant_id")
    return json_answer(await ask_as_operator(request, "select private.restore_tenant(%s)::text", key))


@get("/operations/deleted-tenants")
async def list_deleted_tenants(request: ApiRequest) -> Response[Tombstones]:
    """List the tenants deleted last, up to 1,000, and how far their purge is."""
    return json_answer(
        await ask_as_operator(
            request,
            "select json_build_object('items', coalesce(json_agg(to_json(d)), '[]'))::text"
            " from private.list_deleted_tenants() as d",
        )
    )


@post("/operations/content/garbage", status_code=200)
async def collect_garbage_of_all(
    request: ApiRequest, data: JSONBody[GarbageRound]
) -> Response[CollectedGarbage]:
    """Condemn what nothing refers to in the stored content of all tenants, as many as one request has time for."""
    return json_answer(
        await ask_as_operator(
            request, "select private.collect_garbage_of_all(%s, %s)::text", data.after, data.is_dry_run
        )
    )


router = Router(
    path="/",
    route_handlers=[delete_any_tenant, restore_tenant, list_deleted_tenants, collect_garbage_of_all],
    guards=[is_operator],
    security=OPERATOR,
    tags=["Operations"],
)
