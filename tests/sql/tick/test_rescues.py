"""The ticker puts back what dead workers had, but not just after an outage."""

from __future__ import annotations

import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_the_task_of_a_dead_worker_is_released_again(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person))
    dying = Worker(world)
    lost, kept = dying.take_running(), worker.take_running()
    dying.die(world)
    assert world.tick()["rescued"] == 1
    assert world.rows(
        "select status, error_code, is_retriable from public.task_attempts where id = %s", lost.attempt_id
    ) == [("lost", "WORKER_LOST", True)]
    assert world.rows("select status, lost_count from public.stage_tasks where id = %s", lost.task_id) == [
        ("queued", 1)
    ]
    assert world.rows("select id from private.workers") == [(worker.id,)]
    assert worker.take_running().task_id == lost.task_id
    assert world.one("select status from public.stage_tasks where id = %s", kept.task_id) == "processing"
    assert world.one("select count(*) from procrastinate.procrastinate_jobs") == 2, (
        "the dead one's entry is gone"
    )
    assert_sound(world)


def test_a_task_that_loses_too_many_workers_is_held_to_be_the_cause(world: World, ann: Person) -> None:
    world.run("update private.settings set max_losses = 2")
    world.create_batch(ann, world.add_project(ann))
    for _ in range(2):
        dying = Worker(world)
        dying.take_running()
        dying.die(world)
        world.tick()
    assert world.rows("select status, lost_count, error_code from public.stage_tasks") == [
        ("failed", 2, "WORKER_LOST")
    ]
    assert world.rows("select status, next_step <> '' from public.generation_jobs") == [("failed", True)]


def test_an_entry_fetched_by_a_process_that_died_is_released_again(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann))
    dying = Worker(world)
    assert (entry := dying.fetch()) is not None
    dying.die(world)
    assert world.tick()["rescued"] == 1
    assert worker.take_running().task_id == entry[1]
    assert_sound(world)


@pytest.mark.parametrize(
    "ending",
    [
        "delete from procrastinate.procrastinate_jobs",
        "update procrastinate.procrastinate_jobs set status = 'failed'",
    ],
)
def test_a_task_whose_entry_ended_unclaimed_is_released_again(
    world: World, ann: Person, worker: Worker, ending: str
) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.fetch()
    world.run(ending)
    assert world.tick()["rescued"] == 1
    worker.take_running()
    assert_sound(world)


def test_after_an_outage_workers_have_time_to_beat(world: World, ann: Person) -> None:
    world.create_batch(ann, world.add_project(ann))
    silent = Worker(world)
    silent.take_running()
    silent.die(world)
    world.run("update private.settings set ticked_at = now() - interval '1 hour'")
    assert world.one("select private.tick()")["rescued"] == 0
    assert world.one(
        "select rescue_at - now() between interval '9 seconds' and interval '10 seconds' from private.settings"
    )
    world.run("update private.settings set ticked_at = now() - interval '1 second'")
    assert world.one("select private.tick()")["rescued"] == 0, "the time is not over"
    world.run("update private.settings set ticked_at = now() - interval '1 second', rescue_at = now()")
    assert world.one("select private.tick()")["rescued"] == 1


def test_one_tick_a_second_is_enough_for_all_workers(world: World) -> None:
    first, second = Worker(world), Worker(world)
    world.run("update private.settings set ticked_at = '-infinity'")
    ticks = [w.connection.execute("select private.tick()").fetchone() for w in (first, second, first)]
    assert ticks[0] == ({"rescued": 0, "ended_backoffs": 0, "released": 0, "partitions": 0},)
    assert ticks[1:] == [(None,), (None,)]


def test_only_one_ticks_at_a_time(world: World, worker: Worker) -> None:
    other = world.connect()
    with other.transaction():
        other.execute("select pg_advisory_xact_lock(hashtext('cliprow.tick'))")
        assert worker.connection.execute("select private.tick()").fetchone() == (None,)
