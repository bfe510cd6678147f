"""What is too much to be told is to be fetched, and numbers go on."""

from __future__ import annotations

from uuid import UUID

import pytest

from cliprow.models import Stage
from tests.sql.live.channel import Channel, flush, flush_all, hush, rest_all
from tests.sql.world import Person, Worker, World


@pytest.fixture
def batch(world: World, ann: Person, bob: Person) -> Channel:
    """The topic of a batch of 20 jobs, beside another tenant's."""
    world.create_batch(bob, world.add_project(bob), 2)
    made = world.create_batch(ann, world.add_project(ann), 20)
    flush_all(world)
    batch = Channel(world, "batch", UUID(made["batch_id"]))
    batch.rest()
    return batch


def _change_jobs(world: World, batch: Channel) -> None:
    world.run("update public.generation_jobs set next_step = 'x' where batch_id = %s", batch.scope_id)


@pytest.mark.parametrize("setting", ["live_max_rows = 19", "live_max_bytes = 5000"])
def test_too_many_rows_or_bytes_become_a_resync(world: World, batch: Channel, setting: str) -> None:
    world.run(f"update private.settings set {setting}")
    _change_jobs(world, batch)
    # Not in the same transaction, which nobody could see yet who fetched at once.
    assert batch.messages() == []
    flush(world)
    (message,) = batch.messages()
    assert message.event == "resync"
    assert set(message.payload) == {"seq", "prev_seq", "ts", "id"}
    world.run("update private.settings set live_max_rows = 500, live_max_bytes = 200000")
    batch.rest()
    _change_jobs(world, batch)
    assert [(m.event, m.prev_seq, m.seq) for m in batch.messages()] == [("resync", 0, 1), ("changes", 1, 2)]


def test_a_message_just_within_the_limits_is_told(world: World, batch: Channel) -> None:
    world.run("update private.settings set live_max_rows = 20")
    _change_jobs(world, batch)
    (message,) = batch.messages()
    assert len(message.rows("jobs")) == 20
    size = world.one(
        "select octet_length(payload::text) from realtime.messages where topic = %s", batch.topic
    )
    assert size < world.one("select live_max_bytes from private.settings")


def test_a_statement_over_hundreds_of_rows_is_a_resync(world: World, ann: Person, batch: Channel) -> None:
    project = world.one("select project_id from public.batches where id = %s", batch.scope_id)
    channel = Channel(world, "project", project)
    channel.rest()
    world.create_batch(ann, project, 300)
    flush_all(world)
    assert channel.messages()[-1].event == "resync"


def test_removed_jobs_and_batches_are_a_resync_for_those_who_saw_them(
    world: World, ann: Person, bob: Person, batch: Channel
) -> None:
    project = Channel(
        world, "project", world.one("select project_id from public.batches where id = %s", batch.scope_id)
    )
    tenant, theirs = (Channel(world, "tenant", person.tenant_id) for person in (ann, bob))
    for channel in (project, tenant):
        channel.rest()
    known = len(theirs.messages())
    world.run("delete from public.batches where id = %s", batch.scope_id)
    flush_all(world)
    assert [project.messages()[-1].event, tenant.messages()[-1].event] == ["resync", "resync"]
    assert len(theirs.messages()) == known


def test_tasks_that_go_with_their_script_are_a_resync(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    made = world.create_batch(ann, world.add_project(ann))
    world.create_batch(bob, world.add_project(bob))
    worker.work()
    flush_all(world)
    batch, theirs = Channel(world, "batch", UUID(made["batch_id"])), Channel(world, "tenant", bob.tenant_id)
    batch.rest()
    known = len(theirs.messages())
    job_id = world.one("select id from public.generation_jobs where batch_id = %s", batch.scope_id)
    world.retry_job(ann, job_id, Stage.VIDEO)
    flush_all(world)
    assert batch.messages()[-1].event == "changes"
    assert batch.messages()[-1].rows("jobs")[str(job_id)]["generation"] == 2
    worker.work()
    batch.rest()
    world.retry_job(ann, job_id, Stage.SCRIPT)
    flush_all(world)
    assert "resync" in [message.event for message in batch.messages()]
    assert len(theirs.messages()) == known


def test_what_is_gone_is_not_told_on_a_topic_of_its_own(world: World, batch: Channel) -> None:
    hush(world)
    known = batch.messages()
    _change_jobs(world, batch)
    world.run("delete from public.generation_jobs where batch_id = %s", batch.scope_id)
    world.run("delete from public.batches where id = %s", batch.scope_id)
    rest_all(world)
    flush(world)
    assert batch.messages() == known
    assert world.one("select count(*) from public.realtime_outbox") == 0
    assert world.one("select count(*) from private.live_topics where scope_id = %s", batch.scope_id) == 0


def test_changes_that_nobody_could_be_told_of_for_long_become_a_resync(world: World, batch: Channel) -> None:
    hush(world)
    _change_jobs(world, batch)
    _change_jobs(world, batch)
    assert world.one("select count(*) from public.realtime_outbox where entity = 'job'") == 2
    world.run("update public.realtime_outbox set created_at = now() - interval '6 minutes'")
    flush(world)
    assert world.one("select count(*) from public.realtime_outbox") == 0
    batch.rest()
    flush(world)
    assert [(m.event, m.prev_seq, m.seq) for m in batch.messages()] == [("resync", 0, 1)]
    batch.rest()
    assert flush(world)["sent"] == 0


def test_a_quiet_topic_that_is_to_be_fetched_says_so_first(world: World, batch: Channel) -> None:
    _change_jobs(world, batch)
    world.run("update private.live_topics set must_resync = true where scope_id = %s", batch.scope_id)
    batch.rest()
    _change_jobs(world, batch)
    flush(world)
    assert [m.event for m in batch.messages()] == ["changes", "resync"]


def test_whoever_floods_the_outbox_is_told_to_fetch_and_others_are_told(
    world: World, ann: Person, bob: Person, batch: Channel
) -> None:
    hush(world)
    theirs = world.one("select id from public.batches where tenant_id = %s", bob.tenant_id)
    world.run("update public.batches set title = 'Changed' where id = %s", theirs)
    world.run(
        "insert into public.realtime_outbox (tenant_id, project_id, batch_id, scopes, entity, ids)"
        " select tenant_id, project_id, id, array[id, project_id], 'batch', array[id]"
        " from public.batches cross join generate_series(1, 10001) where id = %s",
        batch.scope_id,
    )
    rest_all(world)
    flush(world)
    assert batch.messages()[-1].event == "resync"
    message = Channel(world, "batch", theirs).messages()[-1]
    assert message.rows("batches")[str(theirs)]["title"] == "Changed"
    assert world.one("select count(*) from public.realtime_outbox") == 0
