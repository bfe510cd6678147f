"""Workers register, beat, drain and leave; nothing is left behind."""

from __future__ import annotations

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_a_leaving_worker_hands_back_what_it_has(world: World, ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), 2)
    leaving, other = Worker(world, slots=10), Worker(world, slots=10)
    taken = [leaving.take_running() for _ in range(3)]
    kept = other.take_running()
    assert leaving.leave() == 3
    assert world.rows("select status, count(*) from public.task_attempts group by 1 order by 1") == [
        ("handed_back", 3),
        ("processing", 1),
    ]
    assert world.one("select max(failure_count + lost_count) from public.stage_tasks") == 0
    assert {other.take_running().task_id for _ in range(3)} == {claimed.task_id for claimed in taken}
    assert world.rows("select id from private.workers") == [(other.id,)]
    other.complete(kept)
    assert_sound(world)


def test_entries_that_a_stopped_process_had_fetched_are_released_again(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann))
    stopping = Worker(world)
    assert (entry := stopping.fetch()) is not None
    world.run("delete from procrastinate.procrastinate_workers where id = %s", stopping.queue_id)
    assert stopping.leave() == 1
    assert worker.take_running().task_id == entry[1]
    assert_sound(world)


def test_a_forgotten_worker_is_told_so(world: World, worker: Worker) -> None:
    assert worker.beat()
    world.run("delete from private.workers")
    assert not worker.beat()


def test_a_draining_worker_makes_no_room(world: World, ann: Person) -> None:
    draining = Worker(world, slots=50)
    draining.connection.execute("select private.drain_worker(%s)", [draining.id])
    world.create_batch(ann, world.add_project(ann), 10)
    assert world.one("select count(*) from public.stage_tasks where status = 'queued'") == 2


def test_registering_releases_work_for_the_new_slots(world: World, ann: Person) -> None:
    world.create_batch(ann, world.add_project(ann), 10)
    Worker(world, slots=3)
    assert world.one("select count(*) from public.stage_tasks where status = 'queued'") == 6
    assert_sound(world)
