"""What Auth answers when it refuses, in the shape that the client's API version asks for."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import psycopg
from litestar import Request, Response
from litestar.exceptions import HTTPException

from cliprow.local.gateway.keys import Refused

_log = logging.getLogger(__name__)

VERSION_HEADER = "x-supabase-api-version"
#: Since this version errors are {code, message}.
API_VERSION = "2024-01-01"


class AuthError(Exception):
    """A refusal: status and code are the real service's, since clients decide by them."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_s: int | None = None, **extra: Any
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after_s = retry_after_s
        #: Further members of the answer, like `weak_password`.
        self.extra = extra


def invalid(message: str) -> AuthError:
    """The request does not say what it must."""
    return AuthError(400, "validation_failed", message)


def unexpected(message: str) -> AuthError:
    """Something of ours failed; clients may try again."""
    return AuthError(500, "unexpected_failure", message)


def respond(request: Request[Any, Any, Any], error: AuthError) -> Response[dict[str, Any]]:
    """The error as an answer."""
    headers = {"x-sb-error-code": error.code}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if request.headers.get(VERSION_HEADER, "") >= API_VERSION:
        headers["X-Supabase-Api-Version"] = API_VERSION
        content: dict[str, Any] = {"code": error.code, "message": error.message}
    else:
        content = {"code": error.status, "error_code": error.code, "msg": error.message}
    return Response({**content, **error.extra}, status_code=error.status, headers=headers)


def _on_refused(request: Request[Any, Any, Any], error: Refused) -> Response[dict[str, Any]]:
    return respond(request, AuthError(401, "no_authorization", error.message))


def _on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    code = {413: "request_entity_too_large"}.get(error.status_code, "validation_failed")
    return respond(request, AuthError(error.status_code, code, error.detail))


def _on_data(request: Request[Any, Any, Any], error: psycopg.DataError) -> Response[dict[str, Any]]:
    return respond(request, invalid("A value cannot be stored: text must not contain the NUL character."))


def _on_database(request: Request[Any, Any, Any], error: psycopg.Error) -> Response[dict[str, Any]]:
    _log.error(
        "%s %s failed in the database: %s\n%s",
        request.method,
        request.url.path,
        primary(error),
        "".join(traceback.format_tb(error.__traceback__)),
    )
    if isinstance(error, psycopg.OperationalError):
        return respond(
            request, AuthError(503, "unexpected_failure", "The database does not answer. Try again.")
        )
    return respond(request, unexpected("Unexpected failure, please check server logs for more information"))


def primary(error: psycopg.Error) -> str:
    """What the database says, without the details, which may show whole rows."""
    return f"{error.sqlstate or type(error).__name__} {error.diag.message_primary or ''}".strip()


def _on_any(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    # The traceback names statements and places, never parameters.
    _log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(request, unexpected("Unexpected failure, please check server logs for more information"))


HANDLERS: dict[int | type[Exception], Any] = {
    AuthError: respond,
    Refused: _on_refused,
    HTTPException: _on_http,
    psycopg.DataError: _on_data,
    psycopg.Error: _on_database,
    Exception: _on_any,
}
