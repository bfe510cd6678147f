"""Topics may name scenes of the library: they go into the script as they were when the batch was made."""

from __future__ import annotations

import json
import uuid
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _topic(*items: object, **more: object) -> dict[str, Any]:
    return {"topic": "Tea", "platforms": ["youtube"], "library_items": [str(item) for item in items], **more}


def _add_item(world: World, owner: Person, project: UUID, text: str, **named: str) -> UUID:
    """A scene in the owner's library."""
    values = {"category": "experimental", "preview": "", "language": "en", **named}
    script = world.one(
        "insert into public.scripts (tenant_id, project_id, content) values (%s, %s, '{}') returning id",
        owner.tenant_id,
        project,
    )
    scene = world.one(
        "insert into public.scenes (tenant_id, script_id, scene_number, duration, voiceover_text, visual_description, heading, points, language)"
        """ values (%s, %s, 1, 5, %s, 'A cup', 'Cups', '["round"]', %s) returning id""",
        owner.tenant_id, script, text, values["language"],
    )  # fmt: skip
    item: UUID = world.one(
        "insert into public.content_library (tenant_id, scene_id, preview_text, library_category) values (%s, %s, %s, %s) returning id",
        owner.tenant_id, scene, values["preview"], values["category"],
    )  # fmt: skip
    return item


def _problems(world: World, person: Person, topic: dict[str, Any]) -> list[str]:
    found = world.call(person, "check_batch", world.add_project(person), Jsonb([topic]), Jsonb({}))
    with pytest.raises(psycopg.Error) as refused:
        world.create_batch(person, world.add_project(person), [topic])
    assert found["problems"] == json.loads(str(refused.value.diag.message_detail))
    assert {(p["row"], p["field"]) for p in found["problems"]} == {(1, "library_items")}
    return [p["reason"] for p in found["problems"]]


def test_they_are_inputs_of_the_script_in_their_order_and_as_they_were(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    first, second = (_add_item(world, ann, project, text) for text in ("One.", "Two."))
    world.create_batch(ann, project, [_topic(second, first)])
    world.run("update public.scenes set voiceover_text = 'Changed.'")
    world.run("delete from public.content_library where id = %s", first)
    claimed = worker.take_running()
    assert claimed.answer["inputs"]["scenes"] == [
        {
            "scene_type": "main_content",
            "voiceover_text": text,
            "visual_description": "A cup",
            "heading": "Cups",
            "points": ["round"],
        }
        for text in ("Two.", "One.")
    ]
    assert_sound(world)


def test_a_topic_without_them_has_the_content_key_it_always_had(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    world.create_batch(
        ann, project, [_topic(), {"topic": "Tea", "platforms": ["youtube"], "library_items": None}]
    )
    keys = set()
    for _ in range(2):
        claimed = worker.take()
        assert claimed is not None
        keys.add(claimed.answer["content_key"])
        assert "scenes" not in (claimed.answer["inputs"] or {})
    assert len(keys) == 1


def test_equal_narration_is_found_not_spoken_again(world: World, ann: Person, worker: Worker) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project, [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.work()
    item = world.one(
        "insert into public.content_library (tenant_id, scene_id) select tenant_id, id from public.scenes where scene_number = 2 returning id"
    )
    world.create_batch(ann, project, [_topic(item, topic="Coffee")])
    script = worker.take_running()
    scenes = [
        {"scene_number": number, "scene_type": "main_content", "visual_description": "words", "heading": "", "points": [], "voiceover_text": text}
        for number, text in enumerate(["Coffee.", script.answer["inputs"]["scenes"][0]["voiceover_text"], "The end."], 1)
    ]  # fmt: skip
    worker.complete(script, {"title": "Coffee", "description": "", "language": "en", "scenes": scenes})
    worker.work(Stage.AUDIO)
    assert world.rows(
        "select scene_number, is_reused from public.stage_tasks where job_id = %s and stage = 'audio_generation' order by 1",
        script.job_id,
    ) == [(1, False), (2, True), (3, False)]
    assert_sound(world)


def test_of_a_public_scene_of_another_tenant_there_is_its_preview(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    item = _add_item(
        world, bob, world.add_project(bob), "Not for others.", category="public", preview="For all."
    )
    world.create_batch(ann, world.add_project(ann), [_topic(item)])
    assert worker.take_running().answer["inputs"]["scenes"] == [
        {
            "scene_type": "main_content",
            "voiceover_text": "For all.",
            "visual_description": "For all.",
            "heading": "",
            "points": [],
        }
    ]
    assert "Not for others" not in str(world.rows("select params from public.generation_jobs"))


def test_use_is_counted(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    own = _add_item(world, ann, project, "One.")
    shared = _add_item(world, bob, world.add_project(bob), "Two.", category="public", preview="Two.")
    unused = _add_item(world, ann, project, "Three.")
    made = [_topic(own, shared, own), _topic(own)]
    world.create_batch(ann, project, made, key="once")
    world.create_batch(ann, project, made, key="once")
    world.call(ann, "check_batch", project, Jsonb(made), Jsonb({}))
    assert dict(world.rows("select id, usage_count from public.content_library")) == {
        own: 3,
        shared: 1,
        unused: 0,
    }
    assert world.rows("select id from public.content_library where last_used is null") == [(unused,)]


def test_what_cannot_be_used_is_told(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    private = _add_item(world, bob, world.add_project(bob), "Bob's.")
    unknown, german = uuid.uuid4(), _add_item(world, ann, project, "Tasse.", language="de")
    silent = _add_item(world, bob, world.add_project(bob), "Text.", category="public")
    assert _problems(world, ann, _topic(private)) == [
        f"names {private}, which is neither in your library nor public"
    ]
    assert _problems(world, ann, _topic(unknown)) == [
        f"names {unknown}, which is neither in your library nor public"
    ]
    assert _problems(world, ann, _topic("tea")) == ["names tea, which is neither in your library nor public"]
    assert _problems(world, ann, {**_topic(), "library_items": [None]}) == [
        "names null, which is neither in your library nor public"
    ]
    assert _problems(world, ann, _topic(german)) == [
        f"names {german}, whose language is de, unlike that of the video"
    ]
    assert _problems(world, ann, _topic(silent)) == [f"names {silent}, which has no text to be spoken"]
    item = _add_item(world, ann, project, "One.")
    assert "is not a list of up to 20 scenes of the library" in _problems(world, ann, _topic(*[item] * 21))
    assert _problems(world, ann, {**_topic(), "library_items": str(item)}) == [
        "is not a list of up to 20 scenes of the library"
    ]
    world.create_batch(ann, project, [_topic(german, language="de-AT")])
