"""Files that are whole or not there, for writers that want a path."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def renamed(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes that name when the block ends well and vanishes when not."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
