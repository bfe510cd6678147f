"""Rows of storage.buckets: what a bucket takes, and who may see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import sql
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import DictRow

from cliprow.local.gateway.storage.database import Act, Connection, Database
from cliprow.local.gateway.storage.failures import (
    StorageFailure,
    already_exists,
    entity_too_large,
    invalid_mime_type,
    invalid_request,
    no_such_bucket,
)
from cliprow.local.gateway.storage.names import check_bucket
from cliprow.local.gateway.storage.objects import iso_time, owner_columns

#: Largest file of a plain upload, in bytes.
STANDARD_LIMIT_BYTES = 50 << 20
#: Largest file of a resumable upload, and largest limit a bucket may have, in bytes.
RESUMABLE_LIMIT_BYTES = 50 << 30

_COLUMNS = sql.SQL(
    "id, name, owner, public, created_at, updated_at, file_size_limit, allowed_mime_types, type::text as type"
)
_MIME_TYPE = re.compile(r"[a-zA-Z0-9+.-]+/([a-zA-Z0-9+.-]+|\*)(;\s*charset=[a-zA-Z0-9-]+)?|\*")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(gb|mb|kb|b)", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


class BucketSettings(msgspec.Struct, kw_only=True):
    """What a request says of a bucket; what is unset stays as it is."""

    public: bool | msgspec.UnsetType | None = msgspec.UNSET
    file_size_limit: int | str | msgspec.UnsetType | None = msgspec.UNSET
    allowed_mime_types: list[str] | msgspec.UnsetType | None = msgspec.UNSET

    def columns(self) -> dict[str, Any]:
        """What is set, by column.

        Raises:
            StorageFailure: a limit or a type is not one.
        """
        found: dict[str, Any] = {}
        if isinstance(self.public, bool):
            found["public"] = self.public
        if self.file_size_limit is not msgspec.UNSET:
            found["file_size_limit"] = _bytes(self.file_size_limit)
        if self.allowed_mime_types is not msgspec.UNSET:
            types = [name for name in self.allowed_mime_types or [] if name]
            for name in types:
                if len(name) > 1000 or not _MIME_TYPE.fullmatch(name):
                    raise invalid_mime_type(name[:200])
            found["allowed_mime_types"] = types or None
        return found


class NewBucket(BucketSettings, kw_only=True):
    """A bucket to be made; its id is its name unless said otherwise."""

    name: str
    id: str | None = None
    type: str | None = None


class BucketQuery(msgspec.Struct, kw_only=True):
    """Which buckets are asked for."""

    limit: int | None = None
    offset: int | None = None
    sort_column: str = msgspec.field(default="", name="sortColumn")
    sort_order: str = msgspec.field(default="asc", name="sortOrder")
    search: str = ""


@dataclass(frozen=True)
class Limits:
    """What a bucket takes."""

    is_public: bool
    #: Largest file in bytes; None where the bucket sets none.
    file_size_limit: int | None
    allowed_mime_types: tuple[str, ...]

    def standard_bytes(self) -> int:
        """Largest plain upload."""
        return min(STANDARD_LIMIT_BYTES, self.resumable_bytes())

    def resumable_bytes(self) -> int:
        """Largest resumable upload."""
        if self.file_size_limit is None:
            return RESUMABLE_LIMIT_BYTES
        return min(RESUMABLE_LIMIT_BYTES, self.file_size_limit)

    def check_type(self, mime_type: str) -> None:
        """Refuse a type that the bucket does not take.

        Raises:
            StorageFailure: it does not.
        """
        if not self.allowed_mime_types:
            return
        wanted = mime_type.partition(";")[0].strip().lower()
        kind = wanted.partition("/")[0]
        if wanted.count("/") != 1 or not any(
            known in {"*", wanted, f"{kind}/*"}
            for known in (name.partition(";")[0].strip().lower() for name in self.allowed_mime_types)
        ):
            raise invalid_mime_type(mime_type[:200])


@dataclass(frozen=True)
class Buckets:
    """The buckets, as callers see them."""

    database: Database

    async def limits(self, bucket: str) -> Limits:
        """What a bucket takes, whoever asks.

        Raises:
            StorageFailure: there is no such bucket.
        """
        async with self.database.transaction() as connection:
            row = await _one(connection, bucket)
        return Limits(row["public"], row["file_size_limit"], tuple(row["allowed_mime_types"] or ()))

    async def find(self, act: Act, bucket: str) -> dict[str, Any]:
        """One bucket that the caller sees.

        Raises:
            StorageFailure: there is none.
        """
        async with self.database.transaction(act) as connection:
            return _as_json(await _one(connection, bucket))

    async def list(self, act: Act, query: BucketQuery) -> list[dict[str, Any]]:
        """The buckets that the caller sees."""
        if query.sort_column not in {"", "id", "name", "created_at", "updated_at"}:
            raise invalid_request("sortColumn must be one of id, name, created_at, updated_at")
        statement = sql.SQL(
            "select {} from storage.buckets where strpos(lower(name), lower(%s)) > 0 order by {} {} limit %s offset %s"
        ).format(
            _COLUMNS,
            sql.Identifier(query.sort_column or "name"),
            sql.SQL("desc" if query.sort_order.lower() == "desc" else "asc"),
        )
        async with self.database.transaction(act) as connection:
            rows = await connection.execute(statement, [query.search, query.limit, query.offset or 0])
            return [_as_json(row) for row in await rows.fetchall()]

    async def create(self, act: Act, new: NewBucket) -> None:
        """Make a bucket.

        Raises:
            StorageFailure: its name cannot be one, it exists, or the caller may not.
        """
        check_bucket(new.name)
        if new.type not in {None, "STANDARD"}:
            raise StorageFailure(
                409,
                "FeatureNotEnabled",
                "The embedded storage has buckets of type STANDARD only; use a Supabase project for others.",
            )
        columns = {
            "id": check_bucket(new.id or new.name),
            "name": new.name,
            **owner_columns(act.owner),
            "public": False,
            **new.columns(),
        }
        statement = sql.SQL("insert into storage.buckets ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(map(sql.Placeholder, columns)),
        )
        try:
            async with self.database.transaction(act) as connection:
                await connection.execute(statement, columns)
        except UniqueViolation as error:
            raise already_exists("BucketAlreadyExists") from error

    async def update(self, act: Act, bucket: str, settings: BucketSettings) -> None:
        """Change a bucket's settings.

        Raises:
            StorageFailure: nothing is set, or the caller sees no such bucket.
        """
        columns = settings.columns()
        if not columns:
            raise invalid_request("Nothing to change: set public, file_size_limit or allowed_mime_types")
        statement = sql.SQL("update storage.buckets set {}, updated_at = now() where id = {}").format(
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
            ),
            sql.Placeholder("bucket"),
        )
        async with self.database.transaction(act) as connection:
            if (await connection.execute(statement, {**columns, "bucket": bucket})).rowcount == 0:
                raise no_such_bucket()

    async def delete(self, act: Act, bucket: str) -> None:
        """Remove an empty bucket.

        Raises:
            StorageFailure: it is not empty, or the caller sees no such bucket.
        """
        await self.find(act, bucket)
        try:
            async with self.database.transaction(act) as connection:
                gone = await connection.execute("delete from storage.buckets where id = %s", [bucket])
        except ForeignKeyViolation as error:
            raise StorageFailure(
                409, "ResourceNotEmpty", "The bucket you tried to delete is not empty"
            ) from error
        if gone.rowcount == 0:
            raise no_such_bucket()


async def _one(connection: Connection, bucket: str) -> DictRow:
    rows = await connection.execute(
        sql.SQL("select {} from storage.buckets where id = %s").format(_COLUMNS), [bucket]
    )
    row = await rows.fetchone()
    if row is None:
        raise no_such_bucket()
    return row


def _as_json(row: DictRow) -> dict[str, Any]:
    times = {name: iso_time(row[name]) for name in ("created_at", "updated_at")}
    return {**row, **times, "owner": str(row["owner"] or "")}


def _bytes(limit: int | str | msgspec.UnsetType | None) -> int | None:
    """Read a limit like 1048576 or "20MB"; S3 and so Supabase Storage count in thousands."""
    if limit is None or isinstance(limit, msgspec.UnsetType):
        return None
    if isinstance(limit, str) and not limit.isdigit():
        found = _SIZE.fullmatch(limit)
        if not found:
            raise invalid_request("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
        limit = int(float(found[1]) * _UNITS[found[2].lower()])
    limit = int(limit)
    if limit < 0:
        raise invalid_request("file_size_limit must not be negative")
    if limit > RESUMABLE_LIMIT_BYTES:
        raise entity_too_large()
    return limit
