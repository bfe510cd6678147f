"""What every test of the SQL starts from: a database of its own, and two tenants."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.cluster import Database, Server
from tests.sql.row_level_security.cast import Cast, gather
from tests.sql.world import Person, Worker, World


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """A database of the test's own, as its owner `postgres` sees it."""
    with psycopg.connect(database.admin, autocommit=True) as admin:
        world = World(database, admin)
        try:
            yield world
        finally:
            world.close()


@pytest.fixture(scope="session")
def _unchanged(server: Server, migrated_template: str) -> Iterator[World]:
    database = server.create("unchanged", migrated_template)
    with psycopg.connect(database.admin, autocommit=True) as admin:
        yield World(database, admin)
    server.drop(database.name)


@pytest.fixture
def passing_world(_unchanged: World) -> Iterator[World]:
    """As `world`, but shared and rolled back, which is faster: for tests that need no second connection."""
    with _unchanged.admin.transaction(force_rollback=True):
        yield _unchanged


@pytest.fixture
def ann(world: World) -> Person:
    """Owner of the first tenant."""
    return world.sign_up("ann")


@pytest.fixture
def bob(world: World) -> Person:
    """Owner of the second tenant."""
    return world.sign_up("bob")


@pytest.fixture
def worker(world: World) -> Worker:
    """A live worker with many slots, so that only what a test is about holds work back."""
    return Worker(world, slots=100)


@pytest.fixture(scope="module")
def cast(server: Server, migrated_template: str) -> Iterator[Cast]:
    """Two tenants, with everybody who may come, in one database for all tests of a module: they leave nothing behind."""
    database = server.create("cast", migrated_template)
    try:
        with psycopg.connect(database.admin, autocommit=True) as admin:
            world = World(database, admin)
            try:
                yield gather(world)
            finally:
                world.close()
    finally:
        server.drop(database.name)
