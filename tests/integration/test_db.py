"""cliprow.db: acting as a user, and what errors of the database mean."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from cliprow import db
from cliprow.errors import (
    CliprowError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    StaleToken,
    Unavailable,
)
from tests.cluster import Database

_WHO = "select current_user, auth.uid(), auth.jwt() ->> 'tenant_id', current_setting('statement_timeout')"


def test_a_block_as_user_has_role_claims_and_timeout_and_leaves_none(bare_database: Database) -> None:
    user, tenant = uuid4(), uuid4()
    with db.connect(bare_database.admin) as connection:
        with db.as_user(connection, user, tenant, timeout_ms=1234):
            assert connection.execute(_WHO).fetchone() == ("authenticated", user, str(tenant), "1234ms")
        assert connection.execute(_WHO).fetchone() == ("postgres", None, None, "0")


def test_a_block_as_user_is_rolled_back_when_it_raises(bare_database: Database) -> None:
    with db.connect(bare_database.admin) as connection:
        connection.execute("create table public.t (id int); grant insert on public.t to authenticated")
        with pytest.raises(InvalidInput), db.as_user(connection, uuid4(), uuid4()):
            connection.execute("insert into public.t values (1); select 'x'::int")
        assert connection.execute("select count(*) from public.t").fetchone() == (0,)


def test_a_slow_statement_as_user_is_cut_off(bare_database: Database) -> None:
    with (
        db.connect(bare_database.admin) as connection,
        pytest.raises(Unavailable, match="statement timeout"),
        db.as_user(connection, uuid4(), uuid4(), timeout_ms=20),
    ):
        connection.execute("select pg_sleep(5)")


def test_a_user_cannot_be_taken_on_inside_a_transaction(bare_database: Database) -> None:
    with (
        db.connect(bare_database.admin) as connection,
        connection.transaction(),
        pytest.raises(ValueError, match="transaction"),
        db.as_user(connection, uuid4(), uuid4()),
    ):
        pass


def test_pool_and_asyncio_act_alike(bare_database: Database) -> None:
    user, tenant = uuid4(), uuid4()
    with (
        db.pool(bare_database.admin) as pool,
        pool.connection() as connection,
        db.as_user(connection, user, tenant),
    ):
        assert connection.execute("select auth.uid()").fetchone() == (user,)

    async def ask() -> object:
        async with (
            db.pool_async(bare_database.admin) as pool,
            pool.connection() as connection,
            db.as_user_async(connection, user, tenant),
        ):
            return await (await connection.execute("select auth.uid()")).fetchone()

    assert asyncio.run(ask()) == (user,)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("do $$ begin raise 'no such tone' using errcode = 'CR001'; end $$", InvalidInput),
        ("do $$ begin raise 'no such batch' using errcode = 'CR002'; end $$", NotFound),
        ("do $$ begin raise 'not a member' using errcode = 'CR003'; end $$", NotAllowed),
        ("do $$ begin raise 'it has ended' using errcode = 'CR004'; end $$", Conflict),
        ("do $$ begin raise 'it is another''s' using errcode = 'CR005'; end $$", StaleToken),
        ("set role anon; create table public.t ()", NotAllowed),
        ("select 'x'::int", InvalidInput),
        ("create table public.t (id int primary key); insert into public.t values (1), (1)", Conflict),
        ("create table public.t (id int check (id > 1)); insert into public.t values (1)", InvalidInput),
        ("select pg_terminate_backend(pg_backend_pid())", Unavailable),
    ],
)
def test_an_error_of_the_database_tells_the_caller_what_to_do(
    statement: str, kind: type[CliprowError], bare_database: Database
) -> None:
    with psycopg.connect(bare_database.admin, autocommit=True) as connection, pytest.raises(kind) as caught:
        with db.translated():
            connection.execute(statement.encode())
    assert type(caught.value) is kind


def test_our_errors_keep_message_hint_and_code(bare_database: Database) -> None:
    with db.connect(bare_database.admin) as connection, pytest.raises(Conflict) as caught, db.translated():
        connection.execute(
            "do $$ begin raise 'The batch is paused.' using errcode = 'CR004',"
            " hint = 'Resume it first.', detail = 'error_code=BATCH_PAUSED'; end $$"
        )
    assert caught.value.message == "The batch is paused."
    assert caught.value.next_step == "Resume it first."
    assert caught.value.error_code == "BATCH_PAUSED"


def test_a_mistake_in_our_sql_is_not_disguised(bare_database: Database) -> None:
    with (
        db.connect(bare_database.admin) as connection,
        pytest.raises(CliprowError) as caught,
        db.translated(),
    ):
        connection.execute("select nothing")
    assert type(caught.value) is CliprowError
    assert "42703" in caught.value.message


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer") as caught:
        db.connect("postgresql://me:hidden@127.0.0.1:1/postgres")
    assert "hidden" not in str(caught.value)


def test_a_wrong_password_is_not_allowed(bare_database: Database) -> None:
    with pytest.raises(NotAllowed, match="password"):
        db.connect(bare_database.admin, password="wrong")
