"""The stored bytes: one file for each version of each object, whole or not there.

    objects/ab/ab12...      content, named by the version in the object's row and never changed
    uploads/{version}.part  what has arrived of a resumable upload, beside {version}.json that says what it is

No name that a client chose ever becomes the name of a file. All slow calls run in threads.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cliprow.files import (
    CHUNK_BYTES,
    LEFTOVER_AGE_S,
    PART_SUFFIX,
    copy_whole,
    make_folder,
    sweep_leftovers,
    whole_file,
)
from cliprow.local.gateway.storage.failures import entity_too_large

_VERSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Content:
    """A file that was written."""

    version: str
    size_bytes: int
    #: Hex digest; S3 and so Supabase Storage give it as ETag.
    md5: str


class Spool:
    """A file under way: takes chunks, and gathers them so that the disk is asked for few large writes."""

    def __init__(self, file: BinaryIO, version: str, limit_bytes: int) -> None:
        self._file = file
        self._limit = limit_bytes
        self._digest = hashlib.md5(usedforsecurity=False)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._size = 0
        self.version = version

    async def write(self, chunk: bytes) -> None:
        """Add bytes.

        Raises:
            StorageFailure: there are more than the limit.
            OSError: the disk refuses.
        """
        self._size += len(chunk)
        if self._size > self._limit:
            raise entity_too_large()
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        if self._waiting_bytes >= CHUNK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Hand what was gathered to the system."""
        if self._waiting:
            data = b"".join(self._waiting)
            self._waiting, self._waiting_bytes = [], 0
            await asyncio.to_thread(self._append, data)

    def content(self) -> Content:
        """What was written, all flushed."""
        return Content(self.version, self._size, self._digest.hexdigest())

    def _append(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


class Disk:
    """The folder of the stored files."""

    def __init__(self, root: Path) -> None:
        self.objects = root / "objects"
        self.uploads = root / "uploads"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.objects, self.uploads):
            make_folder(folder)

    def place(self, version: str) -> Path:
        """Where the content of a version lies.

        Raises:
            FileNotFoundError: no version looks like this.
        """
        if not _VERSION.fullmatch(version):
            raise FileNotFoundError(f"{version[:40]!r} is no version of a file")
        return self.objects / version[:2] / version

    @asynccontextmanager
    async def spool(self, limit_bytes: int) -> AsyncIterator[Spool]:
        """A new file that exists, whole, when the block ends well, and not at all otherwise."""
        version = str(uuid.uuid4())
        target = whole_file(self.place(version))
        spool = Spool(await asyncio.to_thread(target.__enter__), version, limit_bytes)
        try:
            yield spool
            await spool.flush()
        except BaseException as error:
            await asyncio.to_thread(target.__exit__, type(error), error, error.__traceback__)
            raise
        await asyncio.to_thread(target.__exit__, None, None, None)

    async def open(self, version: str) -> tuple[BinaryIO, int]:
        """A stored file to read from, and its size in bytes.

        Raises:
            FileNotFoundError: it has been replaced or removed.
        """
        return await asyncio.to_thread(_open, self.place(version))

    async def duplicate(self, version: str) -> str:
        """Give the same content a second version of its own.

        Raises:
            FileNotFoundError: it has been replaced or removed.
        """
        copy = str(uuid.uuid4())
        await asyncio.to_thread(_link_or_copy, self.place(version), self.place(copy))
        return copy

    async def adopt(self, part: Path, version: str) -> Content:
        """Make what an upload has brought the content of `version`, without moving its bytes on the disk."""
        return await asyncio.to_thread(_adopt, part, self.place(version))

    async def remove(self, versions: Iterable[str | None]) -> None:
        """Remove contents that no row names any more; those already gone are fine."""
        await asyncio.to_thread(self._remove, [version for version in versions if version])

    def _remove(self, versions: list[str]) -> None:
        for version in versions:
            with suppress(FileNotFoundError):
                self.place(version).unlink()

    def old_contents(self) -> list[list[str]]:
        """Versions of contents that have been here for a while, folder by folder; unfinished files are swept."""
        found = []
        for folder in sorted(self.objects.iterdir()):
            sweep_leftovers(folder)
            found.append([file.name for file in folder.iterdir() if _is_old(file)])
        return [versions for versions in found if versions]


async def chunks(file: BinaryIO, count: int) -> AsyncIterator[bytes]:
    """Read `count` bytes from where an open file stands, and close it whatever happens."""
    try:
        while count > 0 and (data := await asyncio.to_thread(file.read, min(CHUNK_BYTES, count))):
            count -= len(data)
            yield data
    finally:
        file.close()


def _is_old(file: Path) -> bool:
    try:
        return file.suffix != PART_SUFFIX and time.time() - file.stat().st_mtime > LEFTOVER_AGE_S
    except FileNotFoundError:
        return False


def _open(path: Path) -> tuple[BinaryIO, int]:
    file = path.open("rb")
    return file, os.fstat(file.fileno()).st_size


def _link_or_copy(source: Path, target: Path) -> None:
    make_folder(target.parent)
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        with source.open("rb") as file:
            copy_whole(file, target)


def _adopt(part: Path, target: Path) -> Content:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        os.fsync(file.fileno())
        size_bytes = os.fstat(file.fileno()).st_size
    target.unlink(missing_ok=True)  # of a time before that did not come to its end
    _link_or_copy(part, target)
    return Content(target.name, size_bytes, digest.hexdigest())
