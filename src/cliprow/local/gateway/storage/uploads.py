"""Plain uploads: one request that carries one file, raw or as a form."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.failures import StorageFailure, entity_too_large, invalid_request
from cliprow.local.gateway.storage.objects import NewObject, Objects
from cliprow.local.gateway.storage.requests import (
    MAX_METADATA_BYTES,
    Request,
    header_value,
    metadata_of_header,
    metadata_of_text,
)

#: What a file is called whose type is not said.
UNKNOWN_TYPE = "application/octet-stream"
#: How many fields a form may have beside its file.
MAX_FIELDS = 10


@dataclass(frozen=True)
class Incoming:
    """A file that begins to arrive."""

    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    #: Size as announced, if it was.
    announced_bytes: int | None


class Upload:
    """One request with a file in it."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._kind, self._options = parse_options_header(request.headers.get("content-type", ""))
        self._fields: dict[str, str] = {}
        self._file: MultipartSegment | None = None
        #: The part of the form that is arriving, and the field it is, if it is one.
        self._segment: MultipartSegment | None = None
        self._name = ""

    async def store(self, act: Act, buckets: Buckets, objects: Objects, new: NewObject) -> tuple[str, str]:
        """Take the file in and give it its row; return the row's id and `bucket/path`.

        Raises:
            StorageFailure: the bucket takes no such file, the caller may not, or the request is not whole.
        """
        limits = await buckets.limits(new.bucket)
        limit = limits.standard_bytes()
        async with aclosing(self._body()) as body:
            first = await anext(body, b"")  # by then a form has said what its file is
            incoming = self._incoming()
            limits.check_type(incoming.mime_type)
            if (
                incoming.announced_bytes is not None
                and not self._is_form
                and incoming.announced_bytes > limit
            ):
                raise entity_too_large()
            new = replace(
                new,
                mime_type=incoming.mime_type,
                cache_control=incoming.cache_control,
                user_metadata=incoming.user_metadata,
                announced_bytes=incoming.announced_bytes,
            )
            await objects.may_write(act, new)
            async with objects.disk.spool(limit) as spool:
                await spool.write(first)
                async for chunk in body:
                    await spool.write(chunk)
        row_id = await objects.commit(act, new, spool.content())
        return row_id, f"{new.bucket}/{new.name}"

    @property
    def _is_form(self) -> bool:
        return bool(self._kind == "multipart/form-data")

    def _body(self) -> AsyncGenerator[bytes, None]:
        return self._form() if self._is_form else self._request.stream()

    def _incoming(self) -> Incoming:
        headers = self._request.headers
        length = headers.get("content-length", "")
        announced = int(length) if length.isdigit() else None
        if not self._is_form:
            return Incoming(
                header_value("Content-Type", headers.get("content-type") or UNKNOWN_TYPE),
                header_value("Cache-Control", headers.get("cache-control") or "no-cache"),
                metadata_of_header(headers.get("x-metadata")),
                announced,
            )
        if self._file is None:
            raise invalid_request("No content provided: the form has no file")
        fields, age = self._fields, self._fields.get("cacheControl")
        return Incoming(
            header_value(
                "contentType",
                fields.get("contentType") or self._file.header("Content-Type") or UNKNOWN_TYPE,
            ),
            header_value("cacheControl", f"max-age={age}") if age else "no-cache",
            metadata_of_text(fields.get("metadata") or fields.get("userMetadata")),
            announced,
        )

    async def _form(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the form's file; the fields before it are kept."""
        try:
            with PushMultipartParser(
                self._options.get("boundary", ""),
                max_header_size=8192,
                max_segment_count=MAX_FIELDS + 1,
            ) as parser:
                async for chunk in self._request.stream():
                    for data in self._take(parser, chunk):
                        yield data
        except MultipartError as error:
            raise invalid_request(f"The form of this request is not valid: {error}") from error

    def _take(self, parser: PushMultipartParser, chunk: bytes) -> list[bytes]:
        """Feed a chunk to the parser; return what of it belongs to the file."""
        of_file: list[bytes] = []
        if parser.closed:
            return of_file
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
                if event is self._file:
                    of_file.append(b"")  # wakes who waits for the file to begin
            elif event and self._segment is self._file:
                of_file.append(bytes(event))
            elif event and self._name:
                self._fields[self._name] += event.decode(errors="replace")
                if len(self._fields[self._name]) > MAX_METADATA_BYTES:
                    raise StorageFailure(413, "EntityTooLarge", "A field of the form is too large")
        return of_file

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment, self._name = segment, ""
        if segment.filename is not None:
            if self._file is not None:
                raise invalid_request("The form has more than one file")
            self._file = segment
        elif self._file is None:
            self._name = segment.name or "?"
            self._fields[self._name] = ""
