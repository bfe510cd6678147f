"""The flush tells what was not told at once: whole rows of now, and everybody in turn."""

from __future__ import annotations

import time
from uuid import UUID

import pytest

from tests.sql.live.channel import Channel, flush, flush_all, hush, rest_all
from tests.sql.world import Person, Worker, World


@pytest.fixture
def batches(world: World, ann: Person, bob: Person) -> list[Channel]:
    """The topics of a batch of each tenant, of which nothing is told but by the flush."""
    made = [world.create_batch(person, world.add_project(person), 2) for person in (ann, bob)]
    flush_all(world)
    hush(world)
    return [Channel(world, "batch", UUID(batch["batch_id"])) for batch in made]


def test_many_changes_become_one_message_of_whole_rows(world: World, batches: list[Channel]) -> None:
    batch, _ = batches
    for percent in range(1, 40):
        world.run(
            "update public.generation_jobs set progress = %s where batch_id = %s", percent, batch.scope_id
        )
    assert batch.messages() == []
    rest_all(world)
    flush(world)
    (message,) = batch.messages()
    told = message.rows("jobs")
    rows = world.rows(
        "select id::text, version, progress, topic from public.generation_jobs where batch_id = %s order by id",
        batch.scope_id,
    )
    assert [(row["id"], row["version"], row["progress"], row["topic"]) for row in told.values()] == rows
    assert world.one("select count(*) from public.realtime_outbox") == 0
    assert flush(world) == {"sent": 0, "failed": 0, "waiting": 0}


def test_a_row_is_told_as_it_is_when_it_is_told(world: World, batches: list[Channel]) -> None:
    batch, _ = batches
    world.run("update public.batches set title = 'Marked' where id = %s", batch.scope_id)
    world.run("alter table public.batches disable trigger mark_updated")
    world.run("update public.batches set title = 'Later' where id = %s", batch.scope_id)
    rest_all(world)
    flush(world)
    assert batch.messages()[-1].rows("batches")[str(batch.scope_id)]["title"] == "Later"


def test_tenants_are_told_of_their_own_only(
    world: World, batches: list[Channel], ann: Person, bob: Person
) -> None:
    for batch in batches:
        world.run("update public.batches set title = 'Changed' where id = %s", batch.scope_id)
    rest_all(world)
    flush(world)
    for person, mine, theirs in zip((ann, bob), batches, reversed(batches), strict=True):
        told = Channel(world, "tenant", person.tenant_id).all_told("batches")
        assert str(mine.scope_id) in told
        assert str(theirs.scope_id) not in told
        assert set(mine.all_told("batches")) == {str(mine.scope_id)}


def test_one_flush_at_a_time(world: World, batches: list[Channel]) -> None:
    other = world.connect()
    with other.transaction():
        other.execute("select private.flush_live()")
        assert world.one("select private.flush_live()") is None
    assert flush(world) is not None


def test_workers_may_flush(world: World, batches: list[Channel], worker: Worker) -> None:
    world.run("update public.batches set title = 'Changed' where id = %s", batches[0].scope_id)
    rest_all(world)
    assert flush(world, worker.connection)["sent"] > 0


def test_a_topic_told_on_one_side_still_waits_on_the_other(world: World, batches: list[Channel]) -> None:
    batch, _ = batches
    world.run("update public.generation_jobs set progress = 7 where batch_id = %s", batch.scope_id)
    project = Channel(
        world, "project", world.one("select project_id from public.batches where id = %s", batch.scope_id)
    )
    batch.rest()
    flush(world)
    assert {row["progress"] for row in batch.messages()[-1].payload["jobs"]} == {7}
    tenant = world.one("select tenant_id from public.batches where id = %s", batch.scope_id)
    assert world.rows("select scopes from public.realtime_outbox") == [([project.scope_id, tenant],)]
    project.rest()
    flush(world)
    assert {row["progress"] for row in project.messages()[-1].payload["jobs"]} == {7}
    assert world.rows("select scopes from public.realtime_outbox") == [([tenant],)]


def test_every_tenant_has_its_turn_before_anybody_has_a_second(
    world: World, batches: list[Channel], ann: Person, bob: Person
) -> None:
    project = world.one("select project_id from public.batches where id = %s", batches[0].scope_id)
    for _ in range(8):
        world.create_batch(ann, project)
    hush(world)
    world.run("update public.batches set title = 'Changed'")
    world.run("update private.settings set live_messages_per_s = 4")
    flush(world)  # makes the tickets fit
    known = {person: told_by_tenant(world, person) for person in (ann, bob)}
    for _ in range(2):
        rest_all(world)
        flush(world)
    told = {person: told_by_tenant(world, person) - known[person] for person in (ann, bob)}
    # Three topics of Bob's: tenant, project, batch. Ann has more than could be told.
    assert told == {ann: 5, bob: 3}


def told_by_tenant(world: World, person: Person) -> int:
    """Messages sent on all topics of a tenant."""
    count: int = world.one(
        "select sum(seq)::int from private.live_topics where tenant_id = %s", person.tenant_id
    )
    return count


def test_those_told_longest_ago_come_first(world: World, batches: list[Channel]) -> None:
    world.run("update private.settings set live_messages_per_s = 2")
    flush(world)
    waiting = world.one("select count(*) from private.live_topics")
    before = dict(world.rows("select scope_id, seq from private.live_topics"))
    world.run("update public.batches set title = 'Changed'")
    for _ in range(waiting // 2):
        world.run("update private.live_topics set sent_at = sent_at - interval '2 hours'")
        world.run("update private.live_tickets set used_at = '-infinity'")
        flush(world)
    after = dict(world.rows("select scope_id, seq from private.live_topics"))
    assert {after[scope] - before[scope] for scope in before} == {1}


def test_the_sum_of_all_messages_stays_within_the_setting(world: World, batches: list[Channel]) -> None:
    world.run("update private.settings set live_messages_per_s = 5, live_interval = '1 millisecond'")
    flush(world)
    time.sleep(1.1)
    began = time.monotonic()
    while time.monotonic() < began + 2.2:
        world.run("update public.generation_jobs set progress = (progress + 1) % 100")
        flush(world)
    assert 9 <= most_in_any(world, "2 seconds") <= 10
    assert most_in_any(world, "1 second") == 5


def most_in_any(world: World, time_span: str) -> int:
    """The most messages whose times lie within less than a span of each other, after the first five."""
    count: int = world.one(
        """
        select max(n) from (
          select count(*) over (order by at range between current row and %s::interval - interval '1 microsecond' following) as n
          from (select (payload ->> 'ts')::timestamptz as at from realtime.messages) as m
          where at > (select used_at - interval '3 seconds' from private.live_tickets order by used_at desc limit 1)
        ) as w
        """,
        time_span,
    )
    return count


def test_tickets_follow_the_setting(world: World) -> None:
    for wanted in (50, 2, 30):
        world.run("update private.settings set live_messages_per_s = %s", wanted)
        flush(world)
        assert world.one("select count(*) from private.live_tickets") == wanted
