"""Floods, trickles and monsters: whoever sends them is cut off, and everybody else is served meanwhile."""

from __future__ import annotations

import asyncio
import json
import resource
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from cliprow.connections import HEAD_S, MAX_CONNECTIONS
from tests.security.target import Target, dribble

#: A head without end, and how a websocket's begins.
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 100
UPGRADE = (
    b"GET /realtime/v1/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: "
    + b"a" * 100
)


def test_whoever_sends_a_byte_a_second_is_cut_off_while_others_are_served(target: Target) -> None:
    ports = target.ports
    heads = [
        (ports["gateway"], HEAD),
        (ports["gateway"], UPGRADE),
        (ports["api"], HEAD),
        (ports["gateway"], b""),
    ]

    async def attack() -> list[float]:
        trickles = [
            dribble(port, head or b"\x00" * 0, HEAD_S + 8) for port, head in heads[:3] for _ in range(40)
        ]
        working = asyncio.create_task(asyncio.to_thread(work))
        times = await asyncio.gather(*trickles)
        ended.set()
        await working
        return times

    def work() -> None:
        with target.subscribed() as subscriber:
            while not ended.is_set():
                target.serves()
                target.hears(subscriber, rounds=1)
                time.sleep(0.5)

    ended = threading.Event()
    times = asyncio.run(attack())
    assert max(times) < HEAD_S + 5


@pytest.mark.parametrize("name", ["gateway", "api"])
def test_more_connections_than_may_be_shut_nobody_out(target: Target, name: str) -> None:
    wanted = MAX_CONNECTIONS + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted + 200:
        pytest.skip("this machine lets nobody open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 200), hard))
    with ExitStack() as stack, target.subscribed() as subscriber:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", target.ports[name]), 10))
            for _ in range(wanted)
        ]
        for _ in range(3):
            target.serves()
            target.hears(subscriber, rounds=1)
        assert closed_by(idle) >= wanted - MAX_CONNECTIONS
        deadline = time.monotonic() + HEAD_S + 5
        while closed_by(idle) < wanted and time.monotonic() < deadline:
            time.sleep(0.5)
        assert closed_by(idle) == wanted
        target.serves()


def closed_by(connections: list[socket.socket]) -> int:
    """On how many something has come, which here is the end."""
    poll = select.poll()
    for each in connections:
        poll.register(each, select.POLLIN)
    return len(poll.poll(1000))


@contextmanager
def beside(attack: Callable[[threading.Event], None]) -> Iterator[None]:
    """Attack in a thread for as long as the block lasts."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            with suppress(ConnectionClosed, OSError):
                attack(ended)

    attacking = threading.Thread(target=run)
    attacking.start()
    try:
        time.sleep(0.5)
        yield
    finally:
        ended.set()
        attacking.join(30)


def joins(target: Target) -> Callable[[threading.Event], None]:
    def attack(ended: threading.Event) -> None:
        with target.socket() as connection:
            for number in range(100_000):
                payload = {"config": {"private": True}, "access_token": target.person.access_token}
                connection.send(json.dumps(["1", "1", f"realtime:tenant:{number}:1", "phx_join", payload]))
                if ended.is_set():
                    return

    return attack


def messages(target: Target) -> Callable[[threading.Event], None]:
    def attack(ended: threading.Event) -> None:
        with target.socket() as connection:
            connection.send(
                json.dumps(["1", "1", "realtime:open", "phx_join", {"config": {"broadcast": {"self": True}}}])
            )
            text = json.dumps(
                ["1", "2", "realtime:open", "broadcast", {"event": "x", "payload": {"a": "x" * 1000}}]
            )
            while not ended.is_set():
                connection.send(text)

    return attack


def heartbeats(target: Target) -> Callable[[threading.Event], None]:
    def attack(ended: threading.Event) -> None:
        with target.socket() as connection:
            while not ended.is_set():
                connection.send('[null,"1","phoenix","heartbeat",{}]')

    return attack


def pings(target: Target) -> Callable[[threading.Event], None]:
    def attack(ended: threading.Event) -> None:
        with target.socket() as connection:
            while not ended.is_set():
                connection.ping()

    return attack


def fragments(target: Target) -> Callable[[threading.Event], None]:
    """A message in frames of one character each, which does not end."""

    def attack(ended: threading.Event) -> None:
        with target.socket() as connection:
            connection.send("x" for _ in range(1_000_000) if not ended.is_set())

    return attack


@pytest.mark.parametrize("flood", [joins, messages, heartbeats, pings, fragments])
def test_a_flood_from_one_socket_delays_nobody_else(
    target: Target, flood: Callable[[Target], Callable[[threading.Event], None]]
) -> None:
    process = psutil.Process(target.gateway.process.pid)
    with target.subscribed() as subscriber:
        before = process.memory_info().rss
        with beside(flood(target)):
            target.hears(subscriber, rounds=7)
            target.serves()
        assert process.memory_info().rss - before < 100_000_000


def masked(head: bytes, payload: bytes = b"") -> bytes:
    """A frame of a client whose mask changes nothing."""
    return head + b"\0\0\0\0" + payload


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x05hello",  # without a mask
        masked(b"\xc1\x85", b"hello"),  # as if compression had been agreed on
        masked(b"\xa1\x85", b"hello"),  # a reserved bit
        masked(b"\x83\x85", b"hello"),  # a reserved kind
        masked(b"\x80\x85", b"hello"),  # goes on with what has not begun
        masked(b"\x09\x85", b"hello"),  # half a ping
        masked(b"\x89\xfe\x01\x00", b"x" * 256),  # a ping that is too long
        masked(b"\x88\x81", b"x"),  # a reason of one byte
        masked(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"),  # announces 8 exabytes
        masked(b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x05", b"hello"),  # a negative length
        masked(b"\x81\x82", b"\xff\xfe"),  # no UTF-8
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_no_frame_ends_the_connection(target: Target, frame: bytes) -> None:
    with target.subscribed() as subscriber:
        with target.socket() as connection:
            connection.socket.sendall(frame)
            with pytest.raises(ConnectionClosed):
                connection.recv(10)
        target.hears(subscriber, rounds=1)
