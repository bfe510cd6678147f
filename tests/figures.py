"""What long tests count, said at the end of the run and kept in docs/faults.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

FIGURES = pytest.StashKey[dict[str, dict[str, object]]]()

#: Keeps the figures of a test.
Report = Callable[[dict[str, object]], None]


def reporter(request: pytest.FixtureRequest) -> Report:
    """Keeps what a test counts, with the seconds it took."""
    kept = request.config.stash.setdefault(FIGURES, {})
    began = time.monotonic()

    def keep(figures: dict[str, object]) -> None:
        kept[request.node.name] = {"seconds": round(time.monotonic() - began)} | figures

    return keep


def say_figures(terminal: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each test that kept some."""
    for name, figures in config.stash.get(FIGURES, {}).items():
        terminal.write_line(f"{name}: {json.dumps(figures, default=str)}")
