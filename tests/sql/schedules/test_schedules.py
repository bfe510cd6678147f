"""Schedules: each occurrence makes its batch once, whatever happened meanwhile."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

DAILY: dict[str, object] = {
    "name": "Morning tea",
    "cron": "30 7 * * mon-fri",
    "time_zone": "Europe/Berlin",
    "topics": [{"topic": "Tea of {date}", "platforms": ["youtube"]}],
    "options": {"title": "Tea {date}"},
}


def _make(world: World, person: Person, project: UUID, **different: object) -> UUID:
    return UUID(world.call(person, "create_schedule", project, Jsonb({**DAILY, **different}))["id"])


def _due(world: World, ago: str = "1 second") -> None:
    world.run("update public.schedules set next_run_at = now() - %s::interval", ago)


def _runs(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "select status, batch_id is not null, error_code from public.schedule_runs order by due_at"
    )


def test_an_occurrence_makes_a_batch_of_its_owner_and_the_next_is_set(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    schedule = _make(world, ann, project)
    assert world.one(
        "select next_run_at = private.next_time(cron, time_zone, now()) and next_run_at > now() from public.schedules"
    )
    world.tick()
    assert _runs(world) == []
    world.run("update public.schedules set next_run_at = '2026-11-02 06:30Z', misfire = 'run_all'")
    for _ in range(2):
        world.tick()
    assert _runs(world) == [("created", True, None)] * 2
    assert world.rows("select title, created_by from public.batches order by number") == [
        ("Tea 2026-11-02", ann.user_id), ("Tea 2026-11-03", ann.user_id)
    ]  # fmt: skip
    assert world.one(
        "select next_run_at = '2026-11-04 06:30Z' and last_run_at = '2026-11-03 06:30Z' from public.schedules"
    )
    assert worker.work() > 0
    assert set(world.rows("select topic, status from public.generation_jobs")) == {
        ("Tea of 2026-11-02", "completed"), ("Tea of 2026-11-03", "completed")
    }  # fmt: skip
    assert world.one("select current_setting('request.jwt.claims', true)") in (None, "")
    made = world.call(ann, "run_schedule", schedule)
    assert world.one("select batch_id::text from public.schedule_runs where is_manual") == made["batch_id"]
    assert_sound(world)


@pytest.mark.parametrize(
    ("misfire", "ago", "statuses"),
    [
        ("run_once", "1 day", ["created"]),
        ("run_all", "3 hours", ["created"] * 3),
        ("skip", "1 day", ["skipped"]),
        ("skip", "5 minutes", ["created"]),
    ],
)
def test_after_an_outage(world: World, ann: Person, misfire: str, ago: str, statuses: list[str]) -> None:
    _make(world, ann, world.add_project(ann), cron="0 * * * *", misfire=misfire)
    _due(world, ago)
    for _ in range(5):
        world.tick()
    # The hour may change while this runs.
    assert [status for status, _, _ in _runs(world)][: len(statuses)] == statuses
    assert len(_runs(world)) <= len(statuses) + 1
    assert world.one("select next_run_at > now() from public.schedules")


def test_an_occurrence_that_was_run_is_not_run_again(world: World, ann: Person) -> None:
    _make(world, ann, world.add_project(ann))
    world.run("update public.schedules set next_run_at = '2026-11-02 06:30Z'")
    world.tick()
    world.run("update public.schedules set next_run_at = '2026-11-02 06:30Z'")
    world.tick()
    assert _runs(world) == [("created", True, None)]
    assert world.one("select count(*) from public.batches") == 1


def test_several_tickers_at_once_run_it_once(world: World, ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        project = world.add_project(person)
        for n in range(5):
            _make(world, person, project, name=f"Schedule {n}")
    _due(world)
    world.run("update private.settings set ticked_at = '-infinity'")
    connections = [world.connect() for _ in range(4)]

    def _tick(connection: psycopg.Connection[Any]) -> None:
        # Past the lock and the clock that keep other tickers out, as if they failed to.
        connection.execute(
            "do $$ declare v uuid [] := array(select distinct tenant_id from public.schedules); begin"
            " perform private.lock_tenants(v); perform private.run_due_schedules(v); end $$"
        )

    threads = [threading.Thread(target=_tick, args=[each]) for each in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _runs(world) == [("created", True, None)] * 10
    assert world.one("select count(*) from public.batches") == 10
    assert_sound(world)


def test_one_that_fails_says_why_and_stops_no_other(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    bad, good = _make(world, ann, project), _make(world, ann, project, name="Good")
    world.run('update public.schedules set topics = \'[{"topic": ""}]\' where id = %s', bad)
    _due(world)
    world.tick()
    assert set(world.rows("select schedule_id, status, error_code from public.schedule_runs")) == {
        (bad, "failed", "CR001"), (good, "created", None)
    }  # fmt: skip
    [problem] = world.one("select problems from public.schedule_runs where status = 'failed' limit 1")[:1]
    assert problem["field"] == "platforms"
    assert (
        world.one("select count(*) from public.schedules where next_run_at > now() and paused_at is null")
        == 2
    )


def test_it_pauses_when_its_owner_has_lost_the_right_to(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    admin = world.add_member(ann, "admin")
    _make(world, admin, project)
    world.run(
        "delete from public.memberships where user_id = %s and tenant_id = %s", admin.user_id, ann.tenant_id
    )
    _due(world)
    world.tick()
    assert _runs(world) == [("failed", False, "CR003")]
    [(schedule, reason)] = world.rows(
        "select id, paused_reason from public.schedules where paused_at is not null"
    )
    assert "Its owner may no longer" in reason
    told = world.call(ann, "resume_schedule", schedule)
    assert (told["owner_id"], told["paused_at"], told["paused_reason"]) == (str(ann.user_id), None, None)
    _due(world)
    world.tick()
    assert _runs(world)[-1] == ("created", True, None)


def test_a_paused_one_makes_nothing_and_goes_on_with_the_next(world: World, ann: Person) -> None:
    schedule = _make(world, ann, world.add_project(ann), misfire="run_all")
    assert world.call(ann, "pause_schedule", schedule)["paused_by"] == str(ann.user_id)
    _due(world, "1 year")
    world.tick()
    assert _runs(world) == []
    world.call(ann, "resume_schedule", schedule)
    world.tick()
    assert _runs(world) == []
    changed = world.call(ann, "change_schedule", schedule, Jsonb({"cron": "@hourly", "name": "Hourly"}))
    assert (changed["cron"], changed["name"], changed["time_zone"]) == ("@hourly", "Hourly", "Europe/Berlin")
    world.call(ann, "delete_schedule", schedule)
    assert world.one("select count(*) from public.schedules") == 0


def test_what_cannot_be_is_refused_with_reasons(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    for field, value in {
        "name": " ", "cron": "daily", "time_zone": "Mars/Olympus", "misfire": "weep", "topics": [],
        "options": {"starts_at": "2027-01-01T00:00:00Z"},
    }.items():  # fmt: skip
        with pytest.raises(psycopg.Error) as refused:
            _make(world, ann, project, **{field: value})
        assert refused.value.sqlstate == "CR001"
        assert f'"field": "{field}"' in (refused.value.diag.message_detail or "")
    with pytest.raises(psycopg.Error, match="no colour"):
        _make(world, ann, project, colour="red")
    schedule = _make(world, ann, project)
    editor = world.add_member(ann, "editor")
    for person, code in {bob: "CR002", world.add_member(ann, "viewer"): "CR003", editor: "CR003"}.items():
        for function, *arguments in (
            ("pause_schedule",), ("resume_schedule",), ("run_schedule",), ("delete_schedule",), ("change_schedule", Jsonb({})),
        ):  # fmt: skip
            with pytest.raises(psycopg.Error) as refused:
                world.call(person, function, schedule, *arguments)
            assert refused.value.sqlstate == code
        with pytest.raises(psycopg.Error) as refused:
            _make(world, person, project)
        assert refused.value.sqlstate == code
    assert len(world.call(editor, "upcoming_runs", "0 7 * * *", "UTC", 3)) == 3
    with pytest.raises(psycopg.Error) as refused:
        world.call(editor, "upcoming_runs", "0 7 * *", "UTC", 3)
    assert refused.value.sqlstate == "CR001"
