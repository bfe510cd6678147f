"""Batches through the API: created from JSON and files, checked, listed, acted on."""

from __future__ import annotations

import csv
import io
import re
import uuid
from typing import Any

import msgspec
import pytest

from cliprow.api.routes.job_types import BatchCheck, BatchDetail, Job
from tests.integration.api.conftest import Api
from tests.sql.world import Worker

CSV = "topic,platforms,duration_s\nWhy the sky is blue,youtube,30\n\nWhy the sea is salty,tiktok,45\n"


def create(ann: Api, topics: Any = ("Sky", "Sea"), **more: Any) -> Any:
    """A batch of one of the caller's projects."""
    body = {"project_id": more.pop("project_id", None) or ann.project()["id"], "topics": list(topics)}
    return ann.post("/batches", {**body, "defaults": {"platforms": ["youtube"]}, **more})


def upload(ann: Api, text: str, media: str = "text/csv", **parameters: Any) -> Any:
    return ann.client.post(
        "/batches",
        content=text.encode(),
        headers={**ann.headers, "Content-Type": media},
        params={"project_id": ann.project()["id"], **parameters},
    )


def test_a_batch_is_created_and_shown(ann: Api) -> None:
    made = create(ann, ["Sky", {"topic": "Sea", "platforms": ["tiktok"]}], title="November")
    assert (made["job_count"], made["is_new"]) == (2, True)
    shown = ann.get(f"/batches/{made['batch_id']}")
    batch = msgspec.convert(shown, BatchDetail, strict=False)
    assert (batch.title, batch.job_count, batch.is_paused) == ("November", 2, False)
    assert (batch.stages[0].stage, batch.stages[0].total) == ("script_generation", 2)
    jobs = ann.get("/jobs", batch_id=made["batch_id"], order="oldest")["items"]
    assert [(job["topic"], job["platforms"]) for job in jobs] == [("Sky", ["youtube"]), ("Sea", ["tiktok"])]
    assert msgspec.convert(jobs, list[Job], strict=False)[0].status == "pending"


def test_a_project_s_own_batch_options_are_where_a_batch_starts_from(ann: Api) -> None:
    project = ann.project(
        metadata={"batch": {"platforms": ["tiktok"], "tone": "casual", "campaign": "autumn"}}
    )
    made = ann.post("/batches", {"project_id": project["id"], "topics": ["Sky"]})
    job = ann.get("/jobs", batch_id=made["batch_id"])["items"][0]
    assert (job["platforms"], ann.get(f"/jobs/{job['id']}")["params"]["tone"]) == (["tiktok"], "casual")
    assert ann.get(f"/batches/{made['batch_id']}")["options"] == {"campaign": "autumn"}


def test_a_batch_is_filled_in_chunks_of_which_one_may_come_twice(ann: Api) -> None:
    made = create(ann, ["Sky", "Sea"], options={"is_filling": True})
    assert (made["topic_count"], made["is_filling"]) == (2, True)
    path = f"/batches/{made['batch_id']}/topics"
    chunk = {"position": 3, "topics": ["Stars"], "defaults": {"platforms": ["youtube"]}, "is_last": True}
    filled = ann.post(path, chunk, expect=200)
    assert (filled["topic_count"], filled["is_filling"], filled["is_new"]) == (3, False, True)
    assert ann.post(path, chunk, expect=200)["is_new"] is False
    assert ann.get(f"/batches/{made['batch_id']}")["job_count"] == 3
    assert ann.post(path, {**chunk, "position": 9}, expect=409)["code"] == "conflict"


def test_every_problem_is_said_by_row_and_field(ann: Api) -> None:
    body = {"project_id": ann.project()["id"], "topics": [{"topic": ""}, {"topic": "Sea", "tone": "shrill"}]}
    problem = ann.post("/batches", body, expect=422)
    assert problem["code"] == "invalid_input"
    found = {(each["row"], each["field"]) for each in problem["errors"]}
    assert {(1, "topic"), (1, "platforms"), (2, "platforms"), (2, "tone")} <= found
    assert ann.get("/batches")["items"] == []


def test_the_database_takes_the_fields_that_the_document_describes_and_no_others(ann: Api) -> None:
    project_id = ann.project()["id"]
    fields = ann.get("/openapi.json")["components"]["schemas"]["Topic"]["properties"]

    def problems(**more: Any) -> set[tuple[str, str]]:
        topic = {"topic": "Sky", "platforms": ["youtube"], **more}
        body = {"project_id": project_id, "topics": ["Sea", topic], "defaults": {"platforms": ["youtube"]}}
        found = ann.call("POST", "/batches?dry_run=true", body).json()["problems"]
        assert all(each["row"] == 2 for each in found)
        return {(each["field"], each["reason"]) for each in found}

    unknown = "is not something a topic has"
    assert problems(colour="blue") == {("colour", unknown)}
    of_other_kinds = problems(**{name: {} for name in fields if name not in ("topic", "platforms")})
    assert unknown not in {reason for _, reason in of_other_kinds}
    known = ann.world.one("select prosrc from pg_proc where proname = 'topic_problems'")
    taken = re.search(r"t\.v - '{([^}]*)}'", known)
    assert taken
    assert set(taken[1].split(",")) == set(fields)
    # What names something that is to be there first is left out.
    of_others = {"library_items", "reuse", "after_rows"}
    said = {name: field["examples"][0] for name, field in fields.items() if "examples" in field}
    assert problems(**{name: value for name, value in said.items() if name not in of_others}) == set()
    assert problems(after_rows=[1], after_condition="ended", after_failure="run", on_deadline="warn") == set()


def test_a_dry_run_says_what_is_wrong_and_what_it_takes_and_creates_nothing(ann: Api) -> None:
    body = {"project_id": ann.project()["id"], "topics": [{"topic": "Sky", "platforms": ["youtube"]}, "Sea"]}
    answer = ann.client.post("/batches?dry_run=true", json=body, headers=dict(ann.headers))
    assert answer.status_code == 200, answer.text
    checked = msgspec.convert(answer.json(), BatchCheck, strict=False)
    assert (checked.job_count, [problem.row for problem in checked.problems]) == (1, [2])
    assert checked.estimate.seconds
    assert ann.get("/batches")["items"] == []


def test_a_dry_run_needs_no_project_but_a_batch_does(ann: Api) -> None:
    body = {"topics": [{"topic": "Sky", "platforms": ["youtube"]}]}
    checked = ann.client.post("/batches?dry_run=true", json=body, headers=dict(ann.headers))
    assert (checked.status_code, checked.json()["job_count"]) == (200, 1), checked.text
    refused = ann.client.post("/batches", json=body, headers=dict(ann.headers))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert "project" in refused.json()["detail"]


def test_a_batch_is_made_from_an_uploaded_file(ann: Api) -> None:
    answer = upload(ann, CSV, title="From a file")
    assert answer.status_code == 201, answer.text
    jobs = ann.get("/jobs", batch_id=answer.json()["batch_id"], order="oldest")["items"]
    assert [(job["topic"], job["platforms"]) for job in jobs] == [
        ("Why the sky is blue", ["youtube"]),
        ("Why the sea is salty", ["tiktok"]),
    ]


def test_a_batch_is_made_from_a_form(ann: Api) -> None:
    form = {"project_id": ann.project()["id"], "title": "From a form", "platforms": "youtube, tiktok"}
    answer = ann.client.post(
        "/batches",
        data=form,
        files={"file": ("t.csv", b"topic\nSky\n", "text/csv")},
        headers=dict(ann.headers),
    )
    assert answer.status_code == 201, answer.text
    job = ann.get("/jobs", batch_id=answer.json()["batch_id"])["items"][0]
    assert job["platforms"] == ["tiktok", "youtube"]
    assert ann.get(f"/batches/{answer.json()['batch_id']}")["title"] == "From a form"


def test_a_file_may_come_with_the_stage_after_which_its_jobs_pause(ann: Api) -> None:
    made = upload(ann, "topic,platforms\nSky,youtube\n", pause_after="script_generation").json()
    assert ann.get("/jobs", batch_id=made["batch_id"])["items"][0]["pause_after"] == "script_generation"
    refused = upload(ann, "topic,platforms\nSky,youtube\n", pause_after="post_processing")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "pause_after")


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_wrong_in_a_file_is_said_by_its_line(ann: Api, dry_run: bool) -> None:
    text = "topic,platforms,images\nSky,myspace,\nSea,,\nSand,youtube,/etc/passwd\n"
    answer = upload(ann, text, dry_run=dry_run)
    found = answer.json()["problems" if dry_run else "errors"]
    assert answer.status_code == (200 if dry_run else 422)
    assert [each["row"] for each in found] == [2, 3, 4]
    assert "cannot be given in an uploaded file" in found[2]["reason"]


@pytest.mark.parametrize(
    ("text", "media", "status", "code"),
    [
        ("", "text/csv", 422, "topics_empty"),
        ("name\nSky\n", "text/csv", 422, "topics_no_topic_column"),
        ("{", "application/json", 400, "malformed_json"),
        ("{}", "application/json", 422, "invalid_input"),
        ("<x/>", "application/xml", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_batch_is_refused(ann: Api, text: str, media: str, status: int, code: str) -> None:
    answer = upload(ann, text, media)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_same_key_gives_the_same_batch(ann: Api) -> None:
    body = {"project_id": ann.project()["id"], "topics": ["Sky"], "defaults": {"platforms": ["youtube"]}}
    first, again = (ann.call("POST", "/batches", body, {"Idempotency-Key": "one"}) for _ in range(2))
    assert first.json()["batch_id"] == again.json()["batch_id"]
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    other = ann.call("POST", "/batches", {**body, "topics": ["Sea"]}, {"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_batch_is_paused_resumed_cancelled_and_run_again(ann: Api) -> None:
    path = f"/batches/{create(ann)['batch_id']}"
    paused = ann.post(f"{path}/actions", {"action": "pause"}, expect=200)
    assert paused["paused_at"]
    assert ann.get(path)["is_paused"]
    assert ann.post(f"{path}/actions", {"action": "resume"}, expect=200)["paused_at"] is None
    assert ann.post(f"{path}/actions", {"action": "cancel"}, expect=200)["status"] == "cancelled"
    assert ann.post(f"{path}/actions", {"action": "cancel"}, expect=200)["changed_jobs"] == 0
    assert ann.post(f"{path}/actions", {"action": "explode"}, expect=422)["errors"]


def test_viewers_and_strangers_act_on_nothing(ann: Api, bob: Api) -> None:
    path = f"/batches/{create(ann)['batch_id']}"
    for person, status in ((ann.member("viewer"), 403), (ann.member("editor"), 403), (bob, 404)):
        person.post(f"{path}/actions", {"action": "pause"}, expect=status)
    assert bob.get(path, 404)["code"] == "batch_not_found"
    assert bob.get("/batches")["items"] == []
    assert ann.member("viewer").get(path)["job_count"] == 2
    refused = bob.post("/batches", {"project_id": ann.get(path)["project_id"], "topics": ["Sky"]}, expect=404)
    assert refused["code"] == "not_found"


def test_batches_are_filtered_and_paged(ann: Api) -> None:
    one, other = ann.project()["id"], ann.project()["id"]
    numbers = [
        create(ann, project_id=project, title=f"Part {project}")["number"] for project in (one, other, one)
    ]
    assert [each["number"] for each in ann.get("/batches", project_id=one)["items"]] == [
        numbers[2],
        numbers[0],
    ]
    assert ann.get("/batches", status="completed")["items"] == []
    assert len(ann.get("/batches", status=["pending", "completed"])["items"]) == 3
    page = ann.get("/batches", limit=2, total=True)
    rest = ann.get("/batches", limit=2, cursor=page["next_cursor"])
    assert [each["number"] for each in page["items"] + rest["items"]] == numbers[::-1]
    assert (page["total"], rest["next_cursor"]) == (3, None)
    assert ann.get("/batches", created_to="2020-01-01T00:00:00Z")["items"] == []
    assert ann.get(f"/batches/{uuid.uuid4()}", 404)["code"] == "batch_not_found"


def test_all_jobs_of_a_batch_in_one_answer(ann: Api, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cliprow.api.routes.job_exports.PAGE_JOBS", 2)
    body = {"project_id": ann.project()["id"], "topics": [f"Topic {n}" for n in range(5)]}
    batch = ann.post("/batches", body | {"defaults": {"platforms": ["youtube"]}})["batch_id"]
    path = f"/batches/{batch}/export"
    whole = ann.call("GET", path, params={"format": "json"})
    assert [job["topic"] for job in whole.json()] == body["topics"]
    assert whole.headers["content-disposition"].endswith('.json"')
    lines = ann.call("GET", path, params={"after": 1, "limit": 3}).text.splitlines()
    assert [msgspec.json.decode(line)["position"] for line in lines] == [2, 3, 4]
    table = ann.call("GET", path, params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) == 6
    assert bob.call("GET", path).status_code == 404
    assert ann.call("GET", path, params={"format": "xls"}).status_code == 422


def test_all_jobs_of_a_filter_in_one_answer(ann: Api, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cliprow.api.routes.job_exports.PAGE_JOBS", 2)
    project = ann.project()["id"]
    for topics in (["Sky 1", "Sky 2", "Sea"], ["=Sky 3", "Sky 4"]):
        ann.post(
            "/batches",
            {"project_id": project, "topics": topics, "defaults": {"platforms": ["youtube", "tiktok"]}},
        )
    asked = {"text": "sky", "status": ["pending"], "project_id": project}
    listed = [job["id"] for job in ann.get("/jobs", **asked)["items"]]
    table = ann.call("GET", "/jobs/export", params=asked)
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows] == listed
    assert len(rows) == 4
    assert (rows[1]["topic"], rows[1]["platforms"]) == ("'=Sky 3", "tiktok,youtube")
    assert table.headers["content-disposition"] == 'attachment; filename="jobs.csv"'
    oldest = ann.call("GET", "/jobs/export", params=asked | {"order": "oldest", "format": "json"})
    assert [job["id"] for job in oldest.json()] == listed[::-1]
    assert bob.call("GET", "/jobs/export", params={"format": "ndjson"}).text == ""
    assert ann.call("GET", "/jobs/export", params={"status": "lost"}).status_code == 422


def test_what_waits_to_be_looked_at_is_exported_alone(ann: Api) -> None:
    waiting = create(ann, options={"pause_after": "script_generation"})["batch_id"]
    create(ann)
    Worker(ann.world, slots=10).work()

    def exported(gate: str) -> set[tuple[str, str]]:
        answer = ann.call("GET", "/jobs/export", params={"paused_after": gate, "format": "json"})
        return {(job["batch_id"], job["topic"]) for job in answer.json()}

    assert exported("any") == exported("script_generation") == {(waiting, "Sky"), (waiting, "Sea")}
    assert exported("audio_generation") == set()
    refused = ann.call("GET", "/jobs/export", params={"paused_after": "tea"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "paused_after")
