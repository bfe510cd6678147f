"""Only the attempt that owns a task may say anything about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import Claimed, Person, Worker, World

#: Everything an attempt can say.
SAYINGS: dict[str, Callable[[Worker, Claimed], object]] = {
    "complete": lambda worker, claimed: worker.complete(claimed),
    "fail": lambda worker, claimed: worker.fail(claimed),
    "report": lambda worker, claimed: worker.report(claimed, 50),
    "hand back": lambda worker, claimed: worker.hand_back(claimed),
}


@pytest.mark.parametrize("after", ["handed back", "claimed again", "completed by another", "failed", "gone"])
def test_a_stale_token_is_refused(world: World, ann: Person, worker: Worker, after: str) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    claimed = worker.take_running()
    if after == "failed":
        worker.fail(claimed)
    elif after == "gone":
        world.run("delete from public.generation_jobs")
    else:
        worker.hand_back(claimed)
    if after in ("claimed again", "completed by another"):
        other = Worker(world)
        again = other.take_running()
        if after == "completed by another":
            other.complete(again)
    before = world.rows(
        "select id, status, attempt_id, progress, version from public.stage_tasks order by id"
    )
    for say in SAYINGS.values():
        with pytest.raises(psycopg.Error, match="no longer owns") as refused:
            say(worker, claimed)
        assert refused.value.sqlstate == "CR005"
        assert refused.value.diag.message_hint
    assert (
        world.rows("select id, status, attempt_id, progress, version from public.stage_tasks order by id")
        == before
    )
    assert_sound(world)


def test_the_token_of_a_lost_attempt_is_stale_also_when_the_result_was_there_meanwhile(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    lost = worker.take_running()
    parked = worker.take()
    assert parked is not None
    worker.fail(lost, retriable=True)
    other = Worker(world)
    other.complete(other.take_running())  # the parked one computes it
    world.run("update public.stage_tasks set run_at = now() where run_at is not null")
    world.tick()
    assert (taken := other.take(lost.stage)) is not None
    assert (taken.task_id, taken.verdict) == (lost.task_id, "reused")
    with pytest.raises(psycopg.Error, match="no longer owns"):
        worker.complete(lost)


def test_a_token_of_another_task_is_refused(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person))
    first, second = worker.take_running(), worker.take_running()
    with pytest.raises(psycopg.Error, match="no longer owns"):
        worker.complete(replace(first, answer=second.answer))
