"""Engines as real processes: kept, timed, restarted, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliprow.errors import RetryLater
from cliprow.providers.engine import Engine

#: An engine that does as it is told.
PROGRAM = """
import os, sys, time
from cliprow.providers.engine_pipe import serve

def answer(request):
    if "sleep_s" in request:
        time.sleep(request["sleep_s"])
    if "exit" in request:
        print("out of order", file=sys.stderr)
        os._exit(request["exit"])
    if "fail" in request:
        raise ValueError(request["fail"])
    print("noise on standard output")
    return {"pid": os.getpid(), "env": sorted(os.environ)}, b"sound" * request.get("times", 1)

serve(answer)
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    (tmp_path / "obedient_engine.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = Engine("obedient_engine")
    yield engine
    engine.close()


def test_a_process_is_kept_between_requests_and_its_prints_do_not_disturb(engine: Engine) -> None:
    first, sound = engine.ask({"times": 100_000}, limit_s=20)
    second, _ = engine.ask({}, limit_s=20)
    assert first["pid"] == second["pid"] == engine.pid
    assert sound == b"sound" * 100_000


def test_secrets_do_not_reach_an_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPROW_SCRIPT_API_KEY", "secret")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "secret")
    names = engine.ask({}, limit_s=20)[0]["env"]
    assert "PATH" in names
    assert not {"CLIPROW_SCRIPT_API_KEY", "SUPABASE_SECRET_KEY"}.intersection(names)


def test_a_crash_is_tried_later_with_what_the_engine_said_and_the_next_request_starts_it_anew(
    engine: Engine,
) -> None:
    with pytest.raises(RetryLater, match=r"status 3.*out of order") as raised:
        engine.ask({"exit": 3}, limit_s=20)
    assert raised.value.error_code == "SPEECH_ENGINE_CRASHED"
    assert engine.ask({}, limit_s=20)


def test_an_engine_that_was_killed_between_requests_is_started_anew(engine: Engine) -> None:
    pid = engine.ask({}, limit_s=20)[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while engine.pid and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.ask({}, limit_s=20)[0]["pid"] != pid


def test_an_engine_that_stalls_is_stopped(engine: Engine) -> None:
    with pytest.raises(RetryLater) as raised:
        engine.ask({"sleep_s": 600}, limit_s=0.5)
    assert raised.value.error_code == "SPEECH_TIMEOUT"
    assert engine.pid is None


def test_a_request_that_fails_leaves_the_engine_running(engine: Engine) -> None:
    pid = engine.ask({}, limit_s=20)[0]["pid"]
    with pytest.raises(RetryLater, match="ValueError: no such word"):
        engine.ask({"fail": "no such word"}, limit_s=20)
    assert engine.pid == pid


def test_an_idle_engine_ends(engine: Engine) -> None:
    engine._idle_limit_s = 0.05
    engine.ask({}, limit_s=20)
    deadline = time.monotonic() + 5
    while engine.pid and time.monotonic() < deadline:
        time.sleep(0.02)
    assert engine.pid is None


@pytest.mark.parametrize("module", ["piper_engine", "espeak_engine"])
def test_an_engine_ends_when_its_input_closes(module: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", f"cliprow.providers.{module}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_engines_licensed_under_the_gpl_are_never_imported_here() -> None:
    code = (
        "import sys, cliprow.stages.audio_generation as stage; stage.version({});"
        "sys.exit(bool({'piper', 'espeakng_loader', 'onnxruntime'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
