"""Listing stored files: page by page (version 1), or from where the last answer ended (version 2)."""

from __future__ import annotations

import base64
from typing import Any, Literal

import msgspec
from psycopg import sql

from cliprow.local.gateway.storage.database import Act, Database
from cliprow.local.gateway.storage.failures import StorageFailure, invalid_request
from cliprow.local.gateway.storage.objects import as_json

#: Most entries of one answer in version 2.
MAX_ENTRIES = 1000

# A folder takes its times from what lies in it. Everything but the one row it names is the same for a file.
_ENTRIES = """
select entry as name, is_folder,
       (array_agg(id))[1] as id, (array_agg(metadata))[1] as metadata,
       max(updated_at) as updated_at, min(created_at) as created_at, max(last_accessed_at) as last_accessed_at
from (
    select o.*, slash > 0 as is_folder,
           case when slash > 0 then left(o.name, length(%(prefix)s) + slash) else o.name end as entry
    from storage.objects as o
    cross join lateral (
        select case when %(delimited)s then strpos(substr(o.name, length(%(prefix)s) + 1), '/') else 0 end as slash
    ) as next
    where o.bucket_id = %(bucket)s and starts_with(o.name, %(prefix)s)
) as found
group by entry, is_folder
"""


class SortBy(msgspec.Struct, kw_only=True):
    """In which order files are listed."""

    column: str | None = None
    order: str | None = None


class Listing(msgspec.Struct, kw_only=True):
    """What is to be listed."""

    prefix: str
    limit: int = 100
    offset: int = 0
    search: str | None = None
    sort_by: SortBy | None = msgspec.field(default=None, name="sortBy")

    def __post_init__(self) -> None:
        if self.limit < 1 or self.offset < 0:
            raise ValueError("limit must be at least 1 and offset at least 0")
        if self.sort_by and self.sort_by.column not in {
            None, "name", "updated_at", "created_at", "last_accessed_at"
        }:  # fmt: skip
            raise ValueError("sortBy.column must be name, updated_at, created_at or last_accessed_at")
        if self.sort_by and self.sort_by.order not in {None, "", "asc", "desc"}:
            raise ValueError("sortBy.order must be asc or desc")


class SortByV2(msgspec.Struct, kw_only=True):
    """In which order version 2 lists."""

    column: Literal["name", "updated_at", "created_at"] = "name"
    order: Literal["asc", "desc"] = "asc"


class ListingV2(msgspec.Struct, kw_only=True):
    """What is to be listed, and where the last answer ended."""

    prefix: str = ""
    limit: int = MAX_ENTRIES
    cursor: str | None = None
    with_delimiter: bool = False
    sort_by: SortByV2 = msgspec.field(default_factory=SortByV2, name="sortBy")


class _Cursor(msgspec.Struct, kw_only=True):
    """The last entry of an answer, and the order it stood in."""

    name: str
    moment: str | None
    sort_by: SortByV2


async def list_files(database: Database, act: Act, bucket: str, listing: Listing) -> list[dict[str, Any]]:
    """What lies directly under a prefix, as far as the caller sees it."""
    prefix = listing.prefix.lstrip("/")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    sort_by = listing.sort_by or SortBy()
    if "\0" in prefix + (listing.search or ""):
        raise invalid_request("A path holds no NUL")
    async with database.transaction(act) as connection:
        rows = await connection.execute(
            "select * from storage.search(%s, %s, %s, 1, %s, %s, %s, %s)",
            [
                prefix,
                bucket,
                listing.limit,
                listing.offset,
                listing.search or "",
                sort_by.column or "name",
                sort_by.order or "asc",
            ],
        )
        return [as_json(row) for row in await rows.fetchall()]


async def list_from(database: Database, act: Act, bucket: str, listing: ListingV2) -> dict[str, Any]:
    """What lies under a prefix, after what the last answer ended with, as far as the caller sees it.

    Raises:
        StorageFailure: the cursor is none of ours.
    """
    if "\0" in listing.prefix or listing.limit < 1:
        raise invalid_request("prefix holds no NUL, and limit is at least 1")
    limit = min(listing.limit, MAX_ENTRIES)
    last = _read_cursor(listing.cursor) if listing.cursor else None
    sort_by = last.sort_by if last else listing.sort_by
    keys = [sql.SQL('name collate "C"')]
    if sort_by.column != "name":
        keys.insert(0, sql.SQL(sort_by.column))
    direction = sql.SQL(" desc" if sort_by.order == "desc" else " asc")
    after = sql.SQL("true")
    if last:
        places = [sql.SQL("%(moment)s::timestamptz"), sql.SQL("%(name)s")][-len(keys) :]
        after = sql.SQL("({}) {} ({})").format(  # type: ignore[assignment]
            sql.SQL(", ").join(keys),
            sql.SQL("<" if sort_by.order == "desc" else ">"),
            sql.SQL(", ").join(places),
        )
    statement = sql.SQL("select * from ({}) as entries where {} order by {} limit %(limit)s").format(
        sql.SQL(_ENTRIES), after, sql.SQL(", ").join(key + direction for key in keys)
    )
    values = {
        "bucket": bucket,
        "prefix": listing.prefix,
        "delimited": listing.with_delimiter,
        "moment": last.moment if last else None,
        "name": last.name if last else None,
        "limit": limit + 1,
    }
    async with database.transaction(act) as connection:
        rows = await (await connection.execute(statement, values)).fetchall()
    answer: dict[str, Any] = {"hasNext": len(rows) > limit, "folders": [], "objects": []}
    for row in rows[:limit]:
        is_folder = row.pop("is_folder")
        entry = {**as_json(row), "key": row["name"].rstrip("/")}
        answer["folders" if is_folder else "objects"].append({**entry, "id": None} if is_folder else entry)
    if answer["hasNext"]:
        end = rows[limit - 1]
        moment = None if sort_by.column == "name" else end[sort_by.column].isoformat()
        answer["nextCursor"] = _write_cursor(_Cursor(name=end["name"], moment=moment, sort_by=sort_by))
        answer["nextCursorKey"] = end["name"]
    return answer


def _write_cursor(cursor: _Cursor) -> str:
    return base64.b64encode(msgspec.json.encode(cursor)).decode()


def _read_cursor(text: str) -> _Cursor:
    try:
        cursor = msgspec.json.decode(base64.b64decode(text, validate=True), type=_Cursor)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise StorageFailure(400, "InvalidParameter", "Invalid Parameter continuation token") from error
    if "\0" in cursor.name or (cursor.moment is None) != (cursor.sort_by.column == "name"):
        raise StorageFailure(400, "InvalidParameter", "Invalid Parameter continuation token")
    return cursor
