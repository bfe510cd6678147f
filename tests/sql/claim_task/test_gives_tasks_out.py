"""claim_task gives a queued task to one worker, with its inputs and a fencing token."""

from __future__ import annotations

import uuid

import pytest

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World


def test_the_inputs_come_from_the_topic(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(
        ann,
        world.add_project(ann),
        [
            {
                "topic": "Tea",
                "brief": "Green and black.",
                "tone": "casual",
                "duration_s": 30,
                "platforms": ["youtube"],
            }
        ],
    )
    claimed = worker.take_running()
    assert claimed.stage is Stage.SCRIPT
    assert claimed.answer["inputs"] == {
        "topic": "Tea",
        "brief": "Green and black.",
        "tone": "casual",
        "duration_s": 30,
    }
    assert world.rows("select status, worker_id, attempt_id, progress from public.stage_tasks") == [
        ("processing", worker.id, claimed.attempt_id, 0)
    ]
    assert world.rows("select id, number, generation, status, host from public.task_attempts") == [
        (claimed.attempt_id, 1, 1, "processing", "host")
    ]


def test_pictures_go_to_the_scenes_in_turn(world: World, ann: Person, worker: Worker) -> None:
    pictures = [
        {"role": "image", "name": f"{n}.png", "sha256": f"{n}" * 64, "size_bytes": 1, "media_type": "image/png",
         "path": f"{ann.tenant_id}/artifacts/{n}"}
        for n in (1, 2)
    ]  # fmt: skip
    world.create_batch(
        ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"], "images": pictures}]
    )
    script = worker.take_running()
    scene = {"scene_type": "intro", "voiceover_text": "x", "visual_description": "x"}
    worker.complete(
        script,
        {
            "title": "Tea",
            "scenes": [{**scene, "scene_number": n, "voiceover_text": f"{n}"} for n in (1, 2, 3)],
        },
    )
    worker.work(Stage.AUDIO)
    shown = [worker.take_running(Stage.VIDEO).answer["inputs"] for _ in range(3)]
    assert [(inputs["scene"]["scene_number"], inputs["image"]["name"]) for inputs in shown] == [
        (1, "1.png"),
        (2, "2.png"),
        (3, "1.png"),
    ]


def test_an_entry_that_is_not_the_tasks_is_stale(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    entry = worker.fetch()
    assert entry is not None
    job_id, task_id, entry_id = entry
    assert worker.claim(job_id, task_id, entry_id + 1).verdict == "stale"
    assert worker.claim(job_id, uuid.uuid4(), entry_id).verdict == "stale"
    assert world.one("select status from public.stage_tasks") == "queued"


def test_the_task_of_a_deleted_job_is_stale(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    entry = worker.fetch()
    assert entry is not None
    world.run("delete from public.generation_jobs")
    assert worker.claim(*entry).verdict == "stale"


def test_asked_twice_it_gives_the_same_answer_to_the_same_worker_only(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann))
    first = worker.take_running()
    again = worker.claim(first.job_id, first.task_id, first.entry_id)
    assert again.answer == first.answer
    assert Worker(world).claim(first.job_id, first.task_id, first.entry_id).verdict == "stale"
    assert world.one("select count(*) from public.task_attempts") == 1


@pytest.mark.parametrize("table", ["tenants", "projects", "batches", "generation_jobs"])
def test_nothing_starts_while_its_job_batch_project_or_tenant_is_paused(
    world: World, ann: Person, bob: Person, worker: Worker, table: str
) -> None:
    world.create_batch(bob, world.add_project(bob))
    made = world.create_batch(ann, world.add_project(ann), 2)
    scope = (
        ann.tenant_id
        if table == "tenants"
        else world.one(f"select max(id::text)::uuid from public.{table} where tenant_id = %s", ann.tenant_id)
    )
    waiting = 1 if table == "generation_jobs" else 2
    world.run(f"update public.{table} set paused_at = now() where id = %s", scope)
    claims = []
    for _ in range(3):  # ticks, which would release again what may run
        while (claimed := worker.take(Stage.SCRIPT)) is not None:
            claims.append(claimed.verdict)
            if claimed.verdict == "run":
                worker.complete(claimed)
        world.tick()
    assert sorted(claims) == ["paused"] * waiting + ["run"] * (3 - waiting)
    world.run(f"update public.{table} set paused_at = null where id = %s", scope)
    world.tick()
    worker.work()
    assert world.one("select completed_count from public.batches where id = %s", made["batch_id"]) == 2
