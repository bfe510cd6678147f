"""Operators hold back the queue of a stage, over all tenants."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_a_paused_stage_starts_nothing_and_the_others_go_on(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person))
    worker.work(Stage.SCRIPT)
    running, fetched = worker.take_running(Stage.AUDIO), worker.fetch(Stage.AUDIO)
    assert fetched is not None
    told = world.one("select private.pause_stage('audio_generation', 'The provider is down')")
    assert (told["stage"], told["reason"], told["changed_tasks"]) == (
        "audio_generation",
        "The provider is down",
        3,
    )
    assert worker.claim(*fetched).verdict == "stale"
    assert worker.take(Stage.AUDIO) is None
    world.tick()
    worker.complete(running)
    assert worker.work() == 2, "the pictures of the one that was running"
    listed = {row[0]: row[3:] for row in world.rows("select * from private.list_stage_queues()")}
    assert listed["audio_generation"] == ("The provider is down", 3, 0, 0)
    assert listed["video_generation"] == ("", 0, 0, 0)
    assert_sound(world)
    told = world.one("select private.resume_stage('audio_generation')")
    assert (told["paused_at"], told["changed_tasks"]) == (None, 3)
    worker.work()
    assert world.rows("select distinct status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_now_hands_back_what_runs_of_it(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    running = worker.take_running()
    assert world.one("select private.pause_stage('script_generation', p_now => true)")["changed_tasks"] == 1
    with pytest.raises(psycopg.Error, match="no longer owns"):
        worker.complete(running)
    assert world.rows("select status, failure_count, lost_count from public.stage_tasks") == [
        ("pending", 0, 0)
    ]
    assert_sound(world)


def test_what_is_released_in_the_same_moment_goes_back_when_it_is_claimed(
    world: World, ann: Person, worker: Worker
) -> None:
    with world.acting(ann, releasing := world.connect()) as connection:
        project = connection.execute(
            "insert into public.projects (original_idea) values ('Sky') returning id"
        ).fetchone()
        connection.execute(
            "select public.create_batch(%s, %s)",
            [*(project or ()), Jsonb([{"topic": "Tea", "platforms": ["youtube"]}])],
        )
        world.one("select private.pause_stage('script_generation')")
    releasing.close()
    claimed = worker.take()
    assert claimed is not None
    assert claimed.verdict == "paused"
    assert worker.take() is None
    assert_sound(world)


def test_a_stage_that_is_none_is_refused(world: World) -> None:
    for call in ("private.pause_stage('montage')", "private.resume_stage('montage')"):
        with pytest.raises(psycopg.Error, match="no stage montage") as refused:
            world.run(f"select {call}")
        assert refused.value.sqlstate == "CR001"
