"""The service side is not bound by row-level security, but by states, keys and grants."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import errors

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import add_rows


@pytest.fixture(scope="module")
def rows(cast: Cast) -> dict[str, dict[str, Any]]:
    return add_rows(cast.world, cast.tenant_id, cast.project_id, cast.world.sign_up("newcomer").user_id)


@pytest.mark.parametrize("table", ["batches", "generation_jobs", "stage_tasks"])
def test_it_makes_legal_moves(cast: Cast, rows: dict[str, dict[str, Any]], table: str) -> None:
    cancel = f"update public.{table} set status = 'cancelled', completed_at = now() where id = %(id)s"
    assert cast.can(Who.SERVICE, cancel, rows[table])


@pytest.mark.parametrize("table", ["batches", "generation_jobs", "stage_tasks"])
def test_it_makes_no_illegal_ones(cast: Cast, rows: dict[str, dict[str, Any]], table: str) -> None:
    with (
        pytest.raises(errors.DatabaseError, match="cannot become failed"),
        cast.acting(Who.SERVICE) as connection,
    ):
        connection.execute(
            f"update public.{table} set status = 'failed' where id = %(id)s".encode(), rows[table]
        )


def test_it_writes_figures_and_the_database_derives_the_rest(
    cast: Cast, rows: dict[str, dict[str, Any]]
) -> None:
    with cast.acting(Who.SERVICE) as connection:
        row = connection.execute(
            "update public.performance_metrics set likes = 3, shares = 1 where id = %(id)s"
            " returning derived_metrics -> 'engagement_breakdown' ->> 'likes'",
            rows["performance_metrics"],
        ).fetchone()
    assert row == ("0.7500",)


def test_events_are_only_ever_added(cast: Cast, rows: dict[str, dict[str, Any]]) -> None:
    for change in (
        "update public.job_events set progress = 1 where id = %(id)s",
        "delete from public.job_events where id = %(id)s",
    ):
        assert not cast.can(Who.SERVICE, change, rows["job_events"])


def test_the_calls_of_workers_are_not_for_it(cast: Cast) -> None:
    assert not cast.can(Who.SERVICE, "select private.tick()", {})
