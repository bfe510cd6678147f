"""What waits to be looked at is told: each video, and once its batch, when no other comes to that by itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

TOPICS = ("Tea", "Milk", "Rum")


@pytest.fixture
def hook(world: World, ann: Person, bob: Person) -> UUID:
    """Ann's; Bob has one too, who is never told anything."""
    wanted = Jsonb({"url": "https://example.org/hook", "events": ["batch.waiting", "job.waiting"]})
    world.call(bob, "create_webhook", wanted)
    return UUID(world.call(ann, "create_webhook", wanted)["id"])


def _batch(world: World, ann: Person, topics: Any = TOPICS, **options: Any) -> UUID:
    made = world.create_batch(ann, world.add_project(ann), list(topics), pause_after=Stage.SCRIPT, **options)
    return UUID(made["batch_id"])


def _jobs(world: World, batch: UUID) -> list[UUID]:
    found = world.rows("select id from public.generation_jobs where batch_id = %s order by position", batch)
    return [row[0] for row in found]


def _told(world: World, hook: UUID) -> list[dict[str, Any]]:
    """What the webhook was told since it was asked last, in order."""
    found = world.rows(
        "delete from private.webhook_deliveries where webhook_id = %s returning id, payload", hook
    )
    assert world.one("select count(*) from private.webhook_deliveries") == 0
    return [payload for _, payload in sorted(found)]


def _events(world: World, hook: UUID) -> list[str]:
    return [each["type"] for each in _told(world, hook)]


def test_each_video_is_told_and_the_batch_once_with_the_last(
    world: World, ann: Person, worker: Worker, hook: UUID
) -> None:
    batch = _batch(world, ann)
    first, second, third = (worker.take_running(Stage.SCRIPT) for _ in TOPICS)
    worker.complete(first)
    [told] = _told(world, hook)
    assert told["type"] == "job.waiting"
    assert (told["data"]["id"], told["data"]["paused_after"]) == (str(first.job_id), Stage.SCRIPT)
    assert told["data"]["status"] == "processing"
    assert world.one("select waiting_at from public.batches") is None
    worker.complete(second)
    assert _events(world, hook) == ["job.waiting"]
    worker.complete(third)
    job, told = sorted(_told(world, hook), key=lambda each: str(each["type"]), reverse=True)
    assert (job["type"], told["type"]) == ("job.waiting", "batch.waiting")
    assert (told["data"]["id"], told["data"]["waiting_count"]) == (str(batch), 3)
    waiting_at = world.one("select waiting_at from public.batches")
    assert waiting_at is not None
    live = world.ask(ann, "select private.live_batch(b) from public.batches as b")
    assert live["waiting_at"] == told["data"]["waiting_at"]
    assert_sound(world)
    for job_id in _jobs(world, batch):
        world.call(ann, "resume_job", job_id)
        worker.work()
    assert _events(world, hook) == [], "who looks at them one by one knows of the others"
    assert world.one("select waiting_at from public.batches") == waiting_at


def test_a_video_that_fails_or_is_withdrawn_instead_may_be_the_last(
    world: World, ann: Person, worker: Worker, hook: UUID
) -> None:
    for end, topics in {"fail": ("Tea", "Milk"), "cancel": ("Rum", "Soda")}.items():
        batch = _batch(world, ann, topics)
        first, second = (worker.take_running(Stage.SCRIPT) for _ in range(2))
        worker.complete(first)
        assert _events(world, hook) == ["job.waiting"]
        if end == "fail":
            worker.fail(second)
        else:
            world.call(ann, "cancel_job", second.job_id)
        [told] = _told(world, hook)
        assert (told["type"], told["data"]["waiting_count"]) == ("batch.waiting", 1)
        world.call(ann, "cancel_batch", batch)
        assert _events(world, hook) == []


def test_a_batch_of_which_none_waits_is_not_told(
    world: World, ann: Person, worker: Worker, hook: UUID
) -> None:
    _batch(world, ann, TOPICS[:2])
    for _ in range(2):
        worker.fail(worker.take_running(Stage.SCRIPT))
    assert _events(world, hook) == []
    world.create_batch(ann, world.add_project(ann, "B"), ["Tea"])
    worker.work()
    assert _events(world, hook) == []


def test_what_is_done_again_is_told_again(world: World, ann: Person, worker: Worker, hook: UUID) -> None:
    batch = _batch(world, ann, TOPICS[:2])
    worker.work()
    assert sorted(_events(world, hook)) == ["batch.waiting", "job.waiting", "job.waiting"]
    world.retry_job(ann, _jobs(world, batch)[0], Stage.SCRIPT)
    assert _events(world, hook) == []
    worker.work()
    assert sorted(_events(world, hook)) == ["batch.waiting", "job.waiting"]


def test_what_somebody_has_paused_or_waits_for_another_keeps_nobody_waiting(
    world: World, ann: Person, worker: Worker, hook: UUID
) -> None:
    third = {"topic": "Rum", "platforms": ["youtube"], "after_rows": [1]}
    batch = _batch(world, ann, ["Tea", "Milk", third])
    tea, milk, rum = _jobs(world, batch)
    world.call(ann, "pause_job", milk)
    worker.work()
    assert sorted(_events(world, hook)) == ["batch.waiting", "job.waiting"]
    world.call(ann, "resume_job", milk)
    world.call(ann, "resume_job", tea)
    worker.work()
    world.tick()
    worker.work()
    assert sorted(_events(world, hook)) == ["batch.waiting", "batch.waiting", "job.waiting", "job.waiting"]
    assert world.one("select paused_after from public.generation_jobs where id = %s", rum) == Stage.SCRIPT


def test_a_batch_to_which_more_is_to_come_is_told_when_it_has_all(
    world: World, ann: Person, worker: Worker, hook: UUID
) -> None:
    one = {"topic": "Tea", "platforms": ["youtube"]}
    batch = _batch(world, ann, [one], is_filling=True)
    worker.work()
    assert _events(world, hook) == ["job.waiting"]
    world.call(ann, "append_topics", batch, 2, Jsonb([{**one, "topic": "Milk"}]), False)
    worker.work()
    assert _events(world, hook) == ["job.waiting"]
    world.call(ann, "append_topics", batch, 3, Jsonb([]), True)
    [told] = _told(world, hook)
    assert (told["type"], told["data"]["waiting_count"]) == ("batch.waiting", 2)
