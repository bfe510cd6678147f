"""record_performance: figures from outside, and the day of the project they belong to."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.row_level_security.rows import add_rows
from tests.sql.world import Connection, Person, World

RECORD = "select private.record_performance(%s, %s, %s)"


def add_content(world: World, person: Person, n: int = 1) -> UUID:
    """A piece of content in a new project, without any figures yet."""
    project_id = world.add_project(person)
    rows = add_rows(world, person.tenant_id, project_id, world.sign_up("newcomer").user_id, n=n)
    world.run("delete from public.performance_metrics")
    world.run("delete from public.analytics")
    content_id: UUID = rows["generated_content"]["id"]
    return content_id


def record(
    world: World,
    person: Person,
    content_id: UUID,
    platform: str = "youtube",
    on: Connection | None = None,
    **figures: object,
) -> dict[str, Any]:
    """As the API does: as itself, with the claims of the tenant it acts for."""
    connection = on or world.admin
    with connection.transaction():
        connection.execute("select set_config('request.jwt.claims', %s, true)", [person.claims])
        row = connection.execute(RECORD, [content_id, platform, Jsonb(figures)]).fetchone()
    assert row
    made: dict[str, Any] = row[0]
    return made


def day(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "select tenant_id, total_views, total_engagement, avg_watch_time, top_platform from public.analytics"
    )


def test_a_report_becomes_a_row_and_counts_for_its_day(world: World, ann: Person, bob: Person) -> None:
    content_id = add_content(world, ann)
    made = record(
        world, ann, content_id, views=100, likes=10, comments_count=2, shares=3, saves=1, engagement_rate=0.25
    )
    assert world.rows(
        "select id::text, tenant_id, views, likes, engagement_rate::text, derived_metrics #>> '{engagement_breakdown,likes}'"
        " from public.performance_metrics"
    ) == [(made["id"], ann.tenant_id, 100, 10, "0.25", "0.6250")]
    assert day(world) == [(ann.tenant_id, 100, 16, 0, "youtube")]
    assert world.one("select date = (now() at time zone 'utc')::date from public.analytics")


def test_a_day_is_the_sum_of_its_reports(world: World, ann: Person) -> None:
    content_id = add_content(world, ann)
    record(world, ann, content_id, views=100, watch_time=30, dislikes=4)
    world.run("update public.analytics set metrics_data = metrics_data || '{\"kept\": 1}'")
    record(world, ann, content_id, "tiktok", views=300, likes=7, watch_time=60, engagement_rate=0.5)
    assert day(world) == [(ann.tenant_id, 400, 7, 45, "tiktok")]
    assert world.one("select metrics_data from public.analytics") == {
        "kept": 1,
        "reports": 2,
        "likes": 7,
        "dislikes": 4,
        "comments": 0,
        "shares": 0,
        "saves": 0,
        "avg_engagement_rate": 0.25,
        "platforms": {
            "youtube": {"views": 100, "engagement": 0},
            "tiktok": {"views": 300, "engagement": 7},
        },
    }


def test_reports_of_other_days_and_projects_do_not_count(world: World, ann: Person) -> None:
    first, second = add_content(world, ann), add_content(world, ann, n=50)
    record(world, ann, first, views=1)
    world.run(
        "update public.performance_metrics set collected_at = date_trunc('day', now(), 'utc') - interval '1 second'"
    )
    record(world, ann, first, views=2)
    record(world, ann, second, views=4)
    assert sorted(row[1] for row in day(world)) == [2, 4]


def test_two_at_once_are_both_counted(world: World, ann: Person) -> None:
    content_id = add_content(world, ann)
    failed: list[psycopg.Error] = []

    def report() -> None:
        try:
            with psycopg.connect(world.database.admin, autocommit=True) as connection:
                for _ in range(5):
                    record(world, ann, content_id, on=connection, views=1)
        except psycopg.Error as error:
            failed.append(error)

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert day(world)[0][1] == 20


def test_only_content_of_the_tenant_of_the_claims_is_reported_on(
    world: World, ann: Person, bob: Person
) -> None:
    content_id = add_content(world, ann)
    for person, wanted in (
        (bob, content_id),
        (Person(bob.user_id, ann.tenant_id), content_id),
        (ann, uuid4()),
    ):
        with pytest.raises(psycopg.Error, match="There is no content") as refused:
            record(world, person, wanted, views=1)
        assert refused.value.sqlstate == "CR002"
    assert day(world) == []


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ({"views": -1}, "views"),
        ({"views": 1.5}, "views"),
        ({"views": "many"}, "views"),
        ({"views": 10**18}, "views"),
        ({"views": [1]}, "views"),
        ({"engagement_rate": 1.01}, "engagement_rate"),
        ({"engagement_rate": "0.5"}, "engagement_rate"),
        ({"click_through_rate": -0.1}, "click_through_rate"),
        ({"performance_score": 10.5}, "performance_score"),
        ({"id": 1}, "id"),
        ({"tenant_id": "x"}, "tenant_id"),
        ({"collected_at": "2020-01-01"}, "collected_at"),
    ],
)
def test_figures_that_cannot_be_are_named(
    world: World, ann: Person, figures: dict[str, Any], field: str
) -> None:
    content_id = add_content(world, ann)
    with pytest.raises(psycopg.Error) as refused:
        record(world, ann, content_id, **figures)
    assert refused.value.sqlstate == "CR001"
    assert f'"field": "{field}"' in str(refused.value.diag.message_detail)


def test_an_unknown_platform_is_refused(world: World, ann: Person) -> None:
    content_id = add_content(world, ann)
    with pytest.raises(psycopg.Error) as refused:
        record(world, ann, content_id, "myspace", views=1)
    assert refused.value.sqlstate == "CR001"
    record(world, ann, content_id, "universal", views=None)


def test_figures_are_an_object(world: World, ann: Person) -> None:
    content_id = add_content(world, ann)
    world.run("select set_config('request.jwt.claims', %s, false)", ann.claims)
    whatever: list[object] = [[], 1, None]
    for figures in whatever:
        with pytest.raises(psycopg.Error, match="cannot be used"):
            world.run(RECORD, content_id, "youtube", Jsonb(figures))


def test_users_report_nothing_by_themselves(world: World, ann: Person) -> None:
    content_id = add_content(world, ann)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.ask(ann, RECORD, content_id, "youtube", Jsonb({"views": 1}))
