"""What clients send to each other."""

from __future__ import annotations

import base64
import time

import httpx
import pytest

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient, js_client
from tests.integration.gateway.realtime.conftest import Sign
from tests.integration.gateway.realtime.raw import raw_socket


@pytest.fixture
def other(live: Gateway) -> JsClient:  # type: ignore[misc]
    """A second client, which speaks the older version of the protocol."""
    with js_client(live.url, live.settings.publishable_key, vsn="1.0.0") as client:
        yield client


def test_all_but_the_sender_receive_a_broadcast(js: JsClient, other: JsClient, tenant: str) -> None:
    js.join(tenant)
    other.join(tenant)
    js.do("send", topic=tenant, event="greeting", payload={"text": "grüß dich"})
    received = other.wait("broadcast")
    assert (received["event"], received["payload"]) == ("greeting", {"text": "grüß dich"})
    assert "meta" not in received
    js.silent_for(0.3, "broadcast")
    other.do("send", topic=tenant, event="answer", payload={"text": "und dich"})
    assert js.wait("broadcast")["payload"] == {"text": "und dich"}


def test_a_sender_that_wants_it_receives_its_own(js: JsClient, tenant: str) -> None:
    js.join(tenant, config={"broadcast": {"self": True, "ack": True}})
    js.do("send", topic=tenant, event="echo", payload={"n": 1})
    assert js.wait("broadcast")["payload"] == {"n": 1}
    assert js.wait("sent")["answer"] == "ok"


def test_bytes_reach_clients_that_can_take_them(
    live: Gateway, js: JsClient, other: JsClient, tenant: str
) -> None:
    data = {"base64": base64.b64encode(bytes(range(256))).decode()}
    js.join(tenant)
    other.join(tenant)
    with js_client(live.url, live.settings.publishable_key) as third:
        third.join(tenant)
        js.do("send", topic=tenant, event="bytes", payload=data)
        assert third.wait("broadcast")["payload"] == data
    other.silent_for(0.3, "broadcast")


def test_sending_to_a_private_topic_needs_a_policy(
    js: JsClient, other: JsClient, sign: Sign, tenant: str
) -> None:
    """Members follow `tenant:` but do not send there; in the `room:` they do both."""
    for topic in (f"tenant:{tenant}", f"room:{tenant}"):
        js.join(topic, token=sign(tenant), config={"private": True})
        other.join(topic, token=sign(tenant), config={"private": True})
    js.do("send", topic=f"tenant:{tenant}", event="x", payload={"to": "tenant"})
    js.do("send", topic=f"room:{tenant}", event="x", payload={"to": "room"})
    assert other.wait("broadcast")["payload"] == {"to": "room"}
    other.silent_for(0.3, "broadcast")


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("payload", [{"n": 1}, {"base64": "AP8="}])
def test_sending_by_http(
    js: JsClient, sign: Sign, tenant: str, private: bool, payload: dict[str, object]
) -> None:
    topic = f"room:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": private})
    js.do("post", topic=topic, event="posted", payload=payload)
    assert js.wait("broadcast")["payload"] == payload
    assert js.wait("posted")["answer"] == {"success": True}


def test_topics_and_events_with_slashes_are_addressed_by_http(
    live: Gateway, js: JsClient, tenant: str
) -> None:
    js.join(f"{tenant}/a b")
    answer = httpx.post(
        f"{live.url}/realtime/v1/api/broadcast/{tenant}%2Fa%20b/events/c%2Fd",
        json={"n": 1},
        headers={"apikey": live.settings.publishable_key},
    )
    assert answer.status_code == 202
    assert js.wait("broadcast")["event"] == "c/d"


def test_a_list_by_http_reaches_what_its_sender_may_send_to(
    live: Gateway, js: JsClient, sign: Sign, tenant: str
) -> None:
    token = sign(tenant)
    topics = [f"tenant:{tenant}", f"room:{tenant}"]
    for topic in topics:
        js.join(topic, token=token, config={"private": True})
    answer = httpx.post(
        f"{live.url}/realtime/v1/api/broadcast",
        json={
            "messages": [
                {"topic": topic, "event": "x", "payload": {"to": topic}, "private": True} for topic in topics
            ]
        },
        headers={"apikey": live.settings.publishable_key, "authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 202
    assert js.wait("broadcast")["payload"] == {"to": f"room:{tenant}"}
    js.silent_for(0.3, "broadcast")


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("", b"{}", {}, 422),
        ("", b"[", {}, 422),
        ("", b'{"messages": [{"topic": "t", "event": "e", "payload": {"a": \xff}}]}', {}, 422),
        ("", b'{"messages": [{"topic": "t", "event": "e", "payload": ' + b"[" * 50_000 + b"]}]}", {}, 422),
        ("/t/events/e", b'"\xff"', {"content-type": "application/json"}, 422),
        ("", b'{"messages": [{"topic": "t", "event": "e", "payload": 1}]}', {}, 422),
        ("/t/events/e", b"{", {"content-type": "application/json"}, 422),
        ("/t/events/e", b"null", {"content-type": "application/json"}, 422),
        ("/t/events/e", b"{}", {"content-type": "text/plain"}, 415),
        ("/t/e", b"{}", {"content-type": "application/json"}, 404),
        ("/t/events/e?private=true", b"{}", {"content-type": "application/json"}, 403),
        ("/t/events/e", b"{}", {"apikey": "sb_publishable_wrong"}, 401),
        ("/t/events/e", b"x" * 6_000_000, {"content-type": "application/octet-stream"}, 413),
        ("/t/events/e", b"x" * 4_000_000, {"content-type": "application/octet-stream"}, 422),
    ],
)
def test_what_cannot_be_sent_by_http(
    live: Gateway, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    url = f"{live.url}/realtime/v1/api/broadcast{path}"
    answer = httpx.post(url, content=body, headers={"apikey": live.settings.publishable_key, **headers})
    assert answer.status_code == status
    assert isinstance(answer.json(), dict)


def test_too_many_messages_by_http_are_refused_for_a_second(live: Gateway, tenant: str) -> None:
    messages = [{"topic": tenant, "event": "e", "payload": {}}] * 501
    url, headers = f"{live.url}/realtime/v1/api/broadcast", {"apikey": live.settings.publishable_key}
    assert httpx.post(url, json={"messages": messages}, headers=headers).status_code == 429
    time.sleep(1.1)
    assert httpx.post(url, json={"messages": messages[:100]}, headers=headers).status_code == 202


def test_a_sender_without_a_key_is_unknown(live: Gateway) -> None:
    answer = httpx.post(f"{live.url}/realtime/v1/api/broadcast", json={"messages": []})
    assert answer.status_code == 401
    assert "API key" in answer.json()["message"]


def test_a_broadcast_that_is_too_long_is_refused(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant, broadcast={"ack": True})
        ref = socket.send(
            f"realtime:{tenant}", "broadcast", {"event": "e", "payload": {"text": "x" * 3_100_000}}
        )
        assert socket.answer(ref)[4] == {"status": "error", "response": {"reason": "payload_size_exceeded"}}


def test_too_many_broadcasts_close_the_channel(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant)
        for number in range(300):
            socket.send(f"realtime:{tenant}", "broadcast", {"event": "e", "payload": {"n": number}})
        assert socket.event("system")[4]["message"] == "Too many messages per second"
        socket.event("phx_close")
