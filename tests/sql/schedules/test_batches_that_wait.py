"""Batches that begin at a time or after others, and deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _state(world: World, batch_id: UUID) -> dict[str, Any]:
    state: dict[str, Any] = world.one("select to_jsonb(b) from public.batches as b where id = %s", batch_id)
    return state


def _pass(world: World, column: str) -> None:
    """Let the moment come."""
    world.run(f"update public.batches set {column} = now() - interval '1 second' where {column} is not null")


def test_a_batch_begins_when_its_time_has_come(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann), starts_at=TOMORROW)["batch_id"]
    assert datetime.fromisoformat(_state(world, batch)["starts_at"]) == datetime.fromisoformat(TOMORROW)
    world.tick()
    assert worker.work() == 0
    world.run("update private.turns set waits_since = now() - interval '1 day'")
    _pass(world, "starts_at")
    world.tick()
    assert world.one("select now() - waits_since < interval '1 minute' from private.turns")
    assert worker.work() == 13
    assert (_state(world, batch)["starts_at"], _state(world, batch)["status"]) == (None, "completed")
    assert_sound(world)


def test_a_start_can_be_moved_and_brought_forward(world: World, ann: Person, worker: Worker) -> None:
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    entry = worker.fetch()
    assert entry is not None
    told = world.call(ann, "reschedule_batch", batch, TOMORROW)
    assert datetime.fromisoformat(told["starts_at"]) == datetime.fromisoformat(TOMORROW)
    assert worker.claim(*entry).verdict == "stale", "what was released is taken back"
    assert_sound(world)
    assert world.call(ann, "start_batch", batch)["starts_at"] is None
    running = worker.take_running()
    with pytest.raises(psycopg.Error, match="only one that has not begun") as refused:
        world.call(ann, "reschedule_batch", batch, TOMORROW)
    assert refused.value.sqlstate == "CR004"
    worker.complete(running)
    worker.work()
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "start_batch", batch)
    assert refused.value.sqlstate == "CR004"
    assert_sound(world)


@pytest.mark.parametrize("condition", ["completed", "ended"])
def test_a_batch_begins_when_what_it_needs_has_ended(
    world: World, ann: Person, worker: Worker, condition: str
) -> None:
    project = world.add_project(ann)
    first = world.create_batch(ann, project, 2)["batch_id"]
    [job, other] = [row[0] for row in world.rows("select id from public.generation_jobs order by position")]
    after_job = world.create_batch(ann, project, after=[str(job)], after_condition=condition)["batch_id"]
    after_batch = world.create_batch(ann, project, after=[str(first), str(job)], after_condition=condition)[
        "batch_id"
    ]
    assert _state(world, after_job)["blocked_at"] is not None
    world.call(ann, "pause_job", other)
    assert worker.work() == 13
    world.tick()
    assert _state(world, after_job)["blocked_at"] is None
    assert _state(world, after_batch)["blocked_at"] is not None
    world.call(ann, "resume_job", other)
    if condition == "ended":
        world.call(ann, "cancel_job", other)
    worker.work()
    world.tick()
    assert _state(world, after_batch)["blocked_at"] is None
    worker.work()
    assert [_state(world, each)["status"] for each in (after_job, after_batch)] == ["completed"] * 2
    late = world.create_batch(ann, project, after=[str(first)], after_condition="ended")["batch_id"]
    assert _state(world, late)["blocked_at"] is None, "that had ended already"
    assert_sound(world)


@pytest.mark.parametrize("failure", [None, "cancel", "run"])
def test_what_is_needed_and_fails_holds_cancels_or_is_done_without(
    world: World, ann: Person, worker: Worker, failure: str | None
) -> None:
    project = world.add_project(ann)
    first = world.create_batch(ann, project, ["Tea"])["batch_id"]
    number = _state(world, first)["number"]
    second = world.create_batch(ann, project, after=[str(first)], after_failure=failure)["batch_id"]
    worker.fail(worker.take_running())
    world.tick()
    state = _state(world, second)
    if failure == "run":
        assert state["blocked_at"] is None
        assert worker.work() == 13
    elif failure == "cancel":
        assert (state["status"], state["blocked_at"]) == ("cancelled", None)
        assert world.rows(
            "select error_code, next_step <> '' from public.generation_jobs where batch_id = %s", second
        ) == [("DEPENDENCY_FAILED", True)]
        world.call(ann, "retry_batch", second)
        assert worker.work() == 13
    else:
        assert state["status"] == "pending"
        assert (
            state["blocked_reason"]
            == f"1 of 1 that must be completed first is failed or cancelled: batch {number}."
        )
        assert worker.work() == 0
        world.call(ann, "retry_batch", first)
        worker.work()
        world.tick()
        assert worker.work() == 13, "what it needs was completed after all"
    assert _state(world, second)["status"] == "completed"
    assert_sound(world)


@pytest.mark.parametrize("on_deadline", [None, "warn"])
def test_a_deadline_cancels_what_has_not_ended_or_says_that_it_is_late(
    world: World, ann: Person, worker: Worker, on_deadline: str | None
) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 2, deadline=TOMORROW, on_deadline=on_deadline)["batch_id"]
    in_time = world.create_batch(ann, project, deadline=TOMORROW)["batch_id"]
    running = worker.take_running()
    world.tick()
    assert not _state(world, batch)["is_late"]
    world.call(ann, "cancel_batch", in_time)
    _pass(world, "deadline")
    world.tick()
    assert [_state(world, each)["is_late"] for each in (batch, in_time)] == [True, False]
    if on_deadline == "warn":
        worker.complete(running)
        worker.work()
        assert _state(world, batch)["status"] == "completed"
    else:
        assert _state(world, batch)["status"] == "cancelled"
        assert world.rows(
            "select distinct error_code from public.generation_jobs where batch_id = %s", batch
        ) == [("DEADLINE_PASSED",)]
        with pytest.raises(psycopg.Error) as stale:
            worker.complete(running)
        assert stale.value.sqlstate == "CR005"
        worker.finish_entry(running.entry_id)
        world.call(ann, "retry_batch", batch)
        world.tick()
        assert worker.work() > 0, "whoever retries it wants it late rather than never"
        with pytest.raises(psycopg.Error, match="nothing left to finish in time"):
            world.call(ann, "set_deadline", batch, TOMORROW)
    assert_sound(world)


def test_a_deadline_can_be_moved(world: World, ann: Person) -> None:
    batch = world.create_batch(ann, world.add_project(ann), deadline=TOMORROW)["batch_id"]
    _pass(world, "deadline")
    assert world.call(ann, "set_deadline", batch, TOMORROW, "warn")["deadline"] is not None
    world.tick()
    assert not _state(world, batch)["is_late"]
    assert _state(world, batch)["options"]["on_deadline"] == "warn"
    assert world.call(ann, "set_deadline", batch, None)["deadline"] is None
    for arguments in ((datetime.now(UTC) - timedelta(hours=1),), (TOMORROW, "weep")):
        with pytest.raises(psycopg.Error) as refused:
            world.call(ann, "set_deadline", batch, *arguments)
        assert refused.value.sqlstate == "CR001"


def test_what_cannot_be_is_refused_with_reasons(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    foreign = world.create_batch(bob, world.add_project(bob))["batch_id"]
    for options in (
        {"starts_at": "tomorrow"}, {"starts_at": "2027-02-30T00:00:00Z"}, {"starts_at": "2027-01-01T00:00:00"},
        {"starts_at": "2090-01-01T00:00:00Z"}, {"deadline": "2020-01-01T00:00:00Z"},
        {"deadline": TOMORROW, "starts_at": TOMORROW}, {"on_deadline": "weep"}, {"after": [foreign]}, {"after": foreign},
        {"after": [str(uuid4())]}, {"after": [None]}, {"after_condition": "begun"}, {"after_failure": "weep"},
    ):  # fmt: skip
        with pytest.raises(psycopg.Error) as refused:
            world.create_batch(ann, project, **options)
        assert refused.value.sqlstate == "CR001"
        assert f'"field": "{next(iter(options))}"' in (refused.value.diag.message_detail or ""), options
    batch = world.create_batch(ann, project, starts_at=None, after=None, deadline=None, after_failure=None)[
        "batch_id"
    ]
    for person, code in {bob: "CR002", world.add_member(ann, "viewer"): "CR003"}.items():
        for function, *arguments in (
            ("start_batch",),
            ("reschedule_batch", TOMORROW),
            ("set_deadline", TOMORROW),
        ):
            with pytest.raises(psycopg.Error) as refused:
                world.call(person, function, batch, *arguments)
            assert refused.value.sqlstate == code
