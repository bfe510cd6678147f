"""What the storage, and whoever writes policies, relies on of the real schema `storage`.

Each holds of a Supabase project (Storage 1.90) as well; nothing here may be true of the stand-in only.
"""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.cluster import Database


@pytest.fixture
def connection(bare_database: Database) -> psycopg.Connection:
    return psycopg.connect(bare_database.superuser, autocommit=True)


def columns(connection: psycopg.Connection, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            [table],
        ).fetchall()
    )


def test_tables_have_the_columns_that_are_used(connection: psycopg.Connection) -> None:
    assert (
        columns(connection, "storage.objects").items()
        >= {
            "id": "uuid",
            "bucket_id": "text",
            "name": "text",
            "owner": "uuid",
            "owner_id": "text",
            "created_at": "timestamp with time zone",
            "updated_at": "timestamp with time zone",
            "last_accessed_at": "timestamp with time zone",
            "metadata": "jsonb",
            "user_metadata": "jsonb",
            "path_tokens": "text[]",
            "version": "text",
        }.items()
    )
    assert (
        columns(connection, "storage.buckets").items()
        >= {
            "id": "text",
            "name": "text",
            "owner": "uuid",
            "owner_id": "text",
            "public": "boolean",
            "file_size_limit": "bigint",
            "allowed_mime_types": "text[]",
            "type": "storage.buckettype",
        }.items()
    )


def test_functions_of_policies_say_what_the_real_ones_say(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select storage.foldername('a/b/c.tar.gz'), storage.filename('a/b/c.tar.gz'), storage.extension('a/b/c.tar.gz')"
    ).fetchone()
    assert row == (["a", "b"], "c.tar.gz", "gz")
    assert connection.execute("select storage.foldername('a')").fetchone() == ([],)
    assert connection.execute("select storage.operation()").fetchone() == (None,)


def test_listing_has_the_real_signature(connection: psycopg.Connection) -> None:
    (signature, result), *others = connection.execute(
        "select pg_get_function_arguments(oid), pg_get_function_result(oid) from pg_proc"
        " where pronamespace = 'storage'::regnamespace and proname = 'search'"
    ).fetchall()
    assert others == []
    assert signature == (
        "prefix text, bucketname text, limits integer DEFAULT 100, levels integer DEFAULT 1,"
        " offsets integer DEFAULT 0, search text DEFAULT ''::text, sortcolumn text DEFAULT 'name'::text,"
        " sortorder text DEFAULT 'asc'::text"
    )
    assert result == (
        "TABLE(name text, id uuid, updated_at timestamp with time zone, created_at timestamp with time zone,"
        " last_accessed_at timestamp with time zone, metadata jsonb)"
    )


def test_rows_are_not_deleted_behind_the_services_back(connection: psycopg.Connection) -> None:
    for table in ("objects", "buckets"):
        with pytest.raises(InsufficientPrivilege, match="Use the Storage API"):
            connection.execute(f"delete from storage.{table}".encode())
    with connection.transaction():
        connection.execute("select set_config('storage.allow_delete_query', 'true', true)")
        connection.execute("delete from storage.objects")


def test_a_name_is_taken_once_and_a_bucket_must_exist(connection: psycopg.Connection) -> None:
    connection.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    connection.execute("insert into storage.objects (bucket_id, name) values ('b', 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("insert into storage.objects (bucket_id, name) values ('b', 'a')")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("insert into storage.objects (bucket_id, name) values ('none', 'a')")


def test_the_service_becomes_its_callers_and_policies_bind_them(connection: psycopg.Connection) -> None:
    connection.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    connection.execute("insert into storage.objects (bucket_id, name) values ('b', 'a')")
    connection.execute("set session authorization supabase_storage_admin")
    assert connection.execute("select count(*) from storage.objects").fetchone() == (1,)
    for role, seen in (("anon", 0), ("authenticated", 0), ("service_role", 1)):
        with connection.transaction():
            connection.execute(
                "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
                [role, json.dumps({"role": role})],
            )
            assert connection.execute("select count(*) from storage.objects").fetchone() == (seen,)


def test_times_of_change_are_kept(connection: psycopg.Connection) -> None:
    connection.execute("insert into storage.buckets (id, name) values ('b', 'b')")
    connection.execute(
        "insert into storage.objects (bucket_id, name, updated_at) values ('b', 'a', '2000-01-01T00:00:00Z')"
    )
    connection.execute("update storage.objects set version = 'x'")
    row = connection.execute(
        "select updated_at > now() - interval '1 minute' from storage.objects"
    ).fetchone()
    assert row == (True,)
