"""custom_access_token: which tenant a token names, as Supabase Auth asks for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.sql.world import Person, World

#: What Supabase Auth puts into a token, and what it refuses to do without.
GIVEN = {
    "iss": "http://127.0.0.1:54321/auth/v1",
    "aud": "authenticated",
    "exp": 2_000_000_000,
    "iat": 1_999_996_400,
    "email": "ann@example.org",
    "phone": "",
    "app_metadata": {"provider": "email"},
    "user_metadata": {"tenant_id": "mine"},
    "role": "authenticated",
    "aal": "aal1",
    "amr": [{"method": "password", "timestamp": 1_999_996_400}],
    "is_anonymous": False,
}


def token(world: World, person: Person, **claims: object) -> dict[str, Any]:
    """Claims of the next token of a sign-in."""
    given = GIVEN | {"sub": str(person.user_id), "session_id": str(person.session_id or uuid4())} | claims
    event = {"user_id": str(person.user_id), "claims": given, "authentication_method": "password"}
    connection = world.connect(world.database.superuser)
    connection.execute("set role supabase_auth_admin")
    row = connection.execute("select private.custom_access_token(%s)", [Jsonb(event)]).fetchone()
    assert row
    assert {name: row[0]["claims"][name] for name in given if name not in NEW} == {
        name: value for name, value in given.items() if name not in NEW
    }
    made: dict[str, Any] = row[0]["claims"]
    return made


NEW = ("tenant_id", "project_role", "analytics_scope")


def told(claims: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(claims.get(name) for name in NEW)


def test_a_new_user_gets_its_own_tenant_and_all_other_claims_stay(
    world: World, ann: Person, bob: Person
) -> None:
    for person in (ann, bob):
        assert told(token(world, person)) == (str(person.tenant_id), "owner", "tenant")


def test_the_tenant_that_a_user_has_been_in_longest_comes_first(
    world: World, ann: Person, bob: Person
) -> None:
    both = world.add_member(ann, "editor", "project")
    own = world.one(
        "select tenant_id from public.memberships where user_id = %s and role = 'owner'", both.user_id
    )
    assert told(token(world, both)) == (str(own), "owner", "tenant")
    world.run("delete from public.tenants where id = %s", own)
    assert told(token(world, both)) == (str(ann.tenant_id), "editor", "project")


def test_a_role_in_the_token_is_the_one_of_now(world: World, ann: Person) -> None:
    world.add_member(ann, "owner")
    world.run("update public.memberships set role = 'viewer' where user_id = %s", ann.user_id)
    assert token(world, ann)["project_role"] == "viewer"


def test_a_deleted_tenant_is_not_named(world: World, ann: Person, bob: Person) -> None:
    world.run("update public.tenants set deleted_at = now() where id = %s", ann.tenant_id)
    assert told(token(world, ann)) == (None, None, None)
    assert told(token(world, bob)) == (str(bob.tenant_id), "owner", "tenant")


def test_whoever_is_no_member_anywhere_gets_no_tenant_whatever_the_claims_said(
    world: World, ann: Person, bob: Person
) -> None:
    world.run("delete from public.tenants where id = %s", ann.tenant_id)
    claims = token(world, ann, tenant_id=str(bob.tenant_id), project_role="owner", analytics_scope="tenant")
    assert told(claims) == (None, None, None)


@pytest.mark.parametrize("session_id", [None, "", "absent"])
def test_a_token_without_a_sign_in_of_its_own_gets_the_first_tenant(
    world: World, ann: Person, session_id: str | None
) -> None:
    event: dict[str, Any] = {"user_id": str(ann.user_id), "claims": {"sub": str(ann.user_id)}}
    if session_id != "absent":
        event["claims"]["session_id"] = session_id
    made = world.one("select private.custom_access_token(%s)", Jsonb(event))
    assert made["claims"]["tenant_id"] == str(ann.tenant_id)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", "cliprow_api", "cliprow_worker"])
def test_nobody_but_supabase_auth_may_ask(world: World, ann: Person, role: str) -> None:
    connection = world.connect(world.database.superuser)
    connection.execute(f"set role {role}".encode())
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute("select private.custom_access_token('{}')")


def test_supabase_auth_may_read_no_table_of_ours(world: World) -> None:
    connection = world.connect(world.database.superuser)
    connection.execute("set role supabase_auth_admin")
    for table in ("public.memberships", "public.tenants", "private.tenant_choices"):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"select from {table}".encode())


def test_sign_up_takes_any_name(world: World) -> None:
    """The name is whatever the browser sent: a sign-up must not fail over it."""
    for name in ("x" * 300, "   ", ""):
        user_id: UUID = uuid4()
        world.run(
            "insert into auth.users (id, email, raw_user_meta_data) values (%s, %s, %s)",
            user_id,
            f"{user_id}{'y' * 200}@example.org",
            Jsonb({"tenant_name": name}),
        )
        made = world.one(
            "select name from public.tenants join public.memberships on tenant_id = id where user_id = %s",
            user_id,
        )
        assert made == (name[:200] if name.startswith("x") else f"{user_id}{'y' * 200}"[:200])


def test_it_changes_nothing(world: World, ann: Person) -> None:
    """So it may be asked while nothing can be written."""
    event = Jsonb({"user_id": str(ann.user_id), "claims": {}})
    with world.admin.transaction():
        world.run("set transaction read only")
        assert world.one("select private.custom_access_token(%s)", event)["claims"]["project_role"] == "owner"
