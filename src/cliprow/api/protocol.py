"""HTTP with time limits on the sender, which uvicorn by itself does not set.

Whoever sends the head or the body of a request byte by byte (slow-loris), opens a connection and says nothing, or does
not read what it asked for, is cut off; so is whoever sends a head without end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: Until the head of a request is complete: from the connection, or from the first byte after an earlier request.
HEAD_S = 10.0
#: From there until its body is.
BODY_S = 60.0
#: Without the other side reading anything of an answer.
STALLED_S = 60.0
MAX_HEAD_BYTES = 64 * 1024


class TimedProtocol(HttpToolsProtocol):
    """One connection, with a deadline for whatever it owes us next."""

    head_s, body_s, stalled_s = HEAD_S, BODY_S, STALLED_S
    max_head_bytes = MAX_HEAD_BYTES

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it in the same way
        self._expect_within(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._expect_nothing()
        self._resume()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent, unless it is a head that does not end."""
        if self._in_head and self._deadline is None:
            self._expect_within(self.head_s)
        super().data_received(data)
        if self._in_head and self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.max_head_bytes:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        if self._deadline is None:
            self._expect_within(self.head_s)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there; the body may take longer."""
        self._in_head, self._head_bytes = False, 0
        self._expect_within(self.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Nothing is owed until the answer is given."""
        self._expect_nothing()
        self._in_head = True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """From here on another protocol has the connection."""
        self._expect_nothing()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """The other side does not read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        self._resume()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; at once if the last answer is still not read."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def _expect_within(self, seconds: float) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _resume(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _too_late(self) -> None:
        self._deadline = None
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Say why, unless an answer is under way already, and close."""
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self._expect_nothing()
        self.transport.close()
