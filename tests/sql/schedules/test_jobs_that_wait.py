"""Jobs that come after others of their batch, and deadlines of single jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import PLATFORMS, Person, Worker, World

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _create(world: World, person: Person, *rows: dict[str, object]) -> list[UUID]:
    """A batch of jobs with these fields; their ids in order."""
    topics = [
        {"topic": f"Topic {n}", "platforms": PLATFORMS[:1], **row} for n, row in enumerate(rows, start=1)
    ]
    batch = world.create_batch(person, world.add_project(person), topics)["batch_id"]
    return [
        row[0]
        for row in world.rows(
            "select id from public.generation_jobs where batch_id = %s order by position", batch
        )
    ]


def _state(world: World, job_id: UUID) -> dict[str, Any]:
    state: dict[str, Any] = world.one(
        "select to_jsonb(j) from public.generation_jobs as j where id = %s", job_id
    )
    return state


def _waiting(world: World) -> int:
    count: int = world.one("select coalesce(sum(waiting_count), 0)::int from private.backlogs")
    return count


def _finish(world: World, worker: Worker) -> int:
    """Works and ticks until nothing more comes of it."""
    done = 0
    while count := worker.work():
        done += count
        world.tick()
    return done


def test_a_job_begins_when_those_it_needs_are_completed(world: World, ann: Person, worker: Worker) -> None:
    first, second, third = _create(world, ann, {}, {"after_rows": [1]}, {"after_rows": [1, 2]})
    assert _state(world, second)["blocked_at"] is not None
    assert _waiting(world) == 0, "what waits for others is no work that a release looks at"
    assert worker.work() == 7
    assert worker.work() == 0
    world.tick()
    assert _state(world, second)["blocked_at"] is None
    assert _state(world, third)["blocked_at"] is not None
    assert worker.work() == 7
    world.tick()
    assert worker.work() == 7
    assert [_state(world, each)["status"] for each in (first, second, third)] == ["completed"] * 3
    assert_sound(world)


@pytest.mark.parametrize("failure", ["hold", "cancel", "run"])
def test_what_is_needed_and_fails_holds_cancels_or_is_done_without(
    world: World, ann: Person, worker: Worker, failure: str
) -> None:
    first, second, third = _create(
        world, ann, {}, {"after_rows": [1], "after_failure": failure}, {"after_rows": [2], "after_failure": failure}
    )  # fmt: skip
    worker.fail(worker.take_running())
    world.tick()
    state = _state(world, second)
    if failure == "hold":
        assert state["status"] == "pending"
        assert "1 of 1 jobs that must be completed first is failed" in state["blocked_reason"]
        world.call(ann, "retry_job", first)
        assert _finish(world, worker) == 21, "what it needs was completed after all"
    elif failure == "cancel":
        assert (state["status"], state["error_code"]) == ("cancelled", "DEPENDENCY_FAILED")
        assert _state(world, third)["status"] == "cancelled", "and so on"
        world.call(ann, "retry_job", first)
        assert world.call(ann, "retry_batch", state["batch_id"], "cancelled")["changed_jobs"] == 2
        assert _state(world, second)["blocked_at"] is not None, "what it needs runs again too"
        assert _finish(world, worker) == 21
    else:
        assert _finish(world, worker) == 14
    assert _state(world, third)["status"] == "completed"
    assert_sound(world)


def test_a_retry_of_the_batch_takes_along_what_was_cancelled_for_what_failed(
    world: World, ann: Person, worker: Worker
) -> None:
    chain: dict[str, object] = {"after_failure": "cancel"}
    failed, second, third, withdrawn, after_withdrawn, after_both, alone = _create(
        world, ann, {}, {"after_rows": [1], **chain}, {"after_rows": [2], **chain},
        {}, {"after_rows": [4], **chain}, {"after_rows": [2, 5], **chain}, {},
    )  # fmt: skip
    world.call(ann, "cancel_job", withdrawn)
    world.call(ann, "cancel_job", alone)
    worker.fail(worker.take_running())
    world.tick()
    ends = [_state(world, job) for job in (failed, second, third, after_withdrawn, after_both)]
    assert [each["status"] for each in ends] == ["failed", *["cancelled"] * 4]
    told = world.call(ann, "retry_batch", ends[0]["batch_id"])
    assert (told["changed_jobs"], told["retried_status"], told["remaining_jobs"]) == (3, "failed", 0)
    assert _state(world, third)["blocked_at"] is not None, "it waits again"
    assert _finish(world, worker) == 21
    statuses = {job: _state(world, job)["status"] for job in (failed, second, third)}
    assert set(statuses.values()) == {"completed"}
    for job in (withdrawn, after_withdrawn, after_both, alone):
        assert _state(world, job)["status"] == "cancelled", "somebody withdrew it, or what it needs"
    assert_sound(world)


def test_however_it_ended_will_do_if_asked_for(world: World, ann: Person, worker: Worker) -> None:
    first, second = _create(world, ann, {}, {"after_rows": [1], "after_condition": "ended"})
    world.call(ann, "pause_job", second)
    world.call(ann, "cancel_job", first)
    world.tick()
    assert _state(world, second)["blocked_at"] is None
    assert worker.work() == 0, "paused it still is"
    world.call(ann, "resume_job", second)
    assert worker.work() == 7
    assert_sound(world)


def test_a_job_that_waits_is_paused_resumed_started_and_run_again(
    world: World, ann: Person, worker: Worker
) -> None:
    first, second = _create(world, ann, {}, {"after_rows": [1]})
    world.call(ann, "pause_job", second)
    world.call(ann, "resume_job", second)
    world.call(ann, "pause_job", first)
    assert worker.work() == 0
    told = world.call(ann, "start_job", second)
    assert (told["blocked_at"], told["blocked_reason"], told["status"]) == (None, None, "pending")
    assert world.call(ann, "start_job", second)["version"] == told["version"]
    assert worker.work() == 7
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "start_job", second)
    assert refused.value.sqlstate == "CR004"
    world.call(ann, "retry_job", second, "post_processing")
    assert _state(world, second)["blocked_at"] is not None, "the one before it has not ended"
    world.call(ann, "start_job", second)
    assert worker.work() == 1
    assert_sound(world)


def test_a_batch_run_again_as_a_whole_keeps_its_order(world: World, ann: Person, worker: Worker) -> None:
    first, second = _create(world, ann, {}, {"after_rows": [1]})
    batch = _state(world, first)["batch_id"]
    world.call(ann, "cancel_batch", batch)
    told = world.call(ann, "retry_batch", batch)
    assert (told["changed_jobs"], told["retried_status"], told["remaining_jobs"]) == (2, "cancelled", 0)
    assert worker.work() == 7
    assert _state(world, second)["status"] == "pending"
    world.tick()
    assert worker.work() == 7
    assert_sound(world)


@pytest.mark.parametrize("on_deadline", [None, "warn"])
def test_a_deadline_cancels_a_job_or_says_that_it_is_late(
    world: World, ann: Person, worker: Worker, on_deadline: str | None
) -> None:
    first, second = _create(world, ann, {}, {"deadline": TOMORROW, "on_deadline": on_deadline})
    assert datetime.fromisoformat(_state(world, second)["deadline"]) == datetime.fromisoformat(TOMORROW)
    world.tick()
    assert not _state(world, second)["is_late"]
    world.run("update public.generation_jobs set deadline = now() where deadline is not null")
    world.tick()
    late = _state(world, second)
    assert late["is_late"]
    assert not _state(world, first)["is_late"]
    if on_deadline == "warn":
        assert _finish(world, worker) == 14
    else:
        assert (late["status"], late["error_code"]) == ("cancelled", "DEADLINE_PASSED")
        world.call(ann, "retry_job", second)
        world.tick()
        assert _finish(world, worker) == 14, "whoever runs it again knows that it is late"
    assert_sound(world)


def test_a_deadline_can_be_moved(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    [job] = _create(world, ann, {})
    told = world.call(ann, "set_job_deadline", job, TOMORROW, "warn")
    assert (told["is_late"], told["job_id"]) == (False, str(job))
    assert _state(world, job)["params"]["on_deadline"] == "warn"
    assert world.call(ann, "set_job_deadline", job, None)["deadline"] is None
    for arguments, state in [
        ((job, "2020-01-01Z"), "CR001"),
        ((job, TOMORROW, "explode"), "CR001"),
        ((bob.user_id, TOMORROW), "CR002"),
    ]:
        with pytest.raises(psycopg.Error) as refused:
            world.call(ann, "set_job_deadline", *arguments)
        assert refused.value.sqlstate == state
    for function in ("start_job", "set_job_deadline"):
        for person, state in [(bob, "CR002"), (world.add_member(ann, "viewer"), "CR003")]:
            with pytest.raises(psycopg.Error) as refused:
                world.call(person, function, job, *([] if function == "start_job" else [None]))
            assert refused.value.sqlstate == state
    worker.work()
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "set_job_deadline", job, TOMORROW)
    assert refused.value.sqlstate == "CR004"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"after_rows": 1}, "after_rows", "is not a list of up to 20 places of topics"),
        ({"after_rows": list(range(1, 22))}, "after_rows", "is not a list of up to 20 places of topics"),
        ({"after_rows": [2]}, "after_rows", "names 2, which is not the place of a topic before it"),
        ({"after_rows": [0]}, "after_rows", "names 0, which is not the place of a topic before it"),
        ({"after_rows": ["1"]}, "after_rows", 'names "1", which is not the place of a topic before it'),
        ({"after_condition": "later"}, "after_condition", "is neither completed nor ended"),
        ({"after_failure": 3}, "after_failure", "is not hold, cancel or run"),
        ({"deadline": "soon"}, "deadline", "is not a moment with an offset, like 2027-01-31T09:00:00+01:00"),
        ({"deadline": "2020-01-01T00:00Z"}, "deadline", "has passed"),
        ({"on_deadline": "explode"}, "on_deadline", "is neither cancel nor warn"),
        ({"priority": "premium"}, "priority", "is premium, which needs the plan premium; use urgent or standard"),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_cannot_be_is_refused_with_reasons(
    passing_world: World, row: dict[str, object], field: str, reason: str
) -> None:
    ann = passing_world.sign_up("ann")
    topics = [{"topic": "Tea", "platforms": ["youtube"]}, {"topic": "Milk", "platforms": ["youtube"], **row}]
    found = passing_world.call(ann, "check_batch", None, psycopg.types.json.Jsonb(topics))["problems"]
    assert found == [{"row": 2, "field": field, "reason": reason}]


def test_nothing_said_is_nothing_wrong(passing_world: World) -> None:
    ann = passing_world.sign_up("ann")
    nothing = dict.fromkeys(("after_rows", "after_condition", "after_failure", "deadline", "on_deadline"))
    topics = [{"topic": "Tea", "platforms": ["youtube"], **nothing}]
    assert passing_world.call(ann, "check_batch", None, psycopg.types.json.Jsonb(topics))["problems"] == []
