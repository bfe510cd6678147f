"""Two tasks that want the same artifact: one computes it, the other waits and reuses it, however the first one ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Claimed, Person, Worker, World


def _lose(world: World, worker: Worker, _claimed: Claimed) -> None:
    worker.die(world)
    world.tick()


def _cancel(world: World, _worker: Worker, claimed: Claimed) -> None:
    owner = world.rows(
        "select m.user_id, m.tenant_id from public.memberships as m join public.generation_jobs as j using (tenant_id) where j.id = %s",
        claimed.job_id,
    )
    world.call(Person(*owner[0]), "cancel_job", claimed.job_id)


def _delete_job(world: World, _worker: Worker, claimed: Claimed) -> None:
    world.run("delete from public.generation_jobs where id = %s", claimed.job_id)
    world.tick()


#: Ways for the computing attempt to end without a result.
ENDINGS: dict[str, Callable[[World, Worker, Claimed], object]] = {
    "fails for good": lambda world, worker, claimed: worker.fail(claimed),
    "fails, to be tried again": lambda world, worker, claimed: worker.fail(
        claimed, retriable=True, retry_after_s=3600
    ),
    "is handed back": lambda world, worker, claimed: worker.hand_back(claimed),
    "leaves with its worker": lambda world, worker, claimed: worker.leave(),
    "dies": _lose,
    "is cancelled": _cancel,
    "is deleted with its job": _delete_job,
}


def test_the_second_waits_and_reuses(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    first = worker.take_running()
    second = worker.take()
    assert second is not None
    assert second.verdict == "parked"
    assert worker.take() is None, "it is not released while it waits"
    worker.complete(first)
    assert world.rows(
        "select status, is_reused from public.stage_tasks where stage = 'script_generation' order by job_id"
    ) == [("completed", False), ("queued", False)]
    again = worker.take(Stage.SCRIPT)
    assert again is not None
    assert again.verdict == "reused"
    assert world.one("select reuse_count from public.artifacts where stage = 'script_generation'") == 1
    worker.work()
    assert world.rows("select distinct status, progress from public.generation_jobs") == [("completed", 100)]
    assert world.one("select count(*) from public.task_attempts") == 1 + 2 + 2 * 2 + 3 + 3, (
        "the second job computed nothing"
    )
    assert_sound(world)


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_the_second_takes_over_when_the_first(
    world: World, ann: Person, worker: Worker, ending: Callable[[World, Worker, Claimed], object]
) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    first = worker.take_running()
    parked = worker.take()
    assert parked is not None
    ending(world, worker, first)
    second = Worker(world)
    taken = [second.take_running(Stage.SCRIPT)]
    while (claimed := second.take(Stage.SCRIPT)) is not None:
        taken.append(claimed)
    assert parked.task_id in {claimed.task_id for claimed in taken}
    assert [claimed.verdict for claimed in taken].count("run") == 1
    second.complete(taken[0])
    second.work()
    assert "completed" in {status for (status,) in world.rows("select status from public.generation_jobs")}
    assert_sound(world)


def test_tenants_share_nothing(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), ["Tea"])
    assert [worker.take_running().verdict for _ in range(2)] == ["run", "run"]


def test_another_version_of_the_stage_computes_again(world: World, ann: Person, worker: Worker) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project, ["Tea"])
    worker.complete(worker.take_running())
    world.create_batch(ann, project, ["Tea"])
    entry = worker.fetch(Stage.SCRIPT)
    assert entry is not None
    assert worker.claim(*entry, version="2").verdict == "run"
