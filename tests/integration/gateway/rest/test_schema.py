"""What the REST interface relies on of a real project's database."""

from __future__ import annotations

import psycopg

from tests.cluster import Database


def test_the_service_may_become_its_callers_and_nobody_else(bare_database: Database) -> None:
    with psycopg.connect(bare_database.superuser, autocommit=True) as connection:
        connection.execute("set session authorization authenticator")
        for role in ("anon", "authenticated", "service_role"):
            connection.execute(f"set role {role}".encode())
            connection.execute("reset role")
        for role in ("postgres", "supabase_auth_admin", "supabase_storage_admin"):
            try:
                connection.execute(f"set role {role}".encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            raise AssertionError(role)


def test_roles_have_the_limits_of_a_new_project(bare_database: Database) -> None:
    with psycopg.connect(bare_database.superuser, autocommit=True) as connection:
        settings: dict[str, str] = dict(
            connection.execute(
                "select rolname, array_to_string(rolconfig, ',') from pg_roles"
                " where rolname in ('anon', 'authenticated', 'authenticator')"
            ).fetchall()
        )
    assert "statement_timeout=3s" in settings["anon"]
    assert "statement_timeout=8s" in settings["authenticated"]
    assert "statement_timeout=8s" in settings["authenticator"]


def test_changes_of_the_schema_are_announced(bare_database: Database) -> None:
    with (
        psycopg.connect(bare_database.superuser, autocommit=True) as listener,
        psycopg.connect(bare_database.admin, autocommit=True) as admin,
    ):
        listener.execute("listen pgrst")
        for statement in (
            "create table public.announced (a integer)",
            "alter table public.announced add column b integer",
            "create function public.announced() returns integer language sql return 1",
            "drop function public.announced()",
            "drop table public.announced",
        ):
            admin.execute(statement.encode())
            notes = list(listener.notifies(timeout=5, stop_after=1))
            assert [note.payload for note in notes] == ["reload schema"], statement
        admin.execute("create temporary table not_announced (a integer)")
        admin.execute("insert into not_announced values (1)")
        assert list(listener.notifies(timeout=0.2)) == []
