"""cliprow.migrate against a database as a new Supabase project has it."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from cliprow.errors import Conflict
from cliprow.migrate import MigrationFailed, install_procrastinate, migrate, status
from tests.cluster import Database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "20260101000000_first.sql").write_text(
        "-- What is sold.\ncreate table public.things (id int primary key);\n\n"
        "create function public.one() returns int language plpgsql set search_path = '' as $$\n"
        "begin\n    return 1;\nend;\n$$;\n"
    )
    (folder / "20260102000000_second.sql").write_text("insert into public.things values (public.one());\n")
    return folder


def _query(conninfo: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(text.encode()).fetchall()


def test_applies_files_in_order_once(bare_database: Database, folder: Path) -> None:
    before = status(bare_database.admin, folder)
    assert before.pending == ("20260101000000", "20260102000000")
    assert before.procrastinate == ""

    applied = migrate(bare_database.admin, folder)
    assert [name for name in applied if name.endswith(".sql")] == [
        "20260101000000_first.sql",
        "20260102000000_second.sql",
    ]
    assert _query(bare_database.admin, "select id from things") == [(1,)]
    assert migrate(bare_database.admin, folder) == []
    assert status(bare_database.admin, folder).current


def test_history_has_one_entry_per_statement_with_its_comment(bare_database: Database, folder: Path) -> None:
    migrate(bare_database.admin, folder)
    rows = _query(
        bare_database.admin,
        "select version, name, statements from supabase_migrations.schema_migrations order by 1",
    )
    assert [row[:2] for row in rows] == [("20260101000000", "first"), ("20260102000000", "second")]
    kept = rows[0][2]
    assert isinstance(kept, list)
    assert len(kept) == 2
    assert kept[0] == "-- What is sold.\ncreate table public.things (id int primary key)"
    assert kept[1].endswith("end;\n$$")


def test_a_refused_file_leaves_nothing_and_names_its_line(bare_database: Database, folder: Path) -> None:
    (folder / "20260103000000_third.sql").write_text(
        "create table public.half ();\n\n-- wrong\nselect 1,\n  nothing;\n"
    )
    with pytest.raises(MigrationFailed, match=r"20260103000000_third\.sql, line 5: .*nothing"):
        migrate(bare_database.admin, folder)
    assert _query(bare_database.admin, "select to_regclass('public.half')") == [(None,)]
    assert status(bare_database.admin, folder).pending == ("20260103000000",)


def test_an_edited_migration_is_reported_as_drift(bare_database: Database, folder: Path) -> None:
    migrate(bare_database.admin, folder)
    file = folder / "20260101000000_first.sql"
    file.write_text(file.read_text().replace("return 1", "return 2"))
    assert status(bare_database.admin, folder).drifted == ("20260101000000",)


def test_a_migration_without_file_is_reported_and_stops_the_migrator(
    bare_database: Database, folder: Path
) -> None:
    migrate(bare_database.admin, folder)
    (folder / "20260102000000_second.sql").unlink()
    assert status(bare_database.admin, folder).unknown == ("20260102000000",)
    with pytest.raises(Conflict, match="20260102000000"):
        migrate(bare_database.admin, folder)


def test_what_one_file_sets_for_its_session_does_not_reach_the_next(
    bare_database: Database, folder: Path
) -> None:
    (folder / "20260101000001_path.sql").write_text("set search_path = '';\nset statement_timeout = '1ms';\n")
    (folder / "20260102000001_unqualified.sql").write_text("select pg_sleep(0.01) from things;\n")
    assert "20260102000001_unqualified.sql" in migrate(bare_database.admin, folder)


def test_concurrent_migrators_wait_for_each_other(bare_database: Database, folder: Path) -> None:
    (folder / "20260101000001_slow.sql").write_text("select pg_sleep(0.3);\n")
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(migrate(bare_database.admin, folder)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, results)) == [0, 0, 4]


def test_procrastinates_functions_find_their_tables_without_a_search_path(bare_database: Database) -> None:
    install_procrastinate(bare_database.admin)
    loose = _query(
        bare_database.admin,
        "select oid::regprocedure from pg_proc where pronamespace = 'procrastinate'::regnamespace"
        " and proconfig is distinct from '{\"search_path=procrastinate, pg_temp\"}'",
    )
    assert loose == []
    entry = "row('q', 't', 0, null, null, '{}', null)::procrastinate.procrastinate_job_to_defer_v1"
    made = _query(bare_database.admin, f"select procrastinate.procrastinate_defer_jobs_v1(array[{entry}])")
    assert made == [([1],)]


def test_an_older_procrastinate_gets_its_packages_migrations(bare_database: Database) -> None:
    """An installation of the first version ever is brought to today's, and differs in nothing from a new one."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with psycopg.connect(bare_database.admin, autocommit=True) as connection:
        connection.execute("create schema procrastinate")
        connection.execute("set search_path = procrastinate")
        connection.execute(files[0].read_bytes())
        connection.execute(
            "create table procrastinate.applied_migrations"
            " (name text primary key, version text not null, applied_at timestamptz not null default now())"
        )
        connection.execute("insert into applied_migrations values (%s, '0.0.0')", [files[0].stem])
    applied = install_procrastinate(bare_database.admin)
    assert applied == [f"procrastinate {file.stem}" for file in files[1:]]
    assert install_procrastinate(bare_database.admin) == []
    names = {
        name
        for (name,) in _query(
            bare_database.admin,
            "select proname from pg_proc where pronamespace = 'procrastinate'::regnamespace",
        )
    }
    assert "procrastinate_fetch_job_v2" in names


def test_a_queue_that_somebody_else_installed_is_left_alone(bare_database: Database) -> None:
    with psycopg.connect(bare_database.admin, autocommit=True) as connection:
        connection.execute("create schema procrastinate; create table procrastinate.procrastinate_jobs ()")
    with pytest.raises(Conflict, match="unknown version"):
        install_procrastinate(bare_database.admin)
