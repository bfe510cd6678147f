"""Schedules, when batches run, and webhooks, through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.integration.api.conftest import Api, Json

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


def test_a_schedule_is_made_changed_run_and_removed(ann: Api, bob: Api) -> None:
    project = ann.project()["id"]
    body = {
        "project_id": project, "name": "Sky", "cron": "30 7 * * *", "time_zone": "Europe/Berlin",
        "topics": [{"topic": "Sky of {date}", "platforms": ["youtube"]}],
    }  # fmt: skip
    made = ann.post("/schedules", body)
    path = f"/schedules/{made['id']}"
    assert ann.get(path) == made == ann.get("/schedules", project_id=project)["items"][0]
    assert ann.get(f"{path}/upcoming", count=2)["upcoming"][0] == made["next_run_at"]
    assert ann.call("PATCH", path, {"cron": "@hourly"}).json()["cron"] == "@hourly"
    assert ann.call("PATCH", path, {}).status_code == 422
    assert ann.post(f"{path}/actions", {"action": "pause"}, expect=200)["paused_at"]
    assert ann.post(f"{path}/actions", {"action": "resume"}, expect=200)["paused_at"] is None
    batch = ann.post(f"{path}/run")["batch_id"]
    [run] = ann.get(f"{path}/runs")["items"]
    assert (run["batch_id"], run["status"], run["is_manual"]) == (batch, "created", True)
    refused = ann.post("/schedules", body | {"cron": "7:30", "time_zone": "Berlin"}, expect=422)
    assert {each["field"] for each in refused["errors"]} == {"cron", "time_zone"}
    assert len(ann.get("/schedules/upcoming", cron="0 0 * * *")["upcoming"]) == 10
    for other, status in ((bob, 404), (ann.member("viewer"), 403)):
        other.post(f"{path}/run", expect=status)
        assert other.call("DELETE", path).status_code == status
    assert bob.call("GET", f"{path}/runs").status_code == bob.call("GET", path).status_code == 404
    assert ann.call("DELETE", path).status_code == 204
    assert ann.get("/schedules")["items"] == []


def test_a_calendar_asks_once_for_all_schedules_of_a_span(ann: Api, bob: Api) -> None:
    body = {
        "project_id": ann.project()["id"], "name": "Sky", "cron": "30 7 * * *",
        "topics": [{"topic": "Sky of {date}", "platforms": ["youtube"]}],
    }  # fmt: skip
    daily, often, paused, _ = (
        ann.post("/schedules", body | {"cron": cron})
        for cron in ("30 7 * * *", "*/5 * * * *", "0 8 * * *", "0 0 29 2 *")
    )
    ann.post(f"/schedules/{paused['id']}/actions", {"action": "pause"}, expect=200)
    start, end = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=3)
    span: Json = {"starts_from": start.isoformat(), "starts_to": end.isoformat()}
    found = {each["schedule_id"]: each for each in ann.get("/schedules/occurrences", **span)["items"]}
    assert found.keys() == {daily["id"], often["id"]}
    assert (
        found[daily["id"]]["upcoming"] == ann.get(f"/schedules/{daily['id']}/upcoming", count=3)["upcoming"]
    )
    assert found[daily["id"]]["is_complete"]
    assert (len(found[often["id"]]["upcoming"]), found[often["id"]]["is_complete"]) == (100, False)
    first = daily["next_run_at"]
    only = ann.get("/schedules/occurrences", starts_from=first, starts_to=f"{first[:17]}01{first[19:]}")
    assert {each["schedule_id"] for each in only["items"]} == {daily["id"], often["id"]}
    assert bob.get("/schedules/occurrences", **span)["items"] == []
    for ends in (start, start + timedelta(days=63)):
        refused = ann.call("GET", "/schedules/occurrences", params={**span, "starts_to": ends.isoformat()})
        assert refused.status_code == 422, refused.text


def test_a_batch_begins_later_now_or_after_another_and_has_a_deadline(ann: Api) -> None:
    project = ann.project()["id"]

    def create(**options: object) -> str:
        body = {"project_id": project, "topics": ["Sky"], "defaults": {"platforms": ["youtube"]}}
        made: str = ann.post("/batches", body | {"options": options})["batch_id"]
        return made

    first = create(starts_at=TOMORROW)
    assert datetime.fromisoformat(ann.get(f"/batches/{first}")["starts_at"]) == datetime.fromisoformat(
        TOMORROW
    )
    moved = ann.post(f"/batches/{first}/start", {"starts_at": LATER}, expect=200)
    assert datetime.fromisoformat(moved["starts_at"]) == datetime.fromisoformat(LATER)
    second = create(after=[first])
    assert ann.get(f"/batches/{second}")["blocked_reason"]
    assert ann.post(f"/batches/{second}/start", {}, expect=200)["blocked_at"] is None
    answer = ann.call("PUT", f"/batches/{second}/deadline", {"deadline": LATER, "on_deadline": "warn"}).json()
    assert (datetime.fromisoformat(answer["deadline"]), answer["is_late"]) == (
        datetime.fromisoformat(LATER),
        False,
    )
    assert ann.call("PUT", f"/batches/{second}/deadline", {"deadline": None}).json()["deadline"] is None


def test_webhooks_are_for_admins_and_tell_their_secret_once(ann: Api, bob: Api) -> None:
    body = {"url": "https://example.org/hook", "events": ["job.ended", "job.waiting", "batch.waiting"]}
    made = ann.post("/webhooks", body)
    assert sorted(made["events"]) == sorted(body["events"])
    secret = made.pop("secret")
    path = f"/webhooks/{made['id']}"
    assert ann.get(path) == made == ann.get("/webhooks")["items"][0]
    assert ann.post(f"{path}/secret", expect=200)["secret"] != secret
    for _ in range(3):
        ann.post(f"{path}/test", expect=200)
    first = ann.get(f"{path}/deliveries", limit=2)
    second = ann.get(f"{path}/deliveries", limit=2, cursor=first["next_cursor"])
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
    assert ann.call("PATCH", path, {"is_active": False}).json()["is_active"] is False
    assert len(ann.get(f"{path}/deliveries", status="dead")["items"]) == 3
    ann.post(f"{path}/redeliver", expect=409)
    assert ann.call("PATCH", path, {"is_active": True}).status_code == 200
    delivery = first["items"][0]["id"]
    assert ann.post(f"{path}/deliveries/{delivery}/redeliver", expect=200)["deliveries"] == 1
    assert ann.post(f"{path}/redeliver", expect=200)["deliveries"] == 2
    editor = ann.member("editor")
    assert editor.get("/webhooks")["items"] == []
    for other, status in ((bob, 404), (editor, 403)):
        other.post(f"{path}/test", expect=status)
        assert other.call("DELETE", path).status_code == status
        assert other.call("GET", f"{path}/deliveries").status_code == status
    assert ann.call("DELETE", path).status_code == 204


def test_a_job_waits_for_others_begins_and_has_a_deadline(ann: Api, bob: Api) -> None:
    topics = ["Sky", {"topic": "Sea", "after_rows": [1], "deadline": LATER}]
    body = {"project_id": ann.project()["id"], "defaults": {"platforms": ["youtube"]}, "topics": topics}
    batch = ann.post("/batches", body)["batch_id"]
    _, job = ann.get("/jobs", batch_id=batch, order="oldest")["items"]
    path = f"/jobs/{job['id']}"
    assert (job["blocked_reason"], job["is_late"]) == ("It waits for other jobs of its batch.", False)
    assert datetime.fromisoformat(job["deadline"]) == datetime.fromisoformat(LATER)
    assert ann.post(f"{path}/start", expect=200)["blocked_at"] is None
    asked = {"deadline": TOMORROW, "on_deadline": "warn"}
    moved = ann.call("PUT", f"{path}/deadline", asked).json()
    assert datetime.fromisoformat(moved["deadline"]) == datetime.fromisoformat(TOMORROW)
    for other, status in ((bob, 404), (ann.member("viewer"), 403)):
        other.post(f"{path}/start", expect=status)
        assert other.call("PUT", f"{path}/deadline", asked).status_code == status
    refused = ann.post("/batches", body | {"topics": [{"topic": "Sea", "after_rows": [1]}]}, expect=422)
    assert refused["errors"][0]["field"] == "after_rows"
    timing = {"starts_at": TOMORROW, "after": [batch], "after_failure": "run", "deadline": LATER}
    single = ann.post(
        "/jobs", {"project_id": body["project_id"], "topic": "Sun", "platforms": ["youtube"], **timing}
    )
    made = ann.get(f"/batches/{single['batch_id']}")
    assert single["deadline"] and made["starts_at"] and made["blocked_at"]
    assert made["options"]["after_failure"] == "run"
