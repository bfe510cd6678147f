"""What a task costs the database: rows, bytes, write-ahead log and processor time; and what a worker holds of it.

    uv run python bench/task_cost.py [--jobs 300] [--slots 20]

One worker whose stages do nothing takes a batch to its end; what is left is what the queue costs. Sizes are those of
the tables before any vacuum, with their indexes. Processor time is that of all processes of the server and of the
worker's own; it does not depend on how busy the machine is otherwise. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from _noop_worker import TASKS_PER_JOB, Place, new_place, run_until

#: Beyond these a task costs more than the capacity model in docs/scale.md reckons with.
MAX_CPU_MS = 12.0
MAX_WAL_KB = 60.0
#: Largest tables that are listed.
_LISTED = 8
_SIZES = """
select coalesce(inhparent::regclass::text, c.oid::regclass::text), sum(pg_total_relation_size(c.oid))
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join pg_inherits as i on i.inhrelid = c.oid
where c.relkind = 'r' and n.nspname in ('public', 'private', 'partitions', 'procrastinate', 'realtime')
group by 1
"""
_ROWS = """
select coalesce(inhparent::regclass::text, s.relid::regclass::text), sum(n_tup_ins - n_tup_del), sum(n_tup_upd)
from pg_stat_user_tables as s left join pg_inherits as i on i.inhrelid = s.relid
group by 1
"""
_WAL = "select wal_bytes, wal_records, wal_fpi from pg_stat_wal"
#: Of the worker's own connections, and of all together.
_CONNECTIONS = """
select count(*) filter (where usename = 'cliprow_worker'), count(*) from pg_stat_activity
where backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Sample:
    """What there was at one moment."""

    sizes: dict[str, int]
    rows: dict[str, tuple[int, int]]
    wal: tuple[int, int, int]
    server_s: float
    worker_s: float


class Server:
    """The server's processes, seen from outside."""

    def __init__(self, place: Place) -> None:
        folder = place.folder / "home" / "postgres"
        self._postmaster = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        self._connection = psycopg.connect(place.superuser, autocommit=True)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def checkpoint(self) -> None:
        """Write out what changed, so that the first change of each page is part of what is measured."""
        self._connection.execute("checkpoint")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query gives."""
        return self._connection.execute(query.encode()).fetchall()

    def sample(self) -> Sample:
        """Sizes, counters and processor time as they are now."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        self.rows("select pg_stat_force_next_flush()")
        return Sample(
            {str(name): int(str(size)) for name, size in self.rows(_SIZES)},
            {str(name): (int(str(new)), int(str(changed))) for name, new, changed in self.rows(_ROWS)},
            tuple(int(str(value)) for value in self.rows(_WAL)[0]),  # type: ignore[arg-type]
            sum(_processor_s(each) for each in [self._postmaster, *self._postmaster.children()]),
            own.ru_utime + own.ru_stime,
        )

    def private_mb(self) -> dict[str, float]:
        """What each process of a connection holds beside the shared buffers: the median and the most."""
        held = sorted(
            sum(
                int(line.split()[1])
                for line in Path(f"/proc/{each.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
                if line.startswith("Pss_Anon:")
            )
            / 1024
            for each in self._postmaster.children()
            if "cliprow_worker" in " ".join(each.cmdline())
        )
        return {"median": round(held[len(held) // 2], 1), "most": round(held[-1], 1)} if held else {}


def _processor_s(process: psutil.Process) -> float:
    """Seconds that a process and those of its children that have ended have used."""
    times = process.cpu_times()
    # Only the server itself has children; those that it still has are asked one by one.
    return float(times.user + times.system + times.children_user + times.children_system)


async def _work(place: Place, server: Server, slots: int) -> dict[str, object]:
    waiting = "select count(*) from public.generation_jobs where status in ('pending', 'processing')"
    seen: dict[str, object] = {}

    def is_done() -> bool:
        if not place.count(waiting):
            seen["backend_mb"] = server.private_mb()
            seen["connections"] = [int(str(value)) for value in server.rows(_CONNECTIONS)[0]]
            return True
        return False

    await run_until(place.worker(slots), is_done, 1.0)
    return seen


def measure(place: Place, jobs: int, slots: int) -> dict[str, object]:
    """A small batch to warm up, then the one that counts."""
    server = Server(place)
    place.create_batch(10)
    asyncio.run(_work(place, server, slots))
    server.checkpoint()
    before = server.sample()
    began = time.perf_counter()
    place.create_batch(jobs)
    seen = asyncio.run(_work(place, server, slots))
    took_s = time.perf_counter() - began
    time.sleep(2)  # the last processes write their statistics
    after = server.sample()
    server.close()
    tasks = jobs * TASKS_PER_JOB
    grown = {name: size - before.sizes.get(name, 0) for name, size in after.sizes.items()}
    rows = {
        name: (new - before.rows.get(name, (0, 0))[0], changed - before.rows.get(name, (0, 0))[1])
        for name, (new, changed) in after.rows.items()
    }
    wal = [now - then for now, then in zip(after.wal, before.wal, strict=True)]
    listed = sorted(grown, key=lambda name: -grown[name])[:_LISTED]
    return {
        "tasks": tasks,
        "tasks_per_job": TASKS_PER_JOB,
        "tasks_per_s": round(tasks / took_s),
        "database_cpu_ms": round(1000 * (after.server_s - before.server_s) / tasks, 2),
        "worker_cpu_ms": round(1000 * (after.worker_s - before.worker_s) / tasks, 2),
        "wal_kb": round(wal[0] / tasks / 1024, 1),
        "wal_records": round(wal[1] / tasks),
        "wal_full_pages": round(wal[2] / tasks, 2),
        "kb": round(sum(grown.values()) / tasks / 1024, 2),
        "rows": round(sum(new for new, _ in rows.values()) / tasks, 2),
        "updates": round(sum(changed for _, changed in rows.values()) / tasks, 2),
        "tables": {
            name: {
                "kb": round(grown[name] / tasks / 1024, 2),
                "rows": round(rows.get(name, (0, 0))[0] / tasks, 2),
            }
            for name in listed
        },
        **seen,
    }


def main() -> int:
    """Measure, print, and compare with what docs/scale.md reckons with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--slots", type=int, default=20)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        result = measure(place, chosen.jobs, chosen.slots)
    print(json.dumps(result))
    print(
        f"a task costs {result['database_cpu_ms']} ms of the database's processors (at most {MAX_CPU_MS:.0f}),"
        f" {result['wal_kb']} kB of write-ahead log (at most {MAX_WAL_KB:.0f}) and {result['kb']} kB of tables"
    )
    cheap = float(str(result["database_cpu_ms"])) <= MAX_CPU_MS and float(str(result["wal_kb"])) <= MAX_WAL_KB
    return 0 if cheap else 1


if __name__ == "__main__":
    sys.exit(main())
