"""The mailbox at /mail: what a real project would have sent, for the person at this machine and for tests.

Messages hold links that sign in, so nothing but this machine's own browser tab may read them: requests that name
another host (DNS rebinding) or come from another origin are refused, although the rest of the gateway lets any
origin call.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, Router, delete, get
from litestar.di import Provide

from cliprow.local.gateway.auth.errors import HANDLERS, AuthError
from cliprow.local.gateway.auth.service import AnyRequest, Auth

LISTED = 200

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
dt { font-weight: 600; }
.code { font: 600 1.6rem ui-monospace, monospace; letter-spacing: .2em; }
p { overflow-wrap: anywhere; }
"""


class Message(msgspec.Struct, frozen=True):
    """One message."""

    id: UUID
    recipient: str
    subject: str
    kind: str
    body: str
    link: str | None
    code: str | None
    created_at: datetime


@get("/", media_type=MediaType.HTML)
async def page(request: AnyRequest, auth: Auth) -> Response[str]:
    """The list of messages, newest first."""
    _refuse_strangers(request, auth)
    rows = "".join(
        f"<tr><td><time>{message.created_at:%Y-%m-%d %H:%M:%S}</time></td><td>{escape(message.recipient)}</td>"
        f'<td><a href="/mail/{message.id}">{escape(message.subject)}</a></td></tr>'
        for message in await _messages(auth)
    )
    table = f"<table><tr><th>Sent (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"
    return _html("Mailbox", table if rows else "<p>No messages.</p>")


@get("/{message_id:uuid}", media_type=MediaType.HTML)
async def message_page(request: AnyRequest, auth: Auth, message_id: UUID) -> Response[str]:
    """One message."""
    _refuse_strangers(request, auth)
    found = await _messages(auth, message_id=message_id)
    if not found:
        raise AuthError(404, "not_found", "There is no such message; it may have been removed.")
    message = found[0]
    link = f'<p><a href="{escape(message.link)}">{escape(message.link)}</a></p>' if message.link else ""
    code = f'<p class="code">{escape(message.code)}</p>' if message.code else ""
    text = "".join(
        f"<p>{escape(part)}</p>" for part in message.body.split("\n\n") if part != (message.link or "")
    )
    return _html(
        message.subject,
        f"<dl><dt>To</dt><dd>{escape(message.recipient)}</dd>"
        f"<dt>Sent (UTC)</dt><dd>{message.created_at:%Y-%m-%d %H:%M:%S}</dd></dl>"
        f'{text}{link}{code}<p><a href="/mail">All messages</a></p>',
    )


@get("/messages")
async def messages(request: AnyRequest, auth: Auth, to: str | None = None) -> Response[dict[str, Any]]:
    """The messages as JSON, newest first; `to` keeps those to one address."""
    _refuse_strangers(request, auth)
    return Response({"items": await _messages(auth, recipient=to)}, headers=_HEADERS)


@delete("/messages")
async def empty(request: AnyRequest, auth: Auth) -> None:
    """Remove all messages."""
    _refuse_strangers(request, auth)
    async with auth.transaction() as connection:
        await connection.execute("delete from local_stack.mailbox")


def router(auth: Auth) -> Router:
    """The routes under /mail."""
    return Router(
        path="/mail",
        route_handlers=[page, message_page, messages, empty],
        dependencies={"auth": Provide(lambda: auth, sync_to_thread=False)},
        exception_handlers=HANDLERS,
    )


async def _messages(
    auth: Auth, *, recipient: str | None = None, message_id: UUID | None = None
) -> list[Message]:
    async with auth.pool.connection() as connection:
        cursor = await connection.execute(
            """
            select id, recipient, subject, kind, body, link, code, created_at
            from local_stack.mailbox
            where (%(to)s::text is null or recipient = %(to)s) and (%(id)s::uuid is null or id = %(id)s)
            order by created_at desc, id limit %(limit)s
            """,
            {"to": recipient.lower() if recipient else None, "id": message_id, "limit": LISTED},
        )
        return [msgspec.convert(row, Message) for row in await cursor.fetchall()]


def _refuse_strangers(request: AnyRequest, auth: Auth) -> None:
    own = auth.settings.url
    host = own.partition("://")[2]
    port = host.rpartition(":")[2]
    headers = request.headers
    is_here = headers.get("host", "") in (host, f"localhost:{port}", f"127.0.0.1:{port}")
    is_own_page = headers.get("origin", own) in (own, f"http://localhost:{port}", f"http://127.0.0.1:{port}")
    if not is_here or not is_own_page or headers.get("sec-fetch-site", "none") == "cross-site":
        raise AuthError(
            403, "forbidden", f"The mailbox is for this machine only: open {own}/mail in a browser."
        )


def _html(title: str, content: str) -> Response[str]:
    return Response(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{content}</html>",
        headers=_HEADERS,
        media_type=MediaType.HTML,
    )
