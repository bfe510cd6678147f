"""Who paused and resumed a job, itself or what it belongs to, is told to whoever may see the job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World

Pause = tuple[str, str, str | None, UUID | None]


def _job(world: World, person: Person, project: UUID, **options: Any) -> UUID:
    batch = world.create_batch(person, project, ["Tea"], **options)["batch_id"]
    found: UUID = world.one("select id from public.generation_jobs where batch_id = %s", batch)
    return found


def _pauses(world: World, person: Person, job_id: UUID, *arguments: object) -> list[Pause]:
    """(scope, action, stage, who), the newest first."""
    told: Any = world.call(person, "list_job_pauses", job_id, *arguments)
    assert all(each["created_at"] for each in told)
    return [
        (each["scope"], each["action"], each["stage"], each["user_id"] and UUID(each["user_id"]))
        for each in told
    ]


def test_pauses_of_a_job_and_of_what_it_belongs_to_are_told_to_every_member(
    world: World, ann: Person, bob: Person
) -> None:
    viewer, admin = world.add_member(ann, "viewer"), world.add_member(ann, "admin")
    project, other = world.add_project(ann), world.add_project(ann, "Other")
    job_id, beside = _job(world, ann, project), _job(world, ann, other)
    batch = world.one("select batch_id from public.generation_jobs where id = %s", job_id)
    for function, *arguments in (
        ("pause_job", job_id), ("resume_job", job_id), ("pause_batch", batch), ("resume_batch", batch),
        ("pause_project", project), ("resume_project", project),
    ):  # fmt: skip
        world.call(ann, function, *arguments)
    world.call(admin, "pause_tenant")
    world.call(ann, "resume_tenant")
    whole = _pauses(world, viewer, job_id)
    assert whole == [
        ("tenant", "resume", None, ann.user_id), ("tenant", "pause", None, admin.user_id),
        ("project", "resume", None, ann.user_id), ("project", "pause", None, ann.user_id),
        ("batch", "resume", None, ann.user_id), ("batch", "pause", None, ann.user_id),
        ("job", "resume", None, ann.user_id), ("job", "pause", None, ann.user_id),
    ]  # fmt: skip
    assert _pauses(world, viewer, beside) == whole[:2], "the others are not its own"
    told: Any = world.call(viewer, "list_job_pauses", job_id, None, 3)
    assert len(told) == 3
    assert _pauses(world, viewer, job_id, told[-1]["id"]) == whole[3:]
    with pytest.raises(psycopg.Error) as refused:
        world.call(bob, "list_job_pauses", job_id)
    assert refused.value.sqlstate == "CR002"
    assert world.ask(bob, "select count(*) from public.job_events where job_id = %s", job_id) == 0


def test_a_job_that_pauses_by_itself_was_paused_by_nobody(world: World, ann: Person, worker: Worker) -> None:
    job_id = _job(world, ann, world.add_project(ann), pause_after=Stage.SCRIPT)
    worker.work()
    assert _pauses(world, ann, job_id) == [("job", "review", Stage.SCRIPT, None)]
    world.retry_job(ann, job_id, Stage.SCRIPT)
    worker.work()
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert _pauses(world, ann, job_id) == [
        ("job", "resume", None, ann.user_id), ("job", "review", Stage.SCRIPT, None),
        ("job", "resume", None, ann.user_id), ("job", "review", Stage.SCRIPT, None),
    ]  # fmt: skip


def test_of_the_time_before_a_job_only_a_pause_that_still_held_is_told(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    world.call(ann, "pause_tenant")
    world.call(ann, "resume_tenant")
    for _ in range(2):
        world.call(ann, "pause_project", project)
    job_id = _job(world, ann, project)
    assert _pauses(world, ann, job_id) == [("project", "pause", None, ann.user_id)]
    world.call(ann, "resume_project", project)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"
    world.call(ann, "pause_project", project)
    assert [action for _, action, *_ in _pauses(world, ann, job_id)] == ["resume", "pause"], "it has ended"


def test_many_are_each_told_and_an_ended_job_is_not_resumed(
    world: World, ann: Person, worker: Worker
) -> None:
    batch = world.create_batch(ann, world.add_project(ann), [f"Topic {n}" for n in range(25)])["batch_id"]
    jobs = [row[0] for row in world.rows("select id from public.generation_jobs where batch_id = %s", batch)]
    world.call(ann, "act_on_jobs", "pause", jobs)
    assert {tuple(_pauses(world, ann, job)) for job in jobs} == {(("job", "pause", None, ann.user_id),)}
    statuses = "select distinct status from public.job_events where action is not null"
    assert world.rows(statuses) == [("pending",)], "older readers see no status that they do not know"
    world.call(ann, "cancel_job", jobs[0])
    world.call(ann, "resume_job", jobs[0])
    assert len(_pauses(world, ann, jobs[0])) == 1
    live = world.ask(
        ann,
        "select private.live_event(e) from public.job_events as e where job_id = %s and action = 'pause'",
        jobs[1],
    )
    assert (live["action"], live["user_id"]) == ("pause", str(ann.user_id))


def test_what_operators_pause_names_nobody(world: World, ann: Person) -> None:
    job_id = _job(world, ann, world.add_project(ann))
    world.run("update public.tenants set paused_at = now() where id = %s", ann.tenant_id)
    world.run("update public.generation_jobs set paused_at = now() where id = %s", job_id)
    assert _pauses(world, ann, job_id) == [("job", "pause", None, None), ("tenant", "pause", None, None)]
