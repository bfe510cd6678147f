"""members, change_member, remove_member and the calls for members of a project, each with a clear refusal."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.world import Person


@pytest.fixture(autouse=True)
def _undone(cast: Cast) -> Any:
    with cast.world.admin.transaction(force_rollback=True):
        yield


def call(cast: Cast, who: Who, function: str, *arguments: object) -> dict[str, Any]:
    return cast.world.call(cast.people[who], function, *arguments)


def refused(cast: Cast, who: Who, function: str, *arguments: object) -> str:
    with pytest.raises(psycopg.Error) as error:
        call(cast, who, function, *arguments)
    assert error.value.diag.message_hint
    return str(error.value.sqlstate)


def seen(cast: Cast, who: Who) -> dict[object, tuple[Any, ...]]:
    with cast.acting(who) as connection:
        rows = connection.execute("select user_id, name, email, role, is_me from public.members").fetchall()
    return {row[0]: row[1:] for row in rows}


def test_everybody_sees_the_names_of_all_and_the_address_of_itself(cast: Cast) -> None:
    viewer, owner = cast.people[Who.VIEWER], cast.people[Who.OWNER]
    cast.world.run(
        "update auth.users set raw_user_meta_data = %s where id = %s",
        Jsonb({"full_name": "Vi Ewer", "secret": "of hers"}),
        viewer.user_id,
    )
    members = seen(cast, Who.VIEWER)
    assert len(members) == 8
    assert members[viewer.user_id][0] == "Vi Ewer"
    assert members[viewer.user_id][3]
    assert members[owner.user_id] == (f"ann-{owner.user_id}", None, "owner", False)
    assert {user_id for user_id, member in members.items() if member[1]} == {viewer.user_id}


@pytest.mark.parametrize("who", [Who.ADMIN, Who.OWNER])
def test_admins_see_the_addresses_of_all(cast: Cast, who: Who) -> None:
    assert all(member[1].endswith("@example.org") for member in seen(cast, who).values())


def test_nobody_sees_members_of_another_tenant(cast: Cast) -> None:
    assert set(seen(cast, Who.STRANGER)) == {cast.people[Who.STRANGER].user_id}
    assert seen(cast, Who.FORGER) == seen(cast, Who.REMOVED) == {}
    for who in (Who.ANON, Who.WORKER):
        with pytest.raises(errors.InsufficientPrivilege), cast.acting(who) as connection:
            connection.execute("select from public.members")


def test_admins_change_roles_and_scopes(cast: Cast) -> None:
    user_id = cast.people[Who.VIEWER].user_id
    assert call(cast, Who.ADMIN, "change_member", user_id, "editor") == {
        "user_id": str(user_id),
        "role": "editor",
        "analytics_scope": "tenant",
    }
    assert call(cast, Who.ADMIN, "change_member", user_id, None, "none")["analytics_scope"] == "none"
    assert call(cast, Who.OWNER, "change_member", user_id, "owner", "tenant")["role"] == "owner"


@pytest.mark.parametrize(
    ("who", "whom", "role", "code"),
    [
        (Who.VIEWER, Who.VIEWER, "owner", "CR003"),
        (Who.EDITOR, Who.VIEWER, "editor", "CR003"),
        (Who.PROJECT_OWNER, Who.PROJECT_OWNER, "admin", "CR003"),
        (Who.ADMIN, Who.ADMIN, "owner", "CR003"),
        (Who.ADMIN, Who.OWNER, "viewer", "CR003"),
        (Who.ADMIN, Who.STRANGER, "viewer", "CR002"),
        (Who.ADMIN, Who.REMOVED, "viewer", "CR002"),
        (Who.STRANGER, Who.VIEWER, "editor", "CR002"),
        (Who.FORGER, Who.VIEWER, "editor", "CR003"),
        (Who.REMOVED, Who.REMOVED, "owner", "CR003"),
        (Who.OWNER, Who.VIEWER, "king", "CR001"),
        (Who.OWNER, Who.OWNER, "admin", "CR004"),
    ],
)
def test_who_may_not_change_whom(cast: Cast, who: Who, whom: Who, role: str, code: str) -> None:
    assert refused(cast, who, "change_member", cast.people[whom].user_id, role) == code


def test_there_are_three_scopes(cast: Cast) -> None:
    user_id = cast.people[Who.VIEWER].user_id
    assert refused(cast, Who.OWNER, "change_member", user_id, None, "all") == "CR001"


def test_an_admin_removes_a_member_who_is_out_at_once(cast: Cast) -> None:
    editor = cast.people[Who.EDITOR]
    epoch = cast.world.one("select epoch from public.tenants where id = %s", cast.tenant_id)
    assert cast.can(Who.EDITOR, "select from public.projects", {})
    assert call(cast, Who.ADMIN, "remove_member", editor.user_id) == {
        "tenant_id": str(cast.tenant_id),
        "user_id": str(editor.user_id),
    }
    assert not cast.can(Who.EDITOR, "select from public.projects", {})
    assert cast.world.one("select epoch from public.tenants where id = %s", cast.tenant_id) == epoch + 1


@pytest.mark.parametrize("who", [Who.VIEWER, Who.PROJECT_OWNER, Who.DEMOTED, Who.ADMIN])
def test_every_member_leaves_by_itself(cast: Cast, who: Who) -> None:
    epoch = cast.world.one("select epoch from public.tenants where id = %s", cast.tenant_id)
    call(cast, who, "remove_member", cast.people[who].user_id)
    assert seen(cast, who) == {}
    assert cast.world.one("select epoch from public.tenants where id = %s", cast.tenant_id) == epoch + 1


@pytest.mark.parametrize(
    ("who", "whom", "code"),
    [
        (Who.VIEWER, Who.EDITOR, "CR003"),
        (Who.PROJECT_OWNER, Who.VIEWER, "CR003"),
        (Who.ADMIN, Who.OWNER, "CR003"),
        (Who.ADMIN, Who.STRANGER, "CR002"),
        (Who.STRANGER, Who.VIEWER, "CR002"),
        (Who.FORGER, Who.VIEWER, "CR003"),
        (Who.FORGER, Who.FORGER, "CR003"),
        (Who.REMOVED, Who.REMOVED, "CR003"),
        (Who.OWNER, Who.OWNER, "CR004"),
    ],
)
def test_who_may_not_remove_whom(cast: Cast, who: Who, whom: Who, code: str) -> None:
    assert refused(cast, who, "remove_member", cast.people[whom].user_id) == code


CONTROLLERS = [Who.PROJECT_OWNER, Who.PROJECT_EDITOR, Who.ADMIN, Who.OWNER]


@pytest.mark.parametrize("who", CONTROLLERS)
def test_whoever_controls_a_project_says_who_works_on_it(cast: Cast, who: Who) -> None:
    given = (cast.project_id, cast.people[Who.EDITOR].user_id)
    told = {"project_id": str(given[0]), "user_id": str(given[1])}
    assert call(cast, who, "set_project_member", *given) == told | {"role": "editor"}
    assert call(cast, who, "set_project_member", *given, "viewer") == told | {"role": "viewer"}
    assert call(cast, who, "remove_project_member", *given) == told
    assert refused(cast, who, "remove_project_member", *given) == "CR002"


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (Who.VIEWER, "CR003"),
        (Who.EDITOR, "CR003"),
        (Who.PROJECT_VIEWER, "CR003"),
        (Who.DEMOTED, "CR003"),
        (Who.STRANGER, "CR002"),
        (Who.FORGER, "CR003"),
        (Who.REMOVED, "CR003"),
    ],
)
def test_nobody_else_does(cast: Cast, who: Who, code: str) -> None:
    given = (cast.project_id, cast.people[Who.EDITOR].user_id)
    assert refused(cast, who, "set_project_member", *given) == code
    other = (cast.project_id, cast.people[Who.PROJECT_EDITOR].user_id)
    assert refused(cast, who, "remove_project_member", *other) == code


def test_a_member_of_a_project_leaves_it(cast: Cast) -> None:
    given = (cast.project_id, cast.people[Who.PROJECT_VIEWER].user_id)
    call(cast, Who.PROJECT_VIEWER, "remove_project_member", *given)
    assert refused(cast, Who.PROJECT_VIEWER, "remove_project_member", *given) == "CR002"


@pytest.mark.parametrize("whom", [Who.STRANGER, Who.REMOVED])
def test_only_members_of_the_tenant_work_on_its_projects(cast: Cast, whom: Who) -> None:
    given = (cast.project_id, cast.people[whom].user_id)
    assert refused(cast, Who.OWNER, "set_project_member", *given) == "CR002"


def test_there_are_two_roles_in_a_project(cast: Cast) -> None:
    given = (cast.project_id, cast.people[Who.EDITOR].user_id)
    for role in ("owner", None):
        assert refused(cast, Who.OWNER, "set_project_member", *given, role) == "CR001"


def test_a_project_that_is_deleted_or_not_there_takes_nobody(cast: Cast) -> None:
    user_id = cast.people[Who.EDITOR].user_id
    assert refused(cast, Who.OWNER, "set_project_member", uuid4(), user_id) == "CR002"
    cast.world.run("update public.projects set deleted_at = now()")
    assert refused(cast, Who.OWNER, "set_project_member", cast.project_id, user_id) == "CR002"


def test_one_must_act_in_a_tenant(cast: Cast) -> None:
    owner = cast.people[Who.OWNER]
    nowhere = Person(owner.user_id, uuid4())
    for function in ("change_member", "remove_member"):
        with pytest.raises(psycopg.Error, match="not signed in to a tenant"):
            cast.world.call(nowhere, function, owner.user_id)
