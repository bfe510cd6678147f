"""Media, downloads, exports, library and figures of the old surface."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.integration.api.legacy.conftest import Legacy

VIDEO = bytes(range(256)) * 40


@pytest.fixture
def made(legacy: Legacy) -> dict[str, Any]:
    """A project with a video whose bytes are in the storage."""
    project = legacy.generate()
    script_id = project["jobs"][0]["result_data"]["script_id"]
    scenes = legacy.data("GET", f"/api/scripts/{script_id}/scenes")
    for scene in scenes:
        for content in scene["generated_content"]:
            legacy.store(content["file_path"], VIDEO, "video/mp4")
    video = next(c for c in scenes[0]["generated_content"] if c["content_type"] == "video")
    return {"project": project, "scenes": scenes, "video": video}


def test_media_are_served_by_their_url(legacy: Legacy, made: dict[str, Any]) -> None:
    answer = legacy.call("GET", made["video"]["media_url"])
    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert answer.headers["content-type"] == "video/mp4"
    preview = legacy.data("GET", f"/api/preview/content/{made['video']['id']}")
    assert preview["media_url"] == made["video"]["media_url"]


def test_players_can_seek(legacy: Legacy, made: dict[str, Any]) -> None:
    answer = legacy.call("GET", made["video"]["media_url"], headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, VIDEO[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(VIDEO)}"


def test_a_player_that_cannot_set_headers_sends_the_key_in_the_query(
    legacy: Legacy, made: dict[str, Any]
) -> None:
    url = made["video"]["media_url"]
    assert legacy.client.get(f"{url}?api_key=key of the old clients").status_code == 200
    assert legacy.client.get(url).status_code == 403


def test_a_download_has_its_name_and_the_old_media_type(legacy: Legacy, made: dict[str, Any]) -> None:
    answer = legacy.call("GET", f"/api/download/content/{made['video']['id']}")
    assert answer.content == VIDEO
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"].startswith('attachment; filename="')


def test_a_file_that_is_gone_is_not_found(legacy: Legacy) -> None:
    project = legacy.generate(original_idea="A topic that nothing was stored for")
    script_id = project["jobs"][0]["result_data"]["script_id"]
    content = legacy.data("GET", f"/api/scripts/{script_id}/scenes")[0]["generated_content"][0]
    for path in (content["media_url"], f"/api/download/content/{content['id']}"):
        answer = legacy.call("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "File not found"})


def test_an_export_is_a_zip_with_a_folder_for_each_type(legacy: Legacy, made: dict[str, Any]) -> None:
    body = {"project_id": made["project"]["id"], "content_types": ["video", "audio", "script"]}
    answer = legacy.call("POST", "/api/export/project", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        info = json.loads(archive.read("project_info.json"))
        assert info["project_id"] == made["project"]["id"]
        assert {name.split("/")[0] for name in names} == {"project_info.json", "videos", "audios", "scripts"}
        assert len(set(names)) == len(names)
        video = next(name for name in names if name.startswith("videos/"))
        assert archive.read(video) == VIDEO


def test_an_export_of_one_platform_leaves_the_others_out(legacy: Legacy, made: dict[str, Any]) -> None:
    body = {"project_id": made["project"]["id"], "content_types": ["video"], "platforms": ["tiktok"]}
    answer = legacy.call("POST", "/api/export/project", json=body)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["project_info.json"]


def test_a_scene_is_added_to_the_library_and_found_by_tag_and_length(
    legacy: Legacy, made: dict[str, Any]
) -> None:
    scene = made["scenes"][0]
    body = {"scene_id": scene["id"], "specific_tags": ["sky-1"], "generic_tags": ["physics"]}
    library_id = legacy.data("POST", "/api/library/add", body)["library_id"]
    for search in ({"tags": ["sky-1"]}, {"tags": ["physics", "none"], "limit": 100}):
        found = {item["id"]: item for item in legacy.data("POST", "/api/library/search", search)}
        assert found[library_id]["voiceover_text"] == scene["voiceover_text"]
        assert found[library_id]["specific_tags"] == ["sky-1"]
        assert found[library_id]["library_category"] == "experimental"
    assert legacy.data("POST", "/api/library/search", {"tags": ["sky"]}) == []
    long = {"tags": ["sky-1"], "duration_min": scene["duration"] + 1}
    assert legacy.data("POST", "/api/library/search", long) == []
    assert legacy.data("POST", "/api/library/add", body)["library_id"] == library_id


def test_figures_are_recorded_and_summed(legacy: Legacy, made: dict[str, Any]) -> None:
    body = {"content_id": made["video"]["id"], "platform": "youtube", "views": 100, "likes": 7, "shares": 2}
    answer = legacy.call("POST", "/api/analytics/performance", json={**body, "engagement_rate": 12.0})
    assert answer.json() == {"success": True, "message": "Performance recorded"}
    figures = legacy.data("GET", f"/api/analytics/projects/{made['project']['id']}")
    assert figures == {
        "total_views": 100,
        "total_likes": 7,
        "total_comments": 0,
        "avg_engagement": pytest.approx(0.12),
    }
    total = legacy.data("GET", "/api/analytics/realtime")
    assert total["performance_summary"]["total_shares"] == 2
    assert total["content_by_type"]["video"] >= 1
    assert total["total_content"] == sum(total["content_by_platform"].values())


def test_the_overview_counts_projects_by_status(legacy: Legacy, made: dict[str, Any]) -> None:
    overview = legacy.data("GET", "/api/analytics/overview")
    assert overview["total_projects"] == sum(overview["status_breakdown"].values())
    assert overview["status_breakdown"]["completed"] >= 1
    assert set(overview["recent_projects"][0]) == {"id", "original_idea", "status", "created_at"}
    assert made["project"]["id"] in {each["id"] for each in overview["recent_projects"]}
