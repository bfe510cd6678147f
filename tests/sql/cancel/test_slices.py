"""What takes more than one slice, or more than one call, reaches every job once."""

from __future__ import annotations

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_what_is_at_work_goes_first_and_no_more_than_asked_for(
    world: World, ann: Person, worker: Worker
) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 25, max_concurrent_tasks=3)["batch_id"]
    running = worker.take_running()
    active = {row[0] for row in world.rows("select job_id from public.stage_tasks where status in ('queued', 'processing')")}  # fmt: skip
    assert running.job_id in active
    some = "select private.withdraw_some(%s, null, %s, %s, %s)"
    assert set(world.one(some, ann.tenant_id, batch, 0, 100)) == active, "no time for more"
    assert len(world.one(some, ann.tenant_id, batch, 60, 10)) == 10
    assert world.call(ann, "cancel_batch", batch)["changed_jobs"] == 25 - len(active) - 10
    told = world.call(ann, "cancel_batch", batch)
    assert (told["status"], told["changed_jobs"], told["remaining_jobs"]) == ("cancelled", 0, 0)
    assert_sound(world)


def test_jobs_of_several_slices_are_cancelled_run_again_and_moved(world: World, ann: Person) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 101)["batch_id"]
    told = world.call(ann, "set_batch_lane", batch, "urgent")
    assert (told["changed_jobs"], told["is_finished"]) == (101, True)
    told = world.call(ann, "cancel_batch", batch)
    assert (told["changed_jobs"], told["remaining_jobs"]) == (101, 0)
    told = world.call(ann, "retry_batch", batch)
    assert (told["changed_jobs"], told["remaining_jobs"], told["retried_status"]) == (101, 0, "cancelled")
    assert world.call(ann, "set_batch_lane", batch, "urgent")["changed_jobs"] == 0
    assert (
        world.call(ann, "cancel_project", world.one("select id from public.projects"))["changed_jobs"] == 101
    )
    assert_sound(world)
