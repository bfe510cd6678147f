"""The four settings of a Supabase project instead of the embedded stack: two machines, a worker on one of them.

The project is played by the stack of a third data folder: nothing but the settings says so.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import av
import httpx

from cliprow.local.stack import Stack, running_stack
from tests.acceptance.conftest import TOPIC, Home, make_home

EMAIL = "ann@example.com"


def at_project(home: Home, stack: Stack, database_url: str) -> Home:
    """A machine that uses the project."""
    project = stack.supabase
    settings = {
        "DATABASE_URL": database_url,
        "SUPABASE_URL": project.url,
        "SUPABASE_PUBLISHABLE_KEY": project.publishable_key,
        "SUPABASE_SECRET_KEY": project.secret_key,
        "CLIPROW_USER": EMAIL,
    }
    return Home(home.folder, home.environment | settings)


def test_a_worker_elsewhere_makes_what_is_exported_here(tmp_path: Path) -> None:
    for name in ("project", "worker", "desk"):
        (tmp_path / name).mkdir()
    with running_stack(make_home(tmp_path / "project").config) as stack:
        signed_up = httpx.post(
            f"{stack.supabase.url}/auth/v1/signup",
            headers={"apikey": stack.supabase.publishable_key},
            json={"email": EMAIL, "password": "a long enough password"},
            timeout=30,
        )
        assert signed_up.status_code == 200, signed_up.text
        # Workers log in as the role that may call the queue functions and nothing else.
        machine = at_project(make_home(tmp_path / "worker"), stack, stack.worker)
        desk = at_project(make_home(tmp_path / "desk"), stack, stack.admin)
        worker = machine.start("worker", "--slots", "2")
        assert worker.stderr is not None
        while "Registered as worker" not in worker.stderr.readline():
            assert worker.poll() is None
        try:
            answer = desk.create(TOPIC)
        finally:
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=60)
        assert answer["batch"]["status"] == "completed", log
        assert "post_processing" in log, "it was the worker elsewhere that worked"
        [folder] = answer["exported"]
        with av.open(str(desk.folder / folder / "video.mp4")) as video:
            assert sum(1 for _ in video.decode(video=0)) > 100
        for home in (machine, desk):
            assert not (home.folder / "home" / "postgres").exists(), "nothing was started there"
            assert not (home.folder / "home" / "storage").exists()
        doctor = json.loads(desk.run("doctor", "--json").stdout)
        found = {check["name"]: check["ok"] for check in doctor}
        assert found["migrations"]
        assert found["API keys"]


def test_missing_keys_are_named(home: Home, stack: Stack) -> None:
    home.environment["DATABASE_URL"] = stack.worker
    done = home.run("worker")
    assert done.returncode == 1
    assert "SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY are not set" in done.stderr
    assert "Next:" in done.stderr
