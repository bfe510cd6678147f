"""retry_batch runs every failed job of a batch again; of a cancelled batch, what was cancelled."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _statuses(world: World) -> list[str]:
    return [row[0] for row in world.rows("select status from public.generation_jobs order by position")]


def test_failed_jobs_run_again_and_no_others(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    world.create_batch(bob, world.add_project(bob), ["Coffee"])
    worker.fail(worker.take_running())
    batch = world.create_batch(ann, world.add_project(ann), 4)["batch_id"]
    for _ in range(2):
        worker.fail(worker.take_running())
    world.call(
        ann,
        "cancel_job",
        world.one(
            "select id from public.generation_jobs where batch_id = %s and status = 'pending' limit 1", batch
        ),
    )
    worker.work()
    assert world.one("select status from public.batches where id = %s", batch) == "partial"
    answer = world.call(ann, "retry_batch", batch)
    assert (answer["batch_id"], answer["status"], answer["changed_jobs"]) == (batch, "processing", 2)
    assert world.rows(
        "select status, generation, count(*) from public.generation_jobs where batch_id = %s group by 1, 2 order by 1",
        batch,
    ) == [("cancelled", 1, 1), ("completed", 1, 1), ("pending", 2, 2)]
    worker.work()
    assert world.rows(
        "select status, completed_count, cancelled_count from public.batches where id = %s", batch
    ) == [("cancelled", 3, 1)]
    assert world.rows("select status from public.batches where tenant_id = %s", bob.tenant_id) == [
        ("failed",)
    ]
    assert_sound(world)


def test_what_was_finished_is_kept(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 2)["batch_id"]
    worker.work(limit=4)
    while (claimed := worker.take()) is not None:
        if claimed.verdict == "run":
            worker.fail(claimed)
    done = world.one("select count(*) from public.stage_tasks where status = 'completed'")
    assert done > 0
    assert _statuses(world) == ["failed"] * 2
    world.call(ann, "retry_batch", batch)
    assert world.one("select count(*) from public.stage_tasks where status = 'completed'") == done
    worker.work()
    assert world.rows("select status from public.batches") == [("completed",)]
    assert_sound(world)


def test_a_cancelled_batch_goes_on(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 2)["batch_id"]
    worker.complete(worker.take_running())
    world.call(ann, "cancel_batch", batch)
    assert world.call(ann, "retry_batch", batch)["changed_jobs"] == 2
    worker.work()
    assert _statuses(world) == ["completed"] * 2
    assert_sound(world)


@pytest.mark.parametrize("state", ["pending", "completed"])
def test_a_batch_without_failed_jobs_is_refused(
    world: World, ann: Person, worker: Worker, state: str
) -> None:
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    if state == "completed":
        worker.work()
    with pytest.raises(psycopg.Error, match="No job of the batch has failed") as refused:
        world.call(ann, "retry_batch", batch)
    assert refused.value.sqlstate == "CR004"


def test_a_batch_under_way_retries_what_has_failed_so_far(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 2)["batch_id"]
    worker.fail(worker.take_running())
    assert world.call(ann, "retry_batch", batch)["changed_jobs"] == 1
    worker.work()
    assert _statuses(world) == ["completed"] * 2
    assert_sound(world)


def test_only_who_controls_the_project_may(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    worker.fail(worker.take_running())
    for person, code in (
        (bob, "CR002"),
        (world.add_member(ann, "viewer"), "CR003"),
        (world.add_member(ann, "editor"), "CR003"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            world.call(person, "retry_batch", batch)
        assert refused.value.sqlstate == code
    assert world.call(world.add_member(ann, "admin"), "retry_batch", batch)["changed_jobs"] == 1
