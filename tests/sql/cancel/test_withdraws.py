"""Cancelling a job or a batch: what waits never runs, what runs is refused, what was finished stays."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _first_job(world: World) -> UUID:
    found: UUID = world.one("select id from public.generation_jobs order by position limit 1")
    return found


def _abort_requests(world: World) -> list[tuple[str, bool]]:
    return [
        (str(status), abort)
        for status, abort in world.rows(
            "select status, abort_requested from procrastinate.procrastinate_jobs order by id"
        )
    ]


def test_waiting_and_blocked_tasks_are_cancelled_and_what_was_finished_stays(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.create_batch(bob, world.add_project(bob), ["Coffee"])
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.work(Stage.SCRIPT)
    [job_id] = [
        row[0]
        for row in world.rows("select id from public.generation_jobs where tenant_id = %s", ann.tenant_id)
    ]
    before = world.one("select version from public.generation_jobs where id = %s", job_id)
    answer = world.call(ann, "cancel_job", job_id)
    assert (answer["job_id"], answer["status"], answer["paused_at"]) == (str(job_id), "cancelled", None)
    assert answer["version"] > before
    assert world.rows(
        "select status, count(*), bool_and(completed_at is not null) from public.stage_tasks where job_id = %s group by 1 order by 1",
        job_id,
    ) == [("cancelled", 6, True), ("completed", 1, True)]
    assert world.rows(
        "select status, result_data -> 'platforms' -> 'youtube' from public.generation_jobs where id = %s",
        job_id,
    ) == [("cancelled", {"is_complete": False, "missing": "audio_generation"})]
    assert world.one("select count(*) from public.scripts where job_id = %s", job_id) == 1
    assert worker.work() == 12, "only the other tenant's tasks are left"
    assert world.rows("select status from public.batches order by status") == [("cancelled",), ("completed",)]
    assert_sound(world)


def test_a_queued_task_loses_its_entry(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    assert world.one("select count(*) from procrastinate.procrastinate_jobs") == 1
    world.call(ann, "cancel_job", _first_job(world))
    assert world.one("select count(*) from procrastinate.procrastinate_jobs") == 0
    assert world.rows("select status, started_at from public.generation_jobs") == [("cancelled", None)]
    assert world.rows("select status, started_at from public.batches") == [("cancelled", None)]
    assert_sound(world)


def test_an_entry_that_was_fetched_already_is_stale(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    entry = worker.fetch()
    assert entry is not None
    world.call(ann, "cancel_job", _first_job(world))
    assert worker.claim(*entry).verdict == "stale"
    assert world.rows("select status from public.stage_tasks") == [("cancelled",)]
    assert_sound(world)


@pytest.mark.parametrize(
    "tell",
    [
        lambda worker, claimed: worker.report(claimed, 50),
        lambda worker, claimed: worker.complete(claimed),
        lambda worker, claimed: worker.fail(claimed, retriable=True),
        lambda worker, claimed: worker.hand_back(claimed),
    ],
    ids=["report", "complete", "fail", "hand back"],
)
def test_an_attempt_that_runs_loses_its_token_and_its_worker_is_told(
    world: World, ann: Person, worker: Worker, tell: Callable[[Worker, object], object]
) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    world.call(ann, "cancel_job", claimed.job_id)
    assert world.rows("select status, attempt_id, worker_id from public.stage_tasks") == [
        ("cancelled", None, None)
    ]
    assert world.rows("select status, finished_at is not null, error_code from public.task_attempts") == [
        ("cancelled", True, None)
    ]
    assert _abort_requests(world) == [("doing", True)]
    with pytest.raises(psycopg.Error) as refused:
        tell(worker, claimed)
    assert refused.value.sqlstate == "CR005"
    assert world.one("select count(*) from public.artifacts") == 0
    assert_sound(world)


def test_whoever_waits_for_its_artifact_is_woken(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    first = worker.take_running()
    second = worker.take()
    assert second is not None
    assert second.verdict == "parked"
    world.call(ann, "cancel_job", first.job_id)
    assert worker.take_running().job_id == second.job_id
    assert_sound(world)


def test_a_job_that_waits_for_an_artifact_is_cancelled_and_forgotten_there(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea", "Tea"])
    first = worker.take_running()
    second = worker.take()
    assert second is not None
    world.call(ann, "cancel_job", second.job_id)
    worker.complete(first)
    worker.work()
    assert world.rows("select status from public.generation_jobs order by status") == [
        ("cancelled",),
        ("completed",),
    ]
    assert_sound(world)


def test_room_under_a_cap_goes_to_the_next(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 2, max_concurrent_tasks=1)
    claimed = worker.take_running()
    assert worker.take() is None
    world.call(ann, "cancel_job", claimed.job_id)
    following = worker.take_running()
    assert following.job_id != claimed.job_id
    assert_sound(world)


def test_a_batch_is_cancelled_whole_and_no_other(world: World, ann: Person, worker: Worker) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 3)["batch_id"]
    done = _first_job(world)
    others = [row[0] for row in world.rows("select id from public.generation_jobs where position > 1")]
    for job_id in others:
        world.call(ann, "pause_job", job_id)
    worker.work()
    for job_id in others:
        world.call(ann, "resume_job", job_id)
    running = worker.take_running()
    other = world.create_batch(ann, project)["batch_id"]
    answer = world.call(ann, "cancel_batch", batch)
    assert (answer["status"], answer["changed_jobs"]) == ("cancelled", 2)
    assert world.rows(
        "select status from public.generation_jobs where batch_id = %s order by position", batch
    ) == [
        ("completed",),
        ("cancelled",),
        ("cancelled",),
    ]
    assert world.one("select status from public.generation_jobs where id = %s", done) == "completed"
    assert world.rows("select status, cancelled_count from public.batches where id = %s", other) == [
        ("pending", 0)
    ]
    with pytest.raises(psycopg.Error, match="no longer owns"):
        worker.complete(running)
    assert worker.work() == 13, "the other batch goes on"
    assert_sound(world)


def test_a_batch_with_a_failed_job_is_partial(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann), 2)["batch_id"]
    worker.fail(worker.take_running())
    answer = world.call(ann, "cancel_batch", batch)
    assert (answer["status"], answer["changed_jobs"]) == ("partial", 1)
    assert world.rows("select failed_count, cancelled_count from public.batches") == [(1, 1)]
    assert_sound(world)


def test_a_batch_that_has_not_started_stays_so_when_one_job_is_cancelled(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), 2)
    world.call(ann, "cancel_job", _first_job(world))
    assert world.rows("select status, started_at, cancelled_count from public.batches") == [
        ("pending", None, 1)
    ]
    worker.work()
    assert world.rows("select status from public.batches") == [("cancelled",)]
    assert_sound(world)


def test_twice_does_no_harm_and_what_has_ended_is_refused(world: World, ann: Person, worker: Worker) -> None:
    first = world.create_batch(ann, world.add_project(ann))["batch_id"]
    job_id = _first_job(world)
    answer = world.call(ann, "cancel_batch", first)
    assert world.call(ann, "cancel_batch", first) == {**answer, "changed_jobs": 0}
    assert world.call(ann, "cancel_job", job_id)["status"] == "cancelled"
    second = world.create_batch(ann, world.add_project(ann))["batch_id"]
    worker.work()
    done = world.one("select id from public.generation_jobs where batch_id = %s", second)
    for function, target in (("cancel_batch", second), ("cancel_job", done)):
        with pytest.raises(psycopg.Error, match="is completed; there is nothing left to cancel") as refused:
            world.call(ann, function, target)
        assert refused.value.sqlstate == "CR004"
    assert_sound(world)


def test_a_paused_job_can_be_cancelled_and_runs_when_it_is_retried(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann))
    world.call(ann, "pause_job", _first_job(world))
    world.call(ann, "cancel_job", _first_job(world))
    world.retry_job(ann, _first_job(world))
    assert world.one("select paused_at from public.generation_jobs") is None
    assert worker.work() == 13
    assert_sound(world)


@pytest.mark.parametrize("scope", ["job", "batch"])
def test_only_who_controls_the_project_may(world: World, ann: Person, bob: Person, scope: str) -> None:
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    target = batch if scope == "batch" else _first_job(world)
    for person, code in (
        (bob, "CR002"),
        (world.add_member(ann, "viewer"), "CR003"),
        (world.add_member(ann, "editor"), "CR003"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            world.call(person, f"cancel_{scope}", target)
        assert refused.value.sqlstate == code
        assert refused.value.diag.message_hint
    world.run("update public.batches set deleted_at = now()")
    with pytest.raises(psycopg.Error, match=f"no {scope}"):
        world.call(ann, f"cancel_{scope}", target)
    world.run("update public.batches set deleted_at = null")
    assert world.call(world.add_member(ann, "admin"), f"cancel_{scope}", target)["status"] == "cancelled"
    assert_sound(world)
