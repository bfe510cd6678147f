"""Cliprow as its users have it: the command line, with a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cliprow.config import Config
from cliprow.local.postgres import free_port
from cliprow.local.stack import Stack, running_stack

#: One short topic, so that a video takes seconds.
TOPIC = {
    "topic": "Why the sky is blue",
    "duration_s": 8,
    "brief": "Air scatters blue light more than red light. So blue light reaches us from all over the sky.",
}


@dataclass(frozen=True)
class Home:
    """A home for `cliprow`, and how to run it there."""

    folder: Path
    environment: dict[str, str]

    @property
    def config(self) -> Config:
        return Config.from_environment(self.environment)

    def start(self, *arguments: str, stdin: str | None = None) -> subprocess.Popen[str]:
        """Start a command; its output goes to files named after its process id."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cliprow", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(stdin or "")
        process.stdin.close()
        process.stdin = None
        return process

    def run(
        self, *arguments: str, stdin: str | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments, stdin=stdin)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def create(
        self, *topics: dict[str, Any], platforms: str = "youtube", wait: bool = True
    ) -> dict[str, Any]:
        """Create a batch, wait for its end if asked to, and return what the command says as JSON."""
        arguments = [
            "batch",
            "create",
            "-",
            "--platforms",
            platforms,
            "--json",
            *(["--wait"] if wait else []),
        ]
        done = self.run(*arguments, stdin=json.dumps(topics))
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def log(self) -> str:
        """What the workers have said."""
        return "".join(log.read_text() for log in (self.folder / "home" / "logs").glob("worker-*.log"))


def make_home(folder: Path) -> Home:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLIPROW_", "SUPABASE_", "DATABASE_URL", "PG"))
    }
    environment |= {
        "CLIPROW_HOME": str(folder / "home"),
        "CLIPROW_DB_PORT": str(free_port()),
        "HOME": str(folder),
    }
    return Home(folder, environment)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Commands feel Ctrl-C even where the tests run in the background of a shell, which makes it ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home where nothing has happened yet."""
    return make_home(tmp_path)


@pytest.fixture
def stack(home: Home) -> Iterator[Stack]:
    """The stack of that home, kept running for the test."""
    with running_stack(home.config) as running:
        yield running
