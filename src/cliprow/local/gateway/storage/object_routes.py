"""/object: uploading, listing, moving and removing files."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import delete, post, put
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.failures import no_such_key
from cliprow.local.gateway.storage.moves import Listing, Relocation, copy, list_files, move, remove
from cliprow.local.gateway.storage.names import bucket_in_url, object_in_url
from cliprow.local.gateway.storage.objects import NewObject, Objects
from cliprow.local.gateway.storage.requests import Request, act_of, read_json
from cliprow.local.gateway.storage.uploads import UNKNOWN_TYPE, Upload


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
        return await list_files(objects, act, bucket_in_url(request, "/object/list"), listing)

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

    return [
        upload, replace, list_objects, move_object, copy_object, delete_objects, delete_object,
    ]  # fmt: skip
