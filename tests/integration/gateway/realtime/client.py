"""supabase-js in a process of its own, driven from a test."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "js" / "realtime.mjs"
#: How long something may take to happen.
PATIENCE_S = 60.0

Event = dict[str, Any]


class JsClient:
    """Does what it is told and remembers what it saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._arrived: queue.Queue[Event | None] = queue.Queue()
        self.seen: list[Event] = []
        threading.Thread(target=self._read, daemon=True).start()

    def do(self, act: str, **details: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": act, **details}) + "\n")
        self._process.stdin.flush()

    def join(self, topic: str, **details: object) -> None:
        """Join, and wait until it has."""
        self.do("join", topic=topic, **details)
        self.wait(lambda event: event.get("status") == "SUBSCRIBED" and event["topic"] == topic)

    def wait(self, wanted: str | Callable[[Event], bool], timeout_s: float = PATIENCE_S) -> Event:
        """The next event of this kind, or for which this holds; what was seen of its kind before is forgotten."""
        fits = wanted if callable(wanted) else lambda event: event["saw"] == wanted
        deadline = time.monotonic() + timeout_s
        place = 0
        while True:
            while place == len(self.seen):
                self._take(deadline)
            event = self.seen[place]
            if fits(event):
                older = [each for each in self.seen[:place] if each["saw"] != event["saw"]]
                self.seen = [*older, *self.seen[place + 1 :]]
                return event
            place += 1

    def _take(self, deadline: float) -> None:
        try:
            event = self._arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"nothing like that happened; seen: {self.seen}") from None
        if event is None:
            raise AssertionError(f"the client ended; seen: {self.seen}")
        self.seen.append(event)

    def silent_for(self, seconds: float, kind: str) -> None:
        """Nothing of this kind happens for a while."""
        try:
            event = self.wait(kind, seconds)
        except AssertionError:
            return
        raise AssertionError(f"this happened: {event}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._arrived.put(json.loads(line))
        self._arrived.put(None)


@contextmanager
def js_client(url: str, key: str, **options: object) -> Iterator[JsClient]:
    """A client of the project at `url`; `options` are those of its realtime part."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    process = subprocess.Popen(
        [node, str(SCRIPT), url, key, json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield JsClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
