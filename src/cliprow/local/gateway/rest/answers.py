"""What an answer looks like: its form, its headers, and which rows it says it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from litestar import Request as LitestarRequest
from litestar import Response
from psycopg.rows import DictRow

from cliprow.local.gateway.rest.catalog import SCHEMA
from cliprow.local.gateway.rest.failures import RestFailure, not_single, range_refused, unsupported
from cliprow.local.gateway.rest.queries import Query

Request = LitestarRequest[Any, Any, Any]

#: The form in which one row is sent by itself.
SINGLE = "application/vnd.pgrst.object+json"
_JSON = "application/json"
_ARRAY = "application/vnd.pgrst.array+json"


@dataclass(frozen=True)
class Wishes:
    """What the headers of a request ask for."""

    #: Whether one row is wanted, by itself.
    is_single: bool
    #: Whether all rows are to be counted.
    with_total: bool


def read_wishes(request: Request) -> Wishes:
    """Read the headers of a request.

    Raises:
        RestFailure: they ask for another schema, or for a form that is not supported.
    """
    profile = request.headers.get(
        "accept-profile" if request.method in {"GET", "HEAD"} else "content-profile", SCHEMA
    )
    if profile != SCHEMA:
        raise RestFailure(
            406,
            "PGRST106",
            f"Invalid schema: {profile[:60]}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )
    counted = re.search(r"\bcount=(\w+)", request.headers.get("prefer", ""))
    if counted and counted[1] != "exact":
        raise unsupported(f"count={counted[1][:20]}")
    return Wishes(_is_single(request.headers.get("accept", "*/*")), counted is not None)


def respond(
    request: Request,
    row: DictRow,
    query: Query,
    wishes: Wishes,
    *,
    is_one: bool = False,
    is_void: bool = False,
) -> Response[Any]:
    """The answer with the rows of a statement of `rows_as_json`.

    Args:
        is_one: whether the source gives one value or row, which is then sent by itself.
        is_void: whether it gives nothing.

    Raises:
        RestFailure: one row was asked for and there are more or none, or the rows begin after the last.
    """
    total, count = row["total"], row["page"]
    first, last = query.offset, query.offset + count - 1
    shown = f"{first}-{last}" if count and total != 0 else "*"
    headers = {"Content-Range": f"{shown}/{'*' if total is None else total}"}
    if wishes.with_total:
        headers["Preference-Applied"] = "count=exact"
    if is_void:
        return Response(None, status_code=204, headers=headers)
    if total is not None and first > total:
        details = f"An offset of {first} was requested, but there are only {total} rows."
        raise range_refused(details, headers)
    body, form = row["body"], _JSON
    if is_one or wishes.is_single:
        if not is_one and count != 1:
            raise not_single(count)
        body = body.strip()[1:-1].strip() or "null"
        form = SINGLE if wishes.is_single else _JSON
    status = 206 if total is not None and count < total else 200
    headers["Content-Type"] = f"{form}; charset=utf-8"
    if request.method == "HEAD":
        return Response(None, status_code=status, headers=headers)
    return Response(body.encode(), status_code=status, headers=headers, media_type=form)


def _is_single(accept: str) -> bool:
    """Whether one row is wanted; the first form in the list that is known counts.

    Raises:
        RestFailure: none is known.
    """
    for wanted in accept.split(","):
        form, *options = (part.strip().lower() for part in wanted.split(";"))
        if form.startswith("application/vnd.pgrst.") and "nulls=stripped" in options:
            raise unsupported("nulls=stripped")
        if form == SINGLE:
            return True
        if form in {"*/*", "application/*", _JSON, _ARRAY, ""}:
            return False
    raise unsupported(f"answers of the type {accept[:60]}")
