"""`cliprow worker` as a process of its own, against a database that other tests leave alone."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cliprow import batches
from cliprow.account import Account, open_local_account
from tests.cluster import Database, Server
from tests.gateway import Gateway, running_gateway

TOPIC = {"topic": "Why the sky is blue", "platforms": ["youtube"], "duration_s": 8}
#: Seconds; this machine may be busy.
LIMIT_S = 180.0
_numbers = itertools.count()


class Line:
    """A way to the database that can be cut: what is open breaks, and nobody can connect until it is mended."""

    def __init__(self, conninfo: str) -> None:
        known = conninfo_to_dict(conninfo)
        self._target = (str(known["host"]), int(str(known["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.conninfo = make_conninfo(conninfo, port=self._port)
        self._open: list[socket.socket] = []
        self.is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self.cut()
        self._listener.close()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    """A user of the database, in which silence means death soon."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(
            "update private.settings set dead_after = '4 seconds', backoff_base = '0.2 seconds'"
        )
    account = open_local_account(database.admin)
    yield account
    account.connection.close()


@pytest.fixture
def files(server: Server, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Where the workers' results go."""
    with running_gateway(server, database, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture
def start(tmp_path: Path, files: Gateway) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts workers; those that still run when the test ends are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def _start(conninfo: str, *options: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "DATABASE_URL": conninfo,
            "SUPABASE_URL": files.url,
            "SUPABASE_PUBLISHABLE_KEY": files.settings.publishable_key,
            "SUPABASE_SECRET_KEY": files.settings.secret_key,
            "CLIPROW_HOME": str(tmp_path),
            "CLIPROW_SCRIPT_OPENAI_API_KEY": "not for everybody",
        }
        words = [sys.executable, "-m", "cliprow", "worker", "--log", str(tmp_path / "log"), *options]
        worker = subprocess.Popen(
            words, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        started.append(worker)
        return worker

    yield _start
    for worker in started:
        if worker.poll() is None:
            worker.kill()
        worker.communicate()


def add_batch(account: Account, count: int = 1) -> int:
    # Each its own: what was made before would be found again.
    topics: list[dict[str, object]] = [
        TOPIC | {"topic": f"Why the sky is blue, {next(_numbers)}"} for _ in range(count)
    ]
    made, _ = batches.create_batch(account, batches.find_or_create_project(account, "Channel"), topics)
    return made.number


def count(database: Database, query: str) -> int:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def running(database: Database) -> int:
    return count(database, "select count(*) from stage_tasks where status = 'processing'")


def workers(database: Database) -> int:
    return count(database, "select count(*) from private.workers")


def until(condition: Callable[[], bool], what: str = "") -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def family(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Its children; not the program `file`, which a library asks about Python while it is imported."""
    found: list[psutil.Process] = []
    for child in psutil.Process(worker.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "cliprow.queue.child" in child.cmdline():
                found.append(child)
    return found


def test_a_worker_told_to_stop_while_it_starts_leaves_nothing_behind(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    worker = start(database.worker)
    until(lambda: bool(family(worker)))
    [child] = family(worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LIMIT_S) in (0, 128 + signal.SIGTERM)
    assert not child.is_running()
    assert [each for each in (tmp_path / "scratch").iterdir() if each.is_dir()] == []
    assert workers(database) == 0


def test_a_worker_hands_back_when_it_stops_and_its_secrets_are_nobody_elses(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    add_batch(account)
    worker = start(database.worker, "--grace", "0", "--until-eof")
    until(lambda: running(database) > 0)
    for process in family(worker):
        environment = process.environ()
        assert not [name for name in environment if name.startswith(("CLIPROW_", "DATABASE_", "PG"))]
        assert "not for everybody" not in str(environment)
    assert worker.stdin is not None
    worker.stdin.close()
    worker.stdin = None
    assert worker.wait(LIMIT_S) == 0
    assert running(database) == workers(database) == 0
    assert (
        count(database, "select count(*) from task_attempts where status not in ('completed', 'handed_back')")
        == 0
    )
    log = (tmp_path / "log").read_text()
    assert "not for everybody" not in log
    assert str(conninfo_to_dict(database.worker)["password"]) not in log


def test_a_worker_ends_when_told_to_although_the_database_is_away_and_another_takes_over(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    add_batch(account)
    with closing(Line(database.worker)) as line:
        lost = start(line.conninfo, "--grace", "1")
        until(lambda: running(database) > 0)
        line.cut()
        time.sleep(3)
        lost.send_signal(signal.SIGTERM)
        assert lost.wait(LIMIT_S) == 0
    start(database.worker)
    until(lambda: count(database, "select count(*) from generation_jobs where status = 'completed'") == 1)
    assert count(database, "select count(*) from task_attempts where status = 'failed'") == 0


def only_child(worker: subprocess.Popen[bytes]) -> psutil.Process:
    """The child of the worker's only slot, which takes the place of one that was stopped a moment later."""
    children = psutil.Process(worker.pid).children
    until(lambda: len(children()) == 1)
    [child] = children()
    return child


def is_stopped_by(call: str, database: Database, account: Account, worker: subprocess.Popen[bytes]) -> bool:
    """Whether a call about a batch stops the child that works on it, which says nothing, and takes it from the worker."""
    made = batches.get_batch(account, str(add_batch(account)))
    until(lambda: running(database) > 0)
    child = only_child(worker)
    child.suspend()
    # It may have been between two tasks, or just about to answer: it is asleep over the next one soon.
    time.sleep(1)
    until(lambda: running(database) > 0)
    with account.acting() as connection:
        connection.execute(f"select public.{call}".encode(), [made.id])
    assert running(database) == 0
    deadline = time.monotonic() + 10
    while child.is_running() and time.monotonic() < deadline:
        time.sleep(0.1)
    is_stopped = not child.is_running()
    if not is_stopped:  # its result was being stored
        child.resume()
    if "pause" in call:
        with account.acting() as connection:
            connection.execute("select public.cancel_batch(%s)", [made.id])
    return is_stopped


def test_withdrawn_work_is_stopped_although_its_child_says_nothing_and_the_slot_goes_on(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    worker = start(database.worker, "--slots", "1")
    for call in ("pause_batch(%s, true)", "cancel_batch(%s)"):
        until(
            functools.partial(is_stopped_by, call, database, account, worker), "the child outlives its task"
        )
    assert count(database, "select count(*) from task_attempts where status = 'handed_back'") > 0
    add_batch(account)
    until(lambda: count(database, "select count(*) from generation_jobs where status = 'completed'") == 1)
    until(lambda: not [each for each in (tmp_path / "scratch").rglob("*") if len(each.name) == 36])
    assert (
        count(
            database,
            "select count(*) from task_attempts where status not in ('completed', 'handed_back', 'cancelled')",
        )
        == 0
    )
    until(lambda: count(database, "select count(*) from procrastinate.procrastinate_jobs") == 0)


def test_a_second_signal_ends_a_worker_at_once(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    add_batch(account, 2)
    worker = start(database.worker, "--grace", "600")
    until(lambda: running(database) > 0)
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LIMIT_S) == 0
    assert running(database) == 0


def test_a_worker_says_why_it_cannot_work(
    clone: Callable[[str], Database],
    bare_template: str,
    database: Database,
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    unready = start(clone(bare_template).admin)
    stranger = start(make_conninfo(database.worker, password="wrong"))
    _, said = unready.communicate(timeout=LIMIT_S)
    assert unready.returncode == 1
    assert b"WORKER_REFUSED" in said
    assert b"cliprow db migrate" in said
    _, said = stranger.communicate(timeout=LIMIT_S)
    assert stranger.returncode == 1
    assert b"NOT_ALLOWED" in said


def test_a_worker_tells_followers_what_nobody_told_them_and_once_more_when_it_stops(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    waiting = "select count(*) from realtime_outbox"
    number = add_batch(account)
    worker = start(database.worker, "--stages", "post_processing")
    until(lambda: workers(database) == 1)
    with psycopg.connect(database.admin, autocommit=True) as connection:
        for title in ("One", "Two", "Three"):
            connection.execute("update batches set title = %s where number = %s", [title, number])
        assert count(database, waiting) > 0
        until(lambda: count(database, waiting) == 0)
        told = connection.execute(
            "select array_agg(distinct payload -> 'batches' -> 0 ->> 'title') from realtime.messages"
            " where payload -> 'batches' -> 0 ->> 'title' <> 'Two'"
        ).fetchone()
        assert told is not None
        assert {"One", "Three"} <= set(told[0])
        worker.send_signal(signal.SIGTERM)
        connection.execute("update batches set title = 'Four' where number = %s", [number])
        connection.execute("update batches set title = 'Five' where number = %s", [number])
    assert worker.wait(LIMIT_S) == 0
    assert count(database, waiting) == 0


def test_a_worker_works_on_though_nobody_can_be_told(
    database: Database, account: Account, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as owner:
        owner.execute("alter table realtime.messages add constraint refused check (topic = 'none') not valid")
    add_batch(account)
    start(database.worker)
    until(lambda: count(database, "select count(*) from generation_jobs where status = 'completed'") == 1)
    until(lambda: "Live messages could not be sent" in (tmp_path / "log").read_text())
