"""What commands do beside their work: share a worker, end with their terminal, say what is wrong before they start."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest

from cliprow.local.database import cluster_of
from cliprow.local.ports import free_port
from cliprow.local.stack import Stack
from tests.acceptance.conftest import TOPIC, Home

LIMIT_S = 180.0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def children_of(command: subprocess.Popen[str], role: str) -> list[psutil.Process]:
    """The children that have this role in their command line; one that has just ended has none any more."""
    found = []
    for each in psutil.Process(command.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if role in each.cmdline():
                found.append(each)
    return found


def workers_of(command: subprocess.Popen[str]) -> list[psutil.Process]:
    return children_of(command, "worker")


@pytest.fixture
def ups(home: Home, stack: Stack) -> Iterator[list[subprocess.Popen[str]]]:
    """Two `cliprow up` at once."""
    commands = [home.start("up") for _ in range(2)]
    yield commands
    for command in commands:
        if command.poll() is None:
            command.send_signal(signal.SIGTERM)
            command.communicate(timeout=LIMIT_S)


def test_two_commands_share_a_worker_which_ends_with_the_one_that_has_it(
    ups: list[subprocess.Popen[str]],
) -> None:
    until(lambda: any(workers_of(each) for each in ups), "no worker")
    time.sleep(5)  # in which the other would start one
    [(owner, worker)] = [(each, worker) for each in ups for worker in workers_of(each)]
    [other] = [each for each in ups if each is not owner]
    owner.kill()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the worker lives on")
    until(lambda: bool(workers_of(other)), "nobody took over")
    other.send_signal(signal.SIGTERM)
    out, err = other.communicate(timeout=LIMIT_S)
    assert other.returncode == 128 + signal.SIGTERM, err
    assert "Database" in out


def test_what_cannot_work_is_said_before_anything_starts(home: Home) -> None:
    (home.folder / "file").touch()
    topics = json.dumps([TOPIC])
    refused = home.run("batch", "create", "-", "--wait", "--out", "file", stdin=topics)
    assert refused.returncode == 1
    assert "OUTPUT_UNWRITABLE" in refused.stderr
    assert not (home.folder / "home").exists()
    nobody = home.run("batch", "watch")
    assert "There are no batches yet." in nobody.stderr
    empty = home.run("batch", "create", "-", stdin="")
    assert "TOPICS_EMPTY" in empty.stderr


def test_a_key_used_twice_gives_one_batch_and_only_json_is_printed(home: Home) -> None:
    words = ("batch", "create", "-", "--idempotency-key", "k")
    topics = json.dumps([TOPIC])
    first = json.loads(home.run(*words, "--json", stdin=topics).stdout)
    again = home.run(*words, stdin=topics).stdout
    assert f"Batch {first['number']} with 1 job was made with this key before" in again
    assert len(json.loads(home.run("batch", "list", "--json").stdout)) == 1
    shown = json.loads(home.run("batch", "show", "--json").stdout)
    assert [job["position"] for job in shown["jobs"]] == [1]
    assert json.loads(home.run("job", "show", "1.1", "--json").stdout)["job"]["status"] == "pending"


def test_up_serves_the_api_and_ends_everything_with_it(home: Home) -> None:
    ports = {"CLIPROW_API_PORT": str(free_port()), "CLIPROW_GATEWAY_PORT": str(free_port())}
    home.environment.update(ports)
    command = home.start("up")
    api, gateway = (f"http://127.0.0.1:{port}" for port in ports.values())
    try:
        until(lambda: answers(f"{api}/ready") and answers(f"{gateway}/health"), "no API or gateway")
        until(lambda: bool(workers_of(command)), "no worker")
        [killed] = children_of(command, "api")
        killed.kill()
        killed.wait(10)
        until(lambda: answers(f"{api}/ready"), "the API did not come back")
    finally:
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=LIMIT_S)
    assert command.returncode == 128 + signal.SIGINT, err
    assert f"{api}/docs" in out
    assert "sb_publishable_" in out
    assert not answers(f"{api}/health")
    assert not answers(f"{gateway}/health")
    assert cluster_of(home.config).server_pid() is None


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
