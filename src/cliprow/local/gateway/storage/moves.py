"""Moving, copying and removing stored files."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg.errors import UniqueViolation

from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.disk import Content
from cliprow.local.gateway.storage.failures import already_exists, invalid_request, no_such_key
from cliprow.local.gateway.storage.names import check_bucket, check_key
from cliprow.local.gateway.storage.objects import NewObject, Objects, as_json, lock, owner_columns

#: How many files one request may name.
MAX_NAMES = 1000


class FileMetadata(msgspec.Struct, kw_only=True):
    """What a copy may say otherwise than the original."""

    mimetype: str | None = None
    cache_control: str | None = msgspec.field(default=None, name="cacheControl")


class Relocation(msgspec.Struct, kw_only=True):
    """Where a file is, and where it or its copy is to be."""

    bucket_id: str = msgspec.field(name="bucketId")
    source_key: str = msgspec.field(name="sourceKey")
    destination_key: str = msgspec.field(name="destinationKey")
    destination_bucket: str | None = msgspec.field(default=None, name="destinationBucket")
    copy_metadata: bool = msgspec.field(default=True, name="copyMetadata")
    metadata: FileMetadata | None = None

    @property
    def source(self) -> tuple[str, str]:
        """Bucket and path of the original.

        Raises:
            StorageFailure: no file can have such a path.
        """
        return check_bucket(self.bucket_id), check_key(self.source_key)

    @property
    def target(self) -> tuple[str, str]:
        """Bucket and path to be.

        Raises:
            StorageFailure: no file can have such a path.
        """
        return check_bucket(self.destination_bucket or self.bucket_id), check_key(self.destination_key)


async def move(objects: Objects, act: Act, relocation: Relocation) -> dict[str, Any]:
    """Give a file another path; its content stays where it is.

    Raises:
        StorageFailure: the caller sees no such file or may not move it there, or something is there.
    """
    (bucket, name), (to_bucket, to_name) = relocation.source, relocation.target
    columns = owner_columns(act.owner)
    try:
        async with objects.database.transaction(act) as connection:
            await lock(connection, (bucket, name), (to_bucket, to_name))
            rows = await connection.execute(
                "update storage.objects set bucket_id = %s, name = %s,"
                " owner = coalesce(%s, owner), owner_id = coalesce(%s, owner_id)"
                " where bucket_id = %s and name = %s returning id",
                [to_bucket, to_name, columns["owner"], columns["owner_id"], bucket, name],
            )
            row = await rows.fetchone()
    except UniqueViolation as error:
        raise already_exists("ResourceAlreadyExists") from error
    if row is None:
        raise no_such_key()
    return {"message": "Successfully moved", "Id": str(row["id"]), "Key": to_name}


async def copy(
    objects: Objects, buckets: Buckets, act: Act, relocation: Relocation, *, is_upsert: bool
) -> dict[str, Any]:
    """Make a second file of the same content.

    Raises:
        StorageFailure: the caller sees no such file or may not write there, or something is there.
    """
    (bucket, name), (to_bucket, to_name) = relocation.source, relocation.target
    await buckets.limits(to_bucket)
    row = await objects.find(act, bucket, name)
    metadata, said = row["metadata"] or {}, relocation.metadata or FileMetadata()
    if relocation.copy_metadata:
        said = FileMetadata()
    new = NewObject(
        to_bucket,
        to_name,
        said.mimetype or metadata.get("mimetype", "application/octet-stream"),
        said.cache_control or metadata.get("cacheControl", "no-cache"),
        row["user_metadata"] if relocation.copy_metadata else None,
        is_upsert,
        metadata.get("size"),
    )
    await objects.may_write(act, new)
    try:
        version = await objects.disk.duplicate(row["version"] or "")
    except FileNotFoundError as error:  # it was replaced just now
        raise no_such_key() from error
    content = Content(version, int(metadata.get("size", 0)), str(metadata.get("eTag", "")).strip('"'))
    row_id = await objects.commit(act, new, content)
    made = await objects.find(None, to_bucket, to_name)
    return {"Id": row_id, "Key": f"{to_bucket}/{to_name}", **as_json(made)}


async def remove(objects: Objects, act: Act, bucket: str, names: list[str]) -> list[dict[str, Any]]:
    """Remove files; those the caller does not see or may not remove stay, and are not in the answer."""
    if not names:
        raise invalid_request("prefixes must hold at least one path")
    if len(names) > MAX_NAMES:
        raise invalid_request(f"Bulk object requests are limited to {MAX_NAMES} objects per request.")
    async with objects.database.transaction(act) as connection:
        rows = await connection.execute(
            "delete from storage.objects where bucket_id = %s and name = any(%s) returning *",
            [bucket, [name for name in names if "\0" not in name]],
        )
        gone = await rows.fetchall()
    await objects.disk.remove(row["version"] for row in gone)
    return [as_json(row) for row in gone]


async def empty(objects: Objects, act: Act, bucket: str) -> None:
    """Remove all files of a bucket that the caller may remove, in portions."""
    while True:
        async with objects.database.transaction(act) as connection:
            rows = await connection.execute(
                "delete from storage.objects where id = any(array("
                "select id from storage.objects where bucket_id = %s limit %s)) returning version",
                [bucket, MAX_NAMES],
            )
            gone = await rows.fetchall()
        await objects.disk.remove(row["version"] for row in gone)
        if len(gone) < MAX_NAMES:
            return
