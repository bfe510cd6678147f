"""State changes and errors stay visible, however fast the next one follows."""

from __future__ import annotations

from uuid import UUID

from tests.sql.live.channel import Channel, flush, flush_all, hush
from tests.sql.world import Person, Worker, World


def test_a_failure_that_was_retried_at_once_is_still_told(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.create_batch(bob, world.add_project(bob))
    made = world.create_batch(ann, world.add_project(ann))
    batch = Channel(world, "batch", UUID(made["batch_id"]))
    flush_all(world)
    hush(world)
    claimed = worker.take_running()
    while (
        world.one("select batch_id from public.generation_jobs where id = %s", claimed.job_id)
        != batch.scope_id
    ):
        claimed = worker.take_running()
    worker.fail(claimed, code="TRANSIENT_STORAGE_FAILURE")
    world.retry_job(ann, claimed.job_id)
    batch.rest()
    flush(world)
    message = batch.messages()[-1]
    assert message.rows("jobs")[str(claimed.job_id)]["status"] == "pending"
    failed = [event for event in message.payload["events"] if event["status"] == "failed"]
    assert {event["task_id"] for event in failed} == {str(claimed.task_id), None}
    for event in failed:
        assert event["error_code"] == "TRANSIENT_STORAGE_FAILURE"
        assert event["error_message"] == "It broke."
        assert event["stage"] == "script_generation"
        assert event["job_id"] == str(claimed.job_id)
        assert event["timestamp"]
    assert [event["retries"] for event in failed if event["task_id"]] == [1]


def test_every_event_is_told_once_on_each_topic(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    projects = {person: world.add_project(person) for person in (ann, bob)}
    for person, project in projects.items():
        world.create_batch(person, project, 2)
    world.run("update private.settings set live_interval = '20 milliseconds'")
    while (claimed := worker.take()) is not None:
        if claimed.verdict == "run":
            worker.report(claimed, 50)
            worker.complete(claimed)
        flush(world)
    flush_all(world)
    for project in projects.values():
        channel = Channel(world, "project", project)
        told = [event["id"] for message in channel.messages() for event in message.payload["events"]]
        happened = world.rows("select id::text from public.job_events where project_id = %s", project)
        assert len(told) == len(set(told))
        assert set(told) == {event for (event,) in happened}


def test_rows_have_the_fields_of_the_architecture(world: World, ann: Person, worker: Worker) -> None:
    """Appendix D."""
    made = world.create_batch(ann, world.add_project(ann))
    batch = Channel(world, "batch", UUID(made["batch_id"]))
    worker.work()
    flush_all(world)
    progress = {
        "job_id",
        "project_id",
        "stage",
        "status",
        "current_step",
        "total_steps",
        "progress",
        "timestamp",
    }
    error = {"job_id", "stage", "status", "error_code", "error_message", "retries", "timestamp"}
    for message in batch.messages():
        assert all(progress | {"version", "id"} <= set(row) for row in message.payload["jobs"])
        assert all(progress | error | {"id"} <= set(row) for row in message.payload["events"])
        assert all(error | {"version", "id"} <= set(row) for row in message.payload["tasks"])
        assert all({"version", "id", "status"} <= set(row) for row in message.payload["batches"])
    told = batch.all_told("jobs")
    assert [row["status"] for row in told.values()] == ["completed"]
    assert all("params" not in row and "tenant_id" not in row for row in told.values())
