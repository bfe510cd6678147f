"""Topics by link: a file or sheet that somebody names by its address, read into rows and columns for mapping; and what was
mapped to what before.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import httpx
import msgspec
from litestar import Router, get, patch, post
from litestar.params import JSONBody
from msgspec import Meta
from psycopg.types.json import Jsonb

from cliprow.api.links import MAX_BYTES, export_address, fetch
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import InvalidInput, NotAllowed
from cliprow.topic_files import MAX_COLUMNS, Record, decode_text, read_records, too_wide

#: As many topics as a batch takes at once.
MAX_ROWS = 10_000
#: Names by which the reader of files tells their form, where the address says nothing.
_SUFFIXES = {"text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/json": ".json"}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where the topics are: a CSV, JSON or JSON Lines file, or a Google Sheet that anyone with the link may see."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]


class RowFault(msgspec.Struct, frozen=True, kw_only=True):
    """A row that cannot be read."""

    #: Of the file, from 1.
    line: int
    reason: str


class ImportedTable(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file, for choosing what each column means."""

    #: Where it was read from: of a sheet, its export.
    url: str
    columns: list[str]
    #: Values in the order of the columns; null where a row has none.
    rows: list[list[Any]]
    #: Of the file, from 1, for each row.
    lines: list[int]
    problems: list[RowFault]
    #: There are more than 10,000.
    is_cut: bool


#: What a column can be: a field of a topic, or `keep` for a note of it.
ColumnField = Literal[
    "topic", "brief", "platforms", "duration_s", "language", "tone", "audience", "script_type", "voice",
    "priority", "deadline", "keep",
]  # fmt: skip


class ImportColumns(msgspec.Struct, frozen=True, kw_only=True):
    """What columns of imported tables are, by their headings."""

    #: Null for a column that is left out.
    columns: dict[Annotated[str, Meta(min_length=1, max_length=200)], ColumnField | None]


@post("/imports/link", status_code=200)
async def read_link(request: ApiRequest, data: JSONBody[Link]) -> ImportedTable:
    """Read a file or sheet by its link, into rows and columns. Only https and the public internet are asked; nothing is
    created. For editors.
    """
    async with request.acting() as transaction:
        if not await transaction.value("select private.has_role('editor')"):
            raise NotAllowed(
                "Your role does not allow you to import.", next_step="Ask an editor, admin or owner."
            )
    url = export_address(data.url)
    found, media_type = await fetch(url, may_be_private=request.services.settings.private_links)
    if media_type == "text/html":
        raise InvalidInput(
            "The link leads to a web page, not to a file.",
            error_code="LINK_UNREADABLE",
            next_step="Share the sheet with anyone who has the link, or link to the CSV or JSON file itself.",
        )
    name = httpx.URL(url).path.rpartition("/")[2] or "link"
    if "." not in name:
        name += _SUFFIXES.get(media_type, "")
    return await asyncio.to_thread(_table, url, found, name)


def _table(url: str, data: bytes, name: str) -> ImportedTable:
    """Read a file into a table; its columns are all fields that any row has, in the order they come."""
    columns: dict[str, None] = {}
    records: list[Record] = []
    problems: list[RowFault] = []
    is_cut = False
    for found in read_records(decode_text(data, name, MAX_BYTES), name):
        if len(records) + len(problems) >= MAX_ROWS:
            is_cut = True
            break
        if isinstance(found, Record):
            records.append(found)
            columns |= dict.fromkeys(found.fields)
            # Rows of JSON each bring their own, and each row has a cell for all.
            if len(columns) > MAX_COLUMNS:
                raise too_wide(len(columns))
        else:
            problems.append(RowFault(line=found.line, reason=found.reason))
    return ImportedTable(
        url=url,
        columns=[*columns],
        rows=[[record.fields.get(column) for column in columns] for record in records],
        lines=[record.line for record in records],
        problems=problems,
        is_cut=is_cut,
    )


@get("/imports/columns")
async def show_columns(request: ApiRequest) -> ImportColumns:
    """What columns of imported tables were last chosen to be in this tenant, by their headings."""
    rows = await request.rows("select heading, field from public.import_columns order by heading")
    return ImportColumns(columns=dict(rows))


@patch("/imports/columns", status_code=204)
async def remember_columns(request: ApiRequest, data: JSONBody[ImportColumns]) -> None:
    """Remember what columns of a table are; those of other headings stay as they were. For editors."""
    async with request.acting() as transaction:
        await transaction.run("select public.remember_columns(%s)", Jsonb(data.columns))


router = Router(
    path="/",
    route_handlers=[read_link, show_columns, remember_columns],
    guards=[in_tenant],
    security=BEARER,
    tags=["Imports"],
)
