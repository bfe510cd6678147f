"""The gateway's process: begun early, served when the database is ready, kept alive until it is stopped.

Importing what the gateway needs takes as long as starting Postgres, so both happen beside each other: `begin` starts the
process, which imports and then waits for its settings file, and `serve` writes that file. As with a cluster, callers
see to it that only one of them does this at a time (stack.py does).
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from cliprow.errors import Unavailable
from cliprow.local import passwords
from cliprow.local.gateway.settings import GatewaySettings, read_settings
from cliprow.local.keeper import LOCKED, Keeper, in_use, kept_by, read_from
from cliprow.local.ports import HOST, PortTaken, port_taken

#: The gateway's log never takes more than this.
LOG_BYTES = 10_000_000
#: How long a start may take.
START_S = 120.0
#: How long a gateway that runs may take to answer before it is started anew.
ANSWER_S = 30.0
#: How long a stop may take before the process is killed.
STOP_S = 10.0
#: Lines of the log that an error repeats.
_TAIL_LINES = 8


class GatewayProcess:
    """The gateway of a data folder."""

    def __init__(self, home: Path) -> None:
        #: Locked as long as the process or its keeper lives.
        self.lock = home / "gateway.lock"
        self.log = home / "logs" / "gateway.log"
        #: What it is told; rewritten at each start.
        self.settings_file = home / "gateway-run.json"
        self._keeper: Keeper | None = None
        self._log_offset = 0

    def begin(self) -> None:
        """Start the process, unless one is there; it does not serve yet."""
        if in_use(self.lock):
            return
        self.settings_file.unlink(missing_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_offset = self.log.stat().st_size if self.log.exists() else 0
        self.close()
        command = [sys.executable, "-P", "-m", "cliprow.local.gateway", str(self.settings_file)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self._keeper = Keeper(self.lock, self.log, LOG_BYTES, command, environment)

    def serve(self, settings: GatewaySettings) -> int:
        """Let the process serve, unless it does, and wait until it answers.

        Returns:
            Its port: that of `settings`, or the one on which it serves already.

        Raises:
            PortTaken: another program listens there.
            Unavailable: it does not start; the message has the end of its log.
        """
        if self.settings_file.exists():
            port = self._await_answer(time.monotonic() + ANSWER_S)
            if port is not None:
                return port
            self.stop()  # alive, and yet it does not answer
        if port_taken(settings.port):
            raise PortTaken.of(settings.port, "CLIPROW_GATEWAY_PORT")
        self.begin()
        passwords.write_private(
            self.settings_file, msgspec.json.format(msgspec.json.encode(settings)) + b"\n"
        )
        try:
            port = self._await_answer(time.monotonic() + START_S)
            if port is None:
                raise self._not_started(settings.port)
        except BaseException:
            self.stop()
            raise
        finally:
            self.close()
        return port

    def settings(self) -> GatewaySettings | None:
        """What it was told at its last start; None where nothing is left of one."""
        try:
            return read_settings(self.settings_file)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def port(self) -> int | None:
        """The port on which it answers now; None where it does not."""
        settings, numbers = self.settings(), kept_by(self.lock)
        if settings is None or numbers is None:
            return None
        # Another data folder's gateway may have been faster to take the port.
        return settings.port if _answering(settings.port) == numbers[1] else None

    def stop(self) -> None:
        """Stop the process and its keeper; nothing happens where there is none.

        Raises:
            Unavailable: it does not stop.
        """
        deadline = time.monotonic() + STOP_S
        signalled = None
        while (numbers := kept_by(self.lock)) is not None and time.monotonic() < deadline:
            if numbers[1] != signalled:
                _signal(numbers[1], signal.SIGTERM)
                signalled = numbers[1]
            time.sleep(0.01)
        if numbers is not None:
            for number in numbers:  # the keeper first: it would start the server again
                _signal(number, signal.SIGKILL)
            while in_use(self.lock):
                if time.monotonic() > deadline + 5:
                    raise Unavailable(
                        f"The gateway does not stop (process {numbers[1]}).",
                        next_step=f"Look into {self.log}.",
                    )
                time.sleep(0.01)
        self.settings_file.unlink(missing_ok=True)

    def close(self) -> None:
        """Listen to the keeper no longer."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _await_answer(self, deadline: float) -> int | None:
        """The port as soon as it answers; None when the process ended, or does not answer in time."""
        while time.monotonic() < deadline:
            if (port := self.port()) is not None:
                return port
            ended = self._keeper.ended() if self._keeper is not None else None
            if ended not in (None, LOCKED) or not in_use(self.lock):
                return None
            time.sleep(0.02)
        return None

    def _not_started(self, port: int) -> Unavailable:
        said = read_from(self.log, self._log_offset)
        if re.search("address already in use", said, re.IGNORECASE):
            return PortTaken.of(port, "CLIPROW_GATEWAY_PORT")
        tail = [line for line in said.splitlines() if line.strip()][-_TAIL_LINES:]
        return Unavailable(
            "The gateway did not start. "
            + ("Its log ends:\n" + "\n".join(tail) if tail else "It printed nothing."),
            error_code="GATEWAY_NOT_STARTED",
            next_step=f"Its log is {self.log}; `cliprow doctor` checks what it needs.",
        )


def _answering(port: int) -> int | None:
    """Process number of the gateway that answers on a port."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read(1000)
        return int(json.loads(body)["pid"]) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None  # nobody, or somebody else
    finally:
        connection.close()


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
