"""What a request says: who asks, its JSON, its query, and what it asks to be kept of a file."""

from __future__ import annotations

import base64
import re
from typing import Any, TypeVar

import msgspec
from litestar import Request as LitestarRequest

from cliprow.local.gateway.keys import Caller, Keyring, Refused
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.failures import StorageFailure, invalid_request

Request = LitestarRequest[Any, Any, Any]
Body = TypeVar("Body")

#: Largest JSON body, in bytes: a thousand paths of the longest kind.
MAX_JSON_BYTES = 4 << 20
#: Largest custom metadata of one file, in bytes.
MAX_METADATA_BYTES = 1 << 20
#: Headers that policies may read; the keys among them are left out.
_SECRET_HEADERS = frozenset({"authorization", "apikey", "cookie", "x-signature"})
#: What may stand in a header.
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,1000}")

ANONYMOUS = Caller("anon", {"role": "anon"})


def act_of(request: Request, keyring: Keyring, operation: str) -> Act:
    """What the policies are told of a request.

    Raises:
        Refused: it has no key, or one that is not ours or no longer valid.
    """
    return _act(request, keyring.identify(request.headers), operation)


def act_or_anonymous(request: Request, keyring: Keyring, operation: str) -> tuple[Act, bool]:
    """The same where nobody needs to have signed in; and whether somebody has."""
    try:
        return act_of(request, keyring, operation), True
    except Refused:
        return _act(request, ANONYMOUS, operation), False


def act_of_link(request: Request, operation: str) -> Act:
    """What is done in the storage's own name, since a signed link stands for the right."""
    return Act(None, operation, request.method, request.scope["path"])


def _act(request: Request, caller: Caller, operation: str) -> Act:
    headers = {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS}
    return Act(caller, operation, request.method, request.scope["path"], headers)


async def read_json(request: Request, wanted: type[Body]) -> Body:
    """The body of a request.

    Raises:
        StorageFailure: it is too large, no JSON, or of another shape.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_JSON_BYTES:
            raise StorageFailure(413, "EntityTooLarge", "The body of this request is too large")
    return _decode(bytes(data or b"{}"), wanted)


def read_query(request: Request, wanted: type[Body]) -> Body:
    """The query of a request.

    Raises:
        StorageFailure: it is of another shape.
    """
    try:
        return msgspec.convert(dict(request.query_params), wanted, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_request(f"The query of this request is not valid: {error}") from error


def _decode(data: bytes, wanted: type[Body]) -> Body:
    try:
        return msgspec.json.decode(data, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_request(f"The body of this request is not valid: {error}") from error


def header_value(name: str, value: str) -> str:
    """A value that will be sent as a header with every download of the file.

    Raises:
        StorageFailure: it cannot be one.
    """
    if not _HEADER_VALUE.fullmatch(value):
        raise invalid_request(f"{name} must be printable ASCII of at most 1000 characters")
    return value


def metadata_of_text(text: str | None) -> dict[str, Any] | None:
    """Custom metadata as JSON; what is no JSON object is left out, as Supabase Storage does.

    Raises:
        StorageFailure: it is too large.
    """
    if not text:
        return None
    if len(text) > MAX_METADATA_BYTES:
        raise StorageFailure(
            413,
            "EntityTooLarge",
            "The user_metadata exceeded the maximum allowed size",
            error="Payload too large",
        )
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    # Postgres stores no NUL in jsonb.
    return found if isinstance(found, dict) and "\\u0000" not in text else None


def metadata_of_header(value: str | None) -> dict[str, Any] | None:
    """Custom metadata as base64 of JSON, from a header."""
    if not value:
        return None
    try:
        return metadata_of_text(base64.b64decode(value, validate=False).decode())
    except ValueError:
        return None
