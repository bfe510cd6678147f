"""The canary: a tenant that must never see a row of another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import SAMPLES, add_rows
from tests.sql.world import Connection

CANARY = "00000000-0000-4000-8000-0000000ca4a4"


@pytest.fixture(scope="module")
def _rows(cast: Cast) -> None:
    """A row of everything, and a file."""
    add_rows(cast.world, cast.tenant_id, cast.project_id, cast.world.sign_up("newcomer").user_id)
    cast.world.run(
        "insert into storage.objects (bucket_id, name) values ('media', %s)", f"{cast.tenant_id}/file"
    )
    cast.world.run("grant cliprow_api to postgres")


@pytest.fixture(autouse=True)
def _undone(cast: Cast, _rows: None) -> Any:
    with cast.world.admin.transaction(force_rollback=True):
        yield


def check(cast: Cast) -> dict[str, Any]:
    connection: Connection = cast.world.admin
    with connection.transaction():
        connection.execute("set local role cliprow_api")
        row = connection.execute("select private.count_foreign_rows()").fetchone()
        assert connection.execute("select current_setting('role')").fetchone() == ("cliprow_api",)
        connection.execute("set local role none")
    assert row
    checked: dict[str, Any] = row[0]
    return checked


def test_it_sees_nothing_of_others(cast: Cast) -> None:
    told = check(cast)
    assert told == {"checked": told["checked"], "foreign_rows": 0, "found": {}}


def test_it_looks_at_everything_that_users_may_read(cast: Cast) -> None:
    sources = cast.world.rows(
        "select source from private.canary_queries(gen_random_uuid(), gen_random_uuid())"
    )
    readable = {table for table in SAMPLES if table not in ("platforms", "realtime_outbox")}
    assert {source.removeprefix("public.") for (source,) in sources} == readable | {
        "members",
        "storage.objects",
    }


@pytest.mark.parametrize("table", [t for t in SAMPLES if t not in ("platforms", "realtime_outbox")])
def test_it_notices_a_table_that_shows_too_much(cast: Cast, table: str) -> None:
    cast.world.run(f"create policy leak on public.{table} for select to authenticated using (true)")
    told = check(cast)
    assert told["foreign_rows"] > 0
    # The members are seen through the list of them, where nothing leaks.
    assert {name.removeprefix("public.") for name in told["found"]} == {table}


def test_it_notices_files_that_are_shown_to_all(cast: Cast) -> None:
    cast.world.run(
        "create policy leak on storage.objects for select to authenticated using (bucket_id = 'media')"
    )
    assert check(cast)["found"] == {"storage.objects": 1}


def test_it_notices_when_a_token_is_believed_without_a_membership(cast: Cast) -> None:
    """What the second set of claims is for: they name a tenant that the canary is not in."""
    cast.world.run(
        "create or replace function private.tenant_id() returns uuid language sql stable set search_path = ''"
        " return (private.claims() ->> 'tenant_id')::uuid"
    )
    assert check(cast)["foreign_rows"] > 0


def test_it_is_made_once_and_owns_a_tenant_to_itself(cast: Cast) -> None:
    check(cast)
    check(cast)
    assert cast.world.rows(
        "select t.name, m.role, u.email, u.encrypted_password from auth.users as u"
        " join public.memberships as m on m.user_id = u.id join public.tenants as t on t.id = m.tenant_id"
        " where u.id = %s",
        CANARY,
    ) == [("Canary", "owner", None, None)]
    tenant_id = cast.world.one("select tenant_id from public.memberships where user_id = %s", CANARY)
    assert cast.world.one("select count(*) from public.memberships where tenant_id = %s", tenant_id) == 1


def test_it_comes_back_when_its_tenant_was_deleted(cast: Cast) -> None:
    check(cast)
    cast.world.run(
        "update public.tenants set deleted_at = now()"
        " where id = (select tenant_id from public.memberships where user_id = %s)",
        CANARY,
    )
    assert check(cast)["foreign_rows"] == 0
    assert cast.world.one("select count(*) from public.memberships where user_id = %s", CANARY) == 2


@pytest.mark.parametrize("who", [Who.OWNER, Who.SERVICE, Who.ANON, Who.WORKER])
@pytest.mark.parametrize(
    "call",
    ["count_foreign_rows()", "canary_claims()", "canary_queries(gen_random_uuid(), gen_random_uuid())"],
)
def test_nobody_else_has_part_in_it(cast: Cast, who: Who, call: str) -> None:
    assert not cast.can(who, f"select private.{call}", {})
