"""create_batch makes a batch, its jobs and their first tasks, and releases them."""

from __future__ import annotations

from tests.sql.recount import assert_sound
from tests.sql.world import PLATFORMS, Person, Worker, World


def test_a_batch_runs_to_its_end(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    made = world.create_batch(ann, world.add_project(ann), 2)
    others = world.create_batch(bob, world.add_project(bob), 1)
    worker.work()
    assert_sound(world)
    assert world.rows(
        "select status, job_count, completed_count, progress from public.batches where id = any(%s) order by 2",
        [made["batch_id"], others["batch_id"]],
    ) == [("completed", 1, 1, 100), ("completed", 2, 2, 100)]
