"""The script of a job, and a retry that changes scenes of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cliprow.api.routes.scripts import JobScript
from tests.integration.api.conftest import Api
from tests.integration.api.test_jobs import create
from tests.integration.api.test_library_and_analytics import make_job, scene_ids


def test_a_job_has_no_script_before_it_is_written(ann: Api) -> None:
    assert ann.get(f"/jobs/{create(ann)['id']}/script", expect=404)["code"] == "script_not_found"


def test_the_script_is_shown_scene_by_scene(ann: Api, bob: Api) -> None:
    job = make_job(ann)
    script = msgspec.convert(ann.get(f"/jobs/{job['id']}/script"), JobScript, strict=False)
    assert (script.title, script.language, str(script.job_id)) == (job["topic"], "en", job["id"])
    assert [str(scene.id) for scene in script.scenes] == scene_ids(ann, job)
    assert [scene.heading for scene in script.scenes] == ["Scene 1", "Scene 2"]
    assert all(scene.library_item_id is None for scene in script.scenes)
    bob.get(f"/jobs/{job['id']}/script", expect=404)


def test_scenes_of_the_library_say_where_they_are_from(ann: Api) -> None:
    scene_id = scene_ids(ann, make_job(ann))[0]
    item = ann.post("/library/items", {"scene_id": scene_id})
    job_id = create(ann, library_items=[item["id"]])["id"]
    # What the script stage makes of it: the scene as it is in the library, among others.
    scenes = ann.world.one("select params -> 'scenes' from public.generation_jobs where id = %s", job_id)
    other = {**scenes[0], "voiceover_text": "Another", "points": ["One"]}
    ann.world.run(
        "select private.store_script(j, %s) from public.generation_jobs as j where j.id = %s",
        msgspec.json.encode(
            {
                "title": "Sky",
                "scenes": [
                    {**scene, "scene_number": number}
                    for number, scene in enumerate([other, *scenes], start=1)
                ],
            }
        ).decode(),
        job_id,
    )
    written, taken = ann.get(f"/jobs/{job_id}/script")["scenes"]
    assert (written["points"], written["library_item_id"], written["library_version"]) == (
        ["One"],
        None,
        None,
    )
    assert (taken["library_item_id"], taken["library_version"]) == (item["id"], 1)


def test_a_retry_changes_scenes_and_keeps_the_others(ann: Api) -> None:
    job = make_job(ann)
    before = ann.get(f"/jobs/{job['id']}/script")
    changes = {"voice": "amy", "scenes": {"2": {"voiceover_text": "Other words", "points": ["A", "B"]}}}
    ann.post(f"/jobs/{job['id']}/retry", {"changes": changes}, expect=200)
    after = ann.get(f"/jobs/{job['id']}/script")
    assert after["id"] != before["id"]
    assert after["scenes"][0]["voiceover_text"] == before["scenes"][0]["voiceover_text"]
    assert (after["scenes"][1]["voiceover_text"], after["scenes"][1]["points"]) == ("Other words", ["A", "B"])
    assert ann.get(f"/jobs/{job['id']}")["params"]["voice"] == "amy"


def test_null_takes_away_what_was_said(ann: Api) -> None:
    job_id = create(ann, tone="casual", audience="children")["id"]
    ann.post(f"/jobs/{job_id}/cancel", expect=200)
    ann.post(f"/jobs/{job_id}/retry", {"changes": {"tone": None}}, expect=200)
    assert "tone" not in (params := ann.get(f"/jobs/{job_id}")["params"])
    assert params["audience"] == "children"


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"duration_s": 4},
        {"tone": "loud"},
        {"platforms": []},
        {"platforms": ["telegraph"]},
        {"scenes": {"2": {"scene_number": 3}}},
        {"scenes": {"9": {"heading": "None such"}}},
        {"scenes": {"1": {"voiceover_text": " "}}},
        {"scenes": {"1": {"heading": "A"}}, "tone": "casual"},
    ],
)
def test_a_change_that_cannot_be_made_is_refused(ann: Api, changes: dict[str, Any]) -> None:
    job = make_job(ann)
    answer = ann.post(f"/jobs/{job['id']}/retry", {"changes": changes}, expect=422)
    assert answer["errors"]
    assert ann.get(f"/jobs/{job['id']}")["generation"] == 1


def test_the_document_describes_the_changes(api: Api) -> None:
    schemas = api.get("/openapi.json")["components"]["schemas"]
    fields = schemas["JobChanges"]["properties"]
    assert fields["duration_s"]["maximum"] == 600
    assert set(schemas["SceneChange"]["properties"]) == {
        "voiceover_text",
        "visual_description",
        "heading",
        "points",
    }
