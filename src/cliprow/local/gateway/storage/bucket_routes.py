"""/bucket: what callers may do with buckets."""

from __future__ import annotations

from typing import Any

from litestar import delete, get, post, put
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage.buckets import BucketQuery, Buckets, BucketSettings, NewBucket
from cliprow.local.gateway.storage.moves import empty
from cliprow.local.gateway.storage.names import bucket_in_url
from cliprow.local.gateway.storage.objects import Objects
from cliprow.local.gateway.storage.requests import Request, act_of, read_json, read_query


def bucket_routes(keyring: Keyring, buckets: Buckets, objects: Objects) -> list[BaseRouteHandler]:
    """The routes under /bucket."""

    @get("/bucket")
    async def list_buckets(request: Request) -> list[dict[str, Any]]:
        act = act_of(request, keyring, "storage.bucket.list")
        return await buckets.list(act, read_query(request, BucketQuery))

    @get("/bucket/{bucket:str}")
    async def get_bucket(request: Request) -> dict[str, Any]:
        act = act_of(request, keyring, "storage.bucket.get")
        return await buckets.find(act, bucket_in_url(request, "/bucket"))

    @post("/bucket", status_code=200)
    async def create_bucket(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.bucket.create")
        new = await read_json(request, NewBucket)
        await buckets.create(act, new)
        return {"name": new.name}

    @put("/bucket/{bucket:str}")
    async def update_bucket(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.bucket.update")
        settings = await read_json(request, BucketSettings)
        await buckets.update(act, bucket_in_url(request, "/bucket"), settings)
        return {"message": "Successfully updated"}

    @post("/bucket/{bucket:str}/empty", status_code=200)
    async def empty_bucket(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.bucket.empty")
        bucket = bucket_in_url(request, "/bucket", "/empty")
        await buckets.find(act, bucket)
        await empty(objects, act, bucket)
        return {"message": "Successfully emptied"}

    @delete("/bucket/{bucket:str}", status_code=200)
    async def delete_bucket(request: Request) -> dict[str, str]:
        act = act_of(request, keyring, "storage.bucket.delete")
        await buckets.delete(act, bucket_in_url(request, "/bucket"))
        return {"message": "Successfully deleted"}

    return [list_buckets, get_bucket, create_bucket, update_bucket, empty_bucket, delete_bucket]
