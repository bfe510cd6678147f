"""A database with the jobs of many tenants, for benchmarks of reading them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

#: Months over which the jobs are spread, so that a list meets several partitions.
MONTHS = 3
BATCH_SIZE = 100


@dataclass(frozen=True)
class Tenant:
    """A tenant, its owner, and one of its batches and projects."""

    tenant_id: UUID
    user_id: UUID
    project_id: UUID
    batch_id: UUID

    @property
    def claims(self) -> str:
        """As in a token."""
        return json.dumps(
            {
                "sub": str(self.user_id),
                "role": "authenticated",
                "aud": "authenticated",
                "tenant_id": str(self.tenant_id),
            }
        )


def fill(admin: Connection[tuple[object, ...]], tenants: int, jobs_each: int) -> float:
    """Make tenants with an owner, a project and completed jobs each; returns the seconds it took."""
    began = time.perf_counter()
    for month in range(MONTHS + 1):
        admin.execute("select private.ensure_month(now() - make_interval(months => %s))", [month])
    admin.execute(
        "insert into auth.users (id, email, created_at, updated_at)"
        " select gen_random_uuid(), 'user' || n || '@bench.example.org', now(), now() from generate_series(1, %s) as n",
        [tenants],
    )
    tables = ("public.projects", "public.batches", "public.generation_jobs")
    for table in tables:
        admin.execute(f"alter table {table} disable trigger user".encode())
    admin.execute(
        "insert into public.projects (tenant_id, owner_id, name, original_idea)"
        " select tenant_id, user_id, 'Channel', 'Things in the sky' from public.memberships"
    )
    admin.execute(
        "insert into public.batches (tenant_id, project_id, number, status, job_count, completed_count, progress_sum,"
        " started_at, completed_at, created_at)"
        " select p.tenant_id, p.id, n, 'completed', %(size)s, %(size)s, %(size)s * 100, now(), now(),"
        " now() - make_interval(days => (n * 37 %% (30 * %(months)s))::int)"
        " from public.projects as p cross join generate_series(1, %(count)s) as n",
        {"size": BATCH_SIZE, "count": max(1, jobs_each // BATCH_SIZE), "months": MONTHS},
    )
    # Rows of all tenants come one after another, as they do in life: those of one tenant lie far apart.
    admin.execute(
        "insert into public.generation_jobs (id, tenant_id, project_id, batch_id, position, topic, platforms, status,"
        " stage, progress, current_step, started_at, completed_at, created_at, result_data)"
        " select private.uuid_v7(b.created_at + make_interval(secs => n * 0.01)), b.tenant_id, b.project_id, b.id, n,"
        " 'Why the sky looks ' || n || ' ways', '{tiktok,youtube}',"
        " case when n %% 10 = 0 then 'cancelled' else 'completed' end, 'post_processing', 100, 5, now(), now(),"
        """ b.created_at, '{"youtube": {"status": "completed"}, "tiktok": {"status": "completed"}}'"""
        " from generate_series(1, %(size)s) as n cross join public.batches as b order by n, b.number",
        {"size": BATCH_SIZE},
    )
    for table in tables:
        admin.execute(f"alter table {table} enable trigger user".encode())
    admin.execute("vacuum analyze")
    return time.perf_counter() - began


def choose(admin: Connection[tuple[object, ...]], count: int) -> list[Tenant]:
    """Some of the tenants, at random."""
    rows = admin.execute(
        "select m.tenant_id, m.user_id, p.id, (select b.id from public.batches as b"
        " where b.tenant_id = m.tenant_id order by random() limit 1)"
        " from public.memberships as m join public.projects as p on p.tenant_id = m.tenant_id"
        " order by random() limit %s",
        [count],
    ).fetchall()
    return [Tenant(*row) for row in rows]  # type: ignore[arg-type]
