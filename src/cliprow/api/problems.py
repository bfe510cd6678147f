"""Errors as problem details (RFC 9457), with a stable `code` and what to do next."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    InternalServerException,
    ValidationException,
)
from psycopg import errors as sql

from cliprow import errors
from cliprow.db import translate

_log = logging.getLogger("cliprow.api")

PROBLEM_JSON = "application/problem+json"
#: Longest list of errors in an answer.
MAX_ERRORS = 1_000

#: HTTP status of our errors; the most special class counts.
STATUS: dict[type[errors.CliprowError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.StaleToken: HTTPStatus.CONFLICT,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RetryLater: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MissingDependency: HTTPStatus.SERVICE_UNAVAILABLE,
}
#: Codes and next steps of what the framework refuses before a handler sees it.
_REFUSED = {
    400: ("bad_request", "Correct the request; /docs says what it takes."),
    404: ("no_such_route", "/docs lists the routes."),
    405: ("method_not_allowed", "/docs lists the methods of this route."),
    413: (
        "body_too_large",
        "Send less at once: a long list of topics goes in chunks (is_filling; in a dry run position).",
    ),
    415: ("unsupported_media_type", "Send the body as one of the media types that /docs names."),
    429: ("too_many_requests", "Wait as long as Retry-After says."),
}


class Refused(errors.CliprowError):
    """What only HTTP knows: a failed precondition, too many requests, a header that does not fit."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        error_code: str,
        next_step: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, error_code=error_code, next_step=next_step)
        self.status = status
        self.headers = headers or {}


class ProblemError(msgspec.Struct, frozen=True):
    """What is wrong with one part of the request."""

    #: Place of the topic from 1, or line of the file; null where it is not about a row.
    row: int | None
    field: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, why, and what to do next."""

    title: str
    status: int
    #: Stable, in lower_snake: what programs decide by.
    code: str
    #: For people.
    detail: str
    next_step: str = ""
    errors: list[ProblemError] = []
    request_id: str = ""
    type: str = "about:blank"


def as_problem(error: Exception) -> tuple[Problem, dict[str, str]]:
    """What an error says to the caller, and headers that go with it."""
    if isinstance(error, psycopg.Error):
        error = translate(error)
    if isinstance(error, errors.CliprowError):
        return _of_ours(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_framework(error)
    if isinstance(error, RecursionError):  # nothing of ours goes deep; a body of thousands of brackets does
        return _of_framework(ClientException("The body is nested too deeply.", status_code=400))
    if isinstance(error, InternalServerException) and "client disconnected" in error.detail:
        return _problem(
            HTTPStatus.BAD_REQUEST, "request_incomplete", "The body did not arrive whole.", "Send it again."
        ), {}
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong on our side; it is logged.",
        "Repeat the request later; if it happens again, report the request id.",
    ), {}


def _of_ours(error: errors.CliprowError) -> tuple[Problem, dict[str, str]]:
    headers: dict[str, str] = {}
    code = error.error_code.lower()
    if isinstance(error, Refused):
        status, headers = error.status, error.headers
    else:
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus(500))
    if isinstance(error.__cause__, sql.QueryCanceled):
        return _problem(
            HTTPStatus.GATEWAY_TIMEOUT,
            "timed_out",
            "The database took longer over this request than a request may.",
            "Ask for less at once: a narrower filter, fewer rows.",
        ), {}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE:
        return as_problem(RuntimeError())  # a mistake of ours: what the database said is for the log
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": "2"}
    problems = error.problems[:MAX_ERRORS] if isinstance(error, errors.InvalidInput) else ()
    return _problem(
        status,
        code,
        error.message,
        error.next_step,
        [ProblemError(each.row, each.field, each.reason) for each in problems],
    ), headers


def _of_framework(error: HTTPException) -> tuple[Problem, dict[str, str]]:
    status = error.status_code
    code, next_step = _REFUSED.get(status, ("refused", "Correct the request; /docs says what it takes."))
    if isinstance(error, ValidationException):
        given = error.extra if isinstance(error.extra, list) else []
        found = [
            ProblemError(None, str(each.get("key", "")), str(each.get("message", "")))
            for each in given
            if isinstance(each, dict)
        ]
        return _problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_input",
            "Parts of the request cannot be used." if found else f"{error.detail}.",
            "Correct the fields named.",
            found[:MAX_ERRORS],
        ), {}
    detail = (
        error.detail if isinstance(error, ClientException) and status != 404 else HTTPStatus(status).phrase
    )
    return _problem(HTTPStatus(status), code, detail, next_step), dict(error.headers or {})


def _problem(
    status: HTTPStatus, code: str, detail: str, next_step: str, found: list[ProblemError] | None = None
) -> Problem:
    return Problem(
        title=status.phrase, status=status, code=code, detail=detail, next_step=next_step, errors=found or []
    )


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to a request that raised."""
    problem, headers = as_problem(error)
    state = request.scope.get("state", {})
    request_id = str(state.get("request_id", ""))
    state["problem_code"] = problem.code
    if problem.status in (401, 403):
        note = state.get("note_denial")
        if note is not None:
            note(request.scope, error)
    if problem.status >= 500:
        _log.error(
            "request %s failed: %s",
            request_id,
            problem.code,
            exc_info=error if problem.status == 500 else None,
        )
    problem = msgspec.structs.replace(problem, request_id=request_id)
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers,
        cookies=state.get("cookies", []),
    )
