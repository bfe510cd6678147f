"""One task between the worker and the database, when one of them misbehaves."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cliprow import batches
from cliprow.account import open_local_account
from cliprow.models import Stage
from cliprow.queue.calls import QueueCalls
from cliprow.queue.slot import Slot
from cliprow.queue.task_run import TaskRunner
from tests.cluster import Database
from tests.folder_storage import FolderStorage

Entry = tuple[uuid.UUID, uuid.UUID, int]

#: A child whose every result holds something that Postgres does not take.
_NUL_CHILD = """#!{python}
import sys
from cliprow.models import Stage
from cliprow.queue.frames import Done, Hello, pack, read_order
source, out = sys.stdin.buffer, sys.stdout.buffer
read_order(source)
out.write(pack(Hello(dict.fromkeys(Stage, "1"))))
out.flush()
while read_order(source):
    out.write(pack(Done(b'{{"title": "a NUL \\\\u0000"}}', [])))
    out.flush()
"""


@pytest.fixture
def entry(database: Database) -> Iterator[Entry]:
    """A released task, and what a worker learns of it from its queue entry."""
    account = open_local_account(database.admin)
    project = batches.find_or_create_project(account, "Channel")
    batches.create_batch(account, project, [{"topic": "Why the sky is blue", "platforms": ["youtube"]}])
    asyncio.run(_with_calls(database, _register))
    with psycopg.connect(database.admin, autocommit=True) as connection:
        row = connection.execute(
            "select job_id, id, entry_id from stage_tasks where status = 'queued'"
        ).fetchone()
    assert row is not None
    yield row
    account.connection.close()


async def _register(calls: QueueCalls) -> None:
    await calls.register(list(Stage), 1, "0")


async def _with_calls(database: Database, work: Callable[[QueueCalls], Awaitable[None]]) -> None:
    calls = QueueCalls(database.worker, uuid.UUID(int=1))
    await calls.open()
    try:
        await work(calls)
    finally:
        await calls.close()


def state(database: Database) -> tuple[str, str | None, int]:
    """Of the task: its status and error, and how many attempts it had."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        row = connection.execute(
            "select status, error_code, (select count(*) from task_attempts) from stage_tasks"
        ).fetchone()
    assert row is not None
    return row


def test_a_claim_whose_connection_breaks_is_asked_again(database: Database, entry: Entry) -> None:
    async def scenario(calls: QueueCalls) -> None:
        with psycopg.connect(database.admin) as other:
            # The claim waits for this lock, and loses its connection there.
            other.execute("select from private.windows for update")
            claim = asyncio.create_task(calls.claim(*entry, "1"))
            killed = False
            with psycopg.connect(database.superuser, autocommit=True) as superuser:
                while not killed:
                    await asyncio.sleep(0.1)
                    killed = bool(
                        superuser.execute(
                            "select pg_terminate_backend(pid) from pg_stat_activity"
                            " where datname = current_database() and query like '%claim_task%'"
                            " and wait_event_type = 'Lock'"
                        ).fetchall()
                    )
        first = await claim
        # And one whose answer alone was lost finds the task given to it.
        second = await calls.claim(*entry, "1")
        assert first.verdict == second.verdict == "run"
        assert first.attempt_id == second.attempt_id

    asyncio.run(_with_calls(database, scenario))
    assert state(database) == ("processing", None, 1)


def test_a_result_that_the_database_refuses_fails_its_task(
    database: Database, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child"
    child.write_text(_NUL_CHILD.format(python=sys.executable))
    child.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(child))

    async def scenario(calls: QueueCalls) -> None:
        slot = Slot({}, 2**30)
        await slot.start()
        runner = TaskRunner(calls, FolderStorage(tmp_path / "media"), tmp_path)
        await runner.run(slot, await calls.claim(*entry, "1"))
        await slot.stop()

    asyncio.run(_with_calls(database, scenario))
    status, error_code, attempts = state(database)
    assert (status, attempts) == ("failed", 1)
    assert error_code == "INVALID_INPUT"


def test_a_full_disk_fails_the_attempt_and_keeps_the_task(
    database: Database, entry: Entry, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    async def scenario(calls: QueueCalls) -> None:
        # No folder can be made below a file, whoever we are.
        runner = TaskRunner(calls, FolderStorage(tmp_path / "media"), tmp_path / "file")
        await runner.run(Slot({}, 2**30), await calls.claim(*entry, "1"))

    asyncio.run(_with_calls(database, scenario))
    assert state(database) == ("pending", "TRANSIENT_STORAGE_FAILURE", 1)
