"""One task between the worker and the database, when one of them misbehaves."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import procrastinate
import procrastinate.exceptions
import psycopg
import pytest

from cliprow import batches
from cliprow.account import Account, open_local_account
from cliprow.errors import InvalidInput, StaleToken, Unavailable
from cliprow.models import Stage
from cliprow.queue.calls import QueueCalls, Taken
from cliprow.queue.completions import Completion, Completions, Outcome
from cliprow.queue.entries import Entries
from cliprow.queue.frames import Done, Request
from cliprow.queue.slot import OnCall, OnProgress, Slot
from cliprow.queue.task_run import TaskRunner
from cliprow.queue.worker import Worker, WorkerOptions
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
def account(database: Database) -> Iterator[Account]:
    account = open_local_account(database.admin)
    yield account
    account.connection.close()


def add_topic(account: Account, topic: str) -> None:
    project = batches.find_or_create_project(account, "Channel")
    batches.create_batch(account, project, [{"topic": topic, "platforms": ["youtube"]}])


@pytest.fixture
def entry(database: Database, account: Account) -> Entry:
    """A released task, and what a worker learns of it from its queue entry."""
    add_topic(account, "Why the sky is blue")
    asyncio.run(_with_calls(database, _register))
    with psycopg.connect(database.admin, autocommit=True) as connection:
        row = connection.execute(
            "select job_id, id, entry_id from stage_tasks where status = 'queued'"
        ).fetchone()
    assert row is not None
    return row


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


def test_entries_are_given_out_once_whatever_was_lost(
    database: Database, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification that comes while nothing is found, and an answer that never arrives."""

    async def scenario(calls: QueueCalls) -> None:
        await calls.register(list(Stage), 2, "0")
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=database.worker, kwargs={"options": "-c search_path=procrastinate"}
            )
        )
        entries = Entries(app.connector, calls, 2)
        entries.versions = dict.fromkeys(Stage, "1")
        told = asyncio.Event()
        take = calls.take

        async def hear(**_: object) -> None:
            told.set()

        async def take_too_early(*arguments: Any) -> Taken:
            taken = await take(*arguments)
            monkeypatch.setattr(calls, "take", take)
            add_topic(account, "One")
            await told.wait()
            return taken

        async def take_and_lose(*arguments: Any) -> Taken:
            await take(*arguments)
            monkeypatch.setattr(calls, "take", take)
            raise Unavailable("The answer was lost.")

        async with app.open_async():
            queue_id = await entries.register_worker()
            listening = asyncio.create_task(entries.listen_for_jobs(on_notification=hear, queues=list(Stage)))
            await _until_listening(database)
            monkeypatch.setattr(calls, "take", take_too_early)
            first = await entries.fetch_job(list(Stage), queue_id)
            assert first is not None
            add_topic(account, "Two")
            monkeypatch.setattr(calls, "take", take_and_lose)
            with pytest.raises(procrastinate.exceptions.ConnectorException):
                await entries.fetch_job(list(Stage), queue_id)
            second = await entries.fetch_job(list(Stage), queue_id)
            assert second is not None
            assert first.id is not None and second.id is not None and first.id != second.id
            add_topic(account, "Three")
            # Both slots are taken.
            assert await entries.fetch_job(list(Stage), queue_id) is None
            claims = [entries.claim_of(first.id), entries.claim_of(second.id)]
            assert await calls.withdrawn([claim.attempt_id for claim in claims if claim.attempt_id]) == []
            entries.ended(first.id)
            assert await entries.fetch_job(list(Stage), queue_id) is not None
            listening.cancel()

    asyncio.run(_with_calls(database, scenario))
    with psycopg.connect(database.admin, autocommit=True) as connection:
        assert connection.execute("select count(*) from task_attempts").fetchone() == (3,)


async def _until_listening(database: Database) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        while not superuser.execute(  # noqa: ASYNC110 - the event is in the database
            "select from pg_stat_activity where datname = current_database() and query ilike 'listen%'"
        ).fetchall():
            await asyncio.sleep(0.02)


def test_results_that_end_together_are_written_together_and_a_refused_one_alone() -> None:
    """Seven results, of which the second write has one that the database refuses and one that is stale."""
    writes: list[list[int]] = []
    ids = [uuid.UUID(int=n) for n in range(7)]

    def completion(attempt_id: uuid.UUID) -> Completion:
        return Completion(
            job_id=attempt_id,
            task_id=attempt_id,
            attempt_id=attempt_id,
            facts=msgspec.Raw(b"{}"),
            files=[],
            timings={},
        )

    async def write(now: Sequence[Completion]) -> list[Outcome]:
        writes.append([each.attempt_id.int for each in now])
        await asyncio.sleep(0)
        if ids[3] in [each.attempt_id for each in now]:
            raise InvalidInput("There is a NUL in it.")
        return [
            Outcome(each.attempt_id, "stale" if each.attempt_id == ids[5] else "completed") for each in now
        ]

    async def scenario() -> list[type[BaseException] | None]:
        completions = Completions(write)
        first = asyncio.create_task(completions.add(completion(ids[0])))
        while not writes:  # noqa: ASYNC110 - until the first write is under way
            await asyncio.sleep(0)
        others = [asyncio.create_task(completions.add(completion(each))) for each in ids[1:]]
        told = await asyncio.gather(first, *others, return_exceptions=True)
        return [type(each) if isinstance(each, BaseException) else None for each in told]

    assert asyncio.run(scenario()) == [None, None, None, InvalidInput, None, StaleToken, None]
    assert writes == [[0], [1, 2, 3, 4, 5, 6], [1], [2], [3], [4], [5], [6]]


class WritingSlot:
    """Writes scripts in this process, and notes how many of its kind were at work."""

    peak_memory_bytes = 0
    at_work = 0
    #: Topic, and how many slots were at work with it.
    seen: ClassVar[list[tuple[str, int]]] = []

    async def start(self) -> dict[Stage, str]:
        return dict.fromkeys(Stage, "1")

    async def stop(self) -> None:
        return None

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done:
        topic = msgspec.json.decode(request.inputs)["topic"]
        WritingSlot.at_work += 1
        await asyncio.sleep(0.1)
        WritingSlot.seen.append((topic, WritingSlot.at_work))
        WritingSlot.at_work -= 1
        scene = {"scene_number": 1, "scene_type": "main_content", "voiceover_text": topic}
        scene |= {"heading": "", "points": [], "visual_description": "words"}
        facts = {"title": topic, "description": "", "language": "en", "scenes": [scene]}
        return Done(msgspec.json.encode(facts), [])


def test_a_suspect_runs_alone_and_a_worker_told_to_stop_ends_when_nothing_runs(
    database: Database, account: Account, tmp_path: Path
) -> None:
    for topic in ("Suspect", "One", "Two"):
        add_topic(account, topic)
    completed = "select count(*) from stage_tasks where stage = 'script_generation' and status = 'completed'"
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("update private.settings set dead_after = '2 seconds'")
        connection.execute(
            "update stage_tasks set lost_count = 1 where job_id in"
            " (select id from generation_jobs where topic = 'Suspect')"
        )
        options = WorkerOptions(stages=[Stage.SCRIPT], slots=3, make_slot=WritingSlot)
        worker = Worker(database.worker, FolderStorage(tmp_path / "media"), tmp_path / "scratch", options)

        async def scenario() -> None:
            running = asyncio.create_task(worker.run())
            while connection.execute(completed.encode()).fetchone() != (3,):
                assert not running.done()
                await asyncio.sleep(0.05)
            connection.execute("select private.request_stop(id) from private.workers")
            await running

        asyncio.run(scenario())
        assert connection.execute("select count(*) from private.workers").fetchone() == (0,)
    assert WritingSlot.seen[-1] == ("Suspect", 1)


class PatientSlot(WritingSlot):
    """As its parent, once it is let go on."""

    began = asyncio.Event()
    may_end = asyncio.Event()

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done:
        self.began.set()
        await self.may_end.wait()
        return await super().run(request, on_progress, on_call)


def test_a_run_that_outlives_the_queues_connection_leaves_no_note_of_its_entry(
    database: Database,
    account: Account,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_topic(account, "Patient")
    options = WorkerOptions(stages=[Stage.SCRIPT], slots=2, make_slot=PatientSlot)
    worker = Worker(database.worker, FolderStorage(tmp_path / "media"), tmp_path / "scratch", options)

    async def lose(*_: Any) -> Taken:
        raise Unavailable("The database is away.")

    async def scenario() -> None:
        running = asyncio.create_task(worker.run())
        await PatientSlot.began.wait()
        # Procrastinate ends with the look for the other slot, and gives up what runs.
        with monkeypatch.context() as patch:
            patch.setattr(worker._calls, "take", lose)
            while "Lost the queue" not in caplog.text:
                assert not running.done()
                await asyncio.sleep(0.05)
        PatientSlot.may_end.set()
        while worker._running:
            assert not running.done()
            await asyncio.sleep(0.05)
        worker.stop()
        await running

    asyncio.run(scenario())
    with psycopg.connect(database.admin, autocommit=True) as connection:
        done = "select count(*) from stage_tasks where status = 'completed'"
        assert connection.execute(done).fetchone() == (1,)
    assert worker._entries._gone == set()
