"""Rows of storage.objects: read and changed as the caller, together with the files they name."""

from __future__ import annotations

import re
import uuid
from asyncio import CancelledError
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import OperationalError, Rollback, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cliprow.local.gateway.storage.database import Act, Connection, Database, become
from cliprow.local.gateway.storage.disk import Content, Disk
from cliprow.local.gateway.storage.failures import access_denied, already_exists, no_such_key

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_INSERT = sql.SQL(
    "insert into storage.objects"
    " (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)"
    " values (%(id)s, %(bucket)s, %(name)s, %(owner)s, %(owner_id)s, %(version)s, %(metadata)s, %(user)s)"
)
_UPSERT = _INSERT + sql.SQL(
    " on conflict (bucket_id, name) do update set owner = excluded.owner, owner_id = excluded.owner_id,"
    " version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata"
    " returning id"
)


@dataclass(frozen=True)
class NewObject:
    """What an upload is to become."""

    bucket: str
    name: str
    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None = None
    #: Whether a file of that name is replaced.
    is_upsert: bool = False
    #: Announced size, as far as known; policies may read it before a byte has arrived.
    announced_bytes: int | None = None
    #: Whose it becomes; by default the caller's.
    owner: str | None = None


@dataclass(frozen=True)
class Objects:
    """The stored files of all buckets."""

    database: Database
    disk: Disk

    async def find(self, act: Act | None, bucket: str, name: str) -> DictRow:
        """The row of a file that the caller sees.

        Raises:
            StorageFailure: there is none.
        """
        async with self.database.transaction(act) as connection:
            return await _find(connection, bucket, name)

    async def find_names(self, act: Act, bucket: str, names: list[str]) -> set[str]:
        """Which of these names the caller sees."""
        async with self.database.transaction(act) as connection:
            rows = await connection.execute(
                "select name from storage.objects where bucket_id = %s and name = any(%s)", [bucket, names]
            )
            return {row["name"] for row in await rows.fetchall()}

    async def has_version(self, new: NewObject, version: str) -> bool:
        """Whether a file has this content already, whoever asks."""
        async with self.database.transaction() as connection:
            row = await _current(connection, new.bucket, new.name)
        return row is not None and row["version"] == version

    async def may_write(self, act: Act, new: NewObject) -> None:
        """Ask the policies before any byte is taken; nothing is kept.

        Raises:
            StorageFailure: they refuse, or the name is taken.
        """
        announced = {"mimetype": new.mime_type, "contentLength": new.announced_bytes}
        async with self.database.transaction(act) as connection:
            await _write(connection, act, new, "1", announced)
            raise Rollback

    async def commit(self, act: Act, new: NewObject, content: Content) -> str:
        """Give a written content its row, in place of what was there; return the row's id.

        Of two writers of one name the later one wins wholly, or, without upsert, the first. The content is removed
        where the row is refused, and what it replaces where it is not.
        """
        try:
            async with self.database.transaction() as connection:
                await lock(connection, (new.bucket, new.name))
                before = await _current(connection, new.bucket, new.name)
                await become(connection, act)
                row_id = await _write(connection, act, new, content.version, file_metadata(new, content))
        except (OperationalError, CancelledError):
            raise  # it may have been committed: the sweep looks later
        except Exception:
            await self.disk.remove([content.version])
            raise
        if before and before["version"] != content.version:
            await self.disk.remove([before["version"]])
        return str(before["id"]) if before else row_id


async def lock(connection: Connection, *names: tuple[str, str]) -> None:
    """Keep other writers of these names waiting until the transaction ends."""
    for bucket, name in sorted(names):
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"storage:{bucket}/{name}"]
        )


def file_metadata(new: NewObject, content: Content) -> dict[str, Any]:
    """What a row says of its file, with the keys of Supabase Storage."""
    return {
        "eTag": f'"{content.md5}"',
        "size": content.size_bytes,
        "mimetype": new.mime_type,
        "cacheControl": new.cache_control,
        "lastModified": iso_time(datetime.now(UTC)),
        "contentLength": content.size_bytes,
        "httpStatusCode": 200,
    }


def iso_time(moment: datetime | None) -> str | None:
    """A time as JavaScript writes it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(row: DictRow) -> dict[str, Any]:
    """A row as clients get it."""
    return {
        name: iso_time(value) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "path_tokens"
    }


def owner_columns(owner: str | None) -> dict[str, str | None]:
    """The two columns that say whose a row is: the older one takes ids of users only."""
    return {"owner": owner if owner and _UUID.fullmatch(owner) else None, "owner_id": owner}


async def _find(connection: Connection, bucket: str, name: str) -> DictRow:
    rows = await connection.execute(
        "select * from storage.objects where bucket_id = %s and name = %s", [bucket, name]
    )
    row = await rows.fetchone()
    if row is None:
        raise no_such_key()
    return row


async def _current(connection: Connection, bucket: str, name: str) -> DictRow | None:
    rows = await connection.execute(
        "select id, version from storage.objects where bucket_id = %s and name = %s for update",
        [bucket, name],
    )
    return await rows.fetchone()


async def _write(
    connection: Connection, act: Act, new: NewObject, version: str, metadata: dict[str, Any]
) -> str:
    """Insert or replace a row as the caller; an insert asks for no right to read it back."""
    row_id = str(uuid.uuid4())
    values = {
        "id": row_id,
        "bucket": new.bucket,
        "name": new.name,
        **owner_columns(new.owner or act.owner),
        "version": version,
        "metadata": Jsonb(metadata),
        "user": Jsonb(new.user_metadata or {}),
    }
    try:
        rows = await connection.execute(_UPSERT if new.is_upsert else _INSERT, values)
    except UniqueViolation as error:
        raise already_exists() from error
    if rows.rowcount == 0:
        raise access_denied()
    return row_id
