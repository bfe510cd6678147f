"""invite_member, accept_invitation, revoke_invitation: nobody comes into a tenant unasked, nor without being asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.sql.world import Person, World

INVITE = "select public.invite_member(%s, %s, %s)"
SHOW = "select public.show_invitation(%s)"
ACCEPT = "select public.accept_invitation(%s)"
REVOKE = "select public.revoke_invitation(%s)"


@pytest.fixture
def world(passing_world: World) -> World:
    return passing_world


@dataclass(frozen=True)
class Guest:
    """Somebody with an account, a tenant of its own, and a confirmed address."""

    person: Person
    email: str


@pytest.fixture
def guest(world: World) -> Guest:
    return sign_up(world, "guest")


def sign_up(world: World, name: str) -> Guest:
    person = world.sign_up(name)
    world.run("update auth.users set email_confirmed_at = now() where id = %s", person.user_id)
    return Guest(person, world.one("select email from auth.users where id = %s", person.user_id))


def invite(
    world: World, by: Person, email: str, role: str = "editor", scope: str = "project"
) -> dict[str, Any]:
    made: dict[str, Any] = world.ask(by, INVITE, email, role, scope)
    return made


def refused(world: World, person: Person, statement: str, *arguments: object) -> str:
    """The code of the error that a call raises."""
    with pytest.raises(psycopg.Error) as error:
        world.ask(person, statement, *arguments)
    assert error.value.diag.message_hint
    return str(error.value.sqlstate)


def membership(world: World, person: Person, to: Person) -> list[tuple[Any, ...]]:
    return world.rows(
        "select role, analytics_scope from public.memberships where (tenant_id, user_id) = (%s, %s)",
        to.tenant_id,
        person.user_id,
    )


def test_whoever_was_invited_joins_with_the_role_that_was_meant(
    world: World, ann: Person, bob: Person, guest: Guest
) -> None:
    made = invite(world, ann, f" {guest.email.upper()} ")
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert abs(expires_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert membership(world, guest.person, ann) == []
    assert world.ask(guest.person, ACCEPT, made["token"]) == {
        "tenant_id": str(ann.tenant_id),
        "role": "editor",
    }
    assert membership(world, guest.person, ann) == [("editor", "project")]
    assert membership(world, guest.person, bob) == []
    assert world.rows("select id::text, accepted_by, invited_by from public.invitations") == [
        (made["invitation_id"], guest.person.user_id, ann.user_id)
    ]


def test_an_invitation_says_what_it_is_to_before_it_is_accepted(
    world: World, ann: Person, bob: Person, guest: Guest
) -> None:
    world.run("update public.tenants set name = 'Tea House' where id = %s", ann.tenant_id)
    made = invite(world, ann, guest.email)
    told = {
        "tenant_id": str(ann.tenant_id),
        "tenant_name": "Tea House",
        "role": "editor",
        "expires_at": made["expires_at"],
    }
    assert world.ask(guest.person, SHOW, made["token"]) == told | {"is_for_me": True}
    assert world.ask(bob, SHOW, made["token"]) == told | {"is_for_me": False}
    assert refused(world, bob, SHOW, "0" * 64) == "CR002"
    world.ask(guest.person, ACCEPT, made["token"])
    assert refused(world, guest.person, SHOW, made["token"]) == "CR002"


def test_only_a_hash_of_the_token_is_kept(world: World, ann: Person, guest: Guest) -> None:
    token = invite(world, ann, guest.email)["token"]
    assert len(token) == 64
    kept = world.rows("select i::text from public.invitations as i")
    kept += world.rows("select k::text from private.invitation_tokens as k")
    assert len(kept) == 2
    assert not any(token in row[0] for row in kept)


def test_a_token_works_once(world: World, ann: Person, guest: Guest) -> None:
    token = invite(world, ann, guest.email)["token"]
    world.ask(guest.person, ACCEPT, token)
    world.run("delete from public.memberships where user_id = %s and role = 'editor'", guest.person.user_id)
    assert refused(world, guest.person, ACCEPT, token) == "CR002"
    assert membership(world, guest.person, ann) == []


def test_a_token_is_worth_nothing_to_anybody_else(
    world: World, ann: Person, bob: Person, guest: Guest
) -> None:
    token = invite(world, ann, guest.email)["token"]
    other = sign_up(world, "other")
    for person in (bob, other.person, Person(uuid4(), ann.tenant_id)):
        assert refused(world, person, ACCEPT, token) == "CR003"
    # Not even to somebody whose token says so: the address is asked of the user.
    claims = f'{{"sub": "{other.person.user_id}", "email": "{guest.email}", "role": "authenticated"}}'
    with world.admin.transaction(force_rollback=True):
        world.run(
            "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)",
            claims,
        )
        with pytest.raises(psycopg.Error, match="another e-mail address"):
            world.run(ACCEPT, token)
    world.ask(guest.person, ACCEPT, token)


def test_the_address_must_be_confirmed(world: World, ann: Person, guest: Guest) -> None:
    """Otherwise anybody could sign up under the address of whoever was invited."""
    token = invite(world, ann, guest.email)["token"]
    world.run("update auth.users set email_confirmed_at = null where id = %s", guest.person.user_id)
    assert refused(world, guest.person, ACCEPT, token) == "CR003"
    world.run("update auth.users set email_confirmed_at = now() where id = %s", guest.person.user_id)
    world.ask(guest.person, ACCEPT, token)


def test_an_address_that_was_changed_away_from_no_longer_counts(
    world: World, ann: Person, guest: Guest
) -> None:
    token = invite(world, ann, guest.email)["token"]
    world.run("update auth.users set email = 'new@example.org' where id = %s", guest.person.user_id)
    assert refused(world, guest.person, ACCEPT, token) == "CR003"


def test_an_invitation_lives_seven_days(world: World, ann: Person, guest: Guest) -> None:
    token = invite(world, ann, guest.email)["token"]
    world.run("update public.invitations set expires_at = now()")
    assert refused(world, guest.person, ACCEPT, token) == "CR004"


def test_a_new_invitation_replaces_the_old_one(world: World, ann: Person, guest: Guest) -> None:
    first = invite(world, ann, guest.email, "admin")
    second = invite(world, ann, guest.email, "viewer")
    assert refused(world, guest.person, ACCEPT, first["token"]) == "CR002"
    assert world.ask(guest.person, ACCEPT, second["token"])["role"] == "viewer"


def test_tenants_invite_the_same_person_apart(world: World, ann: Person, bob: Person, guest: Guest) -> None:
    tokens = [invite(world, person, guest.email)["token"] for person in (ann, bob)]
    for person, token in zip((ann, bob), tokens, strict=True):
        assert world.ask(guest.person, ACCEPT, token)["tenant_id"] == str(person.tenant_id)


def test_a_withdrawn_invitation_is_worth_nothing(world: World, ann: Person, guest: Guest) -> None:
    made = invite(world, ann, guest.email)
    for _ in range(2):
        assert world.ask(ann, REVOKE, made["invitation_id"]) == {"invitation_id": made["invitation_id"]}
    assert refused(world, guest.person, ACCEPT, made["token"]) == "CR002"
    invite(world, ann, guest.email)


def test_only_what_is_open_can_be_withdrawn(world: World, ann: Person, bob: Person, guest: Guest) -> None:
    made = invite(world, ann, guest.email)
    for person in (bob, Person(bob.user_id, ann.tenant_id)):
        assert refused(world, person, REVOKE, made["invitation_id"]) in ("CR002", "CR003")
    assert refused(world, ann, REVOKE, uuid4()) == "CR002"
    world.ask(guest.person, ACCEPT, made["token"])
    assert refused(world, ann, REVOKE, made["invitation_id"]) == "CR004"


def test_who_may_invite_whom(world: World, ann: Person, bob: Person, guest: Guest) -> None:
    roles = ("viewer", "editor", "admin", "owner")
    allowed = {"viewer": (), "editor": (), "admin": roles[:3], "owner": roles}
    for role in roles:
        person = world.add_member(ann, role)
        for wanted in roles:
            if wanted in allowed[role]:
                world.ask(ann, REVOKE, invite(world, person, guest.email, wanted)["invitation_id"])
            else:
                assert refused(world, person, INVITE, guest.email, wanted, "none") == "CR003"
    for outsider in (Person(bob.user_id, ann.tenant_id), Person(guest.person.user_id, ann.tenant_id)):
        assert refused(world, outsider, INVITE, guest.email, "viewer", "none") == "CR003"


def test_an_admin_touches_no_invitation_of_an_owner(world: World, ann: Person, guest: Guest) -> None:
    admin = world.add_member(ann, "admin")
    made = invite(world, ann, guest.email, "owner")
    assert refused(world, admin, INVITE, guest.email, "viewer", "none") == "CR003"
    assert refused(world, admin, REVOKE, made["invitation_id"]) == "CR003"
    assert world.ask(guest.person, ACCEPT, made["token"])["role"] == "owner"


@pytest.mark.parametrize(
    "change",
    [
        "delete from public.memberships where user_id = %s and role = 'admin'",
        "update public.memberships set role = 'editor' where user_id = %s and role = 'admin'",
        "delete from auth.users where id = %s",
    ],
)
def test_somebody_who_was_put_out_leaves_no_way_back(
    world: World, ann: Person, guest: Guest, change: str
) -> None:
    """An invitation that an admin kept for itself is worth no more than the admin is."""
    admin = world.add_member(ann, "admin")
    token = invite(world, admin, guest.email)["token"]
    world.run(change, admin.user_id)
    assert refused(world, guest.person, ACCEPT, token) == "CR004"


def test_an_owner_who_became_an_admin_makes_no_owners(world: World, ann: Person, guest: Guest) -> None:
    owner = world.add_member(ann, "owner")
    token = invite(world, owner, guest.email, "owner")["token"]
    world.run(
        "update public.memberships set role = 'admin' where (tenant_id, user_id) = (%s, %s)",
        ann.tenant_id,
        owner.user_id,
    )
    assert refused(world, guest.person, ACCEPT, token) == "CR004"


def test_a_deleted_tenant_takes_nobody_in(world: World, ann: Person, guest: Guest) -> None:
    token = invite(world, ann, guest.email)["token"]
    world.run("update public.tenants set deleted_at = now() where id = %s", ann.tenant_id)
    assert refused(world, guest.person, ACCEPT, token) == "CR002"


def test_members_are_neither_invited_nor_accepted_again(world: World, ann: Person, guest: Guest) -> None:
    token = invite(world, ann, guest.email)["token"]
    world.run(
        "insert into public.memberships (tenant_id, user_id) values (%s, %s)",
        ann.tenant_id,
        guest.person.user_id,
    )
    assert refused(world, guest.person, ACCEPT, token) == "CR004"
    assert refused(world, ann, INVITE, guest.email, "admin", "none") == "CR004"
    assert membership(world, guest.person, ann) == [("viewer", "tenant")]


@pytest.mark.parametrize(
    ("email", "role", "scope"),
    [
        ("", "viewer", "none"),
        ("nobody", "viewer", "none"),
        ("a b@example.org", "viewer", "none"),
        ("x" * 320 + "@example.org", "viewer", "none"),
        (None, "viewer", "none"),
        ("a@example.org", "king", "none"),
        ("a@example.org", None, "none"),
        ("a@example.org", "viewer", "all"),
        ("a@example.org", "viewer", None),
    ],
)
def test_what_cannot_be_invited_is_said(
    world: World, ann: Person, email: str | None, role: str | None, scope: str | None
) -> None:
    assert refused(world, ann, INVITE, email, role, scope) == "CR001"


@pytest.mark.parametrize("token", ["", "x", "0" * 64, None])
def test_no_other_token_opens_anything(world: World, ann: Person, guest: Guest, token: str | None) -> None:
    invite(world, ann, guest.email)
    assert refused(world, guest.person, ACCEPT, token) == "CR002"


def test_there_is_an_end_to_open_invitations(world: World, ann: Person, bob: Person) -> None:
    world.run(
        "insert into public.invitations (tenant_id, email, role, analytics_scope, expires_at)"
        " select %s, n || '@example.org', 'viewer', 'none', now() + interval '1 day' from generate_series(1, 500) as n",
        ann.tenant_id,
    )
    assert refused(world, ann, INVITE, "one-more@example.org", "viewer", "none") == "CR004"
    invite(world, bob, "one-more@example.org")
