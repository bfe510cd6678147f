"""Resumable uploads: what has arrived of each, kept on the disk so that it survives client, network and server.

    uploads/{version}.json   what the upload is to become, and whose it is
    uploads/{version}.part   the bytes so far; its size is the offset

At most one request at a time writes to an upload. A later one ends the earlier, since a client that comes back after a
broken connection knows better than the server that the old one is dead.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from cliprow.files import CHUNK_BYTES, LEFTOVER_AGE_S, PART_SUFFIX, write_whole
from cliprow.local.gateway.storage.database import Act
from cliprow.local.gateway.storage.failures import StorageFailure, access_denied, entity_too_large
from cliprow.local.gateway.storage.names import check_bucket, check_key
from cliprow.local.gateway.storage.objects import NewObject, Objects

#: How long an upload may take; then what has arrived of it is thrown away.
EXPIRY_S = 24 * 3600
_STATE_SUFFIX = ".json"


class Resumable(msgspec.Struct, kw_only=True, frozen=True):
    """One upload in pieces."""

    version: str
    bucket: str
    name: str
    size_bytes: int
    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    is_upsert: bool
    #: The role and the user that began it, or the owner that a signed link names.
    role: str | None
    owner: str | None
    #: The header Upload-Metadata as it came.
    metadata: str
    expires_at: float
    is_finished: bool = False

    @property
    def id(self) -> str:
        """What it is called in its URL: the same as on a real project."""
        text = f"{self.bucket}/{self.name}/{self.version}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def new_object(self) -> NewObject:
        """What it becomes."""
        return NewObject(
            self.bucket,
            self.name,
            self.mime_type,
            self.cache_control,
            self.user_metadata,
            self.is_upsert,
            self.size_bytes,
            self.owner,
        )

    def check_caller(self, act: Act) -> None:
        """Refuse everybody but whoever began it; a signed link names the file and so stands for all of it.

        Raises:
            StorageFailure: it is somebody else.
        """
        if (act.caller.role if act.caller else None) != self.role or (
            act.caller and act.caller.user_id != self.owner
        ):
            raise access_denied("This upload was begun by somebody else")


@dataclass
class _Turn:
    """Who writes to one upload, and who waits."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    #: The wait for the next bytes of the request that writes.
    receiving: asyncio.Future[bytes] | None = None


class Resumables:
    """The resumable uploads of a folder."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder
        self._turns: dict[str, _Turn] = {}

    async def create(self, upload: Resumable) -> None:
        """Begin an upload."""
        await asyncio.to_thread(self._create, upload)

    async def find(self, upload_id: str) -> Resumable:
        """The upload of this name.

        Raises:
            StorageFailure: there is none, or its time is over.
        """
        bucket, name, version = _parse(upload_id)
        try:
            upload = await asyncio.to_thread(self._read, version)
        except (FileNotFoundError, msgspec.DecodeError) as error:
            raise StorageFailure(404, "NoSuchUpload", "Upload not found") from error
        if (upload.bucket, upload.name) != (bucket, name):
            raise StorageFailure(404, "NoSuchUpload", "Upload not found")
        if upload.expires_at < time.time():
            raise StorageFailure(410, "NoSuchUpload", "The upload has expired")
        return upload

    async def offset(self, upload: Resumable) -> int:
        """How many bytes have arrived."""
        if upload.is_finished:
            return upload.size_bytes
        return (await asyncio.to_thread(self._part(upload.version).stat)).st_size

    @asynccontextmanager
    async def turn(self, upload_id: str) -> AsyncIterator[None]:
        """Be the only one at this upload; whoever is receiving its bytes is ended."""
        turn = self._turns.setdefault(upload_id, _Turn())
        turn.users += 1
        if turn.receiving:
            turn.receiving.cancel()
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[upload_id]

    async def append(self, upload: Resumable, body: AsyncGenerator[bytes, None]) -> int:
        """Add bytes at the end, inside of `turn`; return the offset then. What has arrived stays, whatever happens.

        Raises:
            StorageFailure: there are more bytes than announced, or another request took over.
        """
        offset = await self.offset(upload)
        file = await asyncio.to_thread(self._part(upload.version).open, "ab")
        waiting: list[bytes] = []
        waiting_bytes = 0
        try:
            async for chunk in self._receive(upload.id, body):
                if offset + len(chunk) > upload.size_bytes:
                    raise entity_too_large()
                offset += len(chunk)
                waiting.append(chunk)
                waiting_bytes += len(chunk)
                if waiting_bytes >= CHUNK_BYTES:
                    await asyncio.to_thread(file.write, b"".join(waiting))
                    waiting, waiting_bytes = [], 0
        finally:
            await asyncio.to_thread(_write_and_close, file, b"".join(waiting))
        return offset

    async def finish(self, act: Act, upload: Resumable) -> None:
        """Make a complete upload a stored file, as the caller; doing it twice is the same as once.

        Raises:
            StorageFailure: the caller may not, or the name was taken meanwhile.
        """
        if upload.is_finished:
            return
        new = upload.new_object()
        if not await self._objects.has_version(new, upload.version):
            part = self._part(upload.version)
            content = await self._objects.disk.adopt(part, upload.version)
            await self._objects.commit(act, new, content)
        await asyncio.to_thread(self._mark_finished, upload)

    async def remove(self, upload: Resumable) -> None:
        """Forget an upload.

        Raises:
            StorageFailure: it is a stored file by now.
        """
        if upload.is_finished:
            raise StorageFailure(400, "InvalidRequest", "A finished upload cannot be ended; remove the file")
        await asyncio.to_thread(self._remove, upload.version)

    def sweep(self) -> None:
        """Remove uploads whose time is over, and parts of which nothing is known."""
        for state in self._folder.glob(f"*{_STATE_SUFFIX}"):
            with suppress(FileNotFoundError, msgspec.DecodeError):
                if self._read(state.stem).expires_at < time.time():
                    self._remove(state.stem)
        for part in self._folder.glob(f"*{PART_SUFFIX}"):
            with suppress(FileNotFoundError):
                is_old = time.time() - part.stat().st_mtime > LEFTOVER_AGE_S
                if is_old and not self._state(part.stem).exists():
                    part.unlink()

    async def _receive(
        self, upload_id: str, body: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a request until its end, or until another request for the same upload comes."""
        turn = self._turns[upload_id]
        try:
            while True:
                turn.receiving = asyncio.ensure_future(anext(body))
                try:
                    yield await turn.receiving
                except StopAsyncIteration:
                    return
                except asyncio.CancelledError:
                    if (task := asyncio.current_task()) and task.cancelling():
                        raise  # the server stops
                    raise StorageFailure(
                        423, "ResourceLocked", "Another request goes on with this upload"
                    ) from None
        finally:
            turn.receiving = None

    def _state(self, version: str) -> Path:
        return self._folder / f"{version}{_STATE_SUFFIX}"

    def _part(self, version: str) -> Path:
        return self._folder / f"{version}{PART_SUFFIX}"

    def _read(self, version: str) -> Resumable:
        return msgspec.json.decode(self._state(version).read_bytes(), type=Resumable)

    def _create(self, upload: Resumable) -> None:
        os.close(os.open(self._part(upload.version), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        write_whole(self._state(upload.version), msgspec.json.encode(upload))

    def _mark_finished(self, upload: Resumable) -> None:
        finished = msgspec.structs.replace(upload, is_finished=True)
        write_whole(self._state(upload.version), msgspec.json.encode(finished))
        self._part(upload.version).unlink(missing_ok=True)

    def _remove(self, version: str) -> None:
        # The part first: without its state it would be swept, but only a day later.
        self._part(version).unlink(missing_ok=True)
        self._state(version).unlink(missing_ok=True)


def _write_and_close(file: BinaryIO, data: bytes) -> None:
    with file:
        file.write(data)


def _parse(upload_id: str) -> tuple[str, str, str]:
    """Bucket, path and version of an upload by its name in the URL."""
    try:
        text = base64.b64decode(upload_id + "=" * (-len(upload_id) % 4), b"-_", validate=True).decode()
        bucket, _, rest = text.partition("/")
        name, _, version = rest.rpartition("/")
        return check_bucket(bucket), check_key(name), str(uuid.UUID(version))
    except (ValueError, StorageFailure) as error:
        raise StorageFailure(400, "InvalidUploadId", "Invalid upload id") from error
