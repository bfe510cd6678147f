"""What waits to be sent to one websocket: a bounded queue, so that a slow reader costs nobody else anything."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from cliprow.local.gateway.realtime.frames import Message
from cliprow.local.gateway.realtime.limits import WAITING_BYTES, WAITING_MESSAGES

_DRAIN_S = 1.0


class Outbox:
    """Takes messages at once and sends them as fast as the other side reads."""

    def __init__(self, send: Callable[[Message], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        #: Set when more waits than may; nothing is taken any more.
        self.overflowed = asyncio.Event()

    def put(self, message: Message) -> None:
        """Send this after what waits already."""
        if self.overflowed.is_set():
            return
        self._waiting.append(message)
        self._bytes += len(message)
        if len(self._waiting) > WAITING_MESSAGES or self._bytes > WAITING_BYTES:
            self._waiting.clear()
            self.overflowed.set()
        self._emptied.clear()
        self._filled.set()

    async def drain(self) -> None:
        """Wait until everything is sent, but not for long."""
        if self._waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await self._emptied.wait()

    async def run(self) -> None:
        """Send until the connection ends."""
        while True:
            await self._filled.wait()
            while self._waiting:
                message = self._waiting.popleft()
                self._bytes -= len(message)
                await self._send(message)
            self._filled.clear()
            self._emptied.set()
