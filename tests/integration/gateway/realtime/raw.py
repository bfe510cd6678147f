"""A websocket without a client library, for what no client does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.gateway import Gateway

Frame = list[Any]
PATIENCE_S = 60.0


class RawSocket:
    """Speaks version 2.0.0 of the protocol, as text."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.seen: list[Frame] = []
        self._ref = 0

    def send(self, topic: str, event: str, payload: object, join_ref: str | None = None) -> str:
        """Send a frame and return its reference."""
        self._ref += 1
        self.connection.send(json.dumps([join_ref, str(self._ref), topic, event, payload]))
        return str(self._ref)

    def join(self, topic: str, *, token: Any = None, **config: Any) -> Frame:
        """Join and return the answer."""
        payload = {"config": config, **({"access_token": token} if token else {})}
        return self.answer(self.send(f"realtime:{topic}", "phx_join", payload))

    def answer(self, ref: str) -> Frame:
        """The reply to a frame."""
        return self.wait(lambda frame: frame[1] == ref and frame[3] == "phx_reply")

    def wait(self, fits: Callable[[Frame], bool], timeout_s: float = PATIENCE_S) -> Frame:
        """The next frame for which this holds."""
        while True:
            try:
                message = self.connection.recv(timeout_s)
            except TimeoutError:
                raise AssertionError(f"no such frame came; seen: {self.seen}") from None
            assert isinstance(message, str), message
            frame = json.loads(message)
            self.seen.append(frame)
            if fits(frame):
                return frame  # type: ignore[no-any-return]

    def event(self, event: str, timeout_s: float = PATIENCE_S) -> Frame:
        """The next frame of this kind."""
        return self.wait(lambda frame: frame[3] == event, timeout_s)


def address(gateway: Gateway, *, key: str | None = None, version: str = "2.0.0") -> str:
    """Where the websocket is, with this key."""
    base = gateway.url.replace("http", "ws", 1)
    return f"{base}/realtime/v1/websocket?apikey={key or gateway.settings.publishable_key}&vsn={version}"


@contextmanager
def raw_socket(gateway: Gateway, key: str | None = None, **options: Any) -> Iterator[RawSocket]:
    """A websocket with a key, the publishable one unless another is given; `options` are those of the connection."""
    with connect(
        address(gateway, key=key),
        open_timeout=30,
        close_timeout=1,
        max_size=None,
        compression=None,
        **options,
    ) as connection:
        yield RawSocket(connection)
