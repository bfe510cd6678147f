"""Webhooks: what has ended is told, to those who asked for it, until it is heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

HOOK: dict[str, object] = {"url": "https://example.org/hook", "events": ["batch.ended", "job.ended"]}


def _hook(world: World, person: Person, **different: object) -> UUID:
    return UUID(world.call(person, "create_webhook", Jsonb({**HOOK, **different}))["id"])


def _told(world: World, person: Person, *arguments: object) -> list[dict[str, Any]]:
    found: Any = world.call(person, "list_webhook_deliveries", *arguments)
    return list(found)


def _take(world: World, worker: Worker, limit: int = 100) -> list[dict[str, Any]]:
    row = worker.connection.execute("select private.take_deliveries(%s)", [limit]).fetchone()
    assert row is not None
    taken: list[dict[str, Any]] = row[0]["deliveries"]
    return taken


def _settle(worker: Worker, delivery: dict[str, Any], status: int | None, after: float | None = None) -> str:
    row = worker.connection.execute(
        "select private.settle_delivery(%s, %s, %s, %s)",
        [delivery["id"], status, f"It answered {status}.", after],
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_ends_are_told_in_the_transaction_of_the_end_to_who_asked(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    both, jobs = _hook(world, ann), _hook(world, ann, events=["job.ended"], url="https://example.org/jobs")
    _hook(world, bob)
    _hook(world, ann, is_active=False)
    batch = world.create_batch(ann, world.add_project(ann), ["Tea", "Milk"])["batch_id"]
    worker.fail(worker.take_running())
    assert [each["url"] for each in _take(world, worker)] == [
        "https://example.org/hook",
        "https://example.org/jobs",
    ]
    with world.admin.transaction(force_rollback=True):
        world.call(ann, "cancel_batch", batch)
    worker.work()
    taken = _take(world, worker)
    assert len(taken) == 3
    [told] = [each for each in taken if '"batch.ended"' in each["payload"]]
    listed = _told(world, ann, both)
    assert len(listed) == 3
    assert [each["payload"]["data"]["status"] for each in listed if each["id"] == told["id"]] == ["partial"]
    assert [each["payload"]["type"] for each in _told(world, ann, jobs)] == ["job.ended"] * 2
    assert len(told["secrets"]) == 1
    assert told["secrets"][0].startswith("whsec_")
    assert _take(world, worker) == []
    assert_sound(world)


def test_what_fails_is_told_again_later_and_given_up_at_last(
    world: World, ann: Person, worker: Worker
) -> None:
    hook = _hook(world, ann)
    for _ in range(6):
        world.call(ann, "test_webhook", hook)
    first, *rest = _take(world, worker)
    assert len(rest) == 3, "a few at a time"
    assert _settle(worker, first, 500) == "pending"
    for each in rest:
        _settle(worker, each, None)
    assert _take(world, worker) == [], "one that fails is left alone for a while"

    def _pass() -> None:
        world.run("update private.webhook_senders set next_at = now() where next_at is not null")
        world.run(
            "update private.webhook_deliveries set next_at = now() where status = 'pending' and id = %s",
            first["id"],
        )
        world.run(
            "update private.webhook_deliveries set next_at = now() + interval '1 day' where id <> %s",
            first["id"],
        )

    for attempt in range(2, 11):
        _pass()
        [again] = _take(world, worker)
        assert (again["id"], again["payload"]) == (first["id"], first["payload"])
        assert _settle(worker, again, 503, 7200) == ("dead" if attempt == 10 else "pending")
        if attempt == 2:
            assert world.one(
                "select next_at > now() + interval '119 minutes' from private.webhook_deliveries where id = %s",
                first["id"],
            )
    assert _settle(worker, first, 200) == "settled"
    assert world.call(ann, "redeliver", hook, first["id"])["deliveries"] == 1
    [again] = _take(world, worker)
    assert _settle(worker, again, 204) == "delivered"
    assert world.one("select failure_count from private.webhook_senders") == 0
    assert [each["status"] for each in _told(world, ann, hook, "delivered")] == ["delivered"]


def test_what_was_taken_by_one_who_died_is_given_out_again(world: World, ann: Person, worker: Worker) -> None:
    world.call(ann, "test_webhook", _hook(world, ann))
    [first] = _take(world, worker)
    world.run("update private.webhook_deliveries set next_at = now()")
    world.run("update private.webhook_senders set next_at = now()")
    assert _take(world, worker) == [first]


def test_one_that_is_gone_is_switched_off_and_can_be_switched_on_again(
    world: World, ann: Person, worker: Worker
) -> None:
    hook = _hook(world, ann)
    for _ in range(2):
        world.call(ann, "test_webhook", hook)
    for each in _take(world, worker)[:1]:
        assert _settle(worker, each, 410) == "dead"
    assert world.rows("select is_active, disabled_reason from public.webhooks") == [
        (False, "Its server answered 410: it is gone.")
    ]
    with pytest.raises(psycopg.Error, match="switched off"):
        world.call(ann, "redeliver", hook)
    told = world.call(ann, "change_webhook", hook, Jsonb({"is_active": True}))
    assert (told["is_active"], told["disabled_reason"]) == (True, None)
    assert world.call(ann, "redeliver", hook)["deliveries"] == 2
    assert len(_take(world, worker)) == 2


def test_a_secret_is_told_once_and_the_old_one_signs_for_a_day(
    world: World, ann: Person, worker: Worker
) -> None:
    made = world.call(ann, "create_webhook", Jsonb(HOOK))
    rotated = world.call(ann, "rotate_webhook_secret", made["id"])["secret"]
    assert rotated != made["secret"]
    assert "secret" not in world.call(ann, "change_webhook", made["id"], Jsonb({"description": "Mine"}))
    world.call(ann, "test_webhook", made["id"])
    [delivery] = _take(world, worker)
    assert delivery["secrets"] == [rotated, made["secret"]]


def test_an_event_that_commits_while_the_sender_counts_is_not_lost(
    world: World, ann: Person, worker: Worker
) -> None:
    hook = _hook(world, ann)
    world.call(ann, "test_webhook", hook)
    other = world.connect()
    with other.transaction():
        world.call(ann, "test_webhook", hook, on=other)
        assert _take(world, worker) == [], "its row is locked"
    assert len(_take(world, worker)) == 2


def test_only_admins_and_only_good_addresses(world: World, ann: Person, bob: Person) -> None:
    hook = _hook(world, ann)
    for field, value in (
        ("url", "http://example.org"), ("url", "https://ann:secret@example.org"), ("url", "ftp://example.org"),
        ("url", "https://example.org/#x"), ("url", None), ("events", []), ("events", ["job.began"]), ("colour", "red"),
        ("description", "x" * 201), ("is_active", "yes"),
    ):  # fmt: skip
        with pytest.raises(psycopg.Error) as refused:
            _hook(world, ann, **{field: value})
        assert refused.value.sqlstate == "CR001"
        assert f'"field": "{field}"' in (refused.value.diag.message_detail or "")
    world.run("update private.settings set private_callbacks = true")
    _hook(world, ann, url="http://127.0.0.1:9000/hook")
    for person, code in {bob: "CR002", world.add_member(ann, "editor"): "CR003"}.items():
        for function, *arguments in (
            ("change_webhook", Jsonb({})), ("delete_webhook",), ("rotate_webhook_secret",), ("test_webhook",),
            ("list_webhook_deliveries",), ("redeliver",),
        ):  # fmt: skip
            with pytest.raises(psycopg.Error) as refused:
                world.call(person, function, hook, *arguments)
            assert refused.value.sqlstate == code
    world.call(ann, "delete_webhook", hook)
    assert world.one("select count(*) from public.webhooks") == 1
