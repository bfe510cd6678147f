"""Many tasks are claimed and completed in one call, as if each had been alone."""

from __future__ import annotations

import json
from typing import Any

from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Claimed, Person, Worker, World, result_of

VERSIONS = Jsonb(dict.fromkeys(Stage, "1"))


def take(worker: Worker, limit: int = 100) -> dict[str, Any]:
    taken: dict[str, Any] = worker._call(
        "select private.take_tasks(%s, %s, %s, %s, %s)",
        worker.id,
        worker.queue_id,
        worker.stages,
        limit,
        VERSIONS,
    )
    return taken


def complete(worker: Worker, runs: list[dict[str, Any]]) -> list[str]:
    items = []
    for run in runs:
        facts, files = result_of(Claimed(run["job_id"], run["task_id"], run["entry_id"], run))
        ids = {name: run[name] for name in ("job_id", "task_id", "attempt_id")}
        items.append(ids | {"facts": facts, "files": files, "timings": {}})
    answer = worker._call("select private.complete_tasks(%s)", Jsonb(items))
    return [each["outcome"] for each in answer]


def test_a_worker_takes_and_completes_whole_batches_of_two_tenants(
    world: World, ann: Person, bob: Person
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), ["The same", "The same", "Another", "A third"])
    worker = Worker(world, slots=20)
    taken = take(worker, 3)
    assert taken["looked_at"] == 3
    runs = taken["runs"] + take(worker)["runs"]
    # Equal work of a tenant is given out once, also within one call.
    assert len(runs) == 6
    assert len({(run["tenant_id"], run["content_key"]) for run in runs}) == 6
    assert complete(worker, runs) == ["completed"] * 6
    assert complete(worker, runs) == ["completed"] * 6, "said twice, it does no harm"
    assert_sound(world)
    while (taken := take(worker))["looked_at"]:
        assert complete(worker, taken["runs"]) == ["completed"] * len(taken["runs"])
    assert world.rows("select status, completed_count from public.batches") == [("completed", 4)] * 2
    assert world.one("select count(*) from procrastinate.procrastinate_jobs") == 0
    assert_sound(world)


def test_a_stale_result_does_not_keep_the_others_from_being_completed(world: World, ann: Person) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 2)
    worker = Worker(world, slots=20)
    runs = take(worker)["runs"]
    world.call(ann, "cancel_job", runs[0]["job_id"])
    attempts = [run["attempt_id"] for run in runs]
    assert worker._call("select private.withdrawn_attempts(%s, %s::uuid[])", worker.id, attempts) == [
        worker._call("select %s::uuid", attempts[0])
    ]
    outcomes = worker._call("select private.held_tasks(%s, '{}', %s)", worker.id, VERSIONS)
    assert [held["attempt_id"] for held in outcomes] == attempts[1:]
    assert json.dumps(outcomes[0]["inputs"]) == json.dumps(runs[1]["inputs"])
    assert sorted(complete(worker, runs)) == ["completed", "stale"]
    assert world.one("select status from public.batches where id = %s", batch["batch_id"]) == "processing"
    assert_sound(world)


def test_a_worker_that_is_to_drain_or_stop_is_told_so_and_gets_nothing(world: World, ann: Person) -> None:
    worker = Worker(world, slots=4)
    world.create_batch(ann, world.add_project(ann), 2)
    world.run("select private.request_drain(%s)", worker.id)
    assert take(worker) == {"looked_at": 0, "runs": []}
    assert worker._call("select private.beat(%s, 3, 1000)", worker.id) == "drain"
    assert world.rows("select busy_slots, memory_bytes from private.workers") == [(3, 1000)]
    world.run("select private.request_drain(%s, false)", worker.id)
    assert worker._call("select private.beat(%s)", worker.id) == "work"
    assert len(take(worker, 1)["runs"]) == 1
    world.run("select private.request_stop(%s)", worker.id)
    world.run("select private.request_drain(%s, false)", worker.id)
    assert worker._call("select private.beat(%s)", worker.id) == "stop"
    assert take(worker)["runs"] == []


def test_a_tenant_that_is_busy_does_not_keep_a_worker_from_the_others(
    world: World, ann: Person, bob: Person
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), 2)
    worker = Worker(world, slots=20)
    other = world.connect()
    with other.transaction():
        other.execute("select private.lock_tenant(%s)", [ann.tenant_id])
        taken = take(worker)
        assert [run["tenant_id"] for run in taken["runs"]] == [str(bob.tenant_id)] * 2
    assert [run["tenant_id"] for run in take(worker)["runs"]] == [str(ann.tenant_id)] * 2
    assert_sound(world)
