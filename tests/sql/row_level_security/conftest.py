"""One database for all tests of a module: whatever they do is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.cluster import Server
from tests.sql.row_level_security.cast import Cast, gather
from tests.sql.world import World


@pytest.fixture(scope="module")
def cast(server: Server, migrated_template: str) -> Iterator[Cast]:
    """Two tenants, with everybody who may come."""
    database = server.create("row_level_security", migrated_template)
    try:
        with psycopg.connect(database.admin, autocommit=True) as admin:
            world = World(database, admin)
            try:
                yield gather(world)
            finally:
                world.close()
    finally:
        server.drop(database.name)
