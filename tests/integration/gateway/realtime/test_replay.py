"""Stored messages that a client asks for when it joins."""

from __future__ import annotations

import time

import pytest

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign
from tests.integration.gateway.realtime.raw import raw_socket


def now_ms() -> int:
    return int(time.time() * 1000)


def test_the_latest_messages_come_in_their_order_and_only_once(
    js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic, since = f"tenant:{tenant}", now_ms() - 1000
    for number in range(4):
        send(topic, "changes", {"n": number})
    js.join(
        topic,
        token=sign(tenant),
        config={"private": True, "broadcast": {"replay": {"since": since, "limit": 3}}},
    )
    replayed = [js.wait("broadcast") for _ in range(3)]
    assert [event["payload"]["n"] for event in replayed] == [1, 2, 3]
    assert all(event["meta"]["replayed"] for event in replayed)
    send(topic, "changes", {"n": 4})
    live = js.wait("broadcast")
    assert live["payload"]["n"] == 4 and "replayed" not in live["meta"]


def test_at_most_25_come(live: Gateway, sign: Sign, tenant: str, send: SendFromDatabase) -> None:
    topic = f"tenant:{tenant}"
    for number in range(30):
        send(topic, "changes", {"n": number})
    with raw_socket(live) as socket:
        socket.join(topic, token=sign(tenant), private=True, broadcast={"replay": {"since": 0, "limit": 100}})
        bodies = [socket.connection.recv(5) for _ in range(25)]
        assert all(isinstance(body, bytes) for body in bodies)
        ref = socket.send("phoenix", "heartbeat", {})
        assert socket.answer(ref)


def test_public_messages_and_older_ones_are_not_replayed(
    live: Gateway, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic = f"tenant:{tenant}"
    send(topic, "changes", {}, private=False)
    send(topic, "changes", {})
    time.sleep(0.05)
    since = now_ms()
    with raw_socket(live) as socket:
        socket.join(topic, token=sign(tenant), private=True, broadcast={"replay": {"since": since}})
        assert socket.answer(socket.send("phoenix", "heartbeat", {}))


@pytest.mark.parametrize(
    ("private", "replay", "says"),
    [
        (False, {"since": 0}, "Replay is not allowed for public channels"),
        (True, {"since": 10**20}, "Replay params are not valid"),
        (True, {"since": "yesterday"}, "InvalidJoinPayload"),
        (True, {"limit": 5}, "InvalidJoinPayload"),
        (True, 5, "InvalidJoinPayload"),
    ],
)
def test_what_cannot_be_replayed(
    live: Gateway, sign: Sign, tenant: str, private: bool, replay: object, says: str
) -> None:
    with raw_socket(live) as socket:
        answer = socket.join(
            f"tenant:{tenant}", token=sign(tenant), private=private, broadcast={"replay": replay}
        )
        assert says in answer[4]["response"]["reason"]
