"""How long after its commit a task starts on an idle worker, and whether a second one just behind it is noticed.

    uv run python bench/start_latency.py [--tasks 300] [--pairs 100]

First single batches of one topic, one after another, each when the last is done: from the return of the commit to the
first instruction of the stage. Then pairs, the second 0 to 8 ms after the first, as no worker that forgets a
notification notices before its next poll (once a second). Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _noop_worker import Place, new_place

from cliprow.models import Stage
from cliprow.queue.frames import Request

MAX_P50_MS = 5.0
MAX_P99_MS = 25.0
#: A second task that waits this long was not noticed when it came.
LOST_MS = 300.0


class Starts:
    """When scripts were begun."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def note(self, request: Request) -> None:
        """Called by the slot; the other stages of a job are of no interest here."""
        if request.stage is Stage.SCRIPT:
            self.at.append(time.perf_counter())


def _submit(place: Place, gap_s: float | None) -> list[float]:
    """One batch, or two with a gap between them; returns when each was committed."""
    place.create_batch(1)
    committed = [time.perf_counter()]
    if gap_s is not None:
        time.sleep(gap_s)
        place.create_batch(1)
        committed.append(time.perf_counter())
    return committed


async def _latencies(place: Place, starts: Starts, gaps: list[float | None]) -> list[float]:
    """Milliseconds from commit to start, of each task in turn."""
    late = []
    waiting = "select count(*) from public.generation_jobs where status in ('pending', 'processing')"
    for gap_s in gaps:
        starts.at.clear()
        committed = await asyncio.to_thread(_submit, place, gap_s)
        while place.count(waiting):  # noqa: ASYNC110 - it asks the database
            await asyncio.sleep(0.02)
        late += [1000 * (start - commit) for start, commit in zip(starts.at, committed, strict=True)]
        # The worker goes to sleep.
        await asyncio.sleep(0.03)
    return late


async def measure(place: Place, tasks: int, pairs: int) -> dict[str, float]:
    """Both runs on one worker."""
    starts = Starts()
    worker = place.worker(4, starts.note)
    running = asyncio.create_task(worker.run())
    await _latencies(place, starts, [None] * 20)  # connections, plans and caches
    single = await _latencies(place, starts, [None] * tasks)
    chance = random.Random(4)
    paired = await _latencies(place, starts, [chance.uniform(0, 0.008) for _ in range(pairs)])
    worker.stop()
    await running
    cuts = statistics.quantiles(single, n=100)
    return {
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "pair_p99_ms": round(statistics.quantiles(paired, n=100)[98], 2),
        "lost": sum(late > LOST_MS for late in paired),
        "tasks": tasks,
        "pairs": pairs,
    }


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=100)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        result = asyncio.run(measure(place, chosen.tasks, chosen.pairs))
    print(json.dumps(result))
    print(
        f"started {result['p50_ms']:.1f} ms after commit (p50, at most {MAX_P50_MS:.0f}), {result['p99_ms']:.1f} ms"
        f" (p99, at most {MAX_P99_MS:.0f}); {result['lost']} of {result['pairs']} second tasks not noticed at once"
    )
    return (
        0 if result["p50_ms"] <= MAX_P50_MS and result["p99_ms"] <= MAX_P99_MS and not result["lost"] else 1
    )


if __name__ == "__main__":
    sys.exit(main())
