"""The look of a tenant: colours, font and logo, which new jobs take along."""

from __future__ import annotations

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import JSONBody
from litestar.response import Stream

from cliprow.api.answers import json_answer
from cliprow.api.brands import (
    LOGO_ANSWER,
    BrandChange,
    LogoOperation,
    TenantBrand,
    find_brand,
    save_brand,
    save_logo,
    send_logo,
    tenant_brand,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant


@get("/brand")
async def show_brand(request: ApiRequest) -> Response[TenantBrand]:
    """Show colours, font and logo that new jobs of the tenant have, and the fonts to choose from."""
    return json_answer(msgspec.json.encode(tenant_brand(await find_brand(request))))


@put("/brand")
async def set_brand(request: ApiRequest, data: JSONBody[BrandChange]) -> Response[TenantBrand]:
    """Set colours, font and place of the logo for new jobs; those that are there keep theirs. For admins and owners."""
    return json_answer(msgspec.json.encode(tenant_brand(await save_brand(request, data))))


@get("/brand/logo", responses=LOGO_ANSWER)
async def get_brand_logo(request: ApiRequest) -> Stream:
    """Send the logo, a PNG of at most 1024 pixels an edge."""
    return await send_logo(request, await find_brand(request))


@put("/brand/logo", operation_class=LogoOperation)
async def set_brand_logo(request: ApiRequest) -> Response[TenantBrand]:
    """Set the logo that new jobs have: a PNG, JPEG or WebP of at most 2 MB as the body, with edges from 32 to 4096 pixels.
    It is kept as PNG, without metadata and clear edges. For admins and owners.
    """
    ((tenant_id, may),) = await request.rows("select private.tenant_id(), private.has_role('admin')")
    return json_answer(msgspec.json.encode(tenant_brand(await save_logo(request, may, tenant_id))))


@delete("/brand/logo")
async def remove_brand_logo(request: ApiRequest) -> None:
    """Let new jobs have no logo; those that are there keep theirs. For admins and owners."""
    async with request.acting() as transaction:
        await transaction.run("select public.set_brand_logo(null)")


router = Router(
    path="/",
    route_handlers=[show_brand, set_brand, get_brand_logo, set_brand_logo, remove_brand_logo],
    guards=[in_tenant],
    security=BEARER,
    tags=["Brand"],
)
