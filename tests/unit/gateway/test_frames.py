"""What goes over a websocket: any message survives the way, and whatever arrives is a frame or malformed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliprow.local.gateway.realtime.frames import (
    VERSIONS,
    Broadcast,
    Frame,
    Malformed,
    decode,
    encode,
    encode_broadcast,
)

#: Text without lone surrogates, which UTF-8 cannot carry.
texts = st.text(st.characters(codec="utf-8"))
short = texts.filter(lambda text: len(text.encode()) <= 255)
refs = st.none() | short.filter(bool)
payloads = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda each: st.lists(each) | st.dictionaries(texts, each),
    max_leaves=10,
)
versions = st.sampled_from(VERSIONS)


def push(frame: Frame, meta: bytes = b"") -> bytes:
    """A client's broadcast as a binary frame."""
    broadcast = frame.payload
    strings = [
        *(str(each or "").encode() for each in (frame.join_ref, frame.ref, frame.topic, broadcast.event)),
        meta,
    ]
    return b"".join((bytes([3, *map(len, strings), int(broadcast.is_json)]), *strings, broadcast.body))


def read_broadcast(message: bytes) -> tuple[str, dict[str, Any]]:
    """Topic and payload of a binary frame for clients, read as they do."""
    assert message[0] == 4
    lengths, is_json, place, strings = message[1:4], message[4], 5, []
    for length in lengths:
        strings.append(message[place : place + length].decode())
        place += length
    topic, event, meta = strings
    body: Any = json.loads(message[place:]) if is_json else message[place:]
    payload = {"type": "broadcast", "event": event, "payload": body}
    return topic, {**payload, "meta": json.loads(meta)} if meta else payload


@given(versions, texts, texts.filter(lambda event: event != "broadcast"), payloads, refs, refs)
def test_text_survives(
    version: str, topic: str, event: str, payload: object, ref: str | None, join_ref: str | None
) -> None:
    """A client's frame looks like ours, but in the older version for `join_ref`, which ours lack."""
    message = encode(version, topic, event, payload, ref, join_ref)
    expected = Frame(topic, event, payload, ref, None if version == VERSIONS[0] else join_ref)
    assert decode(message, version) == expected


@given(short, short, payloads, refs, refs)
def test_binary_broadcasts_of_clients_survive(
    topic: str, event: str, payload: object, ref: str | None, join_ref: str | None
) -> None:
    frame = Frame(topic, "broadcast", Broadcast(event, msgspec.json.encode(payload)), ref, join_ref)
    assert decode(push(frame), VERSIONS[1]) == frame


@given(short, short, st.binary())
def test_bytes_of_clients_survive(topic: str, event: str, body: bytes) -> None:
    frame = Frame(topic, "broadcast", Broadcast(event, body, is_json=False))
    assert decode(push(frame, b"{}"), VERSIONS[1]) == frame


@given(versions, texts, texts, payloads, st.dictionaries(texts, texts))
def test_broadcasts_to_clients_survive(
    version: str, topic: str, event: str, payload: object, meta: dict[str, str]
) -> None:
    """As a binary frame where the strings are short enough for one, else as text."""
    message = encode_broadcast(version, topic, Broadcast(event, msgspec.json.encode(payload), meta=meta))
    expected = {"type": "broadcast", "event": event, "payload": payload, **({"meta": meta} if meta else {})}
    if isinstance(message, bytes):
        assert version == VERSIONS[1]
        assert read_broadcast(message) == (topic, expected)
    else:
        assert message is not None
        text = json.loads(message)
        assert text == (
            {"topic": topic, "event": "broadcast", "payload": expected, "ref": None}
            if version == VERSIONS[0]
            else [None, None, topic, "broadcast", expected]
        )


@given(short, short, st.binary())
def test_bytes_reach_only_clients_that_know_binary_frames(topic: str, event: str, body: bytes) -> None:
    broadcast = Broadcast(event, body, is_json=False)
    assert encode_broadcast(VERSIONS[0], topic, broadcast) is None
    message = encode_broadcast(VERSIONS[1], topic, broadcast)
    assert isinstance(message, bytes)
    assert read_broadcast(message)[1]["payload"] == body


@given(versions, st.binary() | st.text() | payloads.map(json.dumps))
def test_whatever_arrives_is_a_frame_or_malformed(version: str, message: bytes | str) -> None:
    try:
        assert isinstance(decode(message, version), Frame)
    except Malformed as malformed:
        assert str(malformed)


@given(st.binary(min_size=1, max_size=40))
def test_a_binary_frame_of_any_head_is_a_broadcast_or_malformed(rest: bytes) -> None:
    try:
        frame = decode(b"\x03" + rest, VERSIONS[1])
    except Malformed:
        return
    assert push(frame, rest[6 + sum(rest[:4]) :][: rest[4]]) == b"\x03" + rest


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broadcast_without_a_payload_has_an_empty_one(version: str) -> None:
    frame = decode(encode(version, "t", "broadcast", {"event": "x"}), version)
    assert frame.payload == Broadcast("x", b"{}")
