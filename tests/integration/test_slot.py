"""A slot's child process, inside its limits."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from cliprow.errors import Unavailable
from cliprow.models import AudioInputs, Script, ScriptInputs, Stage
from cliprow.queue.frames import Done, Failed, Request
from cliprow.queue.slot import Slot

GIGABYTE = 2**30

#: A child that greets as it should, and then does something else.
_CHILD = """#!{python}
import os, sys, time
from cliprow.models import Stage
from cliprow.queue.frames import Done, Hello, pack, read_order
source, out = sys.stdin.buffer, sys.stdout.buffer
read_order(source)
out.write(pack(Hello(dict.fromkeys(Stage, "1"))))
out.flush()
request = read_order(source)
{body}
"""


@pytest.fixture
def odd_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a program the child of every slot in this test, in the place of ours."""

    def _use(program: str) -> None:
        file = tmp_path / "child"
        file.write_text(program)
        file.chmod(0o700)
        monkeypatch.setattr("sys.executable", str(file))

    return _use


async def ignore(_: float) -> None:
    """Nobody wants to know the progress."""


def script_request(folder: Path, topic: str = "Why the sky is blue") -> Request:
    return Request(Stage.SCRIPT, msgspec.json.encode(ScriptInputs(topic=topic)), str(folder), {})


def long_request(folder: Path) -> Request:
    """Speech that takes some seconds."""
    text = "This sentence is spoken again and again. " * 40
    return Request(Stage.AUDIO, msgspec.json.encode(AudioInputs(text=text)), str(folder), {})


#: Processes that were there before the test, like the gateways of other tests.
_others: set[psutil.Process] = set()


@pytest.fixture(autouse=True)
def _know_the_others() -> None:
    _others.clear()
    _others.update(psutil.Process().children(recursive=True))


def left() -> list[psutil.Process]:
    """What the test has started and not stopped."""
    return [each for each in psutil.Process().children(recursive=True) if each not in _others]


def children() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [process for process in found if "cliprow.queue.child" in " ".join(process.cmdline())]


async def run_once(slot: Slot, request: Request) -> Done | Failed:
    try:
        return await slot.run(request, ignore)
    finally:
        await slot.stop()


def test_a_child_says_its_versions_and_runs_one_stage_after_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        slot = Slot({}, GIGABYTE)
        versions = await slot.start()
        assert set(versions) == set(Stage)
        for topic in ("One", "Two"):
            done = await slot.run(script_request(tmp_path, topic), ignore)
            assert isinstance(done, Done), done
            assert topic in msgspec.json.decode(done.facts, type=Script).title
        assert slot.peak_memory_bytes > 0
        await slot.stop()
        assert not children()

    asyncio.run(scenario())


def test_what_a_stage_raises_becomes_an_error_with_a_next_step(tmp_path: Path) -> None:
    request = Request(
        Stage.SCRIPT, msgspec.json.encode(ScriptInputs(topic="Tee", language="xx")), str(tmp_path), {}
    )
    failed = asyncio.run(run_once(Slot({}, GIGABYTE), request))
    assert isinstance(failed, Failed)
    assert not failed.is_retriable
    assert failed.next_step


def test_a_run_has_the_keys_of_its_tenant_and_tells_none(tmp_path: Path) -> None:
    """A stage that names a setting in its error shows that it read the run's own."""
    settings = {"script.provider": "extractive", "script.api_key": "of the deployment"}
    own = {"script.provider": "sk-of-the-tenant"}
    request = msgspec.structs.replace(script_request(tmp_path / "run"), secrets=own)
    failed = asyncio.run(run_once(Slot(settings, GIGABYTE), request))
    assert isinstance(failed, Failed)
    assert "(secret)" in failed.message
    assert "sk-of-the-tenant" not in failed.message + failed.said + failed.traceback


def test_inputs_that_do_not_fit_are_an_error_not_a_crash(tmp_path: Path) -> None:
    failed = asyncio.run(
        run_once(Slot({}, GIGABYTE), Request(Stage.SCRIPT, b'{"topic": 5}', str(tmp_path), {}))
    )
    assert isinstance(failed, Failed)


def test_a_stage_that_takes_too_long_is_stopped_with_its_engines(tmp_path: Path) -> None:
    slot = Slot({}, GIGABYTE, dict.fromkeys(Stage, 0.3))
    failed = asyncio.run(run_once(slot, long_request(tmp_path)))
    assert isinstance(failed, Failed)
    assert (failed.error_code, failed.is_retriable) == ("TASK_TIMED_OUT", True)
    assert not left()


def test_a_stage_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    failed = asyncio.run(run_once(Slot({}, 2**20), long_request(tmp_path)))
    assert isinstance(failed, Failed)
    assert (failed.error_code, failed.is_retriable) == ("OUT_OF_MEMORY", True)


def test_a_killed_child_fails_one_run_and_the_next_gets_a_new_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        slot = Slot({}, GIGABYTE)
        await slot.start()
        run = asyncio.create_task(slot.run(long_request(tmp_path), ignore))
        await asyncio.sleep(0.5)
        [child] = children()
        os.kill(child.pid, signal.SIGKILL)
        failed = await run
        assert isinstance(failed, Failed)
        assert failed.error_code == "CHILD_DIED"
        assert "SIGKILL" in failed.message
        assert isinstance(await slot.run(script_request(tmp_path), ignore), Done)
        await slot.stop()

    asyncio.run(scenario())


def test_a_child_ends_with_its_engines_when_its_worker_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio\n"
        "from cliprow.queue.slot import Slot\n"
        "async def main():\n"
        "    await Slot({}, 2**30).start()\n"
        "    print('up', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )

    async def scenario() -> None:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"up\n"
        [child] = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        await worker.wait()
        for _ in range(50):
            if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
                return
            await asyncio.sleep(0.1)
        pytest.fail("the child lives on")

    asyncio.run(scenario())


def test_a_child_that_writes_no_messages_is_stopped(tmp_path: Path, odd_child: Callable[[str], None]) -> None:
    odd_child(
        _CHILD.format(python=sys.executable, body="print('a library says hello', flush=True)\ntime.sleep(60)")
    )
    failed = asyncio.run(run_once(Slot({}, GIGABYTE), script_request(tmp_path)))
    assert isinstance(failed, Failed)
    assert (failed.error_code, failed.is_retriable) == ("CHILD_CONFUSED", True)
    assert not left()


def test_a_child_that_closes_its_pipe_and_lives_on_is_stopped(
    tmp_path: Path, odd_child: Callable[[str], None]
) -> None:
    odd_child(_CHILD.format(python=sys.executable, body="os.close(1)\ntime.sleep(60)"))
    failed = asyncio.run(run_once(Slot({}, GIGABYTE), script_request(tmp_path)))
    assert isinstance(failed, Failed)
    assert failed.error_code == "CHILD_DIED"
    assert not left()


@pytest.mark.parametrize("program", ["#!/bin/sh\necho no greeting\nsleep 60\n", "#!/bin/sh\nexit 3\n"])
def test_a_child_that_does_not_start_is_an_error_and_not_a_crash(
    odd_child: Callable[[str], None], program: str
) -> None:
    odd_child(program)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(Slot({}, GIGABYTE).start())
    assert caught.value.error_code == "CHILD_DOES_NOT_START"
    assert not left()


def test_what_a_child_prints_without_end_is_cut_short(
    tmp_path: Path, odd_child: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    body = "sys.stderr.write('words ' * 2_000_000)\nout.write(pack(Done(b'{}', [])))\nout.flush()\ntime.sleep(60)"
    odd_child(_CHILD.format(python=sys.executable, body=body))
    with caplog.at_level(logging.WARNING):
        assert isinstance(asyncio.run(run_once(Slot({}, GIGABYTE), script_request(tmp_path))), Done)
    assert "words words" in caplog.text
    assert len(caplog.text) < 100_000
