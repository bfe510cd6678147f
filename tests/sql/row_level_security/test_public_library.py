"""The public category of the library: shared with every tenant, on purpose, and nothing else with it."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import errors

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import add_rows

MEMBERS_OF_OTHERS = [Who.STRANGER, Who.FORGER, Who.REMOVED]
#: All that others see.
SHARED = [
    "id",
    "preview_text",
    "specific_tags",
    "generic_tags",
    "language",
    "duration",
    "is_own",
    "created_at",
]


@pytest.fixture(scope="module")
def shared(cast: Cast) -> dict[str, dict[str, Any]]:
    """The first tenant's rows, of which the one in the library is public."""
    rows = add_rows(cast.world, cast.tenant_id, cast.project_id, cast.world.sign_up("newcomer").user_id)
    cast.world.run(
        "update public.content_library set library_category = 'public', preview_text = 'Come in',"
        " specific_tags = '[\"tea\"]', performance_score = 9, usage_count = 7"
    )
    return rows


@pytest.mark.parametrize("who", MEMBERS_OF_OTHERS)
def test_everybody_signed_in_sees_what_is_shared_of_a_public_row_and_no_more(
    cast: Cast, shared: dict[str, dict[str, Any]], who: Who
) -> None:
    with cast.acting(who) as connection:
        cursor = connection.execute("select * from public.public_library")
        assert [column.name for column in cursor.description or ()] == SHARED
        assert [row[:-1] for row in cursor] == [
            (shared["content_library"]["id"], "Come in", ["tea"], [], "en", 1, False)
        ]
        assert connection.execute("select from public.content_library").rowcount == 0


def test_members_see_which_public_rows_are_their_own(cast: Cast, shared: dict[str, dict[str, Any]]) -> None:
    assert cast.can(Who.VIEWER, "select from public.public_library where is_own", {})
    assert cast.can(Who.VIEWER, "select from public.content_library", {})


def test_nobody_reads_it_without_signing_in(cast: Cast, shared: dict[str, dict[str, Any]]) -> None:
    for statement in (
        "select from public.content_library",
        "select from public.public_library",
        "select from private.public_scenes()",
    ):
        assert not cast.can(Who.ANON, statement, {})


@pytest.mark.parametrize("table", ["tenants", "projects"])
def test_what_is_deleted_softly_is_shared_no_longer(
    cast: Cast, shared: dict[str, dict[str, Any]], table: str
) -> None:
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run(f"update public.{table} set deleted_at = now() where id = %s", shared[table]["id"])
        assert not cast.can(Who.STRANGER, "select from public.public_library", {})


@pytest.mark.parametrize("who", MEMBERS_OF_OTHERS)
@pytest.mark.parametrize(
    "change",
    [
        "update public.content_library set preview_text = '' where id = %(id)s",
        "update public.content_library set library_category = 'favorite' where id = %(id)s",
        "delete from public.content_library where id = %(id)s",
    ],
)
def test_no_other_tenant_changes_a_public_row(
    cast: Cast, shared: dict[str, dict[str, Any]], who: Who, change: str
) -> None:
    assert not cast.can(who, change, shared["content_library"])


@pytest.mark.parametrize("who", MEMBERS_OF_OTHERS)
@pytest.mark.parametrize("table", ["scenes", "scripts", "generated_content", "projects", "tenants"])
def test_what_a_public_row_was_made_from_stays_private(
    cast: Cast, shared: dict[str, dict[str, Any]], who: Who, table: str
) -> None:
    assert not cast.can(who, f"select from public.{table} where id = %(id)s", shared[table])


@pytest.mark.parametrize("category", ["high_performance", "experimental", "archived", "favorite"])
def test_every_other_category_stays_in_its_tenant(
    cast: Cast, shared: dict[str, dict[str, Any]], category: str
) -> None:
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run("update public.content_library set library_category = %s", category)
        with cast.world.acting(cast.people[Who.STRANGER]) as connection:
            assert connection.execute("select id from public.public_library").fetchall() == []


def test_another_tenant_cannot_take_a_public_scene_into_its_own_library(
    cast: Cast, shared: dict[str, dict[str, Any]]
) -> None:
    with pytest.raises(errors.ForeignKeyViolation), cast.acting(Who.STRANGER) as connection:
        connection.execute(
            "insert into public.content_library (scene_id) values (%(scene)s)", shared["content_library"]
        )


def test_a_viewer_cannot_make_a_row_public(cast: Cast, shared: dict[str, dict[str, Any]]) -> None:
    change = "update public.content_library set library_category = 'public' where id = %(id)s"
    assert not cast.can(Who.VIEWER, change, shared["content_library"])
    assert cast.can(Who.EDITOR, change, shared["content_library"])
