"""Finished files of a deployment, by links that live for a minute; and the user's own files on their way there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import httpx

from cliprow.config import SupabaseProject
from cliprow.errors import NotFound, Unavailable
from cliprow.files import CHUNK_BYTES
from cliprow.models import FileRef
from cliprow.remote.api import Api
from cliprow.storage import put_upload
from cliprow.storage.cache import Cache
from cliprow.storage.supabase import SupabaseStorage

#: How often a file is asked for again whose download was cut.
_TRIES = 4


class RemoteFiles:
    """Local copies of what jobs made; kept by content, so that a second export costs nothing."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api, self._cache = api, cache
        # Not the API's client: no header of ours goes to where the files lie.
        self._client = httpx.Client(timeout=httpx.Timeout(60, connect=10), follow_redirects=True)

    def fetch(self, content_id: str, sha256: str | None) -> Path:
        """A local file with the bytes of a content.

        Raises:
            NotFound: it is not there, or not with the bytes it should have.
            NotAllowed: the user may not see it.
            Unavailable: it could not be had.
        """
        path = f"remote/artifacts/{sha256}" if sha256 else f"remote/content/{content_id}"
        there = self._cache.find(path)
        if there is not None:
            return there
        for tries_left in reversed(range(_TRIES)):
            link = self._api.get("/assets/signed-url", content_id=content_id)["url"]
            try:
                self._download(link, path, sha256)
                break
            except httpx.TransportError as error:
                if not tries_left:
                    raise Unavailable(
                        f"A file could not be downloaded: {str(error) or type(error).__name__}.",
                        error_code="DOWNLOAD_FAILED",
                        next_step="Repeat the command; what has arrived whole is kept.",
                    ) from error
        return self._cache.place(path)

    def _download(self, link: str, path: str, sha256: str | None) -> None:
        with self._client.stream("GET", link) as answer, self._cache.writing(path) as file:
            if answer.status_code != 200:
                raise NotFound(
                    f"The storage of {self._api.url} does not give the file ({answer.status_code}).",
                    error_code="STORAGE_FILE_MISSING",
                    next_step="Repeat the command; if it happens again, tell whoever runs the deployment.",
                )
            digest = hashlib.sha256()
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
            if sha256 not in (None, digest.hexdigest()):
                raise httpx.ReadError("the bytes that arrived are not those of the file")


def upload_images(api: Api, cache: Cache, paths: Iterable[tuple[Path, str]]) -> dict[Path, FileRef]:
    """Keep the user's pictures in the deployment's storage, each once.

    Args:
        paths: with their media types.

    Raises:
        NotAllowed: the user may not upload.
        OSError: one cannot be read.
    """
    files = list(paths)
    if not files:
        return {}
    about = api.get("/config")
    tenant_id = api.get("/auth/session")["tenant_id"]
    project = SupabaseProject(about["supabase_url"], about["publishable_key"], "")

    def headers() -> dict[str, str]:
        return {"apikey": project.publishable_key, "Authorization": f"Bearer {api.token()}"}

    storage = SupabaseStorage(project, cache, headers=headers, may_replace=False)
    try:
        return {
            path: put_upload(storage, tenant_id, path, role="image", name=path.name, media_type=media_type)
            for path, media_type in files
        }
    finally:
        storage.close()
