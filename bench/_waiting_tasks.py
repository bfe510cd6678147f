"""Many tasks of many tenants that wait, and a worker that is only its SQL calls."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from _noop_worker import Place, facts_of
from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.models import Stage

#: Rows of one statement, whose triggers hold them in memory.
_CHUNK = 100_000
_USERS = """
insert into auth.users (id, email, created_at, updated_at)
select gen_random_uuid(), gen_random_uuid() || '@bench.example.org', now(), now() from generate_series(1, %(tenants)s)
returning id
"""
_PROJECTS = """
insert into public.projects (tenant_id, owner_id, name, original_idea)
select m.tenant_id, m.user_id, 'Bench', 'Bench' from public.memberships as m where m.user_id = any(%(users)s)
"""
_BATCHES = """
insert into public.batches (tenant_id, project_id, number, starts_at)
select p.tenant_id, p.id, 1, now() + %(starts_in)s::interval
from public.projects as p where p.owner_id = any(%(users)s)
returning id
"""
#: One task of every batch after the other: those of one tenant lie far apart, as they do in life.
_JOBS = """
with job as (
  insert into public.generation_jobs (tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, stage)
  select b.tenant_id, b.project_id, b.id, n, 'batch',
    case when n %% 20 = 0 then 'urgent' when n %% 5 = 0 then 'premium' else 'standard' end,
    'Topic ' || gen_random_uuid(), '{youtube}', 'script_generation'
  from generate_series(%(first)s::int, %(last)s::int) as n cross join public.batches as b
  where b.id = any(%(batches)s)
  order by n
  returning id, tenant_id, project_id, batch_id, lane
)
insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
select j.id, j.tenant_id, j.project_id, j.batch_id, 'script_generation', 0, j.lane from job as j
"""


def fill(place: Place, tenants: int, jobs_each: int, starts_in: str | None = None) -> float:
    """New tenants, each with one batch whose jobs wait; returns the seconds it took.

    The rows are those of `create_batch`, written for many tenants at once. The triggers are on, so that counters,
    backlogs and windows are what they are in life; but nobody follows it live. Nothing is released.
    """
    began = time.perf_counter()
    with place.admin.transaction():
        place.admin.execute("set local plan_cache_mode = 'force_generic_plan'")
        _follow(place, "disable")
        users = [row[0] for row in place.admin.execute(_USERS, {"tenants": tenants})]
        place.admin.execute(_PROJECTS, {"users": users})
        place.admin.execute(
            "select private.lock_tenants(array("
            "select tenant_id from public.memberships where user_id = any(%s)))",
            [users],
        )
        made = place.admin.execute(_BATCHES, {"users": users, "starts_in": starts_in})
        batches = [row[0] for row in made]
        step = max(1, _CHUNK // tenants)
        for first in range(1, jobs_each + 1, step):
            last = min(jobs_each, first + step - 1)
            place.admin.execute(_JOBS, {"first": first, "last": last, "batches": batches})
        _follow(place, "enable")
    return time.perf_counter() - began


def _follow(place: Place, verb: str) -> None:
    for table in ("projects", "batches", "generation_jobs", "stage_tasks"):
        place.admin.execute(f"alter table public.{table} {verb} trigger mark_inserted".encode())


@dataclass(frozen=True)
class Cycle:
    """One claim and its completion, in milliseconds as the worker sees them."""

    take_ms: float
    complete_ms: float
    #: Within the completion.
    release_ms: float

    @property
    def claim_ms(self) -> float:
        """A claim and the release that makes room for the next."""
        return self.take_ms + self.release_ms


class BareWorker:
    """Registers with many slots, and claims and completes one script after another."""

    def __init__(self, place: Place, slots: int) -> None:
        self.id = uuid.uuid4()
        with db.connect(place.superuser) as connection:
            # Tells how long a release took.
            connection.execute("alter role cliprow_worker set track_functions = 'all'")
        self._connection: Connection[Any] = db.connect(place.stack.worker)
        self._call(
            "select private.register_worker(%s, %s, %s, 'bench', 1, '0')", self.id, [Stage.SCRIPT], slots
        )
        self._queue_id = self._call("select procrastinate.procrastinate_register_worker_v1()")

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def _call(self, statement: str, *arguments: object) -> Any:
        row = self._connection.execute(statement.encode(), arguments).fetchone()
        return row[0] if row else None

    def _release_ms(self) -> float:
        """What releases took since the statistics were last sent away, which is not in the midst of a transaction."""
        return float(
            self._call(
                "select coalesce(sum(total_time), 0) from pg_stat_xact_user_functions"
                " where schemaname = 'private' and funcname = 'release'"
            )
        )

    def cycle(self) -> Cycle:
        """Take one task and complete it."""
        began = time.perf_counter()
        taken = self._call(
            "select private.take_tasks(%s, %s, %s, 1, %s)",
            self.id,
            self._queue_id,
            [Stage.SCRIPT],
            Jsonb({Stage.SCRIPT: "1"}),
        )
        took = time.perf_counter()
        run = taken["runs"][0]
        completion = {
            "job_id": run["job_id"],
            "task_id": run["task_id"],
            "attempt_id": run["attempt_id"],
            "facts": facts_of(Stage.SCRIPT, run["inputs"]),
            "files": [],
            "timings": {},
        }
        starts = time.perf_counter()
        with self._connection.transaction():
            before_ms = self._release_ms()
            self._call("select private.complete_tasks(%s)", Jsonb([completion]))
            release_ms = self._release_ms() - before_ms
        ended = time.perf_counter()
        return Cycle(1000 * (took - began), 1000 * (ended - starts), release_ms)
