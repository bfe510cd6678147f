"""Sending by HTTP, for those who have no websocket: many messages at once, or one by its address.

To a private topic goes what the policies let the caller send. As on a real project, messages in a list that may not be
sent are passed over, while a single one is answered with 403.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from cliprow.local.gateway.keys import Caller, Keyring, Refused
from cliprow.local.gateway.realtime.exchange import Exchange
from cliprow.local.gateway.realtime.frames import Broadcast
from cliprow.local.gateway.realtime.hub import Topic
from cliprow.local.gateway.realtime.limits import FRAME_BYTES, PAYLOAD_BYTES, POSTS_PER_SECOND, Pace
from cliprow.local.gateway.realtime.policies import Unanswered

_PATH = "/realtime/v1/api/broadcast"


class _Message(msgspec.Struct):
    topic: str
    event: str
    payload: msgspec.Raw
    private: bool = False
    id: str | None = None


class _Batch(msgspec.Struct):
    messages: list[_Message]


class NotSent(Exception):
    """Nothing is sent; the answer has this status and message."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def broadcast_routes(exchange: Exchange) -> Sequence[HTTPRouteHandler]:
    """The routes for sending."""
    pace = Pace(POSTS_PER_SECOND)

    @post(_PATH, status_code=202, request_max_body_size=FRAME_BYTES)
    async def send_many(request: Request[Any, Any, Any]) -> None:
        """Send a list of messages."""
        caller = _identify(exchange.keyring, request)
        try:
            messages = msgspec.json.decode(await request.body(), type=_Batch).messages
            for message in messages:
                msgspec.json.decode(message.payload, type=dict)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise NotSent(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        for message in messages:
            _check(pace, message.payload)
        topics = {Topic(message.topic, message.private) for message in messages}
        allowed = {topic for topic in topics if await _may_send(exchange, caller, topic)}
        for message in messages:
            topic = Topic(message.topic, message.private)
            if topic in allowed:
                meta = {} if message.id is None else {"id": message.id}
                exchange.hub.broadcast(topic, Broadcast(message.event, bytes(message.payload), meta=meta))

    @post(f"{_PATH}/{{address:path}}", status_code=202, request_max_body_size=FRAME_BYTES)
    async def send_one(request: Request[Any, Any, Any], address: str, private: str = "false") -> None:
        """Send what the request holds, to `{topic}/events/{event}`."""
        caller = _identify(exchange.keyring, request)
        name, event = _address(request.scope["raw_path"].decode("latin-1"))
        body = await request.body()
        _check(pace, body)
        topic = Topic(name, private == "true")
        broadcast = Broadcast(event, body, is_json=_is_json(request.headers.get("content-type", ""), body))
        if not await _may_send(exchange, caller, topic):
            raise NotSent(HTTPStatus.FORBIDDEN, "Unauthorized")
        exchange.hub.broadcast(topic, broadcast)

    return [send_many, send_one]


def not_sent(_: Request[Any, Any, Any], error: NotSent) -> Response[dict[str, str]]:
    """The answer where nothing was sent."""
    return Response({"message": str(error)}, status_code=error.status)


def _identify(keyring: Keyring, request: Request[Any, Any, Any]) -> Caller:
    try:
        return keyring.identify(request.headers)
    except Refused as refused:
        raise NotSent(HTTPStatus.UNAUTHORIZED, refused.message) from refused


def _check(pace: Pace, body: bytes | msgspec.Raw) -> None:
    if not pace.allows():
        raise NotSent(HTTPStatus.TOO_MANY_REQUESTS, "You have exceeded your rate limit")
    if len(body) > PAYLOAD_BYTES:
        raise NotSent(HTTPStatus.UNPROCESSABLE_ENTITY, "Payload size exceeds tenant limit")


async def _may_send(exchange: Exchange, caller: Caller, topic: Topic) -> bool:
    if not topic.is_private:
        return True
    try:
        return await exchange.policies.may_send(caller, topic.name, "broadcast")
    except Unanswered as error:
        raise NotSent(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def _address(path: str) -> tuple[str, str]:
    """Topic and event, which may contain slashes, escaped."""
    match path.removeprefix(_PATH).split("/"):
        case ["", topic, "events", event] if topic and event:
            return unquote(topic), unquote(event)
    raise NotSent(HTTPStatus.NOT_FOUND, "Send to /api/broadcast/{topic}/events/{event}")


def _is_json(content_type: str, body: bytes) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/octet-stream":
        return False
    if kind != "application/json":
        raise NotSent(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json or application/octet-stream")
    try:
        if msgspec.json.decode(body) is None:
            raise NotSent(HTTPStatus.UNPROCESSABLE_ENTITY, "payload can't be blank")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotSent(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
    return True
