"""/object/sign and /object/upload/sign: making links that stand for a right, and using them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post, put
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage import downloads
from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.failures import invalid_request
from cliprow.local.gateway.storage.moves import MAX_NAMES
from cliprow.local.gateway.storage.names import bucket_in_url, object_in_url
from cliprow.local.gateway.storage.objects import NewObject, Objects
from cliprow.local.gateway.storage.requests import Request, act_of, act_of_link, metadata_of_header, read_json
from cliprow.local.gateway.storage.signatures import UPLOAD_LINK_S, Signer, link_seconds
from cliprow.local.gateway.storage.uploads import UNKNOWN_TYPE, Upload


class Link(msgspec.Struct, kw_only=True):
    """A link to be signed."""

    expires_in: int | str = msgspec.field(name="expiresIn")


class Links(Link, kw_only=True):
    """Links to be signed, all for the same time."""

    paths: list[str]


def signing_routes(
    keyring: Keyring, buckets: Buckets, objects: Objects, signer: Signer
) -> list[BaseRouteHandler]:
    """The routes of signed links."""

    def link(path: str, seconds: int) -> str:
        token = signer.sign(path, "download", seconds)
        return f"/object/sign/{_shown(path)}?token={token}"

    @post("/object/sign/{bucket:str}/{name:path}", status_code=200)
    async def sign(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.object.sign")
        bucket, name = object_in_url(request, "/object/sign")
        seconds = link_seconds((await read_json(request, Link)).expires_in)
        await objects.find(act, bucket, name)
        return {"signedURL": link(f"{bucket}/{name}", seconds)}

    @post("/object/sign/{bucket:str}", status_code=200)
    async def sign_many(request: Request) -> list[dict[str, str | None]]:
        act = act_of(request, keyring, "storage.object.sign_many")
        bucket = bucket_in_url(request, "/object/sign")
        wanted = await read_json(request, Links)
        seconds = link_seconds(wanted.expires_in)
        if not 1 <= len(wanted.paths) <= MAX_NAMES:
            raise invalid_request(f"paths must hold from 1 to {MAX_NAMES} paths")
        names = [name for name in wanted.paths if "\0" not in name]
        visible = await objects.find_names(act, bucket, names)
        missing = "Either the object does not exist or you do not have access to it"
        return [
            {
                "path": path,
                "signedURL": link(f"{bucket}/{path}", seconds) if path in visible else None,
                "error": None if path in visible else missing,
            }
            for path in wanted.paths
        ]

    @get("/object/sign/{bucket:str}/{name:path}")
    async def get_signed(request: Request) -> Response[Any]:
        bucket, name = object_in_url(request, "/object/sign")
        claims = signer.verify(request.query_params.get("token", ""), f"{bucket}/{name}", "download")
        return await downloads.send(
            request, objects.disk, lambda: objects.find(None, bucket, name), expires=claims["exp"]
        )

    @post("/object/upload/sign/{bucket:str}/{name:path}", status_code=200)
    async def sign_upload(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.object.sign_upload_url")
        bucket, name = object_in_url(request, "/object/upload/sign")
        await buckets.limits(bucket)
        is_upsert = request.headers.get("x-upsert") == "true"
        metadata = metadata_of_header(request.headers.get("x-metadata"))
        new = NewObject(bucket, name, UNKNOWN_TYPE, "no-cache", metadata, is_upsert)
        await objects.may_write(act, new)
        path = f"{bucket}/{name}"
        token = signer.sign(path, "upload", UPLOAD_LINK_S, owner=act.owner, upsert=is_upsert)
        return {"url": f"/object/upload/sign/{_shown(path)}?token={token}", "token": token}

    @put("/object/upload/sign/{bucket:str}/{name:path}")
    async def upload_signed(request: Request) -> dict[str, str]:
        bucket, name = object_in_url(request, "/object/upload/sign")
        claims = signer.verify(request.query_params.get("token", ""), f"{bucket}/{name}", "upload")
        new = NewObject(
            bucket,
            name,
            UNKNOWN_TYPE,
            "no-cache",
            is_upsert=claims.get("upsert") is True,
            owner=claims.get("owner"),
        )
        act = act_of_link(request, "storage.object.upload_signed")
        _, key = await Upload(request).store(act, buckets, objects, new)
        return {"Key": key}

    return [sign, sign_many, get_signed, sign_upload, upload_signed]


def _shown(path: str) -> str:
    """A path as it stands in a link: clients escape the rest, but a question mark would end it."""
    return quote(path, safe="/!.*'() &$=@;:+,-_~")
