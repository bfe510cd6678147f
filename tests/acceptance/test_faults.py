"""Whatever dies, every job ends completed, nothing is done twice, and the counters are right."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import psycopg
import pytest

from cliprow.local.stack import Stack
from tests.acceptance.conftest import TOPIC, Home

KILLS = 20


@pytest.fixture
def batch(home: Home, stack: Stack, jobs: int) -> Iterator[subprocess.Popen[str]]:
    """A command that waits for a batch of so many jobs, with deaths noticed soon."""
    with psycopg.connect(stack.admin, autocommit=True) as connection:
        connection.execute(
            "update private.settings set dead_after = '4 seconds', backoff_base = '0.2 seconds'"
        )
    topics = [TOPIC | {"topic": f"Why the sky is blue, part {n}"} for n in range(jobs)]
    process = home.start("batch", "create", "-", "--wait", "--json", stdin=json.dumps(topics))
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


# Enough that the kills are over before the batch is.
@pytest.mark.parametrize("jobs", [8])
def test_kills_of_workers_and_children_lose_nothing(
    home: Home, stack: Stack, batch: subprocess.Popen[str], jobs: int
) -> None:
    choose = random.Random(20)
    kills = 0
    while kills < KILLS:
        assert batch.poll() is None, f"the batch ended after {kills} kills\n{home.log()}"
        time.sleep(choose.uniform(0.5, 2.5))
        # Children more often than workers, as in life; but both.
        wanted = is_worker if kills % 4 == 3 else is_child
        victims = [process for process in family(batch) if wanted(process)]
        if victims:
            choose.choice(victims).send_signal(signal.SIGKILL)
            kills += 1
    out, err = batch.communicate(timeout=400)
    assert batch.returncode == 0, err + home.log()
    assert json.loads(out)["batch"]["completed_count"] == jobs
    check_books(stack)


@pytest.mark.parametrize("jobs", [3])
def test_a_database_that_is_killed_comes_back_and_nothing_is_lost(
    home: Home, stack: Stack, batch: subprocess.Popen[str], jobs: int
) -> None:
    for kills in range(3):
        wait_until_completed(stack, 4 * kills + 1)
        assert batch.poll() is None, f"the batch ended after {kills} kills\n{home.log()}"
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any("postgres" in word for word in words) and str(home.folder) in " ".join(words):
                process.send_signal(signal.SIGKILL)
    out, err = batch.communicate(timeout=400)
    assert batch.returncode == 0, err + home.log()
    assert json.loads(out)["batch"]["completed_count"] == jobs
    check_books(stack)


@pytest.mark.parametrize("jobs", [3])
def test_ctrl_c_keeps_the_state_and_watch_goes_on(
    home: Home, stack: Stack, batch: subprocess.Popen[str], jobs: int
) -> None:
    wait_until(lambda: read(stack, "select count(*) from stage_tasks where status = 'processing'") > 0)
    batch.send_signal(signal.SIGINT)
    _, err = batch.communicate(timeout=60)
    assert batch.returncode == 130
    assert "batch watch" in err
    assert read(stack, "select count(*) from stage_tasks where status = 'processing'") == 0
    assert read(stack, "select count(*) from task_attempts where status = 'lost'") == 0
    done = home.run("batch", "watch", "last", "--json", timeout=400)
    assert done.returncode == 0, done.stderr + home.log()
    assert json.loads(done.stdout)["batch"]["completed_count"] == jobs
    check_books(stack)


def check_books(stack: Stack) -> None:
    """Counters equal a recount, each task is completed by one attempt, and every file has its row."""
    assert read(stack, "select count(*) from stage_tasks where status <> 'completed'") == 0
    assert (
        read(
            stack,
            """select count(*) from (
             select from stage_tasks as t left join task_attempts as a on a.task_id = t.id and a.status = 'completed'
             group by t.id, t.is_reused having count(a.id) <> (not t.is_reused)::int) as wrong""",
        )
        == 0
    )
    assert read(stack, "select coalesce(sum(active_count), 0) from private.windows") == 0
    assert read(stack, "select coalesce(sum(waiting_count), 0) from private.backlogs") == 0
    assert (
        read(
            stack,
            """select count(*) from batches as b where (b.job_count, b.completed_count, b.progress_sum) <> (
             select count(*), count(*) filter (where j.status = 'completed'), sum(j.progress)
             from generation_jobs as j where j.batch_id = b.id)""",
        )
        == 0
    )
    assert read(stack, "select count(*) from artifacts where status = 'computing'") == 0


def read(stack: Stack, query: str) -> int:
    with psycopg.connect(stack.admin, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def wait_until_completed(stack: Stack, tasks: int) -> None:
    """Until so many tasks are completed; the database may be away meanwhile."""

    def are_completed() -> bool:
        try:
            return read(stack, "select count(*) from stage_tasks where status = 'completed'") >= tasks
        except psycopg.OperationalError:
            return False

    wait_until(are_completed, limit_s=120)


def wait_until(condition: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return found


def is_worker(process: psutil.Process) -> bool:
    return _runs(process, "worker")


def is_child(process: psutil.Process) -> bool:
    return _runs(process, "cliprow.queue.child")


def _runs(process: psutil.Process, word: str) -> bool:
    try:
        return process.pid != os.getpid() and word in process.cmdline()
    except psutil.NoSuchProcess:
        return False
