"""From an idea to a finished video, as clients of the old system go."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.integration.api.legacy.conftest import Legacy

PROJECT = {"id", "original_idea", "target_audience", "tone", "status", "metadata", "created_at", "updated_at"}
JOB = {
    "id", "project_id", "job_type", "status", "progress", "total_steps", "current_step", "error_message", "result_data",
    "created_at", "updated_at", "completed_at",
}  # fmt: skip
SCRIPT = {"id", "project_id", "content", "total_duration", "word_count", "script_type", "created_at"}
SCENE = {
    "id", "script_id", "scene_number", "duration", "voiceover_text", "visual_description", "scene_type",
    "platform_specific", "created_at", "content_count", "generated_content",
}  # fmt: skip
CONTENT = {
    "id", "scene_id", "content_type", "file_path", "file_size", "duration", "quality_score", "platform", "resolution",
    "format", "generation_metadata", "created_at", "media_url",
}  # fmt: skip


def test_a_project_has_the_old_shape(legacy: Legacy) -> None:
    project = legacy.project(target_audience="children", tone="casual", metadata={"a": [1]})
    assert set(project) == PROJECT
    assert (project["status"], project["tone"], project["metadata"]) == ("draft", "casual", {"a": [1]})
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", project["created_at"])


def test_a_tone_of_old_is_kept(legacy: Legacy) -> None:
    project = legacy.project(tone="funny", metadata={"a": 1})
    assert (project["tone"], project["metadata"]) == ("funny", {"a": 1})
    legacy.data("POST", "/api/scripts/generate", {"project_id": project["id"]})
    assert len(legacy.data("GET", f"/api/projects/{project['id']}/jobs")) == 1


def test_what_cannot_be_made_is_said_with_its_reason(legacy: Legacy) -> None:
    project = legacy.project(metadata={"platforms": ["vine"]})
    answer = legacy.call("POST", "/api/scripts/generate", json={"project_id": project["id"]})
    assert answer.status_code == 422
    assert "platforms 'vine' is not one of" in answer.json()["detail"]


def test_projects_are_listed_newest_first_by_status(legacy: Legacy) -> None:
    first, second = legacy.project(), legacy.project()
    listed = [each["id"] for each in legacy.data("GET", "/api/projects")]
    assert listed.index(second["id"]) < listed.index(first["id"])
    assert legacy.data("GET", "/api/projects?limit=1")[0]["id"] == second["id"]
    assert legacy.data("GET", "/api/projects?status=archived") == []


def test_a_video_is_made_and_everything_of_it_is_found(legacy: Legacy) -> None:
    project = legacy.generate()
    assert set(project) == PROJECT | {"jobs", "analytics"}
    assert project["status"] == "completed"
    assert project["analytics"] == dict.fromkeys(
        ("total_views", "total_likes", "total_comments", "avg_engagement")
    )
    (job,) = project["jobs"]
    assert set(job) == JOB
    assert (job["job_type"], job["status"], job["progress"]) == ("script_generation", "completed", 100)
    assert job["result_data"]["platforms"] == ["youtube"]
    assert legacy.data("GET", f"/api/jobs/{job['id']}") == job
    assert legacy.data("GET", f"/api/projects/{project['id']}/jobs") == [job]

    script = legacy.data("GET", f"/api/scripts/{job['result_data']['script_id']}")
    assert set(script) == SCRIPT
    assert {"title", "description", "scenes"} <= set(script["content"])
    assert legacy.data("GET", f"/api/preview/script/{script['id']}") == script

    scenes = legacy.data("GET", f"/api/scripts/{script['id']}/scenes")
    assert [scene["scene_number"] for scene in scenes] == [1, 2]
    for scene in scenes:
        assert set(scene) == SCENE
        assert scene["content_count"] == len(scene["generated_content"])
        kinds = {content["content_type"] for content in scene["generated_content"]}
        assert kinds >= {"audio", "video", "thumbnail"}
        for content in scene["generated_content"]:
            assert set(content) == CONTENT
            assert content["scene_id"] == scene["id"]


def test_while_it_is_made_the_project_is_processing(legacy: Legacy) -> None:
    project = legacy.project()
    answer = legacy.call("POST", "/api/scripts/generate", json={"project_id": project["id"]})
    assert answer.json() == {
        "success": True,
        "message": "Script generation started",
        "project_id": project["id"],
    }
    assert legacy.data("GET", f"/api/projects/{project['id']}")["status"] == "processing"
    (job,) = legacy.data("GET", f"/api/projects/{project['id']}/jobs")
    assert (job["status"], job["total_steps"]) == ("pending", 5)


def test_a_withdrawn_job_has_failed_in_words_that_old_clients_know(legacy: Legacy) -> None:
    project = legacy.project()
    legacy.data("POST", "/api/scripts/generate", {"project_id": project["id"]})
    (job,) = legacy.data("GET", f"/api/projects/{project['id']}/jobs")
    legacy.world.call(legacy.owner, "cancel_job", uuid.UUID(job["id"]))
    job = legacy.data("GET", f"/api/jobs/{job['id']}")
    assert (job["status"], job["error_message"]) == ("failed", "The job was cancelled.")


def test_a_deleted_project_is_gone(legacy: Legacy) -> None:
    project = legacy.project()
    answer = legacy.call("DELETE", f"/api/projects/{project['id']}")
    assert answer.json() == {"success": True, "message": "Project deleted successfully"}
    assert legacy.call("GET", f"/api/projects/{project['id']}").status_code == 404


@pytest.mark.parametrize("legacy_id", ["17", "6f6b0f0e-1f1c-4a55-9a37-0c8a1d0c9a11"])
def test_ids_of_the_old_system_keep_working(legacy: Legacy, legacy_id: str) -> None:
    project = legacy.project()
    legacy.remember("project", legacy_id, project["id"])
    found = legacy.data("GET", f"/api/projects/{legacy_id}")
    assert found["id"] == legacy_id
    assert legacy_id in [each["id"] for each in legacy.data("GET", "/api/projects?limit=1000")]
    started = legacy.data("POST", "/api/scripts/generate", {"project_id": legacy_id})
    assert started["project_id"] == legacy_id
    (job,) = legacy.data("GET", f"/api/projects/{legacy_id}/jobs")
    assert job["project_id"] == legacy_id


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/projects/nothing", "Project not found"),
        ("/api/projects/01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d", "Project not found"),
        ("/api/scripts/nothing", "Script not found"),
        ("/api/preview/script/nothing", "Script not found"),
        ("/api/jobs/17", "Job not found"),
        ("/api/preview/content/17", "Content not found"),
        ("/api/download/content/17", "Content not found"),
        ("/api/analytics/projects/nothing", "Project not found"),
        ("/media/nothing.mp4", "File not found"),
    ],
)
def test_what_is_not_there_is_said_in_the_old_words(legacy: Legacy, path: str, detail: str) -> None:
    answer = legacy.call("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/projects", {}),
        ("/api/projects", {"original_idea": 7}),
        ("/api/scripts/generate", {"project_id": "x", "target_duration": "long"}),
        ("/api/library/add", {}),
        ("/api/export/project", {"project_id": "x"}),
    ],
)
def test_a_bad_body_is_422_with_its_field(legacy: Legacy, path: str, body: object) -> None:
    answer = legacy.call("POST", path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_body_that_is_no_json_is_422(legacy: Legacy) -> None:
    answer = legacy.call("POST", "/api/projects", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_health_is_not_wrapped(legacy: Legacy) -> None:
    assert legacy.call("GET", "/health").json()["status"] == "healthy"
