"""Realtime hides that it stored nothing; it is noticed, nothing is lost, and nobody's transaction fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import psycopg
import pytest

from tests.sql.live.channel import Channel, flush, rest_all
from tests.sql.world import Person, Worker, World


@contextmanager
def refusing(world: World) -> Iterator[None]:
    """Realtime's table takes nothing; `realtime.send` only warns of it."""
    with psycopg.connect(world.database.superuser, autocommit=True) as owner:
        owner.execute("alter table realtime.messages add constraint refused check (topic = 'none') not valid")
        yield
        owner.execute("alter table realtime.messages drop constraint refused")


@contextmanager
def raising(world: World) -> Iterator[None]:
    """`realtime.send` itself fails, as when a later version has another signature."""
    with psycopg.connect(world.database.superuser, autocommit=True) as owner:
        owner.execute("alter function realtime.send(jsonb, text, text, boolean) rename to sent")
        yield
        owner.execute("alter function realtime.sent(jsonb, text, text, boolean) rename to send")


@pytest.fixture
def project(world: World, ann: Person, bob: Person) -> Channel:
    """The topic of a project with a batch, of which nothing waits; the other tenant has one too."""
    world.add_project(bob)
    project = Channel(world, "project", world.add_project(ann))
    world.create_batch(ann, project.scope_id)
    rest_all(world)
    flush(world)
    rest_all(world)
    return project


@pytest.mark.parametrize("broken", [refusing, raising])
def test_a_change_succeeds_and_is_told_when_it_can_be(
    world: World, project: Channel, broken: Callable[[World], AbstractContextManager[None]]
) -> None:
    known = project.messages()
    with broken(world):
        for name in ("One", "Two"):
            world.run("update public.projects set name = %s where id = %s", name, project.scope_id)
        assert project.messages() == known
        rest_all(world)
        assert flush(world) == {"sent": 0, "failed": 2, "waiting": 2}
        seq, failures, at, why = world.rows(
            "select seq, failure_count, failed_at, last_error from private.live_topics where scope_id = %s",
            project.scope_id,
        )[0]
        assert (seq, failures) == (known[-1].seq, 2)
        assert at is not None
        assert "realtime.send" in why
    assert world.one("select name from public.projects where id = %s", project.scope_id) == "Two"
    rest_all(world)
    assert flush(world) == {"sent": 2, "failed": 0, "waiting": 0}
    message = project.messages()[-1]
    assert message.rows("projects")[str(project.scope_id)]["name"] == "Two"
    assert (message.prev_seq, message.seq) == (known[-1].seq, known[-1].seq + 1)


def test_work_goes_on(world: World, project: Channel, worker: Worker) -> None:
    with refusing(world):
        while (claimed := worker.take()) is not None:
            if claimed.verdict == "run":
                worker.report(claimed, 50)
                worker.complete(claimed)
            rest_all(world)
            flush(world)
    assert world.rows("select status from public.batches") == [("completed",)]
    rest_all(world)
    flush(world)
    assert project.messages()[-1].event in ("changes", "resync")


def test_a_topic_that_cannot_be_told_does_not_hold_up_the_others(
    world: World, ann: Person, bob: Person, project: Channel
) -> None:
    with psycopg.connect(world.database.superuser, autocommit=True) as owner:
        owner.execute(
            f"alter table realtime.messages add constraint refused check (topic <> '{project.topic}') not valid".encode()
        )
    theirs = world.one("select id from public.projects where tenant_id = %s", bob.tenant_id)
    world.run("update public.projects set name = 'Changed'")
    rest_all(world)
    flush(world)
    told = Channel(world, "project", theirs).messages()[-1]
    assert told.rows("projects")[str(theirs)]["name"] == "Changed"
    assert world.rows("select scopes from public.realtime_outbox") == [([project.scope_id],)]
    assert world.rows("select scope_id from private.live_topics where failure_count > 0") == [
        (project.scope_id,)
    ]


def test_a_row_that_cannot_be_told_fails_its_topic_alone(world: World, project: Channel) -> None:
    with psycopg.connect(world.database.superuser, autocommit=True) as owner:
        owner.execute("alter function private.live_project(public.projects) rename to live_project_gone")
    world.run("update public.projects set name = 'Changed' where id = %s", project.scope_id)
    rest_all(world)
    assert flush(world)["failed"] == 2
    assert "live_project" in world.one(
        "select last_error from private.live_topics where scope_id = %s", project.scope_id
    )


def test_a_failure_that_lasts_becomes_a_resync(world: World, project: Channel) -> None:
    with refusing(world):
        world.run("update public.projects set name = 'Changed' where id = %s", project.scope_id)
        world.run("update public.realtime_outbox set created_at = now() - interval '1 hour'")
        rest_all(world)
        flush(world)
        assert world.one("select count(*) from public.realtime_outbox") == 0
    rest_all(world)
    flush(world)
    assert project.messages()[-1].event == "resync"


def test_a_whole_outage_of_sending_costs_a_reader_nothing_else(
    world: World, ann: Person, project: Channel
) -> None:
    with raising(world), world.acting(ann) as connection:
        connection.execute("update public.projects set name = 'Mine' where id = %s", [project.scope_id])
    assert world.one("select name from public.projects where id = %s", project.scope_id) == "Mine"


def test_made_batches_stay_made(world: World, ann: Person, project: Channel) -> None:
    with raising(world):
        made = world.create_batch(ann, project.scope_id, 2)
    assert world.one("select job_count from public.batches where id = %s", UUID(made["batch_id"])) == 2


def test_a_member_is_removed_though_nobody_can_be_told_of_it(
    world: World, ann: Person, project: Channel
) -> None:
    removed = world.add_member(ann, "viewer")
    with raising(world):
        world.run("delete from public.memberships where user_id = %s and role = 'viewer'", removed.user_id)
    assert world.one("select epoch from public.tenants where id = %s", ann.tenant_id) == 2
