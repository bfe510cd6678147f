"""Figures of the work itself: throughput, costs, service levels, the best and worst videos, and CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.integration.api.test_library_and_analytics import make_job, record
from tests.integration.api.test_lists import batch, fail


def table(ann: Api, name: str, **parameters: Any) -> list[dict[str, str]]:
    answer = ann.call("GET", "/analytics/csv", params={"table": name, **parameters})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert f'filename="{name}-' in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_what_ended_is_counted_by_time_and_held_against_the_targets(ann: Api) -> None:
    make_job(ann)
    batch_id = batch(ann, ["A"])
    fail(ann, ann.get("/jobs", batch_id=batch_id)["items"][0]["id"])
    found = ann.get("/analytics")
    assert sum(each["completed"] for each in found["throughput"]) == 1
    assert sum(each["failed"] for each in found["throughput"]) == 1
    levels = {(each["measure"], each["stage"]): each for each in found["service_levels"]}
    completion = levels["completion_rate", None]
    assert (completion["value"], completion["target"], completion["state"]) == (0.5, 0.99, "alarm")
    assert levels["stage_p95_s", "video_generation"]["state"] == "ok"
    assert levels["storage_write_success", None]["value"] == 1
    assert levels["retriable_error_rate", None]["value"] == 0
    assert len(levels) == 3 + len(Stage)
    rows = table(ann, "throughput", batch_id=batch_id)
    assert [(row["completed"], row["failed"]) for row in rows] == [("0", "1")]
    assert ann.get("/analytics", batch_id=batch_id)["service_levels"][0]["value"] == 0


def test_without_work_nothing_is_judged(ann: Api, bob: Api) -> None:
    make_job(ann)
    for nobody in (bob, ann.member("editor", "none")):
        found = nobody.get("/analytics")
        assert (found["throughput"], found["costs"]) == ([], [])
        assert {each["state"] for each in found["service_levels"]} == {"unknown"}
    assert table(bob, "stages") == []


def test_costs_are_told_by_day_and_provider(ann: Api) -> None:
    job = make_job(ann)
    ann.world.run(
        "update public.task_attempts set cost = 0.5, currency = 'USD' where job_id = %s and task_id in"
        " (select id from public.stage_tasks where job_id = %s and stage in ('script_generation', 'platform_adaptation'))",
        job["id"],
        job["id"],
    )
    ann.world.run(
        """insert into public.provider_calls (tenant_id, project_id, batch_id, job_id, task_id, attempt_id, stage,
          content_key, request_hash, idempotency_key, provider, model, status, cost, response, finished_at)
        select t.tenant_id, t.project_id, t.batch_id, t.job_id, t.id, t.attempt_id, t.stage, t.content_key,
          repeat('a', 64), t.id::text, 'openai', 'm', 'kept', 0.5, '{}', now()
        from public.stage_tasks as t where t.job_id = %s and t.stage = 'script_generation'""",
        job["id"],
    )
    costs = ann.get("/analytics")["costs"]
    assert [(each["provider"], each["amount"], each["currency"]) for each in costs] == [
        ("", 0.5, "USD"),
        ("openai", 0.5, "USD"),
    ]
    assert [row["provider"] for row in table(ann, "costs")] == ["", "openai"]


def test_videos_are_ranked_by_platform(ann: Api, bob: Api) -> None:
    good, bad = make_job(ann), make_job(ann)
    record(ann, good, 100)
    record(ann, good, 50)
    record(ann, bad, 10)
    record(ann, bad, 5, "tiktok")

    def ranked(**parameters: Any) -> list[tuple[str, str, int]]:
        items = ann.get("/analytics/content", by="views", **parameters)["items"]
        return [(each["platform"], each["job_id"], each["views"]) for each in items]

    assert ranked(platform="youtube") == [("youtube", good["id"], 150), ("youtube", bad["id"], 10)]
    assert ranked(order="worst", limit=1) == [("tiktok", bad["id"], 5), ("youtube", bad["id"], 10)]
    assert ranked(batch_id=bad["batch_id"], limit=1) == [("tiktok", bad["id"], 5), ("youtube", bad["id"], 10)]
    assert {row["topic"] for row in table(ann, "content")} == {good["topic"], bad["topic"]}
    assert bob.get("/analytics/content")["items"] == []


def test_text_that_a_spreadsheet_would_calculate_is_plain(ann: Api) -> None:
    job = make_job(ann)
    record(ann, job, 1)
    ann.world.run("update public.generation_jobs set topic = '=1+1' where id = %s", job["id"])
    assert [row["topic"] for row in table(ann, "content")] == ["'=1+1"]


@pytest.mark.parametrize("query", ["table=secrets", "table=stages&from=2020-01-01&to=2026-01-01"])
def test_a_table_that_is_none_is_refused(ann: Api, query: str) -> None:
    assert ann.call("GET", f"/analytics/csv?{query}").status_code == 422
