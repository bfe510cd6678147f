"""The catalog of a migrated database. These tests only look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.cluster import Database

#: Runs one query; returns its rows, or its values where it has one column.
Look = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def look(catalog: Database) -> Iterator[Look]:
    with psycopg.connect(catalog.admin, autocommit=True) as connection:

        def query(statement: str, *arguments: object) -> list[Any]:
            rows = connection.execute(statement.encode(), arguments or None).fetchall()
            return [row[0] if len(row) == 1 else row for row in rows]

        yield query
