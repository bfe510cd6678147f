"""Connections are bounded in time, in number and in what their heads may hold."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn

from cliprow.connections import BODY_BYTES, BoundedConnection, most_connections

HEAD = b"POST /first HTTP/1.1\r\nHost: x\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
#: Connections open at once.
MOST = 20


class Impatient(BoundedConnection):
    head_s, body_s, stalled_s = 0.6, 0.6, 0.6


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path and how much was sent; `/large` with more than a socket holds."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = b"x" * 30_000_000 if scope["path"] == "/large" else f"{scope['path']} {size}\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        echo,
        http=Impatient,
        lifespan="off",
        log_config=None,
        limit_concurrency=MOST + 1,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([opened])))
        thread.start()
        yield int(opened.getsockname()[1])
        server.should_exit = True
        thread.join(10)


def said_by(connection: socket.socket, within_s: float = 3) -> bytes:
    """Everything until the other side closes or falls silent."""
    connection.settimeout(within_s)
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return data


def ask(port: int, request: bytes, within_s: float = 1) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        connection.sendall(request)
        return said_by(connection, within_s)


def test_a_body_that_trickles_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n")
        began = time.monotonic()
        connection.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < began + 20:
            connection.send(b"x")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
        assert b" 408 " in answer
        assert 0.5 < time.monotonic() - began < 15


def test_a_large_body_that_flows_has_its_time(port: int) -> None:
    pieces = 4
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        connection.sendall(HEAD + f"Content-Length: {pieces * BODY_BYTES}\r\n\r\n".encode())
        for _ in range(pieces):
            connection.sendall(b"x" * BODY_BYTES)
            time.sleep(0.35)
        assert f"/first {pieces * BODY_BYTES}".encode() in said_by(connection, 1)


def test_who_does_not_read_is_let_go(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        assert len(said_by(connection)) < 30_000_000


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 70_000, b"\r\n".join([b"X: " + b"a" * 100] * 700)])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b""])
def test_a_head_that_is_too_long_is_refused(port: int, headers: bytes, end: bytes) -> None:
    assert ask(port, HEAD + headers + end).startswith(b"HTTP/1.1 431 ")


def test_the_newest_connection_is_served_at_the_expense_of_the_idlest(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), 3))
            idle.sendall(SECOND)
            assert b" 200 " in idle.recv(1000)
        oldest, busy = (
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 3)) for _ in range(2)
        )
        for _ in range(3 * MOST):
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", port), 3) as newest:
                newest.sendall(SECOND)
                assert b" 200 " in newest.recv(1000)
            assert time.monotonic() - began < 10
        assert oldest.fileno()
        assert busy.fileno()


def test_a_process_keeps_files_for_other_things() -> None:
    assert 64 <= most_connections() <= 2_000


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n",
        HEAD + b"Content-Length: 0, 0\r\n\r\n",
        HEAD + b"Content-Length: +0\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 0x0\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0;a=\nb\r\n\r\n",
        HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"X: a\rContent-Length: 36\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 0\n\n",
        HEAD + b"Host: y\r\n\r\n",
        b"POST /first HTTP/1.1\r\n\r\n",
        b"POST /f\xffrst HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_read_in_none(port: int, request_: bytes) -> None:
    answer = ask(port, request_ + SECOND)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_requests_may_follow_one_another(port: int) -> None:
    answer = ask(port, HEAD + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND + SECOND)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert f"/first {len(SECOND)}".encode() in answer
    assert b"/second 0" in answer
