"""Uploads of large files in pieces (TUS 1.0.0), which go on after a lost connection where they were cut."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import httpx

from cliprow.storage.answers import Persistence, Refusal, check
from cliprow.storage.withdrawal import check_wanted

logger = logging.getLogger(__name__)

#: Size of all pieces but the last; Supabase takes no other.
CHUNK_BYTES = 6 * 1024 * 1024
_VERSION = {"Tus-Resumable": "1.0.0"}
#: The server has forgotten the upload, or never knew it.
_FORGOTTEN = frozenset({404, 410})
#: How often an upload is begun anew.
_BEGINNINGS = 3


class ResumableUpload:
    """One file on its way.

    Args:
        base: address of the storage, like `https://host/storage/v1`.
        headers: who we are, and whether a file may be replaced (x-upsert); sent with every request, since the
            storage looks again when the last piece has arrived.
        metadata: what the file becomes: bucketName, objectName, contentType, cacheControl, metadata.
    """

    def __init__(
        self, client: httpx.Client, base: str, headers: dict[str, str], metadata: dict[str, str], file: Path
    ) -> None:
        self._client, self._base = client, base
        self._headers = headers | _VERSION
        self._metadata, self._file = metadata, file
        self._size = file.stat().st_size
        self._url = ""

    def run(self, persistence: Persistence) -> None:
        """Send it; what has arrived of an upload that is wanted no more, or given up, is removed.

        Raises:
            Cancelled: it is wanted no more (see withdrawal.py).
            CliprowError: the storage refuses it, or does not answer for too long.
            OSError: the file cannot be read.
        """
        try:
            self._run(persistence)
        except BaseException:
            self._terminate()
            raise

    def _run(self, persistence: Persistence) -> None:
        offset: int | None = None
        begun = 0
        while offset != self._size:
            check_wanted()
            try:
                if not self._url:
                    begun += 1
                    self._url, offset = self._begin(), 0
                elif offset is None:
                    offset = self._ask_offset()
                offset = self._send(offset)
                persistence.progressed()
            except httpx.TransportError as error:
                offset = None  # what has arrived only the server knows
                persistence.wait(error)
            except Refusal as error:
                offset = None
                if error.status in _FORGOTTEN and self._url and begun < _BEGINNINGS:
                    self._url = ""
                else:
                    persistence.wait(error)

    def _begin(self) -> str:
        """Announce the file; return where its pieces go."""
        told = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in self._metadata.items()
        )
        headers = self._headers | {"Upload-Length": str(self._size), "Upload-Metadata": told}
        answer = check(self._client.post(f"{self._base}/upload/resumable", headers=headers), 201)
        # Only what identifies the upload is taken from the answer: behind a proxy its host may be an inner one, and
        # our key goes to nobody but the storage that we were told of.
        _, _, upload_id = answer.headers.get("location", "").partition("/upload/resumable/")
        if not upload_id:
            raise Refusal(502, "the answer names no upload")
        return f"{self._base}/upload/resumable/{upload_id}"

    def _terminate(self) -> None:
        """Have the pieces removed that have arrived; the storage forgets by itself what it is not told to."""
        if self._url:
            try:
                self._client.delete(self._url, headers=self._headers)
            except httpx.TransportError as error:
                logger.warning("An upload that is given up could not be removed: %s", error)

    def _ask_offset(self) -> int:
        """How much has arrived."""
        answer = check(self._client.head(self._url, headers=self._headers), 200, 204)
        offset = int(answer.headers["upload-offset"])
        logger.info("Going on with an upload at byte %d of %d.", offset, self._size)
        return offset

    def _send(self, offset: int) -> int:
        """Send one piece; return how much has arrived then."""
        with self._file.open("rb") as file:
            file.seek(offset)
            piece = file.read(CHUNK_BYTES)
        headers = self._headers | {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = check(self._client.patch(self._url, content=piece, headers=headers), 204, 200)
        return int(answer.headers["upload-offset"])
