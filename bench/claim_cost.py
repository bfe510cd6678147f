"""What a claim costs when much waits, against the same with little, in turns in the same run.

    uv run python bench/claim_cost.py [--tasks 1000000] [--few 1000] [--tenants 10000] [--scheduled 100000] [--rounds 200]

A worker that is only its SQL calls claims one task after another (`take_tasks`) and completes it, which releases the
next. Compared are the claim and the release together. One server has few tasks of ten tenants waiting; the other has
many of many tenants, half of the tasks with ten of them. Then half of the tenants of the second are paused, and at last
a tenth more is scheduled for tomorrow. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from _noop_worker import Place, new_place
from _waiting_tasks import BareWorker, Cycle, fill

#: A claim among many may cost this many times what one among few costs.
MAX_RATIO = 1.5
#: Tenants of the small side, and the large tenants of the other.
_LARGE = 10
#: Rounds before those that count: they make plans and fill caches.
_WARM_UP = 20
#: The statistics of functions are written about once a second.
_STATISTICS_S = 2.0
#: As set_tenant_paused does it, for every other tenant: what is queued goes back, and others take its place.
_PAUSE = """
with paused as (
  update public.tenants as t set paused_at = now()
  from (select id, row_number() over (order by id) as number from public.tenants) as every
  where every.id = t.id and every.number % 2 = 1
  returning t.id
)
select private.take_back(private.active_tasks(paused.id, 'tenant', paused.id, false)) from paused
"""


def compare(few: BareWorker, many: BareWorker, rounds: int) -> dict[str, float]:
    """Median milliseconds of both sides, which take turns."""
    cycles: dict[BareWorker, list[Cycle]] = {few: [], many: []}
    for number in range(rounds + _WARM_UP):
        for worker in (few, many) if number % 2 else (many, few):
            cycle = worker.cycle()
            if number >= _WARM_UP:
                cycles[worker].append(cycle)
    found: dict[str, float] = {}
    for part in ("take_ms", "release_ms", "claim_ms"):
        few_ms, many_ms = (statistics.median(getattr(c, part) for c in cycles[side]) for side in (few, many))
        found[f"few_{part}"] = round(few_ms, 3)
        found[f"many_{part}"] = round(many_ms, 3)
    found["ratio"] = round(found["many_claim_ms"] / found["few_claim_ms"], 2)
    return found


def times(place: Place) -> dict[str, float]:
    """Milliseconds that each function has taken so far, without those that it called."""
    place.admin.execute("select pg_stat_clear_snapshot()")
    rows = place.admin.execute(
        "select schemaname || '.' || funcname, sum(self_time) from pg_stat_user_functions group by 1"
    )
    return dict(rows.fetchall())


def causes(before: list[dict[str, float]], after: list[dict[str, float]], rounds: int) -> dict[str, int]:
    """The functions that took most on the second side beyond the first, in microseconds a round."""
    few, many = (
        {name: (ms - then.get(name, 0)) / rounds for name, ms in now.items()}
        for then, now in zip(before, after, strict=True)
    )
    beyond = {name: round(1000 * (ms - few.get(name, 0))) for name, ms in many.items()}
    return dict(sorted(beyond.items(), key=lambda item: -item[1])[:5])


def settle(place: Place) -> None:
    """As autovacuum would, in the course of time."""
    place.admin.execute("vacuum analyze")


def measure(
    few: Place, many: Place, chosen: argparse.Namespace
) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """Both sides, as more and more is in the way on the second; and what is to blame where it differs."""
    fill(few, _LARGE, chosen.few // _LARGE)
    half = chosen.tasks // 2
    fill(many, _LARGE, half // _LARGE)
    small = chosen.tenants - _LARGE
    fill(many, small, half // small)
    for place in (few, many):
        settle(place)
    workers = [BareWorker(place, chosen.slots) for place in (few, many)]
    before = [times(place) for place in (few, many)]
    found = {"waiting": compare(*workers, chosen.rounds)}
    time.sleep(_STATISTICS_S)
    after = [times(place) for place in (few, many)]
    many.admin.execute(_PAUSE)
    many.admin.execute("select private.release()")
    settle(many)
    found["paused"] = compare(*workers, chosen.rounds)
    fill(many, chosen.scheduled // 100, 100, "1 day")
    settle(many)
    found["scheduled"] = compare(*workers, chosen.rounds)
    for worker in workers:
        worker.close()
    return found, causes(before, after, chosen.rounds + _WARM_UP)


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--tenants", type=int, default=10_000)
    parser.add_argument("--scheduled", type=int, default=100_000)
    parser.add_argument("--slots", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as places:
        few, many = (places.enter_context(new_place(Path(folder) / name)) for name in ("few", "many"))
        found, blame = measure(few, many, chosen)
    ratio = max(each["ratio"] for each in found.values())
    print(
        json.dumps(
            {"ratio": ratio, **found, "beyond_us": blame, "tasks": chosen.tasks, "tenants": chosen.tenants}
        )
    )
    print(
        f"a claim with {chosen.tasks} tasks of {chosen.tenants} tenants waiting costs {found['waiting']['ratio']:.2f} times"
        f" that with {chosen.few}, {found['paused']['ratio']:.2f} with half of the tenants paused,"
        f" {found['scheduled']['ratio']:.2f} with {chosen.scheduled} more scheduled (at most {MAX_RATIO})"
    )
    return 0 if ratio <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
