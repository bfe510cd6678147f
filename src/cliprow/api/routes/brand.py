"""The look of a tenant: colours, font and logo, which new jobs take along."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.background_tasks import BackgroundTask
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Meta

from cliprow.api.answers import json_answer
from cliprow.api.media import body
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant, no_tenant
from cliprow.errors import InvalidInput, NotAllowed, NotFound
from cliprow.media.families import families
from cliprow.media.logo import MAX_BYTES
from cliprow.models import BrandColours, FileRef, LogoCorner, LogoSize

Colour = Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")]
_MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")


class Colours(msgspec.Struct, frozen=True, kw_only=True):
    """Colours as `#rrggbb`. On the background, the text needs a contrast of 4.5 to 1, and the accent of 3 to 1."""

    background: Colour
    text: Colour
    #: Markers, progress and the word being spoken.
    accent: Colour


class BrandChange(msgspec.Struct, frozen=True, kw_only=True):
    """The whole brand but its logo; null is what the style has."""

    colours: Colours | None = None
    #: One of `fonts`.
    font: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    logo_corner: LogoCorner = LogoCorner.TOP_RIGHT
    logo_size: LogoSize = LogoSize.MEDIUM


class TenantBrand(msgspec.Struct, frozen=True, kw_only=True):
    """The look of the tenant's new videos, and what there is to choose from."""

    colours: BrandColours | None
    font: str | None
    #: `GET /brand/logo` sends it.
    has_logo: bool
    logo_corner: LogoCorner
    logo_size: LogoSize
    #: Null while there is no brand.
    updated_at: datetime | None
    #: Families that this deployment has installed, the default first.
    fonts: list[str]


def _told(row: Mapping[str, Any] | None) -> TenantBrand:
    found = row or {}
    return TenantBrand(
        colours=msgspec.convert(found.get("colours"), BrandColours | None),
        font=found.get("font"),
        has_logo=found.get("logo") is not None,
        logo_corner=LogoCorner(found.get("logo_corner", LogoCorner.TOP_RIGHT)),
        logo_size=LogoSize(found.get("logo_size", LogoSize.MEDIUM)),
        updated_at=msgspec.convert(found.get("updated_at"), datetime | None),
        fonts=list(families()),
    )


async def _brand(request: ApiRequest) -> dict[str, Any] | None:
    rows = await request.rows(
        "select (select to_jsonb(b) from public.brands as b where b.tenant_id = %s), private.tenant_id()",
        request.tenant_id,
    )
    found: dict[str, Any] | None = rows[0][0]
    if rows[0][1] is None:
        raise no_tenant()
    return found


@get("/brand")
async def show_brand(request: ApiRequest) -> Response[TenantBrand]:
    """Show colours, font and logo that new jobs of the tenant have, and the fonts to choose from."""
    return json_answer(msgspec.json.encode(_told(await _brand(request))))


@put("/brand")
async def set_brand(request: ApiRequest, data: JSONBody[BrandChange]) -> Response[TenantBrand]:
    """Set colours, font and place of the logo for new jobs; those that are there keep theirs. For admins and owners."""
    if data.font is not None and data.font not in families():
        raise InvalidInput(
            f"The font {data.font} is not installed.",
            error_code="FONT_MISSING",
            next_step=f"Choose one of {', '.join(families())}.",
        )
    async with request.acting() as transaction:
        row = await transaction.value(
            "select public.set_brand(%s::jsonb, %s, %s, %s)",
            msgspec.json.encode(data.colours).decode(),
            data.font,
            data.logo_corner,
            data.logo_size,
        )
    return json_answer(msgspec.json.encode(_told(row)))


@get(
    "/brand/logo",
    responses={
        200: ResponseSpec(bytes, generate_examples=False, media_type="image/png", description="A picture.")
    },
)
async def get_brand_logo(request: ApiRequest) -> Stream:
    """Send the logo, a PNG of at most 1024 pixels an edge."""
    row = await _brand(request)
    if row is None or row["logo"] is None:
        raise NotFound("The team has no logo.", next_step="Send one to PUT /brand/logo.")
    opened = await request.services.media.open(row["logo"]["path"], {})
    # Not read into memory: the row names an upload, and those may be as large as the storage takes.
    return Stream(
        body(opened),
        media_type="image/png",
        headers={"cache-control": "private, no-store"},
        background=BackgroundTask(opened.aclose),
    )


async def _picture(request: ApiRequest) -> bytes:
    """The body of a request that sends a picture.

    Raises:
        InvalidInput: it is of another kind, or too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await request.body() if kind in _MEDIA_TYPES else b""
    if not data or len(data) > MAX_BYTES:
        raise InvalidInput(
            f"The logo has {len(data) / 1e6:.1f} MB." if data else "The request holds no PNG, JPEG or WebP.",
            error_code="LOGO_REFUSED",
            next_step=f"Send a picture of at most {MAX_BYTES // 1_000_000} MB as the body, with its Content-Type.",
        )
    return data


@dataclass
class LogoOperation(Operation):
    """Says in the OpenAPI document that the body is a picture."""

    def __post_init__(self) -> None:
        picture = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(required=True, content=dict.fromkeys(_MEDIA_TYPES, picture))


@put("/brand/logo", operation_class=LogoOperation)
async def set_brand_logo(request: ApiRequest) -> Response[TenantBrand]:
    """Set the logo that new jobs have: a PNG, JPEG or WebP of at most 2 MB as the body, with edges from 32 to 4096 pixels.
    It is kept as PNG, without metadata and clear edges. For admins and owners.
    """
    ((tenant_id, may),) = await request.rows("select private.tenant_id(), private.has_role('admin')")
    if not may:  # before anything is decoded or stored for somebody who may not
        raise NotAllowed(
            "Your role does not allow you to change the brand.",
            next_step="Ask an admin or owner of the tenant.",
        )
    data = await _picture(request)
    logo = await request.services.samples.clean_logo(data)
    digest = hashlib.sha256(logo).hexdigest()
    path = f"{tenant_id}/uploads/{digest}"
    await request.services.media.upload(path, logo, "image/png", request.headers["authorization"])
    file = FileRef(
        role="logo", name="logo.png", sha256=digest, path=path, size_bytes=len(logo), media_type="image/png"
    )
    async with request.acting() as transaction:
        row = await transaction.value(
            "select public.set_brand_logo(%s::jsonb)", msgspec.json.encode(file).decode()
        )
    return json_answer(msgspec.json.encode(_told(row)))


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
