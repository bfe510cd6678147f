"""Many jobs at once: a selection, all that a filter finds, and what a dry run says of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.test_library_and_analytics import make_job
from tests.integration.api.test_lists import batch, fail
from tests.sql.world import Worker


def act(ann: Api, action: str, expect: int = 200, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ann.post("/jobs/actions", {"action": action, **body}, expect=expect)
    return answer


def statuses(ann: Api, batch_id: str) -> list[str]:
    return [job["status"] for job in ann.get("/jobs", batch_id=batch_id, order="position")["items"]]


def test_a_selection_is_counted_and_changed(ann: Api) -> None:
    batch_id = batch(ann, ["A", "B", "C"])
    ids = [job["id"] for job in ann.get("/jobs", batch_id=batch_id, order="position")["items"]]
    counted = {"matched_jobs": 2, "changed_jobs": 0, "remaining_jobs": 2, "skipped_jobs": 0}
    asked = act(ann, "cancel", job_ids=ids[:2], dry_run=True)
    assert asked == {**counted, "redone_tasks": None, "kept_tasks": None}
    assert statuses(ann, batch_id) == ["pending"] * 3
    done = act(ann, "cancel", job_ids=ids[:2])
    assert (done["changed_jobs"], done["remaining_jobs"]) == (2, 0)
    assert statuses(ann, batch_id) == ["cancelled", "cancelled", "pending"]
    assert act(ann, "cancel", job_ids=[*ids, ids[0]])["skipped_jobs"] == 2


def test_all_that_a_filter_finds_is_changed(ann: Api) -> None:
    batch_id, other = batch(ann, ["Sky", "Sea", "Skies"]), batch(ann, ["Sky"])
    done = act(ann, "priority", filter={"batch_id": batch_id, "text": "sk"}, priority="urgent")
    assert (done["matched_jobs"], done["changed_jobs"], done["skipped_jobs"]) == (2, 2, 0)
    assert [job["topic"] for job in ann.get("/jobs", lane="urgent", order="oldest")["items"]] == [
        "Sky",
        "Skies",
    ]
    done = act(ann, "pause", filter={"batch_id": batch_id, "from_position": 2, "to_position": 3})
    assert done["changed_jobs"] == 2
    assert act(ann, "resume", filter={})["matched_jobs"] == 2
    assert act(ann, "cancel", filter={"status": ["pending"], "batch_id": other})["changed_jobs"] == 1


def test_what_waits_to_be_looked_at_is_found_counted_and_goes_on_by_one_call(ann: Api) -> None:
    batch_id = batch(ann, ["A", "B"], options={"pause_after": "script_generation"})
    assert ann.get(f"/batches/{batch_id}")["options"] == {"pause_after": "script_generation"}
    batch(ann, ["C"])
    jobs = ann.get("/jobs", batch_id=batch_id)["items"]
    assert {(job["pause_after"], job["paused_after"]) for job in jobs} == {("script_generation", None)}
    assert ann.get("/jobs", paused_after="any")["items"] == []
    Worker(ann.world, slots=10).work()
    found = ann.get("/jobs", paused_after="any", total="true")
    assert (found["total"], {job["batch_id"] for job in found["items"]}) == (2, {batch_id})
    assert {(job["pause_after"], job["paused_after"]) for job in found["items"]} == {
        (None, "script_generation")
    }
    assert all(job["paused_at"] for job in found["items"])
    assert ann.get("/jobs", paused_after="audio_generation")["items"] == []
    assert ann.get("/jobs", paused_after="tea", expect=422)["errors"][0]["field"] == "paused_after"
    done = act(ann, "resume", filter={"batch_id": batch_id, "paused_after": "any"})
    assert (done["matched_jobs"], done["changed_jobs"], done["remaining_jobs"]) == (2, 2, 0)
    assert ann.get("/jobs", paused_after="any")["items"] == []


def test_a_dry_run_of_a_retry_says_what_is_kept(ann: Api) -> None:
    batch_id = batch(ann, ["A", "B"])
    one, two = ann.get("/jobs", batch_id=batch_id, order="position")["items"]
    fail(ann, one["id"])
    ann.post(f"/jobs/{two['id']}/cancel", expect=200)
    asked = act(ann, "retry", filter={"status": ["failed"], "error_code": "BROKEN"}, dry_run=True)
    assert (asked["matched_jobs"], asked["redone_tasks"], asked["kept_tasks"]) == (1, 1, 0)
    asked = act(ann, "retry", filter={"batch_id": batch_id}, dry_run=True)
    assert (asked["matched_jobs"], asked["kept_tasks"]) == (2, 1)
    assert act(ann, "retry", filter={"batch_id": batch_id})["changed_jobs"] == 2
    whole = make_job(ann)
    tasks = len(ann.get(f"/jobs/{whole['id']}")["tasks"])
    assert act(ann, "retry", job_ids=[whole["id"]], dry_run=True)["skipped_jobs"] == 1
    asked = act(ann, "retry", job_ids=[whole["id"]], stage="post_processing", dry_run=True)
    assert (asked["matched_jobs"], asked["redone_tasks"], asked["kept_tasks"]) == (1, 1, tasks - 1)


def test_more_than_one_call_takes_is_said(ann: Api) -> None:
    batch_id = batch(ann, [f"Topic {n}" for n in range(1005)])
    done = act(ann, "pause", filter={"batch_id": batch_id})
    assert (done["matched_jobs"], done["remaining_jobs"]) == (1005, 1005 - done["changed_jobs"])
    calls = 1
    while done["remaining_jobs"]:
        done = act(ann, "pause", filter={"batch_id": batch_id})
        calls += 1
    assert 2 <= calls < 10
    assert done["skipped_jobs"] == 1005 - done["matched_jobs"]
    page = ann.get("/jobs", batch_id=batch_id, order="position", from_position=1001)
    assert all(job["paused_at"] for job in page["items"])


def test_others_change_nothing(ann: Api, bob: Api) -> None:
    batch_id = batch(ann, ["A"])
    for person in (bob, ann.member("editor")):
        for named in ({"filter": {"batch_id": batch_id}}, {"job_ids": [ann.get("/jobs")["items"][0]["id"]]}):
            assert act(person, "cancel", **named)["changed_jobs"] == 0
    assert act(ann.member("viewer"), "cancel", filter={}, expect=403)["next_step"]
    assert statuses(ann, batch_id) == ["pending"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "pause"},
        {"action": "pause", "job_ids": []},
        {"action": "delete", "filter": {}},
        {"action": "pause", "filter": {"from_position": 1}},
        {"action": "pause", "filter": {"status": ["lost"]}},
        {"action": "retry", "filter": {}, "stage": "montage"},
    ],
)
def test_what_makes_no_sense_is_refused(ann: Api, body: dict[str, Any]) -> None:
    assert ann.post("/jobs/actions", body, expect=422)["next_step"]


def test_priority_says_which(ann: Api) -> None:
    batch(ann, ["A"])
    assert act(ann, "priority", filter={}, expect=422)["next_step"]
