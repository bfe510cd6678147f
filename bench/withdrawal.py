"""How long it takes to withdraw a batch of many expanded jobs, and until a child that runs withdrawn work has ended.

    uv run python bench/withdrawal.py [--jobs 10000] [--aborts 50]

First all scripts of a batch are written, so that every job has all its tasks; then `cancel_batch` is called until nothing
remains, under the API's statement timeout. Then one real child at a time is put to sleep in the middle of its stage, as one
that hangs, and its batch is paused with `now` or cancelled. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from _noop_worker import NoFiles, NoopSlot, Place, new_place, run_until

from cliprow import db
from cliprow.models import Stage
from cliprow.queue.worker import Worker, WorkerOptions

#: What the API's statements may take, in seconds, and the whole batch.
MAX_CALL_S = db.USER_TIMEOUT_MS / 1000
MAX_CANCEL_S = 60.0
MAX_STOP_S = 2.0
#: A child that lives so long after its work was withdrawn counts as if it had ended then.
GIVE_UP_S = 10.0
#: So many that its child always has another one to do.
JOBS_AT_ONCE = 50
_RUNNING = "select count(*) from public.stage_tasks where status = 'processing'"


def expand(place: Place, jobs: int) -> None:
    """One batch whose scripts are written: each job has its other tasks, and none of them runs."""
    place.create_batch(jobs)
    options = WorkerOptions(stages=[Stage.SCRIPT], slots=8, make_slot=NoopSlot)
    worker = Worker(place.stack.worker, NoFiles(), place.folder / "scratch", options)
    left = (
        "select count(*) from public.stage_tasks where stage = 'script_generation' and status <> 'completed'"
    )
    asyncio.run(run_until(worker, lambda: place.count(left) == 0, every_s=0.5))
    place.admin.execute("vacuum analyze")


def cancel(place: Place) -> tuple[list[float], int]:
    """Seconds of each call until nothing of the batch remains, and how many tasks it had."""
    tasks = place.count("select count(*) from public.stage_tasks")
    calls: list[float] = []
    remaining = 1
    while remaining:
        began = time.perf_counter()
        with place.account.acting() as connection:
            row = connection.execute("select public.cancel_batch(id) from public.batches").fetchone()
        calls.append(time.perf_counter() - began)
        assert row is not None
        remaining = row[0]["remaining_jobs"]
    return calls, tasks


def _child() -> psutil.Process:
    """The child of the one slot, once it works on something."""
    [child] = [
        each
        for each in psutil.Process().children()
        if any("cliprow.queue.child" in word for word in each.cmdline())
    ]
    return child


def _stopped_after(place: Place, call: str) -> float:
    """Seconds from a call that withdraws what a sleeping child runs until the child is gone."""
    batch_id = place.create_batch(JOBS_AT_ONCE)
    # One that still starts works on nothing.
    done = f"select count(*) from public.stage_tasks where batch_id = '{batch_id}' and status = 'completed'"
    while place.count(done) == 0:
        time.sleep(0.005)
    child = _child()
    child.suspend()
    # It may have been about to answer, or between two tasks: after this it sleeps over the next one.
    time.sleep(1)
    if place.count(_RUNNING) != 1:
        raise RuntimeError("the child has nothing to do; repeat with more jobs at once")
    began = time.perf_counter()
    with place.account.acting() as connection:
        connection.execute(f"select public.{call}".encode(), [batch_id])
    while (
        child.is_running()
        and child.status() != psutil.STATUS_ZOMBIE
        and time.perf_counter() - began < GIVE_UP_S
    ):
        time.sleep(0.002)
    took = time.perf_counter() - began
    if child.is_running():
        child.resume()
    with place.account.acting() as connection:
        connection.execute("select public.cancel_batch(%s)", [batch_id])
    return took


async def stops(place: Place, aborts: int) -> list[float]:
    """Seconds until a child is gone, paused and cancelled in turn."""
    options = WorkerOptions(stages=[Stage.SCRIPT], slots=1)
    worker = Worker(place.stack.worker, NoFiles(), place.folder / "scratch", options)
    running = asyncio.create_task(worker.run())
    calls = ("pause_batch(%s, true)", "cancel_batch(%s)")
    took = [await asyncio.to_thread(_stopped_after, place, calls[n % 2]) for n in range(aborts)]
    worker.stop()
    await running
    return took


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--aborts", type=int, default=50)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        expand(place, chosen.jobs)
        calls, tasks = cancel(place)
        took = asyncio.run(stops(place, chosen.aborts))
    result = {
        "jobs": chosen.jobs,
        "tasks": tasks,
        "calls": len(calls),
        "longest_call_s": round(max(calls), 2),
        "cancel_s": round(sum(calls), 2),
        "aborts": chosen.aborts,
        "stop_p50_ms": round(1000 * statistics.median(took)),
        "stop_p90_ms": round(1000 * statistics.quantiles(took, n=10)[8]),
        "stop_max_ms": round(1000 * max(took)),
    }
    print(json.dumps(result))
    print(
        f"{chosen.jobs} jobs of {tasks} tasks withdrawn in {sum(calls):.1f} s (at most {MAX_CANCEL_S:.0f}) and {len(calls)}"
        f" calls, none above {max(calls):.1f} s (at most {MAX_CALL_S:.0f}); {chosen.aborts} children gone within"
        f" {max(took):.2f} s (at most {MAX_STOP_S:.0f})"
    )
    is_met = max(calls) <= MAX_CALL_S and sum(calls) <= MAX_CANCEL_S and max(took) <= MAX_STOP_S
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
