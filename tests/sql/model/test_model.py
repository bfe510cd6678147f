"""Whatever several connections do at once comes to what the machine comes to, doing the same one after another.

Each step lets one to three of them do something at random, at the same moment. Their answers and the rows afterwards must be
those of some order of the machine's own steps. So no interleaving of the SQL gives a state, or an answer, that no order gives;
and a deadlock is an error like any other.
"""

from __future__ import annotations

import copy
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.figures import Report
from tests.sql.model.doing import Doing, Held
from tests.sql.model.doings import Doings
from tests.sql.model.machine import Machine, State
from tests.sql.model.rows import MAX_FAILURES, MAX_LOSSES, Impossible
from tests.sql.recount import assert_sound
from tests.sql.world import Connection, Person, Worker, World

AT_ONCE = 3
#: Attempts that are remembered, most of them no longer current.
REMEMBERED = 20

_JOBS = """
select j.id::text, j.status, j.generation, j.paused_at is not null, coalesce(j.pause_after, ''), coalesce(j.paused_after, ''), t.stage, coalesce(t.scene_number, 0),
  case when t.status in ('pending', 'queued') then 'waiting' else t.status end
from public.generation_jobs as j join public.stage_tasks as t on t.job_id = j.id
"""
_BATCHES = """
select id::text, status, paused_at is not null,
  case when starts_at is null then '' when starts_at <= now() then 'due' else 'later' end, blocked_at is not null, is_late
from public.batches
"""
#: What is released although a cap forbids it: above a cap that was lowered only what runs already may go on.
_OVER_CAP = """
select w.scope, w.active_count, c.cap
from private.windows as w
join (
  select id, max_concurrent_tasks as cap from public.tenants
  union all select id, max_concurrent_tasks from public.batches
) as c on c.id = w.scope_id
where w.active_count > c.cap
  and exists (select from public.stage_tasks as t where t.status = 'queued' and w.scope_id in (t.tenant_id, t.batch_id))
"""


def read_state(world: World) -> State:
    jobs: dict[str, Any] = {}
    for id_, *told, stage, scene, task_status in world.rows(_JOBS):
        jobs.setdefault(id_, (*told, {}))[-1][stage, scene] = task_status
    return jobs, {row[0]: tuple(row[1:]) for row in world.rows(_BATCHES)}


def do_at_once(doings: list[Doing], lines: list[tuple[Connection, Connection]]) -> None:
    """Each on connections of its own, as near to the same moment as threads come."""
    ready = threading.Barrier(len(doings))

    def do(doing: Doing, line: tuple[Connection, Connection]) -> None:
        ready.wait()
        doing.answer = doing.call(*line)

    with ThreadPoolExecutor(len(doings)) as pool:
        for done in [pool.submit(do, *each) for each in zip(doings, lines, strict=False)]:
            done.result()


def orders(doings: list[Doing], tenants: list[str]) -> Iterator[tuple[Callable[[Machine], None], ...]]:
    """Every order of what was done."""
    steps: list[Callable[[Machine], None]] = []
    for doing in doings:
        if doing.check_tenant is None:
            steps.append(lambda m, d=doing: d.check(m, d.answer))  # type: ignore[misc]
        else:
            steps += [lambda m, d=doing, t=tenant: d.check_tenant(m, d.answer, t) for tenant in tenants]  # type: ignore[misc]
    return itertools.permutations(steps)


def explain(machine: Machine, doings: list[Doing], state: State, tenants: list[str]) -> Machine:
    """The machine after some order of what was done, which explains what the database has now."""
    reasons = []
    for order in orders(doings, tenants):
        tried = copy.deepcopy(machine)
        try:
            for step in order:
                step(tried)
        except Impossible as reason:
            reasons.append(str(reason))
            continue
        if tried.state() == state:
            return tried
        reasons.append(difference(tried.state(), state))
    raise AssertionError("no order explains it:\n" + "\n".join(sorted(set(reasons))))


def difference(wanted: State, found: State) -> str:
    ours: dict[str, Any] = {**wanted[0], **wanted[1]}
    theirs: dict[str, Any] = {**found[0], **found[1]}
    return "; ".join(
        f"{id_}: {ours.get(id_)} in the machine, {theirs.get(id_)} in the database"
        for id_ in ours.keys() | theirs.keys()
        if ours.get(id_) != theirs.get(id_)
    )


def explore(world: World, people: dict[str, Person], seed: int, steps: int) -> dict[str, object]:
    """A history of so many steps, and how much of the machine it has seen."""
    choose = random.Random(seed)
    machine = Machine()
    place = Doings(world, people, {t: world.add_project(person) for t, person in people.items()}, choose)
    place.workers = [place.new_worker(machine) for _ in range(3)]
    lines = [(world.connect(), world.connect(world.database.worker)) for _ in range(AT_ONCE)]
    told: list[str] = []
    for step in range(steps):
        doings = [place.choose(machine) for _ in range(choose.choice([1, 2, 3]))]
        try:
            do_at_once(doings, lines)
            told.append(f"{step}: {' | '.join(map(str, doings))}")
            machine = explain(machine, doings, read_state(world), list(people))
            assert world.rows(_OVER_CAP) == []
            if step % 10 == 0:
                assert_sound(world)
        except Exception as error:
            now = " | ".join(map(str, doings))
            raise AssertionError(f"seed {seed}, step {step}: {now}\n" + "\n".join(told[-30:])) from error
        for doing in doings:
            if isinstance(doing.answer, list):
                place.held += [each for each in doing.answer if isinstance(each, Held)]
        del place.held[:-REMEMBERED]
    finish(world)
    return {
        "steps": steps,
        "attempts": dict(world.rows("select status, count(*) from public.task_attempts group by status")),
        "jobs": dict(world.rows("select status, count(*) from public.generation_jobs group by status")),
    }


def finish(world: World) -> None:
    """Let everything go on: it all ends."""
    for table in ("batches", "projects", "tenants"):
        world.run(f"update public.{table} set paused_at = null, paused_by = null where paused_at is not null")
    world.run("update private.stage_queues set paused_at = null, paused_by = null")
    world.run(
        "update public.batches set starts_at = null, blocked_at = null, blocked_reason = null, deadline = null"
        " where completed_at is null"
    )
    world.run("update private.workers set heartbeat_at = now() - interval '1 day'")
    last = Worker(world, slots=20)
    for _ in range(10):
        world.run(
            "update public.generation_jobs set paused_at = null, paused_by = null, paused_after = null where paused_at is not null"
        )
        world.run("update public.stage_tasks set run_at = now() where run_at is not null")
        world.tick()
        last.work()
    assert_sound(world)
    assert world.rows("select status from public.generation_jobs where completed_at is null") == []
    assert world.one("select count(*) from procrastinate.procrastinate_jobs where status = 'todo'") == 0
    assert world.rows(
        "select a.task_id from public.task_attempts as a where a.status = 'completed'"
        " group by a.job_id, a.task_id, a.generation having count(*) > 1"
    ) == []  # fmt: skip


@pytest.fixture
def people(world: World, ann: Person, bob: Person) -> dict[str, Person]:
    world.run(
        "update private.settings set max_failures = %s, max_losses = %s, backoff_base = '0', dead_after = '1 hour'",
        MAX_FAILURES,
        MAX_LOSSES,
    )
    return {str(person.tenant_id): person for person in (ann, bob)}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_done_at_once_comes_to_what_some_order_comes_to(
    world: World, people: dict[str, Person], seed: int
) -> None:
    explore(world, people, seed, steps=100)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10, 18))
def test_nor_does_any_longer_history_come_to_anything_else(
    world: World, people: dict[str, Person], seed: int, report: Report
) -> None:
    report(explore(world, people, seed, steps=400))
