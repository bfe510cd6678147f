"""retry_job runs again what failed; what was finished stays."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _fail_one_video(world: World, person: Person, worker: Worker) -> uuid.UUID:
    """A failed job of one platform: one of its two pictures could not be made."""
    world.create_batch(person, world.add_project(person), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.complete(worker.take_running())
    worker.work(Stage.AUDIO)
    failed = worker.take_running(Stage.VIDEO)
    worker.fail(failed)
    worker.work()
    return failed.job_id


def test_only_what_failed_runs_again(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    job_id = _fail_one_video(world, ann, worker)
    attempts = world.one("select count(*) from public.task_attempts")
    assert world.rows("select status, progress from public.generation_jobs") == [("failed", 45)]
    assert world.rows("select status, failed_count from public.batches") == [("failed", 1)]
    assert world.retry_job(ann, job_id) == {"job_id": str(job_id), "retried_tasks": 1, "generation": 2}
    assert world.rows(
        "select status, progress, generation, error_code, completed_at from public.generation_jobs"
    ) == [("processing", 45, 2, None, None)]
    assert world.rows("select status, failed_count, completed_at from public.batches") == [
        ("processing", 0, None)
    ]
    worker.work()
    assert world.rows("select status, progress from public.generation_jobs") == [("completed", 100)]
    assert (
        world.one("select count(*) from public.task_attempts") == attempts + 3
    )  # the picture, its platform, its package
    assert world.rows("select generation, count(*) from public.task_attempts group by 1 order by 1") == [
        (1, attempts + 2),
        (2, 1),
    ]
    assert_sound(world)


def test_a_failed_script_starts_from_nothing(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    worker.report(claimed, 80)
    worker.fail(claimed)
    assert world.one("select progress from public.generation_jobs") == 4
    world.retry_job(ann, claimed.job_id)
    assert world.rows("select status, progress, started_at is not null from public.generation_jobs") == [
        ("pending", 0, True)
    ]
    assert world.rows("select failure_count, generation, status from public.stage_tasks") == [
        (0, 2, "queued")
    ]
    assert_sound(world)


@pytest.mark.parametrize("state", ["pending", "processing", "completed"])
def test_a_job_that_did_not_fail_is_refused(world: World, ann: Person, worker: Worker, state: str) -> None:
    world.create_batch(ann, world.add_project(ann))
    job_id = world.one("select id from public.generation_jobs")
    if state == "processing":
        worker.take_running()
    elif state == "completed":
        worker.work()
    with pytest.raises(psycopg.Error, match=f"The job is {state}") as refused:
        world.retry_job(ann, job_id)
    assert refused.value.sqlstate == "CR004"


def test_only_who_controls_the_project_may(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    job_id = _fail_one_video(world, ann, worker)
    for person, code in (
        (bob, "CR002"),
        (world.add_member(ann, "viewer"), "CR003"),
        (world.add_member(ann, "editor"), "CR003"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            world.retry_job(person, job_id)
        assert refused.value.sqlstate == code
    with pytest.raises(psycopg.Error, match="no job"):
        world.retry_job(ann, uuid.uuid4())
    assert world.retry_job(world.add_member(ann, "admin"), job_id)["retried_tasks"] == 1


def test_cancelled_tasks_run_again_after_what_they_need(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.complete(worker.take_running())
    world.run(
        "update public.stage_tasks set status = 'cancelled', completed_at = now() where status <> 'completed'"
    )
    assert world.rows("select status from public.generation_jobs") == [("cancelled",)]
    assert world.rows("select status, cancelled_count from public.batches") == [("cancelled", 1)]
    world.retry_job(ann, world.one("select id from public.generation_jobs"))
    assert world.rows("select status, count(*) from public.stage_tasks group by 1 order by 1") == [
        ("blocked", 4),
        ("completed", 1),
        ("queued", 2),
    ]
    worker.work()
    assert world.one("select status from public.batches") == "completed"
    assert_sound(world)
