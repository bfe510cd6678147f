"""fail_task lets a task wait for its next attempt, or makes it a dead letter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_WAIT = "select run_at - updated_at from public.stage_tasks"


def test_a_retriable_error_waits_for_its_backoff(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    assert worker.fail(claimed, retriable=True, code="TRANSIENT_STORAGE_FAILURE") == "pending"
    assert world.rows(
        "select status, failure_count, error_code, error_message, next_step, attempt_id, worker_id from public.stage_tasks"
    ) == [("pending", 1, "TRANSIENT_STORAGE_FAILURE", "It broke.", "Mend it.", None, None)]
    assert world.rows(
        "select status, error_code, is_retriable, finished_at is not null from public.task_attempts"
    ) == [("failed", "TRANSIENT_STORAGE_FAILURE", True, True)]
    assert timedelta(0) < world.one(_WAIT) <= timedelta(seconds=2.2)
    assert worker.take() is None
    world.run("update public.stage_tasks set run_at = now()")
    assert world.tick()["ended_backoffs"] == 1
    assert worker.take_running().task_id == claimed.task_id
    assert world.rows("select number, status from public.task_attempts order by number") == [
        (1, "failed"),
        (2, "processing"),
    ]
    assert_sound(world)


def test_the_other_sides_wish_to_wait_is_honoured(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.fail(worker.take_running(), retriable=True, retry_after_s=90.5)
    assert world.one(_WAIT) == timedelta(seconds=90.5)


def test_backoff_grows_with_full_jitter_up_to_its_cap(world: World) -> None:
    waits = [
        [world.one("select extract(epoch from private.backoff(%s, null))::float8", count) for _ in range(60)]
        for count in (1, 4, 50)
    ]
    for found, longest in zip(waits, (2, 16, 300), strict=True):
        assert all(0.2 <= wait <= longest + 0.2 for wait in found)
        assert max(found) - min(found) > longest / 2, "jitter is over the whole range"


def test_a_task_that_failed_often_enough_is_a_dead_letter(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    said = []
    for _ in range(5):
        said.append(worker.fail(worker.take_running(), retriable=True))
        world.run("update public.stage_tasks set run_at = now() where run_at is not null")
        world.tick()
    assert said == ["pending"] * 4 + ["failed"]
    assert world.rows("select status, failure_count, next_step from public.stage_tasks") == [
        ("failed", 5, "Mend it.")
    ]
    assert world.rows("select status, error_code, error_message, next_step from public.generation_jobs") == [
        ("failed", "BROKEN", "It broke.", "Mend it.")
    ]


@pytest.mark.parametrize(("error", "status"), [({}, "pending"), ({"is_retriable": False}, "failed")])
def test_an_error_that_nobody_classified_may_be_tried_again(
    world: World, ann: Person, worker: Worker, error: dict[str, Any], status: str
) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    row = worker.connection.execute(
        "select private.fail_task(%s, %s, %s, %s)",
        [
            claimed.job_id,
            claimed.task_id,
            claimed.attempt_id,
            Jsonb({"error_code": "X", "message": "m", **error}),
        ],
    ).fetchone()
    assert row == (status,)


def test_what_does_not_depend_on_a_failed_task_goes_on(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    made = world.create_batch(
        ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube", "tiktok"]}, "Rice"]
    )
    world.create_batch(bob, world.add_project(bob))
    for _ in range(1000):
        claimed = worker.take()
        if claimed is None:
            break
        inputs = claimed.answer["inputs"]
        is_broken = (
            claimed.stage is Stage.POST
            and inputs["rules"]["platform"] == "tiktok"
            and inputs["title"] == "Tea"
        )
        if is_broken:
            worker.fail(claimed, code="NO_FONT")
        else:
            worker.complete(claimed)
    assert world.rows(
        "select topic, status from public.generation_jobs where batch_id = %s order by 1", made["batch_id"]
    ) == [("Rice", "completed"), ("Tea", "failed")]
    assert world.rows(
        "select status, completed_count, failed_count from public.batches order by number, id"
    ) == [("partial", 1, 1), ("completed", 1, 0)]
    platforms = world.one("select result_data -> 'platforms' from public.generation_jobs where topic = 'Tea'")
    assert platforms["youtube"]["is_complete"]
    assert set(platforms["youtube"]["files"]) == {"video", "thumbnail"}
    assert {key: platforms["tiktok"][key] for key in ("is_complete", "missing", "error_code")} == {
        "is_complete": False,
        "missing": "post_processing",
        "error_code": "NO_FONT",
    }
    assert set(platforms["tiktok"]["files"]) == {"video"}
    assert_sound(world)


def test_a_failed_script_leaves_every_platform_missing(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube", "tiktok"]}])
    worker.fail(worker.take_running(), code="NO_TEXT")
    missing = {"is_complete": False, "missing": "script_generation", "error_code": "NO_TEXT"}
    assert world.rows("select status, result_data from public.generation_jobs") == [
        ("failed", {"platforms": {"youtube": missing, "tiktok": missing}})
    ]
    assert world.rows("select status, failed_count from public.batches") == [("failed", 1)]
