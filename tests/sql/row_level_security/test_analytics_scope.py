"""Whose figures a member sees: none, those of its own projects, or all of the tenant's."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import add_rows

TABLES = ["performance_metrics", "analytics"]
#: Those who own the project or are members of it in any role.
OF_THE_PROJECT = [Who.PROJECT_OWNER, Who.PROJECT_EDITOR, Who.PROJECT_VIEWER, Who.DEMOTED]
NOT_OF_THE_PROJECT = [Who.VIEWER, Who.EDITOR, Who.ADMIN, Who.OWNER]


@pytest.fixture(scope="module")
def elsewhere(cast: Cast) -> UUID:
    """Another project of the tenant, which nobody owns; both projects have figures."""
    other: UUID = cast.world.one(
        "insert into public.projects (tenant_id, owner_id, original_idea) values (%s, null, 'P') returning id",
        cast.tenant_id,
    )
    for n, project_id in enumerate((cast.project_id, other)):
        add_rows(cast.world, cast.tenant_id, project_id, cast.world.sign_up("newcomer").user_id, n=10 * n + 1)
    return other


def seen(cast: Cast, who: Who, scope: str, table: str) -> set[UUID]:
    """Projects whose figures this person would see with this scope."""
    person = cast.people[who]
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run(
            "update public.memberships set analytics_scope = %s where (tenant_id, user_id) = (%s, %s)",
            scope,
            person.tenant_id,
            person.user_id,
        )
        with cast.world.acting(person) as connection:
            return {row[0] for row in connection.execute(f"select project_id from public.{table}".encode())}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("who", OF_THE_PROJECT + NOT_OF_THE_PROJECT)
def test_with_none_a_member_sees_no_figures(cast: Cast, elsewhere: UUID, who: Who, table: str) -> None:
    assert seen(cast, who, "none", table) == set()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("who", OF_THE_PROJECT)
def test_with_project_a_member_sees_those_of_its_own_projects(
    cast: Cast, elsewhere: UUID, who: Who, table: str
) -> None:
    assert seen(cast, who, "project", table) == {cast.project_id}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("who", NOT_OF_THE_PROJECT)
def test_with_project_nobody_sees_those_of_others(cast: Cast, elsewhere: UUID, who: Who, table: str) -> None:
    assert seen(cast, who, "project", table) == set()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("who", OF_THE_PROJECT + NOT_OF_THE_PROJECT)
def test_with_tenant_a_member_sees_all(cast: Cast, elsewhere: UUID, who: Who, table: str) -> None:
    assert seen(cast, who, "tenant", table) == {cast.project_id, elsewhere}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("who", [Who.REMOVED, Who.STRANGER, Who.FORGER])
def test_nobody_outside_the_tenant_sees_any(cast: Cast, elsewhere: UUID, who: Who, table: str) -> None:
    assert seen(cast, who, "tenant", table) == set()
