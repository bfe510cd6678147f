"""Whatever workers, users and deaths do at once, followers know every row as it is in the end, and no number is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.sql.live.channel import Channel, flush_all
from tests.sql.queue.test_random_histories import Actor, run_at_once
from tests.sql.world import Person, World

THREADS = 3
#: What a project's topic is told of, and the tables it comes from.
KINDS = {"batches": "batches", "jobs": "generation_jobs", "tasks": "stage_tasks"}


@pytest.fixture
def flushing(world: World) -> Iterator[None]:
    """Two workers' flushes, more often than they are really made."""
    ended = threading.Event()

    def _flush(on: World) -> None:
        while not ended.is_set():
            on.one("select private.flush_live()")
            time.sleep(0.03)

    threads = [
        threading.Thread(target=_flush, args=[World(world.database, world.connect())]) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


def test_followers_know_everything_in_the_end(world: World, ann: Person, bob: Person, flushing: None) -> None:
    world.run(
        "update private.settings set max_failures = 3, max_losses = 3, backoff_base = '0', dead_after = '2 seconds',"
        " live_interval = '50 milliseconds', live_messages_per_s = 200"
    )
    world.run("update public.tenants set plan = 'premium'")
    projects = {person.tenant_id: world.add_project(person) for person in (ann, bob)}
    actors = [Actor(world, [ann, bob], projects, seed) for seed in range(THREADS)]
    run_at_once(actors, lambda: time.sleep(0.1))
    flush_all(world)

    for tenant_id, project_id in projects.items():
        project, tenant = Channel(world, "project", project_id), Channel(world, "tenant", tenant_id)
        for channel in (project, tenant):
            messages = channel.messages()
            assert len(messages) > 1
            assert [m.prev_seq for m in messages] == list(range(len(messages)))
            times = [m.at for m in messages]
            assert all(
                later - earlier >= timedelta(milliseconds=50)
                for earlier, later in zip(times, times[1:], strict=False)
            )
        for kind, table in KINDS.items():
            rows = world.rows(
                f"select id::text, version, status from public.{table} where project_id = %s", project_id
            )
            assert_known(project, kind, {row[0]: row[1:] for row in rows})
        events = world.rows("select id::text from public.job_events where project_id = %s", project_id)
        assert_known(project, "events", {event: None for (event,) in events})
        batches = world.rows(
            "select id::text, version, status from public.batches where tenant_id = %s", tenant_id
        )
        assert_known(tenant, "batches", {row[0]: row[1:] for row in batches})
    assert world.one("select sum(failure_count) from private.live_topics") == 0


def assert_known(channel: Channel, kind: str, rows: dict[str, tuple[int, str] | None]) -> None:
    """Every row was told as it is, or a resync, which asks to fetch it, came after it was last told of."""
    told: dict[str, tuple[int, dict[str, Any]]] = {}
    resynced_at = -1
    for place, message in enumerate(channel.messages()):
        if message.event == "resync":
            resynced_at = place
        told |= {row_id: (place, row) for row_id, row in message.rows(kind).items()}
    for row_id, state in rows.items():
        place, row = told.get(row_id, (-1, {}))
        if row and state in (None, (row.get("version"), row.get("status"))):
            continue
        assert place < resynced_at, f"{kind}: {row_id} is {state}, told was {row}"
    assert set(rows) & set(told)
