"""No-op tasks per second with one worker process, against other queues' bare no-op jobs on the same Postgres.

    uv run python bench/queue_tasks.py [--jobs 300] [--slots 100] [--peer-jobs 5000] [--peers procrastinate,pgqueuer]

Cliprow's tasks have their whole life: released under caps, claimed, started, completed, dependents unlocked, counters
rolled up, events kept. The peers' jobs are enqueued before the clock starts, and do nothing. Each peer is installed
from its registry into a temporary folder, and all run one after another on the same server. Then Cliprow's batch runs
once more with `track_functions`, which tells what a task costs, function by function. Prints one JSON object, a table,
then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from _noop_worker import TASKS_PER_JOB, Place, new_place, run_until
from _queue_peers import PEERS, PeerMissing, peer_rate

#: Cliprow's whole tasks, over procrastinate's bare jobs.
MIN_RATIO = 3.0


def tasks_per_s(place: Place, jobs: int, slots: int) -> float:
    """A batch from its first claim to its last completion."""
    place.create_batch(jobs)
    waiting = "select count(*) from public.generation_jobs where status in ('pending', 'processing')"
    finished: list[float] = []
    started: list[float] = []

    def is_done() -> bool:
        if place.count(waiting):
            return False
        finished.append(time.perf_counter())
        return True

    worker = place.worker(slots, lambda _: started.append(time.perf_counter()))
    # Seldom: each look is work for the same server.
    asyncio.run(run_until(worker, is_done, 0.1))
    failed = place.count("select count(*) from public.generation_jobs where status <> 'completed'")
    if failed:
        raise SystemExit(f"{failed} jobs did not complete")
    return jobs * TASKS_PER_JOB / (finished[0] - started[0])


def explained(place: Place, jobs: int, slots: int) -> list[dict[str, object]]:
    """What a task costs in the database, by function, the dearest first."""
    with psycopg.connect(place.superuser, autocommit=True) as connection:
        connection.execute("alter database postgres set track_functions = 'all'")
        connection.execute("select pg_stat_reset()")
        tasks_per_s(place, jobs, slots)
        connection.execute("alter database postgres reset track_functions")
        rows = connection.execute(
            "select schemaname || '.' || funcname, calls, self_time from pg_stat_user_functions"
            " where self_time > 0 order by self_time desc limit 15"
        ).fetchall()
    tasks = jobs * TASKS_PER_JOB
    return [
        {"function": name, "calls_per_task": round(calls / tasks, 2), "us_per_task": round(1000 * ms / tasks)}
        for name, calls, ms in rows
    ]


def main() -> int:
    """Measure all in turn, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300, help=f"of {TASKS_PER_JOB} tasks each")
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--peer-jobs", type=int, default=5000)
    parser.add_argument("--peers", default=",".join(PEERS), help="none: only Cliprow")
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    rates: dict[str, float] = {}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        rates["cliprow"] = tasks_per_s(place, chosen.jobs, chosen.slots)
        for name in [name for name in chosen.peers.split(",") if name in PEERS]:
            try:
                rates[name] = peer_rate(name, place.superuser, Path(folder) / name, chosen.peer_jobs)
            except PeerMissing as error:
                missing[name] = str(error)
        costs = explained(place, chosen.jobs, chosen.slots)
    result = {
        "tasks_per_s": {name: round(rate) for name, rate in rates.items()},
        "ratio": {name: round(rates["cliprow"] / rate, 2) for name, rate in rates.items()},
        "missing": missing,
        "jobs": chosen.jobs,
        "slots": chosen.slots,
    }
    print(json.dumps(result))
    for cost in costs:
        print(f"{cost['us_per_task']:>8} us  {cost['calls_per_task']:>6} calls  {cost['function']}")
    ratio = rates["cliprow"] / rates["procrastinate"] if "procrastinate" in rates else 0.0
    print(
        f"{rates['cliprow']:.0f} whole tasks/s, {ratio:.1f} times procrastinate's bare jobs (at least {MIN_RATIO})"
    )
    return 0 if ratio >= MIN_RATIO or not ratio else 1


if __name__ == "__main__":
    sys.exit(main())
