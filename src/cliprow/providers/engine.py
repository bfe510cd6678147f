"""Speech engines, each in a process of its own.

The engines are licensed under the GPL, so they are programs we talk to, never modules we import. A process also keeps
their memory and their crashes apart from ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from typing import IO

from cliprow.errors import RetryLater
from cliprow.providers.engine_pipe import Header, receive, send

#: Variables that an engine has no use for, and that may hold secrets.
_NOT_FOR_ENGINES = ("CLIPROW_", "SUPABASE_", "DATABASE_", "PG")


class Engine:
    """A speech engine: started at the first request, kept for the following ones, ended after a time without any.

    One request at a time; calls from several threads wait for each other.
    """

    def __init__(self, module: str, *, idle_limit_s: float = 120.0) -> None:
        self._module = module
        self._idle_limit_s = idle_limit_s
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._idle: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """Process id while the engine runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def ask(self, request: Header, *, limit_s: float) -> tuple[Header, bytes]:
        """Send a request and wait for its answer.

        Raises:
            RetryLater: the engine crashed, refused, or took longer than `limit_s`; the next request starts it anew.
        """
        with self._lock:
            if self._idle:
                self._idle.cancel()
            process = self._started()
            assert process.stdin and process.stdout
            expired = threading.Event()

            def stop() -> None:
                expired.set()
                process.kill()  # reading below then meets the end of the pipe

            limit = threading.Timer(limit_s, stop)
            limit.daemon = True
            limit.start()
            try:
                send(process.stdin, request)  # type: ignore[arg-type]
                answer = receive(process.stdout)  # type: ignore[arg-type]
            except (OSError, ValueError):  # a broken pipe, or something that is no message
                answer = None
            finally:
                limit.cancel()
            if answer is None:
                raise self._gone(expired.is_set(), limit_s)
            if "error" in answer[0]:
                raise RetryLater(
                    f"The speech engine could not speak the text: {answer[0]['error']}",
                    error_code="SPEECH_ENGINE_FAILED",
                    next_step="It is tried again by itself. If it fails each time, change the scene's text.",
                )
            self._idle = threading.Timer(self._idle_limit_s, self._close_idle)
            self._idle.daemon = True
            self._idle.start()
            return answer

    def close(self) -> None:
        """End the engine's process, if it runs."""
        with self._lock:
            if self._idle:
                self._idle.cancel()
                self._idle = None
            process, self._process = self._process, None
            if process:
                assert process.stdin and process.stdout
                process.kill()
                process.wait()
                process.stdout.close()
                # What was not read any more is still in our buffer, and cannot be delivered.
                _close_quietly(process.stdin)
            if self._log:
                self._log.close()
                self._log = None

    def _close_idle(self) -> None:
        # A request that holds the lock shows that the engine is not idle: leave it alone.
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is None:
            return self._process
        self.close()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        # -P: a file in the current folder that is called like a package must not be imported in its place.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_ENGINES)},
        )
        return self._process

    def _gone(self, expired: bool, limit_s: float) -> RetryLater:
        assert self._process and self._log
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:  # it closed its pipes, or wrote nonsense, and lives on
            self._process.kill()
            status = self._process.wait()
        self._log.seek(max(0, self._log.tell() - 500))
        said = self._log.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
        self.close()
        if expired:
            return RetryLater(
                f"The speech engine gave no answer within {limit_s:.0f} s and was stopped.",
                error_code="SPEECH_TIMEOUT",
                next_step="It is tried again by itself. If the machine is busy, run fewer worker slots.",
            )
        return RetryLater(
            f"The speech engine ended by itself (status {status}){': ' + said if said else '.'}",
            error_code="SPEECH_ENGINE_CRASHED",
            next_step="It is tried again by itself. `cliprow doctor` checks the engine's packages.",
        )


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
