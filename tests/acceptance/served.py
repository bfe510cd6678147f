"""A `cliprow up` that others use from outside, and apps on supabase-js that do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import msgspec
import pytest

from cliprow.local.ports import free_port
from tests.acceptance.conftest import Home, make_home
from tests.people import PASSWORD, new_email

_STORY = Path(__file__).parent / "js" / "story.mjs"
#: How long a story may take, in seconds.
STORY_S = 200


@dataclass(frozen=True)
class Served:
    """A running `cliprow up`, with a data folder and ports of its own."""

    home: Home
    api: str
    supabase: str
    key: str

    @property
    def folder(self) -> Path:
        """Folder of the data."""
        return self.home.folder / "home"

    def secrets(self) -> dict[str, str]:
        """What nobody outside may ever see, by name."""
        known = msgspec.json.decode((self.folder / "secrets.json").read_bytes(), type=dict[str, str])
        known.pop("publishable_key")
        return known


@contextmanager
def serving(folder: Path, **options: object) -> Iterator[Served]:
    """Serve for as long as the block lasts; options as in `gateway.json`."""
    folder.mkdir(exist_ok=True)
    made = make_home(folder)
    ports = {"CLIPROW_API_PORT": str(free_port()), "CLIPROW_GATEWAY_PORT": str(free_port())}
    home = Home(made.folder, made.environment | ports)
    data = folder / "home"
    data.mkdir(mode=0o700)
    (data / "gateway.json").write_text(json.dumps(options))
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "cliprow", "up"],
        env=home.environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ready"):
                break
        found = {name: re.search(rf"^{name} +([^\s,]+)", said, re.M) for name in ("API", "Supabase", "Key")}
        assert all(found.values()), said
        api, supabase, key = (each[1] for each in found.values() if each)
        # What it says from here on is not to fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Served(home, api, supabase, key)
    finally:
        process.terminate()
        process.wait(timeout=60)


@dataclass
class Story:
    """A program of `js/story.mjs` at work."""

    process: subprocess.Popen[str]
    email: str
    _told: Queue[dict[str, Any]] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def told(self, name: str, limit_s: float = STORY_S) -> Any:
        """What it tells under this name, as soon as it does."""
        while True:
            event = self._told.get(timeout=limit_s)
            if name in event:
                return event[name]
            assert "ended" not in event, event["ended"]

    def result(self) -> Any:
        """What it has found out at its end."""
        return self.told("result")

    def _read(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for line in self.process.stdout:
            self._told.put(json.loads(line))
        self._told.put({"ended": self.process.stderr.read()})


@contextmanager
def story(served: Served, scenario: str, given: Mapping[str, object] | None = None) -> Iterator[Story]:
    """Start one, with an address of its own to sign up with; it is ended with the block."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    email = new_email(scenario)
    told = {
        "supabase": served.supabase,
        "key": served.key,
        "api": served.api,
        "email": email,
        "password": PASSWORD,
        **(given or {}),
    }
    process = subprocess.Popen(
        [node, str(_STORY), scenario, json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
    )
    try:
        yield Story(process, email)
    finally:
        process.kill()
        process.wait()
