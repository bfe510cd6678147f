"""Workers, the children in which stages run, and the database die; nothing is lost and nothing done twice."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest
from psycopg.conninfo import make_conninfo

from cliprow.local.database import cluster_of
from tests.cutting_proxy import cutting_proxy
from tests.faults.books import check_books
from tests.faults.place import SEED, Crew, Place, crew_of, until, work_until_ended
from tests.figures import Report

pytestmark = pytest.mark.faults

KILLS_PER_JOB = 2 / 3
#: Completed tasks between two kills. A job has five tasks, so 300 jobs make 250.
GAP = (1, 11)
DATABASE_KILLS = 10
#: How often a worker is stopped past its death and goes on afterwards.
ROUNDS = 4
#: What a task may say that has lost too many workers or children.
REASONS = {"WORKER_LOST", "CHILD_DIED", "CHILD_DOES_NOT_START", "SPEECH_ENGINE_CRASHED"}


def test_workers_and_children_are_killed_200_times_during_300_videos(
    place: Place, report: Report, request: pytest.FixtureRequest
) -> None:
    choose = random.Random(SEED)
    jobs = request.config.getoption("--fault-jobs")
    killed = {"worker": 0, "child": 0}
    place.create_batch(jobs)
    with crew_of(place) as crew:

        def kill() -> bool:
            # Children more often than workers, as in life; but both.
            kind = "worker" if sum(killed.values()) % 4 == 3 else "child"
            victims = crew.workers() if kind == "worker" else crew.children()
            with suppress(IndexError, psutil.NoSuchProcess):
                choose.choice(victims).send_signal(signal.SIGKILL)
                killed[kind] += 1
                return True
            return False

        work_until_ended(crew, 60 + 12 * jobs, kill, GAP)
        counts = check_books(place, REASONS)
        restarts = crew.restarts
    report({"kills": killed, "restarts": restarts} | counts)
    assert sum(killed.values()) >= KILLS_PER_JOB * jobs


def test_the_database_is_killed_ten_times(place: Place, report: Report) -> None:
    choose = random.Random(SEED)
    cluster = cluster_of(place.config)
    killed: list[str] = []
    place.create_batch(16)
    with crew_of(place) as crew:

        def kill() -> bool:
            if len(killed) == DATABASE_KILLS:
                return True
            server = cluster.server_pid()
            if cluster.port() is None or server is None:
                return False  # it is coming back
            # At once and without a checkpoint; or without a word; or one backend, for which all others end too.
            number = (signal.SIGQUIT, signal.SIGKILL, signal.SIGKILL)[len(killed) % 3]
            with suppress(psutil.NoSuchProcess):
                victims = [psutil.Process(server)]
                if len(killed) % 3 == 2:
                    victims = psutil.Process(server).children()
                choose.choice(victims).send_signal(number)
                killed.append(number.name)
            return True

        work_until_ended(crew, 900, kill, (3, 8))
        counts = check_books(place, REASONS)
    report({"database_kills": len(killed), "restarts": crew.restarts} | counts)
    assert len(killed) == DATABASE_KILLS


def test_connections_are_cut(place: Place, report: Report) -> None:
    choose = random.Random(SEED)
    place.create_batch(12)
    assert place.stack.db_port is not None
    gateway_port = urlsplit(place.stack.supabase.url).port
    assert gateway_port is not None
    cuts = 0
    with cutting_proxy(place.stack.db_port) as database, cutting_proxy(gateway_port) as storage:
        settings = place.project_settings(
            database=make_conninfo(place.stack.worker, port=urlsplit(database.url).port), storage=storage.url
        )
        with crew_of(place, settings, settings) as crew:

            def cut() -> bool:
                nonlocal cuts
                line = choose.choice((database, database, storage))
                # On the way to the client what was asked for is done, and the answer is lost.
                line.cut_downloads = choose.random() < 0.5
                line.cut_after_bytes = choose.randint(0, 20_000)
                line.cuts_left = choose.randint(1, 3)
                cuts += line.cuts_left
                return True

            work_until_ended(crew, 900, cut, (1, 3))
            database.cuts_left = storage.cuts_left = 0
            counts = check_books(place, REASONS)
    report({"cuts_ordered": cuts, "restarts": crew.restarts} | counts)


def test_two_workers_believe_they_own_a_task(place: Place, report: Report) -> None:
    place.create_batch(8)
    dropped = 0
    with crew_of(place) as crew:
        for _ in range(ROUNDS):
            sleeper, attempt_id = put_to_sleep(place, crew)
            gone = "select status = 'lost' from task_attempts where id = %s"
            until(lambda: bool(place.one(gone, attempt_id)), "a silent worker's task is not taken from it")  # noqa: B023
            done = (
                "select t.status = 'completed' from stage_tasks as t join task_attempts as a on a.task_id = t.id"
                " where a.id = %s"
            )
            until(lambda: bool(place.one(done, attempt_id)), "nobody else does it")  # noqa: B023
            for process in sleeper:
                process.resume()
            number = next(n for n, each in enumerate(crew.workers()) if each.pid == sleeper[0].pid)
            until(lambda: told_off(crew, number, attempt_id), "it does not hear that it lost the task")  # noqa: B023
            dropped += 1
        work_until_ended(crew, 600)
        counts = check_books(place, REASONS)
    report({"tasks_with_two_owners": dropped} | counts)


def put_to_sleep(place: Place, crew: Crew) -> tuple[list[psutil.Process], str]:
    """Stop a worker that runs a task, and its child; returns the processes and the attempt."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for worker in crew.workers():
            family = [worker, *worker.children(recursive=True)]
            for process in family:
                process.suspend()
            attempt_id = place.one(
                "select t.attempt_id::text from stage_tasks as t join private.workers as w on w.id = t.worker_id"
                " where t.status = 'processing' and w.process_id = %s",
                worker.pid,
            )
            if attempt_id is not None:
                return family, attempt_id
            for process in family:
                process.resume()
        time.sleep(0.2)
    raise AssertionError("no worker runs anything")


def told_off(crew: Crew, number: int, attempt_id: str) -> bool:
    """Whether a worker's log says that a result was not taken."""
    log = crew.log(number).read_text()
    return f"Attempt {attempt_id}" in log
