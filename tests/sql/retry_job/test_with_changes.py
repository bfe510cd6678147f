"""retry_job with changed inputs computes exactly what depends on them; the rest is found again by its key."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

STAGES = list(Stage)


@pytest.fixture
def job_id(world: World, ann: Person, worker: Worker) -> UUID:
    """A completed job of two scenes for one platform."""
    world.create_batch(
        ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"], "voice": "amy"}]
    )
    worker.work()
    found: UUID = world.one("select id from public.generation_jobs")
    return found


def _change(world: World, person: Person, job_id: UUID, stage: Stage | None = None, **changes: Any) -> Any:
    return world.call(person, "retry_job", job_id, stage and str(stage), Jsonb(changes))


def _ran(worker: Worker) -> list[tuple[Stage, Any]]:
    """Completes what there is; returns stage and scene (or platform) of what was computed, not found."""
    ran = []
    while (claimed := worker.take()) is not None:
        if claimed.verdict == "run":
            inputs = claimed.answer["inputs"]
            scene = inputs.get("text", "").rpartition(" ")[2] or inputs.get("scene", {}).get("scene_number")
            ran.append((claimed.stage, scene or inputs.get("rules", {}).get("platform")))
            worker.complete(claimed)
    return sorted(ran, key=lambda each: (STAGES.index(each[0]), str(each[1])))


def test_an_edited_scene_computes_its_sound_its_pictures_and_the_packages(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    attempts = "select count(*) from public.task_attempts"
    before = world.one(attempts)
    answer = _change(world, ann, job_id, scenes={"2": {"voiceover_text": "Told anew: 2", "heading": "Other"}})
    assert answer == {"job_id": str(job_id), "retried_tasks": 6, "generation": 2}
    assert_sound(world)
    assert _ran(worker) == [
        (Stage.AUDIO, "2"),
        (Stage.VIDEO, 2),
        (Stage.PLATFORM, "youtube"),
        (Stage.POST, "youtube"),
    ]
    assert world.one(attempts) == before + 4
    assert world.rows(
        "select stage, scene_number from public.stage_tasks where is_reused order by position"
    ) == [("audio_generation", 1), ("video_generation", 1)], "the other scene is found again"
    assert world.rows(
        "select c.content -> 'scenes' -> 1 ->> 'voiceover_text', array_agg(s.voiceover_text order by s.scene_number)"
        " from public.scripts as c join public.scenes as s on s.script_id = c.id group by c.id order by c.created_at"
    ) == [
        ("Tea, part 2", ["Tea, part 1", "Tea, part 2"]),
        ("Told anew: 2", ["Tea, part 1", "Told anew: 2"]),
    ], "the script of before stays"
    assert world.rows("select status, progress from public.generation_jobs") == [("completed", 100)]
    assert_sound(world)


def test_what_depends_on_a_change_is_computed_and_nothing_else(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    packages = [(Stage.PLATFORM, "youtube"), (Stage.POST, "youtube")]
    assert _change(world, ann, job_id, voice="ben")["retried_tasks"] == 6
    pictures = [(Stage.VIDEO, 1), (Stage.VIDEO, 2)]
    sounds = [(Stage.AUDIO, "1"), (Stage.AUDIO, "2")]
    # The test's sounds are all of one length, so that other pictures are wanted only where something else changes.
    assert _ran(worker) == [*sounds, *packages]
    file = {"role": "image", "name": "a.png", "sha256": "a" * 64, "size_bytes": 1, "media_type": "image/png"}
    image = {**file, "path": f"{ann.tenant_id}/artifacts/{'a' * 64}"}
    assert _change(world, ann, job_id, images=[image])["retried_tasks"] == 4
    assert _ran(worker) == [*pictures, *packages]
    assert _change(world, ann, job_id, tone="casual")["retried_tasks"] == 1
    assert _ran(worker) == [(Stage.SCRIPT, None), *pictures, *packages]
    assert world.rows("select params ->> 'voice', params ->> 'tone' from public.generation_jobs") == [
        ("ben", "casual")
    ]
    _change(world, ann, job_id, Stage.POST, voice="amy", tone=None)
    assert Stage.AUDIO not in [stage for stage, _ in _ran(worker)], "found: the voice of the first time"
    assert world.rows("select params ? 'tone', status from public.generation_jobs") == [(False, "completed")]
    assert_sound(world)


def test_platforms_come_and_go(world: World, ann: Person, worker: Worker, job_id: UUID) -> None:
    _change(world, ann, job_id, platforms=["youtube", "tiktok", "youtube_shorts"])
    assert_sound(world)
    assert [stage for stage, _ in _ran(worker)] == [Stage.VIDEO] * 2 + [Stage.PLATFORM] * 2 + [Stage.POST] * 2
    assert world.one(
        "select array_agg(p order by p) from public.generation_jobs, jsonb_object_keys(result_data -> 'platforms') as p"
    ) == [
        "tiktok",
        "youtube",
        "youtube_shorts",
    ]
    assert_sound(world)
    _change(world, ann, job_id, platforms=["tiktok"])
    assert _ran(worker) == []
    assert world.rows("select stage, count(*) from public.stage_tasks group by 1 order by min(position)") == [
        (str(stage), count) for stage, count in zip(STAGES, (1, 2, 2, 1, 1), strict=True)
    ]
    assert world.rows(
        "select distinct platform from public.generated_content where platform <> 'universal'"
    ) == [("tiktok",)]
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_of_a_job_that_failed_at_its_script_everything_comes_in_the_changed_way(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Milk", "platforms": ["youtube"]}])
    script = worker.take_running()
    worker.fail(script)
    with pytest.raises(psycopg.Error) as refused:
        _change(world, ann, script.job_id, scenes={"1": {"heading": "x"}})
    assert "before there is a script" in str(refused.value.diag.message_detail)
    _change(world, ann, script.job_id, voice="ben", platforms=["tiktok"])
    assert len(_ran(worker)) == 7
    assert world.rows("select status, platforms from public.generation_jobs") == [("completed", ["tiktok"])]
    assert_sound(world)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ([], ["changes"]),
        ({"topic": "Coffee", "voice": 7, "tone": "loud"}, ["topic", "tone", "voice"]),
        ({"platforms": []}, ["platforms"]),
        ({"platforms": ["myspace"], "images": [{"path": "x"}]}, ["images", "platforms"]),
        (
            {"scenes": {"2": {"voiceover_text": " "}, "3": {"heading": "x"}, "1": []}},
            ["scenes.1", "scenes.2.voiceover_text", "scenes.3"],
        ),
        ({"scenes": {"1": {"points": ["a", 2], "mood": "x"}}}, ["scenes.1.mood", "scenes.1.points"]),
        ({"scenes": {"1": {"heading": "x"}}, "tone": "casual"}, ["scenes"]),
    ],
)
def test_what_cannot_be_changed_is_refused_by_field(
    world: World, ann: Person, worker: Worker, job_id: UUID, changes: Any, fields: list[str]
) -> None:
    version = world.one("select version from public.generation_jobs")
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "retry_job", job_id, None, Jsonb(changes))
    assert refused.value.sqlstate == "CR001"
    assert [each["field"] for each in json.loads(refused.value.diag.message_detail or "")] == fields
    assert world.one("select version from public.generation_jobs") == version
