"""The API on a real socket: slow and silent senders, heads without end, logs, stopping."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from cliprow import connections
from tests.gateway import Gateway
from tests.integration.api.conftest import Api, settings_for, sign
from tests.integration.api.process import ApiProcess, running_api


def read_all(connection: socket.socket, within_s: float) -> bytes:
    """Everything until the other side closes."""
    connection.settimeout(within_s)
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


@pytest.fixture
def connection(api_process: ApiProcess) -> socket.socket:
    return socket.create_connection((api_process.host, api_process.port), timeout=5)


def says_nothing(connection: socket.socket) -> bytes:
    return read_all(connection, connections.HEAD_S + 30)


def sends_a_head_byte_by_byte(connection: socket.socket) -> bytes:
    connection.settimeout(0.5)
    for byte in b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Slow: 1\r\n" * 100:
        try:
            connection.send(bytes([byte]))
            if answer := connection.recv(1000):
                return answer
        except TimeoutError:
            continue
    return b""


def is_slow_the_second_time(connection: socket.socket) -> bytes:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while b'"cliprow"}' not in answer:
        answer += connection.recv(65536)
    assert b" 200 " in answer
    connection.sendall(b"GET /health HT")
    return read_all(connection, connections.HEAD_S + 30)


def test_slow_and_silent_senders_are_cut_off(api_process: ApiProcess) -> None:
    def meet(manner: Callable[[socket.socket], bytes]) -> bytes:
        with socket.create_connection((api_process.host, api_process.port), timeout=5) as connection:
            return manner(connection)

    manners = (says_nothing, sends_a_head_byte_by_byte, is_slow_the_second_time)
    began = time.monotonic()
    with ThreadPoolExecutor(len(manners)) as pool:
        answers = dict(zip(manners, pool.map(meet, manners), strict=True))
    assert time.monotonic() - began < connections.HEAD_S + 30
    assert [manner.__name__ for manner, answer in answers.items() if b" 408 " not in answer] == []


def test_a_head_without_end_is_refused(connection: socket.socket) -> None:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
    answer = b""
    try:
        for _ in range(200):
            connection.sendall(b"X-Long: " + b"a" * 1000 + b"\r\n")
        answer = read_all(connection, 5)
    except OSError:
        answer = answer or b" 431 "  # closed while we were still sending
    assert b" 431 " in answer


def test_a_body_that_is_announced_and_does_not_come_does_not_hold_others_up(
    connection: socket.socket, api_process: ApiProcess
) -> None:
    connection.sendall(
        b"POST /auth/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    began = time.monotonic()
    assert httpx.get(f"{api_process.url}/health").status_code == 200
    assert time.monotonic() - began < 10
    connection.close()


def test_a_large_body_with_its_head_in_one_piece_is_no_large_head(ann: Api, api_process: ApiProcess) -> None:
    answer = httpx.post(
        f"{api_process.url}/projects",
        json={"original_idea": "Sky", "metadata": {"text": "a" * 200_000}},
        headers=dict(ann.headers),
    )
    assert (answer.status_code, "at most 64 kb" in answer.text) == (422, True)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(ann: Api, api_process: ApiProcess, chunked: bool) -> None:
    body = b'{"original_idea": "' + b"a" * 8_100_000 + b'"}'
    try:
        answer = httpx.post(
            f"{api_process.url}/projects",
            content=iter([body]) if chunked else body,
            headers={**ann.headers, "Content-Type": "application/json"},
        )
    except httpx.TransportError:
        return  # closed before everything was sent
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_requests_are_logged_with_their_ids_and_without_secrets(ann: Api, api_process: ApiProcess) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = httpx.get(
        f"{api_process.url}/projects",
        params={"text": "a secret word"},
        headers={
            **ann.headers,
            "X-Request-Id": "from-a-proxy-1",
            "Traceparent": f"00-{trace}-00f067aa0ba902b7-01",
        },
    )
    assert answer.headers["x-request-id"] == "from-a-proxy-1"
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", answer.headers["traceparent"])
    assert httpx.get(f"{api_process.url}/jobs").status_code == 401
    time.sleep(0.2)
    line = next(each for each in api_process.access() if each["request_id"] == "from-a-proxy-1")
    assert ann.person is not None
    assert (line["method"], line["route"], line["status"]) == ("GET", "/projects", 200)
    assert (line["trace_id"], line["parent_id"]) == (trace, "00f067aa0ba902b7")
    assert (line["user_id"], line["tenant_id"]) == (str(ann.person.user_id), str(ann.person.tenant_id))
    assert line["duration_ms"] > 0
    log = api_process.log.read_text()
    settings = ann.gateway.settings
    for secret in (ann.headers["Authorization"].split()[1], settings.secret_key, "a secret word"):
        assert secret not in log
    assert next(each for each in api_process.access() if each["status"] == 401)["code"] == "token_missing"


def test_requests_beyond_the_limits_are_put_off(gateway: Gateway, api: Api, tmp_path: Path) -> None:
    ann, bob = api.sign_up(), api.sign_up()
    database = settings_for(gateway).database
    with running_api(gateway, database, tmp_path, CLIPROW_API_LIMITS="5,4,1") as running:
        with httpx.Client(base_url=running.url) as client:
            statuses = [client.get("/me", headers=dict(ann.headers)).status_code for _ in range(7)]
            assert statuses.count(200) >= 5
            assert statuses[-1] == 429
            assert client.get("/me", headers=dict(bob.headers)).status_code == 200
            refused = [client.get("/me", headers={"Authorization": "Bearer x"}) for _ in range(6)]
            assert [each.status_code for each in refused][:1] == [401]
            assert (refused[-1].status_code, refused[-1].json()["code"]) == (429, "too_many_requests")
            assert int(refused[-1].headers["retry-after"]) >= 1
            tried = [client.post("/auth/signin", json={"email": "a@b.c", "password": "x"}) for _ in range(2)]
            assert [each.status_code for each in tried] == [401, 429]
            assert client.get("/health").status_code == 200


def test_what_runs_is_finished_when_it_stops(gateway: Gateway, api: Api, tmp_path: Path) -> None:
    ann = api.sign_up()
    token = sign(gateway, ann.person) if ann.person else ""
    with running_api(gateway, settings_for(gateway).database, tmp_path) as running:
        body = b'{"original_idea": "Sky"}'
        with socket.create_connection((running.host, running.port), timeout=10) as slow:
            slow.sendall(
                f"POST /projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            )
            time.sleep(0.5)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            slow.sendall(body)
            assert b" 201 " in read_all(slow, 10)
        assert running.process.wait(20) == 128 + signal.SIGTERM
        assert "Traceback" not in running.log.read_text()


def test_a_port_that_is_taken_is_said_so(gateway: Gateway, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match=f"Another program uses port {port}"):
            with running_api(gateway, settings_for(gateway).database, tmp_path, CLIPROW_API_PORT=str(port)):
                pass


def test_equal_requests_at_once_are_carried_out_once(ann: Api, api_process: ApiProcess) -> None:
    def create(_: int) -> httpx.Response:
        return httpx.post(
            f"{api_process.url}/projects",
            json={"original_idea": "Sky"},
            headers={**ann.headers, "Idempotency-Key": "at once"},
        )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(create, range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(ann.get("/projects")["items"]) == 1
