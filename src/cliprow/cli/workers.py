"""The worker that a command runs while it waits, when nobody else's is there."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cliprow import db
from cliprow.cli.session import Session
from cliprow.errors import MissingDependency

logger = logging.getLogger(__name__)

#: A worker that does not end by then is killed; its tasks are rescued. Seconds.
_STOP_LIMIT_S = 30.0
_LOOK_EVERY_S = 3.0
#: Workers that end in a row because they could not start.
_START_TRIES = 3
#: Logs of earlier workers that are kept.
_KEPT_LOGS = 10


class OwnWorker:
    """A `cliprow worker` of our own, started when it is needed.

    Of the commands that wait at the same time on this machine, one has the worker: whoever holds `worker.lock`.
    """

    def __init__(self, session: Session, lock: IO[bytes]) -> None:
        self._session = session
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._looked_at = -math.inf
        self._failed_starts = 0
        self.log = session.config.home / "logs" / f"worker-{os.getpid()}.log"

    def ensure(self) -> bool:
        """Start a worker unless one is alive; call it now and then, since another command's may go.

        Looks at the database only every few seconds. Returns whether the worker is ours.

        Raises:
            MissingDependency: ours could not start; its log says why.
        """
        if self._process is not None:
            if self._process.poll() is None:
                return True
            self._note_end(self._process.returncode)
            self._process = None
        if time.monotonic() - self._looked_at < _LOOK_EVERY_S:
            return False
        self._looked_at = time.monotonic()
        if not self._has_lock() or self._is_one_alive():
            return False
        self._start()
        return True

    def _start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        remove_old_logs(self.log.parent)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "cliprow", "worker", "--grace", "2"),
                    *("--log", str(self.log), "--until-eof"),
                ],
                # However we end, the kernel closes this pipe, and the worker stops.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us; we then tell the worker.
                start_new_session=True,
            )

    def _note_end(self, code: int) -> None:
        """Ours ended by itself: killed, which is no reason to give up, or unable to start, again and again."""
        self._failed_starts = self._failed_starts + 1 if code == 1 else 0
        if self._failed_starts >= _START_TRIES:
            raise MissingDependency(
                f"The worker could not start. {last_line(self.log)}",
                error_code="WORKER_DOES_NOT_START",
                next_step=f"Read {self.log}, or run `cliprow doctor`.",
            )
        logger.warning("The worker ended with status %d; starting another. Its log: %s", code, self.log)

    def _has_lock(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_one_alive(self) -> bool:
        with db.connect(self._session.stack.admin) as connection, db.translated():
            row = connection.execute(
                "select exists (select from private.workers as w cross join private.settings as s"
                " where not w.is_draining and w.heartbeat_at > now() - s.dead_after)"
            ).fetchone()
        return bool(row and row[0])

    def stop(self) -> None:
        """Let our worker hand back what it has, and end."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            logger.warning(
                "The worker did not end in time and is killed; its tasks are rescued by the next one."
            )
            self._process.kill()
            self._process.wait()


@contextmanager
def own_worker(session: Session) -> Iterator[OwnWorker]:
    """A worker for the time of the block, if none is alive."""
    session.config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (session.config.home / "worker.lock").open("ab") as lock:
        worker = OwnWorker(session, lock)
        try:
            worker.ensure()
            yield worker
        finally:
            worker.stop()


def last_line(log: Path) -> str:
    """The last thing a log says went wrong; empty when there is none."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return next((line for line in reversed(lines) if not line.startswith("Next:")), "")


def remove_old_logs(folder: Path) -> None:
    """Keep the newest logs of workers."""
    logs = sorted(folder.glob("worker-*.log*"), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in logs[_KEPT_LOGS:]:
        log.unlink(missing_ok=True)
