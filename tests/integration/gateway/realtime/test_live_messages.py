"""supabase-js follows Cliprow's own topics while a batch is worked through, and catches up where it missed something."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import jwt
import psycopg
import pytest

from cliprow.queue.live_flush import FLUSH_S
from tests import people
from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient, js_client
from tests.sql.world import Person, Worker, World

PRIVATE = {"private": True}


@pytest.fixture
def world(gateway: Gateway) -> Iterator[World]:
    """The gateway's database."""
    with psycopg.connect(gateway.database.admin, autocommit=True) as admin:
        world = World(gateway.database, admin)
        yield world
        world.close()


@pytest.fixture
def js(gateway: Gateway) -> Iterator[JsClient]:
    with js_client(gateway.url, gateway.settings.publishable_key) as client:
        yield client


@pytest.fixture
def flushing(world: World) -> Iterator[None]:
    """A worker's flush."""
    ended = threading.Event()
    connection = world.connect(world.database.worker)

    def _flush() -> None:
        while not ended.wait(FLUSH_S):
            connection.execute("select private.flush_live()")

    thread = threading.Thread(target=_flush)
    thread.start()
    yield
    ended.set()
    thread.join()


@contextmanager
def invisible_commits(world: World) -> Iterator[None]:
    """What is committed is in the log, but nobody sees it before this is left: it awaits a standby that there is not."""
    with world.connect(world.database.superuser) as connection:
        connection.execute("alter system set synchronous_standby_names = 'nobody'")
        connection.execute("select pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("alter system reset synchronous_standby_names")
            connection.execute("select pg_reload_conf()")


def sign_up(gateway: Gateway) -> tuple[Person, str]:
    """An owner, and its token."""
    token = people.sign_up(gateway).access_token
    claims = jwt.decode(token, options={"verify_signature": False})
    return Person(UUID(claims["sub"]), UUID(claims["tenant_id"])), token


def fetch(gateway: Gateway, token: str, **arguments: object) -> dict[str, Any]:
    """What the client calls as `supabase.rpc('changed_since', arguments)`."""
    answer = people.request(gateway, "POST", "/rest/v1/rpc/changed_since", token=token, json=arguments)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def merge(known: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Keeps the higher version of each row."""
    for row in rows:
        if row["id"] not in known or row["version"] >= known[row["id"]]["version"]:
            known[row["id"]] = row


def told_unflushed(
    world: World, js: JsClient, person: Person, topic: str, change: Callable[[str], object]
) -> dict[str, Any]:
    """What a quiet topic is told of a change where nobody flushes.

    Telling waits for no lock, but leaves the change to the flush where another has one: so there are three tries.
    """
    for number in (1, 2, 3):
        time.sleep(2 * FLUSH_S)
        # What waited, if anything does, waits no longer.
        world.run("delete from public.realtime_outbox where tenant_id = %s", person.tenant_id)
        change(f"Changed {number}")
        if not world.one(
            "select count(*) from public.realtime_outbox where tenant_id = %s", person.tenant_id
        ):
            return js.wait(lambda event: event["saw"] == "broadcast" and event["topic"] == topic)
    raise AssertionError(
        "left to the flush each time: "
        + str(world.rows("select * from private.live_topics where tenant_id = %s", person.tenant_id))
    )


def test_a_batch_is_followed_to_its_end(gateway: Gateway, world: World, js: JsClient, flushing: None) -> None:
    person, token = sign_up(gateway)
    project = world.add_project(person)
    made = world.create_batch(person, project, 3)
    topic = f"batch:{made['batch_id']}:1"
    js.join(topic, token=token, config=PRIVATE)
    first = fetch(gateway, token, since="2000-01-01", batch_id=made["batch_id"])
    jobs: dict[str, dict[str, Any]] = {}
    merge(jobs, first["jobs"])
    assert {row["status"] for row in jobs.values()} == {"pending"}

    worker = Worker(world, slots=4)
    while (claimed := worker.take()) is not None:
        if claimed.verdict == "run":
            worker.report(claimed, 50)
            worker.complete(claimed)
    messages = []
    while {row["status"] for row in jobs.values()} != {"completed"}:
        message = js.wait("broadcast")
        messages.append(message)
        assert message["event"] == "changes"
        merge(jobs, message["payload"]["jobs"])
    worker.leave()

    assert [m["payload"]["prev_seq"] for m in messages[1:]] == [m["payload"]["seq"] for m in messages[:-1]]
    stored = world.rows(
        "select id::text, version from public.generation_jobs where batch_id = %s", made["batch_id"]
    )
    assert {(row["id"], row["version"]) for row in jobs.values()} == set(stored)
    assert {event["status"] for m in messages for event in m["payload"]["events"]} >= {
        "processing",
        "completed",
    }


def test_a_change_on_a_quiet_topic_needs_no_flush(gateway: Gateway, world: World, js: JsClient) -> None:
    person, token = sign_up(gateway)
    project = world.add_project(person)
    made = world.create_batch(person, project, 1)
    topic = f"tenant:{person.tenant_id}:1"
    js.join(topic, token=token, config=PRIVATE)
    message = told_unflushed(
        world,
        js,
        person,
        topic,
        lambda title: world.run(
            "update public.batches set title = %s where id = %s", title, made["batch_id"]
        ),
    )
    assert [row["title"][:7] for row in message["payload"]["batches"]] == ["Changed"]


def test_a_follower_hears_that_the_epoch_is_over_and_goes_on_with_the_next(
    gateway: Gateway, world: World, js: JsClient
) -> None:
    person, token = sign_up(gateway)
    removed, their_token = sign_up(gateway)
    world.run(
        "insert into public.memberships (tenant_id, user_id) values (%s, %s)",
        person.tenant_id,
        removed.user_id,
    )
    js.join(f"tenant:{person.tenant_id}:1", token=token, config=PRIVATE)
    with ThreadPoolExecutor(1) as elsewhere, invisible_commits(world):
        removal = elsewhere.submit(
            world.run,
            "delete from public.memberships where (tenant_id, user_id) = (%s, %s)",
            person.tenant_id,
            removed.user_id,
        )
        message = js.wait("broadcast")
        told = message["payload"]
        # Whoever fetches now learns nothing of it, so the message itself has to say it.
        seen = fetch(gateway, token, since=told["ts"])["tenant"]["epoch"]
        assert (message["event"], told["epoch"], seen, removal.done()) == ("resync", 2, 1, False)
    assert fetch(gateway, token, since=told["ts"])["tenant"]["epoch"] == 2
    topic = f"tenant:{person.tenant_id}:2"
    js.join(topic, token=token, config=PRIVATE)
    message = told_unflushed(
        world,
        js,
        person,
        topic,
        lambda name: world.run("update public.tenants set name = %s where id = %s", name, person.tenant_id),
    )
    assert [row["name"][:7] for row in message["payload"]["tenants"]] == ["Changed"]
    with js_client(gateway.url, gateway.settings.publishable_key) as other:
        other.do("join", topic=topic, token=their_token, config=PRIVATE)
        refused = other.wait(lambda event: event.get("status") == "CHANNEL_ERROR")
        assert "Unauthorized" in refused["error"]
