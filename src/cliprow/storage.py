"""Where media lives: one small interface, and the folder that implements it without a server.

Paths are those of the bucket `media`: `{tenant_id}/artifacts/{sha256}` and
`{tenant_id}/{project_id}/{job_id}/{stage}/...`. The first part is always the tenant.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cliprow.errors import CliprowError, InvalidInput, NotFound, Unavailable
from cliprow.files import DISK_FULL, copy_whole, sha256_of, sweep_leftovers
from cliprow.models import FileRef

#: Longest path inside the bucket, in characters.
MAX_PATH_CHARS = 1024
#: Longest part of a path, in bytes: what file systems take.
MAX_PART_BYTES = 255


class Storage(Protocol):
    """Files by path inside the bucket `media`."""

    def put(self, path: str, source: Path, media_type: str) -> str:
        """Store a copy of `source` and return the hex sha256 of its bytes; what lay at `path` is replaced.

        Raises:
            InvalidInput: the path is not a plain path inside the bucket.
            NotFound: there is no file `source`.
            Unavailable: the storage is full or does not answer.
        """
        ...

    def fetch(self, path: str) -> Path:
        """Return a local file with the stored bytes, to be read only.

        Raises:
            NotFound: nothing is stored at `path`.
            Unavailable: the storage does not answer.
        """
        ...

    def exists(self, path: str) -> bool:
        """Tell whether something is stored at `path`."""
        ...

    def delete(self, path: str) -> None:
        """Remove what is stored at `path`; nothing there is fine."""
        ...


class FolderStorage:
    """The bucket as a folder of this machine, for the embedded stack.

    Everything in it is readable by its owner only. The media type is not kept: the row that names the file has it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, source: Path, media_type: str) -> str:
        """Copy through a temporary name; a file already there with the same bytes is left as it is."""
        target = self._place(path)
        try:
            file = source.open("rb")
        except OSError as error:
            raise NotFound(
                f"Cannot read {source} to store it: {error.strerror}.", error_code="SOURCE_UNREADABLE"
            ) from error
        with file:
            try:
                if target.is_file() and target.stat().st_size == os.fstat(file.fileno()).st_size:
                    digest = sha256_of(source)
                    if sha256_of(target) == digest:
                        return digest
                digest = copy_whole(file, target)
                sweep_leftovers(target.parent)
            except OSError as error:
                raise _explain(error, self.root) from error
        return digest

    def fetch(self, path: str) -> Path:
        """Return the stored file itself; never write to it."""
        place = self._place(path)
        if not place.is_file():
            raise NotFound(
                f"The storage has no file {path}.",
                error_code="STORAGE_FILE_MISSING",
                next_step=f"Restore {self.root} from a backup, or retry the job to make the file again.",
            )
        return place

    def exists(self, path: str) -> bool:
        """Tell whether something is stored at `path`."""
        return self._place(path).is_file()

    def delete(self, path: str) -> None:
        """Remove what is stored at `path`; its folders stay, since a writer may be about to use them."""
        try:
            self._place(path).unlink(missing_ok=True)
        except OSError as error:
            raise _explain(error, self.root) from error

    def _place(self, path: str) -> Path:
        check_path(path)
        return self.root.joinpath(*path.split("/"))


def artifact_path(tenant_id: object, sha256: str) -> str:
    """Return where a tenant's artifact lies.

    >>> artifact_path("0190f5fe-7c00-7a00-8000-000000000001", "ab12")
    '0190f5fe-7c00-7a00-8000-000000000001/artifacts/ab12'
    """
    return f"{tenant_id}/artifacts/{sha256}"


def put_artifact(
    storage: Storage, tenant_id: object, source: Path, *, role: str, name: str, media_type: str
) -> FileRef:
    """Store a file under the hash of its bytes and return what names it from now on.

    Raises:
        Unavailable: the storage is full, does not answer, or the file changed while it was stored.
    """
    sha256, size_bytes = sha256_of(source), source.stat().st_size
    path = artifact_path(tenant_id, sha256)
    if storage.put(path, source, media_type) != sha256:
        storage.delete(path)
        raise Unavailable(f"{name} changed while it was stored.", error_code="SOURCE_CHANGED")
    return FileRef(
        role=role, name=name, sha256=sha256, path=path, size_bytes=size_bytes, media_type=media_type
    )


def check_path(path: str) -> None:
    """Refuse a path that is not a plain one inside the bucket.

    Raises:
        InvalidInput: absolute, empty, too long, with `..`, a part that starts with a dot, a backslash or a
            control character.
    """
    parts = path.split("/")
    plain = (
        len(path) <= MAX_PATH_CHARS
        and len(parts) > 1
        and all(
            part and not part.startswith(".") and len(part.encode(errors="replace")) <= MAX_PART_BYTES
            for part in parts
        )
        and path.isprintable()
        and "\\" not in path
        and not (os.name == "nt" and ":" in path)
    )
    if not plain:
        raise InvalidInput(
            f"{path[:200]!r} is not a path inside the bucket.", error_code="INVALID_STORAGE_PATH"
        )


def _explain(error: OSError, root: Path) -> CliprowError:
    if error.errno in DISK_FULL:
        return Unavailable(
            f"The disk with {root} is full.",
            error_code="STORAGE_FULL",
            next_step="Free some space there; the work goes on by itself, nothing is lost.",
        )
    return Unavailable(
        f"Cannot write to the storage in {root}: {error.strerror}.",
        error_code="TRANSIENT_STORAGE_FAILURE",
        next_step="Check the folder's owner, rights and disk with `cliprow doctor`.",
    )
