"""No row leaves its tenant, comes into another, or points into one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import NAMES, SAMPLES, add_rows, new_row, statement
from tests.sql.world import Person

#: Tables with a tenant, and the parents that their samples name.
OF_A_TENANT = [table for table in SAMPLES if table not in ("tenants", "platforms")]
PARENTS = {
    "project_members": {"project", "user"},
    "batches": {"project"},
    "batch_dependencies": {"batch"},
    "job_dependencies": {"batch"},
    "schedules": {"project", "user"},
    "schedule_runs": {"schedule", "batch"},
    "idempotency_keys": {"batch"},
    "generation_jobs": {"project", "batch"},
    "stage_tasks": {"job"},
    "task_attempts": {"job", "task"},
    "discarded_letters": {"job"},
    "scripts": {"project"},
    "scenes": {"script"},
    "generated_content": {"project", "job", "scene"},
    "content_library": {"scene"},
    "library_versions": {"item"},
    "performance_metrics": {"project", "content"},
    "analytics": {"project"},
    "provider_calls": {"batch"},
    "cost_totals": {"project", "batch"},
    "budgets": {"batch"},
    "budget_events": {"project", "batch"},
}


@pytest.fixture(scope="module")
def rows(cast: Cast) -> dict[str, dict[str, Any]]:
    """By table, the row of the first tenant."""
    newcomer = cast.world.sign_up("newcomer")
    return add_rows(cast.world, cast.tenant_id, cast.project_id, newcomer.user_id)


@pytest.fixture(scope="module")
def other(cast: Cast) -> dict[str, UUID]:
    """The same kinds of parents in the other tenant."""
    stranger = cast.people[Who.STRANGER]
    newcomer = cast.world.sign_up("newcomer")
    project_id = cast.world.add_project(stranger)
    rows = add_rows(cast.world, stranger.tenant_id, project_id, newcomer.user_id, n=100)
    return {name: rows[table]["id"] for table, name in NAMES.items()} | {
        "project": rows["projects"]["id"],
        "user": newcomer.user_id,
    }


@pytest.mark.parametrize("table", OF_A_TENANT)
@pytest.mark.parametrize("who", [Who.OWNER, Who.STRANGER, Who.FORGER])
def test_nobody_moves_a_row_to_another_tenant(
    cast: Cast, rows: dict[str, dict[str, Any]], who: Who, table: str
) -> None:
    to = cast.people[Who.STRANGER].tenant_id
    where = SAMPLES[table].where
    assert not cast.can(
        who, f"update public.{table} set tenant_id = %(to)s where {where}", rows[table] | {"to": to}
    )


@pytest.mark.parametrize("table", [t for t in OF_A_TENANT if t not in ("memberships", "project_members")])
def test_nobody_makes_a_row_in_a_tenant_they_do_not_act_in(
    cast: Cast, rows: dict[str, dict[str, Any]], table: str
) -> None:
    """Not even an owner there: the token names the tenant, for one sign-in at a time."""
    values = new_row(table, rows)
    for who in (Who.REMOVED, Who.STRANGER, Who.FORGER):
        assert not cast.can(who, statement(table, "insert"), values)


@pytest.mark.parametrize(
    ("table", "parent"), [(table, name) for table in PARENTS for name in sorted(PARENTS[table])]
)
def test_not_even_the_service_side_points_a_row_into_another_tenant(
    cast: Cast, rows: dict[str, dict[str, Any]], other: dict[str, UUID], table: str, parent: str
) -> None:
    values = new_row(table, rows) | {parent: other[parent]}
    with pytest.raises(errors.ForeignKeyViolation):
        cast.world.admin.execute(statement(table, "insert").encode(), values)


def test_every_key_to_a_parent_of_a_tenant_is_tried_above(cast: Cast) -> None:
    keys = cast.world.rows("""
        select distinct c.relname, p.relname
        from pg_constraint as k
        join pg_class as c on c.oid = k.conrelid
        join pg_class as p on p.oid = k.confrelid
        join pg_attribute as a on a.attrelid = p.oid and a.attname = 'tenant_id'
        where k.contype = 'f' and k.conparentid = 0 and k.connamespace = 'public'::regnamespace
    """)
    names = NAMES | {"projects": "project", "memberships": "user"}
    # The owner of a project, the job of a script and the project of a budget or a brand are tried below.
    tried = {(table, name) for table in PARENTS for name in PARENTS[table]}
    tried |= {("projects", "user"), ("scripts", "job"), ("budgets", "project"), ("brands", "project")}
    assert {(child, names[parent]) for child, parent in keys} == tried


def test_a_project_is_owned_by_a_member_of_its_tenant(cast: Cast) -> None:
    with pytest.raises(errors.ForeignKeyViolation), cast.world.admin.transaction():
        cast.world.run(
            "update public.projects set owner_id = %s where id = %s",
            cast.people[Who.STRANGER].user_id,
            cast.project_id,
        )


def test_a_script_comes_from_a_job_of_its_tenant(
    cast: Cast, rows: dict[str, dict[str, Any]], other: dict[str, UUID]
) -> None:
    with pytest.raises(errors.ForeignKeyViolation), cast.world.admin.transaction():
        cast.world.run(
            "update public.scripts set job_id = %s where id = %s", other["job"], rows["scripts"]["id"]
        )


def test_a_budget_is_of_a_project_of_its_tenant(cast: Cast, other: dict[str, UUID]) -> None:
    with pytest.raises(errors.ForeignKeyViolation), cast.world.admin.transaction():
        cast.world.run(
            "insert into public.budgets (tenant_id, project_id, period, amount, currency)"
            " values (%s, %s, 'month', 1, 'USD')",
            cast.tenant_id,
            other["project"],
        )


def test_a_brand_is_of_a_project_of_its_tenant(cast: Cast, other: dict[str, UUID]) -> None:
    with pytest.raises(errors.ForeignKeyViolation), cast.world.admin.transaction():
        cast.world.run(
            "insert into public.brands (tenant_id, project_id, font) values (%s, %s, 'Lora')",
            cast.tenant_id,
            other["project"],
        )


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        ("projects", "original_idea", "'P'"),
        ("scripts", "project_id, content", "%(project)s, '{}'"),
        (
            "scenes",
            "script_id, scene_number, duration, voiceover_text, visual_description",
            "%(script)s, 50, 1, 'Said', 'Seen'",
        ),
        ("content_library", "scene_id", "%(scene)s"),
        ("project_members", "project_id, user_id", "%(project)s, %(viewer)s"),
    ],
)
def test_the_database_fills_in_the_tenant(
    cast: Cast, rows: dict[str, dict[str, Any]], table: str, columns: str, values: str
) -> None:
    given = rows["generated_content"] | {"viewer": cast.people[Who.VIEWER].user_id}
    with cast.acting(Who.OWNER) as connection:
        connection.execute(b"delete from public.content_library")
        row = connection.execute(
            f"insert into public.{table} ({columns}) values ({values}) returning tenant_id".encode(), given
        ).fetchone()
    assert row == (cast.tenant_id,)


def test_a_project_belongs_to_whoever_creates_it(cast: Cast) -> None:
    with cast.acting(Who.EDITOR) as connection:
        row = connection.execute(
            "insert into public.projects (original_idea) values ('P') returning owner_id"
        ).fetchone()
    assert row == (cast.people[Who.EDITOR].user_id,)


@pytest.mark.parametrize(("who", "may"), [(Who.EDITOR, False), (Who.ADMIN, True), (Who.OWNER, True)])
def test_only_admins_create_projects_for_others(cast: Cast, who: Who, may: bool) -> None:
    insert = "insert into public.projects (owner_id, original_idea) values (%(owner)s, 'P')"
    assert cast.can(who, insert, {"owner": cast.people[Who.PROJECT_OWNER].user_id}) is may


@pytest.mark.parametrize("table", [t for t in OF_A_TENANT if t not in ("memberships", "realtime_outbox")])
def test_a_user_of_two_tenants_sees_only_the_one_the_token_names(
    cast: Cast, rows: dict[str, dict[str, Any]], other: dict[str, UUID], table: str
) -> None:
    both, there = cast.people[Who.ADMIN], cast.people[Who.STRANGER].tenant_id
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run(
            "insert into public.memberships (tenant_id, user_id, role) values (%s, %s, 'admin')",
            there,
            both.user_id,
        )
        for tenant_id in (cast.tenant_id, there):
            with cast.world.acting(Person(both.user_id, tenant_id)) as connection:
                seen = connection.execute(
                    f"select distinct tenant_id from public.{table}".encode()
                ).fetchall()
            assert seen == [(tenant_id,)]


def test_people_see_the_memberships_they_have_elsewhere_but_nobody_elses_there(cast: Cast) -> None:
    """So that they can switch to another tenant; a removed member still has the one of its own sign-up."""
    removed = cast.people[Who.REMOVED]
    with cast.acting(Who.REMOVED) as connection:
        seen = connection.execute("select user_id, role from public.memberships").fetchall()
    assert seen == [(removed.user_id, "owner")]


def test_a_token_without_a_tenant_opens_nothing(cast: Cast) -> None:
    with cast.acting(Who.OWNER) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)",
            [f'{{"sub": "{cast.people[Who.OWNER].user_id}"}}'],
        )
        assert connection.execute("select from public.projects").rowcount == 0


def test_a_deleted_tenant_is_closed_to_its_members(cast: Cast) -> None:
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run("update public.tenants set deleted_at = now() where id = %s", cast.tenant_id)
        with cast.world.acting(cast.people[Who.OWNER]) as connection:
            seen = connection.execute("select count(*) from public.projects").fetchone()
    assert seen == (0,)
