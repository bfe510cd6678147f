"""create_batch makes a batch, its jobs and their first tasks, and releases them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_a_batch_runs_to_its_end(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    made = world.create_batch(ann, world.add_project(ann), 2)
    others = world.create_batch(bob, world.add_project(bob), 1)
    worker.work()
    assert_sound(world)
    assert world.rows(
        "select status, job_count, completed_count, progress from public.batches where id = any(%s) order by 2",
        [made["batch_id"], others["batch_id"]],
    ) == [("completed", 1, 1, 100), ("completed", 2, 2, 100)]


def test_jobs_keep_order_and_fields_of_their_topics(world: World, ann: Person) -> None:
    topics: list[Mapping[str, object]] = [
        {
            "topic": "  First ",
            "platforms": ["tiktok", "youtube", "tiktok"],
            "priority": "urgent",
            "tone": "casual",
            "brief": None,
            "duration_s": 30,
            "metadata": {"row": 7},
        },
        {"topic": "Second", "platforms": ["youtube"]},
    ]
    made = world.create_batch(ann, world.add_project(ann), topics, title="Week 1", max_concurrent_tasks=5)
    assert made["job_count"] == 2
    assert world.rows(
        "select position, topic, platforms, lane, params, status, progress from public.generation_jobs order by id"
    ) == [
        (
            1,
            "First",
            ["tiktok", "youtube"],
            "urgent",
            {"tone": "casual", "duration_s": 30, "metadata": {"row": 7}},
            "pending",
            0,
        ),
        (2, "Second", ["youtube"], "standard", {}, "pending", 0),
    ]
    assert world.rows("select title, max_concurrent_tasks, created_by, status from public.batches") == [
        ("Week 1", 5, ann.user_id, "pending")
    ]
    assert world.rows("select stage, lane from public.stage_tasks order by job_id") == [
        ("script_generation", "urgent"),
        ("script_generation", "standard"),
    ]


def test_batches_are_numbered_per_tenant(world: World, ann: Person, bob: Person) -> None:
    anns, bobs = world.add_project(ann), world.add_project(bob)
    numbers = [
        world.create_batch(person, project)["number"]
        for person, project in ((ann, anns), (bob, bobs), (ann, anns))
    ]
    assert numbers == [1, 1, 2]


def test_an_editor_creates_in_a_project_it_is_a_member_of(world: World, ann: Person) -> None:
    editor = world.add_member(ann, "editor")
    project = world.add_project(ann)
    world.run(
        "insert into public.project_members (tenant_id, project_id, user_id) values (%s, %s, %s)",
        ann.tenant_id,
        project,
        editor.user_id,
    )
    assert world.create_batch(editor, project)["is_new"]
