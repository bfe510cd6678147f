"""What those who may write may still not write."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from tests.sql.rls.cast import ADMIN, BYSTANDER, EDITOR, ONLOOKER, OWNER, REMOVED, SERVICE, TEAMMATE, VIEWER, Cast

#: Each is refused to this person, whoever else may do it.
REFUSED: dict[str, tuple[str, LiteralString]] = {
    "an admin makes nobody owner":
        (ADMIN, "update public.memberships set role = 'owner' where tenant_id = %(tenant)s and user_id = %(viewer)s"),
    "an admin does not make itself owner":
        (ADMIN, "update public.memberships set role = 'owner' where tenant_id = %(tenant)s and user_id = %(admin)s"),
    "an admin does not add an owner":
        (ADMIN, "insert into public.memberships (tenant_id, user_id, role) values (%(tenant)s, %(guest)s, 'owner')"),
    "an admin does not remove an owner":
        (ADMIN, "delete from public.memberships where tenant_id = %(tenant)s and user_id = %(me)s"),
    "a viewer does not promote itself":
        (VIEWER, "update public.memberships set role = 'admin' where tenant_id = %(tenant)s and user_id = %(viewer)s"),
    "an editor does not widen what figures it sees":
        (TEAMMATE, "update public.memberships set analytics_scope = 'tenant' where tenant_id = %(tenant)s and user_id = %(teammate)s"),
    "an admin does not change the tenant's plan": (ADMIN, "update public.tenants set plan = 'premium' where id = %(tenant)s"),
    "an owner does not lift the tenant's cap": (OWNER, "update public.tenants set max_concurrent_tasks = null where id = %(tenant)s"),
    "an editor gives a project to nobody": (EDITOR, "update public.projects set owner_id = %(me)s where id = %(project)s"),
    "an editor creates no project for somebody else":
        (EDITOR, "insert into public.projects (original_idea, owner_id) values ('x', %(me)s)"),
    "an editor does not let itself into a project":
        (BYSTANDER, "insert into public.project_members (project_id, user_id) values (%(project)s, %(bystander)s)"),
    "an onlooker does not promote itself": (ONLOOKER, "update public.project_members set role = 'editor' where project_id = %(project)s"),
    "nobody writes a script into a job":
        (OWNER, "insert into public.scripts (project_id, job_id, content) values (%(project)s, %(job)s, '{}')"),
    "nobody dates a script": (OWNER, "insert into public.scripts (project_id, content, created_at) values (%(project)s, '{}', 'infinity')"),
    "nobody scores its own scenes": (OWNER, "update public.content_library set performance_score = 10 where id = %(library)s"),
    "nobody rewrites history": (SERVICE, "update public.job_events set status = 'x' where job_id = %(job)s"),
    "a removed member does not see the tenant's people": (REMOVED, "select from public.memberships where tenant_id = %(tenant)s"),
}  # fmt: skip
ALLOWED: dict[str, tuple[str, LiteralString]] = {
    "a member leaves": (VIEWER, "delete from public.memberships where tenant_id = %(tenant)s and user_id = %(viewer)s"),
    "a teammate leaves a project": (TEAMMATE, "delete from public.project_members where user_id = %(teammate)s"),
    "an owner makes another owner":
        (OWNER, "update public.memberships set role = 'owner' where tenant_id = %(tenant)s and user_id = %(viewer)s"),
    "an admin creates a project for somebody else":
        (ADMIN, "insert into public.projects (original_idea, owner_id) values ('x', %(viewer)s)"),
    "an editor creates a project without naming the tenant": (BYSTANDER, "insert into public.projects (original_idea) values ('x')"),
    "everybody sees the flags of all": (VIEWER, "select from public.feature_flags where tenant_id is not null"),
}  # fmt: skip


@pytest.mark.parametrize(("who", "statement"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(cast: Cast, who: str, statement: LiteralString) -> None:
    assert not cast.can(who, statement)


@pytest.mark.parametrize(("who", "statement"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed(cast: Cast, who: str, statement: LiteralString) -> None:
    assert cast.can(who, statement)


def test_a_project_belongs_to_a_member_of_its_tenant(cast: Cast) -> None:
    with cast.acting(ADMIN) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            "insert into public.projects (original_idea, owner_id) values ('x', %s)", [cast.theirs["user"]]
        )
