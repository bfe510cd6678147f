"""Supabase Storage, whichever serves it: a project, or the embedded gateway.

Small files go in one request through Supabase's own client, larger ones in pieces that go on after a lost connection.
What was sent is compared with what the storage says it holds (checksums.py) before anybody is told that it is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import msgspec
from storage3 import SyncStorageClient
from storage3.types import FileOptions

from cliprow.config import SupabaseProject
from cliprow.errors import Conflict, NotFound, Unavailable
from cliprow.files import CHUNK_BYTES
from cliprow.storage.answers import PATIENCE_S, Persistence, Refusal, as_refusal, check
from cliprow.storage.cache import Cache
from cliprow.storage.checksums import Checksums, checksums_of
from cliprow.storage.paths import BUCKET, check_path, content_hash
from cliprow.storage.resumable import ResumableUpload

if TYPE_CHECKING:
    from storage3._sync.file_api import SyncBucketProxy

#: Files larger than this go in pieces.
STANDARD_BYTES = 6 * 1024 * 1024
#: What is named by its content never changes: browsers and CDNs may keep it for a year.
_YEAR_S = "31536000"
_TIMEOUT = httpx.Timeout(connect=5, read=60, write=60, pool=60)


class Info(msgspec.Struct):
    """What the storage says of a file."""

    size: int | None = None
    etag: str | None = None
    #: What whoever stored it said.
    metadata: dict[str, object] | None = None


class SupabaseStorage:
    """The bucket `media` of a project.

    Args:
        cache: where local copies are kept.
        headers: says who asks, each time: by default the project's secret key.
        on_lost: called when nobody answers, to start the storage again; may raise what it likes of ours.
        may_replace: whether a file at the same path is replaced; users may only add.
    """

    def __init__(
        self,
        project: SupabaseProject,
        cache: Cache,
        *,
        headers: Callable[[], Mapping[str, str]] | None = None,
        on_lost: Callable[[], object] | None = None,
        patience_s: float = PATIENCE_S,
        may_replace: bool = True,
    ) -> None:
        self._base = f"{project.url}/storage/v1"
        self.cache = cache
        self._headers = headers or (lambda: secret_headers(project))
        self._on_lost, self._patience_s, self._may_replace = on_lost, patience_s, may_replace
        self._client = httpx.Client(timeout=_TIMEOUT)

    def put(self, path: str, source: Path, media_type: str) -> str:
        """Keep a copy in the cache and send that; a file already there with the same bytes is not sent again."""
        copy = self.cache.add(path, source)
        with self.cache.explained():
            sums = checksums_of(copy)
        there = self._info(path)
        if there is not None and there.size == sums.size_bytes and _says(there, sums.sha256):
            return sums.sha256
        try:
            with self.cache.explained():
                self._send(path, copy, sums, media_type)
        except Conflict:
            if self._may_replace:
                raise
            # Somebody was faster, or it was us, and the answer was lost: what is there is compared as well.
        self._verify(path, sums)
        return sums.sha256

    def fetch(self, path: str) -> Path:
        """Return the local copy; where there is none, or not a right one, download it."""
        there = self.cache.find(path)
        if there is not None:
            return there
        wanted = content_hash(path)
        with self.cache.writing(path) as file:
            digest = hashlib.sha256()

            def take(chunk: bytes) -> None:
                digest.update(chunk)
                file.write(chunk)

            self._download(path, take)
            if wanted not in (None, digest.hexdigest()):
                raise NotFound(
                    f"The storage has {path}, but not with the bytes that it was stored with.",
                    error_code="STORAGE_FILE_DAMAGED",
                    next_step="Restore the storage from a backup, or retry the job from its first stage.",
                )
        return self.cache.place(path)

    def exists(self, path: str) -> bool:
        """Ask for its size and checksum only."""
        check_path(path)
        return self._info(path) is not None

    def delete(self, path: str) -> None:
        """Remove it, here and there."""
        check_path(path)
        self._persistence(f"remove {path}").run(lambda: self._bucket().remove([path]))
        self.cache.remove(path)

    def digest(self, path: str) -> str:
        """Read all of it."""
        check_path(path)
        digest = hashlib.sha256()
        self._download(path, digest.update)
        return digest.hexdigest()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _persistence(self, what: str) -> Persistence:
        return Persistence(what, self._on_lost, self._patience_s)

    def _bucket(self) -> SyncBucketProxy:
        headers = dict(self._headers())
        return SyncStorageClient(f"{self._base}/", headers, http_client=self._client).from_(BUCKET)

    def _info(self, path: str) -> Info | None:
        def ask() -> Info | None:
            try:
                return msgspec.convert(self._bucket().info(path), Info)
            except Exception as error:
                refusal = as_refusal(error)
                if isinstance(refusal, Refusal) and refusal.status == 404:
                    return None
                raise

        return self._persistence(f"look for {path}").run(ask)

    def _send(self, path: str, file: Path, sums: Checksums, media_type: str) -> None:
        said = {"sha256": sums.sha256}
        persistence = self._persistence(f"store {path}")
        is_lasting = content_hash(path) is not None
        if sums.size_bytes > STANDARD_BYTES:
            metadata = {
                "bucketName": BUCKET,
                "objectName": path,
                "contentType": media_type,
                # Only a number is taken here; it may not be called immutable.
                "cacheControl": _YEAR_S if is_lasting else "0",
                "metadata": json.dumps(said),
            }
            headers = {**self._headers(), "x-upsert": str(self._may_replace).lower()}
            ResumableUpload(self._client, self._base, headers, metadata, file).run(persistence)
            return
        options: FileOptions = {
            "content-type": media_type,
            "cache-control": f"{_YEAR_S}, immutable" if is_lasting else "0",
            "upsert": "true" if self._may_replace else "false",
            "metadata": said,
        }
        data = file.read_bytes()
        persistence.run(lambda: self._bucket().upload(path, data, options))

    def _verify(self, path: str, sums: Checksums) -> None:
        """Compare what the storage holds with what was sent.

        Raises:
            Unavailable: it is not the same; what is there is removed, so that nobody takes it for the file.
        """
        stored = self._info(path)
        if stored is not None and stored.size == sums.size_bytes:
            if stored.etag and sums.match(stored.etag):
                return
            digest = hashlib.sha256()
            self._download(path, digest.update)
            if digest.hexdigest() == sums.sha256:
                return
        if self._may_replace:
            self._persistence(f"remove {path}").run(lambda: self._bucket().remove([path]))
        raise Unavailable(
            f"The storage has not stored {path} as it was sent.",
            error_code="STORAGE_CHECKSUM",
            next_step="It is sent again by itself. If it happens each time, look into the storage's log.",
        )

    def _download(self, path: str, take: Callable[[bytes], object]) -> None:
        """Read a stored file from its first byte to its last, going on after lost connections."""
        url = f"{self._base}/object/{BUCKET}/{quote(path)}"
        persistence = self._persistence(f"read {path}")
        taken, etag = 0, ""

        def ask() -> None:
            nonlocal taken, etag
            headers = {**self._headers(), "Accept-Encoding": "identity"}
            if taken:
                headers |= {"Range": f"bytes={taken}-", "If-Range": etag}
            with self._client.stream("GET", url, headers=headers) as answer:
                check(answer, 200, 206)
                skip = taken if answer.status_code == 200 else 0
                if skip and answer.headers.get("etag", "") != etag:
                    raise Refusal(409, "the file was replaced while it was read")
                etag = answer.headers.get("etag", "")
                for chunk in answer.iter_raw(CHUNK_BYTES):
                    new = chunk[skip:]
                    skip = max(0, skip - len(chunk))
                    if new:
                        take(new)
                        taken += len(new)
                        persistence.progressed()

        persistence.run(ask)


def secret_headers(project: SupabaseProject) -> dict[str, str]:
    """Who workers are: the service side."""
    return {"apikey": project.secret_key, "Authorization": f"Bearer {project.secret_key}"}


def _says(info: Info, sha256: str) -> bool:
    return (info.metadata or {}).get("sha256") == sha256
