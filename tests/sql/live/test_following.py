"""Who may follow which live topic, asked as Realtime asks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.sql.live.probe import ALL_THAT_IS_GIVEN, NOTHING, probe
from tests.sql.world import Person, World


@dataclass(frozen=True)
class Topics:
    """Of one tenant, in its first epoch."""

    tenant: str
    project: str
    batch: str

    def all(self) -> tuple[str, ...]:
        return (self.tenant, self.project, self.batch)


@pytest.fixture
def topics(world: World, ann: Person) -> Topics:
    project = world.add_project(ann)
    made = world.create_batch(ann, project)
    return Topics(f"tenant:{ann.tenant_id}:1", f"project:{project}:1", f"batch:{made['batch_id']}:1")


@pytest.mark.parametrize("role", ["viewer", "editor", "admin", "owner"])
def test_every_member_receives_and_none_sends(world: World, ann: Person, topics: Topics, role: str) -> None:
    member = world.add_member(ann, role)
    for topic in topics.all():
        assert probe(world, member, topic) == ALL_THAT_IS_GIVEN


def test_nobody_else_receives_anything(world: World, ann: Person, bob: Person, topics: Topics) -> None:
    forger = Person(bob.user_id, ann.tenant_id)
    for topic in topics.all():
        for who in (bob, forger, None):
            assert probe(world, who, topic) == NOTHING


def test_a_member_of_both_tenants_follows_the_one_it_acts_in(
    world: World, ann: Person, bob: Person, topics: Topics
) -> None:
    both = world.add_member(ann, "viewer")
    world.run(
        "insert into public.memberships (tenant_id, user_id) values (%s, %s)", bob.tenant_id, both.user_id
    )
    assert probe(world, both, topics.tenant) == ALL_THAT_IS_GIVEN
    assert probe(world, Person(both.user_id, bob.tenant_id), topics.tenant) == NOTHING


def test_a_removal_ends_the_topics_for_all_and_the_new_ones_are_for_those_who_stay(
    world: World, ann: Person, topics: Topics
) -> None:
    removed = world.add_member(ann, "admin")
    world.run("delete from public.memberships where user_id = %s and role = 'admin'", removed.user_id)
    for topic in topics.all():
        following = topic.removesuffix(":1") + ":2"
        assert [probe(world, who, topic) for who in (removed, ann)] == [NOTHING, NOTHING]
        assert [probe(world, who, following) for who in (removed, ann)] == [NOTHING, ALL_THAT_IS_GIVEN]


def test_nobody_follows_a_deleted_tenant(world: World, ann: Person, topics: Topics) -> None:
    world.run("update public.tenants set deleted_at = now() where id = %s", ann.tenant_id)
    for topic in topics.all():
        assert probe(world, ann, topic) == NOTHING


def test_other_texts_are_refused_without_an_error(world: World, ann: Person, topics: Topics) -> None:
    for topic in (
        "",
        "tenant",
        "tenant::1",
        topics.tenant.upper(),
        topics.tenant + " ",
        topics.tenant.removesuffix(":1"),
        topics.tenant.removesuffix("1") + "0",
        topics.tenant.removesuffix("1") + "01x",
        topics.tenant.removesuffix("1") + "9" * 30,
        topics.tenant.removesuffix("1") + "-1",
        topics.project.replace("project", "tenant"),
        topics.batch.replace("batch", "project"),
        topics.batch.replace("batch", "job"),
        "tenant:%:1",
        "tenant:" + "f" * 36 + ":1",
        "x\n" + topics.tenant,
        topics.tenant + "\n",
        "tenant:' or true --:1",
    ):
        assert probe(world, ann, topic) == NOTHING, topic


def test_claims_that_are_no_ids_are_refused(world: World, topics: Topics) -> None:
    nobody = {"sub": "", "tenant_id": ""}
    assert probe(world, None, topics.tenant, **nobody) == NOTHING


def test_a_topic_that_may_be_followed_opens_no_other(
    world: World, ann: Person, bob: Person, topics: Topics
) -> None:
    """Whoever gets to the table itself names one topic, and reads no row of another."""
    world.run(
        "insert into realtime.messages (topic, extension, event, payload, private) values (%s, 'broadcast', 'changes', '{}', true)",
        topics.tenant,
    )
    with world.acting(bob) as connection:
        connection.execute("select set_config('realtime.topic', %s, true)", [f"tenant:{bob.tenant_id}:1"])
        assert connection.execute("select topic from realtime.messages").fetchall() == []
    with world.acting(ann) as connection:
        connection.execute("select set_config('realtime.topic', %s, true)", [topics.tenant])
        seen = connection.execute("select distinct topic from realtime.messages").fetchall()
        assert seen == [(topics.tenant,)]


def test_the_api_roles_cannot_ask_for_others(world: World, ann: Person) -> None:
    assert world.rows(
        "select r from unnest('{anon,authenticated,service_role,cliprow_worker}'::text []) as r"
        " where has_function_privilege(r, 'private.may_follow(text)', 'execute') order by r"
    ) == [("authenticated",), ("service_role",)]
