"""A stack for each fault test. The suite takes long and is left out unless asked for: `just faults`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.place import Place, new_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A stack of the test's own."""
    with new_place(tmp_path) as made:
        yield made
