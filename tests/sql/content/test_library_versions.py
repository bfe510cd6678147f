"""A scene of the library has versions; jobs take one by name or tag, and keep it whatever comes later."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.world import Person, Worker, World


def _item(world: World, owner: Person, project: UUID, text: str, *tags: str, **named: str) -> UUID:
    script = world.one(
        "insert into public.scripts (tenant_id, project_id, content) values (%s, %s, '{}') returning id",
        owner.tenant_id,
        project,
    )
    scene = world.one(
        "insert into public.scenes (tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, language, scene_type)"
        " values (%s, %s, 1, 5, %s, 'A cup', %s, 'intro') returning id",
        owner.tenant_id, script, text, named.get("language", "en"),
    )  # fmt: skip
    item: UUID = world.one(
        "insert into public.content_library (tenant_id, scene_id, specific_tags, library_category) values (%s, %s, %s, %s) returning id",
        owner.tenant_id, scene, Jsonb(list(tags)), named.get("category", "experimental"),
    )  # fmt: skip
    return item


def _topic(**more: object) -> dict[str, Any]:
    return {"topic": "Tea", "platforms": ["youtube"], **more}


def _said(world: World, made: dict[str, Any]) -> list[list[str]]:
    """The texts of the library's scenes that each job of a batch has."""
    return [
        [scene["voiceover_text"] for scene in scenes or []]
        for (scenes,) in world.rows(
            "select params -> 'scenes' from public.generation_jobs where batch_id = %s order by position",
            made["batch_id"],
        )
    ]


def _reasons(world: World, person: Person, topic: dict[str, Any], **options: Any) -> list[str]:
    with pytest.raises(psycopg.Error) as refused:
        world.create_batch(person, world.add_project(person), [topic], **options)
    return [p["reason"] for p in json.loads(str(refused.value.diag.message_detail))]


def test_a_batch_takes_scenes_by_tag_and_a_row_says_otherwise(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    _item(world, ann, project, "Hello.", "intro")
    good = _item(world, ann, project, "Welcome.", "intro", "warm")
    _item(world, ann, project, "Old.", "intro", category="archived")
    _item(world, ann, project, "Hallo.", "intro", language="de")
    _item(world, ann, project, "Bye.", "outro")
    _item(world, bob, world.add_project(bob), "Bob's.", "intro")
    world.run("update public.content_library set performance_score = 9 where id = %s", good)
    made = world.create_batch(
        ann, project,
        [_topic(), _topic(language="de"), _topic(reuse={"tag": "outro"}), _topic(reuse={"tag": "intro", "limit": 2}, library_items=[str(good)])],
        reuse=[{"tag": "intro"}, {"tag": "outro", "version": "latest"}],
    )  # fmt: skip
    assert _said(world, made) == [
        ["Welcome.", "Bye."],
        ["Hallo."],
        ["Bye."],
        ["Welcome.", "Welcome.", "Hello."],
    ]
    assert (
        dict(
            world.rows(
                "select voiceover_text, usage_count from public.content_library join public.scenes as s on s.id = scene_id"
            )
        )["Welcome."]
        == 3
    )


def test_by_scene_and_item(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    one, two = (_item(world, ann, project, text) for text in ("One.", "Two."))
    scene = world.one("select scene_id from public.content_library where id = %s", two)
    made = world.create_batch(ann, project, [_topic(reuse={"items": [str(one)], "scenes": [str(scene)]})])
    assert _said(world, made) == [["One.", "Two."]]


def test_a_new_version_changes_nothing_that_took_the_old_one(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    item = _item(world, ann, project, "First.", "intro")
    before = world.create_batch(ann, project, [_topic(library_items=[str(item)])])
    told = world.call(ann, "add_library_version", item, Jsonb({"voiceover_text": "Second."}))
    assert told == {"item_id": str(item), "number": 2}
    world.ask(ann, "update public.scenes set voiceover_text = 'Third.', duration = 7 returning id")
    world.ask(ann, "update public.scenes set duration = 8, heading = heading returning id")
    assert world.rows(
        "select number, voiceover_text, visual_description from public.library_versions order by number"
    ) == [
        (1, "First.", "A cup"),
        (2, "Second.", "A cup"),
        (3, "Third.", "A cup"),
    ]
    after = world.create_batch(
        ann, project,
        [_topic(reuse={"tag": "intro"}), _topic(reuse={"tag": "intro", "version": 1}), _topic(library_items=[f"{item}@2"])],
    )  # fmt: skip
    assert _said(world, before) == [["First."]]
    assert _said(world, after) == [["Third."], ["First."], ["Second."]]
    assert [s["voiceover_text"] for s in worker.take_running().answer["inputs"]["scenes"]] == ["First."]
    with world.acting(ann) as connection:
        used = connection.execute(
            "select batch_id::text, version from public.library_uses(%s) order by version, batch_id", [item]
        ).fetchall()
    assert sorted(used) == sorted(
        [(before["batch_id"], 1), (after["batch_id"], 1), (after["batch_id"], 2), (after["batch_id"], 3)]
    )


def test_another_tenant_sees_neither_versions_nor_uses(world: World, ann: Person, bob: Person) -> None:
    item = _item(world, ann, world.add_project(ann), "Mine.", "intro", category="public")
    world.run("update public.content_library set preview_text = 'Shared.'")
    made = world.create_batch(bob, world.add_project(bob), [_topic(library_items=[str(item)])])
    assert _said(world, made) == [["Shared."]]
    for question in ("public.library_versions", "public.library_uses(%s)"):
        arguments = [item] if "%s" in question else []
        assert world.ask(bob, f"select count(*) from {question}", *arguments) == 0
    assert world.ask(ann, "select count(*) from public.library_uses(%s)", item) == 0
    with pytest.raises(psycopg.Error) as refused:
        world.call(bob, "add_library_version", item, Jsonb({"heading": "x"}))
    assert refused.value.sqlstate == "CR002"


def test_what_cannot_be_is_told(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    item = _item(world, ann, project, "One.", "intro")
    for wish, reason in [
        ({"tag": "none"}, "finds no scene in your library in the language of the video"),
        ({"tag": "intro", "version": 2}, "finds no scene in your library in the language of the video"),
        ({"version": 1}, "names no tag, item or scene"),
        ({"tag": "intro", "version": "new"}, "has a version that is neither latest nor a number"),
        ({"tag": "intro", "limit": 21}, "has a limit that is not from 1 to 20"),
        ({"tags": "intro"}, "names tags, items or scenes that are not text"),
        (
            {"tag": "intro", "colour": 1},
            "has a field other than tag, tags, item, items, scene, scenes, version and limit",
        ),
        ("intro", "is neither a wish for scenes of the library nor a list of up to 20"),
    ]:
        assert _reasons(world, ann, _topic(reuse=wish)) == [reason]
    assert _reasons(world, ann, _topic(), reuse="intro") == [
        "is neither a wish for scenes of the library nor a list of up to 20"
    ]
    assert _reasons(world, ann, _topic(library_items=[f"{item}@2"])) == [
        f"names {item}@2, which is neither in your library nor public"
    ]
    for changes in ({}, {"colour": "red"}, {"voiceover_text": " "}):
        with pytest.raises(psycopg.Error) as refused:
            world.call(ann, "add_library_version", item, Jsonb(changes))
        assert refused.value.sqlstate == "CR001"
    with pytest.raises(psycopg.Error) as refused:
        world.call(world.add_member(ann, "viewer"), "add_library_version", item, Jsonb({"heading": "x"}))
    assert refused.value.sqlstate == "CR003"


def test_a_dry_run_counts_the_scenes_that_are_reused(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    for text in ("One.", "Two.", "Three."):
        _item(world, ann, project, text, "intro")

    def scenes(topic: dict[str, Any], **options: object) -> tuple[list[str], int]:
        found = world.call(ann, "check_batch", project, Jsonb([topic]), Jsonb(options))
        return [p["field"] for p in found["problems"]], found["estimate"]["tasks"]["audio_generation"]

    wish = {"tag": "intro", "limit": 3}
    assert scenes(_topic(duration_s=10)) == ([], 2)
    assert scenes(_topic(duration_s=10, reuse=wish)) == ([], 2 + 3)
    assert scenes(_topic(duration_s=10), reuse=wish) == ([], 2 + 3)
    assert scenes(_topic(duration_s=10), reuse={"colour": "red"}) == (["reuse"], 2)
