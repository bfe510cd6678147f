"""Reads the database's log as it grows: a temporary replication slot, streamed.

psycopg opens the connection; what follows (`COPY BOTH`) it has no interface for, but libpq does. The slot goes with
the connection, so nobody has to clean up, and what happens before the next one is missing: whoever reads must find
out by other means. The log is kept on disk until it is confirmed here, so the position is confirmed every few seconds
even while the reader is busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex

import psycopg
from psycopg import AsyncConnection, pq, sql

from cliprow.local.gateway.realtime.decoder import EPOCH, Change, Decoder

#: Between two confirmations; Postgres gives a reader up after a minute.
_CONFIRM_S = 5.0
_CONNECT_TIMEOUT_S = 10
#: After this much silence readers have their turn too.
_QUIET_S = 5.0
#: Changes that are handed on together.
_AT_ONCE = 100
#: Pauses before a stream is opened again, in seconds; the last one stays.
_PAUSES_S = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
#: After so long a stream has proved itself, and pauses are short again.
_PROVED_S = 10.0

logger = logging.getLogger(__name__)


class Interrupted(Exception):
    """The stream has ended; the message says why."""


class Backoff:
    """Waits longer after each failure."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._failures = 0
        self._began = time.monotonic()

    def begin(self) -> None:
        """Another try."""
        self._began = time.monotonic()

    async def pause(self, error: Exception) -> None:
        """Say why there is a pause, and wait."""
        if time.monotonic() - self._began > _PROVED_S:
            self._failures = 0
        pause = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._failures += 1
        logger.warning("%s: %s; again in %s s.", self._what, " ".join(str(error).split()), pause)
        await asyncio.sleep(pause)


class Stream:
    """The changes of some publications since the stream was opened, in the order of their commits."""

    def __init__(self, pgconn: pq.abc.PGconn) -> None:
        self._pgconn = pgconn
        self._socket = pgconn.socket
        #: When the server was last heard of, in Unix time.
        self.heard_at = time.time()
        self._readable = asyncio.Event()
        self._decoder = Decoder()
        self._received = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, slot: str, publications: Sequence[str]) -> None:
        """Ask for the changes.

        Raises:
            Interrupted: the server refused.
        """
        self._pgconn.nonblocking = 1
        self._loop.add_reader(self._socket, self._readable.set)
        names = ",".join(publications)
        self._pgconn.send_query(
            f"START_REPLICATION SLOT {slot} LOGICAL 0/0 (proto_version '1', publication_names '{names}')".encode()
        )
        self._pgconn.flush()
        while True:
            self._pgconn.consume_input()
            if not self._pgconn.is_busy():
                break
            await self._wait()
        result = self._pgconn.get_result()
        if result is None or result.status != pq.ExecStatus.COPY_BOTH:
            raise Interrupted(result.get_error_message() if result else "no answer")
        self._confirm_regularly()

    def stop(self) -> None:
        """Stop reading; the connection is closed by whoever opened it."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)

    async def changes(self) -> AsyncIterator[list[Change]]:
        """Yield what has arrived, and nothing after a while in which nothing did.

        Raises:
            Interrupted: the connection is lost, or the server ended the stream.
        """
        while True:
            try:
                self._pgconn.consume_input()
                arrived = self._take()
            except psycopg.Error as error:
                raise Interrupted(str(error)) from error
            except (KeyError, ValueError, struct.error) as error:
                raise Interrupted(f"the log cannot be understood: {error!r}") from error
            if not arrived:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_QUIET_S):
                        await self._wait()
                        continue
            yield arrived
            await asyncio.sleep(0)  # whoever is served now has its turn

    def _take(self) -> list[Change]:
        changes: list[Change] = []
        while len(changes) < _AT_ONCE:
            size, data = self._pgconn.get_copy_data(1)
            if size == 0:
                break
            if size < 0:
                result = self._pgconn.get_result()
                raise Interrupted(result.get_error_message() if result else "the server ended the stream")
            message = bytes(data)
            self.heard_at = time.time()
            if message[:1] == b"w":
                (start,) = struct.unpack_from("!Q", message, 1)
                self._received = max(self._received, start)
                change = self._decoder.decode(message[25:])
                if change is not None:
                    changes.append(change)
            elif message[:1] == b"k":
                end, _, reply_wanted = struct.unpack_from("!QqB", message, 1)
                self._received = max(self._received, end)
                if reply_wanted:
                    self._confirm()
        return changes

    def _confirm_regularly(self) -> None:
        self._timer = self._loop.call_later(_CONFIRM_S, self._confirm_regularly)
        self._confirm()

    def _confirm(self) -> None:
        """Say how far we are; a failure shows at the next read."""
        now = int((time.time() - EPOCH.timestamp()) * 1_000_000)
        position = self._received
        try:
            self._pgconn.put_copy_data(struct.pack("!cQQQqB", b"r", position, position, position, now, 0))
            self._pgconn.flush()
        except psycopg.Error:
            self._readable.set()

    async def _wait(self) -> None:
        self._readable.clear()
        await self._readable.wait()


@asynccontextmanager
async def open_stream(conninfo: str, name: str, publications: Sequence[str]) -> AsyncIterator[Stream]:
    """A stream of the publications that exist, for as long as the block lasts.

    Raises:
        Interrupted: none exists, or the server refuses.
        psycopg.Error: the database does not answer.
    """
    connection = await AsyncConnection.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,  # only the simple protocol knows the commands of replication
        connect_timeout=_CONNECT_TIMEOUT_S,
        replication="database",
        application_name=f"cliprow {name}",
    )
    try:
        found = await connection.execute(
            sql.SQL("select pubname from pg_publication where pubname = any ({}::text[])").format(
                sql.Literal(list(publications))
            )
        )
        known = sorted(name for (name,) in await found.fetchall())
        if not known:
            raise Interrupted(f"there is no publication {' or '.join(publications)}")
        slot = f"{name}_{token_hex(6)}"
        await connection.execute(
            sql.SQL("CREATE_REPLICATION_SLOT {} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')").format(
                sql.Identifier(slot)
            )
        )
        stream = Stream(connection.pgconn)
        try:
            await stream.start(slot, known)
            yield stream
        finally:
            stream.stop()
    finally:
        await connection.close()
