"""The old system's words for success and for errors."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from cliprow import db
from cliprow.errors import CliprowError, Conflict, InvalidInput, NotAllowed, NotFound, Unavailable

logger = logging.getLogger(__name__)

_STATUS: dict[type[CliprowError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def success(data: object, count: int | None = None) -> dict[str, object]:
    """`{"success": true, "data": ..., "count": n?}`.

    >>> success([1], 1)
    {'success': True, 'data': [1], 'count': 1}
    """
    return {"success": True, "data": data, **({} if count is None else {"count": count})}


def missing(what: str) -> NotFound:
    """What clients know as `Project not found` and the like.

    >>> missing("Job").message
    'Job not found'
    """
    return NotFound(f"{what} not found")


def as_detail(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, object]]:
    """`{"detail": ...}` with the status; a bad body is 422 with one entry for each field, as clients know it."""
    if isinstance(error, ValidationException):
        return _detail(HTTPStatus.UNPROCESSABLE_ENTITY, _fields(error.extra))
    if isinstance(error, HTTPException):
        # What cannot be decoded at all was 422 too.
        status = (
            HTTPStatus.UNPROCESSABLE_ENTITY if error.status_code == 400 else HTTPStatus(error.status_code)
        )
        return _detail(status, error.detail)
    if isinstance(error, psycopg.Error):
        error = db.translate(error)
    if isinstance(error, CliprowError):
        known = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
        if known is not None:
            problems = error.problems if isinstance(error, InvalidInput) else ()
            said = [
                error.message,
                *(f"{each.field} {each.reason}." for each in problems[:5]),
                error.next_step,
            ]
            return _detail(known, " ".join(each for each in said if each))
    # What we cannot explain is for the log, not for callers.
    logger.error("The old surface failed.", exc_info=error)
    return _detail(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error; the server's log has it.")


def _detail(status: HTTPStatus, detail: object) -> Response[dict[str, object]]:
    return Response({"detail": detail}, status_code=int(status), media_type="application/json")


def _fields(extra: object) -> list[dict[str, object]]:
    found = extra if isinstance(extra, Sequence) and not isinstance(extra, str) else []
    return [
        {
            "loc": [str(each.get("source") or "body"), *str(each.get("key") or "").split(".")],
            "msg": str(each.get("message", "is not valid")),
            "type": "value_error",
        }
        for each in found
        if isinstance(each, dict)
    ]
