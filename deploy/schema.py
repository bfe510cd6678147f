"""Compares supabase/migrations, the history, with sql/, the current state (`just migration`, `just drift`).

Both are built in databases of a scratch cluster, as the role `postgres` of a new Supabase project; the supabase CLI
tells them apart. Its difference is a draft: it misses the order of columns and may repeat what needs no change.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from cliprow.local.bootstrap import bootstrap, set_password
from cliprow.local.postgres import SUPERUSER, Cluster, free_port, packaged_programs
from cliprow.local.stack import url
from cliprow.migrate import install_procrastinate, migrate

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / "sql"
HISTORY = ROOT / "supabase" / "migrations"
CLI = ROOT / "node_modules" / ".bin" / "supabase"


def main() -> int:
    """Write the difference as a migration, or fail if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("migration", help="write the difference as a new migration").add_argument("name")
    actions.add_parser("drift", help="fail if there is a difference")
    chosen = parser.parse_args()
    difference = find_difference()
    if chosen.action == "drift":
        print(difference or "supabase/migrations and sql/ build the same schema.")
        return 1 if difference else 0
    if not difference:
        print("supabase/migrations and sql/ build the same schema: there is nothing to write.")
        return 0
    name = re.sub(r"\W+", "_", chosen.name.lower()).strip("_")
    file = HISTORY / f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}_{name}.sql"
    HISTORY.mkdir(parents=True, exist_ok=True)
    file.write_text(difference + "\n", encoding="utf-8")
    print(f"Wrote {file.relative_to(ROOT)}. Read it, then: uv run sqlfluff fix {file.relative_to(ROOT)}")
    return 0


def find_difference() -> str:
    """Return the SQL that leads from the migrations to sql/; with no migration yet, sql/ itself."""
    if not list(HISTORY.glob("*.sql")):
        return "\n".join(file.read_text(encoding="utf-8").strip() + "\n" for file in _state_files()).strip()
    with scratch_databases("history", "state") as (history, state):
        migrate(history, HISTORY)
        build_state(state)
        found = subprocess.run(
            [CLI, "db", "diff", "--from", history, "--to", state], cwd=ROOT, capture_output=True, text=True
        )
    if found.returncode:
        sys.exit(f"The supabase CLI could not compare the two:\n{found.stderr}")
    return found.stdout.strip()


def build_state(database: str) -> None:
    """Build what sql/ says in an empty database."""
    install_procrastinate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        for file in _state_files():
            connection.execute("reset all")  # what a file set for its session
            with connection.transaction():
                connection.execute(file.read_bytes())


def _state_files() -> list[Path]:
    return sorted(STATE.glob("*.sql"))


@contextlib.contextmanager
def scratch_databases(*names: str) -> Iterator[tuple[str, ...]]:
    """Start a cluster of our own with databases like a new project's; yields how to log in as `postgres`."""
    password = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(
            data=Path(folder, "postgres"),
            log=Path(folder, "log"),
            programs=packaged_programs(),
            is_durable=False,
        )
        cluster.create(password)
        port = free_port()
        cluster.start(port)
        try:
            with psycopg.connect(url(SUPERUSER, password, port), autocommit=True) as connection:
                bootstrap(url(SUPERUSER, password, port))
                set_password(connection, "postgres", password)
                for name in names:
                    connection.execute(
                        sql.SQL("create database {} owner postgres").format(sql.Identifier(name))
                    )
            for name in names:
                bootstrap(url(SUPERUSER, password, port, name))
            yield tuple(url("postgres", password, port, name) for name in names)
        finally:
            cluster.stop()


if __name__ == "__main__":
    raise SystemExit(main())
