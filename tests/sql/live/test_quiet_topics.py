"""A change on a quiet topic is told by its own transaction, with no flush."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.live.channel import Channel, flush
from tests.sql.world import Person, Worker, World


@pytest.fixture
def project(world: World, ann: Person) -> Channel:
    """The topic of a project of the first tenant."""
    return Channel(world, "project", world.add_project(ann))


@pytest.fixture
def batch(world: World, ann: Person, bob: Person, project: Channel) -> Channel:
    """The topic of a batch in it, which has been quiet for long; so has everything else."""
    world.create_batch(bob, world.add_project(bob))
    made = world.create_batch(ann, project.scope_id, 2)
    world.run("delete from public.realtime_outbox")
    batch = Channel(world, "batch", UUID(made["batch_id"]))
    for channel in (batch, project, Channel(world, "tenant", ann.tenant_id)):
        channel.rest()
    return batch


def test_a_change_is_told_on_every_topic_it_concerns(
    world: World, ann: Person, batch: Channel, project: Channel, worker: Worker
) -> None:
    tenant = Channel(world, "tenant", ann.tenant_id)
    flush(world)  # the worker's arrival has released tasks
    for channel in (batch, project, tenant):
        channel.rest()
    before = {channel.topic: len(channel.messages()) for channel in (batch, project, tenant)}
    jobs = {
        j for (j,) in world.rows("select id from public.generation_jobs where batch_id = %s", batch.scope_id)
    }
    claimed = worker.take_running()
    while claimed.job_id not in jobs:
        claimed = worker.take_running()
    for channel in (batch, project, tenant):
        (message,) = channel.messages()[before[channel.topic] :]
        assert message.event == "changes"
        assert message.rows("batches")[str(batch.scope_id)]["processing_count"] == 1
        if channel is not tenant:
            assert message.rows("jobs")[str(claimed.job_id)]["status"] == "processing"
            assert message.rows("tasks")[str(claimed.task_id)]["status"] == "processing"
            assert {event["status"] for event in message.payload["events"]} >= {"processing"}
        else:
            assert message.payload["jobs"] == message.payload["tasks"] == message.payload["events"] == []
    assert world.one("select count(*) from public.realtime_outbox where tenant_id = %s", ann.tenant_id) == 0


def test_nobody_else_is_told(world: World, bob: Person, batch: Channel) -> None:
    before = world.one("select count(*) from realtime.messages")
    theirs = Channel(world, "tenant", bob.tenant_id)
    known = len(theirs.messages())
    world.run("update public.batches set title = 'Renamed' where id = %s", batch.scope_id)
    assert len(theirs.messages()) == known
    assert world.one("select count(*) from realtime.messages") == before + 3


def test_the_message_belongs_to_the_transaction_of_the_change(world: World, batch: Channel) -> None:
    with world.admin.transaction():
        world.run("update public.batches set title = 'Renamed' where id = %s", batch.scope_id)
        assert batch.messages() == []
    (message,) = batch.messages()
    assert message.rows("batches")[str(batch.scope_id)]["title"] == "Renamed"
    assert world.one(
        "select m.inserted_at at time zone 'utc' = b.updated_at from realtime.messages as m, public.batches as b"
        " where m.topic = %s and b.id = %s",
        batch.topic,
        batch.scope_id,
    )


def test_what_is_rolled_back_is_told_to_nobody(world: World, batch: Channel) -> None:
    with world.admin.transaction(force_rollback=True):
        world.run("update public.batches set title = 'Renamed' where id = %s", batch.scope_id)
        world.run("set constraints all immediate")
        assert len(batch.messages()) == 1
    assert batch.messages() == []
    assert flush(world)["sent"] == 0


def test_one_transaction_is_one_message(world: World, batch: Channel) -> None:
    with world.admin.transaction():
        for title in ("One", "Two", "Three"):
            world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    (message,) = batch.messages()
    (row,) = message.payload["batches"]
    assert row["title"] == "Three"
    assert row["version"] == world.one("select version from public.batches where id = %s", batch.scope_id)


def test_a_topic_that_was_told_a_moment_ago_waits_for_the_flush(world: World, batch: Channel) -> None:
    world.run("update private.settings set live_interval = '1 hour'")
    for title in ("One", "Two", "Three"):
        world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    assert [m.rows("batches")[str(batch.scope_id)]["title"] for m in batch.messages()] == ["One"]
    assert flush(world) == {"sent": 0, "failed": 0, "waiting": 2}
    batch.rest()
    assert flush(world)["sent"] == 1
    assert [m.rows("batches")[str(batch.scope_id)]["title"] for m in batch.messages()] == ["One", "Three"]


def test_what_waits_goes_first(world: World, batch: Channel) -> None:
    world.run("update private.settings set live_interval = '1 hour'")
    for title in ("One", "Two"):
        world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    batch.rest()
    world.run("update public.batches set title = 'Three' where id = %s", batch.scope_id)
    assert len(batch.messages()) == 1
    flush(world)
    assert [m.rows("batches")[str(batch.scope_id)]["title"] for m in batch.messages()] == ["One", "Three"]


def test_what_waits_for_a_flush_that_does_not_come_silences_nobody(world: World, batch: Channel) -> None:
    world.run("update private.settings set live_interval = '1 hour'")
    for title in ("One", "Two"):
        world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    world.run("update public.realtime_outbox set created_at = now() - interval '1 day'")
    batch.rest()
    world.run("update public.batches set title = 'Three' where id = %s", batch.scope_id)
    assert [m.rows("batches")[str(batch.scope_id)]["title"] for m in batch.messages()] == ["One", "Three"]


def test_a_new_batch_is_told_to_its_project_and_not_to_itself(
    world: World, ann: Person, batch: Channel, project: Channel
) -> None:
    made = world.create_batch(ann, project.scope_id, 3)
    assert Channel(world, "batch", UUID(made["batch_id"])).messages() == []
    assert world.one("select count(*) from public.realtime_outbox where batch_id = %s", made["batch_id"]) == 0
    message = project.messages()[-1]
    assert len(message.rows("jobs")) == 3
    assert made["batch_id"] in message.rows("batches")


def test_a_pause_of_project_and_tenant_is_told(
    world: World, ann: Person, batch: Channel, project: Channel
) -> None:
    tenant = Channel(world, "tenant", ann.tenant_id)
    world.run("update public.projects set paused_at = now() where id = %s", project.scope_id)
    for channel in (project, tenant):
        assert channel.messages()[-1].rows("projects")[str(project.scope_id)]["paused_at"] is not None
    tenant.rest()
    world.run("update public.tenants set paused_at = now() where id = %s", ann.tenant_id)
    assert tenant.messages()[-1].rows("tenants")[str(ann.tenant_id)]["paused_at"] is not None


def test_users_tell_too_by_what_they_change(
    world: World, ann: Person, batch: Channel, project: Channel
) -> None:
    with world.acting(ann) as connection:
        connection.execute("update public.projects set name = 'Mine' where id = %s", [project.scope_id])
    assert project.messages()[-1].rows("projects")[str(project.scope_id)]["name"] == "Mine"


def test_numbers_follow_each_other_without_a_gap(world: World, batch: Channel) -> None:
    for title in ("One", "Two", "Three"):
        batch.rest()
        world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    assert [(m.prev_seq, m.seq) for m in batch.messages()] == [(0, 1), (1, 2), (2, 3)]
    assert all(m.payload["ts"].endswith("+00:00") for m in batch.messages())


def test_times_are_in_utc_wherever_the_sender_is(world: World, ann: Person, batch: Channel) -> None:
    world.run("set timezone = 'Asia/Kathmandu'")
    world.run("update public.batches set title = 'Changed' where id = %s", batch.scope_id)
    (message,) = batch.messages()
    (row,) = message.payload["batches"]
    assert row["timestamp"].endswith("+00:00")
    assert message.payload["ts"].endswith("+00:00")
    with world.acting(ann) as connection:
        answer = connection.execute(
            "select public.changed_since(now() - interval '1 hour', batch_id => %s)", [batch.scope_id]
        ).fetchone()
    assert answer is not None
    assert answer[0]["batches"] == [row]
    assert world.one("show timezone") == "Asia/Kathmandu"


def test_half_of_the_tickets_are_left_to_the_flush(world: World, ann: Person, batch: Channel) -> None:
    world.run("update private.settings set live_messages_per_s = 6, live_interval = '1 microsecond'")
    flush(world)
    world.run("update private.live_tickets set used_at = '-infinity'")
    for title in "abcdef":
        world.run("update public.batches set title = %s where id = %s", title, batch.scope_id)
    used = world.rows("select number from private.live_tickets where used_at > '-infinity' order by number")
    assert used == [(1,), (2,), (3,)]
    flush(world)
    assert world.one("select count(*) from private.live_tickets where used_at > '-infinity'") == 6
