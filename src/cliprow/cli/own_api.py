"""The REST API that `cliprow up` runs: a process of its own, which ends with it however it ends."""

from __future__ import annotations

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
    """A `cliprow api` of our own."""

    def __init__(self, config: Config) -> None:
        moves = not config.insists_on_api_port and port_taken(config.api_port)
        self._port = free_port() if moves else config.api_port
        self._host = config.api_host
        self._process: subprocess.Popen[bytes] | None = None
        self._failed_starts = 0
        self.url = f"http://{self._host}:{self._port}"
        self.log = config.home / "logs" / "api.log"

    def start(self) -> None:
        """Start the process; it does not answer yet."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        words = [
            sys.executable,
            "-P",
            "-m",
            "cliprow",
            "api",
            "--host",
            self._host,
            "--port",
            str(self._port),
        ]
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

    def await_answer(self) -> None:
        """Wait until it answers.

        Raises:
            MissingDependency: it cannot start; its log says why.
            Unavailable: it does not answer in time.
        """
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The API does not answer at {self.url}.",
                    error_code="API_NOT_STARTED",
                    next_step=f"Read {self.log}.",
                )
            self.ensure()
            time.sleep(0.05)

    def ensure(self) -> None:
        """Start it again if it has ended.

        Raises:
            MissingDependency: it ended because it cannot start, again and again.
        """
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            return
        self._failed_starts = self._failed_starts + 1 if code == 1 else 0
        if self._failed_starts >= _START_TRIES:
            time.sleep(0.1)  # the last of what it said
            raise MissingDependency(
                f"The API could not start. {last_line(self.log)}",
                error_code="API_NOT_STARTED",
                next_step=f"Read {self.log}, or run `cliprow doctor`.",
            )
        logger.warning("The API ended with status %d; starting it again. Its log: %s", code, self.log)
        self.start()

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
    """An API for the time of the block."""
    api = OwnApi(config)
    api.start()
    try:
        yield api
    finally:
        api.stop()
