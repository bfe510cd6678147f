"""The audit of the caller's tenant: who did what to which row, when, through which door. For admins and owners."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import FromQuery, QueryParameter

from cliprow.api.answers import json_answer
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Limit, Page, as_uuid, decode_cursor, page_json
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.operation_types import AuditEvent

Entity = Annotated[str | None, QueryParameter(max_length=100, description="Rows of this table.")]
Key = Annotated[str | None, QueryParameter(max_length=200, description="The row with this key.")]
WhatWasDone = Annotated[
    str | None, QueryParameter(max_length=100, description="What was done, like pause or update.")
]
Door = Annotated[str | None, QueryParameter(max_length=20, description="Which way it was done.")]
From = Annotated[datetime | None, QueryParameter(description="Done at this moment or later.")]
Before = Annotated[datetime | None, QueryParameter(description="Done before this moment.")]


def audit_after(cursor_text: str | None) -> object:
    """The last entry of the page before."""
    (before,) = decode_cursor(cursor_text, (UUID,)) if cursor_text is not None else (None,)
    return before


def page_of_audit(found: list[dict[str, Any]], limit: int) -> bytes:
    """A page of entries, of which one more than the limit was asked for."""
    return page_json([(msgspec.json.encode(each).decode(), each["id"]) for each in found], limit, None)


@get("/audit")
async def list_audit(
    request: ApiRequest,
    user_id: FromQuery[str | None] = None,
    entity: Entity = None,
    entity_id: Key = None,
    action: WhatWasDone = None,
    door: Door = None,
    since: From = None,
    until: Before = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[AuditEvent]]:
    """List who did what to which row, the newest first."""
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_audit(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            as_uuid(user_id, "user_id"),
            entity,
            entity_id,
            action,
            door,
            since,
            until,
            audit_after(cursor_text),
            limit + 1,
        )
    return json_answer(page_of_audit(found, limit))


router = Router(path="/", route_handlers=[list_audit], guards=[in_tenant], security=BEARER, tags=["Audit"])
