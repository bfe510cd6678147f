"""The tests' Postgres cluster and the databases in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cliprow.local.postgres import SUPERUSER, Cluster
from cliprow.local.stack import WORKER, url
from cliprow.migrate import install_procrastinate

#: Of every role that logs in to the tests' cluster.
PASSWORD = "of the tests' cluster"


@dataclass(frozen=True)
class Database:
    """One database of the tests' cluster, and as whom to log in to it."""

    name: str
    #: As `postgres`, which owns our tables and is no superuser.
    admin: str
    #: As `cliprow_worker`.
    worker: str
    #: As `supabase_admin`.
    superuser: str


@dataclass(frozen=True)
class Server:
    """The tests' running cluster."""

    cluster: Cluster
    port: int
    #: As `supabase_admin`, to the database `postgres`.
    superuser: psycopg.Connection[Any]

    def database(self, name: str) -> Database:
        """How to log in to the database `name`."""
        roles = {"admin": "postgres", "worker": WORKER, "superuser": SUPERUSER}
        return Database(name, **{who: url(role, PASSWORD, self.port, name) for who, role in roles.items()})

    def create(self, name: str, template: str = "template0") -> Database:
        """A new database, copied from `template`, to which nobody may be connected."""
        # File by file, since going by the log takes double the time.
        self._run("create database {} template {} strategy file_copy owner postgres", name, template)
        return self.database(name)

    def drop(self, name: str) -> None:
        self._run("drop database {} with (force)", name)

    def _run(self, statement: str, *names: str) -> None:
        self.superuser.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def build_current_state(database: Database, folder: Path) -> None:
    """Give an empty project what `sql/` describes, instead of the migrations that lead there."""
    install_procrastinate(database.admin)
    with psycopg.connect(database.admin, autocommit=True) as connection:
        for file in sorted(folder.glob("*.sql")):
            connection.execute(file.read_bytes())
