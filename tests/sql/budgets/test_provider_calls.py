"""A call of a provider is kept with what it took and cost, and a retry finds its answer instead of paying again."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from cliprow.errors import StaleToken
from cliprow.models import Stage
from tests.sql.budgets.calls import MODEL, PROVIDER, begin, keep, pay, set_up
from tests.sql.world import Person, Worker, World


def test_a_retry_gets_the_answer_that_was_paid(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    set_up(world, worker, ann)
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), ["The same topic"])
    first, others = worker.take_running(Stage.SCRIPT), worker.take_running(Stage.SCRIPT)
    begun = begin(worker, first)
    assert begun["verdict"] == "call"
    assert begin(worker, first)["idempotency_key"] == begun["idempotency_key"], "in doubt: the same call"
    keep(worker, begun["idempotency_key"], "paid")
    keep(worker, begun["idempotency_key"], "said twice")
    worker.fail(first, retriable=True)
    world.run("update public.stage_tasks set run_at = now() where run_at is not null")
    world.tick()
    again = worker.take_running(Stage.SCRIPT)
    assert (again.task_id, again.attempt_id) != (first.task_id, first.attempt_id)
    assert begin(worker, again) == {
        "verdict": "kept", "idempotency_key": begun["idempotency_key"], "response": "paid",
    }  # fmt: skip
    told = begin(worker, others)
    assert told["verdict"] == "call" and told["idempotency_key"] != begun["idempotency_key"]
    assert world.one("select count(*) from public.cost_totals where amount = 2") == 3


def test_a_call_that_was_refused_or_of_no_use_is_made_anew(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running(Stage.SCRIPT)
    first = begin(worker, claimed)["idempotency_key"]
    worker.connection.execute("select private.fail_provider_call(%s)", [first])
    second = begin(worker, claimed)["idempotency_key"]
    keep(worker, second)
    worker.connection.execute("select private.discard_provider_calls(%s)", [[second]])
    third = begin(worker, claimed)
    assert third["verdict"] == "call"
    assert len({first, second, third["idempotency_key"]}) == 3
    keep(worker, third["idempotency_key"])
    assert world.rows("select status, cost from public.provider_calls order by number") == [
        ("failed", 0), ("discarded", 2), ("kept", 2),
    ]  # fmt: skip


def test_a_script_that_is_wanted_anew_is_paid_anew(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running(Stage.SCRIPT)
    pay(worker, claimed)
    worker.complete(claimed)
    worker.work()
    world.retry_job(ann, claimed.job_id, Stage.SCRIPT)
    assert begin(worker, worker.take_running(Stage.SCRIPT))["verdict"] == "call"


def test_an_answer_is_kept_also_when_the_task_was_taken_away(
    world: World, ann: Person, worker: Worker
) -> None:
    set_up(world, worker, ann)
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running(Stage.SCRIPT)
    begun = begin(worker, claimed)
    worker.hand_back(claimed)
    with pytest.raises(psycopg.DatabaseError) as refused:
        begin(worker, claimed)
    assert refused.value.sqlstate == "CR005", StaleToken
    keep(worker, begun["idempotency_key"])
    assert world.one("select cost from public.task_attempts where id = %s", claimed.attempt_id) == 2
    assert begin(worker, worker.take_running(Stage.SCRIPT))["verdict"] == "kept"


def test_what_was_paid_is_added_up(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.call(ann, "set_price", PROVIDER, "1k_input_tokens", Decimal("0.5"))
    world.call(ann, "set_price", PROVIDER, "1k_output_tokens", 3)
    world.call(ann, "set_price", PROVIDER, "1k_output_tokens", 4, MODEL)
    project = world.add_project(ann)
    made = world.create_batch(ann, project, 2)
    for _ in range(2):
        claimed = worker.take_running(Stage.SCRIPT)
        pay(worker, claimed)
        worker.complete(claimed)
    for scope, key, expected in (
        ("tenant", None, 9),
        ("project", project, 9),
        ("batch", made["batch_id"], 9),
        ("job", claimed.job_id, 4.5),
    ):
        (cost,) = world.call(ann, "list_costs", scope, key)["costs"]
        assert (cost["amount"], cost["currency"]) == (expected, "USD"), scope
        assert scope == "job" or (cost["call_count"], cost["input_tokens"]) == (2, 2000)
        assert world.call(bob, "list_costs", scope, key)["costs"] == []
    assert world.one("select sum(cost) from public.task_attempts") == 9


def test_prices_per_task_replace_those_of_the_provider(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    set_up(world, worker, ann)
    world.run(
        """update public.tenants set settings = '{"prices": {"currency": "EUR", "script_generation": 0.1, "video_generation": "x"}}'
        where id = %s""",
        ann.tenant_id,
    )
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), ["Equal", "Equal"])
    claimed = worker.take_running(Stage.SCRIPT)
    pay(worker, claimed)
    worker.complete(claimed)
    worker.work()
    (cost,) = world.call(ann, "list_costs")["costs"]
    assert (cost["amount"], cost["currency"], cost["task_count"]) == (0.1, "EUR", 1), "reused costs nothing"
    assert (
        world.one("select cost::text from public.task_attempts where id = %s", claimed.attempt_id)
        == "0.100000000"
    )
    assert world.call(bob, "list_costs")["costs"] == []


def test_who_sets_prices_and_how(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.one("select private.set_price_for_all('openai', 'call', 1, p_currency => 'EUR')")
    own = [p for p in world.call(ann, "list_prices")["prices"] if p["provider"] == PROVIDER]
    assert {(p["amount"], p["is_own"]) for p in own} == {(2, True), (1, False)}
    assert world.call(bob, "list_prices")["currency"] == "EUR"
    scripts = world.call(bob, "list_prices")["stages"][0]
    assert scripts == {
        "stage": "script_generation", "provider": PROVIDER, "model": MODEL, "per_task": None, "does_cost": True,
    }  # fmt: skip
    world.call(ann, "set_price", PROVIDER, "call", None)
    assert [p["is_own"] for p in world.call(ann, "list_prices")["prices"] if p["provider"] == PROVIDER] == [
        False
    ]
    for arguments, code in (
        (("OpenAI!", "call", 1), "CR001"),
        ((PROVIDER, "word", 1), "CR001"),
        ((PROVIDER, "call", -1), "CR001"),
        ((PROVIDER, "call", 1, "", "euro"), "CR001"),
    ):
        with pytest.raises(psycopg.DatabaseError) as refused:
            world.call(ann, "set_price", *arguments)
        assert refused.value.sqlstate == code
    with pytest.raises(psycopg.DatabaseError) as refused:
        world.call(world.add_member(ann, "editor"), "set_price", PROVIDER, "call", 1)
    assert refused.value.sqlstate == "CR003"
    world.call(ann, "set_price", PROVIDER, "call", 1)
    with pytest.raises(psycopg.DatabaseError) as refused:
        world.call(ann, "set_price", PROVIDER, "second", 1, "", "EUR")
    assert refused.value.sqlstate == "CR004", "one currency for all prices of a provider"


def test_what_a_batch_will_cost_is_told_before(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    assert world.create_batch(bob, world.add_project(bob))["expected_cost"] == {
        "currency": "USD", "amount": 0, "stages": {},
    }  # fmt: skip
    set_up(world, worker, ann)
    project = world.add_project(ann)
    made = world.create_batch(ann, project, 3)
    assert made["expected_cost"] == {"currency": "USD", "amount": 6, "stages": {"script_generation": 6}}
    world.call(ann, "set_price", PROVIDER, "1k_input_tokens", 1)
    for _ in range(5):
        world.create_batch(ann, project)
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        pay(worker, claimed)
        worker.complete(claimed)
    measured = world.create_batch(ann, project, 3)["expected_cost"]
    assert measured["stages"] == {"script_generation": 9}, "three dollars each, as the last ones"
