"""What goes over a websocket, in both versions of the protocol.

    1.0.0   {"topic", "event", "payload", "ref", "join_ref"?}
    2.0.0   [join_ref, ref, topic, event, payload], and binary frames for broadcasts

Binary frames have one byte each for their kind and for the length of every string, then the encoding of the payload
(0 bytes, 1 JSON), then the strings, then the payload:

    3   join_ref, ref, topic, event, metadata   a client's broadcast
    4   topic, event, metadata                  a broadcast to clients
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

#: Versions of the protocol, as `vsn` names them; the first is meant where nothing is said.
VERSIONS = ("1.0.0", "2.0.0")

#: A websocket message: text or binary.
Message = str | bytes
#: What clients number their messages with; echoed, never interpreted.
Ref = str | int | None

_PUSH, _BROADCAST = 3, 4
_BYTES, _JSON = 0, 1
_LONGEST = 255

_encoder = msgspec.json.Encoder()


class Malformed(ValueError):
    """A frame that no client of this protocol sends; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What is sent to all who have joined a topic."""

    event: str
    #: JSON text in UTF-8, or any bytes.
    body: bytes
    is_json: bool = True
    #: `id` of a stored message, and whether it is `replayed`.
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """A message from a client; the payload is the broadcast itself where the event is one."""

    topic: str
    event: str
    payload: Any
    ref: Ref = None
    join_ref: Ref = None


class _Map(msgspec.Struct):
    topic: str
    event: str
    payload: msgspec.Raw = msgspec.Raw(b"null")
    ref: Ref = None
    join_ref: Ref = None


class _Array(msgspec.Struct, array_like=True):
    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: msgspec.Raw


class _TextBroadcast(msgspec.Struct):
    event: str
    #: Goes on as it is: nothing is lost, and nothing is written twice.
    payload: msgspec.Raw = msgspec.Raw(b"{}")


_map_decoder = msgspec.json.Decoder(_Map)
_array_decoder = msgspec.json.Decoder(_Array)
_broadcast_decoder = msgspec.json.Decoder(_TextBroadcast)


def decode(message: Message, version: str) -> Frame:
    """A client's message.

    Raises:
        Malformed: it is none of this version.
    """
    try:
        if isinstance(message, bytes):
            if version == VERSIONS[0]:
                raise Malformed("binary frames need version 2.0.0")
            return _decode_push(message)
        text = (_map_decoder if version == VERSIONS[0] else _array_decoder).decode(message)
        payload: Any
        if text.event == "broadcast":
            said = _broadcast_decoder.decode(text.payload)
            payload = Broadcast(said.event, bytes(said.payload))
        else:
            payload = msgspec.json.decode(text.payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(str(error)) from error
    return Frame(text.topic, text.event, payload, text.ref, text.join_ref)


def encode(
    version: str, topic: str, event: str, payload: object, ref: Ref = None, join_ref: Ref = None
) -> Message:
    """A message to one client."""
    if version == VERSIONS[0]:
        whole: object = {"topic": topic, "event": event, "payload": payload, "ref": ref}
    else:
        whole = [join_ref, ref, topic, event, payload]
    return _encoder.encode(whole).decode()


def encode_broadcast(version: str, topic: str, broadcast: Broadcast) -> Message | None:
    """A message to all clients of one version; None if that version cannot carry it."""
    if version != VERSIONS[0]:
        strings = (topic.encode(), broadcast.event.encode(), _meta(broadcast))
        if all(len(each) <= _LONGEST for each in strings):
            head = (_BROADCAST, *map(len, strings), _JSON if broadcast.is_json else _BYTES)
            return b"".join((bytes(head), *strings, broadcast.body))
    if not broadcast.is_json:
        return None
    payload: dict[str, object] = {
        "type": "broadcast",
        "event": broadcast.event,
        "payload": msgspec.Raw(broadcast.body),
    }
    if broadcast.meta:
        payload["meta"] = broadcast.meta
    return encode(version, topic, "broadcast", payload)


def _decode_push(message: bytes) -> Frame:
    if not message or message[0] != _PUSH:
        raise Malformed("this kind of binary frame is not one that clients send")
    if len(message) < 7:
        raise Malformed("the frame ends within its head")
    place, strings = 7, []
    for length in message[1:6]:
        strings.append(message[place : place + length])
        place += length
    if place > len(message) or message[6] not in (_BYTES, _JSON):
        raise Malformed("the head of the frame does not fit what follows")
    join_ref, ref, topic, event = (each.decode() for each in strings[:4])
    body, is_json = message[place:], message[6] == _JSON
    if is_json:
        msgspec.json.decode(body)  # others get it as it is
    return Frame(topic, "broadcast", Broadcast(event, body, is_json), ref or None, join_ref or None)


def _meta(broadcast: Broadcast) -> bytes:
    return _encoder.encode(broadcast.meta) if broadcast.meta else b""
