"""Refuses secret keys that come from a browser: whatever a page holds, its visitors can read."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SECRET_KEY = re.compile(r"\s*sb_secret_")

_MESSAGE = "Forbidden use of a secret API key in a browser"
_HINT = (
    "A secret key may do everything, and everybody can read what a browser holds. Use the publishable key there, and "
    "replace this secret key if it was ever published."
)


def refuse_secret_keys_in_browsers(app: ASGIApp) -> ASGIApp:
    """Middleware for all parts of the gateway, on HTTP requests and websockets alike."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if _has_secret_key(scope) and _is_browser(scope):
            await _refuse(scope, send)
        else:
            await app(scope, receive, send)

    return middleware


def _has_secret_key(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    _, _, bearer = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    sent = [headers.get(b"apikey", b"").decode("latin-1"), bearer, *query.get("apikey", [])]
    return any(SECRET_KEY.match(key) for key in sent)


def _is_browser(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"origin" in headers or b"Mozilla/" in headers.get(b"user-agent", b"")


async def _refuse(scope: Scope, send: Send) -> None:
    kind = "http.response" if scope["type"] == ScopeType.HTTP else "websocket.http.response"
    if kind != "http.response" and kind not in (scope["extensions"] or {}):
        await send(cast("Message", {"type": "websocket.close", "code": 1008, "reason": _MESSAGE}))
        return
    body = msgspec.json.encode({"message": _MESSAGE, "hint": _HINT, "error": _MESSAGE})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send(cast("Message", {"type": f"{kind}.start", "status": 401, "headers": headers}))
    await send(cast("Message", {"type": f"{kind}.body", "body": body}))
