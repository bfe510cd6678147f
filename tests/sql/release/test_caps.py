"""Caps of tenant, project and batch are exact, also when everybody claims and completes at once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_ACTIVE = (
    "select count(*) from public.stage_tasks where status in ('queued', 'processing') and tenant_id = %s"
)


@pytest.mark.parametrize("table", ["tenants", "projects", "batches"])
def test_no_more_than_the_cap_is_released(
    world: World, ann: Person, bob: Person, worker: Worker, table: str
) -> None:
    world.run("update public.tenants set max_concurrent_tasks = null")
    project = world.add_project(ann)
    if table != "batches":
        scope = ann.tenant_id if table == "tenants" else project
        world.run(f"update public.{table} set max_concurrent_tasks = 3 where id = %s", scope)
    options: dict[str, Any] = {"max_concurrent_tasks": 3} if table == "batches" else {}
    world.create_batch(ann, project, 8, **options)
    world.create_batch(bob, world.add_project(bob), 8)
    assert world.one(_ACTIVE, ann.tenant_id) == 3
    assert world.one(_ACTIVE, bob.tenant_id) == 8
    claimed = worker.take_running()
    worker.complete(claimed)
    assert world.one(_ACTIVE, ann.tenant_id) == 3
    worker.work()
    assert world.one("select count(*) from public.generation_jobs where status = 'completed'") == 16
    assert_sound(world)


def test_a_lowered_cap_holds_from_then_on(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 8)
    world.run("update public.tenants set max_concurrent_tasks = 2")
    for expected in (7, 6, 5, 4, 3, 2, 2, 2):
        worker.complete(worker.take_running())
        assert world.one(_ACTIVE, ann.tenant_id) == expected


def test_many_connections_at_once_stay_under_the_cap_and_get_everything_done(
    world: World, ann: Person, bob: Person
) -> None:
    world.run("update public.tenants set max_concurrent_tasks = 2")
    batches = [world.create_batch(person, world.add_project(person), 4)["batch_id"] for person in (ann, bob)]
    workers = [Worker(world, slots=4) for _ in range(4)]
    deadline = time.monotonic() + 30

    def _work(worker: Worker) -> None:
        while time.monotonic() < deadline and world_of_thread[worker].one(
            "select count(*) from public.batches where completed_at is null"
        ):
            worker.work()

    world_of_thread = {worker: World(world.database, world.connect()) for worker in workers}
    threads = [threading.Thread(target=_work, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, *(world.one(_ACTIVE, person.tenant_id) for person in (ann, bob)))
    assert most == 2
    assert world.rows("select status from public.batches where id = any(%s)", batches) == [("completed",)] * 2
    assert_sound(world)


def test_one_stage_is_bounded_by_the_registered_slots(world: World, ann: Person, bob: Person) -> None:
    Worker(world, stages=[Stage.AUDIO], slots=50)
    Worker(world, stages=[Stage.SCRIPT], slots=3)
    world.create_batch(ann, world.add_project(ann), 20)
    assert world.one(_ACTIVE, ann.tenant_id) == 3 * 2
    world.create_batch(bob, world.add_project(bob), 20)
    assert world.one(_ACTIVE, bob.tenant_id) == 0, "the window is full"


def test_without_any_worker_a_little_is_released(world: World, ann: Person) -> None:
    world.create_batch(ann, world.add_project(ann), 20)
    assert world.one(_ACTIVE, ann.tenant_id) == 2
