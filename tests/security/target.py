"""A gateway and an API as deployed, each a process, under attack; and what may never come out of them."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from psycopg.conninfo import conninfo_to_dict
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.gateway import Gateway
from tests.integration.api.process import ApiProcess
from tests.people import Person
from tests.sql.world import World

#: Longest that somebody else may wait for an answer while an attack goes on, in seconds, on a busy machine.
PROMPT_S = 15.0


@dataclass
class Target:
    """What is attacked, and somebody who goes on using it."""

    gateway: Gateway
    api: ApiProcess
    world: World
    person: Person
    tenant_id: str
    postgres_log: Path
    #: Bodies of all answers that the attacks got.
    said: list[str] = field(default_factory=list)
    #: What the attacks sent that is nobody's business.
    sent: list[str] = field(default_factory=list)

    @property
    def ports(self) -> dict[str, int]:
        """Ports by the name of what listens there."""
        return {"gateway": self.gateway.settings.port, "api": self.api.port}

    def url(self, name: str) -> str:
        """Where one of the two is."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def ask(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; its answer is kept, to be looked through for secrets."""
        headers = {"apikey": self.gateway.settings.publishable_key, **options.pop("headers", {})}
        answer = httpx.request(method, f"{self.url(name)}{path}", headers=headers, timeout=20, **options)
        if not answer.is_success:
            self.said.append(f"{answer.headers}\n{answer.text}")
        return answer

    @property
    def bearer(self) -> dict[str, str]:
        """The header of the person who is signed in."""
        return {"Authorization": f"Bearer {self.person.access_token}"}

    def serves(self) -> None:
        """Check that both answer somebody who is signed in, promptly."""
        for name, path in (("api", "/me"), ("gateway", "/rest/v1/projects?select=id")):
            began = time.monotonic()
            answer = self.ask(name, "GET", path, headers=self.bearer)
            assert answer.status_code == 200, (name, answer.text)
            assert time.monotonic() - began < PROMPT_S, name

    @contextmanager
    def subscribed(self) -> Iterator[Connection]:
        """A websocket that has joined the person's tenant."""
        with self.socket() as connection:
            topic = f"realtime:tenant:{self.tenant_id}:1"
            payload = {"config": {"private": True}, "access_token": self.person.access_token}
            connection.send(json.dumps(["1", "1", topic, "phx_join", payload]))
            assert '"status":"ok"' in str(connection.recv(10))
            yield connection

    def socket(self) -> Connection:
        """A websocket of the gateway."""
        key = self.gateway.settings.publishable_key
        url = f"ws://127.0.0.1:{self.ports['gateway']}/realtime/v1/websocket?apikey={key}&vsn=2.0.0"
        return connect(url, open_timeout=20, close_timeout=1, compression=None)

    def hears(self, subscriber: Connection, rounds: int = 5) -> None:
        """Check that what the database sends reaches a subscriber within a second, as a rule."""
        waits = []
        for number in range(rounds):
            mark = f"mark-{number}-{time.monotonic()}"
            began = time.monotonic()
            self.world.run(
                "select realtime.send(jsonb_build_object('mark', %s::text), 'changes', %s, true)",
                mark,
                f"tenant:{self.tenant_id}:1",
            )
            while mark.encode() not in _bytes(subscriber.recv(PROMPT_S)):
                pass
            waits.append(time.monotonic() - began)
        assert sorted(waits)[rounds // 2] < 1, waits

    def secrets(self) -> set[str]:
        """What may stand neither in a log nor in an answer to somebody else."""
        settings = self.gateway.settings
        known = {
            settings.secret_key,
            settings.jwt_secret,
            *settings.jwt_private_key.splitlines()[1:-1],
            *(
                str(conninfo_to_dict(each)["password"])
                for each in (settings.auth_db, settings.rest_db, settings.storage_db, settings.realtime_db)
            ),
            self.person.access_token,
            self.person.refresh_token,
            *self.sent,
        }
        known |= {token.rpartition(".")[2] for token in known if token.count(".") == 2}
        return {each for each in known if len(each) > 7}

    def logs(self) -> dict[str, Path]:
        """What the processes wrote, by name; the log of Postgres among them."""
        return {"gateway": self.gateway.log, "api": self.api.log, "postgres": self.postgres_log}


def leaks(secrets: Iterable[str], texts: dict[str, str]) -> list[str]:
    """Where something stands that may not."""
    return [
        f"{name}: {secret[:12]}..." for name, text in texts.items() for secret in secrets if secret in text
    ]


def exchange(port: int, data: bytes, within_s: float = 5) -> bytes:
    """Send bytes as they are, and read until the other side closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(within_s)
        answer = b""
        with suppress(OSError):
            connection.sendall(data)
        with suppress(OSError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


async def dribble(port: int, data: bytes, limit_s: float, pause_s: float = 1.0) -> float:
    """Send one byte a second until the other side closes; how long it took to, or infinity."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    closed = asyncio.create_task(reader.read())
    try:
        for byte in data:
            writer.write(bytes([byte]))
            done, _ = await asyncio.wait({closed}, timeout=pause_s)
            if done:
                return time.monotonic() - began
            if time.monotonic() - began > limit_s:
                break
        return float("inf")
    finally:
        closed.cancel()
        with suppress(OSError):
            writer.close()


def _bytes(message: str | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.encode()
