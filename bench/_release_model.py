"""The release window of `sql/24_release.sql` as arrays, for one stage: which waiting task goes to the queue next.

One thread, so no tenant is ever busy; everything else is as there. A turn is a tenant in a lane: the best lane first,
then the tenant served longest ago, then its oldest batch; waiting lifts a lane; caps of tenant, project and batch; pauses.
Times are seconds, an index is an int64, and -1 is no index.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Urgent, premium, standard.
LANES = 3
NO_CAP = 2**31 - 1
#: The key of a turn that cannot be served now.
NOBODY = int(np.iinfo(np.int64).max)
_RANK_BIT, _SERVED_BIT = 60, 20
#: In `counts`: turns taken so far.
TAKEN = 0


class Scopes(NamedTuple):
    """Tenants, projects or batches: `active` tasks against the `cap`, and whether they are paused."""

    active: Ints
    cap: Ints
    is_open: Flags


class Model(NamedTuple):
    """Backlogs (what waits of one batch in one lane) in the order of their turns, and what bounds them."""

    tenants: Scopes
    projects: Scopes
    batches: Scopes
    #: Of each backlog: its turn, its scopes, and how many tasks wait.
    turn: Ints
    project: Ints
    batch: Ints
    waiting: Ints
    #: Backlogs of turn u, which is tenant u // 3 in lane u % 3, are those from `first[u]` to `first[u + 1]`.
    first: Ints
    #: Of each turn: which one in the order of all it was when it was last served, the age that lifts it, and whether it
    #: is known to wait (as `private.turns`).
    served: Ints
    since: Floats
    is_waiting: Flags
    #: What turns are compared by, the lowest first; `NOBODY` for those that cannot be served.
    key: Ints
    #: Whether a turn has both work and room, since when, and whether it has had both since somebody set this.
    is_ready: Flags
    ready_at: Floats
    is_hungry: Flags
    #: How many turns had been taken when it became one of rank 0; -1 when it is none.
    lifted: Ints
    #: A tournament: node n is won by the better of 2n and 2n + 1; leaves begin at its half.
    tree: Ints
    counts: Ints
    #: Longest wait in each lane, in seconds, and most turns that were taken before one of rank 0.
    longest_s: Floats
    most_before: Ints


def scopes(caps: Ints) -> Scopes:
    """Scopes with these caps, of which nothing runs."""
    return Scopes(np.zeros(len(caps), np.int64), caps.copy(), np.ones(len(caps), np.bool_))


def new_model(caps: dict[str, Ints], project_of: Ints, tenant_of: Ints, waiting: Ints) -> Model:
    """A model in which nothing has been released.

    Args:
        caps: of `tenants`, `projects` and `batches`; `NO_CAP` for none.
        project_of: of each batch, its project; batches in the order in which they were made.
        tenant_of: of each batch, its tenant.
        waiting: (batches, 3), how many tasks of each lane wait.
    """
    batch, lane = np.nonzero(waiting >= 0)
    turn = tenant_of[batch] * LANES + lane
    order = np.lexsort((batch, turn))
    batch, lane, turn = batch[order], lane[order], turn[order]
    turns = LANES * len(caps["tenants"])
    leaves = 1 << math.ceil(math.log2(turns))
    tree = np.arange(-leaves, leaves)
    for node in range(leaves - 1, 0, -1):
        tree[node] = tree[2 * node]
    return Model(
        *(scopes(caps[name]) for name in ("tenants", "projects", "batches")),
        turn=turn,
        project=project_of[batch],
        batch=batch,
        waiting=waiting[batch, lane].astype(np.int64),
        first=np.searchsorted(turn, np.arange(turns + 1)),
        served=np.zeros(turns, np.int64),
        since=np.zeros(turns),
        is_waiting=np.zeros(turns, np.bool_),
        key=np.full(leaves, NOBODY),
        is_ready=np.zeros(turns, np.bool_),
        ready_at=np.zeros(turns),
        is_hungry=np.zeros(turns, np.bool_),
        lifted=np.full(turns, -1),
        tree=tree,
        counts=np.zeros(1, np.int64),
        longest_s=np.zeros(LANES),
        most_before=np.zeros(1, np.int64),
    )


@njit(cache=True, inline="always")
def lane_rank(lane: int, waited_s: float, ageing_s: float) -> int:
    """`private.lane_rank`."""
    return max(0, lane - int(waited_s // ageing_s))


@njit(cache=True, inline="always")
def scope_room(model: Any, backlog: int) -> int:
    """`private.scope_room`: how many more tasks of a backlog the caps allow."""
    t, p, b = model.turn[backlog] // LANES, model.project[backlog], model.batch[backlog]
    return max(
        0,
        min(
            model.tenants.cap[t] - model.tenants.active[t],
            model.projects.cap[p] - model.projects.active[p],
            model.batches.cap[b] - model.batches.active[b],
        ),
    )


@njit(cache=True, inline="always")
def is_next(model: Any, backlog: int) -> bool:
    """`private.backlogs.is_next`: whether something of it may be released, as far as pauses are concerned."""
    return (
        model.waiting[backlog] > 0
        and model.tenants.is_open[model.turn[backlog] // LANES]
        and model.projects.is_open[model.project[backlog]]
        and model.batches.is_open[model.batch[backlog]]
    )


@njit(cache=True)
def pick_backlog(model: Any, turn: int) -> tuple[int, bool]:
    """The oldest backlog of a turn with work and room (-1 for none), and whether it has any work."""
    has_work = False
    for backlog in range(model.first[turn], model.first[turn + 1]):
        if is_next(model, backlog):
            if scope_room(model, backlog) > 0:
                return backlog, True
            has_work = True
    return -1, has_work


@njit(cache=True)
def set_key(model: Any, turn: int, key: int) -> None:
    """Let a turn compete with this key."""
    if model.key[turn] == key:
        return
    model.key[turn] = key
    node = (len(model.key) + turn) >> 1
    while node:
        left, right = model.tree[2 * node], model.tree[2 * node + 1]
        model.tree[node] = left if model.key[left] <= model.key[right] else right
        node >>= 1


@njit(cache=True)
def look_at(model: Any, turn: int, now: float, ageing_s: float) -> None:
    """Let a turn compete if it is waiting: with work and room, or unless a release has seen that its work is gone."""
    backlog, has_work = pick_backlog(model, turn)
    if has_work and not model.is_waiting[turn]:
        model.is_waiting[turn] = True
        model.since[turn] = now
    if backlog < 0:
        model.is_ready[turn] = model.is_hungry[turn] = False
    elif not model.is_ready[turn]:
        model.is_ready[turn] = True
        model.ready_at[turn] = now
    if not model.is_waiting[turn] or (has_work and backlog < 0):
        model.lifted[turn] = -1
        set_key(model, turn, NOBODY)
        return
    rank = lane_rank(turn % LANES, now - model.since[turn], ageing_s)
    if rank > 0 or backlog < 0:
        model.lifted[turn] = -1
    elif model.lifted[turn] < 0:
        model.lifted[turn] = model.counts[TAKEN]
    set_key(model, turn, (rank << _RANK_BIT) + (model.served[turn] << _SERVED_BIT) + turn)


@njit(cache=True)
def look_at_tenant(model: Any, tenant: int, now: float, ageing_s: float) -> None:
    """Something of a tenant has changed."""
    for turn in range(tenant * LANES, (tenant + 1) * LANES):
        look_at(model, turn, now, ageing_s)


@njit(cache=True)
def look_at_all(model: Any, now: float, ageing_s: float) -> None:
    """Anything may have changed."""
    for turn in range(len(model.since)):
        look_at(model, turn, now, ageing_s)


@njit(cache=True)
def look_at_aged(model: Any, now: float, ageing_s: float) -> None:
    """As time goes by, lanes rise."""
    for turn in range(len(model.since)):
        if model.key[turn] == NOBODY or model.key[turn] >> _RANK_BIT == 0:
            continue
        rank = lane_rank(turn % LANES, now - model.since[turn], ageing_s)
        if model.key[turn] >> _RANK_BIT != rank:
            look_at(model, turn, now, ageing_s)


@njit(cache=True)
def add_active(model: Any, backlog: int, count: int) -> None:
    """Count tasks of a backlog as active, or as no longer so."""
    model.tenants.active[model.turn[backlog] // LANES] += count
    model.projects.active[model.project[backlog]] += count
    model.batches.active[model.batch[backlog]] += count


@njit(cache=True)
def take_turn(model: Any, turn: int, now: float) -> None:
    """Note that a turn is served, and how long it waited for that."""
    waited_s = now - max(model.since[turn], model.ready_at[turn])
    model.longest_s[turn % LANES] = max(model.longest_s[turn % LANES], waited_s)
    if model.lifted[turn] >= 0:
        model.most_before[0] = max(model.most_before[0], model.counts[TAKEN] - model.lifted[turn])
    model.lifted[turn] = -1
    model.counts[TAKEN] += 1
    model.served[turn] = model.counts[TAKEN]
    model.since[turn] = now
    # The tenant's other lanes have no turn in this round.
    tenant = turn // LANES
    for each in range(tenant * LANES, (tenant + 1) * LANES):
        set_key(model, each, NOBODY)


@njit(cache=True)
def pick_turns(model: Any, now: float, ageing_s: float, window: int, picks: Ints) -> tuple[int, int]:
    """`private.pick_turns`: backlogs of one rank, one of each tenant; writes them, returns how many and their rank."""
    count, rank = 0, -1
    while count < window:
        turn = model.tree[1]
        key = model.key[turn]
        if key == NOBODY or (count and key >> _RANK_BIT > rank):
            break
        backlog, _ = pick_backlog(model, turn)
        if backlog < 0:
            # Its work is gone since it was served.
            model.is_waiting[turn] = False
            set_key(model, turn, NOBODY)
            continue
        rank = key >> _RANK_BIT
        take_turn(model, turn, now)
        picks[count] = backlog
        count += 1
    return count, rank


@njit(cache=True)
def release(model: Any, now: float, ageing_s: float, window: int, picks: Ints, released: Ints) -> int:
    """`private.release_stage`.

    Args:
        window: how many tasks may be released.
        picks: (window,) room to work in.
        released: (window, 2) filled with backlog and rank of each released task, in order.

    Returns:
        How many were released.
    """
    done = 0
    while done < window:
        left = window - done
        count, rank = pick_turns(model, now, ageing_s, left, picks)
        if count == 0:
            break
        # One of each batch, then a second of each.
        first = done
        for turn in range((left + count - 1) // count):
            for backlog in picks[:count]:
                if done < window and (
                    turn == 0 or (model.waiting[backlog] > 0 and scope_room(model, backlog) > 0)
                ):
                    model.waiting[backlog] -= 1
                    add_active(model, backlog, 1)
                    released[done] = backlog, rank
                    done += 1
        for backlog in picks[:count]:
            look_at_tenant(model, model.turn[backlog] // LANES, now, ageing_s)
        if done == first:
            break
    return done
