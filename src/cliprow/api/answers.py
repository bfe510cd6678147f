"""Answers whose JSON was made in SQL, and ETags."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

from litestar import Response

from cliprow.api.problems import Refused
from cliprow.api.request import ApiRequest

JSON = "application/json"


def json_answer(
    body: bytes | str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[Any]:
    """An answer that is JSON already."""
    content = body.encode() if isinstance(body, str) else body
    return Response(content, status_code=status, media_type=JSON, headers=headers)


def tagged(request: ApiRequest, body: bytes | str, version: object = "") -> Response[Any]:
    """An answer with its ETag; 304 without a body when the caller has it already.

    Args:
        version: of the row that a change would be held against; the rest of the answer may change without it.
    """
    content = body.encode() if isinstance(body, str) else body
    etag = etag_of(f"{version}.{hashlib.blake2b(content, digest_size=9).hexdigest()}")
    if _tags(request.headers.get("if-none-match", "")) & {etag, "*"}:
        return Response(b"", status_code=304, headers={"ETag": etag}, media_type=JSON)
    return json_answer(content, headers={"ETag": etag})


def etag_of(version: object) -> str:
    """Weak: two answers with the same tag mean the same, byte for byte or not."""
    return f'W/"{version}"'


def check_if_match(request: ApiRequest, version: object) -> None:
    """Hold a change against the version its sender has seen, if it says which.

    Raises:
        Refused: the row has changed since.
    """
    seen = {tag.strip('W/"').partition(".")[0] for tag in _tags(request.headers.get("if-match", ""))}
    if seen and "*" not in seen and str(version) not in seen:
        raise Refused(
            HTTPStatus.PRECONDITION_FAILED,
            "It has changed since you read it.",
            error_code="PRECONDITION_FAILED",
            next_step="Read it again, and repeat the change with its new ETag.",
            headers={"ETag": etag_of(version)},
        )


def _tags(header: str) -> set[str]:
    """The tags that a header names, all as weak ones: how they are compared here."""
    tags = {tag.strip() for tag in header.split(",")} - {""}
    return {tag if tag == "*" or tag.startswith("W/") else f"W/{tag}" for tag in tags}
