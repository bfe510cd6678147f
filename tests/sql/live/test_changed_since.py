"""changed_since: what a follower fetches that has missed messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from tests.sql.live.channel import Channel, flush_all
from tests.sql.world import Person, Worker, World

KINDS = ("projects", "batches", "jobs", "tasks", "events")
LONG_AGO = "2000-01-01"


def ask(world: World, person: Person, since: object, **more: object) -> dict[str, Any]:
    """Calls the function as a user."""
    named = "".join(f", {name} => %s" for name in more)
    with world.acting(person) as connection:
        row = connection.execute(
            f"select public.changed_since(%s{named})".encode(), [since, *more.values()]
        ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row[0]
    return answer


def pages(world: World, person: Person, since: object, **more: object) -> Iterator[dict[str, Any]]:
    """All answers, one after the other."""
    answer = ask(world, person, since, **more)
    yield answer
    while answer["more"]:
        answer = ask(world, person, answer["next"]["since"], after_id=answer["next"]["after_id"], **more)
        yield answer


def ids(answer: dict[str, Any], kind: str) -> list[str]:
    return [row["id"] for row in answer[kind]]


@pytest.fixture
def project(world: World, ann: Person, bob: Person, worker: Worker) -> UUID:
    """A project with a finished batch and a waiting one; the other tenant has as much."""
    made = {}
    for person in (ann, bob):
        made[person] = world.add_project(person)
        world.create_batch(person, made[person], 2)
    worker.work()
    for person, project in made.items():
        world.create_batch(person, project, 1)
    flush_all(world)
    return made[ann]


def test_everything_a_tenant_has_was_changed_since_long_ago(world: World, ann: Person, project: UUID) -> None:
    answer = ask(world, ann, LONG_AGO, max_rows=10_000)
    for kind, table in zip(
        KINDS, ("projects", "batches", "generation_jobs", "stage_tasks", "job_events"), strict=True
    ):
        rows = world.rows(f"select id::text from public.{table} where tenant_id = %s", ann.tenant_id)
        assert sorted(ids(answer, kind)) == sorted(row for (row,) in rows)
    assert answer["more"] is False
    assert answer["next"] is None


def test_rows_are_those_of_live_messages(world: World, ann: Person, project: UUID, worker: Worker) -> None:
    channel = Channel(world, "project", project)
    worker.work()
    world.run("update public.projects set name = 'Changed' where id = %s", project)
    flush_all(world)
    answer = ask(world, ann, LONG_AGO, max_rows=10_000)
    for kind in KINDS:
        told = channel.all_told(kind)
        assert told
        for row in answer[kind]:
            if row["id"] in told and row.get("version") == told[row["id"]].get("version"):
                assert row == told[row["id"]]
        assert {tuple(sorted(row)) for row in answer[kind]} == {tuple(sorted(row)) for row in told.values()}


def test_what_became_of_budgets_is_told_to_who_missed_it(world: World, ann: Person, bob: Person) -> None:
    project, other = world.add_project(ann), world.add_project(ann)
    batch = world.create_batch(ann, project, 1)["batch_id"]
    since = world.one("select clock_timestamp()")
    world.call(ann, "set_budget", "tenant", 0)
    world.call(ann, "set_budget", "project", 0, project)
    world.call(ann, "set_budget", "batch", 0, batch)

    def told(**more: object) -> list[tuple[str, str]]:
        return [(row["scope"], row["event"]) for row in ask(world, ann, since, **more)["budget_events"]]

    exceeded = "budget.exceeded"
    assert told() == [("tenant", exceeded), ("project", exceeded), ("batch", exceeded)]
    assert told(project_id=project) == [("project", exceeded)]
    assert told(project_id=project, batch_id=batch) == told(batch_id=batch) == [("batch", exceeded)]
    assert told(project_id=other) == []
    answer = ask(world, ann, since)
    assert answer["budget_events"] == list(reversed(world.call(ann, "list_budget_events")))
    assert ask(world, ann, answer["budget_events"][-1]["created_at"])["budget_events"] == []
    assert ask(world, bob, since)["budget_events"] == []


def test_only_what_changed_after_the_moment_is_named(world: World, ann: Person, project: UUID) -> None:
    since = world.one("select clock_timestamp()")
    assert all(ask(world, ann, since)[kind] == [] for kind in KINDS)
    batch = world.one("select max(id::text) from public.batches where tenant_id = %s", ann.tenant_id)
    world.run("update public.batches set title = 'Changed' where id = %s", batch)
    answer = ask(world, ann, since)
    assert {kind: len(answer[kind]) for kind in KINDS} == {kind: int(kind == "batches") for kind in KINDS}
    assert answer["batches"][0]["title"] == "Changed"
    assert datetime.fromisoformat(answer["now"]) > since
    assert all(ask(world, ann, answer["batches"][0]["timestamp"])[kind] == [] for kind in KINDS)


def test_a_batch_or_project_can_be_named(world: World, ann: Person, project: UUID) -> None:
    other = world.add_project(ann)
    made = world.create_batch(ann, other, 2)
    answer = ask(world, ann, LONG_AGO, project_id=other)
    assert ids(answer, "projects") == [str(other)]
    assert {row["project_id"] for kind in KINDS[1:] for row in answer[kind]} == {str(other)}
    assert len(answer["jobs"]) == 2
    answer = ask(world, ann, LONG_AGO, batch_id=made["batch_id"])
    assert answer["projects"] == []
    assert {row["batch_id"] for kind in KINDS[2:] for row in answer[kind]} == {made["batch_id"]}
    assert ids(answer, "batches") == [made["batch_id"]]
    assert ask(world, ann, LONG_AGO, project_id=project, batch_id=made["batch_id"])["jobs"] == []


@pytest.mark.parametrize("max_rows", [1, 7, 50])
def test_pages_name_every_row_once(world: World, ann: Person, project: UUID, max_rows: int) -> None:
    """Many of them were changed at the same moment."""
    whole = ask(world, ann, LONG_AGO, project_id=project, max_rows=10_000)
    several = list(pages(world, ann, LONG_AGO, project_id=project, max_rows=max_rows))
    assert all(sum(len(page[kind]) for kind in KINDS) == max_rows for page in several[:-1])
    for kind in KINDS:
        assert [row for page in several for row in page[kind]] == whole[kind]


def test_a_page_that_is_just_full_is_the_last(world: World, ann: Person, project: UUID) -> None:
    whole = ask(world, ann, LONG_AGO, max_rows=10_000)
    count = sum(len(whole[kind]) for kind in KINDS)
    assert ask(world, ann, LONG_AGO, max_rows=count)["more"] is False
    assert ask(world, ann, LONG_AGO, max_rows=count - 1)["more"] is True


def test_what_a_slow_transaction_changed_is_found_with_an_overlap(
    world: World, ann: Person, project: UUID
) -> None:
    job = world.one("select id from public.generation_jobs where project_id = %s limit 1", project)
    slow = world.connect()
    with slow.transaction():
        slow.execute("update public.generation_jobs set next_step = 'late' where id = %s", [job])
        first = ask(world, ann, LONG_AGO, max_rows=10_000)
    assert all(row["next_step"] != "late" for row in first["jobs"])
    assert ids(ask(world, ann, first["now"]), "jobs") == []
    overlapping = world.one("select %s::timestamptz - interval '10 seconds'", first["now"])
    later = [row for row in ask(world, ann, overlapping, max_rows=10_000)["jobs"] if row["id"] == str(job)]
    assert [row["next_step"] for row in later] == ["late"]
    known = {row["id"]: row["version"] for row in first["jobs"]}
    assert later[0]["version"] == known[str(job)] + 1


def test_nothing_of_another_tenant_is_ever_named(
    world: World, ann: Person, bob: Person, project: UUID
) -> None:
    theirs = ask(world, bob, LONG_AGO, max_rows=10_000)
    mine = ask(world, ann, LONG_AGO, max_rows=10_000)
    for kind in KINDS:
        assert mine[kind]
        assert not set(ids(mine, kind)) & set(ids(theirs, kind))
    assert theirs["tenant"]["id"] == str(bob.tenant_id)


def test_a_viewer_may_ask_and_a_removed_member_may_not(world: World, ann: Person, project: UUID) -> None:
    viewer = world.add_member(ann, "viewer")
    assert ask(world, viewer, LONG_AGO)["jobs"]
    world.run("delete from public.memberships where user_id = %s and role = 'viewer'", viewer.user_id)
    with pytest.raises(errors.DatabaseError) as refused:
        ask(world, viewer, LONG_AGO)
    assert refused.value.sqlstate == "CR003"


def test_the_answer_says_the_epoch(world: World, ann: Person, project: UUID) -> None:
    assert ask(world, ann, LONG_AGO)["tenant"]["epoch"] == 1
    removed = world.add_member(ann, "viewer")
    world.run("delete from public.memberships where user_id = %s and role = 'viewer'", removed.user_id)
    assert ask(world, ann, LONG_AGO)["tenant"]["epoch"] == 2


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"since": None}, "CR001"),
        ({"max_rows": 0}, "CR001"),
        ({"max_rows": 10_001}, "CR001"),
        ({"max_rows": None}, "CR001"),
        ({"project_id": uuid4()}, "CR002"),
        ({"batch_id": uuid4()}, "CR002"),
    ],
)
def test_what_cannot_be_answered_says_why(
    world: World, ann: Person, project: UUID, named: dict[str, object], code: str
) -> None:
    with pytest.raises(errors.DatabaseError) as refused:
        ask(world, ann, **({"since": LONG_AGO} | named))
    assert refused.value.sqlstate == code
    assert refused.value.diag.message_hint


def test_another_tenants_project_is_as_unknown_as_none(
    world: World, ann: Person, bob: Person, project: UUID
) -> None:
    theirs = world.one("select id from public.projects where tenant_id = %s", bob.tenant_id)
    batch = world.one("select id from public.batches where tenant_id = %s limit 1", bob.tenant_id)
    for named in ({"project_id": theirs}, {"batch_id": batch}):
        with pytest.raises(errors.DatabaseError) as refused:
            ask(world, ann, LONG_AGO, **named)
        assert refused.value.sqlstate == "CR002"


def test_recent_changes_are_found_by_an_index(world: World, ann: Person, project: UUID) -> None:
    """Among very many rows: no whole table is read for a few changes."""
    with world.admin.transaction(force_rollback=True):
        world.run("set local enable_seqscan = off")
        for table, column in (
            ("generation_jobs", "updated_at"),
            ("stage_tasks", "updated_at"),
            ("job_events", "created_at"),
        ):
            plan = world.rows(
                f"explain select * from public.{table} where tenant_id = %s and ({column}, id) > (now(), %s)"
                f" order by {column}, id limit 10",
                ann.tenant_id,
                project,
            )
            assert f"tenant_id_{column}" in str(plan)
