"""How a websocket begins, or why it does not."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.gateway import Gateway
from tests.integration.gateway.realtime.conftest import Sign
from tests.integration.gateway.realtime.raw import address, raw_socket


def refusal(url: str, **headers: str) -> tuple[int, dict[str, str]]:
    with pytest.raises(InvalidStatus) as failed, connect(url, additional_headers=headers, compression=None):
        pass
    response = failed.value.response
    assert response.headers["content-type"] == "application/json"
    return response.status_code, json.loads(response.body or b"")


def test_a_key_is_needed(live: Gateway) -> None:
    url = address(live).partition("?")[0]
    assert refusal(url) == (401, {"error": "API key is missing"})
    assert refusal(f"{url}?apikey=sb_publishable_wrong") == (401, {"error": "Invalid API key"})


def test_a_token_serves_as_a_key(live: Gateway, sign: Sign, tenant: str) -> None:
    """As it does for clients that are made with nothing else."""
    token = sign(tenant)
    with connect(address(live, key=token), compression=None) as connection:
        join = ["1", "1", f"realtime:tenant:{tenant}", "phx_join", {"config": {"private": True}}]
        connection.send(json.dumps(join))
        assert '"status":"ok"' in str(connection.recv(10))
    status, body = refusal(address(live, key=sign(tenant, valid_s=-1)))
    assert (status, body) == (401, {"error": "Token has expired"})
    status, body = refusal(address(live, key=token[:-4]))
    assert status == 401 and token[:-4] not in body["error"]


def test_the_version_must_be_known(live: Gateway) -> None:
    status, body = refusal(address(live, version="3.0.0"))
    assert (status, body["error"]) == (400, "vsn is one of 1.0.0, 2.0.0")


def test_a_secret_key_is_refused_from_a_browser(live: Gateway) -> None:
    status, body = refusal(address(live, key=live.settings.secret_key), Origin="https://example.com")
    assert status == 401 and "browser" in body["error"]


def test_without_an_upgrade_there_is_a_sentence(live: Gateway) -> None:
    answer = httpx.get(f"{live.url}/realtime/v1/websocket?apikey={live.settings.publishable_key}")
    assert (answer.status_code, answer.json()) == (426, {"error": "This address speaks websocket only."})


def test_no_compression_is_agreed_on(live: Gateway) -> None:
    with connect(address(live), compression="deflate") as connection:
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


def test_heartbeats_are_answered(live: Gateway) -> None:
    with raw_socket(live) as socket:
        answer = socket.answer(socket.send("phoenix", "heartbeat", {}))
        assert answer == [None, "1", "phoenix", "phx_reply", {"status": "ok", "response": {}}]


def test_the_older_version_speaks_in_objects(live: Gateway, tenant: str) -> None:
    with connect(address(live).partition("&")[0], compression=None) as connection:
        topic = f"realtime:{tenant}"
        connection.send(json.dumps({"topic": topic, "event": "phx_join", "payload": {}, "ref": "1"}))
        assert json.loads(connection.recv(10)) == {
            "topic": topic,
            "event": "phx_reply",
            "payload": {"status": "ok", "response": {"postgres_changes": []}},
            "ref": "1",
        }
        connection.send(json.dumps({"topic": topic, "event": "phx_leave", "payload": {}, "ref": "2"}))
        assert json.loads(connection.recv(10))["payload"] == {"status": "ok", "response": {}}
        closed = json.loads(connection.recv(10))
        assert (closed["event"], closed["ref"]) == ("phx_close", "1")


def test_joining_again_ends_the_first_join(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        first = socket.join(tenant)
        socket.join(tenant)
        assert [frame[3] for frame in socket.seen] == ["phx_reply", "phx_close", "phx_reply"]
        assert socket.seen[1][:2] == [first[0], first[0]]


def test_what_is_not_joined_is_not_there(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        ref = socket.send(f"realtime:{tenant}", "broadcast", {"event": "x", "payload": {}})
        assert socket.answer(ref)[4] == {"status": "error", "response": {"reason": "unmatched topic"}}
        assert socket.answer(socket.send(f"realtime:{tenant}", "phx_leave", {}))[4]["status"] == "ok"
        for topic, says in (
            ("phoenix", "unmatched topic"),
            ("realtime:", "TopicNameRequired"),
            ("realtime:" + "x" * 1001, "TopicNameTooLong"),
        ):
            answer = socket.answer(socket.send(topic, "phx_join", {}))
            assert says in answer[4]["response"]["reason"]


@pytest.mark.parametrize("payload", [5, "x", [], {"config": 5}, {"config": {"private": "perhaps"}}])
def test_a_join_that_makes_no_sense_is_refused(live: Gateway, tenant: str, payload: object) -> None:
    with raw_socket(live) as socket:
        answer = socket.answer(socket.send(f"realtime:{tenant}", "phx_join", payload))
        if payload == []:
            assert answer[4]["status"] == "ok"  # nothing asked for
        else:
            assert answer[4]["response"]["reason"].startswith("InvalidJoinPayload")


def test_a_client_can_ask_to_be_told_when_broadcasts_arrive(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant, broadcast={"replication_ready": True})
        assert socket.event("system")[4]["message"] == "Replication connection established"


def test_the_log_holds_no_keys(live: Gateway, sign: Sign, tenant: str) -> None:
    token = sign(tenant)
    with connect(address(live, key=token), compression=None):
        pass
    with raw_socket(live) as socket:
        socket.join(f"tenant:{tenant}", token=token, private=True)
    time.sleep(0.2)
    log = live.log.read_text()
    assert token not in log and live.settings.publishable_key not in log
