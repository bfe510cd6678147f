"""The beginning and the end of a websocket: who calls, whether it may, and how it is let go.

A refusal is an HTTP answer with `{"error": sentence}`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

import msgspec
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from cliprow.local.gateway.keys import Caller, Keyring, Refused
from cliprow.local.gateway.realtime.exchange import Exchange
from cliprow.local.gateway.realtime.frames import VERSIONS, Message
from cliprow.local.gateway.realtime.limits import IDLE_S, Addresses
from cliprow.local.gateway.realtime.socket import Ended, Socket

logger = logging.getLogger(__name__)

_CLOSE_S = 2.0


class NotAccepted(Exception):
    """The handshake fails with this HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handshake:
    """`/realtime/v1/websocket` as an ASGI application."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._addresses = Addresses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one websocket until it ends."""
        if scope["type"] != ScopeType.WEBSOCKET:
            await _answer(send, "http", 426, "This address speaks websocket only.")
            return
        await receive()
        address = scope["client"][0] if scope["client"] else ""
        try:
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            caller = caller_of(self._exchange.keyring, query, headers)
            version = query.get("vsn", VERSIONS[0])
            if version not in VERSIONS:
                raise NotAccepted(400, f"vsn is one of {', '.join(VERSIONS)}")
            if not self._addresses.admit(address):
                raise NotAccepted(429, "Too many connected users")
        except NotAccepted as refused:
            await _answer(send, "websocket.http", refused.status, str(refused))
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            await _serve(Socket(self._exchange, version, caller, _sender(send)), receive, send)
        finally:
            self._addresses.leave(address)


def caller_of(keyring: Keyring, query: Mapping[str, str], headers: Mapping[str, str]) -> Caller:
    """Whom the API key of a websocket stands for.

    Raises:
        NotAccepted: there is none, or it is none of ours.
    """
    key = query.get("apikey") or headers.get("apikey")
    if not key:
        raise NotAccepted(401, "API key is missing")
    try:
        return keyring.of_key(key) if key.startswith("sb_") else keyring.verify(key)
    except Refused as refused:
        raise NotAccepted(401, "Token has expired" if refused.is_expired else refused.message) from refused


async def _serve(socket: Socket, receive: Receive, send: Send) -> None:
    """Read and write side by side until the client leaves, breaks the rules, falls silent or reads too slowly."""
    writing = asyncio.create_task(socket.outbox.run())
    reading = asyncio.create_task(_read(socket, receive))
    overflowing = asyncio.create_task(socket.outbox.overflowed.wait())
    tasks = {writing, reading, overflowing}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if overflowing.done():
            logger.warning("A client reads too slowly: its websocket is dropped.")
        elif reading.done() and isinstance(ended := reading.exception(), Ended):
            await socket.outbox.drain()
            with suppress(TimeoutError):  # a client that does not read is not waited for
                async with asyncio.timeout(_CLOSE_S):
                    await send({"type": "websocket.close", "code": ended.code, "reason": ended.reason})
    finally:
        socket.vanish()
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, Ended | OSError):
                logger.error("A websocket ended with an error.", exc_info=result)


async def _read(socket: Socket, receive: Receive) -> None:
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                event = await receive()
        except TimeoutError as error:
            raise Ended(1000, "nothing was heard for too long") from error
        if event["type"] != "websocket.receive":
            return
        text, data = event.get("text"), event.get("bytes")
        await socket.handle(data if text is None else text)  # type: ignore[arg-type]


def _sender(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def _send(message: Message) -> None:
        if isinstance(message, bytes):
            await send({"type": "websocket.send", "bytes": message, "text": None})
        else:
            await send({"type": "websocket.send", "bytes": None, "text": message})

    return _send


async def _answer(send: Send, protocol: str, status: int, message: str) -> None:
    body = msgspec.json.encode({"error": message})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{protocol}.response.start", "status": status, "headers": headers})  # type: ignore[misc,arg-type]
    await send({"type": f"{protocol}.response.body", "body": body, "more_body": False})  # type: ignore[misc,arg-type]
