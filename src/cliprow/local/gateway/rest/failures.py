"""What is refused, said the way PostgREST says it: `{"code", "message", "details", "hint"}`."""

from __future__ import annotations

import logging
import re
from typing import Any

import psycopg
from litestar import Request, Response
from psycopg_pool import PoolTimeout

from cliprow.local.gateway.keys import Refused

_LOG = logging.getLogger(__name__)

#: HTTP status by SQLSTATE, or by how one begins; the longest that fits counts. Others are the caller's mistakes: 400.
_STATUS = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "21000": 500, "23503": 409, "23505": 409, "25": 500, "25006": 405,
    "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "42883": 404, "42P01": 404, "42P17": 500,
    "53": 503, "53400": 500, "54": 500, "55": 500, "57": 500, "57P01": 503, "58": 500, "F0": 500, "HV": 500,
    "P0": 500, "P0001": 400, "XX": 500,
}  # fmt: skip


class RestFailure(Exception):
    """A request that is refused."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: str | None = None,
        hint: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = headers or {}

    def body(self) -> dict[str, str | None]:
        """What clients read."""
        return {"code": self.code, "message": self.message, "details": self.details, "hint": self.hint}


def unsupported(what: str) -> RestFailure:
    """PostgREST can do this; the embedded gateway cannot."""
    return RestFailure(
        501,
        "0A000",
        f"The embedded gateway does not support {what}",
        details="It calls functions, and reads tables and views with select, eq, in, order, limit, offset and Range.",
        hint="Use a real Supabase project for this, or write a function and call it under /rest/v1/rpc.",
    )


def unreadable(message: str, details: str | None = None) -> RestFailure:
    """The query cannot be understood."""
    return RestFailure(400, "PGRST100", message, details=details)


def not_single(rows: int) -> RestFailure:
    """One row was asked for, and there are more or none."""
    return RestFailure(
        406,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details=f"The result contains {rows} rows",
    )


def range_refused(details: str, headers: dict[str, str] | None = None) -> RestFailure:
    """The rows asked for cannot be."""
    return RestFailure(416, "PGRST103", "Requested range not satisfiable", details=details, headers=headers)


def of_refused(error: Refused) -> RestFailure:
    """Say what is wrong with a key or token."""
    if "API key" in error.message:
        hint = "Send the project's key in the header apikey."
        return RestFailure(401, "PGRST301", error.message, hint=hint)
    code, message = ("PGRST303", "JWT expired") if error.is_expired else ("PGRST301", error.message)
    described = message.replace('"', "'").encode("ascii", "replace").decode()
    bearer = f'Bearer error="invalid_token", error_description="{described}"'
    return RestFailure(401, code, message, headers={"WWW-Authenticate": bearer})


def of_database(error: psycopg.Error, *, signed_in: bool) -> RestFailure:
    """Say what the database refused."""
    state = error.sqlstate
    if isinstance(error, psycopg.DataError) and state is None:
        # The driver refuses by itself what the server would, like a NUL in a text.
        return RestFailure(400, "22021", str(error))
    if state is None:
        _LOG.warning("The database does not answer: %s", type(error).__name__)
        return RestFailure(503, "PGRST001", "Database client error. Retrying the connection.")
    message = error.diag.message_primary or ""
    status = next((_STATUS[state[:length]] for length in (5, 2) if state[:length] in _STATUS), 400)
    headers = {}
    if state == "42501":
        status = 403 if signed_in else 401
        headers = {} if signed_in else {"WWW-Authenticate": "Bearer"}
    elif state.startswith("PT"):
        status = int(state[2:]) if re.fullmatch(r"PT[1-5]\d\d", state) else 500
    if status >= 500:
        _LOG.error("Database error %s: %s", state, message)
    return RestFailure(
        status,
        state,
        message,
        details=error.diag.message_detail,
        hint=error.diag.message_hint,
        headers=headers,
    )


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Send a refusal."""
    match error:
        case RestFailure():
            failure = error
        case Refused():
            failure = of_refused(error)
        case PoolTimeout():
            failure = RestFailure(504, "PGRST003", "Timed out acquiring connection from connection pool.")
        case psycopg.Error():
            failure = of_database(error, signed_in=False)
        case _:
            raise error
    headers = {"Proxy-Status": f"PostgREST; error={failure.code}", **failure.headers}
    body = None if request.method == "HEAD" else failure.body()
    return Response(body, status_code=failure.status, headers=headers)
