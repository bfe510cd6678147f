"""A batch of many topics, made in chunks as the command line does, while a worker claims and completes what others have.

    uv run python bench/batch_chunks.py [--topics 100000] [--cycles 300]

The worker is only its SQL calls, and is measured alone first; then for as long as the batch is being filled. The longest
call is compared with the statement timeout of the API's roles in the same database. Prints one JSON object, then one line
for people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from _noop_worker import Place, new_place
from _waiting_tasks import BareWorker, fill

from cliprow.batches import create_batch

#: Seconds in all.
MAX_S = 12.0
#: A claim beside it, over one alone (medians).
MAX_RATIO = 3.0
#: Between two cycles of the worker, in seconds: it is not to take a processor from the rest.
_PAUSE_S = 0.02


def claims(worker: BareWorker, goes_on: Callable[[int], bool]) -> list[float]:
    """Milliseconds of claims, one after another."""
    taken: list[float] = []
    while goes_on(len(taken)):
        taken.append(worker.cycle().take_ms)
        time.sleep(_PAUSE_S)
    return taken


def create(place: Place, topics: int) -> tuple[float, float]:
    """Seconds of the whole, and of its longest call."""
    listed = [
        {"topic": f"Why sky number {number} is blue", "platforms": ["youtube"]} for number in range(topics)
    ]
    calls: list[float] = []
    began = last = time.perf_counter()

    def on_progress(_: int) -> None:
        nonlocal last
        now = time.perf_counter()
        calls.append(now - last)
        last = now

    create_batch(place.account, place.project_id, listed, title="Many", on_progress=on_progress)
    return time.perf_counter() - began, max(calls)


def statement_timeout_s(place: Place) -> float:
    """What the API's role for signed-in users is given."""
    return place.count(
        "select extract(epoch from split_part(c, '=', 2)::interval)::int"
        " from pg_roles, unnest(rolconfig) as c where rolname = 'authenticated' and c like 'statement_timeout=%'"
    )


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=100_000)
    parser.add_argument("--cycles", type=int, default=300, help="of the worker alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
        fill(place, 20, 500)
        place.admin.execute("vacuum analyze")
        worker = BareWorker(place, 50)
        alone = claims(worker, lambda count: count < chosen.cycles)
        beside: list[float] = []
        ended = threading.Event()
        claiming = threading.Thread(
            target=lambda: beside.extend(claims(worker, lambda _: not ended.is_set()))
        )
        claiming.start()
        try:
            total_s, longest_s = create(place, chosen.topics)
        finally:
            ended.set()
            claiming.join()
        worker.close()
        limit_s = statement_timeout_s(place)
    ratio = statistics.median(beside) / statistics.median(alone)
    result = {
        "topics": chosen.topics,
        "total_s": round(total_s, 2),
        "longest_call_s": round(longest_s, 2),
        "statement_timeout_s": limit_s,
        "claim_alone_p50_ms": round(statistics.median(alone), 2),
        "claim_beside_p50_ms": round(statistics.median(beside), 2),
        "claim_beside_max_ms": round(max(beside), 1),
        "ratio": round(ratio, 2),
    }
    print(json.dumps(result))
    print(
        f"{chosen.topics} topics in {total_s:.1f} s (at most {MAX_S:.0f}), no call above {longest_s:.2f} s of {limit_s:.0f};"
        f" others' claims take {ratio:.1f} times as long (at most {MAX_RATIO:.0f})"
    )
    return 0 if total_s <= MAX_S and longest_s <= limit_s and ratio <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
