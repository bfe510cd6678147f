"""The web app at /app: its files as they were built, and its page for every path that is none of them.

Pages are one document, which finds out from the address what to show. Files are named after their contents, so that
browsers keep them for good; the document is asked for each time.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from litestar import Response, Router, get
from litestar.enums import ScopeType
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ASGIApp, Receive, Scope, Send

from cliprow.api.request import ApiRequest
from cliprow.web import built_folder

PATH = "/app"
#: Pages that the system which Cliprow extends has at the same paths as the API has its resources.
_PAGES = re.compile(r"/(?:(?:projects|batches|jobs)(?:/[\w-]+)?|library|analytics)?")
_FOREVER = "public, max-age=31536000, immutable"
#: Below this, packing costs more than it saves. Bytes.
_PACK_FROM = 1_000
_NOT_BUILT = b"""<!doctype html><meta charset="utf-8"><title>Cliprow</title>
<p>The web app is not built. From a checkout, <code>cliprow up</code> builds it where Node 20 is installed; \
the REST API is described at <a href="/docs">/docs</a>.</p>"""


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes | None
    media_type: str
    etag: str
    cache_control: str


class WebApp:
    """The files of one build, in memory."""

    def __init__(self, folder: Path | None, supabase_url: str) -> None:
        self._files = {} if folder is None else dict(_read(folder))
        self._policy = content_security_policy(supabase_url)

    def answer(self, path: str, request: ApiRequest) -> Response[bytes]:
        """A file; the page for any other path, but for a name below assets/, which an older page may ask for."""
        file = self._files.get(path)
        if file is None and path.startswith("assets/"):
            return Response(b"", status_code=HTTPStatus.NOT_FOUND, media_type="text/plain")
        file = file or self._files.get("index.html")
        if file is None:
            return Response(_NOT_BUILT, status_code=HTTPStatus.NOT_FOUND, media_type="text/html")
        headers = {"ETag": file.etag, "Cache-Control": file.cache_control, "Vary": "Accept-Encoding"}
        if file.media_type.startswith("text/html"):
            headers["Content-Security-Policy"] = self._policy
        if request.headers.get("if-none-match") == file.etag:
            return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        body = file.body
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = file.packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type=file.media_type)


def content_security_policy(supabase_url: str) -> str:
    """Code of ours only; data from here and from the Supabase project. Mantine writes its variables into style elements."""
    parts = urlsplit(supabase_url)
    there = f"{parts.scheme}://{parts.netloc}"
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; worker-src 'self'; "
        f"img-src 'self' data: blob: {there}; media-src 'self' blob: {there}; connect-src 'self' {there} {socket}; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class PageRedirect:
    """Leads browsers that open a page by its old address, like /projects, to where it is now.

    Only what a person opens: programs, and the app itself, ask for data there and do not say that they navigate.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "GET" and _PAGES.fullmatch(scope["path"]):
            headers = dict(scope["headers"])
            if headers.get(b"sec-fetch-mode") == b"navigate" and b"text/html" in headers.get(b"accept", b""):
                query = scope["query_string"]
                to = PATH.encode() + scope["path"].encode() + (b"?" + query if query else b"")
                await send(
                    {
                        "type": "http.response.start",
                        "status": HTTPStatus.FOUND,
                        "headers": [(b"location", to), (b"vary", b"Sec-Fetch-Mode, Accept")],
                    }
                )
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        await self._app(scope, receive, send)


@get("/", sync_to_thread=False)
def get_start() -> Redirect:
    """Lead to the web app."""
    return Redirect(f"{PATH}/", status_code=302)


@get([PATH, f"{PATH}/{{path:path}}"], sync_to_thread=False)
def get_page(request: ApiRequest, path: FromPath[str] = "") -> Response[bytes]:
    """Answer with a file of the web app, or its page."""
    state = request.app.state
    if "web_app" not in state:
        state["web_app"] = WebApp(built_folder(), request.services.settings.supabase_url)
    app: WebApp = state["web_app"]
    return app.answer(path.lstrip("/"), request)


router = Router(path="/", route_handlers=[get_start, get_page], include_in_schema=False)


def _read(folder: Path) -> list[tuple[str, _File]]:
    return [
        (file.relative_to(folder).as_posix(), _load(file, file.relative_to(folder).as_posix()))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".") and ".vite" not in file.parts
    ]


def _load(file: Path, name: str) -> _File:
    body = file.read_bytes()
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    is_text = media_type.startswith("text/") or media_type in ("application/json", "image/svg+xml")
    return _File(
        body=body,
        packed=gzip.compress(body, mtime=0) if is_text and len(body) > _PACK_FROM else None,
        media_type=media_type,
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        cache_control=_FOREVER if name.startswith("assets/") else "no-cache",
    )
