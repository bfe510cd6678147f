"""When a cron expression is due, held against another implementation and against the clocks themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from tests.sql.world import World

#: Without Lord Howe, whose half hour the other one stumbles over: that is walked through below.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo",
    "Pacific/Auckland",
]  # fmt: skip
#: Days on which clocks change in some of them, and others.
DAYS = [
    datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 9, 26, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC), datetime(2027, 2, 14, tzinfo=UTC), datetime(2028, 2, 28, tzinfo=UTC),
]  # fmt: skip


def _some(by: random.Random, first: int, last: int, names: str = "") -> str:
    """A field: a star, a number, a list, a range or steps; sometimes by name."""
    low, high = sorted((by.randint(first, last), by.randint(first, last)))
    name = by.choice(names.split()) if names else str(low)
    return by.choice(
        ["*", "*", "*", str(low), name, f"{low},{high}", f"{low}-{high}", f"*/{by.randint(1, 20)}"]
        + ([f"{low}-{high}/{by.randint(1, 5)}"] if low < high else [str(high)])
    )


def _expression(by: random.Random) -> str:
    return " ".join((
        _some(by, 0, 59), _some(by, 0, 23) if by.random() < 0.7 else str(by.randint(0, 4)), _some(by, 1, 28),
        _some(by, 1, 12, "jan Mar OCT dec"), _some(by, 0, 7, "sun Mon FRI"),
    ))  # fmt: skip


def test_the_next_time_is_that_of_another_implementation(passing_world: World) -> None:
    by = random.Random(20261125)
    asked = [
        (_expression(by), by.choice(ZONES), by.choice(DAYS) + timedelta(minutes=by.randint(0, 3000)))
        for _ in range(1500)
    ]
    told = passing_world.rows(
        "select private.next_time(cron, zone, after) from unnest(%s::text [], %s::text [], %s::timestamptz [])"
        " with ordinality as a (cron, zone, after, n) order by n",
        *[list(column) for column in zip(*asked, strict=True)],
    )
    compared = 0
    for (cron, zone, after), (found,) in zip(asked, told, strict=True):
        expected = next(CronSim(cron, after.astimezone(ZoneInfo(zone)))).astimezone(UTC)
        # Of a fixed time that comes twice it may tell the first one again, after which was asked.
        if expected > after:
            compared += 1
            assert found == expected, (cron, zone, after.astimezone(ZoneInfo(zone)))
    assert compared > 1450


@pytest.mark.parametrize("zone", ["Asia/Beirut", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"])
def test_a_star_follows_real_time_where_clocks_change_at_any_hour(passing_world: World, zone: str) -> None:
    """Every matching minute of a year's changes, told by walking through the minutes themselves."""
    place = ZoneInfo(zone)
    for at in _changes(place, 2026):
        start = at - timedelta(hours=5)
        minutes = [start + timedelta(minutes=n) for n in range(1, 60 * 12)]
        walked: dict[str, Callable[[datetime], bool]] = {
            "*/20 * * * *": lambda t: t.minute % 20 == 0,
            "15,45 */1 * * *": lambda t: t.minute in (15, 45),
            "* 23 * * *": lambda t: t.hour == 23,
        }
        for cron, fits in walked.items():
            expected = [t for t in minutes if fits(t.astimezone(place))]
            assert (
                passing_world.one(
                    "with recursive run as (select private.next_time(%s, %s, %s) as at union all"
                    " select private.next_time(%s, %s, at) from run where at <= %s)"
                    " select array_agg(at order by at) from run where at <= %s",
                    cron, zone, start, cron, zone, minutes[-1], minutes[-1],
                )
                or []
            ) == expected  # fmt: skip


def _changes(place: ZoneInfo, year: int) -> list[datetime]:
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(366 * 48)]
    return [
        b
        for a, b in zip(hours, hours[1:], strict=False)
        if a.astimezone(place).utcoffset() != b.astimezone(place).utcoffset()
    ]


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        # Put on from 2:00 to 3:00 on 29 March 2026, back from 3:00 to 2:00 on 25 October.
        ("30 2 * * *", "2026-03-28 12:00Z", "2026-03-29 01:00Z"),
        ("30 2 * * *", "2026-03-29 01:00Z", "2026-03-30 00:30Z"),
        ("30 2 * * *", "2026-10-24 12:00Z", "2026-10-25 00:30Z"),
        ("30 2 * * *", "2026-10-25 00:30Z", "2026-10-26 01:30Z"),
        ("30 * * * *", "2026-10-25 00:30Z", "2026-10-25 01:30Z"),
        ("0 0 29 2 *", "2026-01-01 00:00Z", "2028-02-28 23:00Z"),
        ("0 12 13 * fri", "2026-11-01 00:00Z", "2026-11-06 11:00Z"),
        ("@weekly", "2026-11-25 00:00Z", "2026-11-28 23:00Z"),
        ("0 0 30 2 *", "2026-01-01 00:00Z", None),
    ],
)
def test_in_berlin(passing_world: World, cron: str, after: str, due: str | None) -> None:
    assert passing_world.one(
        "select private.next_time(%s, 'Europe/Berlin', %s) is not distinct from %s::timestamptz",
        cron,
        after,
        due,
    )


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("60 * * * *", "minutes from 0 to 59"),
        ("*/0 * * * *", "minutes from 0 to 59"),
        ("0 8-6 * * *", "hours from 0 to 23"),
        ("0 0 0 * *", "days of the month"),
        ("0 0 * moon *", "months from 1 to 12"),
        ("0 0 * * fri-mon", "days of the week"),
        ("0 0 * * L", "days of the week"),
        ("0 0 31 4,6 *", "never comes"),
        ("1,2,30-40/5,*/7 0 1-7 jan-mar,DEC 0-7/2", None),
    ],
)
def test_what_is_wrong_is_said(passing_world: World, cron: str, says: str | None) -> None:
    said = passing_world.one("select private.cron_problem(%s)", cron)
    assert (says in said) if says else said is None
