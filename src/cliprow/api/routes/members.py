"""Members of the tenant, and invitations to become one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType

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
from cliprow.api.request import ApiRequest, in_tenant, signed_in
from cliprow.api.routes.tenants import Role, Scope
from cliprow.errors import InvalidInput, NotAllowed


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who belongs to the tenant."""

    user_id: UUID
    email: str | None
    role: Role
    #: Whose figures they see: none, those of their own projects, or all.
    analytics_scope: Scope
    joined_at: datetime


class MemberChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    role: Role | UnsetType = UNSET
    analytics_scope: Scope | UnsetType = UNSET


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask, and as what."""

    email: Annotated[str, Meta(min_length=3, max_length=320)]
    role: Role = "viewer"
    analytics_scope: Scope = "tenant"


class CreatedInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """The token is shown only here: give it to the person."""

    invitation_id: UUID
    token: str
    expires_at: datetime


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was asked to join."""

    id: UUID
    email: str
    role: Role
    analytics_scope: Scope
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The token of an invitation."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The tenant joined; switch to it to act in it."""

    tenant_id: UUID
    role: Role


_INVITATION: LiteralString = """i.id, i.email, i.role, i.analytics_scope, i.invited_by, i.created_at, i.expires_at,
  i.accepted_at, i.revoked_at"""


@get("/members")
async def list_members(request: ApiRequest) -> Response[Page[Member]]:
    """List the members of the tenant."""
    rows = await request.rows(
        "select json_build_object('items', coalesce(json_agg(to_json(m)), '[]'), 'next_cursor', null)::text"
        " from public.list_members() as m"
    )
    return json_answer(rows[0][0])


@patch("/members/{user_id:str}")
async def change_member(
    request: ApiRequest, user_id: FromPath[str], data: JSONBody[MemberChange]
) -> Response[Member]:
    """Change what a member may do. Admins may below owner, owners all; a tenant keeps an owner."""
    clauses: list[LiteralString] = []
    arguments: list[object] = []
    if data.role is not UNSET:
        clauses.append("role = %s")
        arguments.append(data.role)
    if data.analytics_scope is not UNSET:
        clauses.append("analytics_scope = %s")
        arguments.append(data.analytics_scope)
    if not clauses:
        raise InvalidInput("The request changes nothing.", next_step="Send role or analytics_scope.")
    key = as_uuid(user_id, "user_id")
    async with request.acting() as transaction:
        changed = await transaction.run(
            f"update public.memberships set {', '.join(clauses)} where tenant_id = %s and user_id = %s",
            *arguments,
            request.tenant_id,
            key,
        )
        if not changed:
            raise await _why_not(transaction, request, key)
        return json_answer(
            await transaction.value(
                "select to_json(m)::text from public.list_members() as m where m.user_id = %s", key
            )
        )


@delete("/members/{user_id:str}")
async def remove_member(request: ApiRequest, user_id: FromPath[str]) -> None:
    """Remove a member, who is out at once; or leave. Admins may below owner, owners all."""
    key = as_uuid(user_id, "user_id")
    async with request.acting() as transaction:
        if not await transaction.run(
            "delete from public.memberships where tenant_id = %s and user_id = %s", request.tenant_id, key
        ):
            raise await _why_not(transaction, request, key)


async def _why_not(transaction: Transaction, request: ApiRequest, user_id: UUID | None) -> Exception:
    """Row-level security says only that nothing was changed."""
    if await transaction.value(
        "select true from public.memberships where tenant_id = %s and user_id = %s",
        request.tenant_id,
        user_id,
    ):
        return NotAllowed(
            "Your role does not allow you to change this member.", next_step="Ask an owner of the tenant."
        )
    return not_found("member", user_id)


@post("/invitations")
async def invite(
    request: ApiRequest, data: JSONBody[NewInvitation], key: IdempotencyKey = None
) -> Response[CreatedInvitation]:
    """Ask somebody to join the tenant, in place of an older invitation to the address. Admins and owners may."""

    async def create(transaction: Transaction) -> Created:
        made: dict[str, Any] = await transaction.value(
            "select public.invite_member(%s, %s, %s)", data.email, data.role, data.analytics_scope
        )
        return Created(
            body=msgspec.json.encode(made).decode(), location=f"/invitations/{made['invitation_id']}"
        )

    return await create_once(request, key, create)


@get("/invitations")
async def list_invitations(
    request: ApiRequest,
    is_open: FromQuery[bool | None] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[Invitation]]:
    """List invitations, newest first. Only admins and owners see any."""
    found = Filter()
    found.add("i.tenant_id = %s", request.tenant_id)
    if is_open is not None:
        found.add("(i.accepted_at is null and i.revoked_at is null and i.expires_at > now()) = %s", is_open)
    if cursor_text is not None:
        found.add("(i.created_at, i.id) < (%s, %s)", *decode_cursor(cursor_text, (datetime, UUID)))
    rows = await request.rows(
        f"select to_json(r)::text, r.created_at, r.id from (select {_INVITATION} from public.invitations as i"
        f" where {found.where} order by i.created_at desc, i.id desc limit %s) as r",
        *found.arguments,
        limit + 1,
    )
    return json_answer(page_json(rows, limit))


@delete("/invitations/{invitation_id:str}")
async def revoke_invitation(request: ApiRequest, invitation_id: FromPath[str]) -> None:
    """Withdraw an invitation."""
    async with request.acting() as transaction:
        await transaction.run("select public.revoke_invitation(%s)", as_uuid(invitation_id, "invitation_id"))


@post("/invitations/accept", status_code=200)
async def accept_invitation(request: ApiRequest, data: JSONBody[Acceptance]) -> Response[Accepted]:
    """Join the tenant of an invitation, as the user with the address that was invited."""
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.accept_invitation(%s)::text", data.token))


router = Router(
    path="/",
    route_handlers=[
        Router(
            path="/",
            guards=[in_tenant],
            route_handlers=[
                list_members,
                change_member,
                remove_member,
                invite,
                list_invitations,
                revoke_invitation,
            ],
        ),
        Router(path="/", guards=[signed_in], route_handlers=[accept_invitation]),
    ],
    security=BEARER,
    tags=["Members"],
)
