"""Around every request, whatever becomes of it: ids, security headers, and one line in the access log.

Works on ASGI messages, outside of the framework's routing, so that answers to unknown routes pass through it too.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

access = logging.getLogger("cliprow.api.access")

#: An id that a proxy before us has given the request already.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
#: W3C Trace Context, version 00.
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")

#: On every answer that does not say otherwise itself.
_DEFAULT_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Edge:
    """The outermost layer.

    Args:
        note_denial: told of every request that is refused with 401 or 403.
        allows_origins: other origins may call, so their pages may also load what we answer.
    """

    def __init__(
        self, app: ASGIApp, *, note_denial: Callable[[Scope, Exception], None], allows_origins: bool
    ) -> None:
        self._app = app
        self._note_denial = note_denial
        self._defaults = dict(_DEFAULT_HEADERS)
        if allows_origins:
            self._defaults[b"cross-origin-resource-policy"] = b"cross-origin"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; websockets and the lifespan pass through."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        state: dict[str, Any] = scope.setdefault("state", {})
        given = _headers(scope, b"x-request-id", b"traceparent")
        request_id = given.get(b"x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(12)
        trace = _TRACEPARENT.fullmatch(given.get(b"traceparent", ""))
        trace_id, span_id = trace[1] if trace else secrets.token_hex(16), secrets.token_hex(8)
        state |= {"request_id": request_id, "trace_id": trace_id, "note_denial": self._note_denial}
        own = [
            (b"x-request-id", request_id.encode()),
            (b"traceparent", f"00-{trace_id}-{span_id}-{trace[3] if trace else '00'}".encode()),
        ]
        if scope.get("scheme") == "https":
            own.append(_HSTS)
        status = size = 0

        async def send_on(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                there = {name.lower() for name, _ in headers}
                headers += own
                headers += [each for each in self._defaults.items() if each[0] not in there]
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            caller = state.get("caller")
            access.info(
                "request",
                extra={
                    "fields": {
                        "method": scope["method"],
                        # The template, not the path: what stands in its place may be a secret, like a link's token.
                        "route": route_of(scope),
                        "status": status,
                        "duration_ms": round((time.perf_counter() - began) * 1000, 2),
                        "bytes": size,
                        "request_id": request_id,
                        "trace_id": trace_id,
                        "span_id": span_id,
                        "parent_id": trace[2] if trace else None,
                        "address": (scope.get("client") or ("",))[0],
                        "user_id": str(caller.user_id) if caller else None,
                        "tenant_id": str(caller.tenant_id) if caller and caller.tenant_id else None,
                        "code": state.get("problem_code"),
                    }
                },
            )


def route_of(scope: Scope) -> str:
    """The pattern of a request's route, like /jobs/{job_id}."""
    return _without_types(str(scope.get("path_template") or "")) or "(none)"


@lru_cache(maxsize=1024)
def _without_types(template: str) -> str:
    return re.sub(r":\w+}", "}", template)


def _headers(scope: Scope, *wanted: bytes) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"] if name in wanted}
