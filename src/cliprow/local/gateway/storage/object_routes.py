"""/object: uploading, listing, moving and removing files."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import HttpMethod, delete, post, put, route
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.failures import StorageFailure, no_such_key
from cliprow.local.gateway.storage.listing import Listing, ListingV2, list_files, list_from
from cliprow.local.gateway.storage.moves import Relocation, copy, move, remove
from cliprow.local.gateway.storage.names import bucket_in_url, object_in_url
from cliprow.local.gateway.storage.objects import NewObject, Objects
from cliprow.local.gateway.storage.requests import Request, act_of, read_json
from cliprow.local.gateway.storage.uploads import UNKNOWN_TYPE, Upload

_METHODS = [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE]


class Names(msgspec.Struct, kw_only=True):
    """Files to be removed; they are called prefixes, but are whole paths."""

    prefixes: list[str]


def object_routes(keyring: Keyring, buckets: Buckets, objects: Objects) -> list[BaseRouteHandler]:
    """The routes that change files."""

    async def store(request: Request, operation: str, *, is_upsert: bool) -> dict[str, str]:
        act = act_of(request, keyring, operation)
        bucket, name = object_in_url(request, "/object")
        new = NewObject(bucket, name, UNKNOWN_TYPE, "no-cache", is_upsert=is_upsert)
        row_id, key = await Upload(request).store(act, buckets, objects, new)
        return {"Id": row_id, "Key": key}

    @post("/object/{bucket:str}/{name:path}", status_code=200)
    async def upload(request: Request) -> dict[str, str]:
        is_upsert = request.headers.get("x-upsert") == "true"
        return await store(request, "storage.object.upload", is_upsert=is_upsert)

    @put("/object/{bucket:str}/{name:path}")
    async def replace(request: Request) -> dict[str, str]:
        return await store(request, "storage.object.upload_update", is_upsert=True)

    @post("/object/list/{bucket:str}", status_code=200)
    async def list_objects(request: Request) -> list[dict[str, Any]]:
        act = act_of(request, keyring, "storage.object.list")
        listing = await read_json(request, Listing)
        return await list_files(objects.database, act, bucket_in_url(request, "/object/list"), listing)

    @post("/object/list-v2/{bucket:str}", status_code=200)
    async def list_objects_from(request: Request) -> dict[str, Any]:
        act = act_of(request, keyring, "storage.object.list_v2")
        listing = await read_json(request, ListingV2)
        return await list_from(objects.database, act, bucket_in_url(request, "/object/list-v2"), listing)

    @post("/object/move", status_code=200)
    async def move_object(request: Request) -> dict[str, Any]:
        act = act_of(request, keyring, "storage.object.move")
        return await move(objects, act, await read_json(request, Relocation))

    @post("/object/copy", status_code=200)
    async def copy_object(request: Request) -> dict[str, Any]:
        act = act_of(request, keyring, "storage.object.copy")
        is_upsert = request.headers.get("x-upsert") == "true"
        relocation = await read_json(request, Relocation)
        return await copy(objects, buckets, act, relocation, is_upsert=is_upsert)

    @delete("/object/{bucket:str}", status_code=200)
    async def delete_objects(request: Request) -> list[dict[str, Any]]:
        act = act_of(request, keyring, "storage.object.delete_many")
        names = await read_json(request, Names)
        return await remove(objects, act, bucket_in_url(request, "/object"), names.prefixes)

    @delete("/object/{bucket:str}/{name:path}", status_code=200)
    async def delete_object(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.object.delete")
        bucket, name = object_in_url(request, "/object")
        if not await remove(objects, act, bucket, [name]):
            raise no_such_key()
        return {"message": "Successfully deleted"}

    @route(
        ["/render/{rest:path}", "/cdn/{rest:path}", "/s3/{rest:path}"], http_method=_METHODS, status_code=200
    )
    async def refuse(request: Request) -> None:
        raise StorageFailure(
            409,
            "FeatureNotEnabled",
            "The embedded storage neither transforms images, purges a CDN nor speaks S3; use a Supabase project.",
        )

    return [
        upload, replace, list_objects, list_objects_from, move_object, copy_object, delete_objects, delete_object, refuse,
    ]  # fmt: skip
