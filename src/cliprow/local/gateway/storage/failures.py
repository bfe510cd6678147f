"""What the storage refuses, said the way Supabase Storage says it.

The HTTP status is 400 for nearly everything; the status that is meant stands in the body:
`{"statusCode": "404", "error": "not_found", "message": "Object not found", "code": "NoSuchKey"}`.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from litestar import Request, Response
from psycopg_pool import PoolTimeout

from cliprow.files import DISK_FULL
from cliprow.local.gateway.keys import Refused

_LOG = logging.getLogger(__name__)


class StorageFailure(Exception):
    """A request that is refused.

    Args:
        status: HTTP status that is meant.
        code: stable name of the reason.
        error: older name of the reason that clients still show; the code where there is none.
        http_status: HTTP status that is sent, where it is not 400.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        error: str = "",
        http_status: int = 0,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.error = error or code
        self.http_status = http_status or (status if status >= 500 else 400)
        self.headers = headers or {}

    def body(self) -> dict[str, str]:
        """What clients read."""
        return {
            "statusCode": str(self.status),
            "error": self.error,
            "message": self.message,
            "code": self.code,
        }


def no_such_bucket() -> StorageFailure:
    """There is no such bucket, or none the caller sees."""
    return StorageFailure(404, "NoSuchBucket", "Bucket not found", error="Bucket not found")


def no_such_key() -> StorageFailure:
    """There is no such file, or none the caller sees."""
    return StorageFailure(404, "NoSuchKey", "Object not found", error="not_found")


def access_denied(message: str = "Access denied") -> StorageFailure:
    """The caller may not do this."""
    return StorageFailure(403, "AccessDenied", message, error="Unauthorized")


def already_exists(code: str = "KeyAlreadyExists") -> StorageFailure:
    """Something is there already."""
    return StorageFailure(409, code, "The resource already exists", error="Duplicate")


def invalid_key(key: str) -> StorageFailure:
    """The path of a file cannot be one."""
    shown = key if len(key) <= 200 else f"{key[:200]}..."
    return StorageFailure(400, "InvalidKey", f"Invalid key: {shown}")


def invalid_request(message: str) -> StorageFailure:
    """The request cannot be understood."""
    return StorageFailure(400, "InvalidRequest", message)


def invalid_signature(message: str = "Invalid signature") -> StorageFailure:
    """A signed link does not stand for this."""
    return StorageFailure(400, "InvalidSignature", message)


def invalid_mime_type(mime_type: str) -> StorageFailure:
    """The bucket does not take files of this type."""
    return StorageFailure(
        415, "InvalidMimeType", f"mime type {mime_type} is not supported", error="invalid_mime_type"
    )


def entity_too_large() -> StorageFailure:
    """The file is larger than the bucket or the service takes."""
    return StorageFailure(
        413, "EntityTooLarge", "The object exceeded the maximum allowed size", error="Payload too large"
    )


def of_database(error: psycopg.Error) -> StorageFailure:
    """Say what the database refused."""
    message = error.diag.message_primary or ""
    match error.sqlstate:
        case "42501":
            # The name of the table is nobody's business.
            policy = "new row violates row-level security policy"
            return access_denied(policy if "row-level security" in message else message)
        case "23505":
            return already_exists("ResourceAlreadyExists")
        case "23503":
            return StorageFailure(404, "InvalidRequest", "The related resource does not exist")
        case "55P03":
            return StorageFailure(423, "ResourceLocked", "The resource is locked")
        case "57014":
            return StorageFailure(
                544, "DatabaseTimeout", "The connection to the database timed out", http_status=544
            )
        case str(state) if state.startswith("22"):  # a value that is none of its type
            return StorageFailure(400, "InvalidParameter", message or "Invalid value")
        case None if isinstance(error, psycopg.DataError):  # a NUL, refused before it is sent
            return StorageFailure(400, "InvalidParameter", str(error))
        case None:
            _LOG.warning("The database does not answer: %s", type(error).__name__)
            return StorageFailure(503, "DatabaseError", "The database does not answer; try again")
        case state:
            _LOG.error("Database error %s: %s", state, message)
            return StorageFailure(500, "DatabaseError", f"database error, code: {state}")


def of_disk(error: OSError) -> StorageFailure:
    """Say why a file could not be written or read."""
    _LOG.error("The disk refused: %s", error)
    if error.errno in DISK_FULL:
        return StorageFailure(507, "InternalError", "The disk of the storage is full; free some space")
    return StorageFailure(500, "InternalError", f"The storage cannot use its disk: {error.strerror}")


def explain(error: Exception) -> StorageFailure:
    """Say what any of the errors that may happen here means."""
    match error:
        case StorageFailure():
            return error
        case Refused():
            return access_denied(error.message)
        case PoolTimeout():
            return StorageFailure(429, "SlowDown", "Too many connections issued to the database")
        case psycopg.Error():
            return of_database(error)
        case OSError():
            return of_disk(error)
        case _:
            raise error


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Send a refusal."""
    failure = explain(error)
    return Response(
        None if request.method == "HEAD" else failure.body(),
        status_code=failure.http_status,
        headers={"Cache-Control": "no-store", **failure.headers},
    )
