"""Servers that behave badly: a proxy in front of a storage, and a script provider. Each call's fate is drawn from a seed."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from cliprow.local.ports import HOST
from tests.faults.place import SEED

#: Headers of one connection, which a proxy does not hand on.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
#: Longer than any client of ours waits for an answer, in seconds.
FOR_EVER_S = 90.0


class BadServer(ThreadingHTTPServer):
    """A server whose handler asks it what becomes of each call."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], shares: Mapping[str, float]) -> None:
        super().__init__((HOST, 0), handler)
        #: Share of the calls that fare so; the rest goes well.
        self.shares = dict(shares)
        self.fates: Counter[str] = Counter()
        self.url = f"http://{HOST}:{self.server_address[1]}"
        self._random = random.Random(SEED)
        self._lock = threading.Lock()

    def draw(self) -> str:
        """What becomes of the next call."""
        with self._lock:
            fates = [*self.shares, "well"]
            weights = [*self.shares.values(), 1 - sum(self.shares.values())]
            fate = self._random.choices(fates, weights)[0]
            self.fates[fate] += 1
            return fate

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that give up are part of it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BadServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        """Nothing: the tests say what they counted."""

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def hang(self, seconds: float) -> None:
        """Say nothing, until the time is over or the client has gone."""
        self.connection.settimeout(0.5)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        self.reset()


class _StorageProxy(_Handler):
    """Fails, loses answers, or hangs, before the gateway has heard of the call or afterwards."""

    target = ""

    def _carry(self) -> None:
        data = self.body()
        match self.server.draw():
            case "refused":
                self.answer(503, b'{"statusCode":"503","error":"busy","message":"come back later"}')
            case "limited":
                self.answer(429, b'{"message":"too many"}', {"Retry-After": "0"})
            case "reset":
                self.reset()
            case "full":
                self.answer(507, b'{"statusCode":"507","message":"no space left"}')
            case "lost":
                self._forward(data)
                self.reset()
            case "half":
                status, headers, body = self._forward(data)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + 100))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self.reset()
            case "hangs":
                self.hang(8)
            case "hangs_for_ever":
                self.server.shares.pop("hangs_for_ever")  # once
                self.hang(FOR_EVER_S)
            case _:
                status, headers, body = self._forward(data)
                self.answer(status, body, headers)

    def _forward(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        target = urlsplit(self.target)
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, data, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _carry  # noqa: N815


class _Provider(_Handler):
    """An OpenAI-compatible endpoint that writes two scenes on whatever it is asked for."""

    def do_POST(self) -> None:
        asked = json.loads(self.body())
        match self.server.draw():
            case "busy":
                self.answer(429, b'{"error":{"message":"slow down"}}', {"Retry-After": "1"})
            case "broken":
                self.answer(500, b'{"error":{"message":"internal"}}')
            case "garbage":
                self.answer(200, b"<html>\xff\xfe not a completion")
            case "nonsense":
                self._say("This is no script.")
            case "never":
                self.hang(FOR_EVER_S)
            case _:
                topic = json.loads(asked["messages"][1]["content"])["topic"]
                scenes = [
                    {
                        "scene_type": kind,
                        "heading": "",
                        "voiceover_text": f"{topic} {words}.",
                        "visual_description": "words",
                        "points": [],
                    }
                    for kind, words in (("intro", "begins"), ("conclusion", "ends"))
                ]
                self._say(
                    json.dumps(
                        {
                            "title": topic,
                            "description": topic,
                            "key_points": [],
                            "hashtags": [],
                            "scenes": scenes,
                        }
                    )
                )

    def _say(self, text: str) -> None:
        answer = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        self.answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


@contextmanager
def _serving(server: BadServer) -> Iterator[BadServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def faulty_storage(target: str, shares: Mapping[str, float]) -> Iterator[BadServer]:
    """A proxy in front of the gateway at `target`, for the time of the block.

    Fates: refused, limited, reset, full, lost (done, but the answer is lost), half (of the answer), hangs,
    hangs_for_ever (once).
    """
    handler = type("_ProxyOf", (_StorageProxy,), {"target": target})
    with _serving(BadServer(handler, shares)) as server:
        yield server


@contextmanager
def faulty_provider(shares: Mapping[str, float]) -> Iterator[BadServer]:
    """A script provider, for the time of the block. Fates: busy, broken, garbage, nonsense, never."""
    with _serving(BadServer(_Provider, shares)) as server:
        yield server


def provider_settings(server: BadServer, timeout_s: float = 4) -> dict[str, str]:
    """Settings of workers that ask the provider."""
    return {
        "CLIPROW_SCRIPT_PROVIDER": "openai",
        "CLIPROW_SCRIPT_BASE_URL": server.url,
        "CLIPROW_SCRIPT_MODEL": "bad-model",
        "CLIPROW_SCRIPT_TIMEOUT_S": str(timeout_s),
    }
