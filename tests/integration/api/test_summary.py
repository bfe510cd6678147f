"""The dashboard's figures, and what a tenant is told of queues, workers and flags."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cliprow.api.routes.summary import Flags, OwnQueues, Summary, TenantWorkers
from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.integration.api.test_library_and_analytics import make_job
from tests.integration.api.test_lists import batch, fail
from tests.sql.world import Worker


def summary(ann: Api, **parameters: Any) -> Summary:
    return msgspec.convert(ann.get("/summary", **parameters), Summary, strict=False)


def test_a_new_tenant_has_zeros(ann: Api) -> None:
    found = summary(ann)
    assert (found.queued_jobs, found.running_jobs, found.completed_today, found.failed_today) == (0, 0, 0, 0)
    assert (found.p95_hour_s, found.p95_day_s, found.spent, found.budget) == (None, None, [], None)
    assert [each.stage for each in found.stages] == [*Stage]


def test_jobs_are_counted_as_they_go(ann: Api, bob: Api) -> None:
    make_job(ann)
    batch_id = batch(ann, ["A", "B", "C"])
    first = ann.get("/jobs", batch_id=batch_id, position=1)["items"][0]["id"]
    fail(ann, first)
    found = summary(ann, time_zone="Asia/Tokyo")
    assert (found.queued_jobs, found.running_jobs, found.open_batches) == (0, 2, 1)
    assert (found.completed_today, found.failed_today) == (1, 1)
    assert found.p95_hour_s is not None
    assert found.p95_hour_s > 0
    assert found.p95_day_s == found.p95_hour_s
    assert (found.now - found.day_began_at).total_seconds() < 86_400
    assert found.day_began_at.utcoffset() is not None
    # What ended on another day.
    ann.world.run(
        "update public.generation_jobs set completed_at = now() - interval '2 days' where id = %s", first
    )
    assert summary(ann).failed_today == 0
    assert summary(bob).completed_today == 0


def test_work_is_counted_by_stage_and_of_one_tenant_only(ann: Api, bob: Api) -> None:
    batch(bob, ["A", "B"])
    batch(ann, ["C"])
    worker = Worker(ann.world, stages=(Stage.SCRIPT,), slots=1000)
    claims = []
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        claims.append(claimed)
    queues = msgspec.convert(ann.get("/queues"), OwnQueues, strict=False).items
    assert queues == summary(ann).stages or queues[0].running_count == 1
    script, *rest = queues
    assert (script.waiting_count, script.queued_count, script.running_count) == (0, 0, 1)
    assert script.slots >= 1000
    assert all(each.waiting_count + each.queued_count + each.running_count == 0 for each in rest)
    assert summary(ann).workers.slots >= 1000
    worker.leave()


def test_what_waits_has_an_age_and_a_reason(ann: Api) -> None:
    batch_id = batch(ann, ["A", "B"])
    ann.post(f"/batches/{batch_id}/actions", {"action": "pause"}, expect=200)
    script = summary(ann).stages[0]
    assert (script.waiting_count, script.ready_count, script.queued_count, script.oldest_age_s) == (
        2,
        0,
        0,
        0,
    )
    ann.world.run("insert into private.stage_queues (stage, paused_at) values ('video_generation', now())")
    try:
        assert [each.stage for each in summary(ann).stages if each.is_paused] == [Stage.VIDEO]
    finally:
        ann.world.run("delete from private.stage_queues")


def test_money_and_pause_are_told(ann: Api) -> None:
    assert ann.person is not None
    ann.call("PUT", "/budgets", {"scope": "tenant", "amount": 50})
    ann.world.run(
        "insert into public.cost_totals (tenant_id, month, currency, amount)"
        " values (%s, date_trunc('month', now() at time zone 'utc')::date, 'USD', 12.5)",
        ann.person.tenant_id,
    )
    ann.post(f"/tenants/{ann.person.tenant_id}/pause", expect=200)
    found = summary(ann)
    assert found.paused_at is not None
    assert [(each.currency, each.amount) for each in found.spent] == [("USD", 12.5)]
    assert found.budget is not None
    assert (found.budget.amount, found.budget.spent, found.budget.state) == (50, 12.5, "open")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "'; select 1"])
def test_a_time_zone_that_is_none_is_refused(ann: Api, zone: str) -> None:
    assert ann.get("/summary", expect=422, time_zone=zone)["code"] == "invalid_input"


def test_workers_are_shown_to_admins_without_their_machines(ann: Api) -> None:
    worker = Worker(ann.world, slots=3)
    found = {
        each.id: each for each in msgspec.convert(ann.get("/workers"), TenantWorkers, strict=False).items
    }
    mine = found[worker.id]
    assert (mine.state, mine.slots, mine.busy_slots, mine.version) == ("working", 3, 0, "0")
    assert mine.heartbeat_age_s >= 0
    text = ann.call("GET", "/workers").text
    assert '"host' not in text
    assert "process" not in text.replace("post_processing", "")
    worker.leave()
    for role in ("editor", "viewer"):
        ann.member(role).get("/workers", expect=403)


def test_flags_hold_as_set_for_the_tenant(ann: Api, bob: Api) -> None:
    assert ann.person is not None
    name = f"flag_{ann.person.tenant_id.hex[:12]}"
    ann.world.run("insert into public.feature_flags (name, is_enabled) values (%s, false)", name)
    ann.world.run(
        "insert into public.feature_flags (name, tenant_id, is_enabled) values (%s, %s, true)",
        name,
        ann.person.tenant_id,
    )

    def flag(api: Api) -> tuple[bool, bool]:
        flags = msgspec.convert(api.get("/flags"), Flags).items
        return next((each.is_enabled, each.is_own) for each in flags if each.name == name)

    assert (flag(ann), flag(bob)) == ((True, True), (False, False))
