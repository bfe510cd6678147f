"""The bucket `media` as the API uses it: it signs URLs and passes files on, after the database has agreed.

Whether a caller may have a file is decided by row-level security, before anything here is called; the secret key then
opens the storage.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote, urlencode

import httpx

from cliprow.errors import CliprowError, NotAllowed, NotFound, Unavailable

BUCKET = "media"
#: Bytes read from the storage at once.
CHUNK_BYTES = 1 << 18
#: Headers of a request that the storage is to see, and of its answer that the caller is to see.
ASKED = ("range", "if-none-match", "if-modified-since", "if-range")
ANSWERED = (
    "accept-ranges", "cache-control", "content-length", "content-range", "content-type", "etag", "last-modified",
)  # fmt: skip
_TIMEOUT = httpx.Timeout(10.0, read=60.0)


class Media:
    """Files by path inside the bucket.

    Args:
        supabase_url: of the project.
        secret_key: of the project; without it nothing can be signed or read.
    """

    def __init__(self, supabase_url: str, secret_key: str) -> None:
        self._base = f"{supabase_url.rstrip('/')}/storage/v1"
        self._has_key = bool(secret_key)
        headers = {"apikey": secret_key, "authorization": f"Bearer {secret_key}"} if secret_key else {}
        # Before the server closes it: see `services.py`.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0)
        self._client = httpx.AsyncClient(headers=headers, timeout=_TIMEOUT, limits=limits)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def sign(self, path: str, ttl_s: int, file_name: str | None = None) -> str:
        """An absolute URL that serves the file for `ttl_s` seconds; with a file name it is offered for saving.

        Raises:
            NotFound: nothing is stored there.
            Unavailable: the storage does not answer.
        """
        response = await self._send(
            "POST", f"{self._base}/object/sign/{BUCKET}/{quote(path)}", json={"expiresIn": ttl_s}
        )
        await response.aread()
        self._refuse(response, path)
        url = f"{self._base}{response.json()['signedURL']}"
        return f"{url}&{urlencode({'download': file_name})}" if file_name else url

    async def open(self, path: str, headers: Mapping[str, str]) -> httpx.Response:
        """The storage's answer for a file, its body not yet read; ranges and conditions of `headers` are passed on.

        Whoever opens it closes it: `body` does at the end.

        Raises:
            NotFound: nothing is stored there.
            Unavailable: the storage does not answer.
        """
        asked = {name: headers[name] for name in ASKED if name in headers}
        # What is stored is passed on as it is: compressed on the way it would have another length.
        response = await self._send(
            "GET",
            f"{self._base}/object/authenticated/{BUCKET}/{quote(path)}",
            headers={**asked, "accept-encoding": "identity"},
        )
        if response.status_code not in {200, 206, 304, 416}:
            try:
                await response.aread()
            finally:
                await response.aclose()
            self._refuse(response, path)
        return response

    async def read(self, path: str) -> AsyncIterator[bytes]:
        """All bytes of a file, piece by piece.

        Raises:
            NotFound, Unavailable: as `open`.
        """
        async for chunk in body(await self.open(path, {})):
            yield chunk

    async def upload(self, path: str, data: bytes, media_type: str, authorization: str) -> None:
        """Store a file under its own digest, with the rights of the caller; one that is there already is the same.

        Args:
            authorization: the caller's header, by which the bucket's policies decide.

        Raises:
            NotAllowed: they do not let the caller.
            Unavailable: the storage does not answer.
        """
        response = await self._send(
            "POST",
            f"{self._base}/object/{BUCKET}/{quote(path)}",
            content=data,
            headers={"authorization": authorization, "content-type": media_type},
        )
        await response.aread()
        status = _said(response).get("statusCode", str(response.status_code))
        if status in ("401", "403"):
            raise NotAllowed(
                "The storage does not let you add files.", next_step="Ask an admin or owner of the tenant."
            )
        if status != "409":
            self._refuse(response, path)

    async def _send(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        if not self._has_key:
            raise Unavailable(
                "This deployment cannot reach its storage.",
                error_code="STORAGE_NOT_CONFIGURED",
                next_step="Its operator sets SUPABASE_SECRET_KEY for the API.",
            )
        try:
            request = self._client.build_request(
                method, url, json=json, content=content, headers=dict(headers or {})
            )
            return await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise Unavailable(
                f"The storage does not answer ({type(error).__name__}).",
                error_code="TRANSIENT_STORAGE_FAILURE",
                next_step="Repeat the request in a moment.",
            ) from error

    def _refuse(self, response: httpx.Response, path: str) -> None:
        """Raise what an answer other than success means."""
        if response.is_success:
            return
        said = _said(response)
        if response.status_code == 404 or said.get("statusCode") == "404":
            raise NotFound(
                f"The file {path.rsplit('/', 1)[-1]} is not in the storage any more.",
                error_code="STORAGE_FILE_MISSING",
                next_step="Retry the job to make it again.",
            )
        if response.status_code >= 500:
            raise Unavailable(
                f"The storage answered {response.status_code}.", error_code="TRANSIENT_STORAGE_FAILURE"
            )
        raise CliprowError(
            f"The storage refused: {said.get('message', response.status_code)}",
            error_code="STORAGE_REFUSED",
            next_step="The operator checks SUPABASE_SECRET_KEY and the bucket `media`.",
        )


async def body(response: httpx.Response) -> AsyncIterator[bytes]:
    """The bytes of an opened file, which is closed at their end."""
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            yield chunk
    finally:
        await response.aclose()


def passed_on(response: httpx.Response) -> dict[str, str]:
    """The headers of a stored file that its reader is to see."""
    return {name: response.headers[name] for name in ANSWERED if name in response.headers}


def _said(response: httpx.Response) -> dict[str, str]:
    """The storage's own words; it sends JSON, what stands before it may not."""
    try:
        found = response.json()
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def plain_name(name: str) -> str:
    r"""A file name without what has a meaning in headers and paths.

    >>> plain_name('a/b"c\n.mp4')
    'a_b_c_.mp4'
    """
    return re.sub(r'[\x00-\x1f\x7f"\\/]', "_", name) or "file"
