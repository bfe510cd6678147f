"""Paths inside the bucket `media`, and what every storage can do with them.

Paths are `{tenant_id}/artifacts/{sha256}` for what is shared between jobs, `{tenant_id}/uploads/{sha256}` for what
users bring. The first part is always the tenant: the policies of the bucket go by it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol

from cliprow.errors import InvalidInput
from cliprow.files import sha256_of
from cliprow.models import FileRef

#: The bucket that all of Cliprow's files lie in.
BUCKET = "media"
#: Longest path inside the bucket, in characters.
MAX_PATH_CHARS = 1024
#: Longest part of a path, in bytes: what file systems take.
MAX_PART_BYTES = 255


class Storage(Protocol):
    """Files by path inside the bucket `media`."""

    def put(self, path: str, source: Path, media_type: str) -> str:
        """Store a copy of `source` and return the hex sha256 of its bytes; what lay at `path` is replaced.

        Raises:
            InvalidInput: the path is not a plain path inside the bucket, or the storage takes no such file.
            NotFound: there is no file `source`.
            NotAllowed: the storage does not let us.
            Unavailable: the storage is full, does not answer, or has not stored what was sent.
        """
        ...

    def fetch(self, path: str) -> Path:
        """Return a local file with the stored bytes, to be read only, and soon: it may be gone in some minutes.

        Raises:
            NotFound: nothing is stored at `path`, or not what its name says.
            NotAllowed: the storage does not let us.
            Unavailable: the storage does not answer.
        """
        ...

    def exists(self, path: str) -> bool:
        """Tell whether something is stored at `path`."""
        ...

    def delete(self, path: str) -> None:
        """Remove what is stored at `path`; nothing there is fine."""
        ...

    def digest(self, path: str) -> str:
        """The hex sha256 of what is stored at `path`, read from there and not from a local copy.

        Raises:
            NotFound: nothing is stored there (STORAGE_FILE_MISSING), or there is no bucket.
            NotAllowed: the storage does not let us.
            Unavailable: the storage does not answer.
        """
        ...


def artifact_path(tenant_id: object, sha256: str) -> str:
    """Return where a tenant's artifact lies.

    >>> artifact_path("0190f5fe-7c00-7a00-8000-000000000001", "ab12")
    '0190f5fe-7c00-7a00-8000-000000000001/artifacts/ab12'
    """
    return f"{tenant_id}/artifacts/{sha256}"


def upload_path(tenant_id: object, sha256: str) -> str:
    """Return where a file lies that a user of the tenant uploaded.

    >>> upload_path("0190f5fe-7c00-7a00-8000-000000000001", "ab12")
    '0190f5fe-7c00-7a00-8000-000000000001/uploads/ab12'
    """
    return f"{tenant_id}/uploads/{sha256}"


def content_hash(path: str) -> str | None:
    """The sha256 that a path promises; None where it is not named by its content.

    >>> content_hash("t/artifacts/" + "0" * 64) == "0" * 64, content_hash("t/project/clip.mp4")
    (True, None)
    """
    match = re.fullmatch(r"[^/]+/(?:artifacts|uploads)/([0-9a-f]{64})", path)
    return match[1] if match else None


def put_artifact(
    storage: Storage, tenant_id: object, source: Path, *, role: str, name: str, media_type: str
) -> FileRef:
    """Store a file under the hash of its bytes and return what names it from now on.

    Raises:
        Unavailable: the storage is full, does not answer, or the file changed while it was stored.
    """
    return _put(storage, artifact_path(tenant_id, sha256_of(source)), source, role, name, media_type)


def put_upload(
    storage: Storage, tenant_id: object, source: Path, *, role: str, name: str, media_type: str
) -> FileRef:
    """As `put_artifact`, for a user, who may write nowhere else.

    Raises:
        NotAllowed: the user may not upload.
        Unavailable: as `put_artifact`.
    """
    return _put(storage, upload_path(tenant_id, sha256_of(source)), source, role, name, media_type)


def _put(storage: Storage, path: str, source: Path, role: str, name: str, media_type: str) -> FileRef:
    size_bytes = source.stat().st_size
    sha256 = storage.put(path, source, media_type)
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
