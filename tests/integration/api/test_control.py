"""Priority, caps, withdrawal and retries through the API."""

from __future__ import annotations

from tests.integration.api.conftest import Api
from tests.integration.api.test_jobs import create


def test_pauses_stop_what_runs_and_projects_and_tenants_are_withdrawn(ann: Api) -> None:
    job = create(ann)
    assert ann.person is not None
    batch, project, tenant = job["batch_id"], job["project_id"], ann.person.tenant_id
    assert ann.post(f"/jobs/{job['id']}/pause", {"now": True}, expect=200)["paused_at"]
    assert ann.post(f"/batches/{batch}/actions", {"action": "pause", "now": True}, expect=200)["paused_at"]
    assert ann.post(f"/projects/{project}/pause", {"now": True}, expect=200)["paused_at"]
    assert ann.post(f"/tenants/{tenant}/pause", {"now": True}, expect=200)["paused_at"]
    answer = ann.post(f"/projects/{project}/cancel", expect=200)
    assert answer == {"project_id": project, "changed_jobs": 1, "remaining_jobs": 0}
    create(ann)
    assert ann.post(f"/tenants/{tenant}/cancel", expect=200)["changed_jobs"] == 1
    editor = ann.member("editor")
    editor.post(f"/tenants/{tenant}/cancel", expect=403)
    editor.post(f"/projects/{project}/cancel", expect=403)


def test_priority_and_caps_are_changed_while_work_waits(ann: Api) -> None:
    job = create(ann)
    assert ann.person is not None
    batch, project, tenant = job["batch_id"], job["project_id"], ann.person.tenant_id

    def change(path: str, **fields: object) -> object:
        answer = ann.call("PATCH", path, fields)
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert change(f"/batches/{batch}", priority="urgent", max_concurrent_tasks=3) == {
        "batch_id": batch,
        "lane": "urgent",
        "changed_jobs": 1,
        "is_finished": True,
        "max_concurrent_tasks": 3,
    }
    assert change(f"/batches/{batch}") == change(f"/batches/{batch}", priority="fast") == 422
    assert change(f"/batches/{batch}", priority="premium") == 403, "the plan is standard"
    assert change(f"/jobs/{job['id']}", priority="standard")["lane"] == "standard"  # type: ignore[index]
    moved = ann.post(f"/projects/{project}/priority", {"priority": "urgent"}, expect=200)
    assert (moved["lane"], moved["changed_jobs"]) == ("urgent", 1)
    assert ann.get(f"/jobs/{job['id']}")["lane"] == "urgent"
    assert ann.get(f"/batches/{batch}")["max_concurrent_tasks"] == 3
    for path in (f"/projects/{project}", f"/tenants/{tenant}"):
        assert change(path, max_concurrent_tasks=7)["max_concurrent_tasks"] == 7  # type: ignore[index]
        assert change(path, max_concurrent_tasks=None)["max_concurrent_tasks"] is None  # type: ignore[index]
        assert change(path, max_concurrent_tasks=0) == 422


def test_what_failed_runs_again_by_task_by_filter_and_with_other_inputs(ann: Api) -> None:
    job = create(ann)
    path = f"/jobs/{job['id']}"
    [task] = ann.get(path)["tasks"]
    again = f"{path}/tasks/{task['id']}/retry"
    assert ann.post(again, expect=409)["next_step"]
    ann.post(f"{path}/cancel", expect=200)
    assert ann.post("/retries", {"batch_id": job["batch_id"]}, expect=200)["retried_tasks"] == 0
    for changes, reason in (({"voice": 7}, "str"), ({"mood": "x"}, "mood")):
        [refused] = ann.post(f"{path}/retry", {"changes": changes}, expect=422)["errors"]
        assert refused["field"].startswith("changes")
        assert reason in refused["reason"]
    assert ann.post(f"{path}/retry", {"changes": {"voice": "amy"}}, expect=200)["generation"] == 2
    assert ann.get(path)["params"]["voice"] == "amy"
    ann.member("viewer").post("/retries", {}, expect=403)
