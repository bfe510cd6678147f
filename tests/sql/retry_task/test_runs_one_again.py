"""retry_task runs one task again: a dead letter also while its job goes on, a completed one with what follows of it."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_TASK = "select id from public.stage_tasks where stage = %s and coalesce(scene_number, 0) = %s"


def _start(world: World, person: Person, worker: Worker) -> None:
    world.create_batch(person, world.add_project(person), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.work(Stage.SCRIPT)


def test_a_dead_letter_runs_again_before_and_after_its_job_has_ended(
    world: World, ann: Person, worker: Worker
) -> None:
    _start(world, ann, worker)
    first, second = (worker.take_running(Stage.AUDIO) for _ in range(2))
    worker.fail(first)
    answer = world.call(ann, "retry_task", first.job_id, first.task_id)
    assert answer == {"job_id": str(first.job_id), "retried_tasks": 1, "generation": 1}
    assert_sound(world)
    worker.fail(worker.take_running(Stage.AUDIO))
    worker.fail(second)
    assert world.rows("select status from public.generation_jobs") == [("failed",)]
    assert world.call(ann, "retry_task", first.job_id, first.task_id)["generation"] == 2
    assert world.rows("select status from public.generation_jobs") == [("processing",)]
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("failed",)], (
        "the other one failed too"
    )
    assert_sound(world)
    world.call(ann, "retry_task", second.job_id, second.task_id)
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_a_completed_task_is_computed_anew_with_what_follows_of_it(
    world: World, ann: Person, worker: Worker
) -> None:
    _start(world, ann, worker)
    worker.work()
    job_id = world.one("select id from public.generation_jobs")
    assert (
        world.call(ann, "retry_task", job_id, world.one(_TASK, "audio_generation", 2))["retried_tasks"] == 4
    )
    assert_sound(world)
    claimed = worker.take_running()
    assert (claimed.stage, claimed.answer["inputs"]["text"]) == (Stage.AUDIO, "Tea, part 2")
    worker.complete(claimed)
    worker.work()
    assert world.rows("select status, progress from public.generation_jobs") == [("completed", 100)]
    assert_sound(world)
    assert (
        world.call(ann, "retry_task", job_id, world.one(_TASK, "script_generation", 0))["retried_tasks"] == 1
    )
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_what_is_refused(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    _start(world, ann, worker)
    job_id = world.one("select id from public.generation_jobs")
    script, sound = world.one(_TASK, "script_generation", 0), world.one(_TASK, "audio_generation", 1)
    for person, task_id, code, words in (
        (ann, sound, "CR004", "is queued"),
        (ann, script, "CR004", "the job goes on"),
        (ann, uuid.uuid4(), "CR002", "has no task"),
        (bob, sound, "CR002", "no job"),
        (world.add_member(ann, "viewer"), sound, "CR003", "role"),
    ):
        with pytest.raises(psycopg.Error, match=words) as refused:
            world.call(person, "retry_task", job_id, task_id)
        assert refused.value.sqlstate == code
    world.call(ann, "cancel_job", job_id)
    with pytest.raises(psycopg.Error, match="withdrawn as a whole"):
        world.call(ann, "retry_task", job_id, sound)
