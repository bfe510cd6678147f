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


def tagged(request: ApiRequest, body: bytes | str, version: object = None) -> Response[Any]:
    """An answer with its ETag; 304 without a body when the caller has it already.

    Args:
        version: what changes whenever the answer does; None takes the answer itself.
    """
    content = body.encode() if isinstance(body, str) else body
    etag = etag_of(version if version is not None else hashlib.blake2b(content, digest_size=12).hexdigest())
    if _matches(request.headers.get("if-none-match", ""), etag):
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
    wanted = request.headers.get("if-match", "")
    if wanted and not _matches(wanted, etag_of(version)):
        raise Refused(
            HTTPStatus.PRECONDITION_FAILED,
            "It has changed since you read it.",
            error_code="PRECONDITION_FAILED",
            next_step="Read it again, and repeat the change with its new ETag.",
            headers={"ETag": etag_of(version)},
        )


def _matches(header: str, etag: str) -> bool:
    """Whether a list of tags names this one, weakly compared; `*` names any."""
    if not header:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
