"""What a change leaves in the outbox: names, few of them, and only of what is committed."""

from __future__ import annotations

from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege

from tests.sql.live.channel import Channel, flush, hush
from tests.sql.world import Person, Worker, World


@pytest.fixture
def told_just_now(world: World, ann: Person) -> UUID:
    """A project of a tenant both of whose topics have to wait."""
    project = world.add_project(ann)
    hush(world)
    return project


def test_ten_thousand_topics_leave_a_handful_of_marks(world: World, ann: Person, told_just_now: UUID) -> None:
    made = world.create_batch(
        ann, told_just_now, [{"topic": f"Topic {n}", "platforms": ["tiktok"]} for n in range(10_000)]
    )
    assert made["job_count"] == 10_000
    marks = world.rows(
        "select entity, cardinality(ids) from public.realtime_outbox where batch_id = %s order by id",
        made["batch_id"],
    )
    assert len(marks) < 10
    # The jobs and their first tasks, without names; then those that were released.
    assert [mark for mark in marks if mark[0] == "job"] == [("job", None), ("job", None), ("job", 2)]


def test_a_mark_names_what_changed_and_whom_to_tell(
    world: World, ann: Person, bob: Person, told_just_now: UUID
) -> None:
    world.create_batch(bob, world.add_project(bob))
    made = world.create_batch(ann, told_just_now, 2)
    batch = UUID(made["batch_id"])
    jobs = world.rows("select id from public.generation_jobs where batch_id = %s order by id", batch)
    marks = world.rows(
        "select entity, scopes, ids from public.realtime_outbox where (tenant_id, project_id, batch_id) = (%s, %s, %s)"
        " order by id",
        ann.tenant_id,
        told_just_now,
        batch,
    )
    # Nobody can follow the batch before its transaction has ended.
    scopes = [told_just_now, ann.tenant_id]
    assert marks[:2] == [("batch", scopes, [batch]), ("job", scopes, [job for (job,) in jobs])]
    assert all(mark[1] == scopes for mark in marks)
    assert world.one("select count(*) from public.realtime_outbox where batch_id = %s", batch) == len(marks)


def test_one_statement_leaves_one_mark_for_each_batch_it_touches(
    world: World, ann: Person, told_just_now: UUID
) -> None:
    for _ in range(3):
        world.create_batch(ann, told_just_now, 3)
    world.run("delete from public.realtime_outbox")
    world.run("update public.stage_tasks set run_at = now() where status = 'pending'")
    world.run("update public.generation_jobs set next_step = 'x'")
    assert world.rows(
        "select count(distinct batch_id), count(*), max(cardinality(ids)) from public.realtime_outbox"
        " where entity = 'job'"
    ) == [(3, 6, 3)]


def test_what_is_rolled_back_leaves_no_mark(world: World, ann: Person, told_just_now: UUID) -> None:
    world.run("delete from public.realtime_outbox")
    with world.admin.transaction(force_rollback=True):
        world.run("update public.projects set name = 'One'")
    with world.admin.transaction():
        with world.admin.transaction(force_rollback=True):
            world.run("update public.projects set name = 'Two'")
        world.run("update public.projects set name = 'Three' where id = %s", told_just_now)
    assert world.rows("select entity, ids from public.realtime_outbox") == [("project", [told_just_now])]


def test_a_statement_that_changes_nothing_leaves_no_mark(
    world: World, ann: Person, told_just_now: UUID
) -> None:
    world.create_batch(ann, told_just_now)
    world.run("delete from public.realtime_outbox")
    world.run("update public.generation_jobs set next_step = 'x' where false")
    world.run("update public.stage_tasks set progress = 1 where false")
    world.run("update public.tenants set last_batch_number = last_batch_number + 1")
    assert world.rows("select entity from public.realtime_outbox") == []


def test_removed_rows_are_to_be_fetched(world: World, ann: Person, told_just_now: UUID) -> None:
    made = world.create_batch(ann, told_just_now, 2)
    batch = UUID(made["batch_id"])
    world.run("delete from public.realtime_outbox")
    # The batch's own topic is quiet, but whoever fetched at once might not see yet that they are gone.
    world.run("delete from public.generation_jobs where batch_id = %s", batch)
    assert ("job", [batch, told_just_now], None) in world.rows(
        "select entity, scopes, ids from public.realtime_outbox"
    )
    world.run("delete from public.batches where id = %s", batch)
    assert ("batch", [told_just_now, ann.tenant_id], None) in world.rows(
        "select entity, scopes, ids from public.realtime_outbox"
    )


def test_a_tenant_goes_with_all_it_has_though_marks_are_left(
    world: World, ann: Person, told_just_now: UUID
) -> None:
    world.create_batch(ann, told_just_now, 2)
    world.run("delete from public.tenants where id = %s", ann.tenant_id)
    assert world.one("select count(*) from private.live_topics where tenant_id = %s", ann.tenant_id) == 0
    known = len(Channel(world, "tenant", ann.tenant_id).messages())
    flush(world)
    assert len(Channel(world, "tenant", ann.tenant_id).messages()) == known
    assert world.one("select count(*) from public.realtime_outbox where tenant_id = %s", ann.tenant_id) == 0
    assert world.one("select count(*) from private.live_topics where tenant_id = %s", ann.tenant_id) == 0


def test_a_task_on_its_way_leaves_few_marks(
    world: World, ann: Person, worker: Worker, told_just_now: UUID
) -> None:
    world.create_batch(ann, told_just_now)
    worker.complete(worker.take_running())
    claimed = worker.take_running()
    world.run("delete from public.realtime_outbox")
    worker.report(claimed, 50)
    assert world.rows("select entity, ids from public.realtime_outbox") == [("job", [claimed.job_id])]
    for statement in (lambda: worker.complete(claimed), worker.take_running):
        statement()
    assert {entity for (entity,) in world.rows("select entity from public.realtime_outbox")} == {"job"}
    assert world.one("select count(*) from public.realtime_outbox") <= 5


def test_nobody_reads_or_writes_marks_through_the_api(world: World, ann: Person, told_just_now: UUID) -> None:
    world.run("update public.projects set name = 'Changed' where id = %s", told_just_now)
    for statement in (
        "select id from public.realtime_outbox",
        "insert into public.realtime_outbox (tenant_id, scopes, entity) select private.tenant_id(), '{}', 'job'",
        "delete from public.realtime_outbox",
    ):
        with pytest.raises(InsufficientPrivilege), world.acting(ann) as connection:
            connection.execute(statement.encode())


def test_followers_are_told_of_the_tenant_when_somebody_may_do_other_things(
    world: World, ann: Person
) -> None:
    editor = world.add_member(ann, "editor")
    project = world.add_project(ann)
    channel = Channel(world, "tenant", ann.tenant_id)

    def told(function: str, *arguments: object) -> int:
        before = len(channel.messages())
        channel.rest()
        world.call(ann, function, *arguments)
        new = channel.messages()[before:]
        assert all(list(message.rows("tenants")) == [str(ann.tenant_id)] for message in new)
        return len(new)

    assert told("change_member", editor.user_id, "viewer") == 1
    assert told("change_member", editor.user_id, "viewer") == 0
    assert told("change_member", editor.user_id, None, "project") == 1
    assert told("set_project_member", project, editor.user_id, "editor") == 1
    assert told("remove_project_member", project, editor.user_id) == 1
    assert world.one("select epoch from public.tenants where id = %s", ann.tenant_id) == 1
