"""One filled database for all of these tests: nothing they do is kept."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.cluster import Server
from tests.sql.rls.cast import Cast, make_cast
from tests.sql.world import World


@pytest.fixture(scope="session")
def cast(server: Server, migrated_template: str) -> Iterator[Cast]:
    """People, and rows for them to reach for."""
    database = server.create("rls", migrated_template)
    with psycopg.connect(database.admin, autocommit=True) as admin:
        world = World(database, admin)
        yield make_cast(world)
        world.close()
    server.drop(database.name)
