"""The REST API that `cliprow up` runs: a process of its own, which ends with it however it ends."""

from __future__ import annotations

import fcntl
import http.client
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cliprow.cli.workers import last_line
from cliprow.config import Config
from cliprow.errors import MissingDependency, Unavailable
from cliprow.local.keeper import BoundedLog
from cliprow.local.ports import free_port, port_taken

logger = logging.getLogger(__name__)

#: Its log never takes more than this.
_LOG_BYTES = 10_000_000
_START_S = 60.0
#: One that does not end by then is killed. Seconds.
_STOP_S = 20.0
#: Processes that end in a row because they could not start.
_START_TRIES = 3


class OwnApi:
    """A `cliprow api` of our own.

    Of the commands that run on this data folder at the same time, one has the API: whoever holds `api.lock`, in which its
    address stands.
    """

    def __init__(self, config: Config, lock: IO[bytes]) -> None:
        self._config = config
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._failed_starts = 0
        self._url = ""
        self.log = config.home / "logs" / "api.log"

    @property
    def is_ours(self) -> bool:
        """Whether we run it, and not another command."""
        return self._process is not None

    @property
    def url(self) -> str:
        """Where it is, whoever runs it."""
        return self._url or Path(self._lock.name).read_text().strip()

    def ensure(self) -> None:
        """Start it unless it runs, here or by another command, which may have ended.

        Raises:
            MissingDependency: it ended because it cannot start, again and again.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._note_end(code)
        elif not self._has_lock():
            return
        self._start()

    def await_answer(self) -> None:
        """Wait until it answers, if it is ours.

        Raises:
            MissingDependency: it cannot start; its log says why.
            Unavailable: it does not answer in time.
        """
        deadline = time.monotonic() + _START_S
        while self.is_ours and not self._answers():
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The API does not answer at {self.url}.",
                    error_code="API_NOT_STARTED",
                    next_step=f"Read {self.log}.",
                )
            self.ensure()
            time.sleep(0.05)

    def _start(self) -> None:
        host, port = self._config.api_host, self._config.api_port
        if not self._config.insists_on_api_port and port_taken(port):
            port = free_port()
        self._host, self._port = host, port
        self._url = f"http://{host}:{port}"
        os.ftruncate(self._lock.fileno(), 0)
        os.pwrite(self._lock.fileno(), self._url.encode(), 0)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-P", "-m", "cliprow", "api", "--host", host, "--port", str(port)]
        self._process = subprocess.Popen(
            [*words, "--until-eof"],
            # However we end, the kernel closes this pipe, and the API stops.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us; we then tell it.
            start_new_session=True,
        )
        threading.Thread(target=self._keep_log, args=[self._process], daemon=True).start()

    def _note_end(self, code: int) -> None:
        """Ours ended by itself: killed, which is no reason to give up, or unable to start, again and again."""
        self._failed_starts = self._failed_starts + 1 if code == 1 else 0
        if self._failed_starts >= _START_TRIES:
            time.sleep(0.1)  # the last of what it said
            raise MissingDependency(
                f"The API could not start. {last_line(self.log)}",
                error_code="API_NOT_STARTED",
                next_step=f"Read {self.log}, or run `cliprow doctor`.",
            )
        logger.warning("The API ended with status %d; starting it again. Its log: %s", code, self.log)

    def _has_lock(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def stop(self) -> None:
        """Let it finish the requests that run, and end."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        log = BoundedLog(str(self.log), _LOG_BYTES)
        with suppress(OSError, ValueError):  # closed on the way out
            while data := os.read(process.stdout.fileno(), 65536):
                log.write(data)


@contextmanager
def own_api(config: Config) -> Iterator[OwnApi]:
    """An API for the time of the block, if no other command on this data folder runs one."""
    config.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (config.home / "api.lock").open("a+b") as lock:
        api = OwnApi(config, lock)
        api.ensure()
        try:
            yield api
        finally:
            api.stop()
