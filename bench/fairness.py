"""Fairness and caps with 10,000 tenants and 10 million tasks: a simulation of the release window, held against its SQL.

    uv run python bench/fairness.py [--tasks 10000000] [--tenants 10000] [--slots 4000] [--seed 4] [--without-sql]

First the model of the release window (`_release_model.py`) and the SQL work through the same small case, and must agree
in every release. Then the model alone works through all tasks: a few tenants have most of them, lanes are mixed, caps of
tenants, projects and batches bind, caps are lowered and tenants paused on the way. Prints one JSON object, then one line
for people.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from _noop_worker import new_place
from _release_check import check
from _release_model import LANES, NO_CAP, TAKEN, Ints, Model, look_at_all, new_model
from _release_run import ABOVE, ACTIVE, RELEASED, Clock, new_clock, run_until

#: Jain's index of the tasks served of tenants that always had some to serve: 1 is equal, 1 / n is all for one.
MIN_JAIN = 0.95
AGEING_S = 300.0
#: Released for each slot; the setting `queue_depth_per_slot`.
DEPTH = 2
#: Mean of the time that a task runs, in seconds.
TASK_S = 30.0
#: Over which shares are compared.
WINDOW_S = 3600.0
#: Fewer tenants than this are not compared.
_MIN_GROUP = 20
#: How the tasks are shared: part of the tenants, part of the tasks.
_SIZES = ((0.001, 0.3), (0.099, 0.3), (0.9, 0.4))
_LANE_SHARES = (0.08, 0.17, 0.75)


@dataclass
class Found:
    """What a run has shown."""

    jain: list[list[float]] = field(default_factory=lambda: [[] for _ in range(LANES)])
    most_turns: int = 0
    windows: int = 0


def make_case(tenants: int, tasks: int, chance: np.random.Generator) -> tuple[Model, Ints]:
    """Tenants with batches and caps; returns the model, and how many tasks there are in it."""
    large, middle = (max(1, round(part * tenants)) for part, _ in _SIZES[:2])
    groups = np.repeat([0, 1, 2], [large, middle, tenants - large - middle])
    sizes = np.array([share * tasks / np.count_nonzero(groups == n) for n, (_, share) in enumerate(_SIZES)])
    batch_counts = chance.integers(1, 5, tenants)
    tenant_of = chance.permutation(np.repeat(np.arange(tenants), batch_counts))
    split = chance.dirichlet(np.ones(4), tenants)
    share = split[tenant_of, chance.integers(0, 4, len(tenant_of))]
    whole = np.bincount(tenant_of, share, tenants)
    per_batch = sizes[groups][tenant_of] * share / whole[tenant_of]
    by_lane = per_batch[:, None] * np.array(_LANE_SHARES)
    # Half of the batches have no urgent work, so that other lanes are not always in its shadow.
    by_lane[chance.random(len(by_lane)) < 0.5, 0] = 0
    waiting = np.ceil(by_lane * (tasks / by_lane.sum())).astype(np.int64)

    def caps(size: int, values: list[int], odds: list[float]) -> Ints:
        return chance.choice(np.array(values), size, p=odds)

    tenant_caps = caps(tenants, [64, 8, NO_CAP], [0.8, 0.1, 0.1])
    tenant_caps[groups == 0] = NO_CAP
    projects = 2 * tenants
    project_caps = caps(projects, [NO_CAP, 16], [0.8, 0.2])
    batch_caps = caps(len(tenant_of), [NO_CAP, 4], [0.9, 0.1])
    for bound, scope in ((project_caps, np.repeat(groups, 2)), (batch_caps, groups[tenant_of])):
        bound[scope == 0] = NO_CAP
    project_of = 2 * tenant_of + chance.integers(0, 2, len(tenant_of))
    model = new_model(
        {"tenants": tenant_caps, "projects": project_caps, "batches": batch_caps},
        project_of,
        tenant_of,
        waiting,
    )
    return model, groups


def jain(shares: np.ndarray) -> float:
    """Jain's index of fairness."""
    return float(shares.sum() ** 2 / (len(shares) * (shares**2).sum()))


def change_scopes(model: Model, window: int, small: Ints) -> None:
    """What people do meanwhile: every few windows, some tenants are paused, or get another cap."""
    some = small[window % 20 :: 20]
    if window % 4 == 1:
        model.tenants.is_open[some] = False
        model.is_waiting.reshape(-1, LANES)[some] = False
    elif window % 4 == 2:
        model.tenants.is_open[:] = True
    elif window % 4 == 3:
        model.tenants.cap[some] = np.maximum(2, model.tenants.cap[some] // 2)


def simulate(tenants: int, tasks: int, slots: int, seed: int) -> tuple[Model, Clock, Found]:
    """All tasks from the first to the last."""
    chance = np.random.default_rng(seed)
    model, groups = make_case(tenants, tasks, chance)
    clock = new_clock(slots, DEPTH, LANES * tenants, AGEING_S, seed)
    small = np.flatnonzero(groups == 2)
    found = Found()
    while model.waiting.any() or clock.numbers[ACTIVE]:
        now = found.windows * WINDOW_S
        change_scopes(model, found.windows, small)
        look_at_all(model, now, AGEING_S)
        found.most_turns = max(found.most_turns, int(np.count_nonzero(model.is_ready)))
        model.is_hungry[:] = model.is_ready
        clock.served[:] = 0
        run_until(model, clock, now, now + WINDOW_S, AGEING_S, TASK_S)
        found.windows += 1
        for lane in range(LANES):
            hungry = np.flatnonzero(model.is_hungry[lane::LANES]) * LANES + lane
            if len(hungry) >= _MIN_GROUP and clock.served[hungry].any():
                found.jain[lane].append(jain(clock.served[hungry].astype(float)))
    return model, clock, found


def report(model: Model, clock: Clock, found: Found, slots: int) -> dict[str, object]:
    """The figures of a run."""
    rate = slots / TASK_S
    bounds = [lane * AGEING_S + found.most_turns / rate + clock.grid_s for lane in range(LANES)]
    return {
        "released": int(clock.numbers[RELEASED]),
        "turns_taken": int(model.counts[TAKEN]),
        "jain_worst": [round(min(each), 4) if each else None for each in found.jain],
        "jain_mean": [round(float(np.mean(each)), 4) if each else None for each in found.jain],
        "longest_wait_s": [round(float(each)) for each in model.longest_s],
        "bound_s": [round(bound) for bound in bounds],
        "most_turns_before": int(model.most_before[0]),
        "turns": found.most_turns,
        "above_cap": int(clock.numbers[ABOVE]),
        "simulated_hours": round(found.windows * WINDOW_S / 3600, 1),
    }


def main() -> int:
    """Compare with the SQL, simulate, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000_000)
    parser.add_argument("--tenants", type=int, default=10_000)
    parser.add_argument("--slots", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument(
        "--without-sql", action="store_true", help="do not hold the model against the SQL first"
    )
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    agreed = None
    if not chosen.without_sql:
        with tempfile.TemporaryDirectory() as folder, new_place(Path(folder)) as place:
            agreed = check(place, chosen.seed)
    began = time.perf_counter()
    model, clock, found = simulate(chosen.tenants, chosen.tasks, chosen.slots, chosen.seed)
    figures = report(model, clock, found, chosen.slots)
    print(
        json.dumps(
            {
                "agreed_releases": agreed,
                "tenants": chosen.tenants,
                **figures,
                "simulate_s": round(time.perf_counter() - began, 1),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }
        )
    )
    waits, bounds = figures["longest_wait_s"], figures["bound_s"]
    print(
        f"{figures['released']} tasks of {chosen.tenants} tenants: Jain's index at least"
        f" {min(each for each in figures['jain_worst'] if each is not None)}, longest waits {waits} s of at most {bounds} s,"
        f" {figures['above_cap']} above a cap; the model agreed with the SQL in {agreed} releases"
    )
    fair = all(each is None or each >= MIN_JAIN for each in figures["jain_worst"])
    in_time = all(wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    return 0 if fair and in_time and not figures["above_cap"] else 1


if __name__ == "__main__":
    sys.exit(main())
