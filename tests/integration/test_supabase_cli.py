"""The real Supabase CLI against the embedded database: what works there works on a project.

The CLI comes with `npm install` in the project's root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cliprow.migrate import install_procrastinate, migrate, read_migrations, status
from tests.cluster import Database, build_current_state

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "supabase" / "migrations"
CLI = shutil.which(
    "supabase", path=os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
)

pytestmark = pytest.mark.skipif(CLI is None, reason="the Supabase CLI is not installed: run `npm install`")

Supabase = Callable[..., str]


@pytest.fixture
def supabase(tmp_path: Path) -> Supabase:
    """Runs the CLI in this project and returns what it prints on standard output."""

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(CLI), "--workdir", str(ROOT), "--agent", "no", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=os.environ
            | {
                "SUPABASE_HOME": str(tmp_path),
                "SUPABASE_TELEMETRY_DISABLED": "1",
                "SUPABASE_NO_UPDATE_NOTIFIER": "1",
            },
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARN" not in done.stderr, done.stderr
        return done.stdout

    return run


def _versions(listing: str, column: int) -> list[str]:
    """Versions in one column of `migration list`."""
    cells = [line.split("|")[column].strip(" `") for line in listing.splitlines() if line.count("|") == 2]
    return [cell for cell in cells if cell.isdigit()]


def test_push_migrates_a_new_project_as_cliprow_does(supabase: Supabase, bare_database: Database) -> None:
    """Only the queue's own schema has to be there first."""
    install_procrastinate(bare_database.admin)
    supabase("db", "push", f"--remote={bare_database.admin}", "--yes")
    assert status(bare_database.admin).current
    assert migrate(bare_database.admin) == []


def test_push_finds_nothing_to_do_after_cliprow(supabase: Supabase, database: Database) -> None:
    assert "up to date" in supabase("db", "push", f"--remote={database.admin}", "--yes", "--dry-run")


def test_list_shows_every_migration_as_applied(supabase: Supabase, database: Database) -> None:
    listing = supabase("migration", "list", f"--remote={database.admin}")
    expected = [migration.version for migration in read_migrations(MIGRATIONS)]
    assert _versions(listing, 0) == _versions(listing, 1) == expected


def test_the_cli_and_cliprow_record_the_same_history(
    supabase: Supabase, bare_database: Database, database: Database
) -> None:
    install_procrastinate(bare_database.admin)
    supabase("db", "push", f"--remote={bare_database.admin}", "--yes")
    read = "select version, name, statements from supabase_migrations.schema_migrations order by version"
    histories = []
    for each in (bare_database, database):
        with psycopg.connect(each.admin) as connection:
            histories.append(connection.execute(read).fetchall())
    assert histories[0] == histories[1]


def test_migrations_and_sql_give_the_same_schema(
    supabase: Supabase, bare_database: Database, database: Database
) -> None:
    build_current_state(bare_database, ROOT / "sql")
    for first, second in ((database, bare_database), (bare_database, database)):
        difference = supabase("db", "diff", "--from", first.admin, "--to", second.admin)
        assert difference.strip() == ""


def test_advisors_find_nothing(supabase: Supabase, database: Database) -> None:
    """But what is so on purpose: leaves of partitions are closed to all, and a new database has used no index."""
    found = json.loads(
        supabase("db", "advisors", f"--remote={database.admin}", "--level", "info", "-o", "json")
    )
    worth_reading = [
        finding["detail"]
        for finding in found
        if finding["name"] != "unused_index"
        and not (finding["name"] == "rls_enabled_no_policy" and finding["metadata"]["schema"] == "partitions")
    ]
    assert worth_reading == []


def test_types_are_those_of_the_public_tables(supabase: Supabase, database: Database) -> None:
    types = supabase("gen", "types", f"--remote={database.admin}", "--schema", "public")
    assert '"generation_jobs": {' in types
    assert "partitions" not in types
