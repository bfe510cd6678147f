"""Keeps one server process alive and its log short; `Keeper` runs this file, which needs only the standard library.

    python -I -S keeper.py LOCK_FILE LOG_FILE LOG_BYTES COMMAND...

The command that starts Postgres or the gateway may end or be killed long before these do, so somebody else has to be
their parent: this process, which first leaves its own parent, so that nobody who ends "all my children" ends the server.
It starts the server again when a signal killed it, and ends when the server ends by itself or was asked to (SIGTERM),
with the server's exit status printed on standard output for whoever still listens there.

LOCK_FILE is locked for as long as this process, the server, or any child of the server lives: the server inherits
the lock. The kernel lets go of it when the last of them is gone, however they went, so the lock says what process
numbers cannot: nobody uses the data. In the file stand the numbers of this process and of the server.

What the server prints goes to LOG_FILE. At most LOG_BYTES are kept: half in LOG_FILE, half in LOG_FILE.1.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Status when another process has the lock.
LOCKED = 75
#: Give up when the server was killed this often ...
KILLS = 10
#: ... within so many seconds.
KILLS_WITHIN_S = 60.0


class BoundedLog:
    """A log file that moves to `.1` when it is half as long as both together may be."""

    def __init__(self, path: str, limit_bytes: int) -> None:
        self.path = Path(path)
        self.half_bytes = limit_bytes // 2

    def write(self, data: bytes) -> None:
        """Append; on an error the data is dropped."""
        try:
            if self.path.exists() and self.path.stat().st_size + len(data) > self.half_bytes:
                self.path.replace(f"{self.path}.1")
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, data)
            finally:
                os.close(handle)
        except OSError:
            # A full disk must not block the server, which waits while nobody reads what it prints.
            pass


def take(lock_file: str) -> int | None:
    """Lock the file, or give up after a second: somebody may only be looking whether it is locked.

    Returns:
        The descriptor that has the lock; None when another process has it.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(50):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return descriptor
    return None


def run(command: list[str], lock: int, log: BoundedLog) -> int:
    """Run the server once, to its end.

    Reading until end of file also waits for the server's own children, so that the memory they share is free
    when the server starts again.

    Returns:
        Its exit status; negative: the signal that killed it.
    """
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[lock]
    )
    # Always as long, so that a reader never meets half of it.
    os.pwrite(lock, f"{os.getpid():>10}\n{server.pid:>10}\n".encode(), 0)
    assert server.stdout is not None
    while data := os.read(server.stdout.fileno(), min(65536, log.half_bytes)):
        log.write(data)
    server.stdout.close()
    return server.wait()


def keep(lock_file: str, log_file: str, log_bytes: str, *command: str) -> int:
    """Run the server, again and again if need be, until it ends by itself.

    Returns:
        Its exit status, or `LOCKED`.
    """
    lock = take(lock_file)
    if lock is None:
        return LOCKED
    log = BoundedLog(log_file, int(log_bytes))
    kills: list[float] = []
    while True:
        status = run(list(command), lock, log)
        if status >= 0 or status == -signal.SIGTERM:
            return status
        now = time.monotonic()
        kills = [moment for moment in kills if now - moment < KILLS_WITHIN_S] + [now]
        if len(kills) >= KILLS:
            log.write(f"keeper: killed {KILLS} times within {KILLS_WITHIN_S:.0f} s, giving up\n".encode())
            return 1
        log.write(f"keeper: signal {-status} killed the server, starting it again\n".encode())


def in_use(lock_file: Path) -> bool:
    """Whether anybody holds the lock: a keeper, its server, or the server's children."""
    try:
        with lock_file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def kept_by(lock_file: Path) -> tuple[int, int] | None:
    """Process numbers of the keeper and of its server; None where nobody has the lock."""
    if not in_use(lock_file):
        return None
    numbers = lock_file.read_text().split()
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else None


def read_from(path: Path, offset: int) -> str:
    """What was written to a log since it was `offset` bytes long."""
    try:
        with path.open("rb") as file:
            file.seek(offset if path.stat().st_size >= offset else 0)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def main() -> int:
    """Leave the parent, keep the server, report."""
    if os.fork():
        return 0
    status = keep(*sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), str(status).encode())
    return status


class Keeper:
    """The keeper as seen by the process that starts it. It is nobody's child and outlives us."""

    def __init__(
        self, lock: Path, log: Path, log_bytes: int, command: list[str], environment: dict[str, str]
    ) -> None:
        self._output, theirs = os.pipe()
        os.set_blocking(self._output, False)
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", __file__, str(lock), str(log), str(log_bytes), *command],
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal is not for the server
                check=True,
            )
        finally:
            os.close(theirs)

    def ended(self) -> int | None:
        """The server's exit status, or LOCKED; -1 when the keeper was killed; None while it runs."""
        try:
            return int(os.read(self._output, 16) or b"-1")
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Listen no longer."""
        os.close(self._output)


if __name__ == "__main__":
    sys.exit(main())
