"""The library and the figures: search, sharing, reuse; who sees which numbers."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.integration.api.conftest import Api
from tests.sql.world import Worker


def make_job(api: Api) -> dict[str, Any]:
    """A finished job."""
    project = api.project()
    job = api.post(
        "/jobs", {"project_id": project["id"], "topic": f"Sky {uuid.uuid4()}", "platforms": ["youtube"]}
    )
    worker = Worker(api.world, slots=50)
    while worker.work():
        pass
    worker.leave()
    return {**job, "project_id": project["id"]}


def scene_ids(api: Api, job: dict[str, Any]) -> list[str]:
    return [
        str(row[0])
        for row in api.world.rows(
            "select s.id from public.scenes as s join public.scripts as c on c.id = s.script_id where c.job_id = %s"
            " order by s.scene_number",
            job["id"],
        )
    ]


@pytest.fixture
def item(ann: Api) -> dict[str, Any]:
    scene, other = scene_ids(ann, make_job(ann))
    ann.post("/library/items", {"scene_id": other, "specific_tags": ["sea"]})
    made: dict[str, Any] = ann.post(
        "/library/items", {"scene_id": scene, "specific_tags": ["sky"], "generic_tags": ["physics"]}
    )
    return made


def ids(page: dict[str, Any]) -> list[str]:
    return [each["id"] for each in page["items"]]


def test_the_library_is_searched_by_text_tag_category_and_length(ann: Api, item: dict[str, Any]) -> None:
    assert len(ids(ann.get("/library"))) == 2
    assert ids(ann.get("/library", tags="sky,nothing")) == [item["id"]]
    assert ids(ann.get("/library", tags="physics")) == [item["id"]]
    word = item["voiceover_text"].split()[0]
    assert item["id"] in ids(ann.get("/library", text=word))
    assert ids(ann.get("/library", text="no such words")) == []
    assert ids(ann.get("/library", category="favorite")) == []
    assert item["id"] in ids(
        ann.get("/library", min_duration=item["duration"], max_duration=item["duration"])
    )
    assert ids(ann.get("/library", min_duration=item["duration"] + 100)) == []


@pytest.mark.parametrize("order", ["performance", "usage", "newest"])
def test_pages_of_the_library_neither_skip_nor_repeat(ann: Api, item: dict[str, Any], order: str) -> None:
    first = ann.get("/library", order=order, limit=1)
    second = ann.get("/library", order=order, limit=1, cursor=first["next_cursor"])
    assert second["next_cursor"] is None
    assert sorted(ids(first) + ids(second)) == sorted(ids(ann.get("/library")))


def test_a_scene_is_in_the_library_once(ann: Api, item: dict[str, Any]) -> None:
    ann.post("/library/items", {"scene_id": item["scene_id"]}, expect=409)


def test_tags_are_changed_against_the_version_one_has_seen(ann: Api, item: dict[str, Any]) -> None:
    path = f"/library/items/{item['id']}"
    changed = ann.call("PATCH", path, {"specific_tags": ["a"]}, {"If-Match": f'W/"{item["version"]}"'})
    assert (changed.status_code, changed.json()["specific_tags"]) == (200, ["a"])
    stale = ann.call("PATCH", path, {"specific_tags": ["b"]}, {"If-Match": f'W/"{item["version"]}"'})
    assert stale.status_code == 412
    etag = ann.call("GET", path).headers["etag"]
    assert ann.call("GET", path, headers={"If-None-Match": etag}).status_code == 304


def test_a_shared_scene_shows_text_and_tags_to_others_and_nothing_else(
    ann: Api, bob: Api, item: dict[str, Any]
) -> None:
    assert item["id"] not in ids(bob.get("/library", shared=True, limit=200))
    ann.post(f"/library/items/{item['id']}/share", {"is_public": True}, expect=200)
    found = {each["id"]: each for each in bob.get("/library", category="public", limit=200)["items"]}[
        item["id"]
    ]
    assert found["voiceover_text"] == item["voiceover_text"]
    assert (found["is_own"], found["scene_id"], found["project_id"], found["usage_count"]) == (
        False,
        None,
        None,
        0,
    )
    assert ids(bob.get("/library")) == []
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"specific_tags": []}),
        ("DELETE", "", None),
        ("POST", "/share", {"is_public": False}),
    ):
        answer = bob.call(method, f"/library/items/{item['id']}{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "library_item_not_found")
    ann.post(f"/library/items/{item['id']}/share", {"is_public": False}, expect=200)
    assert item["id"] not in ids(bob.get("/library", category="public", limit=200))


def test_a_scene_is_used_again_in_a_new_video(ann: Api, item: dict[str, Any]) -> None:
    project = ann.project()
    body = {"project_id": project["id"], "topic": "Sunsets", "platforms": ["youtube"]}
    made = ann.post(f"/library/items/{item['id']}/reuse", body)
    assert made["job_count"] == 1
    assert ann.get(f"/library/items/{item['id']}")["usage_count"] == item["usage_count"] + 1


def test_a_viewer_reads_the_library_and_changes_nothing(ann: Api, item: dict[str, Any]) -> None:
    viewer = ann.member("viewer")
    assert item["id"] in ids(viewer.get("/library"))
    for method, path, body in (
        ("PATCH", "", {"specific_tags": []}),
        ("DELETE", "", None),
        ("POST", "/share", {"is_public": True}),
    ):
        assert viewer.call(method, f"/library/items/{item['id']}{path}", body).status_code == 403
    assert viewer.call("POST", "/library/items", {"scene_id": item["scene_id"]}).status_code == 403


def test_removing_an_item_leaves_its_scene(ann: Api, item: dict[str, Any]) -> None:
    assert ann.call("DELETE", f"/library/items/{item['id']}").status_code == 204
    ann.get(f"/library/items/{item['id']}", expect=404)
    ann.post("/library/items", {"scene_id": item["scene_id"]})


def record(api: Api, job: dict[str, Any], views: int, platform: str = "youtube") -> None:
    content = api.world.one(
        "select id from public.generated_content where job_id = %s and role = 'video' limit 1", job["id"]
    )
    assert api.person is not None
    with api.world.admin.transaction():
        api.world.run("select set_config('request.jwt.claims', %s, true)", api.person.claims)
        api.world.one(
            "select private.record_performance(%s, %s, jsonb_build_object('views', %s::int, 'likes', 3))",
            content, platform, views,
        )  # fmt: skip


def test_figures_are_those_of_the_filter(ann: Api) -> None:
    job, other = make_job(ann), make_job(ann)
    record(ann, job, 100)
    record(ann, job, 20, "tiktok")
    record(ann, other, 1000)
    assert ann.get("/analytics")["engagement"]["views"] == 1120
    assert ann.get("/analytics", project_id=job["project_id"])["engagement"]["views"] == 120
    assert ann.get(f"/projects/{job['project_id']}/analytics")["engagement"]["views"] == 120
    assert ann.get("/analytics", batch_id=job["batch_id"])["engagement"]["views"] == 120
    found = ann.get("/analytics", platform="tiktok")
    assert (found["engagement"]["views"], found["jobs"]["total"]) == (20, 0)
    assert ann.call("GET", "/analytics?from=2020-01-01&to=2020-01-31").json()["engagement"]["views"] == 0
    found = ann.get("/analytics")
    assert [(each["platform"], each["views"]) for each in found["by_platform"]] == [
        ("youtube", 1100),
        ("tiktok", 20),
    ]
    assert [each["views"] for each in found["by_day"]] == [1120]


def test_outcomes_and_timings_of_a_batch_are_shown_by_stage(ann: Api) -> None:
    job = make_job(ann)
    found = ann.get("/analytics", batch_id=job["batch_id"])
    assert found["jobs"] == {
        "total": 1, "pending": 0, "processing": 0, "completed": 1, "failed": 0, "cancelled": 0, "completion_rate": 1.0,
    }  # fmt: skip
    assert [each["stage"] for each in found["stages"]] == [
        "script_generation",
        "audio_generation",
        "video_generation",
        "platform_adaptation",
        "post_processing",
    ]
    assert all(each["completed"] == each["tasks"] for each in found["stages"])
    assert found["errors"] == []


def test_a_member_sees_the_figures_of_its_scope(ann: Api, bob: Api) -> None:
    job = make_job(ann)
    record(ann, job, 50)
    assert ann.member("viewer", "tenant").get("/analytics")["engagement"]["views"] == 50
    for nobody in (ann.member("editor", "none"), ann.member("editor", "project"), bob):
        found = nobody.get("/analytics")
        assert (found["engagement"]["views"], found["jobs"]["total"], found["stages"]) == (0, 0, [])
    bob.get(f"/projects/{job['project_id']}/analytics", expect=404)


@pytest.mark.parametrize("days", ["from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01"])
def test_a_range_that_is_none_is_refused(ann: Api, days: str) -> None:
    answer = ann.call("GET", f"/analytics?{days}")
    assert (answer.status_code, answer.json()["code"]) == (422, "range_invalid")
