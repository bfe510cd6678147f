"""What a provider was paid for is not paid again, whatever dies; and it is left alone when it asks for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cliprow import batches
from cliprow.account import Account, open_local_account
from cliprow.models import Stage
from cliprow.providers.paid import providers_in_use
from cliprow.queue.calls import QueueCalls
from cliprow.queue.frames import CallMade
from cliprow.queue.slot import Slot
from cliprow.queue.task_run import TaskRunner
from tests.cluster import Database
from tests.folder_storage import FolderStorage
from tests.unit.providers.chat_server import Answer, ChatServer, chat_server
from tests.unit.providers.test_script_openai import SCRIPT

_ANSWER = {
    "id": "chat-1",
    "choices": [{"message": {"role": "assistant", "content": json.dumps(SCRIPT)}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 400, "completion_tokens": 600},
}
_GOOD = Answer(json.dumps(_ANSWER).encode(), headers={"x-request-id": "req-7"})


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    account = open_local_account(database.admin)
    project = batches.find_or_create_project(account, "Channel")
    topics: list[dict[str, object]] = [
        {"topic": topic, "platforms": ["youtube"]}
        for topic in ("Why the sky is blue", "Why the sea is salty")
    ]
    batches.create_batch(account, project, topics)
    yield account
    account.connection.close()


def settings(server: ChatServer) -> dict[str, str]:
    return {"script.provider": "openai", "script.base_url": server.url, "script.model": "tiny"}


def look(database: Database, statement: str) -> list[Any]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


async def _working(
    database: Database, server: ChatServer, work: Callable[..., Awaitable[None]], tmp: Path
) -> None:
    calls = QueueCalls(database.worker, uuid.UUID(int=1))
    slot = Slot(settings(server), 2**30)
    await calls.open()
    try:
        await calls.register(list(Stage), 2, "0")
        await calls.announce(providers_in_use(settings(server)))
        await slot.start()
        await work(calls, slot, TaskRunner(calls, FolderStorage(tmp / "media"), tmp))
    finally:
        await slot.stop()
        await calls.close()


async def run_next(database: Database, calls: QueueCalls, slot: Slot, runner: TaskRunner) -> None:
    """The next script that was released."""
    job_id, task_id, entry_id = look(
        database,
        "select job_id, id, entry_id from stage_tasks where status = 'queued' order by job_id limit 1",
    )[0]
    await runner.run(slot, await calls.claim(job_id, task_id, entry_id, "1"))


def test_a_call_that_was_paid_is_not_paid_again_when_the_child_dies(
    database: Database, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(database, "select private.set_price_for_all('openai', '1k_output_tokens', 5)")

    async def scenario(calls: QueueCalls, slot: Slot, runner: TaskRunner) -> None:
        keep = calls.keep_call

        async def keep_and_kill(call: CallMade) -> None:
            await keep(call)
            assert slot._process is not None
            os.killpg(slot._process.pid, signal.SIGKILL)

        monkeypatch.setattr(calls, "keep_call", keep_and_kill)
        await run_next(database, calls, slot, runner)
        monkeypatch.setattr(calls, "keep_call", keep)
        first = "(select min(job_id::text)::uuid from stage_tasks)"
        assert look(database, f"select status, error_code from stage_tasks where job_id = {first}") == [
            ("pending", "CHILD_DIED")
        ]
        look(database, "update stage_tasks set run_at = null where run_at is not null returning 1")
        look(database, "select private.release()")
        await run_next(database, calls, slot, runner)

    with chat_server(_GOOD) as server:
        asyncio.run(_working(database, server, scenario, tmp_path))
        assert len(server.requests) == 1
    assert look(
        database,
        "select status, request_id, reuse_count, usage ->> 'output_tokens', cost::float8, idempotency_key"
        " from provider_calls",
    ) == [("kept", "req-7", 1, "600", 3.0, server.idempotency_keys[0])]
    assert look(database, "select status, cost::float8 from task_attempts order by number") == [
        ("failed", 3.0),
        ("completed", None),
    ]
    assert look(database, "select count(*), sum(amount)::float8 from cost_totals") == [(3, 9.0)]


@pytest.mark.parametrize("has_own_key", [False, True])
def test_a_provider_that_asks_to_be_left_alone_is_asked_by_nobody_who_shares_the_key(
    database: Database, account: Account, tmp_path: Path, has_own_key: bool
) -> None:
    if has_own_key:
        look(
            database,
            "insert into private.provider_keys (tenant_id, provider, secret) select id, 'script', 'sk-of-the-tenant'"
            " from tenants returning 1",
        )

    async def scenario(calls: QueueCalls, slot: Slot, runner: TaskRunner) -> None:
        entries = look(
            database, "select job_id, id, entry_id from stage_tasks where status = 'queued' order by job_id"
        )
        claims = [await calls.claim(job_id, task_id, entry_id, "1") for job_id, task_id, entry_id in entries]
        for claim in claims:
            await runner.run(slot, claim)

    with chat_server(Answer(status=429, headers={"Retry-After": "300"})) as server:
        asyncio.run(_working(database, server, scenario, tmp_path))
        assert len(server.requests) == 1
    assert look(
        database,
        "select t.error_code, t.failure_count, a.status, t.run_at > now() + interval '200 seconds' from stage_tasks as t"
        " join task_attempts as a on a.job_id = t.job_id and a.task_id = t.id order by t.job_id",
    ) == [("PROVIDER_BUSY", 1, "failed", True), ("PROVIDER_RATE_LIMITED", 0, "handed_back", True)]
    assert look(database, "select tenant_id is not null from private.provider_rates") == [(has_own_key,)]
