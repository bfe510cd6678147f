"""Every change of status of a job and a task is an event."""

from __future__ import annotations

from tests.sql.world import Person, Worker, World


def test_events_tell_the_whole_story_in_order(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    world.create_batch(bob, world.add_project(bob))
    made = world.create_batch(ann, world.add_project(ann))
    while (claimed := worker.take_running()).answer["tenant_id"] != str(ann.tenant_id):
        pass
    worker.fail(claimed, retriable=True, code="TRANSIENT_FAILURE")
    world.run("update public.stage_tasks set run_at = now() where run_at is not null")
    world.tick()
    worker.fail(worker.take_running(), code="NO_TEXT")
    told = world.rows(
        "select task_id is null, status, stage, error_code, retries from public.job_events where batch_id = %s order by id",
        made["batch_id"],
    )
    stage = "script_generation"
    assert told == [
        (False, "queued", stage, None, 0),
        (False, "processing", stage, None, 0),
        (True, "processing", stage, None, 0),
        (False, "pending", stage, "TRANSIENT_FAILURE", 1),
        (False, "queued", stage, "TRANSIENT_FAILURE", 1),
        (False, "processing", stage, "TRANSIENT_FAILURE", 1),
        (False, "failed", stage, "NO_TEXT", 2),
        (True, "failed", stage, "NO_TEXT", 0),
    ]


def test_each_task_and_job_ends_in_the_status_of_its_last_event(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), 2)
    worker.work()
    assert (
        world.rows(
            "select t.id from public.stage_tasks as t cross join lateral (select e.status from public.job_events as e"
            " where e.job_id = t.job_id and e.task_id = t.id order by e.id desc limit 1) as e where e.status <> t.status"
        )
        == []
    )
    assert (
        world.rows(
            "select status, progress, current_step, total_steps from public.job_events where task_id is null order by job_id, id"
        )
        == [("processing", 0, 0, 5), ("completed", 100, 5, 5)] * 2
    )


def test_events_outlive_the_job(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.work()
    count = world.one("select count(*) from public.job_events")
    world.run("delete from public.projects")
    assert world.one("select count(*) from public.generation_jobs") == 0
    assert world.one("select count(*) from public.job_events") == count > 0
