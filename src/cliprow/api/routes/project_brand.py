"""The look of one project, in place of that of its tenant."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from cliprow.api.answers import json_answer
from cliprow.api.brands import (
    LOGO_ANSWER,
    BrandChange,
    LogoOperation,
    ProjectBrand,
    find_brand,
    project_brand,
    save_brand,
    save_logo,
    send_logo,
)
from cliprow.api.keys import key_of, not_found
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant


async def _project(request: ApiRequest, project_id: str) -> tuple[UUID, bool]:
    """The project, and whether the caller controls it.

    Raises:
        NotFound: there is none.
    """
    key = await key_of(request, "project", project_id)
    rows = await request.rows(
        "select exists (select from private.controlled_project_ids() as c where c = p.id) from public.projects as p"
        " where p.tenant_id = %s and p.id = %s and p.deleted_at is null",
        request.tenant_id,
        key,
    )
    if not rows:
        raise not_found("project", project_id)
    return key, rows[0][0]


def _told(row: dict[str, Any] | None) -> Response[ProjectBrand]:
    return json_answer(msgspec.json.encode(project_brand(row)))


@get("/projects/{project_id:str}/brand")
async def show_project_brand(request: ApiRequest, project_id: FromPath[str]) -> Response[ProjectBrand]:
    """Show colours, font and logo that new jobs of a project have: its own, or else those of the tenant."""
    key, _ = await _project(request, project_id)
    return _told(await find_brand(request, key))


@put("/projects/{project_id:str}/brand")
async def set_project_brand(
    request: ApiRequest, project_id: FromPath[str], data: JSONBody[BrandChange]
) -> Response[ProjectBrand]:
    """Give a project a brand of its own, or change it: it stands in place of the tenant's as a whole, and begins with the
    tenant's logo. New jobs have it; those that are there keep theirs.
    """
    key, _ = await _project(request, project_id)
    return _told(await save_brand(request, data, key))


@delete("/projects/{project_id:str}/brand")
async def remove_project_brand(request: ApiRequest, project_id: FromPath[str]) -> None:
    """Let new jobs of a project have the brand of the tenant again."""
    key, _ = await _project(request, project_id)
    async with request.acting() as transaction:
        await transaction.run("select public.remove_brand(%s)", key)


@get("/projects/{project_id:str}/brand/logo", responses=LOGO_ANSWER)
async def get_project_logo(request: ApiRequest, project_id: FromPath[str]) -> Stream:
    """Send the logo that new jobs of a project have, a PNG of at most 1024 pixels an edge."""
    key, _ = await _project(request, project_id)
    return await send_logo(request, await find_brand(request, key))


@put("/projects/{project_id:str}/brand/logo", operation_class=LogoOperation)
async def set_project_logo(request: ApiRequest, project_id: FromPath[str]) -> Response[ProjectBrand]:
    """Set the logo of a project's own brand, which begins as that of the tenant: a PNG, JPEG or WebP of at most 2 MB as the
    body, with edges from 32 to 4096 pixels.
    """
    key, may = await _project(request, project_id)
    return _told(await save_logo(request, may, request.tenant_id, key))


@delete("/projects/{project_id:str}/brand/logo")
async def remove_project_logo(request: ApiRequest, project_id: FromPath[str]) -> None:
    """Let new jobs of a project have no logo, whatever the tenant has: its own brand begins, without one."""
    key, _ = await _project(request, project_id)
    async with request.acting() as transaction:
        await transaction.run("select public.set_brand_logo(null, %s)", key)


router = Router(
    path="/",
    route_handlers=[
        show_project_brand,
        set_project_brand,
        remove_project_brand,
        get_project_logo,
        set_project_logo,
        remove_project_logo,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Brand"],
)
