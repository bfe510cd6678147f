"""Figures of the work itself, for `GET /analytics`: how much ended when, what it cost, and the service levels."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from cliprow.api.figures import REPORTS, Scope
from cliprow.models import Stage

#: Ranges of so many days are told by the hour, longer ones by the day.
_BY_HOUR_DAYS = 3
#: What an attempt of a stage may take at the 95th percentile, in seconds; raise a budget here and in docs/api.md.
STAGE_BUDGETS_S: dict[Stage, float] = {
    Stage.SCRIPT: 60,
    Stage.AUDIO: 60,
    Stage.VIDEO: 180,
    Stage.PLATFORM: 180,
    Stage.POST: 60,
}
#: Batches of which 99% are promised to complete have at most so many jobs.
_PROMISED_JOBS = 100


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs that ended in an hour or day (UTC)."""

    start: datetime
    completed: int
    failed: int
    cancelled: int


class DayCost(msgspec.Struct, frozen=True, kw_only=True):
    """What attempts that ended on a day (UTC) cost, by provider; empty for what is paid by the task."""

    date: date
    provider: str
    currency: str
    amount: float
    attempts: int


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A measure of table 13 of the integration architecture, with its target and when to be alarmed."""

    measure: Literal["completion_rate", "stage_p95_s", "retriable_error_rate", "storage_write_success"]
    #: With stage_p95_s.
    stage: Stage | None
    #: Null where nothing was measured.
    value: float | None
    target: float
    alarm: float
    #: ok, missed (beside the target), alarm (beside that too), or unknown.
    state: Literal["ok", "missed", "alarm", "unknown"]


class ContentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How one published video did on a platform, all its reports of these days summed."""

    content_id: UUID
    job_id: UUID | None
    topic: str
    file_name: str
    platform: str
    views: int
    likes: int
    comments: int
    shares: int
    saves: int
    watch_time_s: int
    #: Mean of the measured rates, from 0 to 1.
    engagement_rate: float
    #: Mean of the scores, from 0 to 10.
    score: float


#: Jobs of the scope, whatever day they were created.
_OF_SCOPE: LiteralString = """
  j.tenant_id = (select private.tenant_id())
  and j.project_id in (select private.analysed_project_ids())
  and (%(project_id)s::uuid is null or j.project_id = %(project_id)s)
  and (%(batch_id)s::uuid is null or j.batch_id = %(batch_id)s)
  and (%(platform)s::text is null or %(platform)s = any(j.platforms))
"""
#: Attempts of jobs created in these days, as the figures of stages count them.
_ATTEMPTS: LiteralString = f"""
from public.generation_jobs as j
join public.stage_tasks as t on t.tenant_id = j.tenant_id and t.job_id = j.id
  and (%(platform)s::text is null or t.platform is null or t.platform = %(platform)s)
join public.task_attempts as a on a.job_id = t.job_id and a.task_id = t.id
where {_OF_SCOPE} and j.id >= private.uuid_at(%(start)s) and j.id < private.uuid_at(%(end)s) and a.finished_at is not null
"""


async def _read(
    connection: AsyncConnection[Any], query: LiteralString, **arguments: Any
) -> list[dict[str, Any]]:
    cursor = await connection.cursor(row_factory=dict_row).execute(query, arguments)
    return await cursor.fetchall()


async def throughput(connection: AsyncConnection[Any], scope: Scope) -> list[Throughput]:
    """How many jobs ended when, by hour for a few days and by day for more; times without any are left out."""
    unit = "hour" if (scope.last - scope.first).days < _BY_HOUR_DAYS else "day"
    query: LiteralString = f"""
    select date_trunc(%(unit)s, j.completed_at, 'UTC') as start, count(*) filter (where j.status = 'completed') as completed,
      count(*) filter (where j.status = 'failed') as failed, count(*) filter (where j.status = 'cancelled') as cancelled
    from public.generation_jobs as j
    where {_OF_SCOPE} and j.completed_at >= %(start)s and j.completed_at < %(end)s
    group by 1 order by 1
    """
    return msgspec.convert(await _read(connection, query, unit=unit, **scope.arguments), list[Throughput])


async def costs(connection: AsyncConnection[Any], scope: Scope) -> list[DayCost]:
    """What was paid, day by day and provider by provider."""
    query: LiteralString = f"""
    select (a.finished_at at time zone 'UTC')::date as date, coalesce(c.provider, '') as provider, a.currency,
      sum(a.cost)::float8 as amount, count(*) as attempts
    from (select a.* {_ATTEMPTS} and a.cost > 0) as a
    left join lateral (
      select c.provider from public.provider_calls as c
      where c.tenant_id = a.tenant_id and c.job_id = a.job_id and c.task_id = a.task_id and c.attempt_id = a.id
        and c.cost > 0
      limit 1
    ) as c on true
    group by 1, 2, 3 order by 1, 2, 3
    """
    return msgspec.convert(await _read(connection, query, **scope.arguments), list[DayCost])


async def service_levels(connection: AsyncConnection[Any], scope: Scope) -> list[ServiceLevel]:
    """The service levels that a tenant can measure, of jobs created in these days."""
    jobs: LiteralString = f"""
    select count(*) filter (where j.status = 'completed') as completed, count(*) filter (where j.status = 'failed') as failed
    from public.generation_jobs as j
    where {_OF_SCOPE} and j.id >= private.uuid_at(%(start)s) and j.id < private.uuid_at(%(end)s)
      and j.batch_id in (
        select b.id from public.batches as b
        where b.tenant_id = (select private.tenant_id()) and b.job_count <= {_PROMISED_JOBS})
    """
    attempts: LiteralString = f"""
    select t.stage, count(*) as ended, count(*) filter (where a.status = 'completed') as completed,
      count(*) filter (where a.status = 'failed' and a.is_retriable) as retried,
      count(*) filter (where a.error_code ~ '^(TRANSIENT_)?STORAGE_') as unstored,
      (percentile_cont(0.95) within group (order by extract(epoch from a.finished_at - a.started_at)::float8)
        filter (where a.status = 'completed')) as p95_s
    {_ATTEMPTS} group by t.stage
    """
    (ended,) = await _read(connection, jobs, **scope.arguments)
    by_stage = {Stage(row["stage"]): row for row in await _read(connection, attempts, **scope.arguments)}

    def total(name: str) -> int:
        return sum(row[name] for row in by_stage.values())

    written = total("completed")
    return [
        _level(
            "completion_rate", _share(ended["completed"], ended["completed"] + ended["failed"]), 0.99, 0.98
        ),
        *(
            _level("stage_p95_s", by_stage.get(stage, {}).get("p95_s"), budget, 1.2 * budget, stage)
            for stage, budget in STAGE_BUDGETS_S.items()
        ),
        _level("retriable_error_rate", _share(total("retried"), total("ended")), 0.05, 0.1),
        _level("storage_write_success", _share(written, written + total("unstored")), 0.999, 0.995),
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _level(
    measure: Any, value: float | None, target: float, alarm: float, stage: Stage | None = None
) -> ServiceLevel:
    """Judge a measure; where the alarm lies above the target, less is better."""
    state: Literal["ok", "missed", "alarm", "unknown"] = "unknown"
    if value is not None:
        sign = 1 if alarm > target else -1
        state = (
            "ok" if sign * value <= sign * target else "missed" if sign * value < sign * alarm else "alarm"
        )
    return ServiceLevel(measure=measure, stage=stage, value=value, target=target, alarm=alarm, state=state)


ContentOrder = Literal["best", "worst"]
ContentMeasure = Literal["score", "views", "engagement"]
_MEASURES: dict[ContentMeasure, LiteralString] = {
    "score": "score",
    "views": "views",
    "engagement": "engagement_rate",
}


async def content(
    connection: AsyncConnection[Any], scope: Scope, order: ContentOrder, measure: ContentMeasure, limit: int
) -> list[ContentFigures]:
    """The best or worst videos of each platform, so many of each."""
    direction: LiteralString = "desc" if order == "best" else "asc"
    query: LiteralString = f"""
    select r.content_id, c.job_id, coalesce(j.topic, '') as topic, c.file_name, r.platform, r.views, r.likes,
      r.comments, r.shares, r.saves, r.watch_time_s, r.engagement_rate, r.score
    from (
      select s.*, row_number() over (
        partition by s.platform order by s.{_MEASURES[measure]} {direction}, s.content_id) as place
      from (
        select m.content_id, m.platform, sum(m.views)::bigint as views, sum(m.likes)::bigint as likes,
          sum(m.comments_count)::bigint as comments, sum(m.shares)::bigint as shares, sum(m.saves)::bigint as saves,
          sum(m.watch_time)::bigint as watch_time_s, avg(m.engagement_rate)::float8 as engagement_rate,
          avg(m.performance_score)::float8 as score
        {REPORTS}
        group by m.content_id, m.platform
      ) as s
    ) as r
    join public.generated_content as c on c.tenant_id = (select private.tenant_id()) and c.id = r.content_id
    left join public.generation_jobs as j on j.tenant_id = c.tenant_id and j.id = c.job_id
    where r.place <= %(limit)s
    order by r.platform, r.place
    """
    return msgspec.convert(
        await _read(connection, query, limit=limit, **scope.arguments), list[ContentFigures]
    )
