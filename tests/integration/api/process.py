"""The API as `cliprow api` runs it: a process of its own, on a real socket."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from cliprow.sealing import new_key
from tests.gateway import Gateway


@dataclass(frozen=True)
class ApiProcess:
    """A running `cliprow api`."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def access(self) -> list[dict[str, Any]]:
        """Lines of the access log so far."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [
            each
            for line in lines
            if (each := msgspec.json.decode(line, type=dict[str, Any]))["logger"] == "cliprow.api.access"
        ]


@contextmanager
def running_api(gateway: Gateway, database: str, folder: Path, **environment: str) -> Iterator[ApiProcess]:
    """The API on the gateway's database, told of it as of a real project, for as long as the block lasts."""
    log = folder / "api.log"
    told = {
        "DATABASE_URL": database,
        "SUPABASE_URL": gateway.url,
        "SUPABASE_PUBLISHABLE_KEY": gateway.settings.publishable_key,
        "SUPABASE_SECRET_KEY": gateway.settings.secret_key,
        "CLIPROW_HOME": str(folder / "home"),
        "CLIPROW_API_LIMITS": "0,0,0",
        "CLIPROW_SECRETS_KEY": new_key(),
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cliprow",
                "api",
                *([] if "CLIPROW_API_PORT" in environment else ["--port", "0"]),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | told,
        )
    try:
        host, port = _address(process, log)
        yield ApiProcess(host, port, log, process)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := re.search(r"API at http://([\d.]+):(\d+)", log.read_text()):
            # It listens before it is ready; the request waits until then.
            httpx.get(f"http://{found[1]}:{found[2]}/health", timeout=60)
            return found[1], int(found[2])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the API did not start:\n{log.read_text()}")
