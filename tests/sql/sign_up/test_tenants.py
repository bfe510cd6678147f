"""Sign-up makes user, tenant and owner; a tenant never loses its last owner."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.world import Person, World


def test_a_new_user_owns_a_new_tenant(world: World) -> None:
    world.run(
        "insert into auth.users (id, email, raw_user_meta_data) values"
        " (gen_random_uuid(), 'a@b.org', '{\"tenant_name\": \"Tea House\"}'), (gen_random_uuid(), 'carl@b.org', null),"
        " (gen_random_uuid(), null, null)"
    )
    assert world.rows(
        "select t.name, t.plan, m.role, m.analytics_scope from public.tenants as t"
        ' join public.memberships as m on m.tenant_id = t.id order by t.name collate "C"'
    ) == [(name, "standard", "owner", "tenant") for name in ("My team", "Tea House", "carl")]


@pytest.mark.parametrize(
    "change", ["delete from public.memberships", "update public.memberships set role = 'admin'"]
)
def test_the_last_owner_stays(world: World, ann: Person, bob: Person, change: str) -> None:
    with pytest.raises(psycopg.Error, match="last one") as refused:
        world.run(f"{change} where user_id = %s and tenant_id = %s", ann.user_id, ann.tenant_id)
    assert refused.value.sqlstate == "CR004"
    other = world.add_member(ann, "owner")
    assert world.run(f"{change} where user_id = %s and tenant_id = %s", ann.user_id, ann.tenant_id) == 1
    assert world.rows(
        "select user_id from public.memberships where tenant_id = %s and role = 'owner'", ann.tenant_id
    ) == [(other.user_id,)]


def test_a_deleted_user_may_leave_a_tenant_without_an_owner(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project)
    world.run("delete from auth.users where id = %s", ann.user_id)
    assert world.rows("select owner_id, tenant_id from public.projects") == [(None, ann.tenant_id)]
    assert world.rows("select created_by, status from public.batches") == [(None, "pending")]


def test_a_removal_starts_the_next_epoch(world: World, ann: Person, bob: Person) -> None:
    editor = world.add_member(ann, "editor")
    project = world.add_project(editor)
    world.run(
        "delete from public.memberships where user_id = %s and tenant_id = %s", editor.user_id, ann.tenant_id
    )
    assert world.one("select epoch from public.tenants where id = %s", ann.tenant_id) == 2
    assert world.one("select epoch from public.tenants where id = %s", bob.tenant_id) == 1
    assert world.rows("select owner_id, tenant_id from public.projects where id = %s", project) == [
        (None, ann.tenant_id)
    ]


def test_a_tenant_can_be_deleted_with_everything_in_it(world: World, ann: Person, bob: Person) -> None:
    world.add_member(ann, "editor")
    world.create_batch(ann, world.add_project(ann))
    world.run("delete from public.tenants where id = %s", ann.tenant_id)
    assert world.one("select count(*) from public.projects") == 0
    assert world.one("select count(*) from public.tenants where id = %s", bob.tenant_id) == 1
