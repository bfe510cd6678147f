"""What operators see of workers and queues, and what they tell a worker."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World


def test_orders_reach_a_worker_and_change_how_much_is_released(world: World) -> None:
    worker = Worker(world, slots=3)
    assert world.one("select private.order_worker(%s, 'drain')", worker.id)["state"] == "draining"
    assert worker._call("select private.beat(%s, 2, 500)", worker.id) == "drain"
    ((state, slots, busy, memory),) = world.rows(
        "select state, slots, busy_slots, memory_bytes from private.list_workers()"
    )
    assert (state, slots, busy, memory) == ("draining", 3, 2, 500)
    assert world.one("select private.order_worker(%s, 'undrain')", worker.id)["state"] == "working"
    assert world.one("select private.order_worker(%s, 'stop')", worker.id)["state"] == "stopping"
    assert worker._call("select private.beat(%s)", worker.id) == "stop"
    worker.die(world)
    assert world.one("select state from private.list_workers()") == "silent"
    for order, key, code in (
        ("undrain", worker.id, "CR004"),
        ("drain", uuid.uuid4(), "CR002"),
        ("dance", worker.id, "CR001"),
    ):
        with pytest.raises(psycopg.Error) as raised:
            world.one("select private.order_worker(%s, %s)", key, order)
        assert raised.value.sqlstate == code


def test_load_says_depth_age_and_who_is_there(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    worker = Worker(world, stages=(Stage.SCRIPT,), slots=2)
    world.create_batch(ann, project, 6)
    later = world.create_batch(ann, project, 5)["batch_id"]
    world.call(ann, "pause_batch", later)
    claimed = worker.take_running()
    world.run("update public.stage_tasks set queued_at = now() - interval '1 minute' where status = 'queued'")
    found = {
        row[0]: row[1:]
        for row in world.rows(
            "select stage, waiting_count, ready_count, queued_count, running_count, worker_count, slots, wanted_slots,"
            " queued_age_s >= 60, is_paused from private.list_stage_load()"
        )
    }
    assert list(found) == [str(stage) for stage in Stage]
    waiting, ready, queued, running, workers, slots, wanted, is_old, is_paused = found["script_generation"]
    assert (waiting - ready, running, workers, slots, is_old, is_paused) == (5, 1, 1, 2, True, False)
    assert ready + queued + running == wanted == 6
    assert found["audio_generation"][:7] == (0, 0, 0, 0, 0, 0, 0)
    world.one("select private.pause_stage('script_generation')")
    worker.complete(claimed)
    assert world.one("select is_paused from private.list_stage_load() where stage = 'script_generation'")


def test_metrics_count_outcomes_and_durations(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 3)
    worker.complete(worker.take_running(Stage.SCRIPT))
    worker.fail(worker.take_running(Stage.SCRIPT), code="TRANSIENT_STORAGE_FAILURE", retriable=True)
    worker.fail(worker.take_running(Stage.SCRIPT), code="BROKEN")
    world.run("update public.task_attempts set started_at = finished_at - interval '2 seconds'")
    found = world.one("select private.metrics()")
    rows = {
        (row["stage"], row["status"], row["is_retriable"]): (
            row["count"],
            row["storage_count"],
            row["p95_ms"],
        )
        for row in found["attempts"]
    }
    assert rows == {
        ("script_generation", "completed", False): (1, 0, 2000),
        ("script_generation", "failed", True): (1, 1, 2000),
        ("script_generation", "failed", False): (1, 0, 2000),
    }
    assert found["dead_letters"] == [{"stage": "script_generation", "error_code": "BROKEN", "count": 1}]
    assert found["jobs_ended"] == {"failed": 1}
    assert [w["state"] for w in found["workers"]] == ["working"]
