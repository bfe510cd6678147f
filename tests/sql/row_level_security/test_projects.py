"""Projects: deleted softly, and controlled by their owner, their editors and the tenant's admins."""

from __future__ import annotations

import pytest

from tests.sql.row_level_security.cast import Cast, Who

DELETE = "update public.projects set deleted_at = now() where id = %(project)s"
RAISE_OWN_ROLE = "update public.project_members set role = 'editor' where user_id = %(user)s"
LEAVE = "delete from public.project_members where user_id = %(user)s"


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (Who.VIEWER, False),
        (Who.EDITOR, False),
        (Who.PROJECT_VIEWER, False),
        (Who.DEMOTED, False),
        (Who.PROJECT_EDITOR, True),
        (Who.PROJECT_OWNER, True),
        (Who.ADMIN, True),
        (Who.STRANGER, False),
    ],
)
def test_whoever_controls_a_project_deletes_it_softly(cast: Cast, who: Who, may: bool) -> None:
    assert cast.can(who, DELETE, {"project": cast.project_id}) is may


@pytest.mark.parametrize("who", [Who.EDITOR, Who.PROJECT_EDITOR, Who.PROJECT_OWNER, Who.ADMIN, Who.STRANGER])
def test_nobody_works_in_a_deleted_project_but_whoever_controlled_it_restores_it(
    cast: Cast, who: Who
) -> None:
    may = who in (Who.PROJECT_EDITOR, Who.PROJECT_OWNER, Who.ADMIN)
    given = {"project": cast.project_id, "user": cast.people[Who.VIEWER].user_id}
    work = (
        "insert into public.scripts (project_id, content) values (%(project)s, '{}')",
        "insert into public.project_members (project_id, user_id) values (%(project)s, %(user)s)",
        "select 1 from private.controlled_project_ids() as c where c = %(project)s",
    )
    restore = "update public.projects set deleted_at = null where id = %(project)s"
    assert {cast.can(who, statement, given) for statement in work} == {may}
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run("update public.projects set deleted_at = now() where id = %s", cast.project_id)
        assert not any(cast.can(who, statement, given) for statement in work)
        assert cast.can(who, restore, given) is may


@pytest.mark.parametrize("who", [Who.PROJECT_VIEWER, Who.DEMOTED])
def test_nobody_raises_themselves_in_a_project(cast: Cast, who: Who) -> None:
    assert not cast.can(who, RAISE_OWN_ROLE, {"user": cast.people[who].user_id})


@pytest.mark.parametrize("who", [Who.PROJECT_EDITOR, Who.PROJECT_VIEWER, Who.DEMOTED])
def test_every_member_of_a_project_may_leave_it(cast: Cast, who: Who) -> None:
    assert cast.can(who, LEAVE, {"user": cast.people[who].user_id})


def test_a_change_makes_a_project_newer(cast: Cast) -> None:
    with cast.acting(Who.PROJECT_OWNER) as connection:
        before = connection.execute(
            "select version from public.projects where id = %s", [cast.project_id]
        ).fetchone()
        after = connection.execute(
            "update public.projects set name = 'New' where id = %s returning version", [cast.project_id]
        ).fetchone()
    assert before and after == (before[0] + 1,)


def test_words_of_a_script_can_be_changed_and_found(cast: Cast) -> None:
    with cast.acting(Who.PROJECT_OWNER) as connection:
        connection.execute(
            "insert into public.scripts (project_id, content, language) values (%s, '{}', 'en')",
            [cast.project_id],
        )
        connection.execute("""update public.scripts set content = '{"title": "Dancing bees"}'""")
        found = connection.execute(
            "select from public.scripts where search @@ to_tsquery('english', 'dance')"
        ).rowcount
    assert found == 1
