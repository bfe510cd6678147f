"""What an idle worker holds in memory, and whether a long batch makes it, or the database, hold more than a short one.

    uv run python bench/worker_memory.py [--jobs 100000] [--few 1000] [--seconds 20]

`cliprow worker` is started with one slot and watched once its child has imported all stages: resident memory of both.
Then a worker whose stages do nothing works for some seconds on a batch of few jobs, and another on one of many, each in
a new process and database. Compared are its peak and that of the largest database process without the shared buffers.
Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from _noop_worker import new_place

from cliprow.config import Config
from cliprow.local.ports import free_port
from cliprow.local.stack import running_stack

MAX_IDLE_MB = 150
#: A batch of many may need this many times the memory that one of few needs.
MAX_RATIO = 1.15
_MB = 2**20


def idle(folder: Path) -> dict[str, float]:
    """Resident memory of `cliprow worker` and of its child while nothing is to be done."""
    config = Config(home=folder / "home", db_port=free_port())
    environment = os.environ | {"CLIPROW_HOME": str(config.home), "CLIPROW_DB_PORT": str(config.db_port)}
    with running_stack(config):
        worker = subprocess.Popen(
            [sys.executable, "-m", "cliprow", "worker", "--slots", "1", "--log", str(folder / "log")],
            env=environment,
        )
        try:
            while "Registered" not in (folder / "log").read_text() if (folder / "log").exists() else True:
                time.sleep(0.2)
            time.sleep(3)
            parent = psutil.Process(worker.pid)
            children = parent.children(recursive=True)
            return {
                "idle_parent_mb": round(parent.memory_info().rss / _MB, 1),
                "idle_child_mb": round(sum(child.memory_info().rss for child in children) / _MB, 1),
            }
        finally:
            worker.terminate()
            worker.wait()


def peak_of(jobs: int, seconds: float) -> dict[str, float]:
    """Peak memory of a batch, measured in a new process."""
    said = subprocess.run(
        [sys.executable, __file__, "--measure", str(jobs), "--seconds", str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    peaks: dict[str, float] = json.loads(said.splitlines()[-1])
    return peaks


async def _watch(folder: Path, jobs: int, seconds: float) -> dict[str, float]:
    with new_place(folder) as place:
        for made in range(0, jobs, 1000):
            place.create_batch(min(1000, jobs - made))
        worker = place.worker(50)
        server = psutil.Process(int((folder / "home" / "postgres" / "postmaster.pid").read_text().split()[0]))
        running = asyncio.create_task(worker.run())
        peak_mb = database_mb = 0.0
        own = psutil.Process()
        ends_at = time.monotonic() + seconds
        while not running.done() and time.monotonic() < ends_at:
            peak_mb = max(peak_mb, own.memory_info().rss / _MB)
            database_mb = max(database_mb, *(_private_mb(each) for each in server.children()))
            await asyncio.sleep(0.5)
        worker.stop()
        await running
    return {"worker_mb": peak_mb, "database_mb": database_mb}


def _private_mb(process: psutil.Process) -> float:
    """What a database process holds beside the shared buffers."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss_Anon:"))


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.measure:
            print(json.dumps(asyncio.run(_watch(Path(folder), chosen.measure, chosen.seconds))))
            return 0
        result = idle(Path(folder))
    few, many = (peak_of(jobs, chosen.seconds) for jobs in (chosen.few, chosen.jobs))
    ratio = max(many[name] / few[name] for name in ("worker_mb", "database_mb"))
    result |= {
        "few_worker_mb": round(few["worker_mb"], 1),
        "many_worker_mb": round(many["worker_mb"], 1),
        "few_database_mb": round(few["database_mb"], 1),
        "many_database_mb": round(many["database_mb"], 1),
        "ratio": round(ratio, 2),
        "few": chosen.few,
        "jobs": chosen.jobs,
    }
    print(json.dumps(result))
    print(
        f"idle worker {result['idle_parent_mb']:.0f} MB and {result['idle_child_mb']:.0f} MB its child (at most"
        f" {MAX_IDLE_MB} each); {chosen.jobs} jobs need {ratio:.2f} times the memory of {chosen.few} (at most {MAX_RATIO})"
    )
    met = (
        result["idle_parent_mb"] <= MAX_IDLE_MB
        and result["idle_child_mb"] <= MAX_IDLE_MB
        and ratio <= MAX_RATIO
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
