"""Lists as pages of the web app ask for them: windows of a batch, orders, planned batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.sql.world import Worker


def batch(ann: Api, topics: list[Any], **options: Any) -> str:
    body = {
        "project_id": ann.project()["id"],
        "topics": topics,
        "defaults": {"platforms": ["youtube"]},
        **options,
    }
    made: str = ann.post("/batches", body)["batch_id"]
    return made


def topics(ann: Api, **filters: Any) -> list[str]:
    """Topics on all pages of two jobs each."""
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = ann.get("/jobs", limit=2, **filters, **cursor)
        found += [job["topic"] for job in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def fail(ann: Api, *job_ids: str) -> None:
    """Jobs that fail at their script; what else waits gets one."""
    worker = Worker(ann.world, stages=(Stage.SCRIPT,), slots=1000)
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        if claimed.verdict == "run" and str(claimed.job_id) in job_ids:
            worker.fail(claimed)
        elif claimed.verdict == "run":
            worker.complete(claimed)
    worker.leave()


def test_a_window_of_a_batch_is_had_directly(ann: Api) -> None:
    batch_id = batch(ann, [f"Topic {n}" for n in range(1, 8)])
    window = ann.get("/jobs", batch_id=batch_id, from_position=3, to_position=5, order="position", total=True)
    assert [job["position"] for job in window["items"]] == [3, 4, 5]
    assert (window["total"], window["next_cursor"]) == (3, None)
    assert topics(ann, batch_id=batch_id, from_position=6, order="position") == ["Topic 6", "Topic 7"]


def test_jobs_of_a_batch_come_in_the_order_asked_for(ann: Api) -> None:
    batch_id = batch(
        ann,
        [
            {"topic": "Cé"},
            {"topic": "A", "priority": "urgent"},
            {"topic": "B" * 500},
            {"topic": "D", "priority": "urgent"},
        ],
    )
    assert topics(ann, batch_id=batch_id, order="position") == ["Cé", "A", "B" * 500, "D"]
    assert topics(ann, batch_id=batch_id, order="priority") == ["A", "D", "Cé", "B" * 500]
    assert topics(ann, batch_id=batch_id, order="topic") == ["A", "B" * 500, "Cé", "D"]
    job = ann.get("/jobs", batch_id=batch_id, position=3)["items"][0]
    ann.post(f"/jobs/{job['id']}/pause", expect=200)
    assert topics(ann, batch_id=batch_id, order="updated")[0] == "B" * 500
    assert sorted(topics(ann, batch_id=batch_id, order="updated")) == sorted(topics(ann, batch_id=batch_id))
    assert topics(ann, batch_id=batch_id, lane="urgent", order="oldest") == ["A", "D"]


@pytest.mark.parametrize(
    "filters",
    [{"order": "position"}, {"order": "topic"}, {"from_position": 1}, {"to_position": 1}, {"position": 1}],
)
def test_places_are_those_of_a_batch(ann: Api, filters: dict[str, Any]) -> None:
    assert ann.get("/jobs", expect=422, **filters)["code"] == "batch_needed"


def test_failed_jobs_are_found_by_their_error(ann: Api) -> None:
    batch_id = batch(ann, ["One", "Two", "Three"])
    one, two, _three = ann.get("/jobs", batch_id=batch_id, order="position")["items"]
    fail(ann, one["id"])
    ann.post(f"/jobs/{two['id']}/cancel", expect=200)
    assert topics(ann, error_code="BROKEN") == ["One"]
    assert topics(ann, error_code="OTHER") == []
    assert topics(ann, status=["failed", "cancelled"], order="oldest") == ["One", "Two"]


def test_planned_batches_are_found_by_when_they_start(ann: Api) -> None:
    def at(days: int) -> str:
        return (datetime.now(UTC) + timedelta(days=days)).isoformat()

    later = batch(ann, ["A"], options={"starts_at": at(5)})
    soon = batch(ann, ["B"], options={"starts_at": at(2)})
    now = batch(ann, ["C"])

    def found(**filters: Any) -> list[str]:
        return [each["id"] for each in ann.get("/batches", **filters)["items"]]

    assert found(order="starts") == [soon, later]
    assert found(starts_from=at(1), starts_to=at(3)) == [soon]
    assert found(starts_from=at(3)) == [later]
    assert found(order="newest") == [now, soon, later] == found(order="oldest")[::-1]
    ann.post(f"/batches/{soon}/actions", {"action": "pause"}, expect=200)
    assert found(order="updated")[0] == soon
    ann.post(f"/batches/{now}/actions", {"action": "cancel"}, expect=200)
    assert found(status=["cancelled", "failed"]) == [now]
    first = ann.get("/batches", order="starts", limit=1)
    assert found(order="starts", limit=1, cursor=first["next_cursor"]) == [later]
