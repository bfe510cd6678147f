"""A provider that costs, and calls of it as a worker makes them."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from tests.sql.world import Claimed, Person, Worker, World

PROVIDER, MODEL = "openai", "writer-1"
REQUEST = "a" * 64
USAGE = {"input_tokens": 1000, "output_tokens": 500}


def set_up(world: World, worker: Worker, person: Person, *, amount: float = 2) -> None:
    """Scripts come from the provider, and a call of it costs the person's tenant so much."""
    announce(worker)
    world.call(person, "set_price", PROVIDER, "call", amount)


def announce(worker: Worker, provider: str = PROVIDER) -> None:
    said = [{"stage": "script_generation", "provider": provider, "model": MODEL}]
    worker.connection.execute("select private.announce_providers(%s)", [Jsonb(said)])


def begin(worker: Worker, claimed: Claimed, request: str = REQUEST, tokens: int = 0) -> dict[str, Any]:
    call = {"provider": PROVIDER, "model": MODEL, "request_hash": request, "expected_tokens": tokens}
    row = worker.connection.execute(
        "select private.begin_provider_call(%s, %s, %s, %s)",
        [claimed.job_id, claimed.task_id, claimed.attempt_id, Jsonb(call)],
    ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row[0]
    return answer


def keep(worker: Worker, key: str, response: str = "an answer") -> None:
    answer = {"request_id": "req-1", "usage": USAGE, "response": response}
    worker.connection.execute("select private.keep_provider_call(%s, %s)", [key, Jsonb(answer)])


def pay(worker: Worker, claimed: Claimed, request: str = REQUEST) -> None:
    """One call, asked for and kept."""
    begun = begin(worker, claimed, request)
    assert begun["verdict"] == "call", begun
    keep(worker, begun["idempotency_key"])


def defer(worker: Worker, claimed: Claimed, wait_s: float) -> None:
    error = {"error_code": "PROVIDER_RATE_LIMITED", "message": "It waits.", "next_step": ""}
    worker.connection.execute(
        "select private.defer_task(%s, %s, %s, %s, %s)",
        [claimed.job_id, claimed.task_id, claimed.attempt_id, wait_s, Jsonb(error)],
    )
    worker.finish_entry(claimed.entry_id)
