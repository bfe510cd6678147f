"""Figures of content and of work, for `GET /analytics`: what was watched, what came of jobs, how long stages took.

Everything is about the projects that the caller's analytics scope allows (`private.analysed_project_ids`), so a member
without a scope gets zeros, as row-level security gives it no rows.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

#: Without dates, this many days up to today.
DEFAULT_DAYS = 30


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures are about."""

    project_id: UUID | None = None
    batch_id: UUID | None = None
    platform: str | None = None
    #: First and last day, both included, in UTC.
    first: date
    last: date

    @property
    def arguments(self) -> dict[str, Any]:
        """Parameters of the queries below; the end is the start of the day after the last."""
        return {
            "project_id": self.project_id,
            "batch_id": self.batch_id,
            "platform": self.platform,
            "first": self.first,
            "last": self.last,
            "start": datetime.combine(self.first, time(), UTC),
            "end": datetime.combine(self.last + timedelta(days=1), time(), UTC),
        }


class Engagement(msgspec.Struct, frozen=True, kw_only=True):
    """What an audience did."""

    views: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0
    saves: int = 0
    #: Seconds, over all views.
    watch_time_s: int = 0
    #: Mean of the measured rates, from 0 to 1.
    engagement_rate: float = 0.0


class PlatformFigures(Engagement, frozen=True, kw_only=True):
    """The same of one platform."""

    platform: str


class DayFigures(Engagement, frozen=True, kw_only=True):
    """The same of one day."""

    date: date


class JobFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the jobs created in these days."""

    total: int = 0
    pending: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    #: Completed of those that have ended and were not withdrawn, from 0 to 1; None when none has.
    completion_rate: float | None = None


class StageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How the tasks of a stage went."""

    stage: str
    tasks: int
    completed: int
    failed: int
    #: Results that were there already.
    reused: int
    #: Attempts that failed and were tried again.
    retried: int
    #: Milliseconds of an attempt that completed; None when none has.
    p50_ms: int | None
    p95_ms: int | None


class ErrorFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How often tasks ended with an error."""

    error_code: str
    stage: str
    tasks: int


_SUMS = """
coalesce(sum(m.views), 0)::bigint as views, coalesce(sum(m.likes), 0)::bigint as likes,
coalesce(sum(m.comments_count), 0)::bigint as comments, coalesce(sum(m.shares), 0)::bigint as shares,
coalesce(sum(m.saves), 0)::bigint as saves, coalesce(sum(m.watch_time), 0)::bigint as watch_time_s,
coalesce(avg(m.engagement_rate), 0)::float8 as engagement_rate
"""
#: Reports of what happened since the report before, so they add up.
REPORTS = """
from public.performance_metrics as m
where m.tenant_id = (select private.tenant_id()) and m.collected_at >= %(start)s and m.collected_at < %(end)s
  and (%(project_id)s::uuid is null or m.project_id = %(project_id)s)
  and (%(platform)s::text is null or m.platform = %(platform)s)
  and (%(batch_id)s::uuid is null or m.content_id in (
    select c.id from public.generated_content as c
    join public.generation_jobs as j on j.tenant_id = c.tenant_id and j.id = c.job_id
    where c.tenant_id = (select private.tenant_id()) and j.batch_id = %(batch_id)s))
"""

_JOBS = """
where j.tenant_id = (select private.tenant_id())
  and j.project_id in (select private.analysed_project_ids())
  and j.id >= private.uuid_at(%(start)s) and j.id < private.uuid_at(%(end)s)
  and (%(project_id)s::uuid is null or j.project_id = %(project_id)s)
  and (%(batch_id)s::uuid is null or j.batch_id = %(batch_id)s)
  and (%(platform)s::text is null or %(platform)s = any(j.platforms))
"""
#: Tasks of those jobs; shared stages belong to every platform of the job.
_TASKS = f"""
from public.generation_jobs as j
join public.stage_tasks as t on t.tenant_id = j.tenant_id and t.job_id = j.id
  and t.job_id >= private.uuid_at(%(start)s) and t.job_id < private.uuid_at(%(end)s)
  and (%(platform)s::text is null or t.platform is null or t.platform = %(platform)s)
{_JOBS}
"""


def scope_of(
    project_id: UUID | None,
    batch_id: UUID | None,
    platform: str | None,
    first: date | None,
    last: date | None,
) -> Scope:
    """What was asked for, with the last thirty days where no days were named."""
    last = last or datetime.now(UTC).date()
    return Scope(
        project_id=project_id,
        batch_id=batch_id,
        platform=platform,
        first=first or last - timedelta(days=DEFAULT_DAYS - 1),
        last=last,
    )


async def _read(connection: AsyncConnection[Any], query: str, scope: Scope) -> list[dict[str, Any]]:
    cursor = await connection.cursor(row_factory=dict_row).execute(query.encode(), scope.arguments)
    return await cursor.fetchall()


async def engagement(connection: AsyncConnection[Any], scope: Scope) -> Engagement:
    """Sums over all that was measured."""
    return msgspec.convert((await _read(connection, f"select {_SUMS} {REPORTS}", scope))[0], Engagement)


async def by_platform(connection: AsyncConnection[Any], scope: Scope) -> list[PlatformFigures]:
    """The same, platform by platform, the most watched first."""
    query = f"select m.platform, {_SUMS} {REPORTS} group by m.platform order by views desc, m.platform"
    return msgspec.convert(await _read(connection, query, scope), list[PlatformFigures])


async def by_day(connection: AsyncConnection[Any], scope: Scope) -> list[DayFigures]:
    """The same, day by day; days without a report are left out."""
    day = "(m.collected_at at time zone 'UTC')::date"
    query = f"select {day} as date, {_SUMS} {REPORTS} group by 1 order by 1"
    return msgspec.convert(await _read(connection, query, scope), list[DayFigures])


async def jobs(connection: AsyncConnection[Any], scope: Scope) -> JobFigures:
    """What came of jobs."""
    query = f"""
    select count(*) as total, count(*) filter (where j.status = 'pending') as pending,
      count(*) filter (where j.status = 'processing') as processing,
      count(*) filter (where j.status = 'completed') as completed, count(*) filter (where j.status = 'failed') as failed,
      count(*) filter (where j.status = 'cancelled') as cancelled,
      (count(*) filter (where j.status = 'completed'))::float8
        / nullif(count(*) filter (where j.status in ('completed', 'failed')), 0) as completion_rate
    from public.generation_jobs as j {_JOBS}
    """
    return msgspec.convert((await _read(connection, query, scope))[0], JobFigures)


async def stages(connection: AsyncConnection[Any], scope: Scope) -> list[StageFigures]:
    """How each stage went, in the order of the stages."""
    query = f"""
    select t.stage, count(*) as tasks, count(*) filter (where t.status = 'completed') as completed,
      count(*) filter (where t.status = 'failed') as failed, count(*) filter (where t.is_reused) as reused,
      coalesce(sum(a.retried), 0)::bigint as retried,
      round(percentile_cont(0.5) within group (order by a.took_ms))::bigint as p50_ms,
      round(percentile_cont(0.95) within group (order by a.took_ms))::bigint as p95_ms
    from (select t.* {_TASKS}) as t
    left join lateral (
      select count(*) filter (where a.status = 'failed' and a.is_retriable) as retried,
        max(extract(epoch from a.finished_at - a.started_at) * 1000) filter (where a.status = 'completed') as took_ms
      from public.task_attempts as a where a.job_id = t.job_id and a.task_id = t.id
    ) as a on true
    group by t.stage order by min(t.position)
    """
    return msgspec.convert(await _read(connection, query, scope), list[StageFigures], strict=False)


async def errors(connection: AsyncConnection[Any], scope: Scope) -> list[ErrorFigures]:
    """What went wrong for good, the most frequent first."""
    query = f"""
    select t.error_code, t.stage, count(*) as tasks {_TASKS} and t.status = 'failed'
    group by t.error_code, t.stage order by tasks desc, t.error_code, t.stage
    """
    return msgspec.convert(await _read(connection, query, scope), list[ErrorFigures])
