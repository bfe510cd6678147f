"""The embedded database against what a Supabase project grants and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from cliprow.local.bootstrap import bootstrap, set_password
from tests.cluster import Database

#: For statements that make a trigger.
TRIGGER_FUNCTION = (
    "create function public.nothing() returns trigger language plpgsql set search_path = ''"
    " as 'begin return null; end'"
)

Postgres = Connection[tuple[object, ...]]


@pytest.fixture
def postgres(bare_database: Database) -> Iterator[Postgres]:
    """Connected as `postgres`, as migrations are."""
    with psycopg.connect(bare_database.admin, autocommit=True) as connection:
        yield connection


def _user(connection: Postgres) -> object:
    user_id = uuid4()
    connection.execute(
        "insert into auth.users (id, email) values (%s, %s)", [user_id, f"{user_id}@example.com"]
    )
    return user_id


def test_postgres_is_powerful_but_no_superuser(postgres: Postgres) -> None:
    row = postgres.execute(
        "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles"
        " where rolname = current_user"
    ).fetchone()
    assert row == (False, True, True, True, True)


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.owned (user_id uuid references auth.users on delete cascade)",
        "create policy mine on storage.objects for select to authenticated using (true)",
        "create policy mine on storage.buckets for select to authenticated using (true)",
        "create policy mine on realtime.messages for select to authenticated using (true)",
        "create policy mine on storage.objects using (true); comment on policy mine on storage.objects is 'x'",
        "create policy mine on storage.objects using (true); drop policy mine on storage.objects",
        "create policy mine on storage.objects using (true); alter policy mine on storage.objects using (false)",
        "create trigger mine after insert on auth.users for each row execute function public.nothing()",
        "create trigger mine after delete on auth.sessions for each row execute function public.nothing();"
        "drop trigger mine on auth.sessions",
        "create table public.t (user_id uuid references auth.users); drop table public.t",
        "create table public.t (user_id uuid references auth.users); alter table public.t drop column user_id",
        "create trigger mine after insert on auth.users for each row execute function public.nothing();"
        "drop function public.nothing() cascade",
        "create schema mine; create table mine.t (); drop schema mine cascade",
        "create extension pg_trgm schema extensions",
        "create table public.t (id int primary key); alter publication supabase_realtime add table public.t",
        "create role reporting nologin; grant usage on schema public to reporting;"
        "revoke usage on schema public from reporting; drop role reporting",
        "create temporary table t (id int)",
    ],
)
def test_postgres_may(statement: str, postgres: Postgres) -> None:
    postgres.execute(TRIGGER_FUNCTION)
    postgres.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "create table auth.mine ()",
        "create function storage.mine() returns int language sql return 1",
        "create index mine on auth.users (created_at)",
        "alter table auth.users add column mine text",
        "alter table realtime.messages disable row level security",
        "alter table storage.objects disable row level security",
        "drop table auth.refresh_tokens",
        "drop function auth.uid()",
        "drop trigger protect_objects_delete on storage.objects",
        "create policy mine on auth.users using (true)",
        "create policy mine on realtime.messages using (true); comment on policy mine on realtime.messages is 'x'",
        "create trigger mine after insert on storage.objects for each row execute function public.nothing()",
        "create or replace function auth.uid() returns uuid language sql return null::uuid",
        "drop schema auth cascade",
        "alter schema storage rename to mine",
        "drop event trigger guard_drops",
        "alter role supabase_admin nologin",
        "create role root superuser",
        "delete from storage.objects",
    ],
)
def test_postgres_may_not(statement: str, postgres: Postgres) -> None:
    postgres.execute(TRIGGER_FUNCTION)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres.execute(statement.encode())


def test_new_tables_have_no_rights_for_the_api(postgres: Postgres) -> None:
    postgres.execute("create table public.fresh (id int)")
    for role in ("anon", "authenticated", "service_role"):
        row = postgres.execute(
            "select has_table_privilege(%s, 'public.fresh', 'select, insert, update, delete')", [role]
        ).fetchone()
        assert row == (False,), role


def test_the_apis_roles_have_the_timeouts_of_a_project(postgres: Postgres) -> None:
    rows = postgres.execute(
        "select rolname, rolconfig from pg_roles where rolname in ('anon', 'authenticated') order by 1"
    ).fetchall()
    assert rows == [("anon", ["statement_timeout=3s"]), ("authenticated", ["statement_timeout=8s"])]


def test_auth_functions_read_the_callers_claims(postgres: Postgres) -> None:
    read = "select auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'tenant_id'"
    assert postgres.execute(read).fetchone() == (None, None, None, None)
    claims = {"sub": str(uuid4()), "role": "authenticated", "email": "a@example.com", "tenant_id": "t"}
    with postgres.transaction():
        postgres.execute("set local role authenticated")
        postgres.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        assert postgres.execute(read).fetchone() == tuple(claims.values())


def test_deleting_a_user_ends_its_sessions(postgres: Postgres) -> None:
    user_id = _user(postgres)
    postgres.execute("insert into auth.sessions (id, user_id) values (gen_random_uuid(), %s)", [user_id])
    postgres.execute("delete from auth.users where id = %s", [user_id])
    assert postgres.execute("select count(*) from auth.sessions").fetchone() == (0,)


@pytest.mark.parametrize(
    ("path", "folders", "name", "extension"),
    [
        ("a/b/c.tar.mp4", ["a", "b"], "c.tar.mp4", "mp4"),
        ("c.mp4", [], "c.mp4", "mp4"),
    ],
)
def test_storage_functions_take_paths_apart(
    path: str, folders: list[str], name: str, extension: str, postgres: Postgres
) -> None:
    row = postgres.execute(
        "select storage.foldername(%(path)s), storage.filename(%(path)s), storage.extension(%(path)s)",
        {"path": path},
    ).fetchone()
    assert row == (folders, name, extension)


def test_stored_objects_are_seen_through_policies_only(postgres: Postgres) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('media', 'media')")
    postgres.execute(
        "insert into storage.objects (bucket_id, name) values ('media', 'a/1'), ('media', 'b/2')"
    )
    with postgres.transaction():
        postgres.execute("set local role authenticated")
        assert postgres.execute("select count(*) from storage.objects").fetchone() == (0,)
    postgres.execute(
        "create policy own on storage.objects for select to authenticated"
        " using ((storage.foldername(name))[1] = (select auth.jwt() ->> 'tenant_id'))"
    )
    with postgres.transaction():
        postgres.execute("set local role authenticated")
        postgres.execute("""select set_config('request.jwt.claims', '{"tenant_id": "a"}', true)""")
        assert postgres.execute("select name from storage.objects").fetchall() == [("a/1",)]


def test_a_sent_message_arrives_with_its_id_in_the_payload(postgres: Postgres) -> None:
    postgres.execute("""select realtime.send('{"n": 1}', 'progress', 'batch:1', true)""")
    row = postgres.execute(
        "select id::text, payload, event, topic, private, extension from realtime.messages"
    ).fetchone()
    assert row is not None
    assert row[1:] == ({"n": 1, "id": row[0]}, "progress", "batch:1", True, "broadcast")


def test_sending_on_a_day_without_partition_opens_one(postgres: Postgres, bare_database: Database) -> None:
    with psycopg.connect(bare_database.superuser, autocommit=True) as superuser:
        superuser.execute(f"drop table {_leaves(postgres)[0][0]}".encode())
    postgres.execute("select realtime.send('{}', 'progress', 'batch:1')")
    assert postgres.execute("select count(*) from realtime.messages").fetchone() == (1,)
    assert [secured for _, secured in _leaves(postgres)] == [True]


def test_messages_older_than_three_days_go(postgres: Postgres, bare_database: Database) -> None:
    with psycopg.connect(bare_database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "set role supabase_realtime_admin;"
            "create table realtime.messages_2020_01_01 partition of realtime.messages"
            " for values from ('2020-01-01') to ('2020-01-02')"
        )
        before = _leaves(postgres)
        superuser.execute("reset role; select realtime.drop_old()")
    assert ("realtime.messages_2020_01_01", False) in before
    assert _leaves(postgres) == [leaf for leaf in before if "2020" not in leaf[0]]


def _leaves(postgres: Postgres) -> list[tuple[str, bool]]:
    """Name and row-level security of each partition of realtime.messages."""
    rows = postgres.execute(
        "select inhrelid::regclass::text, relrowsecurity from pg_inherits join pg_class on oid = inhrelid"
        " where inhparent = 'realtime.messages'::regclass order by 1"
    )
    return [(str(name), bool(secured)) for name, secured in rows]


def test_a_user_without_policy_sends_nothing_and_is_only_warned(postgres: Postgres) -> None:
    notices: list[str] = []
    postgres.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    with postgres.transaction():
        postgres.execute("set local role authenticated")
        postgres.execute("select realtime.send('{}', 'progress', 'batch:1')")
    assert postgres.execute("select count(*) from realtime.messages").fetchone() == (0,)
    assert "row-level security" in notices[0]


def test_a_changed_row_is_broadcast_from_a_trigger(postgres: Postgres) -> None:
    postgres.execute(
        "create table public.jobs (id int primary key, status text);"
        "create function public.tell() returns trigger language plpgsql set search_path = '' as $$ begin"
        " perform realtime.broadcast_changes('jobs', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);"
        " return null; end $$;"
        "create trigger tell after update on public.jobs for each row execute function public.tell();"
        "insert into public.jobs values (1, 'pending'); update public.jobs set status = 'done'"
    )
    row = postgres.execute("select topic, event, payload - 'id' from realtime.messages").fetchone()
    assert row == (
        "jobs",
        "UPDATE",
        {
            "operation": "UPDATE",
            "table": "jobs",
            "schema": "public",
            "record": {"id": 1, "status": "done"},
            "old_record": {"id": 1, "status": "pending"},
        },
    )


def test_bootstrapping_again_changes_nothing(bare_database: Database) -> None:
    assert bootstrap(bare_database.superuser) == []


def test_a_password_is_set_once_and_again_when_it_changes(
    clone: Callable[[str], Database], bare_template: str
) -> None:
    database = clone(bare_template)
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        verifier = "select rolpassword from pg_authid where rolname = 'authenticator'"
        assert set_password(connection, "authenticator", "one")
        first = connection.execute(verifier).fetchone()
        assert set_password(connection, "authenticator", "one")
        assert connection.execute(verifier).fetchone() == first
        assert set_password(connection, "authenticator", "two")
        assert connection.execute(verifier).fetchone() != first
        assert not set_password(connection, "nobody_by_that_name", "three")
        connection.execute("alter role authenticator password null")
