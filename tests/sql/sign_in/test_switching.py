"""switch_tenant, list_my_tenants, create_tenant: one sign-in acts in one tenant at a time."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.sign_in.test_hook import token
from tests.sql.world import Person, World

SWITCH = "select public.switch_tenant(%s)"


@pytest.fixture
def both(world: World, ann: Person, bob: Person) -> Person:
    """A user who is a member of both tenants besides its own, signed in."""
    person = world.sign_up("both")
    for to, role in ((ann, "viewer"), (bob, "editor")):
        world.run(
            "insert into public.memberships (tenant_id, user_id, role) values (%s, %s, %s)",
            to.tenant_id,
            person.user_id,
            role,
        )
    return world.sign_in(person)


def refreshed(world: World, person: Person) -> Person:
    """The same sign-in after its token was refreshed."""
    return replace(person, tenant_id=UUID(token(world, person)["tenant_id"]))


def test_it_counts_for_this_sign_in_only_and_from_the_next_token_on(
    world: World, ann: Person, bob: Person, both: Person
) -> None:
    for owner in (ann, bob):
        world.add_project(owner)
    elsewhere = world.sign_in(both)
    seen = "select array_agg(tenant_id) from public.projects"
    assert world.ask(both, SWITCH, ann.tenant_id) == {"tenant_id": str(ann.tenant_id)}
    assert world.ask(both, seen) is None
    assert world.ask(refreshed(world, both), seen) == [ann.tenant_id]
    assert refreshed(world, elsewhere).tenant_id == both.tenant_id
    world.ask(both, SWITCH, bob.tenant_id)
    assert world.ask(refreshed(world, both), seen) == [bob.tenant_id]
    world.ask(both, SWITCH, both.tenant_id)
    assert world.ask(refreshed(world, both), seen) is None


def test_a_choice_goes_with_its_sign_in(world: World, ann: Person, both: Person) -> None:
    world.ask(both, SWITCH, ann.tenant_id)
    world.run("delete from auth.sessions where id = %s", both.session_id)
    assert world.one("select count(*) from private.tenant_choices") == 0


def test_a_removed_member_falls_back_to_a_tenant_it_is_in(world: World, ann: Person, both: Person) -> None:
    world.add_project(ann)
    world.ask(both, SWITCH, ann.tenant_id)
    there = refreshed(world, both)
    assert world.ask(there, "select count(*) from public.projects") == 1
    world.run(
        "delete from public.memberships where (tenant_id, user_id) = (%s, %s)", ann.tenant_id, both.user_id
    )
    assert world.ask(there, "select count(*) from public.projects") == 0
    assert refreshed(world, there).tenant_id == both.tenant_id
    # Coming back does not bring the old choice back.
    world.run(
        "insert into public.memberships (tenant_id, user_id) values (%s, %s)", ann.tenant_id, both.user_id
    )
    assert refreshed(world, there).tenant_id == both.tenant_id


def test_nobody_switches_to_a_tenant_they_are_not_in(
    world: World, ann: Person, bob: Person, both: Person
) -> None:
    stranger = world.sign_in(bob)
    world.run("update public.tenants set deleted_at = now() where id = %s", ann.tenant_id)
    for person, tenant_id in (
        (stranger, ann.tenant_id),
        (both, ann.tenant_id),
        (both, uuid4()),
        (both, None),
    ):
        with pytest.raises(psycopg.Error, match="not a member") as refused:
            world.ask(person, SWITCH, tenant_id)
        assert refused.value.sqlstate == "CR002"
    assert world.one("select count(*) from private.tenant_choices") == 0


def test_nobody_switches_somebody_elses_sign_in(world: World, ann: Person, both: Person) -> None:
    for session_id in (world.sign_in(ann).session_id, uuid4(), None):
        with pytest.raises(psycopg.Error, match="has ended") as refused:
            world.ask(replace(both, session_id=session_id), SWITCH, ann.tenant_id)
        assert refused.value.sqlstate == "CR003"


def test_people_see_their_tenants_and_what_they_are_there(
    world: World, ann: Person, bob: Person, both: Person
) -> None:
    world.run("update public.tenants set plan = 'premium', name = 'B' where id = %s", bob.tenant_id)
    world.run("update public.tenants set name = 'a' where id = %s", ann.tenant_id)
    world.run("update public.tenants set name = 'c' where id = %s", both.tenant_id)
    deleted = world.ask(both, "select public.create_tenant('Gone')")["tenant_id"]
    world.run("update public.tenants set deleted_at = now() where id = %s", deleted)
    with world.acting(both) as connection:
        rows = connection.execute("select * from public.list_my_tenants()").fetchall()
    assert rows == [
        (ann.tenant_id, "a", "viewer", "standard", False),
        (bob.tenant_id, "B", "editor", "premium", False),
        (both.tenant_id, "c", "owner", "standard", True),
    ]
    assert world.ask(Person(uuid4(), ann.tenant_id), "select count(*) from public.list_my_tenants()") == 0


def test_a_user_makes_a_tenant_and_owns_it(world: World, ann: Person) -> None:
    ann = world.sign_in(ann)
    made = world.ask(ann, "select public.create_tenant('  Second shop ')")["tenant_id"]
    assert world.rows("select name, plan, epoch from public.tenants where id = %s", made) == [
        ("Second shop", "standard", 1)
    ]
    world.ask(ann, SWITCH, made)
    assert token(world, ann)["tenant_id"] == made
    assert token(world, ann)["project_role"] == "owner"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, None])
def test_a_tenant_has_a_name(world: World, ann: Person, name: str | None) -> None:
    with pytest.raises(psycopg.Error) as refused:
        world.ask(ann, "select public.create_tenant(%s)", name)
    assert refused.value.sqlstate == "CR001"


def test_nobody_has_any_number_of_tenants(world: World, ann: Person) -> None:
    for number in range(19):
        world.ask(ann, "select public.create_tenant(%s)", f"No. {number}")
    with pytest.raises(psycopg.Error, match="20 tenants") as refused:
        world.ask(ann, "select public.create_tenant('One more')")
    assert refused.value.sqlstate == "CR004"


def test_a_user_who_is_gone_makes_no_tenant(world: World, ann: Person) -> None:
    with pytest.raises(psycopg.Error, match="not signed in") as refused:
        world.ask(replace(ann, user_id=uuid4()), "select public.create_tenant('Mine')")
    assert refused.value.sqlstate == "CR003"
