"""Who may work on a project that they do not own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody

from cliprow.api.answers import json_answer
from cliprow.api.database import Transaction
from cliprow.api.keys import key_of, not_found
from cliprow.api.lists import Page, as_uuid
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import NotAllowed

ProjectRole = Literal["editor", "viewer"]


class ProjectMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works on the project."""

    user_id: UUID
    email: str | None
    #: editor: controls the project as its owner does; viewer: sees its figures where analytics_scope is project.
    role: ProjectRole
    created_at: datetime


class ProjectMembership(msgspec.Struct, frozen=True, kw_only=True):
    """As what somebody works on the project."""

    role: ProjectRole = "editor"


@get("/projects/{project_id:str}/members")
async def list_project_members(
    request: ApiRequest, project_id: FromPath[str]
) -> Response[Page[ProjectMember]]:
    """List who works on a project."""
    key = await key_of(request, "project", project_id)
    found, rows = await request.fetch(
        (
            "select from public.projects where tenant_id = %s and id = %s and deleted_at is null",
            (request.tenant_id, key),
        ),
        (
            "select json_build_object('items', coalesce(json_agg(to_json(r)), '[]'), 'next_cursor', null)::text from ("
            " select p.user_id, m.email, p.role, p.created_at from public.project_members as p"
            " left join public.list_members() as m on m.user_id = p.user_id"
            " where p.tenant_id = %s and p.project_id = %s order by p.created_at, p.user_id) as r",
            (request.tenant_id, key),
        ),
    )
    if not found:
        raise not_found("project", project_id)
    return json_answer(rows[0][0])


@put("/projects/{project_id:str}/members/{user_id:str}")
async def set_project_member(
    request: ApiRequest, project_id: FromPath[str], user_id: FromPath[str], data: JSONBody[ProjectMembership]
) -> Response[ProjectMember]:
    """Let a member of the tenant work on a project, or change as what. Whoever controls the project may."""
    key, member = await key_of(request, "project", project_id), as_uuid(user_id, "user_id")
    async with request.acting() as transaction:
        await _check_controlled(transaction, request, key, project_id)
        if not await transaction.value("select true from public.list_members() where user_id = %s", member):
            raise not_found("member", user_id)
        await transaction.run(
            "insert into public.project_members (tenant_id, project_id, user_id, role) values (%s, %s, %s, %s)"
            " on conflict (project_id, user_id) do update set role = excluded.role",
            request.tenant_id,
            key,
            member,
            data.role,
        )
        return json_answer(
            await transaction.value(
                "select to_json(r)::text from (select p.user_id, m.email, p.role, p.created_at"
                " from public.project_members as p left join public.list_members() as m on m.user_id = p.user_id"
                " where p.tenant_id = %s and p.project_id = %s and p.user_id = %s) as r",
                request.tenant_id,
                key,
                member,
            )
        )


@delete("/projects/{project_id:str}/members/{user_id:str}")
async def remove_project_member(
    request: ApiRequest, project_id: FromPath[str], user_id: FromPath[str]
) -> None:
    """Take somebody off a project, or leave it."""
    key, member = await key_of(request, "project", project_id), as_uuid(user_id, "user_id")
    async with request.acting() as transaction:
        if await transaction.run(
            "delete from public.project_members where tenant_id = %s and project_id = %s and user_id = %s",
            request.tenant_id,
            key,
            member,
        ):
            return
        await _check_controlled(transaction, request, key, project_id)
        raise not_found("member", user_id)


async def _check_controlled(
    transaction: Transaction, request: ApiRequest, key: UUID, project_id: str
) -> None:
    """Row-level security only says no; this says why."""
    row = await transaction.one(
        "select p.id in (select private.controlled_project_ids()) from public.projects as p"
        " where p.tenant_id = %s and p.id = %s and p.deleted_at is null",
        request.tenant_id,
        key,
    )
    if row is None:
        raise not_found("project", project_id)
    if not row[0]:
        raise NotAllowed(
            "Your role does not allow you to say who works on this project.",
            next_step="Ask its owner to add you as an editor.",
        )


router = Router(
    path="/",
    route_handlers=[list_project_members, set_project_member, remove_project_member],
    guards=[in_tenant],
    security=BEARER,
    tags=["Projects"],
)
