"""What the routes of a brand have in common, that of the tenant and that of a project."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar.background_tasks import BackgroundTask
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.response import Stream
from msgspec import Meta

from cliprow.api.media import body
from cliprow.api.request import ApiRequest, no_tenant
from cliprow.errors import InvalidInput, NotAllowed, NotFound
from cliprow.media.families import families
from cliprow.media.logo import MAX_BYTES
from cliprow.models import BrandColours, FileRef, LogoCorner, LogoSize

Colour = Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")]
_MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
#: What a route answers that sends a logo.
LOGO_ANSWER = {
    200: ResponseSpec(bytes, generate_examples=False, media_type="image/png", description="A picture.")
}


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


class ProjectBrand(TenantBrand, frozen=True, kw_only=True):
    """The look of a project's new videos: its own, or else the tenant's."""

    #: Whether the project has a brand of its own.
    is_own: bool


def tenant_brand(row: Mapping[str, Any] | None) -> TenantBrand:
    """A row of `brands`, or none, as it is told."""
    return TenantBrand(**_fields(row))


def project_brand(row: Mapping[str, Any] | None) -> ProjectBrand:
    """The row of `brands` that holds for a project, or none, as it is told."""
    return ProjectBrand(**_fields(row), is_own=row is not None and row["project_id"] is not None)


def _fields(row: Mapping[str, Any] | None) -> dict[str, Any]:
    found = row or {}
    return {
        "colours": msgspec.convert(found.get("colours"), BrandColours | None),
        "font": found.get("font"),
        "has_logo": found.get("logo") is not None,
        "logo_corner": LogoCorner(found.get("logo_corner", LogoCorner.TOP_RIGHT)),
        "logo_size": LogoSize(found.get("logo_size", LogoSize.MEDIUM)),
        "updated_at": msgspec.convert(found.get("updated_at"), datetime | None),
        "fonts": list(families()),
    }


async def find_brand(request: ApiRequest, project_id: UUID | None = None) -> dict[str, Any] | None:
    """The row that holds for a project, or of null for the tenant; None where the look is the style's.

    Raises:
        NotAllowed: the caller is out of the tenant.
    """
    rows = await request.rows(
        "select to_jsonb(private.held_brand(%s, %s)), private.tenant_id()",
        request.tenant_id,
        project_id,
    )
    found: dict[str, Any] | None = rows[0][0]
    if rows[0][1] is None:
        raise no_tenant()
    return found


async def save_brand(
    request: ApiRequest, data: BrandChange, project_id: UUID | None = None
) -> dict[str, Any]:
    """The row after the change.

    Raises:
        InvalidInput: FONT_MISSING, or as the database says.
    """
    if data.font is not None and data.font not in families():
        raise InvalidInput(
            f"The font {data.font} is not installed.",
            error_code="FONT_MISSING",
            next_step=f"Choose one of {', '.join(families())}.",
        )
    async with request.acting() as transaction:
        row: dict[str, Any] = await transaction.value(
            "select public.set_brand(%s::jsonb, %s, %s, %s, %s)",
            msgspec.json.encode(data.colours).decode(),
            data.font,
            data.logo_corner,
            data.logo_size,
            project_id,
        )
    return row


async def send_logo(request: ApiRequest, row: Mapping[str, Any] | None) -> Stream:
    """The picture of a brand.

    Raises:
        NotFound: it has none.
    """
    if row is None or row["logo"] is None:
        raise NotFound("There is no logo.", next_step="Send one with PUT to this address.")
    opened = await request.services.media.open(row["logo"]["path"], {})
    # Not read into memory: the row names an upload, and those may be as large as the storage takes.
    return Stream(
        body(opened),
        media_type="image/png",
        headers={"cache-control": "private, no-store"},
        background=BackgroundTask(opened.aclose),
    )


async def save_logo(
    request: ApiRequest, may: bool, tenant_id: object, project_id: UUID | None = None
) -> dict[str, Any]:
    """The row after the picture in the body has become its logo.

    Args:
        may: whether the caller may change the brand; looked at before anything is decoded or stored.

    Raises:
        NotAllowed: the caller may not.
        InvalidInput: LOGO_REFUSED, it is no picture that can be taken.
    """
    if not may:
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
        row: dict[str, Any] = await transaction.value(
            "select public.set_brand_logo(%s::jsonb, %s)", msgspec.json.encode(file).decode(), project_id
        )
    return row


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
