"""What webhooks are sent, and where it may go."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from cliprow.queue import callbacks
from cliprow.queue.callbacks import CallbackSender, Outcome, all_public, call

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class HookServer(ThreadingHTTPServer):
    """Answers as its paths say, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, HookServer)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        if self.path == "/hang":
            time.sleep(0.6)
        status = {"/busy": 503, "/away": 302, "/gone": 410}.get(self.path, 204)
        self.send_response(status)
        self.send_header("Retry-After", "30")
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook_server() -> Iterator[HookServer]:
    server = HookServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _delivery(url: str) -> dict[str, Any]:
    payload = json.dumps({"type": "job.ended", "data": {"topic": "Größe"}}, ensure_ascii=False)
    return {"id": "0190-1", "url": url, "payload": payload, "secrets": [SECRET, "whsec_b2xk"]}


def _call(url: str, *, may_be_private: bool = True) -> Outcome:
    async def _ask() -> Outcome:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await call(client, _delivery(url), may_be_private=may_be_private)

    return asyncio.run(_ask())


def test_what_is_sent_is_signed_as_others_verify_it(hook_server: HookServer) -> None:
    assert _call(f"{hook_server.url}/ok") == Outcome(204)
    [(headers, body)] = hook_server.got
    for secret in (SECRET, "whsec_b2xk"):
        assert Webhook(secret).verify(body.decode(), headers)["type"] == "job.ended"
    assert headers["webhook-id"] == "0190-1"
    assert headers["host"] == f"127.0.0.1:{hook_server.server_port}"


def test_refusals_say_what_to_do(hook_server: HookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _call(f"{hook_server.url}/busy") == Outcome(503, "It answered 503.", 30)
    assert _call(f"{hook_server.url}/away") == Outcome(
        302, "It answered 302; redirects are not followed.", 30
    )
    assert len(hook_server.got) == 2
    monkeypatch.setattr(callbacks, "CALL_S", 0.2)
    assert _call(f"{hook_server.url}/hang") == Outcome(error="It did not answer within 0 s.")
    port = hook_server.server_port
    hook_server.shutdown()
    hook_server.server_close()
    assert "could not be reached" in str(_call(f"http://127.0.0.1:{port}/").error)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "http://1.1.1.1/",
    ],
)
def test_nothing_private_is_called(url: str) -> None:
    outcome = _call(url, may_be_private=False)
    assert outcome.status is None
    assert outcome.error in ("Its address leads into a private network.", "Its address is not https.")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:a00:1::", "2001:db8::1", "::7f00:1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet(address: str) -> None:
    assert not all_public([address])
    assert not all_public(["1.1.1.1", address])


def test_addresses_of_the_public_internet() -> None:
    assert all_public(["1.1.1.1", "2606:4700:4700::1111"])
    assert not all_public([])


def test_a_sender_sends_what_is_due_side_by_side_and_settles_each(hook_server: HookServer) -> None:
    class Deliveries:
        def __init__(self) -> None:
            self.waiting = [
                {**_delivery(f"{hook_server.url}/{path}"), "id": path}
                for path in ("ok", "hang", "gone", "busy")
            ]
            self.settled: dict[str, int | None] = {}
            self.done = asyncio.Event()

        async def take_deliveries(self, limit: int) -> dict[str, Any]:
            taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
            return {"deliveries": taken, "may_be_private": True}

        async def settle_delivery(
            self, delivery_id: str, status: int | None, error: str | None, retry_after_s: float | None
        ) -> None:
            self.settled[delivery_id] = status
            if len(self.settled) == 4:
                self.done.set()

    async def _send() -> dict[str, int | None]:
        deliveries = Deliveries()
        running = asyncio.create_task(CallbackSender(deliveries).run())
        await asyncio.wait_for(deliveries.done.wait(), 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return deliveries.settled

    assert asyncio.run(_send()) == {"ok": 204, "hang": 204, "gone": 410, "busy": 503}
