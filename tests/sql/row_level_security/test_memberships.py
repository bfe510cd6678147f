"""Who changes what members are, and puts them out; and that a tenant keeps an owner."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.sql.row_level_security.cast import Cast, Who

OUTRANKED = [Who.VIEWER, Who.EDITOR, Who.PROJECT_OWNER]
ADD = "insert into public.memberships (user_id, tenant_id, role) values (%(user)s, %(tenant)s, %(role)s)"
CHANGE = "update public.memberships set role = %(role)s where (tenant_id, user_id) = (%(tenant)s, %(user)s)"
REMOVE = "delete from public.memberships where (tenant_id, user_id) = (%(tenant)s, %(user)s)"


def values(cast: Cast, whom: Who, role: str = "") -> dict[str, object]:
    return {"user": cast.people[whom].user_id, "tenant": cast.tenant_id, "role": role}


def epoch(cast: Cast) -> int:
    number: int = cast.world.one("select epoch from public.tenants where id = %s", cast.tenant_id)
    return number


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_an_admin_gives_every_role_below_owner(cast: Cast, role: str) -> None:
    assert cast.can(Who.ADMIN, CHANGE, values(cast, Who.VIEWER, role))


def test_only_an_owner_makes_owners(cast: Cast) -> None:
    assert not cast.can(Who.ADMIN, CHANGE, values(cast, Who.VIEWER, "owner"))
    assert not cast.can(Who.ADMIN, CHANGE, values(cast, Who.ADMIN, "owner"))
    assert cast.can(Who.OWNER, CHANGE, values(cast, Who.VIEWER, "owner"))


def test_an_admin_touches_no_owner(cast: Cast) -> None:
    assert not cast.can(Who.ADMIN, CHANGE, values(cast, Who.OWNER, "viewer"))
    assert not cast.can(Who.ADMIN, REMOVE, values(cast, Who.OWNER))


@pytest.mark.parametrize("who", OUTRANKED)
def test_nobody_raises_themselves(cast: Cast, who: Who) -> None:
    assert not cast.can(who, CHANGE, values(cast, who, "admin"))


@pytest.mark.parametrize("who", [*OUTRANKED, Who.ADMIN])
def test_every_member_may_leave(cast: Cast, who: Who) -> None:
    assert cast.can(who, REMOVE, values(cast, who))


@pytest.mark.parametrize("who", Who)
def test_nobody_puts_anybody_in_without_their_consent(cast: Cast, who: Who) -> None:
    """People join by accepting an invitation; a removed member does not come back by its token."""
    for whom in (Who.REMOVED, Who.STRANGER):
        assert cast.can(who, ADD, values(cast, whom, "viewer")) is (who is Who.SERVICE)


@pytest.mark.parametrize("statement", [REMOVE, CHANGE])
def test_the_last_owner_neither_leaves_nor_steps_down(cast: Cast, statement: str) -> None:
    with (
        pytest.raises(errors.DatabaseError, match="its last one") as refused,
        cast.acting(Who.OWNER) as connection,
    ):
        connection.execute(statement.encode(), values(cast, Who.OWNER, "admin"))
    assert refused.value.sqlstate == "CR004"
    assert refused.value.diag.message_hint == "Make another member an owner first."


@pytest.mark.parametrize("statement", [REMOVE, CHANGE])
def test_an_owner_goes_when_there_is_another(cast: Cast, statement: str) -> None:
    with cast.acting(Who.OWNER) as connection:
        connection.execute(CHANGE.encode(), values(cast, Who.ADMIN, "owner"))
        assert connection.execute(statement.encode(), values(cast, Who.OWNER, "admin")).rowcount == 1


def test_two_owners_cannot_leave_at_the_same_moment(cast: Cast) -> None:
    first, other = cast.world.connect(), cast.world.connect()
    other.execute("set lock_timeout = '100ms'")
    second = cast.world.add_member(cast.people[Who.OWNER], "owner")
    leaving = {"user": second.user_id, "tenant": cast.tenant_id}
    with first.transaction(force_rollback=True):
        first.execute(REMOVE.encode(), values(cast, Who.OWNER))
        with pytest.raises(errors.LockNotAvailable):
            other.execute(REMOVE.encode(), leaving)
    other.execute(REMOVE.encode(), leaving)


def test_a_removal_starts_the_next_epoch_of_live_topics(cast: Cast) -> None:
    before = epoch(cast)
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.admin.execute(REMOVE.encode(), values(cast, Who.VIEWER))
        assert epoch(cast) == before + 1


def test_a_change_of_role_leaves_the_epoch_as_it_is(cast: Cast) -> None:
    before = epoch(cast)
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.admin.execute(CHANGE.encode(), values(cast, Who.VIEWER, "editor"))
        assert epoch(cast) == before


def test_a_removal_ends_what_the_member_had_in_projects(cast: Cast) -> None:
    """Its projects stay, and admins take care of them."""
    with cast.world.admin.transaction(force_rollback=True):
        for who in (Who.PROJECT_OWNER, Who.PROJECT_EDITOR):
            cast.world.admin.execute(REMOVE.encode(), values(cast, who))
        members = [row[0] for row in cast.world.rows("select user_id from public.project_members")]
        assert cast.people[Who.PROJECT_EDITOR].user_id not in members
        assert cast.world.rows("select owner_id from public.projects where id = %s", cast.project_id) == [
            (None,)
        ]


def test_a_user_who_is_deleted_is_gone_from_all_tenants(cast: Cast) -> None:
    """Even the last owner: whoever closes an account is not held back."""
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run("delete from auth.users where id = %s", cast.people[Who.OWNER].user_id)
        assert (
            cast.world.rows(
                "select from public.memberships where role = 'owner' and tenant_id = %s", cast.tenant_id
            )
            == []
        )
