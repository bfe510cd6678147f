"""A dump taken while a worker works, restored beside the original, and worked to its end: is anything lost or wrong?

    uv run python bench/restore.py [--jobs 30]

Stages do nothing and make no files, so this is about the database. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from _noop_worker import NoFiles, NoopSlot, Place, new_place, run_until
from rolling_upgrade import WRONG

from cliprow.local.programs import packaged_programs
from cliprow.queue.worker import Worker, WorkerOptions

_OPEN = "select count(*) from public.generation_jobs where status in ('pending', 'processing')"
_BEGUN = "select count(*) from public.stage_tasks where status = 'completed'"
_RUNNING = "select count(*) from public.stage_tasks where status in ('queued', 'processing')"


class SlowSlot(NoopSlot):
    """Takes so long that a dump finds tasks that run."""

    async def run(self, *arguments: Any) -> Any:
        """As a stage that takes a while."""
        await asyncio.sleep(0.5)
        return await super().run(*arguments)


def dump_under_load(place: Place, jobs: int, file: Path) -> None:
    """Dump while a worker works, and let it end what it has."""
    place.create_batch(jobs)
    dump = [str(packaged_programs() / "pg_dump"), "-Fc", "-f", str(file), place.superuser]

    def has_dumped() -> bool:
        if place.count(_BEGUN) < jobs:
            return False
        subprocess.run(dump, check=True)
        return True

    asyncio.run(run_until(_worker(place, place.stack.worker), has_dumped))


def _worker(place: Place, conninfo: str) -> Worker:
    options = WorkerOptions(slots=4, make_slot=SlowSlot)
    return Worker(conninfo, NoFiles(), place.folder / "scratch", options)


def restore(place: Place, file: Path) -> dict[str, int]:
    """Restore into a database of its own, and work there; returns what was found before and after."""
    with psycopg.connect(place.superuser, autocommit=True) as connection:
        connection.execute("create database restored owner postgres")
    target = place.superuser.replace("/postgres", "/restored")
    subprocess.run([str(packaged_programs() / "pg_restore"), "-d", target, str(file)], check=True)
    with psycopg.connect(target, autocommit=True) as restored:

        def count(query: str) -> int:
            row = restored.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

        found = {"completed_in_dump": count(_BEGUN), "under_way_in_dump": count(_RUNNING)}
        began = time.perf_counter()
        worker = _worker(place, place.stack.worker.replace("/postgres", "/restored"))
        asyncio.run(run_until(worker, lambda: not count(_OPEN), 0.5))
        found["to_the_end_s"] = round(time.perf_counter() - began)
        found["completed"] = count("select count(*) from public.generation_jobs where status = 'completed'")
        found["lost_attempts"] = count("select count(*) from public.task_attempts where status = 'lost'")
        found["wrong_counters"] = count(WRONG)
    return found


def main() -> int:
    """Dump, restore, work, print, and say whether all is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=30)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        file = Path(folder) / "cliprow.dump"
        dump_under_load(place, chosen.jobs, file)
        found = restore(place, file) | {"jobs": chosen.jobs, "dump_kb": file.stat().st_size // 1024}
    print(json.dumps(found))
    print(
        f"restored with {found['under_way_in_dump']} tasks under way; {found['completed']} of {found['jobs']} jobs"
        f" completed, {found['wrong_counters']} wrong counters"
    )
    return 0 if found["completed"] == found["jobs"] and not found["wrong_counters"] else 1


if __name__ == "__main__":
    sys.exit(main())
