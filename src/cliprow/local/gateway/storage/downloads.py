"""Downloads: a stored file as a response, whole, in part, or not at all if the client has it already."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.response import Stream
from psycopg.rows import DictRow

from cliprow.local.gateway.storage.disk import Disk, chunks
from cliprow.local.gateway.storage.failures import StorageFailure, no_such_key
from cliprow.local.gateway.storage.requests import Request

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
#: How often a row is read again whose file was replaced before it could be opened.
ATTEMPTS = 5


@dataclass(frozen=True)
class File:
    """What a row says of its file."""

    row: DictRow

    @property
    def _metadata(self) -> dict[str, Any]:
        return self.row["metadata"] or {}

    @property
    def etag(self) -> str:
        """Changes with the content."""
        return str(self._metadata.get("eTag", ""))

    @property
    def size_bytes(self) -> int:
        """Size of the content."""
        return int(self._metadata.get("size", 0))

    @property
    def mime_type(self) -> str:
        """Type to send; pages are sent as text, so that no stored file runs as a page of this origin."""
        mime_type = str(self._metadata.get("mimetype") or "application/octet-stream")
        return "text/plain" if "text/html" in mime_type.lower() else mime_type

    @property
    def last_modified(self) -> datetime:
        """When the content was stored, in whole seconds."""
        moment: datetime = self.row["updated_at"]
        if said := self._metadata.get("lastModified"):
            moment = datetime.fromisoformat(said)
        return moment.astimezone(UTC).replace(microsecond=0)

    def headers(self, *, expires: float | None = None, download: str | None = None) -> dict[str, str]:
        """Headers of a response with this file, or about it.

        Args:
            expires: when the link ends that it was asked by, in seconds since the epoch.
            download: name to save it under; empty for its own.
        """
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": self.mime_type,
            "ETag": self.etag,
            "Last-Modified": format_datetime(self.last_modified, usegmt=True),
            "X-Robots-Tag": "none",
            "X-Content-Type-Options": "nosniff",
        }
        if expires is not None:
            headers["Expires"] = format_datetime(datetime.fromtimestamp(expires, UTC), usegmt=True)
        else:
            headers["Cache-Control"] = str(self._metadata.get("cacheControl") or "no-cache")
        if download == "":
            headers["Content-Disposition"] = "attachment;"
        elif download is not None:
            name = quote(download[:255], safe="")
            headers["Content-Disposition"] = f"attachment; filename={name}; filename*=UTF-8''{name}"
        return headers

    def is_known_to(self, request: Request) -> bool:
        """Whether the client has this content already."""
        known = request.headers.get("if-none-match")
        if known is not None:
            tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
            return "*" in tags or self.etag in tags
        since = _date(request.headers.get("if-modified-since"))
        return since is not None and self.last_modified <= since

    def span(self, request: Request) -> tuple[int, int] | None:
        """First byte and count of the part asked for; None for the whole.

        Several parts, and what is no range of bytes, are answered with the whole, as HTTP allows and S3 does.

        Raises:
            StorageFailure: the part lies outside of the file.
        """
        found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
        condition = request.headers.get("if-range")
        if not found or not (found[1] or found[2]) or (condition and not self._is_unchanged(condition)):
            return None
        if found[1] and found[2] and int(found[2]) < int(found[1]):
            return None
        if found[1]:
            first = int(found[1])
            last = min(int(found[2]) if found[2] else self.size_bytes - 1, self.size_bytes - 1)
        else:
            first = max(self.size_bytes - int(found[2]), 0)
            last = self.size_bytes - 1
        if first > last:
            raise StorageFailure(
                416,
                "InvalidRange",
                "invalid range provided",
                error="invalid_range",
                http_status=416,
                headers={"Content-Range": f"bytes */{self.size_bytes}"},
            )
        return first, last - first + 1

    def _is_unchanged(self, condition: str) -> bool:
        if condition.startswith('"'):
            return condition == self.etag
        since = _date(condition)
        return since is not None and self.last_modified == since


async def send(
    request: Request,
    disk: Disk,
    find: Callable[[], Awaitable[DictRow]],
    *,
    expires: float | None = None,
) -> Response[Any]:
    """A response with the file whose row `find` reads; it is read again where the file was just replaced.

    Raises:
        StorageFailure: there is no such file, or not the part asked for.
    """
    for _ in range(ATTEMPTS):
        file = File(await find())
        headers = file.headers(expires=expires, download=request.query_params.get("download"))
        if file.is_known_to(request):
            return Response(None, status_code=304, headers=headers)
        span = file.span(request)
        first, count = span or (0, file.size_bytes)
        try:
            opened, _size = await disk.open(file.row["version"] or "")
        except FileNotFoundError:
            continue
        opened.seek(first)
        headers["Content-Length"] = str(count)
        if span:
            headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{file.size_bytes}"
        return Stream(
            chunks(opened, count),
            status_code=206 if span else 200,
            headers=headers,
            media_type=file.mime_type,
        )
    raise no_such_key()


def head(file: File) -> Response[None]:
    """The headers of a response with this file."""
    return Response(None, headers={**file.headers(), "Content-Length": str(file.size_bytes)})


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
