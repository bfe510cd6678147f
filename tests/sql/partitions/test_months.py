"""Monthly leaves, and the ids that choose them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from tests.sql.world import Person, Worker, World

_LEAVES = "select count(*) from pg_class where relnamespace = 'partitions'::regnamespace and relkind = 'r'"
_DROP_ALL = """
do $$ declare leaf regclass; begin
  for leaf in select i.inhrelid::regclass from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where c.relnamespace = 'partitions'::regnamespace and c.relkind = 'r' order by i.inhparent desc
  loop execute format('drop table %s cascade', leaf); end loop;
end $$
"""


def test_ids_sort_by_time_and_tell_it(world: World) -> None:
    made = [row[0] for row in world.rows("select private.uuid_v7() from generate_series(1, 2000)")]
    assert len(set(made)) == 2000
    assert all(each.version == 7 and each.variant == "specified in RFC 4122" for each in made)
    out_of_order = sum(first > second for first, second in zip(made, made[1:], strict=False))
    assert out_of_order < 20, "only within a microsecond"
    age = datetime.now(UTC) - world.one("select private.uuid_time(%s)", made[-1])
    assert abs(age) < timedelta(seconds=60)


@pytest.mark.parametrize(
    "moment", ["2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "1999-02-28T12:00:00.123456Z"]
)
def test_the_id_of_a_moment_is_the_smallest_of_its_millisecond(world: World, moment: str) -> None:
    smallest, made, back = world.rows(
        "select private.uuid_at(m), private.uuid_v7(m), private.uuid_time(private.uuid_v7(m)) from (select %s::timestamptz as m) as t",
        moment,
    )[0]
    assert smallest <= made < UUID(int=smallest.int + 2**80)
    when = datetime.fromisoformat(moment)
    assert back == when.replace(microsecond=when.microsecond // 1000 * 1000)


def test_a_user_makes_the_missing_month_by_creating_a_batch(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    world.run(_DROP_ALL)
    assert world.one(_LEAVES) == 0
    assert world.create_batch(ann, project)["is_new"]
    assert world.one(_LEAVES) == 2 * 7, (
        "this month's, and the next one's for what is made while the month ends"
    )


def test_leaves_reach_from_month_to_month(world: World) -> None:
    assert world.one("select private.ensure_month('2031-02-10 12:00+00')") == 7
    assert world.one("select private.ensure_month('2031-02-28 23:59+00')") == 0
    for moment, leaf in (
        ("2031-02-01T00:00:00Z", "2031_02"),
        ("2031-02-28T23:59:59.999Z", "2031_02"),
        ("2031-03-01T00:00:00Z", "2031_03"),
    ):
        world.one("select private.ensure_month(%s)", moment)
        made = world.rows(
            "insert into public.job_events (job_id, tenant_id, project_id, batch_id, status) select private.uuid_v7(%s), t.id, t.id, t.id, 'x'"
            " from (select gen_random_uuid() as id) as t returning tableoid::regclass::text",
            moment,
        )
        assert made == [(f"partitions.job_events_{leaf}",)]


def test_a_leaf_has_row_level_security_and_a_comment_and_no_grants(world: World) -> None:
    world.one("select private.ensure_month('2031-02-10')")
    assert world.rows(
        "select distinct c.relrowsecurity, obj_description(c.oid) like 'Leaf of public.% from 2031-02-01 to 2031-03-01 (UTC).',"
        " c.relacl is null from pg_class as c where c.relname like '%2031\\_02' and c.relkind = 'r'"
    ) == [(True, True, True)]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_months_are_those_of_utc_whatever_the_session_says(world: World, zone: str) -> None:
    world.run(f"set timezone = '{zone}'")
    world.one("select private.ensure_month('2031-03-01 05:00+00')")
    assert world.one("select to_regclass('partitions.generation_jobs_2031_03') is not null")
    bound = world.one(
        "select pg_get_expr(relpartbound, oid) from pg_class where oid = 'partitions.performance_metrics_2031_03'::regclass"
    )
    assert world.rows("select timestamptz '2031-03-01 00:00+00'::text")[0][0] in bound


def test_the_ticker_looks_months_ahead(world: World, worker: Worker) -> None:
    world.run(_DROP_ALL)
    assert world.tick()["partitions"] == 4 * 7
    assert world.tick()["partitions"] == 0


def test_the_ticker_does_not_wait_for_busy_tables(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    world.run(
        "drop table partitions.job_events_"
        + (world.one("select to_char(now() + interval '3 months', 'YYYY_MM')"))
    )
    other = world.connect()
    with other.transaction():
        other.execute("lock table public.job_events in access share mode")
        assert world.tick()["partitions"] == 0
    assert world.tick()["partitions"] == 1


def test_several_at_once_make_a_month_once(world: World) -> None:
    made: list[int] = []
    failures: list[psycopg.Error] = []

    def _make(connection: psycopg.Connection) -> None:
        try:
            row = connection.execute("select private.ensure_month('2031-02-10')").fetchone()
            made.append(row[0] if row else -1)
        except psycopg.errors.LockNotAvailable as error:  # another was still at it; the caller tries again
            failures.append(error)

    threads = [threading.Thread(target=_make, args=[world.connect()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0] * (len(made) - 1) + [7]
    assert len(made) + len(failures) == 4
