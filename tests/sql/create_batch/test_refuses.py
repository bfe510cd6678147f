"""create_batch takes all or nothing, and says everything that is wrong at once."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from tests.sql.world import Person, World


@pytest.fixture
def world(passing_world: World) -> World:
    return passing_world


GOOD: dict[str, object] = {"topic": "Tea", "platforms": ["youtube"]}
FILE = {"role": "image", "name": "a.png", "sha256": "0" * 64, "size_bytes": 1, "media_type": "image/png"}


def problems(world: World, person: Person, topics: Any, **options: Any) -> list[tuple[int | None, str, str]]:
    """What create_batch says against topics and options."""
    with pytest.raises(psycopg.Error) as refused:
        world.create_batch(person, world.add_project(person), topics, **options)
    assert refused.value.sqlstate == "CR001"
    assert refused.value.diag.message_hint
    return [
        (p["row"], p["field"], p["reason"]) for p in json.loads(refused.value.diag.message_detail or "[]")
    ]


def test_every_problem_of_every_topic_is_told_at_once_and_nothing_is_kept(world: World, ann: Person) -> None:
    found = problems(
        world,
        ann,
        [
            GOOD,
            {"topic": " ", "platforms": []},
            {"topic": "x" * 501, "platforms": ["youtube", "vhs"], "tone": "shouting", "duration_s": 4.5},
            {"topic": 5, "platforms": "youtube", "script_type": "poem", "priority": "now", "colour": "red"},
        ],
    )
    assert [problem[:2] for problem in found] == [
        (2, "platforms"),
        (2, "topic"),
        (3, "duration_s"),
        (3, "platforms"),
        (3, "tone"),
        (3, "topic"),
        (4, "colour"),
        (4, "platforms"),
        (4, "priority"),
        (4, "script_type"),
        (4, "topic"),
    ]
    assert found[3][2].startswith("'vhs' is not one of instagram, linkedin, tiktok")
    for table in ("batches", "generation_jobs", "stage_tasks", "idempotency_keys"):
        assert world.one(f"select count(*) from public.{table}") == 0
    assert world.one("select last_batch_number from public.tenants where id = %s", ann.tenant_id) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic", ["a list"]), ("brief", "x" * 50_001), ("brief", 5), ("audience", "x" * 501), ("voice", "x" * 101),
        ("metadata", {"note": "x" * 20_000}), ("language", "English please"), ("duration_s", "30"), ("duration_s", 45.0),
        ("duration_s", 4), ("duration_s", 601), ("duration_s", -30), ("platforms", {"youtube": True}),
        ("platforms", ["universal"]), ("platforms", [None]), ("images", "a.png"), ("images", ["a.png"]), ("images", [FILE]),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(world: World, ann: Person, field: str, value: object) -> None:
    assert {(row, name) for row, name, _ in problems(world, ann, [{**GOOD, field: value}])} == {(1, field)}


@pytest.mark.parametrize("topics", [[], {}, "tea", None])
def test_topics_are_a_list_with_something_in_it(world: World, ann: Person, topics: Any) -> None:
    project = world.add_project(ann)
    with (
        pytest.raises(psycopg.Error, match="list of 1 to 10,000 topics") as refused,
        world.acting(ann) as connection,
    ):
        connection.execute("select public.create_batch(%s, %s::jsonb)", [project, json.dumps(topics)])
    assert refused.value.sqlstate == "CR001"


def test_more_topics_than_10_000_are_refused(world: World, ann: Person) -> None:
    with pytest.raises(psycopg.Error, match="1 to 10,000"):
        world.create_batch(ann, world.add_project(ann), [GOOD] * 10_001)


@pytest.mark.parametrize("topic", ["tea", None, 5, []])
def test_a_topic_that_is_no_object_is_a_problem_of_its_row(world: World, ann: Person, topic: Any) -> None:
    project = world.add_project(ann)
    with pytest.raises(psycopg.Error) as refused, world.acting(ann) as connection:
        connection.execute("select public.create_batch(%s, %s::jsonb)", [project, json.dumps([GOOD, topic])])
    assert {p["row"] for p in json.loads(refused.value.diag.message_detail or "")} == {2}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("title", "x" * 201),
        ("title", 5),
        ("max_concurrent_tasks", 0),
        ("max_concurrent_tasks", "many"),
        ("job_type", "legacy"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    world: World, ann: Person, option: str, value: object
) -> None:
    assert [p[:2] for p in problems(world, ann, [GOOD], **{option: value})] == [(None, option)]


@pytest.mark.parametrize(
    "path", ["{bob}/artifacts/x", "{ann}/../{bob}/artifacts/x", "{ann}/..", "/etc/passwd", ""]
)
def test_a_picture_outside_the_own_folder_is_refused(
    world: World, ann: Person, bob: Person, path: str
) -> None:
    picture = {**FILE, "path": path.format(ann=ann.tenant_id, bob=bob.tenant_id)}
    assert [p[:2] for p in problems(world, ann, [{**GOOD, "images": [picture]}])] == [(1, "images")]


def test_a_picture_in_the_own_folder_is_taken(world: World, ann: Person) -> None:
    picture = {**FILE, "path": f"{ann.tenant_id}/artifacts/{'0' * 64}"}
    assert world.create_batch(ann, world.add_project(ann), [{**GOOD, "images": [picture]}])["is_new"]


def test_another_tenants_project_is_not_there(world: World, ann: Person, bob: Person) -> None:
    with pytest.raises(psycopg.Error, match="There is no project") as refused:
        world.create_batch(ann, world.add_project(bob))
    assert refused.value.sqlstate == "CR002"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_does_not_control_the_project_may_not(world: World, ann: Person, role: str) -> None:
    with pytest.raises(psycopg.Error, match="role does not allow") as refused:
        world.create_batch(world.add_member(ann, role), world.add_project(ann))
    assert refused.value.sqlstate == "CR003"


def test_a_removed_member_is_out_at_once(world: World, ann: Person) -> None:
    admin, project = world.add_member(ann, "admin"), world.add_project(ann)
    world.create_batch(admin, project)
    world.run(
        "delete from public.memberships where user_id = %s and tenant_id = %s", admin.user_id, ann.tenant_id
    )
    with pytest.raises(psycopg.Error, match="not signed in to a tenant") as refused:
        world.create_batch(admin, project)
    assert refused.value.sqlstate == "CR003"


def test_a_deleted_project_takes_no_batch(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    world.run("update public.projects set deleted_at = now()")
    with pytest.raises(psycopg.Error, match="There is no project"):
        world.create_batch(ann, project)
