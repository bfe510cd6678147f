"""Finished videos a minute, from topics to validated packages, and how much of the slots' time was work.

    uv run python bench/videos_per_minute.py [--topics 6] [--seconds 20] [--platforms youtube,tiktok]

The limit in the same run is the time the stages themselves took: what queue, storage and database add is the rest.
Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from cliprow.local.postgres import free_port

BRIEF = """Light number {n} meets molecules that are much smaller than its waves.
They scatter short waves far more than long ones, about four times as strongly in case {n}.
So blue reaches our eyes from every part of the sky, {n} times a day.
At sunset most of the blue is gone, and sky number {n} turns red."""


def run(home: Path, *arguments: str, stdin: str = "") -> Any:
    """One command, and the JSON it prints."""
    environment = os.environ | {"CLIPROW_HOME": str(home), "CLIPROW_DB_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "cliprow", *arguments, "--json"],
        input=stdin,
        env=environment,
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def measure(folder: Path, topics: int, seconds: int, platforms: str) -> dict[str, object]:
    """One batch in a new home."""
    home = folder / "home"
    rows = [
        {"topic": f"Why sky {n} is blue", "brief": BRIEF.format(n=n), "duration_s": seconds}
        for n in range(topics)
    ]
    done = run(home, "batch", "create", "-", "--wait", "--platforms", platforms, stdin=json.dumps(rows))
    jobs = [run(home, "job", "show", job["id"]) for job in done["jobs"]]
    videos = sum(len(job["packages"]) for job in jobs)
    stages: dict[str, int] = {}
    for task in (task for job in jobs for task in job["tasks"]):
        stages[task["stage"]] = stages.get(task["stage"], 0) + (task["timings"] or {}).get("run_ms", 0)
    began = min(job["job"]["started_at"] for job in jobs)
    ended = max(job["job"]["completed_at"] for job in jobs)
    wall_s = (_time(ended) - _time(began)).total_seconds()
    slots = len(os.sched_getaffinity(0))
    return {
        "videos": videos,
        "wall_s": round(wall_s, 1),
        "videos_per_minute": round(60 * videos / wall_s, 1),
        "slots": slots,
        "work_share": round(sum(stages.values()) / 1000 / (wall_s * slots), 3),
        "stage_seconds": {stage: round(ms / 1000, 1) for stage, ms in stages.items()},
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def main() -> None:
    """Measure once; the batch itself is long enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--platforms", default="youtube,tiktok")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.topics, options.seconds, options.platforms)
    print(json.dumps(result))
    print(
        f"{result['videos_per_minute']} videos a minute; {result['work_share']:.0%} of the slots' time was work"
    )


if __name__ == "__main__":
    main()
