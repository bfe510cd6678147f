"""Operators by REST: who is one, and what they see and do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.sql.world import Worker


@pytest.fixture
def operator(api: Api) -> Api:
    """The API, called with the project's secret key."""
    key = api.gateway.settings.secret_key
    return replace(api, headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def letter(ann: Api) -> dict[str, Any]:
    """A dead letter of ann's."""
    body = {"project_id": ann.project()["id"], "topics": ["Sky"], "defaults": {"platforms": ["youtube"]}}
    batch = ann.post("/batches", body)["batch_id"]
    worker = Worker(ann.world, stages=(Stage.SCRIPT,), slots=1000)
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        if claimed.verdict == "run":
            worker.fail(claimed, code="PROVIDER_BUSY", log="429 Too Many Requests")
    worker.leave()
    found: dict[str, Any] = ann.get("/dead-letters", batch_id=batch)["items"][0]
    return found


def test_only_the_secret_key_makes_an_operator(api: Api, ann: Api, operator: Api) -> None:
    for path in (
        "/operations/workers",
        "/operations/load",
        "/operations/stages",
        "/operations/dead-letters",
        "/operations/prices",
        "/operations/provider-rates",
        "/metrics",
    ):
        assert operator.call("GET", path).status_code == 200, path
        assert ann.get(path, expect=403)["code"] == "not_an_operator"
        assert api.call("GET", path).status_code == 401


def test_a_tenant_looks_after_its_letters(ann: Api, letter: dict[str, Any]) -> None:
    path = f"/dead-letters/{letter['job_id']}/{letter['task_id']}"
    shown = ann.get(path)
    assert shown["attempts"][0]["log"] == ["429 Too Many Requests"]
    assert shown["remedy"] == "replay"
    counts = ann.get("/dead-letters/counts")["items"]
    assert [(each["error_code"], each["count"]) for each in counts] == [("PROVIDER_BUSY", 1)]
    assert {each["error_code"] for each in ann.get("/error-codes")["items"]} >= {"PROVIDER_BUSY"}
    told = ann.post(f"{path}/discard", {"reason": "Known"}, expect=200)
    assert told == {"discarded_letters": 1, "is_finished": True}
    assert ann.get("/dead-letters")["items"] == []
    assert ann.get("/dead-letters", is_discarded=True)["items"][0]["discarded"]["reason"] == "Known"
    assert ann.post("/dead-letters/replay", {}, expect=200)["retried_tasks"] == 0
    assert ann.post(f"{path}/replay", expect=200)["retried_tasks"] == 1
    ann.get(path, expect=404)
    entry = ann.get("/audit", action="replay")["items"][0]
    assert (entry["door"], entry["entity"]) == ("rest", "stage_tasks")
    ann.member("editor").get("/audit", expect=403)


def test_operators_look_after_all_tenants(operator: Api, ann: Api, letter: dict[str, Any]) -> None:
    of_ann = {"tenant_id": letter["tenant_id"]}
    assert operator.get("/operations/dead-letters", **of_ann)["items"][0]["task_id"] == letter["task_id"]
    counts = operator.get("/operations/dead-letters/counts", **of_ann)["items"]
    assert counts[0]["count"] == 1
    for batch, count in ((letter["batch_id"], 1), (letter["tenant_id"], 0)):
        assert len(operator.get("/operations/dead-letters", batch_id=batch)["items"]) == count
        assert len(operator.get("/operations/dead-letters/counts", batch_id=batch)["items"]) == count
    path = f"/operations/dead-letters/{letter['job_id']}/{letter['task_id']}"
    assert operator.get(path)["attempts"][0]["log"]
    told = operator.post("/operations/dead-letters/replay", of_ann, expect=200)
    assert told["retried_tasks"] == 1
    body = {**of_ann, "reason": "None left"}
    assert operator.post("/operations/dead-letters/discard", body, expect=200)["discarded_letters"] == 0
    entry = operator.get("/operations/audit", action="replay", **of_ann)["items"][0]
    assert (entry["role"], entry["door"], entry["user_id"]) == ("service_role", "rest", None)


@pytest.mark.parametrize(
    ("said", "door"), [("cli", "cli"), ("web", "web"), ("worker", "rest"), ("", "rest"), ("CLI", "rest")]
)
def test_clients_say_what_they_are_and_no_more(ann: Api, operator: Api, said: str, door: str) -> None:
    project = ann.post("/projects", {"original_idea": "Sky"}, X_Cliprow_Client=said, Idempotency_Key="k")
    ann.call("PATCH", f"/projects/{project['id']}", {"name": "Sea"}, {"X-Cliprow-Client": said})
    assert [entry["door"] for entry in ann.get("/audit", entity="projects")["items"]] == [door, door]
    path = "/operations/stages/audio_generation/pause"
    operator.post(path, {"reason": said + "!"}, expect=200, X_Cliprow_Client=said)
    assert operator.get("/operations/audit", entity="stage_queues")["items"][0]["door"] == door


def test_workers_load_retention_and_metrics(operator: Api, letter: dict[str, Any]) -> None:
    worker = Worker(operator.world, slots=2)
    path = f"/operations/workers/{worker.id}/orders"
    assert operator.post(path, {"order": "drain"}, expect=200)["state"] == "draining"
    states = {each["worker_id"]: each["state"] for each in operator.get("/operations/workers")["items"]}
    assert states[str(worker.id)] == "draining"
    assert operator.post(path, {"order": "undrain"}, expect=200)["state"] == "working"
    worker.leave()
    assert operator.post(path, {"order": "drain"}, expect=404)
    load = operator.get("/operations/load")["items"]
    assert [each["stage"] for each in load] == [str(stage) for stage in Stage]
    path = "/operations/stages/audio_generation"
    assert operator.post(f"{path}/pause", {"reason": "Mute", "now": True}, expect=200)["paused_at"]
    queues = {each["stage"]: each for each in operator.get("/operations/stages")["items"]}
    assert (queues["audio_generation"]["reason"], queues["video_generation"]["reason"]) == ("Mute", "")
    assert operator.post(f"{path}/resume", expect=200)["paused_at"] is None
    assert operator.post("/operations/stages/montage/pause", expect=422)["next_step"]

    kinds = {each["kind"]: each["keep_days"] for each in operator.get("/operations/retention")["items"]}
    assert kinds["batches"] is None
    changed: httpx.Response = operator.call("PUT", "/operations/retention/audit_events", {"keep_days": 800})
    assert changed.json()["keep_days"] == 800
    assert operator.call("PUT", "/operations/retention/jokes", {"keep_days": 800}).status_code == 404
    assert "done" in operator.post("/operations/retention/run", {}, expect=200)

    # What somebody asked for just before is told again for a while.
    wanted = (
        'cliprow_tasks_waiting{stage="script_generation"} ',
        'cliprow_dead_letters{stage="script_generation",error_code="PROVIDER_BUSY"',
        'quantile="0.95"',
    )
    deadline = time.monotonic() + 30
    while not all(each in (answer := operator.call("GET", "/metrics")).text for each in wanted):
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.5)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert sum(line.startswith("# TYPE cliprow_attempt_seconds ") for line in lines) == 1


def test_prices_and_rates_for_all_tenants(operator: Api, ann: Api) -> None:
    def of_all(path: str) -> dict[str, Any]:
        return {each["provider"]: each for each in operator.get(f"/operations/{path}")["items"]}

    price = {"provider": "common", "unit": "call", "amount": 0.1, "model": "m"}
    assert operator.call("PUT", "/operations/prices", price).json()["amount"] == 0.1
    assert of_all("prices")["common"]["amount"] == 0.1
    [seen] = [each for each in ann.get("/prices")["prices"] if each["provider"] == "common"]
    assert (seen["amount"], seen["is_own"]) == (0.1, False)
    assert ann.call("PUT", "/operations/prices", price).status_code == 403
    rate = {"provider": "common", "requests_per_minute": 60}
    assert operator.call("PUT", "/operations/provider-rates", rate).status_code == 200
    assert of_all("provider-rates")["common"]["requests_per_minute"] == 60
    entry = operator.get("/operations/audit", entity="provider_prices")["items"][0]
    assert (entry["role"], entry["door"], entry["tenant_id"]) == ("service_role", "rest", None)

    removed = operator.call("PUT", "/operations/prices", {**price, "amount": None})
    assert removed.json()["amount"] is None
    operator.call("PUT", "/operations/provider-rates", {"provider": "common"})
    assert "common" not in of_all("prices")
    assert "common" not in of_all("provider-rates")
    assert operator.call("PUT", "/operations/prices", {**price, "unit": "litre"}).status_code == 422


def test_operators_delete_and_restore_tenants_and_collect_garbage(operator: Api, ann: Api) -> None:
    assert ann.person is not None
    path = f"/operations/tenants/{ann.person.tenant_id}"
    ann.project()
    told = operator.call("DELETE", path).json()
    assert (told["tenant_id"], told["remaining_jobs"]) == (str(ann.person.tenant_id), 0)
    assert ann.get("/projects", expect=403)["code"] == "no_tenant"
    assert operator.call("DELETE", path).status_code == 404
    (stone,) = operator.get("/operations/deleted-tenants")["items"]
    assert (stone["tenant_id"], stone["purged_at"]) == (str(ann.person.tenant_id), None)
    operator.post(f"{path}/restore", expect=200)
    assert len(ann.get("/projects")["items"]) == 1
    found = operator.post("/operations/content/garbage", {"is_dry_run": True}, expect=200)
    assert found["is_finished"] and found["tenants"] > 0
    ann.post("/operations/content/garbage", {}, expect=403)


def test_an_owner_deletes_the_tenant_it_acts_in(ann: Api, bob: Api) -> None:
    assert ann.person is not None
    path = f"/tenants/{ann.person.tenant_id}"
    assert ann.member("admin").call("DELETE", path).status_code == 403
    assert bob.call("DELETE", path).json()["code"] == "other_tenant"
    assert ann.call("DELETE", path).status_code == 200
    assert ann.get("/projects", expect=403)["code"] == "no_tenant"
    assert ann.get("/tenants")["items"] == []
