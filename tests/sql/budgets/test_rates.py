"""Providers are asked no more often than they may be, by all workers together, and left alone when they ask for it."""

from __future__ import annotations

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.budgets.calls import PROVIDER, announce, begin, defer
from tests.sql.world import Claimed, Person, Worker, World


def claimed_scripts(world: World, person: Person, worker: Worker, count: int) -> list[Claimed]:
    world.create_batch(person, world.add_project(person), count)
    return [worker.take_running(Stage.SCRIPT) for _ in range(count)]


def test_calls_beyond_the_rate_book_the_next_moments(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.one("select private.set_provider_rate_for_all(%s, 6)", PROVIDER)
    one, two = claimed_scripts(world, ann, worker, 2)
    (three,) = claimed_scripts(world, bob, worker, 1)
    assert begin(worker, one)["verdict"] == "call"
    second, third = begin(worker, two), begin(worker, three)
    assert 8 < second["wait_s"] <= 10 < 18 < third["wait_s"] <= 20, "of all tenants together"
    assert begin(worker, two)["wait_s"] <= second["wait_s"], "booked once, however often it asks"
    defer(worker, two, second["wait_s"])
    failures, attempts, is_later = world.rows(
        "select failure_count + lost_count, (select count(*) from public.task_attempts as a where a.task_id = t.id and a.status = 'handed_back'),"
        " run_at > now() from public.stage_tasks as t where id = %s",
        two.task_id,
    )[0]
    assert (failures, attempts, is_later) == (0, 1, True)
    world.run("update public.provider_calls set not_before = now() where not_before is not null")
    world.run("update public.stage_tasks set run_at = now() where run_at is not null")
    world.tick()
    assert begin(worker, worker.take_running(Stage.SCRIPT))["verdict"] == "call", "its turn was booked"


def test_tokens_count_too_and_are_corrected_afterwards(world: World, ann: Person, worker: Worker) -> None:
    world.call(ann, "set_provider_rate", PROVIDER, None, 6000)
    one, two, three = claimed_scripts(world, ann, worker, 3)
    key = begin(worker, one, tokens=5000)["idempotency_key"]
    wait_s = begin(worker, two, tokens=500)["wait_s"]
    assert 40 < wait_s <= 45, "a bucket of a thousand, which one call of five thousand may empty"
    worker.connection.execute(
        """select private.keep_provider_call(%s, '{"usage": {"input_tokens": 1000, "output_tokens": 0}, "response": ""}')""",
        [key],
    )
    assert begin(worker, three, tokens=100)["wait_s"] < 10, "four thousand were not needed"


def test_a_tenants_own_rate_holds_for_it_alone(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.call(ann, "set_provider_rate", PROVIDER, 1)
    first, second = claimed_scripts(world, ann, worker, 2)
    others = claimed_scripts(world, bob, worker, 2)
    assert begin(worker, first)["verdict"] == "call"
    assert begin(worker, second)["verdict"] == "wait"
    assert [begin(worker, each)["verdict"] for each in others] == ["call", "call"]
    assert [r["is_own"] for r in world.ask(ann, "select public.list_provider_rates()")] == [True]
    assert world.ask(bob, "select public.list_provider_rates()") == []
    with pytest.raises(psycopg.DatabaseError) as refused:
        world.call(world.add_member(ann, "editor"), "set_provider_rate", PROVIDER, 1)
    assert refused.value.sqlstate == "CR003"
    with pytest.raises(psycopg.DatabaseError) as refused:
        world.call(ann, "set_provider_rate", PROVIDER, 0)
    assert refused.value.sqlstate == "CR001"
    world.call(ann, "set_provider_rate", PROVIDER)
    assert [begin(worker, each)["verdict"] for each in claimed_scripts(world, ann, worker, 3)] == ["call"] * 3


def test_retry_after_closes_a_provider_for_everybody(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    announce(worker)
    (one,) = claimed_scripts(world, ann, worker, 1)
    (two,) = claimed_scripts(world, bob, worker, 1)
    key = begin(worker, one)["idempotency_key"]
    worker.connection.execute("select private.fail_provider_call(%s, 120)", [key])
    wait_s = begin(worker, two)["wait_s"]
    assert 110 < wait_s <= 120
    world.create_batch(bob, world.add_project(bob))
    assert worker.take(Stage.SCRIPT) is None, "nothing more is released of the stage"
    assert world.ask(bob, "select public.list_provider_rates()")[0]["closed_until"] is not None
    world.run("update private.provider_rates set closed_until = now()")
    world.tick()
    assert begin(worker, worker.take_running(Stage.SCRIPT))["verdict"] == "call"


def test_retry_after_of_a_tenants_own_key_closes_the_provider_for_it_alone(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    announce(worker)
    one, again = claimed_scripts(world, ann, worker, 2)
    (two,) = claimed_scripts(world, bob, worker, 1)
    key = begin(worker, one)["idempotency_key"]
    worker.connection.execute("select private.fail_provider_call(%s, 120, true)", [key])
    assert 110 < begin(worker, again)["wait_s"] <= 120
    assert begin(worker, two)["verdict"] == "call"
    claimed_scripts(world, bob, worker, 1)  # released as before
    assert world.ask(ann, "select public.list_provider_rates()")[0]["is_own"]
    assert world.ask(bob, "select public.list_provider_rates()") == []


def test_a_stage_that_is_booked_up_is_not_released(world: World, ann: Person, worker: Worker) -> None:
    """So that urgent work does not stand behind all that has booked before it."""
    announce(worker)
    world.one("select private.set_provider_rate_for_all(%s, 6)", PROVIDER)
    for each in claimed_scripts(world, ann, worker, 4):
        begin(worker, each)
    world.create_batch(ann, world.add_project(ann))
    assert worker.take(Stage.SCRIPT) is None
    announce(worker, "extractive")
    world.tick()
    assert worker.take(Stage.SCRIPT) is not None, "another provider runs it now"
