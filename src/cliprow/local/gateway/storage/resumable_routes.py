"""/upload/resumable: uploads in pieces, as TUS 1.0.0 says, with creation, creation-with-upload, expiration, termination.

Refusals have their own HTTP status here, and the message as text.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from litestar import HttpMethod, Response, delete, head, patch, post, route
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.storage.buckets import RESUMABLE_LIMIT_BYTES, Buckets
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.failures import (
    StorageFailure,
    entity_too_large,
    explain,
    invalid_request,
    invalid_signature,
)
from cliprow.local.gateway.storage.names import BASE, check_bucket, check_key
from cliprow.local.gateway.storage.objects import Objects
from cliprow.local.gateway.storage.requests import (
    Request,
    act_of,
    act_of_link,
    header_value,
    metadata_of_text,
)
from cliprow.local.gateway.storage.resumable import EXPIRY_S, Resumable, Resumables
from cliprow.local.gateway.storage.signatures import Signer
from cliprow.local.gateway.storage.uploads import UNKNOWN_TYPE

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration"
BYTES = "application/offset+octet-stream"
PATH = "/upload/resumable"
_HEADERS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
_NUMBER = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class ResumableRoutes:
    """The same routes for people with a token, and, below /sign, for whoever has a signed link."""

    keyring: Keyring
    buckets: Buckets
    objects: Objects
    signer: Signer
    uploads: Resumables

    def handlers(self) -> list[BaseRouteHandler]:
        """The routes."""

        @post([PATH, f"{PATH}/sign"], status_code=201)
        async def create(request: Request) -> Response[None]:
            return await self._create(request)

        @head([f"{PATH}/{{upload:str}}", f"{PATH}/sign/{{upload:str}}"])
        async def look(request: Request, upload: str) -> Response[None]:
            return await self._look(request, upload)

        @patch([f"{PATH}/{{upload:str}}", f"{PATH}/sign/{{upload:str}}"], status_code=200)
        async def go_on(request: Request, upload: str) -> Response[None]:
            return await self._append(request, upload)

        @delete([f"{PATH}/{{upload:str}}", f"{PATH}/sign/{{upload:str}}"], status_code=200)
        async def end(request: Request, upload: str) -> Response[None]:
            return await self._end(request, upload)

        @route([PATH, f"{PATH}/sign"], http_method=[HttpMethod.OPTIONS], status_code=200)
        async def describe(request: Request) -> Response[None]:
            return Response(None, status_code=204, headers=_description())

        # In front: else the path has an answer to OPTIONS of its own by then.
        return [describe, create, look, go_on, end]

    async def _create(self, request: Request) -> Response[None]:
        _check_version(request)
        size_bytes = _announced_size(request)
        metadata = read_metadata(request.headers.get("upload-metadata", ""))
        bucket = check_bucket(metadata.get("bucketName", ""))
        name = check_key(metadata.get("objectName", ""))
        act, is_upsert, owner = self._act(request, bucket, name)
        limits = await self.buckets.limits(bucket)
        mime_type = header_value("contentType", metadata.get("contentType") or UNKNOWN_TYPE)
        limits.check_type(mime_type)
        if size_bytes > limits.resumable_bytes():
            raise entity_too_large()
        age = metadata.get("cacheControl", "")
        upload = Resumable(
            version=str(uuid.uuid4()),
            bucket=bucket,
            name=name,
            size_bytes=size_bytes,
            mime_type=mime_type,
            cache_control=header_value("cacheControl", f"max-age={age}") if age else "no-cache",
            user_metadata=metadata_of_text(metadata.get("metadata")),
            is_upsert=is_upsert,
            role=act.caller.role if act.caller else None,
            owner=owner,
            metadata=request.headers.get("upload-metadata", ""),
            expires_at=time.time() + EXPIRY_S,
        )
        await self.objects.may_write(act, upload.new_object())
        await self.uploads.create(upload)
        offset = 0
        if request.headers.get("content-type") == BYTES or not size_bytes:
            async with self.uploads.turn(upload.id):
                offset = await self._take(request, act, upload)
        signed = "/sign" if act.caller is None else ""
        location = f"{str(request.base_url).rstrip('/')}{BASE}{PATH}{signed}/{upload.id}"
        headers = {**_progress(upload, offset), "Location": location}
        return Response(None, status_code=201, headers=headers)

    async def _look(self, request: Request, upload_id: str) -> Response[None]:
        _check_version(request)
        async with self.uploads.turn(upload_id):
            upload, act = await self._open(request, upload_id)
            offset = await self.uploads.offset(upload)
            if offset == upload.size_bytes:
                # The bytes were there, but the server was not, when it should have become a file.
                await self.uploads.finish(act, upload)
        headers = _progress(upload, offset)
        headers["Upload-Length"] = str(upload.size_bytes)
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return Response(None, status_code=200, headers=headers)

    async def _append(self, request: Request, upload_id: str) -> Response[None]:
        _check_version(request)
        if request.headers.get("content-type") != BYTES:
            raise StorageFailure(415, "InvalidMimeType", f"Content-Type must be {BYTES}")
        async with self.uploads.turn(upload_id):
            upload, act = await self._open(request, upload_id)
            said, offset = request.headers.get("upload-offset", ""), await self.uploads.offset(upload)
            if not _NUMBER.fullmatch(said):
                raise invalid_request("Upload-Offset must be a whole number")
            if int(said) != offset:
                raise StorageFailure(
                    409, "TusError", f"Upload-Offset is {said}, but the upload is at {offset}"
                )
            length = request.headers.get("content-length", "")
            if _NUMBER.fullmatch(length) and offset + int(length) > upload.size_bytes:
                raise entity_too_large()
            if not upload.is_finished:
                await self.objects.may_write(act, upload.new_object())
                offset = await self._take(request, act, upload)
        return Response(None, status_code=204, headers=_progress(upload, offset))

    async def _end(self, request: Request, upload_id: str) -> Response[None]:
        _check_version(request)
        async with self.uploads.turn(upload_id):
            upload, _ = await self._open(request, upload_id)
            await self.uploads.remove(upload)
        return Response(None, status_code=204, headers=_HEADERS)

    async def _take(self, request: Request, act: Act, upload: Resumable) -> int:
        offset = await self.uploads.append(upload, request.stream())
        if offset == upload.size_bytes:
            await self.uploads.finish(act, upload)
        return offset

    async def _open(self, request: Request, upload_id: str) -> tuple[Resumable, Act]:
        """An upload, for whoever may go on with it.

        Raises:
            StorageFailure: there is none, or it is somebody else's.
        """
        upload = await self.uploads.find(upload_id)
        act, _, _ = self._act(request, upload.bucket, upload.name)
        upload.check_caller(act)
        return upload, act

    def _act(self, request: Request, bucket: str, name: str) -> tuple[Act, bool, str | None]:
        """Who uploads to this file, whether it is replaced, and whose it becomes."""
        operation = "storage.tus.upload"
        if not request.scope["path"].startswith(f"{BASE}{PATH}/sign"):
            act = act_of(request, self.keyring, operation)
            return act, request.headers.get("x-upsert") == "true", act.owner
        token = request.headers.get("x-signature", "")
        if not token:
            raise invalid_signature("Missing x-signature header")
        claims = self.signer.verify(token, f"{bucket}/{name}", "upload")
        return act_of_link(request, operation), claims.get("upsert") is True, claims.get("owner")


def answer(request: Request, error: Exception) -> Response[str | None]:
    """Send a refusal."""
    failure = explain(error)
    headers = {**_HEADERS, **failure.headers}
    if failure.status == 412:
        headers["Tus-Version"] = VERSION
    message = None if request.method == "HEAD" else failure.message
    return Response(message, status_code=failure.status, media_type="text/plain", headers=headers)


def read_metadata(header: str) -> dict[str, str]:
    """The header Upload-Metadata: names, each with its value in base64.

    Raises:
        StorageFailure: it is not of that form.
    """
    found: dict[str, str] = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        if not name:
            continue
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except ValueError as error:  # no ASCII, no base64, or no text
            raise StorageFailure(400, "InvalidParameter", "Invalid Upload-Metadata header") from error
    return found


def _announced_size(request: Request) -> int:
    if "upload-defer-length" in request.headers or "upload-concat" in request.headers:
        raise invalid_request(f"Of the extensions of TUS only these are supported: {EXTENSIONS}")
    said = request.headers.get("upload-length", "")
    if not _NUMBER.fullmatch(said):
        raise invalid_request("Upload-Length must be a whole number")
    return int(said)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise StorageFailure(412, "TusError", f"Tus-Resumable must be {VERSION}")


def _progress(upload: Resumable, offset: int) -> dict[str, str]:
    expires = format_datetime(datetime.fromtimestamp(upload.expires_at, UTC), usegmt=True)
    return {**_HEADERS, "Upload-Offset": str(offset), "Upload-Expires": expires}


def _description() -> dict[str, str]:
    return {
        **_HEADERS,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(RESUMABLE_LIMIT_BYTES),
    }
