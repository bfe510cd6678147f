"""Ids in paths: ours, or those of the system that was extended, which stay valid."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from cliprow.api.request import ApiRequest
from cliprow.errors import NotFound

#: What kinds of row may be named by an older id; `entity` of `public.legacy_ids`.
Entity = Literal["project", "job", "script", "scene", "content"]
_OUR_VERSION = 7
_MAX_CHARS = 200


async def key_of(request: ApiRequest, entity: Entity, text: str) -> UUID:
    """The id of a row of the caller's tenant, which may still not exist.

    Raises:
        NotFound: it is neither a UUID nor an older id that is known here.
    """
    key = _as_uuid(text)
    if key is not None and key.version == _OUR_VERSION:
        return key
    if len(text) <= _MAX_CHARS and "\0" not in text:
        rows = await request.rows(
            "select id from public.legacy_ids where tenant_id = %s and entity = %s and legacy_id = %s",
            request.tenant_id,
            entity,
            text,
        )
        if rows:
            key = rows[0][0]
    if key is None:
        raise not_found(entity, text)
    return key


def not_found(entity: str, text: object) -> NotFound:
    """There is none, or none that the caller sees: which of both is not told."""
    return NotFound(
        f"There is no {entity} {str(text)[:_MAX_CHARS]}.",
        error_code=f"{entity.upper()}_NOT_FOUND",
        next_step="Use the id of something that a list shows.",
    )


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
