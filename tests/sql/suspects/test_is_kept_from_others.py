"""A task that took a worker down with it is tried by another next, alone, and not for ever."""

from __future__ import annotations

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_a_suspect_goes_to_another_worker_next_and_waits_longer_each_time(world: World, ann: Person) -> None:
    world.create_batch(ann, world.add_project(ann))
    first, second = Worker(world), Worker(world)
    claimed = first.take_running()
    assert claimed.answer["is_suspect"] is False
    first.fail(claimed, retriable=True, code="OUT_OF_MEMORY")
    world.run("update public.stage_tasks set run_at = now() - interval '1 second'")
    world.tick()
    passed_on = first.take()
    assert passed_on is not None
    assert passed_on.verdict == "passed_on"
    assert world.rows("select status, run_at > now(), failure_count from public.stage_tasks") == [
        ("pending", True, 1)
    ]
    world.run("update public.stage_tasks set run_at = now() - interval '1 second'")
    world.tick()
    tried = second.take_running()
    assert tried.answer["is_suspect"] is True
    second.die(world)
    world.tick()
    # Now the second was the last one, and it is gone: nobody else need be asked.
    lost = first.take_running()
    first.die(world)
    third = Worker(world)
    world.tick()
    assert world.rows("select status, lost_count, run_at > now() from public.stage_tasks") == [
        ("pending", 2, True)
    ]
    assert third.take() is None
    assert lost.task_id == claimed.task_id
    assert_sound(world)


def test_a_suspect_is_not_kept_from_the_only_worker_that_has_time(world: World, ann: Person) -> None:
    world.create_batch(ann, world.add_project(ann))
    first, busy = Worker(world), Worker(world)
    busy._call("select private.beat(%s, 2, 0)", busy.id)
    first.fail(first.take_running(), retriable=True, code="CHILD_DIED")
    world.run("update public.stage_tasks set run_at = now() - interval '1 second'")
    world.tick()
    assert first.take_running().answer["is_suspect"] is True
