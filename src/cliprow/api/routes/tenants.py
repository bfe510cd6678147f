"""Tenants: those of the caller, and which of them a sign-in acts in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer
from cliprow.api.database import Transaction
from cliprow.api.idempotency import Created, IdempotencyKey, create_once
from cliprow.api.keys import not_found
from cliprow.api.lists import Page, as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant, signed_in
from cliprow.api.routes.job_types import Cap, Pause
from cliprow.errors import Conflict, InvalidInput, NotAllowed

Role = Literal["owner", "admin", "editor", "viewer"]
Scope = Literal["none", "project", "tenant"]
Plan = Literal["standard", "premium"]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class MyTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant that the caller is a member of."""

    id: UUID
    name: str
    role: Role
    plan: Plan
    #: The access token acts in this one.
    is_active: bool


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """The tenant that the access token acts in."""

    id: UUID
    name: str
    plan: Plan
    max_concurrent_tasks: int | None
    settings: dict[str, Any]
    #: Part of the names of live topics, like tenant:ID:EPOCH.
    epoch: int
    paused_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and as what, as things stand now."""

    user_id: UUID
    email: str | None
    #: Null without membership in the tenant that the token names.
    tenant: Tenant | None
    role: Role | None
    analytics_scope: Scope | None
    tenants: list[MyTenant]


class NewTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant of one's own."""

    name: Name


class CreatedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """What was made; switch to it to act in it."""

    tenant_id: UUID


class TenantChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    name: Name | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    #: Most tasks queued or running at once; null for no cap. More is released at once; with fewer, what runs may end.
    max_concurrent_tasks: Cap | UnsetType | None = UNSET


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """The tenant of this sign-in from its next token on: refresh to have it."""

    tenant_id: UUID


class PausedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the tenant's work is held back."""

    tenant_id: UUID
    paused_at: datetime | None


class DeletedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant that nobody is a member of any more."""

    tenant_id: UUID
    name: str
    deleted_at: datetime
    #: Jobs that were withdrawn now.
    changed_jobs: int
    #: Those withdrawn later; they start nothing.
    remaining_jobs: int
    #: Until then an operator can restore it; null: it is never purged.
    purged_from: datetime | None


_TENANT: LiteralString = """t.id, t.name, t.plan, t.max_concurrent_tasks, t.settings, t.epoch, t.paused_at, t.created_at,
  t.updated_at"""
#: Parameters: user, address, tenant twice.
_ME: LiteralString = f"""
select json_build_object('user_id', %s::uuid, 'email', %s::text,
  'tenant', (select to_json(r) from (select {_TENANT} from public.tenants as t where t.id = %s) as r),
  'role', m.role, 'analytics_scope', m.analytics_scope,
  'tenants', coalesce((select json_agg(to_json(l)) from public.list_my_tenants() as l), '[]'))::text
from (select private.user_id() as user_id) as u
left join public.memberships as m on m.user_id = u.user_id and m.tenant_id = %s
"""


@get("/me", guards=[signed_in])
async def show_me(request: ApiRequest) -> Response[Me]:
    """Say who is signed in, as what, and in which tenants."""
    caller = request.caller
    rows = await request.rows(_ME, caller.user_id, caller.email, caller.tenant_id, caller.tenant_id)
    return json_answer(rows[0][0])


@get("/tenants", guards=[signed_in])
async def list_tenants(request: ApiRequest) -> Response[Page[MyTenant]]:
    """List the tenants that the caller is a member of."""
    rows = await request.rows(
        "select json_build_object('items', coalesce(json_agg(to_json(l)), '[]'), 'next_cursor', null)::text"
        " from public.list_my_tenants() as l"
    )
    return json_answer(rows[0][0])


@post("/tenants", guards=[signed_in])
async def create_tenant(
    request: ApiRequest, data: JSONBody[NewTenant], key: IdempotencyKey = None
) -> Response[CreatedTenant]:
    """Create a tenant, owned by the caller."""

    async def create(transaction: Transaction) -> Created:
        made: dict[str, Any] = await transaction.value("select public.create_tenant(%s)", data.name)
        return Created(body=msgspec.json.encode(made).decode(), location=f"/tenants/{made['tenant_id']}")

    return await create_once(request, key, create)


@patch("/tenants/{tenant_id:str}", guards=[in_tenant])
async def change_tenant(
    request: ApiRequest, tenant_id: FromPath[str], data: JSONBody[TenantChange]
) -> Response[Tenant]:
    """Change the tenant that the caller acts in. Its admins and owners may."""
    key = active_tenant(request, tenant_id)
    clauses: list[LiteralString] = []
    arguments: list[object] = []
    if data.name is not UNSET:
        clauses.append("name = %s")
        arguments.append(data.name)
    if data.settings is not UNSET:
        clauses.append("settings = %s")
        arguments.append(Jsonb(data.settings))
    if not clauses:
        if data.max_concurrent_tasks is UNSET:
            raise InvalidInput(
                "The request changes nothing.", next_step="Send name, settings or max_concurrent_tasks."
            )
        clauses.append("name = t.name")
    async with request.acting() as transaction:
        if data.max_concurrent_tasks is not UNSET:
            await transaction.run("select public.set_tenant_cap(%s)", data.max_concurrent_tasks)
        changed = await transaction.value(
            f"update public.tenants as t set {', '.join(clauses)} where t.id = %s"
            f" returning (select to_json(r)::text from (select {_TENANT}) as r)",
            *arguments,
            key,
        )
        if changed is None:
            if await transaction.value("select true from public.tenants where id = %s", key):
                raise NotAllowed(
                    "Your role does not allow you to change the tenant.", next_step="Ask an admin or owner."
                )
            raise not_found("tenant", tenant_id)
    return json_answer(changed)


@delete("/tenants/{tenant_id:str}", status_code=200, guards=[in_tenant])
async def delete_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[DeletedTenant]:
    """Delete the tenant that the caller acts in, with all that it has. Its members are out at once, rows and files are
    removed later. Owners may.
    """
    key = active_tenant(request, tenant_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.delete_tenant(%s)::text", key))


@post("/tenants/{tenant_id:str}/switch", status_code=200, guards=[signed_in])
async def switch_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[Switched]:
    """Act in another tenant, in this sign-in only, from its next token on."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select public.switch_tenant(%s)::text", as_uuid(tenant_id, "tenant_id"))
        )


@post("/tenants/{tenant_id:str}/pause", status_code=200, guards=[in_tenant])
async def pause_tenant(
    request: ApiRequest, tenant_id: FromPath[str], data: JSONBody[Pause | None] = None
) -> Response[PausedTenant]:
    """Hold back all work of the tenant that the caller acts in; what runs is finished, or with `now` stopped. Admins and
    owners may.
    """
    now = data is not None and data.now
    active_tenant(request, tenant_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.pause_tenant(%s)::text", now))


@post("/tenants/{tenant_id:str}/resume", status_code=200, guards=[in_tenant])
async def resume_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Response[PausedTenant]:
    """Let the work of the tenant go on. Admins and owners may."""
    active_tenant(request, tenant_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.resume_tenant()::text"))


def active_tenant(request: ApiRequest, tenant_id: str) -> UUID:
    """The id, if it is that of the tenant the caller acts in.

    Raises:
        Conflict: it is another.
    """
    key = as_uuid(tenant_id, "tenant_id")
    if key != request.tenant_id or key is None:
        raise Conflict(
            "You act in another tenant.",
            error_code="OTHER_TENANT",
            next_step="Switch to it with POST /tenants/{tenant_id}/switch, refresh, and repeat the request.",
        )
    return key


router = Router(
    path="/",
    route_handlers=[
        show_me,
        list_tenants,
        create_tenant,
        change_tenant,
        delete_tenant,
        switch_tenant,
        pause_tenant,
        resume_tenant,
    ],
    security=BEARER,
    tags=["Tenants"],
)
