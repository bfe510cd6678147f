"""Pausing a job, batch, project or tenant: what runs may end, nothing new starts, and resuming goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

#: What can be paused, and the id to name for it.
SCOPES: dict[str, Callable[[World], list[Any]]] = {
    "job": lambda world: [world.one("select id from public.generation_jobs order by id limit 1")],
    "batch": lambda world: [world.one("select id from public.batches")],
    "project": lambda world: [world.one("select id from public.projects order by created_at limit 1")],
    "tenant": lambda world: [],
}


@pytest.fixture(params=SCOPES)
def scope(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_runs_ends_nothing_new_starts_and_resuming_releases(
    world: World, ann: Person, bob: Person, worker: Worker, scope: str
) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    running = worker.take_running()
    ids = SCOPES[scope](world)
    paused = world.call(ann, f"pause_{scope}", *ids)
    assert paused["paused_at"] is not None
    assert (
        world.one(f"select paused_by from public.{_table(scope)} where paused_at is not null") == ann.user_id
    )
    world.create_batch(bob, world.add_project(bob), ["Coffee"])
    worker.complete(running)
    assert (
        world.rows(
            "select status from public.stage_tasks where job_id = %s and stage = %s",
            running.job_id,
            Stage.AUDIO,
        )
        == [("pending",)] * 2
    )
    assert worker.work() == 13, "the other tenant goes on"
    assert world.rows(
        "select distinct status from public.stage_tasks where tenant_id = %s order by 1", ann.tenant_id
    ) == [
        ("blocked",),
        ("completed",),
        ("pending",),
    ]
    assert_sound(world)
    resumed = world.call(ann, f"resume_{scope}", *ids)
    assert resumed["paused_at"] is None
    if "version" in paused:
        assert resumed["version"] > paused["version"]
    assert world.one("select count(*) from public.stage_tasks where status = 'queued'") == 2, (
        "released at once"
    )
    worker.work()
    assert world.rows("select distinct status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_what_was_released_already_goes_back_and_whoever_fetched_it_is_late(
    world: World, ann: Person, worker: Worker, scope: str
) -> None:
    world.create_batch(ann, world.add_project(ann))
    entry = worker.fetch()
    assert entry is not None
    world.call(ann, f"pause_{scope}", *SCOPES[scope](world))
    assert world.rows("select status, entry_id from public.stage_tasks") == [("pending", None)]
    assert worker.claim(*entry).verdict == "stale"
    assert worker.take() is None
    assert_sound(world)
    world.call(ann, f"resume_{scope}", *SCOPES[scope](world))
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_now_hands_back_what_runs_and_neither_counts_it_as_failed_nor_as_lost(
    world: World, ann: Person, bob: Person, worker: Worker, scope: str
) -> None:
    world.create_batch(bob, world.add_project(bob), ["Coffee"])
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    running = {}
    while (claimed := worker.take()) is not None:
        running[claimed.verdict, claimed.answer["tenant_id"]] = claimed
    stopped = running["run", str(ann.tenant_id)]
    worker.report(stopped, 40)
    target = [stopped.job_id] if scope == "job" else SCOPES[scope](world)
    if scope in ("batch", "project"):
        target = [world.one(f"select {scope}_id from public.generation_jobs where id = %s", stopped.job_id)]
    world.call(ann, f"pause_{scope}", *target)
    assert (
        world.one("select status from public.stage_tasks where job_id = %s", stopped.job_id) == "processing"
    )
    world.call(ann, f"pause_{scope}", *target, True)
    assert world.rows(
        "select status, failure_count, lost_count, progress, attempt_id from public.stage_tasks where job_id = %s",
        stopped.job_id,
    ) == [("pending", 0, 0, 0, None)]
    assert (
        world.one("select status from public.task_attempts where id = %s", stopped.attempt_id)
        == "handed_back"
    )
    assert world.rows(
        "select id, status::text from procrastinate.procrastinate_jobs where abort_requested"
    ) == [(stopped.entry_id, "doing")], "its worker is told to stop"
    with pytest.raises(psycopg.Error, match="no longer owns"):
        worker.complete(stopped)
    worker.finish_entry(stopped.entry_id)
    assert_sound(world)
    worker.complete(running["run", str(bob.tenant_id)])
    if scope == "job":  # the other job wants the same script, and goes on without it
        assert worker.take_running().job_id != stopped.job_id
        return
    assert worker.work() == 12, "the other tenant's"
    world.call(ann, f"resume_{scope}", *target)
    worker.work()
    assert world.rows("select distinct status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_saying_it_twice_changes_nothing(world: World, ann: Person, scope: str) -> None:
    world.create_batch(ann, world.add_project(ann))
    for action in ("resume", "pause"):
        ids = SCOPES[scope](world)
        first = world.call(ann, f"{action}_{scope}", *ids)
        again = world.call(ann, f"{action}_{scope}", *ids)
        assert {**again, "changed_jobs": 0} == {**first, "changed_jobs": 0}
        assert again.get("changed_jobs", 0) == 0
    assert_sound(world)


def test_only_who_may(world: World, ann: Person, bob: Person, scope: str) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project)
    member = world.add_member(ann, "editor")
    world.run(
        "insert into public.project_members (tenant_id, project_id, user_id) values (%s, %s, %s)",
        ann.tenant_id,
        project,
        member.user_id,
    )
    refused = {
        world.add_member(ann, "viewer"): "CR003",
        world.add_member(ann, "editor"): "CR003",
        bob: "CR002",
        Person(bob.user_id, ann.tenant_id): "CR003",
    }
    if scope == "tenant":
        del refused[bob]  # who would pause a tenant of its own
        refused[member] = "CR003"
    else:
        world.call(member, f"pause_{scope}", *SCOPES[scope](world))
    for person, code in refused.items():
        for action in ("pause", "resume"):
            with pytest.raises(psycopg.Error) as error:
                world.call(person, f"{action}_{scope}", *SCOPES[scope](world))
            assert error.value.sqlstate == code
            assert error.value.diag.message_hint
    world.call(world.add_member(ann, "admin"), f"resume_{scope}", *SCOPES[scope](world))


def test_what_is_paused_twice_must_be_resumed_twice(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    [job] = SCOPES["job"](world)
    world.call(ann, "pause_job", job)
    assert world.call(ann, "pause_batch", batch)["changed_jobs"] == 1
    world.call(ann, "resume_batch", batch)
    assert worker.work() == 0
    world.call(ann, "resume_job", job)
    assert worker.work() == 13
    assert_sound(world)


def test_what_has_ended_cannot_be_paused_but_a_pause_can_be_lifted(
    world: World, ann: Person, worker: Worker
) -> None:
    batch = world.create_batch(ann, world.add_project(ann), ["Tea"])["batch_id"]
    [job] = SCOPES["job"](world)
    running = worker.take_running()
    world.call(ann, "pause_job", job)
    worker.fail(running)
    assert world.rows("select status from public.batches") == [("failed",)]
    for scope, target in (("job", job), ("batch", batch)):
        with pytest.raises(
            psycopg.Error, match=f"The {scope} is failed; there is nothing left to pause"
        ) as refused:
            world.call(ann, f"pause_{scope}", target)
        assert refused.value.sqlstate == "CR004"
    assert world.call(ann, "resume_job", job)["paused_at"] is None
    assert_sound(world)


def test_time_spent_paused_lifts_no_lane(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 2, max_concurrent_tasks=1)["batch_id"]
    for scope, ids in (("batch", [batch]), ("project", [project]), ("tenant", [])):
        world.call(ann, f"pause_{scope}", *ids)
        world.run("update private.turns set waits_since = now() - interval '1 day'")
        world.call(ann, f"resume_{scope}", *ids)
        assert world.one("select now() - waits_since < interval '1 minute' from private.turns")


def _table(scope: str) -> str:
    return {"job": "generation_jobs", "batch": "batches", "project": "projects", "tenant": "tenants"}[scope]
