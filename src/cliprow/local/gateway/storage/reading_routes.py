"""/object: reading files, and what is said about them."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, head
from litestar.handlers.base import BaseRouteHandler
from psycopg.rows import DictRow

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage import downloads
from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.failures import no_such_bucket
from cliprow.local.gateway.storage.names import object_in_url
from cliprow.local.gateway.storage.objects import Objects, iso_time
from cliprow.local.gateway.storage.requests import Request, act_of, act_or_anonymous


def reading_routes(keyring: Keyring, buckets: Buckets, objects: Objects) -> list[BaseRouteHandler]:
    """The routes that read files."""

    async def reader(request: Request, bucket: str, operation: str, *, signed_in: bool) -> Act | None:
        """Whose policies decide; None in a public bucket, where everybody reads.

        Raises:
            StorageFailure: the bucket does not exist, or is not for people who are not signed in.
            Refused: the caller must have signed in and has not.
        """
        if signed_in:
            act, is_known = act_of(request, keyring, operation), True
        else:
            act, is_known = act_or_anonymous(request, keyring, operation)
        is_public = (await buckets.limits(bucket)).is_public
        if not is_public and not is_known:
            raise no_such_bucket()
        return None if is_public else act

    async def send(request: Request, route: str, *, signed_in: bool = False) -> Response[Any]:
        bucket, name = object_in_url(request, route)
        act = await reader(request, bucket, "storage.object.get_authenticated", signed_in=signed_in)
        return await downloads.send(request, objects.disk, lambda: objects.find(act, bucket, name))

    async def look(request: Request, route: str, operation: str, *, signed_in: bool = False) -> DictRow:
        bucket, name = object_in_url(request, route)
        act = await reader(request, bucket, operation, signed_in=signed_in)
        return await objects.find(act, bucket, name)

    async def public(request: Request, route: str) -> tuple[str, str]:
        bucket, name = object_in_url(request, route)
        if not (await buckets.limits(bucket)).is_public:
            raise no_such_bucket()
        return bucket, name

    @get("/object/{bucket:str}/{name:path}")
    async def get_object(request: Request) -> Response[Any]:
        return await send(request, "/object")

    @get("/object/authenticated/{bucket:str}/{name:path}")
    async def get_authenticated(request: Request) -> Response[Any]:
        return await send(request, "/object/authenticated", signed_in=True)

    @get("/object/public/{bucket:str}/{name:path}")
    async def get_public(request: Request) -> Response[Any]:
        bucket, name = await public(request, "/object/public")
        return await downloads.send(request, objects.disk, lambda: objects.find(None, bucket, name))

    @head("/object/{bucket:str}/{name:path}")
    async def head_object(request: Request) -> Response[None]:
        return downloads.head(
            downloads.File(await look(request, "/object", "object.head_authenticated_info"))
        )

    @head("/object/authenticated/{bucket:str}/{name:path}")
    async def head_authenticated(request: Request) -> Response[None]:
        row = await look(request, "/object/authenticated", "object.head_authenticated_info", signed_in=True)
        return downloads.head(downloads.File(row))

    @head("/object/public/{bucket:str}/{name:path}")
    async def head_public(request: Request) -> Response[None]:
        bucket, name = await public(request, "/object/public")
        return downloads.head(downloads.File(await objects.find(None, bucket, name)))

    @get("/object/info/{bucket:str}/{name:path}")
    async def info(request: Request) -> dict[str, Any]:
        return _info(await look(request, "/object/info", "object.get_authenticated_info"))

    @get("/object/info/authenticated/{bucket:str}/{name:path}")
    async def info_authenticated(request: Request) -> dict[str, Any]:
        route = "/object/info/authenticated"
        return _info(await look(request, route, "object.get_authenticated_info", signed_in=True))

    @get("/object/info/public/{bucket:str}/{name:path}")
    async def info_public(request: Request) -> dict[str, Any]:
        bucket, name = await public(request, "/object/info/public")
        return _info(await objects.find(None, bucket, name))

    return [
        get_object, get_authenticated, get_public, head_object, head_authenticated, head_public,
        info, info_authenticated, info_public,
    ]  # fmt: skip


def _info(row: DictRow) -> dict[str, Any]:
    metadata = row["metadata"] or {}
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "version": row["version"],
        "bucket_id": row["bucket_id"],
        "size": metadata.get("size"),
        "content_type": metadata.get("mimetype"),
        "cache_control": metadata.get("cacheControl"),
        "etag": metadata.get("eTag"),
        "metadata": row["user_metadata"],
        "last_modified": iso_time(row["updated_at"]),
        "created_at": iso_time(row["created_at"]),
    }
