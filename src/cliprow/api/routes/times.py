"""When to publish: hours of the week in which videos of a platform are watched most."""

from __future__ import annotations

import re
from typing import Any, Literal, LiteralString

import msgspec
from litestar import Router, get
from psycopg.errors import InvalidParameterValue

from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant, no_tenant
from cliprow.api.routes.summary import TimeZone
from cliprow.errors import InvalidInput

#: Own figures are used from so many reports on, of at least so many days.
_REPORTS, _DAYS = 30, 14
#: Hours that are suggested for each platform.
_MOST = 10
#: Where there are no figures: weekdays (1 is Monday) and hours of the audience's clock. A rule of thumb to begin with, no
#: measurement: short videos are watched at noon and in the evening, work at work, long ones when there is time.
_USUAL: dict[str, tuple[tuple[range, tuple[int, ...]], ...]] = {
    "youtube": ((range(4, 6), (15, 16, 17)), (range(6, 8), (10, 11))),
    "youtube_shorts": ((range(1, 6), (12, 18)),),
    "tiktok": ((range(2, 5), (12, 19, 20)),),
    "instagram": ((range(1, 6), (12, 19)),),
    "linkedin": ((range(2, 5), (8, 9, 10)),),
    "twitter": ((range(2, 5), (9, 12)),),
}
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_ANY = ((range(1, 6), (12, 18)),)


class HourOfWeek(msgspec.Struct, frozen=True, kw_only=True):
    """An hour to publish in."""

    #: 1 is Monday.
    weekday: int
    #: It begins at, from 0 to 23.
    hour: int
    #: Views in this hour, as a share of the best hour's; 1 for all of the usual ones.
    score: float


class PlatformTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Hours for one platform, the best first."""

    platform: str
    label: str
    #: own: from the tenant's figures; usual: a rule of thumb, because there are too few.
    source: Literal["own", "usual"]
    #: Reports of the last 90 days that there are.
    report_count: int
    hours: list[HourOfWeek]


class SuggestedTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Hours for every platform, by the clocks of a time zone."""

    time_zone: str
    items: list[PlatformTimes]


#: Parameters: time zone. Of projects whose figures the caller may see.
_TIMES: LiteralString = """
select p.platform, p.label, coalesce(r.report_count, 0), coalesce(r.day_count, 0), r.hours
from public.platforms as p
left join lateral (
  select sum(h.report_count)::int as report_count, max(h.day_count)::int as day_count,
    jsonb_agg(jsonb_build_array(h.weekday, h.hour, h.views) order by h.views desc, h.weekday, h.hour) as hours
  from (
    select m.weekday, m.hour, count(*) as report_count, sum(m.views) as views, max(m.day_count) as day_count
    from (
      select extract(isodow from k.at)::int as weekday, extract(hour from k.at)::int as hour, k.views,
        dense_rank() over (order by k.at::date) as day_count
      from (
        select f.collected_at at time zone %s as at, f.views
        from public.performance_metrics as f
        where f.tenant_id = (select private.tenant_id()) and f.project_id in (select private.analysed_project_ids())
          and f.platform = p.platform and f.collected_at >= now() - interval '90 days'
      ) as k
    ) as m
    group by m.weekday, m.hour
  ) as h
) as r on true
where p.is_offered
order by p.label
"""


@get("/platforms/times")
async def suggest_times(request: ApiRequest, time_zone: TimeZone = "UTC") -> SuggestedTimes:
    """Suggest hours to publish in, for each platform: those in which the tenant's videos were watched most, where there
    are at least 30 reports of 14 days, else the usual ones.
    """
    async with request.acting() as transaction:
        if await transaction.value("select private.tenant_id()") is None:
            raise no_tenant()
        if not _ZONE.fullmatch(time_zone):
            raise _no_zone(time_zone)
        try:
            # Where there are no figures, the query does not look at it.
            await transaction.value("select now() at time zone %s", time_zone)
            rows = await (await transaction.connection.execute(_TIMES, [time_zone])).fetchall()
        except InvalidParameterValue as error:
            raise _no_zone(time_zone) from error
    return SuggestedTimes(time_zone=time_zone, items=[_times(*row) for row in rows])


def _no_zone(name: str) -> InvalidInput:
    return InvalidInput(f"There is no time zone {name}.", next_step="Use a name like Europe/Berlin or UTC.")


def _times(platform: str, label: str, reports: int, days: int, hours: list[Any] | None) -> PlatformTimes:
    """What is suggested for a platform; `hours` are [weekday, hour, views], the most watched first."""
    if hours and reports >= _REPORTS and days >= _DAYS and hours[0][2] > 0:
        found = [
            HourOfWeek(weekday=weekday, hour=hour, score=round(views / hours[0][2], 3))
            for weekday, hour, views in hours[:_MOST]
            if views > 0
        ]
        return PlatformTimes(platform=platform, label=label, source="own", report_count=reports, hours=found)
    usual = [
        HourOfWeek(weekday=weekday, hour=hour, score=1)
        for weekdays, usual_hours in _USUAL.get(platform, _ANY)
        for weekday in weekdays
        for hour in usual_hours
    ]
    return PlatformTimes(platform=platform, label=label, source="usual", report_count=reports, hours=usual)


router = Router(
    path="/", route_handlers=[suggest_times], guards=[in_tenant], security=BEARER, tags=["Schedules"]
)
