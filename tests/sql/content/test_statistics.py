"""What is saved by making equal content only once."""

from __future__ import annotations

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.budgets.calls import begin, keep, pay, set_up
from tests.sql.world import Person, Worker, World


def _told(world: World, person: Person, by: str) -> dict[str, tuple[int, int]]:
    with world.acting(person) as connection:
        return {
            row[0]: (row[1], row[2])
            for row in connection.execute(
                "select value, hits, misses from public.cache_statistics(by => %s)", [by]
            )
        }


def test_hits_and_misses_by_stage_project_and_day(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    first, second = world.add_project(ann), world.add_project(ann)
    for project in (first, second):
        world.create_batch(ann, project, ["Tea"])
        worker.work()
    assert _told(world, ann, "project") == {str(first): (0, 13), str(second): (13, 0)}
    assert _told(world, ann, "stage")["video_generation"] == (4, 4)
    assert list(_told(world, ann, "day").values()) == [(13, 13)] == list(_told(world, ann, "tenant").values())
    assert _told(world, bob, "stage") == {}
    with pytest.raises(psycopg.Error) as refused:
        _told(world, ann, "colour")
    assert refused.value.sqlstate == "CR001"


def test_seconds_bytes_and_cost(world: World, ann: Person, worker: Worker) -> None:
    world.run(
        """update public.tenants set settings = '{"prices": {"audio_generation": 0.5}}' where id = %s""",
        ann.tenant_id,
    )
    project = world.add_project(ann)
    world.create_batch(ann, project, ["Tea"])
    worker.work()
    world.run("update public.task_attempts set started_at = finished_at - interval '3 seconds'")
    world.create_batch(ann, project, ["Tea"])
    worker.work()
    with world.acting(ann) as connection:
        row = connection.execute(
            "select hit_rate, seconds_spent, seconds_saved, bytes_stored, bytes_saved, cost_saved"
            " from public.cache_statistics() where value = 'audio_generation'"
        ).fetchone()
    assert row is not None
    assert [float(value) for value in row] == [0.5, 6, 6, 20, 20, 1]


def test_cost_is_what_was_paid_for_what_is_found_again(world: World, ann: Person, worker: Worker) -> None:
    def saved() -> tuple[float, str]:
        with world.acting(ann) as connection:
            row = connection.execute(
                "select cost_saved, currency from public.cache_statistics() where value = 'script_generation'"
            ).fetchone()
        assert row is not None
        return float(row[0]), row[1]

    set_up(world, worker, ann, amount=2)
    project = world.add_project(ann)
    first = world.create_batch(ann, project, ["Tea"])["batch_id"]
    lost = worker.take_running(Stage.SCRIPT)
    pay(worker, lost)
    worker.fail(lost)
    world.call(ann, "retry_batch", first)
    claimed = worker.take_running(Stage.SCRIPT)
    assert begin(worker, claimed)["verdict"] == "kept"
    other = begin(worker, claimed, "b" * 64)
    keep(worker, other["idempotency_key"])
    worker.complete(claimed)
    world.call(ann, "set_price", "openai", "call", 7)
    assert saved() == (0, "USD")
    for _ in range(2):
        world.create_batch(ann, project, ["Tea"])
        worker.work(Stage.SCRIPT)
    assert saved() == (2 * 4, "USD"), "both calls of the two attempts, at the prices of then"
    world.run("delete from public.task_attempts")
    assert saved() == (2 * 7, "USD"), "its maker is gone: what it would be now"
