"""append_topics: a batch that takes more topics than one call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _chunk(first: int, count: int) -> Jsonb:
    return Jsonb([{"topic": f"Topic {n}", "platforms": ["youtube"]} for n in range(first, first + count)])


def _begin(world: World, ann: Person, count: int = 2) -> UUID:
    made = world.create_batch(ann, world.add_project(ann), _chunk(1, count).obj, is_filling=True)
    assert (made["topic_count"], made["is_filling"]) == (count, True)
    return UUID(made["batch_id"])


def _append(
    world: World, person: Person, batch: UUID, first: int, topics: Jsonb, is_last: bool = False
) -> Any:
    return world.call(person, "append_topics", batch, first, topics, is_last)


def test_chunks_follow_each_other_and_the_last_one_ends_the_filling(
    world: World, ann: Person, worker: Worker
) -> None:
    batch = _begin(world, ann)
    filled = _append(world, ann, batch, 3, _chunk(3, 3))
    assert filled == {
        "batch_id": str(batch), "topic_count": 5, "job_count": 5, "is_filling": True, "is_new": True
    }  # fmt: skip
    filled = _append(world, ann, batch, 6, _chunk(6, 1), is_last=True)
    assert (filled["topic_count"], filled["is_filling"]) == (6, False)
    assert world.rows("select position, topic from public.generation_jobs order by position") == [
        (n, f"Topic {n}") for n in range(1, 7)
    ]
    worker.work()
    assert world.rows("select status, completed_count from public.batches") == [("completed", 6)]
    assert_sound(world)


def test_a_chunk_sent_twice_makes_nothing_twice(world: World, ann: Person) -> None:
    batch = _begin(world, ann)
    first = _append(world, ann, batch, 3, _chunk(3, 3), is_last=True)
    assert _append(world, ann, batch, 3, _chunk(3, 3), is_last=True) == {**first, "is_new": False}
    assert _append(world, ann, batch, 1, _chunk(1, 2))["is_new"] is False
    assert world.one("select count(*) from public.generation_jobs") == 5
    assert_sound(world)


def test_a_batch_that_is_being_filled_does_not_end(world: World, ann: Person, worker: Worker) -> None:
    batch = _begin(world, ann)
    worker.work()
    assert world.rows("select status, completed_count from public.batches") == [("processing", 2)]
    _append(world, ann, batch, 3, Jsonb([]), is_last=True)
    assert world.rows("select status from public.batches") == [("completed",)]
    assert_sound(world)


def test_a_batch_is_filled_while_its_first_jobs_run(world: World, ann: Person, worker: Worker) -> None:
    batch = _begin(world, ann)
    running = worker.take_running()
    _append(world, ann, batch, 3, _chunk(3, 1), is_last=True)
    worker.complete(running)
    worker.work()
    assert world.rows("select status, job_count from public.batches") == [("completed", 3)]
    assert_sound(world)


@pytest.mark.parametrize(
    ("first", "topics", "reason"),
    [
        (4, _chunk(4, 1), "the next chunk begins at 3"),
        (2, _chunk(2, 2), "the next chunk begins at 3"),
        (0, _chunk(0, 1), "the next chunk begins at 3"),
        (1, _chunk(2, 1), "other topics at these places"),
    ],
    ids=["gap", "overlap", "zero", "others"],
)
def test_what_does_not_follow_is_refused(
    world: World, ann: Person, first: int, topics: Jsonb, reason: str
) -> None:
    batch = _begin(world, ann)
    with pytest.raises(psycopg.Error, match=reason) as refused:
        _append(world, ann, batch, first, topics)
    assert refused.value.sqlstate == "CR004"
    assert world.one("select count(*) from public.generation_jobs") == 2


def test_a_batch_that_is_complete_takes_no_more(world: World, ann: Person) -> None:
    made = world.create_batch(ann, world.add_project(ann), 1)
    with pytest.raises(psycopg.Error, match="not being filled any more") as refused:
        _append(world, ann, UUID(made["batch_id"]), 2, _chunk(2, 1))
    assert refused.value.sqlstate == "CR004"


def test_bad_topics_are_named_and_nothing_is_added(world: World, ann: Person) -> None:
    batch = _begin(world, ann)
    with pytest.raises(psycopg.Error) as refused:
        _append(world, ann, batch, 3, Jsonb([{"topic": "", "platforms": ["youtube"]}]))
    assert refused.value.sqlstate == "CR001"
    assert "is missing or empty" in str(refused.value.diag.message_detail)


def test_others_cannot_add_to_it(world: World, ann: Person, bob: Person) -> None:
    batch = _begin(world, ann)
    for person, code in ((bob, "CR002"), (world.add_member(ann, "viewer"), "CR003")):
        with pytest.raises(psycopg.Error) as refused:
            _append(world, person, batch, 3, _chunk(3, 1))
        assert refused.value.sqlstate == code


def test_a_withdrawn_batch_takes_no_more(world: World, ann: Person, worker: Worker) -> None:
    batch = _begin(world, ann)
    worker.work()
    world.call(ann, "cancel_batch", batch)
    assert world.rows("select status, is_filling from public.batches") == [("completed", False)]
    other = _begin(world, ann)
    world.call(ann, "cancel_batch", other)
    assert world.rows("select status, is_filling from public.batches where id = %s", other) == [
        ("cancelled", False)
    ]
    with pytest.raises(psycopg.Error, match="is cancelled, and not being filled"):
        _append(world, ann, other, 3, _chunk(3, 1))
    assert_sound(world)
