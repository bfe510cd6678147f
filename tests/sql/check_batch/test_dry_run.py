"""check_batch says what is wrong with a request and what the rest would take and cost; it creates nothing."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.world import Person, Worker, World

GOOD: dict[str, object] = {"topic": "Tea", "platforms": ["youtube"], "duration_s": 30}
BAD: dict[str, object] = {"topic": "", "platforms": ["vhs"], "colour": "red"}


def check(
    world: World, person: Person, project: UUID | None, topics: Any, **options: object
) -> dict[str, Any]:
    return world.call(person, "check_batch", project, Jsonb(topics), Jsonb(options))


def test_every_problem_is_told_as_create_batch_would_and_nothing_is_kept(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    topics = [GOOD, BAD, GOOD, {**GOOD, "tone": "shouting"}]
    found = check(world, ann, project, topics, title="x" * 201)
    with pytest.raises(psycopg.Error) as refused:
        world.create_batch(ann, project, topics, title="x" * 201)
    assert found["problems"] == json.loads(str(refused.value.diag.message_detail))
    assert [(p["row"], p["field"]) for p in found["problems"]] == [
        (None, "title"),
        (2, "colour"),
        (2, "platforms"),
        (2, "topic"),
        (4, "tone"),
    ]
    assert found["job_count"] == 2
    for table in ("batches", "generation_jobs", "stage_tasks", "idempotency_keys"):
        assert world.one(f"select count(*) from public.{table}") == 0


@pytest.mark.parametrize(
    ("topics", "options", "field"),
    [([], {}, "topics"), ({}, {}, "topics"), (None, {}, "topics"), ([GOOD], [], "options")],
)  # fmt: skip
def test_a_request_of_another_shape_is_one_problem(
    world: World, ann: Person, topics: Any, options: Any, field: str
) -> None:
    found = world.call(ann, "check_batch", world.add_project(ann), Jsonb(topics), Jsonb(options))
    assert [(p["row"], p["field"]) for p in found["problems"]] == [(None, field)]
    assert found["job_count"] == 0


def test_tasks_are_counted_by_stage(world: World, ann: Person) -> None:
    found = check(
        world,
        ann,
        world.add_project(ann),
        # Scenes of 7.5 s; youtube_shorts and tiktok share one raster.
        [GOOD, {"topic": "Tea", "platforms": ["youtube", "youtube_shorts", "tiktok"], "duration_s": 60}],
    )
    assert found["estimate"]["tasks"] == {
        "script_generation": 2,
        "audio_generation": 4 + 8,
        "video_generation": 4 + 8 * 2,
        "platform_adaptation": 1 + 3,
        "post_processing": 1 + 3,
    }


def test_the_estimate_is_of_the_order_of_what_is_made(world: World, ann: Person, worker: Worker) -> None:
    topics = [{"topic": "Tea", "platforms": ["youtube", "tiktok"], "duration_s": 15}]
    project = world.add_project(ann)
    tasks = check(world, ann, project, topics)["estimate"]["tasks"]
    world.create_batch(ann, project, topics)
    worker.work()  # its scripts have two scenes, which is what 15 s are
    assert dict(world.rows("select stage, count(*) from public.stage_tasks group by 1")) == tasks


def test_time_is_measured_where_there_is_enough_and_assumed_elsewhere(
    world: World, ann: Person, bob: Person
) -> None:
    project = world.add_project(ann)
    alone = check(world, ann, project, [GOOD])["estimate"]
    assert alone["seconds"] == 1 * 1 + 4 * 3 + 4 * 8 + 1 * 3 + 1 * 1
    assert "No worker is running" in alone["basis"]
    assert "No stage has run often enough" in alone["basis"]
    worker = Worker(world, slots=4)
    shared = check(world, ann, project, [GOOD])["estimate"]
    assert shared["seconds"] == -(-alone["seconds"] // 4)
    assert "4 tasks run at a time" in shared["basis"]
    capped = check(world, ann, project, [GOOD], max_concurrent_tasks=2)["estimate"]
    assert capped["seconds"] == -(-alone["seconds"] // 2)

    world.create_batch(ann, project, [{"topic": f"Tea {n}", "platforms": ["youtube"]} for n in range(5)])
    worker.work()
    world.run(
        "update public.task_attempts set finished_at = started_at + interval '100 seconds' where tenant_id = %s",
        ann.tenant_id,
    )
    measured = check(world, ann, project, [GOOD])["estimate"]
    assert measured["seconds"] == 11 * 100 / 4
    assert (
        "Measured on your own recent tasks: script_generation, audio_generation, video_generation, platform_adaptation, post_processing."
        in measured["basis"]
    )
    assert check(world, bob, world.add_project(bob), [GOOD])["estimate"]["seconds"] == shared["seconds"], (
        "each tenant its own"
    )

    world.run("update private.workers set heartbeat_at = now() - interval '1 hour'")
    assert check(world, ann, project, [GOOD])["estimate"]["seconds"] == 1100, "a dead worker is no help"


def test_cost_is_that_of_the_tenants_prices(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    free = check(world, ann, project, [GOOD])["estimate"]["cost"]
    assert (free["amount"], free["currency"]) == (0, "USD")
    assert "offline providers cost nothing" in free["basis"]
    prices = {
        "currency": "EUR",
        "script_generation": 0.02,
        "audio_generation": 0.005,
        "post_processing": "much",
    }
    world.run(
        "update public.tenants set settings = %s where id = %s", Jsonb({"prices": prices}), ann.tenant_id
    )
    cost = check(world, ann, project, [GOOD])["estimate"]["cost"]
    assert (cost["amount"], cost["currency"]) == (0.04, "EUR")
    assert "settings" in cost["basis"]
    assert check(world, bob, world.add_project(bob), [GOOD])["estimate"]["cost"] == free
    world.run("update public.tenants set settings = %s", Jsonb({"prices": [1]}))
    assert check(world, ann, project, [GOOD])["estimate"]["cost"] == free


def test_a_project_that_is_still_to_be_made(world: World, ann: Person) -> None:
    assert check(world, ann, None, [GOOD])["job_count"] == 1
    assert check(world, world.add_member(ann, "editor"), None, [GOOD])["job_count"] == 1
    with pytest.raises(psycopg.Error) as refused:
        check(world, world.add_member(ann, "viewer"), None, [GOOD])
    assert refused.value.sqlstate == "CR003"
    assert world.one("select count(*) from public.projects") == 0


def test_only_who_may_create_may_ask(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    for person, code in (
        (bob, "CR002"),
        (world.add_member(ann, "viewer"), "CR003"),
        (world.add_member(ann, "editor"), "CR003"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            check(world, person, project, [GOOD])
        assert refused.value.sqlstate == code


def test_a_list_is_as_long_as_a_batch_may_be_and_may_come_in_chunks(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    many = check(world, ann, project, [GOOD] * 10_001)
    assert (many["problems"], many["job_count"]) == ([], 10_001)
    assert many["estimate"]["tasks"]["audio_generation"] == 4 * 10_001
    later = [{**GOOD, "after_rows": [10_001]}, {**GOOD, "after_rows": [10_003]}]
    found = world.call(ann, "check_batch", project, Jsonb(later), Jsonb({}), 10_002)
    assert [(p["row"], p["field"]) for p in found["problems"]] == [(2, "after_rows")]


def test_the_worst_list_takes_seconds_not_minutes(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    with world.acting(ann) as connection:
        connection.execute("set local statement_timeout = '20s'")
        row = connection.execute(
            "select public.check_batch(%s, %s, '{}')", [project, Jsonb([BAD] * 10_000)]
        ).fetchone()
    assert row is not None
    assert (row[0]["job_count"], len(row[0]["problems"])) == (0, 30_000)
