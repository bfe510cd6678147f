"""act_on_jobs does to a selection what the controls of single jobs do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


@pytest.fixture
def job_ids(world: World, ann: Person) -> list[UUID]:
    """Jobs of one batch of ann's, in order."""
    batch = world.create_batch(ann, world.add_project(ann), 4)["batch_id"]
    return [
        row[0]
        for row in world.rows("select id from public.generation_jobs where batch_id = %s order by 1", batch)
    ]


def act(world: World, person: Person, action: str, job_ids: list[UUID], **more: Any) -> dict[str, Any]:
    return world.call(
        person, "act_on_jobs", action, job_ids, more.get("stage"), more.get("lane"), more.get("now", False)
    )


def told(changed: int, skipped: int = 0) -> dict[str, int]:
    return {"changed_jobs": changed, "remaining_jobs": 0, "skipped_jobs": skipped}


def test_a_selection_is_paused_and_goes_on(
    world: World, ann: Person, worker: Worker, job_ids: list[UUID]
) -> None:
    running = worker.take_running()
    assert act(world, ann, "pause", job_ids[:2]) == told(2)
    assert act(world, ann, "pause", job_ids[:3]) == told(1, skipped=2)
    assert {worker.take_running().job_id} == {job_ids[3]}
    assert_sound(world)
    assert act(world, ann, "resume", job_ids) == told(3, skipped=1)
    assert act(world, ann, "pause", [running.job_id], now=True) == told(1)
    assert (
        world.one("select status from public.task_attempts where id = %s", running.attempt_id)
        == "handed_back"
    )
    assert_sound(world)


def test_a_selection_is_cancelled_and_run_again(
    world: World, ann: Person, worker: Worker, job_ids: list[UUID]
) -> None:
    worker.fail(worker.take_running())
    worker.complete(worker.take_running())
    worker.take_running(Stage.AUDIO)
    assert act(world, ann, "cancel", job_ids) == told(3, skipped=1)
    assert_sound(world)
    assert act(world, ann, "retry", job_ids) == told(4)
    assert world.rows("select distinct generation from public.generation_jobs") == [(2,)]
    worker.work()
    assert_sound(world)
    assert act(world, ann, "retry", job_ids) == told(0, skipped=4)
    assert act(world, ann, "retry", job_ids, stage="video_generation") == told(4)
    assert worker.work(Stage.VIDEO) > 0
    assert_sound(world)


def test_a_selection_changes_lanes(world: World, ann: Person, worker: Worker, job_ids: list[UUID]) -> None:
    assert act(world, ann, "priority", job_ids[2:], lane="urgent") == told(2)
    assert act(world, ann, "priority", job_ids[2:], lane="urgent") == told(0, skipped=2)
    assert [worker.take_running().job_id for _ in range(2)] == job_ids[2:]
    assert_sound(world)


def test_nobody_acts_on_what_is_not_theirs(
    world: World, ann: Person, bob: Person, job_ids: list[UUID]
) -> None:
    assert act(world, bob, "cancel", job_ids) == told(0, skipped=4)
    assert act(world, world.add_member(ann, "editor"), "cancel", job_ids) == told(0, skipped=4)
    assert world.one("select count(*) from public.generation_jobs where status = 'pending'") == 4


def test_what_is_refused(world: World, ann: Person, job_ids: list[UUID]) -> None:
    refusals: list[tuple[Person, tuple[str, list[UUID]], dict[str, Any], str]] = [
        (world.add_member(ann, "viewer"), ("pause", job_ids), {}, "CR003"),
        (ann, ("delete", job_ids), {}, "CR001"),
        (ann, ("pause", []), {}, "CR001"),
        (ann, ("pause", job_ids * 251), {}, "CR001"),
        (ann, ("retry", job_ids), {"stage": "montage"}, "CR001"),
        (ann, ("priority", job_ids), {}, "CR001"),
        (ann, ("priority", job_ids), {"lane": "premium"}, "CR003"),
    ]
    for person, arguments, more, code in refusals:
        with pytest.raises(psycopg.Error) as refused:
            act(world, person, *arguments, **more)
        assert refused.value.sqlstate == code, arguments[0]
