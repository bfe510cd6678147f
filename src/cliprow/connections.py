"""HTTP connections that cost no more than they are worth; uvicorn by itself waits for everybody as long as they like.

Whoever sends the head or the body of a request byte by byte (slow-loris), opens a connection and says nothing, or does
not read what it asked for, is cut off; so is whoever sends a head without end. When there are as many connections as
may be, whoever has owed us something for the longest time makes room for the newest.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: Until the head of a request is complete: from the connection, or from the first byte after an earlier request.
HEAD_S = 10.0
#: From there until its body is, or the next so many bytes of it.
BODY_S = 60.0
BODY_BYTES = 1024 * 1024
#: Without the other side reading anything of an answer.
STALLED_S = 60.0
MAX_HEAD_BYTES = 64 * 1024
#: Connections open at once, where the process may have so many files open.
MAX_CONNECTIONS = 2_000
#: Files that a process needs for all else: the database, stored files, modules.
_OTHER_FILES = 256
_FEWEST_CONNECTIONS = 64


def most_connections() -> int:
    """How many connections this process can have open at once; lets it open as many files, if it may do so itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if 0 <= soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        min(MAX_CONNECTIONS, max(_FEWEST_CONNECTIONS, soft - _OTHER_FILES)) if soft >= 0 else MAX_CONNECTIONS
    )


class _NotServed(Exception):
    """Ends the parsing of a request."""


class BoundedConnection(HttpToolsProtocol):
    """One connection, with a deadline for whatever it owes us next.

    Takes the most connections from uvicorn's `limit_concurrency`, which then also is the most requests under way.
    """

    head_s, body_s, stalled_s = HEAD_S, BODY_S, STALLED_S
    max_head_bytes = MAX_HEAD_BYTES
    #: Connections that owe us a request or the rest of one, those that have done so for longest first.
    _owing: ClassVar[dict[BoundedConnection, None]] = {}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._body_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head; at the expense of somebody else, if need be."""
        is_full = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency - 1
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it in the same way
        if is_full:
            next(iter(self._owing), self)._give_way()
        self._expect_within(self.head_s)
        self._owes(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._owes(False)
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
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > self.max_head_bytes:
            self._refuse(431)
            raise _NotServed
        if self._is_ambiguous():
            raise _NotServed  # which is answered with 400
        self._in_head, self._head_bytes, self._body_bytes = False, 0, 0
        self._expect_within(self.body_s)
        self._owes(True)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """More of the body is there; whoever goes on sending has time for all of it, while somebody wants it."""
        self._body_bytes += len(body)
        if self._body_bytes >= BODY_BYTES and not self.cycle.response_complete:
            self._body_bytes = 0
            self._expect_within(self.body_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing is owed until the answer is given."""
        self._expect_nothing()
        self._owes(False)
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """From here on the next request is, unless it is there already."""
        if not self.pipeline:
            self._owes(True)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no request, unless something has been said about it."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def handle_websocket_upgrade(self) -> None:
        """From here on another protocol has the connection."""
        self._expect_nothing()
        self._owes(False)
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

    def _give_way(self) -> None:
        self._owes(False)
        self.connections.discard(self)
        self.transport.abort()

    def _is_ambiguous(self) -> bool:
        """Whether a proxy in front of us may have read another request in this one."""
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        hosts = sum(name == b"host" for name, _ in self.headers)
        if self.parser.get_http_version() == "1.1":
            return codings not in ([], [b"chunked"]) or hosts != 1
        return bool(codings) or hosts > 1

    def _owes(self, anything: bool) -> None:
        self._owing.pop(self, None)
        if anything and not self.transport.is_closing():
            self._owing[self] = None

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
        if self.flow.read_paused:
            self._expect_within(self.body_s)  # it is we who do not read
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Say why, unless an answer is under way already, and close."""
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        is_answered = cycle is not None and (cycle.response_complete or cycle.response_started)
        if not is_answered or (self._in_head and cycle.response_complete):
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self._expect_nothing()
        self.transport.close()
