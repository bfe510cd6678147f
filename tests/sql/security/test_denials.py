"""record_denial and denials_since: what was refused aloud can be counted."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.world import Person, World


@pytest.fixture
def world(passing_world: World) -> World:
    return passing_world


def record(world: World, kind: str, route: str, *who: object) -> None:
    places = "".join(", %s" for _ in who)
    world.run(f"select private.record_denial(%s, %s{places})", kind, route, *who)


def counted(world: World) -> list[tuple[object, ...]]:
    return world.rows(
        "select kind, route, tenant_id, user_id, denial_count"
        " from private.denials_since(now() - interval '1 hour') order by kind, route, denial_count"
    )


def test_equal_ones_are_counted_together_by_the_hour(world: World, ann: Person, bob: Person) -> None:
    for person in (ann, ann, bob):
        record(world, "forbidden", "GET /jobs/{job_id}", person.tenant_id, person.user_id)
    for _ in range(3):
        record(world, "unauthenticated", "GET /jobs")
    record(world, "sql_42501", "POST /rpc", ann.tenant_id, ann.user_id, 5)
    assert counted(world) == [
        ("forbidden", "GET /jobs/{job_id}", bob.tenant_id, bob.user_id, 1),
        ("forbidden", "GET /jobs/{job_id}", ann.tenant_id, ann.user_id, 2),
        ("sql_42501", "POST /rpc", ann.tenant_id, ann.user_id, 5),
        ("unauthenticated", "GET /jobs", None, None, 3),
    ]
    world.run(
        "update private.access_denials set hour = hour - interval '3 hours', last_at = last_at - interval '3 hours'"
    )
    record(world, "unauthenticated", "GET /jobs")
    assert counted(world) == [("unauthenticated", "GET /jobs", None, None, 1)]


def test_a_long_route_is_cut_and_an_unknown_kind_refused(world: World) -> None:
    record(world, "forbidden", "x" * 5000)
    assert counted(world) == [("forbidden", "x" * 200, None, None, 1)]
    with pytest.raises(psycopg.errors.CheckViolation), world.admin.transaction():
        record(world, "curious", "GET /jobs")


def test_they_are_kept_for_90_days(world: World) -> None:
    record(world, "forbidden", "old")
    world.run("update private.access_denials set hour = now() - interval '91 days'")
    record(world, "forbidden", "new")
    assert world.rows("select route from private.access_denials") == [("new",)]


def test_users_do_not_count_and_do_not_look(world: World, ann: Person) -> None:
    for statement in (
        "select private.record_denial('forbidden', 'x')",
        "select from private.denials_since('-infinity')",
        "select from private.access_denials",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.ask(ann, statement)
