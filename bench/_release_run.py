"""The model of the release window with workers: what is released runs for a while, and its end releases the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from _release_model import LANES, Floats, Ints, add_active, look_at_aged, look_at_all, look_at_tenant, release
from numba import njit

#: How far the times that tasks run are spread (sigma of their logarithm).
_SPREAD = 0.5
#: In `numbers`: tasks released and not yet ended, all that were ever released, the most above a cap, slots that are free,
#: and where the times are read.
ACTIVE, RELEASED, ABOVE, FREE, DRAWN = range(5)


class Clock(NamedTuple):
    """What is under way."""

    #: Tasks that may be released and not ended.
    window: int
    #: Between two looks at who has aged, in seconds.
    grid_s: float
    #: Ends of running tasks and their backlogs: a heap of as many as `running` says.
    ends: Floats
    backlogs: Ints
    running: Ints
    #: Rings of released tasks that no slot has taken, by rank, and their heads and tails.
    rings: Ints
    heads: Ints
    tails: Ints
    #: Factors by which the times of tasks differ.
    factors: Floats
    #: Tasks released of each turn in this window.
    served: Ints
    numbers: Ints
    picks: Ints
    released: Ints


def new_clock(slots: int, depth: int, turns: int, ageing_s: float, seed: int) -> Clock:
    """So many free slots."""
    window = slots * depth
    chance = np.random.default_rng(seed)
    numbers = np.zeros(5, np.int64)
    numbers[FREE] = slots
    return Clock(
        window=window,
        grid_s=ageing_s / 30,
        ends=np.zeros(slots),
        backlogs=np.zeros(slots, np.int64),
        running=np.zeros(1, np.int64),
        rings=np.zeros((LANES, window + 1), np.int64),
        heads=np.zeros(LANES, np.int64),
        tails=np.zeros(LANES, np.int64),
        factors=chance.lognormal(-(_SPREAD**2) / 2, _SPREAD, 1 << 16),
        served=np.zeros(turns, np.int64),
        numbers=numbers,
        picks=np.zeros(window, np.int64),
        released=np.zeros((window, 2), np.int64),
    )


@njit(cache=True)
def add_end(clock: Any, end: float, backlog: int) -> None:
    """Put a running task on the heap."""
    place = clock.running[0]
    clock.running[0] += 1
    while place > 0 and clock.ends[(place - 1) >> 1] > end:
        above = (place - 1) >> 1
        clock.ends[place], clock.backlogs[place] = clock.ends[above], clock.backlogs[above]
        place = above
    clock.ends[place], clock.backlogs[place] = end, backlog


@njit(cache=True)
def take_end(clock: Any) -> int:
    """Take the task that ends first from the heap; returns its backlog."""
    first = clock.backlogs[0]
    clock.running[0] -= 1
    size = clock.running[0]
    end, backlog = clock.ends[size], clock.backlogs[size]
    place = 0
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and clock.ends[below + 1] < clock.ends[below]:
            below += 1
        if clock.ends[below] >= end:
            break
        clock.ends[place], clock.backlogs[place] = clock.ends[below], clock.backlogs[below]
        place = below
    clock.ends[place], clock.backlogs[place] = end, backlog
    return first


@njit(cache=True)
def above_cap(model: Any, backlog: int) -> int:
    """By how many tasks a scope of a backlog, of which one was just released, is above its cap."""
    t, p, b = model.turn[backlog] // LANES, model.project[backlog], model.batch[backlog]
    return max(
        model.tenants.active[t] - model.tenants.cap[t],
        model.projects.active[p] - model.projects.cap[p],
        model.batches.active[b] - model.batches.cap[b],
    )


@njit(cache=True)
def refill(model: Any, clock: Any, now: float, ageing_s: float, task_s: float) -> None:
    """Release what the window has room for, and give it to free slots, the best rank first."""
    room = clock.window - clock.numbers[ACTIVE]
    count = release(model, now, ageing_s, room, clock.picks, clock.released)
    clock.numbers[ACTIVE] += count
    clock.numbers[RELEASED] += count
    size = clock.rings.shape[1]
    for backlog, rank in clock.released[:count]:
        clock.served[model.turn[backlog]] += 1
        clock.numbers[ABOVE] = max(clock.numbers[ABOVE], above_cap(model, backlog))
        clock.rings[rank, clock.tails[rank] % size] = backlog
        clock.tails[rank] += 1
    for rank in range(LANES):
        while clock.numbers[FREE] > 0 and clock.heads[rank] < clock.tails[rank]:
            backlog = clock.rings[rank, clock.heads[rank] % size]
            clock.heads[rank] += 1
            clock.numbers[FREE] -= 1
            clock.numbers[DRAWN] += 1
            factor = clock.factors[clock.numbers[DRAWN] % len(clock.factors)]
            add_end(clock, now + task_s * factor, backlog)


@njit(cache=True)
def run_until(model: Any, clock: Any, now: float, until: float, ageing_s: float, task_s: float) -> None:
    """Let workers work; tasks take `task_s` seconds in the mean."""
    look_at_all(model, now, ageing_s)
    refill(model, clock, now, ageing_s, task_s)
    next_look = now + clock.grid_s
    while clock.numbers[ACTIVE] > 0 or next_look <= until:
        if clock.running[0] == 0 or clock.ends[0] > next_look:
            if next_look > until:
                return
            look_at_aged(model, next_look, ageing_s)
            refill(model, clock, next_look, ageing_s, task_s)
            next_look += clock.grid_s
            continue
        if clock.ends[0] > until:
            return
        now = clock.ends[0]
        backlog = take_end(clock)
        add_active(model, backlog, -1)
        clock.numbers[ACTIVE] -= 1
        clock.numbers[FREE] += 1
        look_at_tenant(model, model.turn[backlog] // LANES, now, ageing_s)
        refill(model, clock, now, ageing_s, task_s)
