"""Many transactions and flushes at once: rates hold exactly, no number is missing, and everything is told in the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.sql.live.channel import Channel, flush, flush_all, hush, rest_all
from tests.sql.world import Person, Worker, World

#: The setting's default.
INTERVAL = timedelta(milliseconds=250)


def at_once(*parts: Callable[[], None]) -> None:
    """Runs all side by side; raises what went wrong first."""
    failures: list[BaseException] = []

    def _run(part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as error:  # noqa: BLE001  (told to the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=_run, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_rates_numbers_and_rows_hold_while_two_tenants_work(world: World, ann: Person, bob: Person) -> None:
    projects = {person: world.add_project(person) for person in (ann, bob)}
    made = [world.create_batch(person, projects[person], 3) for person in (ann, bob)]
    workers = [Worker(world, slots=10) for _ in range(3)]
    flushers = [World(world.database, world.connect()) for _ in range(2)]
    working = threading.Event()

    def _work(worker: Worker) -> Callable[[], None]:
        def _run() -> None:
            while (claimed := worker.take()) is not None or world_has_open_tasks():
                if claimed is not None and claimed.verdict == "run":
                    worker.report(claimed, 40)
                    worker.complete(claimed)

        return _run

    watcher = World(world.database, world.connect())
    lock = threading.Lock()

    def world_has_open_tasks() -> bool:
        with lock:
            return bool(
                watcher.one(
                    "select exists (select from public.generation_jobs where status in ('pending', 'processing'))"
                )
            )

    def _flush(on: World) -> Callable[[], None]:
        def _run() -> None:
            while not working.is_set():
                on.one("select private.flush_live()")
                time.sleep(0.05)

        return _run

    def _all_work() -> None:
        try:
            at_once(*(_work(worker) for worker in workers))
        finally:
            working.set()

    at_once(_all_work, *(_flush(flusher) for flusher in flushers))
    flush_all(world)

    channels = [Channel(world, "batch", UUID(batch["batch_id"])) for batch in made]
    channels += [Channel(world, "project", project) for project in projects.values()]
    channels += [Channel(world, "tenant", person.tenant_id) for person in (ann, bob)]
    for channel in channels:
        messages = channel.messages()
        assert [(m.prev_seq, m.seq) for m in messages] == [(n - 1, n) for n in range(1, len(messages) + 1)]
        times = [m.at for m in messages]
        assert all(later - earlier >= INTERVAL for earlier, later in zip(times, times[1:], strict=False))
        assert {m.event for m in messages} == {"changes"}
    for kind, table, batch_column in (
        ("jobs", "generation_jobs", "batch_id"),
        ("tasks", "stage_tasks", "batch_id"),
        ("batches", "batches", "id"),
    ):
        for channel in channels[:2]:
            rows = world.rows(
                f"select id::text, version, status from public.{table} where {batch_column} = %s",
                channel.scope_id,
            )
            told = channel.all_told(kind)
            known = {(row["id"], row["version"], row["status"]) for row in told.values()}
            # What never changed again after the batch was made its followers have fetched.
            assert {row for row in rows if row[0] in told} == known
            assert known
            assert kind == "jobs" or len(known) == len(rows)


def test_the_sum_holds_while_many_tenants_change_things(world: World) -> None:
    people = [world.sign_up(f"tenant{number}") for number in range(6)]
    projects = [world.add_project(person) for person in people]
    world.run("update private.settings set live_messages_per_s = 8, live_interval = '10 milliseconds'")
    flush(world)
    time.sleep(1.1)
    began = world.one("select clock_timestamp()")
    until = time.monotonic() + 2.5

    def _change(project: UUID) -> Callable[[], None]:
        connection = world.connect()

        def _run() -> None:
            number = 0
            while time.monotonic() < until:
                number += 1
                connection.execute(
                    "update public.projects set name = %s where id = %s", [str(number), project]
                )

        return _run

    flusher = World(world.database, world.connect())

    def _flush() -> None:
        while time.monotonic() < until:
            flusher.one("select private.flush_live()")
            time.sleep(0.02)

    at_once(_flush, *(_change(project) for project in projects))
    times = [
        at
        for (at,) in world.rows(
            "select (payload ->> 'ts')::timestamptz as at from realtime.messages"
            " where (payload ->> 'ts')::timestamptz >= %s order by at",
            began,
        )
    ]
    windows = [sum(1 for t in times if at <= t < at + timedelta(seconds=1)) for at in times]
    assert max(windows) == 8
    # Nobody is left out: each tenant has been told something.
    told = Counter(
        tenant
        for (tenant,) in world.rows("select tenant_id from private.live_topics where sent_at >= %s", began)
    )
    assert set(told) >= {person.tenant_id for person in people}


@pytest.mark.parametrize(
    "held", ["private.live_topics", "private.live_tickets", "public.tenants", "the flush"]
)
def test_nobody_waits_for_whoever_sends(world: World, ann: Person, held: str) -> None:
    project = Channel(world, "project", world.add_project(ann))
    hush(world)
    rest_all(world)
    known = len(project.messages())
    holder = world.connect()
    with holder.transaction():
        if held == "the flush":
            holder.execute("select private.flush_live()")
        else:
            holder.execute(f"select from {held} for update".encode())
        world.run("set statement_timeout = '2s'")
        world.run("update public.projects set name = 'Changed' where id = %s", project.scope_id)
        assert (flush(world) is None) == (held == "the flush")
    flush(world)
    message = project.messages()[-1]
    assert len(project.messages()) == known + 1
    assert message.rows("projects")[str(project.scope_id)]["name"] == "Changed"


def test_two_first_changes_of_a_topic_do_not_wait_for_each_other(world: World, ann: Person) -> None:
    project = Channel(world, "project", world.add_project(ann))
    world.run("delete from private.live_topics")
    first = world.connect()
    with first.transaction():
        first.execute("update public.projects set name = 'First' where id = %s", [project.scope_id])
        first.execute("set constraints all immediate")
        world.run("set statement_timeout = '2s'")
        other = world.one(
            "insert into public.projects (tenant_id, original_idea) values (%s, 'Other') returning id",
            ann.tenant_id,
        )
        flush(world)
        assert [
            row for m in Channel(world, "tenant", ann.tenant_id).messages() for row in m.rows("projects")
        ].count(str(other)) == 0
    flush_all(world)
    assert str(other) in Channel(world, "tenant", ann.tenant_id).all_told("projects")


def test_marks_of_one_that_has_not_ended_are_told_when_it_has(world: World, ann: Person) -> None:
    made = world.create_batch(ann, world.add_project(ann), 2)
    batch = Channel(world, "batch", UUID(made["batch_id"]))
    hush(world)
    slow = world.connect()
    with slow.transaction():
        slow.execute(
            "update public.generation_jobs set params = %s where batch_id = %s and position = 1",
            [Jsonb({"slow": True}), batch.scope_id],
        )
        world.run(
            "update public.generation_jobs set progress = 9 where batch_id = %s and position = 2",
            batch.scope_id,
        )
        rest_all(world)
        flush(world)
        assert len(batch.messages()[-1].rows("jobs")) == 1
        world.run("update private.live_topics set sent_at = now()")
    rest_all(world)
    flush(world)
    assert len(batch.messages()[-1].rows("jobs")) == 1
    assert len(batch.all_told("jobs")) == 2
