"""Jobs through the API: created, listed, shown whole, controlled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from psycopg.types.json import Jsonb

from cliprow.api.routes.job_events import JobEvent, JobPause
from cliprow.api.routes.job_types import JobDetail
from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.sql.world import Worker


def create(ann: Api, topic: str = "Sky", **more: Any) -> Any:
    body = {"project_id": more.pop("project_id", None) or ann.project()["id"], "topic": topic}
    return ann.post("/jobs", {**body, "platforms": ["youtube"], **more})


def test_a_job_is_a_single_one_unless_it_says_otherwise(ann: Api) -> None:
    made = create(ann, brief="Light and molecules", tone="casual")
    job = msgspec.convert(made, JobDetail, strict=False)
    assert (job.job_type, job.topic, job.position, job.status) == ("single", "Sky", 1, "pending")
    assert job.params["tone"] == "casual"
    assert ann.get(f"/jobs/{job.id}") == made


def test_a_job_of_the_type_batch_is_a_batch(ann: Api) -> None:
    body = {"project_id": ann.project()["id"], "job_type": "batch", "platforms": ["youtube"]}
    answer = ann.call("POST", "/jobs", {**body, "topics": ["Sky", {"topic": "Sea"}]})
    assert (answer.status_code, answer.json()["job_count"]) == (201, 2)
    assert answer.headers["location"] == f"/batches/{answer.json()['batch_id']}"
    assert ann.post("/jobs", body, expect=422)["next_step"]


def test_the_same_key_gives_the_same_job(ann: Api) -> None:
    body = {"project_id": ann.project()["id"], "topic": "Sky", "platforms": ["youtube"]}
    first, again = (ann.call("POST", "/jobs", body, {"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_a_job_is_shown_with_stages_tasks_attempts_and_artifacts(ann: Api) -> None:
    job_id = create(ann, platforms=["youtube", "tiktok"])["id"]
    worker = Worker(ann.world, slots=100)
    while worker.take(Stage.SCRIPT) is not None:
        pass  # claimed, by whomever it is
    running = ann.get(f"/jobs/{job_id}")
    assert running["status"] == "processing"
    assert running["tasks"][0]["attempts"][0]["status"] == "processing"
    stages = {stage["stage"]: stage for stage in running["stages"]}
    assert [*stages] == [str(stage) for stage in Stage]
    assert (stages["script_generation"]["status"], stages["audio_generation"]["status"]) == (
        "processing",
        "blocked",
    )
    ann.world.run(
        "insert into public.generated_content (tenant_id, project_id, job_id, content_type, file_path, generation_metadata)"
        " select tenant_id, project_id, id, 'video', 'path', %s from public.generation_jobs where id = %s",
        Jsonb({}),
        job_id,
    )
    shown = msgspec.convert(ann.get(f"/jobs/{job_id}"), JobDetail, strict=False)
    assert [artifact.content_type for artifact in shown.artifacts] == ["video"]
    worker.leave()


def test_a_job_is_paused_resumed_cancelled_and_retried(ann: Api) -> None:
    path = f"/jobs/{create(ann)['id']}"
    assert ann.post(f"{path}/pause", expect=200)["paused_at"]
    assert ann.get(path)["is_paused"]
    assert ann.post(f"{path}/resume", expect=200)["paused_at"] is None
    assert ann.post(f"{path}/cancel", expect=200)["status"] == "cancelled"
    assert ann.post(f"{path}/retry", expect=200)["generation"] == 2
    assert ann.post(f"{path}/retry", {"stage": "tea"}, expect=422)["errors"][0]["field"] == "stage"
    late = ann.post(f"{path}/retry", {}, expect=409)
    assert (late["code"], bool(late["next_step"])) == ("conflict", True)


def test_a_job_that_pauses_by_itself_is_changed_where_it_stands(ann: Api) -> None:
    told = create(ann, pause_after="script_generation")
    assert (told["pause_after"], told["paused_after"]) == ("script_generation", None)
    Worker(ann.world, slots=10).work()
    path = f"/jobs/{told['id']}"
    changes = {"scenes": {"1": {"voiceover_text": "Tea, told anew"}}}
    assert ann.post(f"{path}/retry", {"changes": changes}, expect=200)["retried_tasks"] == 0
    script = ann.get(f"{path}/script")
    assert script["scenes"][0]["voiceover_text"] == "Tea, told anew"
    assert ann.get(path)["paused_after"] == "script_generation"
    assert ann.post(f"{path}/resume", expect=200)["paused_at"] is None
    for wrong in ("post_processing", "tea"):
        body = {
            "project_id": told["project_id"],
            "topic": "Sky",
            "platforms": ["youtube"],
            "pause_after": wrong,
        }
        assert ann.post("/jobs", body, expect=422)["errors"][0]["field"] == "pause_after"


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
def test_only_those_who_control_the_project_control_its_jobs(ann: Api, bob: Api, action: str) -> None:
    path = f"/jobs/{create(ann)['id']}/{action}"
    for person, status in ((ann.member("viewer"), 403), (ann.member("editor"), 403), (bob, 404)):
        person.post(path, expect=status)


def test_jobs_are_filtered(ann: Api) -> None:
    project = ann.project()["id"]
    sky = create(ann, "Blue sky", project_id=project)
    sea = create(ann, "Salty 100% sea", platforms=["tiktok"])
    now = datetime.now(UTC)

    def found(**filters: Any) -> list[str]:
        return [job["topic"] for job in ann.get("/jobs", **filters)["items"]]

    assert found() == ["Salty 100% sea", "Blue sky"]
    assert found(order="oldest") == ["Blue sky", "Salty 100% sea"]
    assert found(project_id=project) == found(batch_id=sky["batch_id"]) == ["Blue sky"]
    assert found(platform="tiktok") == found(text="100%") == ["Salty 100% sea"]
    assert found(status="completed") == found(status=["completed", "failed"]) == []
    assert len(found(status=["pending", "processing"])) == len(found(status="pending")) == 2
    assert len(found(created_from=(now - timedelta(hours=1)).isoformat())) == 2
    assert found(created_to=(now - timedelta(hours=1)).isoformat()) == []
    assert sea["batch_id"] != sky["batch_id"]


def test_pages_of_jobs_follow_each_other(ann: Api) -> None:
    batch = ann.post(
        "/batches",
        {
            "project_id": ann.project()["id"],
            "topics": [f"Topic {n}" for n in range(7)],
            "defaults": {"platforms": ["youtube"]},
        },
    )
    for order in ("newest", "oldest"):
        seen: list[int] = []
        cursor: dict[str, Any] = {}
        while True:
            page = ann.get("/jobs", batch_id=batch["batch_id"], limit=3, order=order, total=True, **cursor)
            seen += [job["position"] for job in page["items"]]
            assert page["total"] == 7
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == (sorted(seen, reverse=True) if order == "newest" else sorted(seen))
        assert sorted(seen) == list(range(1, 8))


def test_ids_of_the_older_system_stay_valid(ann: Api, bob: Api) -> None:
    job = create(ann)
    assert ann.person is not None
    for entity, key in (("job", job["id"]), ("project", job["project_id"])):
        ann.world.run(
            "insert into public.legacy_ids (tenant_id, entity, legacy_id, id) values (%s, %s, '4711', %s)",
            ann.person.tenant_id,
            entity,
            key,
        )
    assert ann.get("/jobs/4711")["id"] == job["id"]
    assert ann.get("/projects/4711")["id"] == job["project_id"]
    assert ann.post("/jobs/4711/pause", expect=200)["job_id"] == job["id"]
    assert bob.get("/jobs/4711", 404)["code"] == "job_not_found"


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "done"},
        {"limit": 0},
        {"limit": 201},
        {"batch_id": "1"},
        {"created_from": "yesterday"},
        {"cursor": "WzFd"},
        {"order": "'; drop table"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(ann: Api, filters: dict[str, Any]) -> None:
    assert ann.get("/jobs", 422, **filters)["code"] in ("invalid_input", "cursor_invalid")


def test_what_happened_to_a_job_is_listed_page_by_page(ann: Api, bob: Api) -> None:
    job_id = ann.post("/jobs", {"project_id": ann.project()["id"], "topic": "Sky", "platforms": ["youtube"]})[
        "id"
    ]
    ann.post(f"/jobs/{job_id}/cancel", expect=200)
    ann.post(f"/jobs/{job_id}/retry", {}, expect=200)
    whole = ann.get(f"/jobs/{job_id}/events", limit=200)["items"]
    events = msgspec.convert(whole, list[JobEvent], strict=False)
    assert "cancelled" in {event.status for event in events}
    assert [event.id for event in events] == sorted((event.id for event in events), reverse=True)
    first = ann.get(f"/jobs/{job_id}/events", limit=1)
    rest = ann.get(f"/jobs/{job_id}/events", limit=200, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == whole
    bob.get(f"/jobs/{job_id}/events", expect=404)


def test_who_paused_a_job_or_its_batch_is_listed_page_by_page(ann: Api, bob: Api) -> None:
    job = ann.post("/jobs", {"project_id": ann.project()["id"], "topic": "Sky", "platforms": ["youtube"]})
    for action in ("pause", "resume"):
        ann.post(f"/jobs/{job['id']}/{action}", expect=200)
    for action in ("pause", "resume"):
        ann.post(f"/batches/{job['batch_id']}/actions", {"action": action}, expect=200)
    path = f"/jobs/{job['id']}/pauses"
    whole = ann.get(path)
    pauses = msgspec.convert(whole["items"], list[JobPause], strict=False)
    assert [(each.scope, each.action) for each in pauses] == [
        ("batch", "resume"), ("batch", "pause"), ("job", "resume"), ("job", "pause")
    ]  # fmt: skip
    assert ann.person is not None
    assert {each.user_id for each in pauses} == {ann.person.user_id}
    first = ann.get(path, limit=3)
    assert first["items"] + ann.get(path, cursor=first["next_cursor"])["items"] == whole["items"]
    events = ann.get(f"/jobs/{job['id']}/events")["items"]
    assert [each["action"] for each in events if each["action"]] == ["resume", "pause"]
    bob.get(path, expect=404)
