"""What we rely on of Supabase Realtime's schema: the stand-in has it as a real project does.

Read from the service's own migrations: columns and key of `realtime.messages`, a partition for each day, row-level
security without a policy, rights of the API's roles, signatures of the functions, what they do to a payload, and that
they never fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.cluster import Database

Rows = list[tuple[Any, ...]]


@pytest.fixture
def owner(bare_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(bare_database.admin, autocommit=True) as connection:
        yield connection


def look(connection: psycopg.Connection, statement: str, *values: object) -> Rows:
    return connection.execute(statement.encode(), values or None).fetchall()


def test_messages_have_these_columns(owner: psycopg.Connection) -> None:
    found = look(
        owner,
        "select attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)"
        " from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum"
        " where attrelid = 'realtime.messages'::regclass and attnum > 0 order by attnum",
    )
    assert found == [
        ("topic", "text", True, None),
        ("extension", "text", True, None),
        ("payload", "jsonb", False, None),
        ("event", "text", False, None),
        ("private", "boolean", False, "false"),
        ("updated_at", "timestamp without time zone", True, "now()"),
        ("inserted_at", "timestamp without time zone", True, "now()"),
        ("id", "uuid", True, "gen_random_uuid()"),
        ("binary_payload", "bytea", False, None),
    ]


def test_messages_are_kept_by_the_day_under_row_level_security(owner: psycopg.Connection) -> None:
    assert look(
        owner,
        "select pg_get_partkeydef(oid), relrowsecurity, pg_get_userbyid(relowner),"
        " (select count(*) from pg_policy where polrelid = c.oid)"
        " from pg_class as c where oid = 'realtime.messages'::regclass",
    ) == [("RANGE (inserted_at)", True, "supabase_realtime_admin", 0)]
    assert look(
        owner,
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'realtime.messages'::regclass and contype = 'p'",
    ) == [("PRIMARY KEY (id, inserted_at)",)]
    leaves = look(
        owner,
        "select relname = 'messages_' || to_char(now() at time zone 'utc', 'YYYY_MM_DD'), relrowsecurity"
        " from pg_inherits join pg_class on oid = inhrelid where inhparent = 'realtime.messages'::regclass",
    )
    assert leaves == [(True, True)]


def test_the_publications_are_there(owner: psycopg.Connection) -> None:
    assert look(
        owner,
        "select pubname, puballtables, pubinsert, pubviaroot, pubowner = 'postgres'::regrole"
        " from pg_publication order by pubname",
    ) == [
        ("supabase_realtime", False, True, False, True),
        ("supabase_realtime_messages_publication", False, True, False, False),
    ]
    assert look(
        owner,
        "select prrelid::regclass::text from pg_publication_rel join pg_publication as p on p.oid = prpubid"
        " where pubname = 'supabase_realtime_messages_publication'",
    ) == [("realtime.messages",)]


def test_the_functions_have_these_signatures(owner: psycopg.Connection) -> None:
    found = look(
        owner,
        "select proname, pg_get_function_arguments(oid), pg_get_function_result(oid), prosecdef from pg_proc"
        " where pronamespace = 'realtime'::regnamespace"
        " and proname in ('send', 'send_binary', 'broadcast_changes', 'topic') order by proname",
    )
    assert found == [
        (
            "broadcast_changes",
            "topic_name text, event_name text, operation text, table_name text, table_schema text,"
            " new record, old record, level text DEFAULT 'ROW'::text",
            "void",
            False,
        ),
        ("send", "payload jsonb, event text, topic text, private boolean DEFAULT true", "void", False),
        ("send_binary", "payload bytea, event text, topic text, private boolean DEFAULT true", "void", False),
        ("topic", "", "text", False),
    ]


def test_the_api_may_reach_messages_but_row_level_security_decides(owner: psycopg.Connection) -> None:
    for role in ("anon", "authenticated", "service_role"):
        rights = look(
            owner,
            "select has_table_privilege(%s, 'realtime.messages', 'select'),"
            " has_table_privilege(%s, 'realtime.messages', 'insert'),"
            " has_table_privilege(%s, 'realtime.messages', 'update'),"
            " has_table_privilege(%s, 'realtime.messages', 'delete')",
            *[role] * 4,
        )
        assert rights == [(True, True, True, False)]


def test_sending_adds_an_id_unless_there_is_one(owner: psycopg.Connection) -> None:
    look(owner, "select realtime.send(%s, 'e', 'with'), realtime.topic()", Jsonb({"id": "mine"}))
    look(owner, "select realtime.send(%s, 'e', 'without', false)", Jsonb({"n": 1}))
    assert look(
        owner,
        "select topic, event, private, extension, payload ->> 'id' = 'mine', payload ->> 'id' = id::text"
        " from realtime.messages order by topic",
    ) == [
        ("with", "e", True, "broadcast", True, False),
        ("without", "e", False, "broadcast", False, True),
    ]


def test_sending_never_fails_but_warns(owner: psycopg.Connection) -> None:
    """So whoever must know looks whether the row is there."""
    warnings: list[str] = []
    owner.add_notice_handler(lambda notice: warnings.append(str(notice.message_primary)))
    with owner.transaction():
        owner.execute("set local role authenticated")
        owner.execute("select realtime.send('{}', 'e', 'forbidden')")
        owner.execute("select realtime.send_binary('\\x00', 'e', 'forbidden')")
    owner.execute("select realtime.send('{}', 'e', null)")
    assert [warning.partition(":")[0] for warning in warnings] == ["WarnSendingBroadcastMessage"] * 3
    assert look(owner, "select count(*) from realtime.messages where topic = 'forbidden'") == [(0,)]


def test_a_changed_row_is_sent_with_what_it_was(owner: psycopg.Connection) -> None:
    owner.execute(
        "create table public.things (id int, name text);"
        "create function public.tell() returns trigger language plpgsql as $$ begin"
        " perform realtime.broadcast_changes('things', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);"
        " return null; end $$;"
        "create trigger tell after insert or update or delete on public.things"
        " for each row execute function public.tell();"
        "insert into public.things values (1, 'a');"
    )
    owner.execute("update public.things set name = 'b'")
    owner.execute("delete from public.things")
    found = look(owner, "select event, payload - 'id' from realtime.messages order by inserted_at")
    row_a, row_b = {"id": 1, "name": "a"}, {"id": 1, "name": "b"}
    expected = [("INSERT", row_a, None), ("UPDATE", row_b, row_a), ("DELETE", None, row_b)]
    assert found == [
        (
            operation,
            {"operation": operation, "schema": "public", "table": "things", "record": new, "old_record": old},
        )
        for operation, new, old in expected
    ]


def test_a_day_without_a_partition_gets_one(owner: psycopg.Connection, bare_database: Database) -> None:
    with psycopg.connect(bare_database.superuser, autocommit=True) as superuser:
        (leaf,) = look(
            superuser,
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'realtime.messages'::regclass",
        )[0]
        superuser.execute(f"drop table {leaf}".encode())
    owner.execute("select realtime.send('{}', 'e', 'first')")
    owner.execute("select realtime.send_binary('\\x00', 'e', 'second')")
    assert look(owner, "select count(*) from realtime.messages") == [(2,)]


def test_old_days_are_dropped(bare_database: Database) -> None:
    leaf = (
        "select format('create table realtime.%%I partition of realtime.messages for values from (%%L) to (%%L)',"
        " 'messages_' || to_char(day, 'YYYY_MM_DD'), day, day + 1)"
        " from (select (now() at time zone 'utc')::date - %s::int as day) as old"
    )
    with psycopg.connect(bare_database.superuser, autocommit=True) as superuser:
        superuser.execute("set role supabase_realtime_admin")
        for age in (2, 3, 4, 30):
            ((statement,),) = look(superuser, leaf, age)
            superuser.execute(statement)
        superuser.execute("select realtime.drop_old()")
        kept = look(
            superuser, "select count(*) from pg_inherits where inhparent = 'realtime.messages'::regclass"
        )
    assert kept == [(3,)]
