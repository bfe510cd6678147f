"""Assets: files of generated content, let out for a short time, each time on record."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Redirect, Stream
from msgspec import Meta

from cliprow.api.answers import json_answer
from cliprow.api.archives import Member, list_members
from cliprow.api.database import Transaction
from cliprow.api.keys import key_of, not_found
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
from cliprow.api.media import body, passed_on, plain_name
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import NotFound
from cliprow.export import slug

#: How long a URL serves unless the caller says otherwise, in seconds; and the longest.
DEFAULT_TTL_S, MAX_TTL_S = 60, 3600
#: URLs in one request.
MAX_URLS = 100
#: How long the URL behind a one-time link serves: long enough to follow a redirect.
_REDIRECT_TTL_S = 5

TtlSeconds = Annotated[int, Meta(ge=1, le=MAX_TTL_S)]
Role = Literal["narration", "segment", "video", "subtitles_srt", "subtitles_vtt", "thumbnail", "manifest"]


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file made for a job."""

    id: UUID
    project_id: UUID
    job_id: UUID | None
    scene_id: UUID | None
    content_type: Literal["video", "audio", "thumbnail", "subtitle", "manifest"]
    role: str
    platform: str
    file_name: str
    size_bytes: int
    sha256: str | None
    duration_ms: int | None
    resolution: str | None
    format: str | None
    created_at: datetime


class SignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that serves a file to whoever has it, until it expires."""

    content_id: UUID
    url: str
    expires_at: datetime
    file_name: str
    media_type: str
    size_bytes: int
    #: Of the bytes, to be checked after a download.
    sha256: str | None


class SignedUrls(msgspec.Struct, frozen=True):
    """URLs in the order of the ids."""

    items: list[SignedUrl]


class WantedUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Files to sign URLs for."""

    content_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_URLS)]
    ttl_s: TtlSeconds = DEFAULT_TTL_S


class WantedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A file to make a one-time link for."""

    content_id: UUID
    ttl_s: TtlSeconds = DEFAULT_TTL_S


class OneTimeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that leads to the file once; asking for it again finds nothing."""

    url: str
    expires_at: datetime


class AssetAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the record: who was let to a file."""

    id: UUID
    content_id: UUID
    user_id: UUID | None
    action: Literal["issued", "redirected", "downloaded"]
    expires_at: datetime | None
    created_at: datetime


_ASSET: LiteralString = """c.id, c.project_id, c.job_id, c.scene_id, c.content_type, c.role, c.platform, c.file_name,
  c.file_size as size_bytes, c.sha256, c.duration_ms, c.resolution, c.format, c.created_at"""


@get("/assets")
async def list_assets(
    request: ApiRequest,
    project_id: Annotated[str | None, QueryParameter(description="Only of this project.")] = None,
    job_id: Annotated[str | None, QueryParameter(description="Only of this job.")] = None,
    platform: Annotated[
        str | None, QueryParameter(max_length=100, description="Only for this platform.")
    ] = None,
    role: Annotated[Role | None, QueryParameter(description="Only files that are this.")] = None,
    scene_id: Annotated[UUID | None, QueryParameter(description="Only of this scene of a script.")] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[Asset]]:
    """List files, the newest first."""
    found = Filter()
    found.add("c.tenant_id = %s", request.tenant_id)
    if project_id is not None:
        found.add("c.project_id = %s", await key_of(request, "project", project_id))
    if job_id is not None:
        found.add("c.job_id = %s", await key_of(request, "job", job_id))
    found.add_given("c.platform = %s", platform)
    found.add_given("c.role = %s", role)
    found.add_given("c.scene_id = %s", scene_id)
    if cursor_text is not None:
        found.add("c.id < %s", *decode_cursor(cursor_text, (UUID,)))
    rows = await request.rows(
        f"select to_json(r)::text, r.id from (select {_ASSET} from public.generated_content as c"
        f" where {found.where} order by c.id desc limit %s) as r",
        *found.arguments,
        limit + 1,
    )
    return json_answer(page_json(rows, limit))


@get("/assets/signed-url")
async def get_signed_url(
    request: ApiRequest,
    content_id: Annotated[str, QueryParameter(description="Id of the file.")],
    ttl_s: Annotated[
        int, QueryParameter(ge=1, le=MAX_TTL_S, description="Seconds that it serves.")
    ] = DEFAULT_TTL_S,
    as_download: Annotated[
        bool, QueryParameter(name="download", description="Offer the file for saving under its name.")
    ] = False,
) -> SignedUrl:
    """Sign a URL for a file. It cannot be revoked, so it is short-lived; for use once, POST /assets/links."""
    own_id = await key_of(request, "content", content_id)
    return (await _sign(request, [own_id], ttl_s, as_download=as_download))[0]


@post("/assets/signed-urls", status_code=200)
async def get_signed_urls(request: ApiRequest, data: JSONBody[WantedUrls]) -> SignedUrls:
    """Sign URLs for several files at once: all of them, or none when one cannot be had."""
    return SignedUrls(await _sign(request, data.content_ids, data.ttl_s))


@post("/assets/links")
async def create_link(request: ApiRequest, data: JSONBody[WantedLink]) -> OneTimeLink:
    """Make a link that leads to a file once, for whoever it is given to: no sign-in is needed to follow it."""
    async with request.acting() as transaction:
        made = await transaction.value("select public.create_asset_link(%s, %s)", data.content_id, data.ttl_s)
    base = str(request.base_url).rstrip("/")
    return OneTimeLink(url=f"{base}/assets/links/{made['token']}", expires_at=made["expires_at"])


@get("/assets/access")
async def list_access(
    request: ApiRequest,
    content_id: Annotated[str | None, QueryParameter(description="Only of this file.")] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[AssetAccess]]:
    """List who was let to which file, the newest first. Admins and owners see it."""
    found = Filter()
    found.add("a.tenant_id = %s", request.tenant_id)
    found.add_given("a.content_id = %s", as_uuid(content_id, "content_id"))
    if cursor_text is not None:
        found.add("a.id < %s", *decode_cursor(cursor_text, (UUID,)))
    rows = await request.rows(
        "select to_json(r)::text, r.id from (select a.id, a.content_id, a.user_id, a.action, a.expires_at, a.created_at"
        f" from public.asset_access as a where {found.where} order by a.id desc limit %s) as r",
        *found.arguments,
        limit + 1,
    )
    return json_answer(page_json(rows, limit))


@get("/assets/{content_id:str}/download")
async def download_asset(request: ApiRequest, content_id: FromPath[str]) -> Stream:
    """Send a file itself. Its content never changes, so it may be kept for ever; ranges work."""
    own_id = await key_of(request, "content", content_id)
    async with request.acting() as transaction:
        asset = await transaction.one(
            "select file_path, file_name, sha256 from public.generated_content where tenant_id = %s and id = %s",
            request.tenant_id,
            own_id,
        )
    if asset is None:
        raise not_found("content", content_id)
    path, name, sha256 = asset
    response = await request.services.media.open(path, request.headers)
    await _record(request, [own_id])
    headers = {
        "cache-control": "private, max-age=31536000, immutable",
        **passed_on(response),
        "content-disposition": f'attachment; filename="{plain_name(name)}"',
        **({"repr-digest": f"sha-256=:{_base64(sha256)}:"} if sha256 else {}),
    }
    # What the storage says for shared caches is not for what one caller may see.
    headers["cache-control"] = "private, max-age=31536000, immutable"
    return Stream(
        body(response),
        status_code=response.status_code,
        media_type=headers.pop("content-type", "application/octet-stream"),
        headers=headers,
        background=BackgroundTask(response.aclose),
    )


@get("/jobs/{job_id:str}/archive")
async def get_job_archive(request: ApiRequest, job_id: FromPath[str]) -> Stream:
    """Send the packages of a job as one zip, written while it is read."""
    own_id = await key_of(request, "job", job_id)
    return await _archive(request, f"job-{str(own_id)[-8:]}", job_id=own_id)


@get("/batches/{batch_id:str}/archive")
async def get_batch_archive(request: ApiRequest, batch_id: FromPath[str]) -> Stream:
    """Send the packages of all jobs of a batch as one zip."""
    own_id = as_uuid(batch_id, "batch_id")
    assert own_id is not None
    return await _archive(request, f"batch-{str(own_id)[-8:]}", batch_id=own_id)


@get("/projects/{project_id:str}/archive")
async def get_project_archive(request: ApiRequest, project_id: FromPath[str]) -> Stream:
    """Send the packages of all jobs of a project as one zip."""
    own_id = await key_of(request, "project", project_id)
    return await _archive(request, f"project-{str(own_id)[-8:]}", project_id=own_id)


@get("/assets/links/{token:str}")
async def follow_link(request: ApiRequest, token: FromPath[str]) -> Redirect:
    """Lead to the file of a one-time link, which is used up by this."""
    async with request.services.database.as_itself() as connection:
        row = await (await connection.execute("select private.use_asset_link(%s)", [token])).fetchone()
    assert row is not None
    asset: dict[str, Any] = row[0]
    url = await request.services.media.sign(asset["path"], _REDIRECT_TTL_S, plain_name(asset["file_name"]))
    return Redirect(url, status_code=303)


async def _sign(
    request: ApiRequest, content_ids: Sequence[UUID], ttl_s: int, *, as_download: bool = False
) -> list[SignedUrl]:
    """Sign a URL for each file, when its issue is on record: so the record may name one too many, never one too few."""
    async with request.acting() as transaction:
        issued = [await _issue(transaction, content_id, ttl_s) for content_id in content_ids]
    sign = request.services.media.sign
    urls = await asyncio.gather(
        *(
            sign(each["path"], ttl_s, plain_name(each["file_name"]) if as_download else None)
            for each in issued
        )
    )
    return [msgspec.convert({**each, "url": url}, SignedUrl) for each, url in zip(issued, urls, strict=True)]


async def _issue(transaction: Transaction, content_id: UUID, ttl_s: int) -> dict[str, Any]:
    issued: dict[str, Any] = await transaction.value("select public.issue_asset(%s, %s)", content_id, ttl_s)
    return issued


async def _record(request: ApiRequest, content_ids: Sequence[UUID]) -> None:
    """Put on record that files are sent to the caller."""
    async with request.services.database.as_itself() as connection, connection.transaction():
        await connection.execute("select set_config('request.jwt.claims', %s, true)", [request.caller.raw])
        await connection.execute("select private.record_downloads(%s)", [list(content_ids)])


async def _archive(request: ApiRequest, name: str, **of: UUID) -> Stream:
    async with request.acting() as transaction:
        members = await list_members(transaction.connection, **of)
    await _record(request, [member.content_id for member in members])
    return Stream(
        await _begun(request, members),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{slug(name)}.zip"'},
    )


async def _begun(request: ApiRequest, members: Sequence[Member]) -> AsyncIterator[bytes]:
    """The archive, its first piece already made: what goes wrong until then is still an error of its own."""
    archive = request.services.archiver.write(members)
    try:
        first = await anext(archive)
    except StopAsyncIteration:
        raise NotFound("There is nothing to put into an archive.") from None

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield first
            async for piece in archive:
                yield piece
        finally:
            await archive.aclose()

    return pieces()


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


_signed_in = Router(
    path="/",
    route_handlers=[
        list_assets, get_signed_url, get_signed_urls, create_link, list_access, download_asset, get_job_archive,
        get_batch_archive, get_project_archive,
    ],
    guards=[in_tenant],
    security=BEARER,
)  # fmt: skip
router = Router(path="/", route_handlers=[_signed_in, follow_link], tags=["Assets"])
