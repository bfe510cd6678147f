"""What a client does that no client should: it gets an answer or is let go, and nobody else notices."""

from __future__ import annotations

import json
import socket as sockets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign
from tests.integration.gateway.realtime.raw import RawSocket, raw_socket


@pytest.fixture(autouse=True)
def _no_traceback(live: Gateway) -> Iterator[None]:
    """Nothing that a client does leaves a traceback in the log."""
    before = live.log.stat().st_size
    yield
    assert "Traceback" not in Path(live.log).read_bytes()[before:].decode()


def closing_code(socket: RawSocket) -> int:
    """With which code the gateway ends the connection; what comes before is remembered."""
    while True:
        try:
            message = socket.connection.recv(15)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code
        socket.seen.append(json.loads(message))


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "nonsense",
        "{}",
        "[]",
        "null",
        '["1","1","realtime:x"]',
        '["1","1",5,"phx_join",{}]',
        '[{},"1","realtime:x","phx_join",{}]',
        '["1","1","realtime:x","broadcast",5]',
        '["1","1","realtime:x","broadcast",{"event":5}]',
        '{"topic":"realtime:x","event":"phx_join","payload":{},"ref":"1"}',
        "[" * 100_000,
        '["1","1","realtime:x","phx_join",' + "[" * 100_000,
        '["1","1","realtime:x","phx_join",' + '{"config":' * 5_000 + "0" + "}" * 5_000 + "]",
        b"",
        b"\x00",
        b"\x03",
        b"\x03\x00\x00\x00\x00\x00",
        b"\x03\xff\xff\xff\xff\xff\x01",
        b"\x03\x00\x00\x01\x01\x00\x02ab{}",
        b"\x03\x00\x00\x01\x01\x00\x01\xff\xfe{}",
        b"\x03\x00\x00\x01\x01\x00\x01ab{",
        b"\x04\x01\x01\x00\x01ab{}",
        b"\xff" * 1000,
    ],
)
def test_malformed_frames_end_the_connection(live: Gateway, frame: str | bytes) -> None:
    with raw_socket(live) as socket:
        socket.connection.send(frame)
        assert closing_code(socket) == 1007


def test_text_that_is_none_ends_the_connection(live: Gateway) -> None:
    with raw_socket(live) as socket:
        socket.connection.send(b"\xff\xfe", text=True)
        assert closing_code(socket) == 1007


def test_oversized_frames_end_the_connection(live: Gateway, tenant: str) -> None:
    payload = {"event": "x", "payload": {"text": "x" * 5_100_000}}
    frame = json.dumps(["1", "2", f"realtime:{tenant}", "broadcast", payload])

    def send() -> None:
        with raw_socket(live) as socket:
            socket.join(tenant)
            socket.connection.send(frame)
            socket.event("nothing")

    with pytest.raises(ConnectionClosed) as closed:
        send()
    # the connection may be gone before the reason is read
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


@pytest.mark.parametrize("depth", [100, 480, 900, 980, 990, 995, 998, 1000, 1100])
def test_deeply_nested_frames_are_answered_or_end_the_connection(
    live: Gateway, tenant: str, depth: int
) -> None:
    deep = '{"a":' * depth + "0" + "}" * depth
    for payload in (
        f'{{"config":{{"postgres_changes":[{deep}]}}}}',
        f'{{"config":{{"private":{deep}}}}}',
        f'{{"config":{deep}}}',
    ):
        with raw_socket(live) as socket:
            socket.connection.send(f'["1","1","realtime:{tenant}","phx_join",{payload}]')
            with suppress(ConnectionClosed):
                socket.connection.send(
                    f'["1","2","realtime:{tenant}","presence",{{"event":"track","payload":{deep}}}]'
                )
                socket.answer(socket.send("phoenix", "heartbeat", {}))


def test_too_many_and_too_long_subscriptions_are_refused(live: Gateway, tenant: str) -> None:
    wish = {"event": "*", "schema": "public"}
    with raw_socket(live) as socket:
        assert "InvalidJoinPayload" in str(socket.join(tenant, postgres_changes=[wish] * 101)[4])
        long = {**wish, "table": "notes", "filter": "id=in.(" + "1," * 1_000_000 + "1)"}
        socket.join(tenant, postgres_changes=[long])
        assert "at most 5000 characters" in socket.event("system")[4]["message"]


def test_a_flood_of_joins_shuts_the_client_out(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    """Another client joins and receives meanwhile as if nothing were."""
    token, ended = sign(tenant), threading.Event()

    def flood() -> None:
        while not ended.is_set():
            with raw_socket(live) as socket, suppress(ConnectionClosed):
                for number in range(5_000):
                    config = {"config": {"private": True}, "access_token": token}
                    socket.send(f"realtime:room:{tenant}{number}", "phx_join", config)

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        time.sleep(0.5)
        started = time.monotonic()
        js.join(f"tenant:{tenant}", token=token, config={"private": True})
        assert time.monotonic() - started < 20
        for number in range(20):
            started = time.monotonic()
            send(f"tenant:{tenant}", "changes", {"n": number})
            js.wait("broadcast")
            assert time.monotonic() - started < 10
    finally:
        ended.set()
        flooding.join(30)


def test_too_many_joins_are_said_to_be_too_many(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        for number in range(400):
            socket.send(f"realtime:{tenant}-{number}", "phx_join", {})
        assert closing_code(socket) == 1008
    reasons = {frame[4]["response"].get("reason") for frame in socket.seen}
    assert "ChannelRateLimitReached: Too many channels" in reasons
    assert "ClientJoinRateLimitReached: Too many joins per second" in reasons


def test_a_slow_reader_is_dropped_and_others_are_served(
    live: Gateway, js: JsClient, tenant: str, send: SendFromDatabase
) -> None:
    js.join(tenant)
    process = psutil.Process(live.process.pid)
    with sockets.socket() as slow:
        slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", live.settings.port))
        join_by_hand(slow, live, tenant)
        before = process.memory_info().rss
        for number in range(60):
            started = time.monotonic()
            send(tenant, "long", {"n": number, "text": "x" * 500_000}, private=False)
            assert js.wait("broadcast")["payload"]["n"] == number
            assert time.monotonic() - started < 20
        assert "reads too slowly" in live.log.read_text()
        assert process.memory_info().rss - before < 60_000_000
        deadline = time.monotonic() + 15
        while is_connected(process, slow) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not is_connected(process, slow)


def join_by_hand(slow: sockets.socket, live: Gateway, topic: str) -> None:
    """Join as a client would, and then read nothing more."""
    path = f"/realtime/v1/websocket?vsn=2.0.0&apikey={live.settings.publishable_key}"
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    slow.sendall("\r\n".join((*lines, "", "")).encode())
    assert slow.recv(4096).startswith(b"HTTP/1.1 101")
    frame = json.dumps([None, "1", f"realtime:{topic}", "phx_join", {}]).encode()
    mask = b"\0\0\0\0"
    slow.sendall(bytes([0x81, 0x80 | len(frame)]) + mask + frame)
    assert b'"ok"' in slow.recv(4096)


def is_connected(process: psutil.Process, client: sockets.socket) -> bool:
    return client.getsockname() in {each.raddr for each in process.net_connections()}


def test_a_client_that_stays_silent_during_the_handshake_holds_nobody_up(live: Gateway) -> None:
    host, port = "127.0.0.1", live.settings.port
    with ExitStack() as stack:
        for _ in range(50):
            half = stack.enter_context(sockets.create_connection((host, port)))
            half.sendall(b"GET /realtime/v1/websocket HTTP/1.1\r\nHost: x\r\n")
        with raw_socket(live) as socket:
            assert socket.answer(socket.send("phoenix", "heartbeat", {}))


def test_a_hundred_clients_come_and_go(live: Gateway, tenant: str) -> None:
    """Nothing of them stays behind."""
    process = psutil.Process(live.process.pid)
    before = process.num_fds()
    with ExitStack() as stack:
        clients = [stack.enter_context(raw_socket(live)) for _ in range(100)]
        for client in clients:
            client.join(tenant, presence={"enabled": True}, broadcast={"self": True})
        clients[0].send(f"realtime:{tenant}", "broadcast", {"event": "x", "payload": {}})
        for client in clients:
            while isinstance(message := client.connection.recv(10), str):
                pass
            assert message[0] == 4
    deadline = time.monotonic() + 10
    while process.num_fds() > before + 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.num_fds() <= before + 5
