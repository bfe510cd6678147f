"""The bucket `media`: members read their tenant's folder, editors upload into it, and that is all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import errors

from cliprow.statements import split
from tests.sql.row_level_security.cast import Cast, Who

MEMBERS = {
    Who.VIEWER,
    Who.EDITOR,
    Who.PROJECT_OWNER,
    Who.PROJECT_EDITOR,
    Who.PROJECT_VIEWER,
    Who.DEMOTED,
    Who.ADMIN,
    Who.OWNER,
}
EDITORS = MEMBERS - {Who.VIEWER, Who.DEMOTED}
STATE = Path(__file__).parents[3] / "sql" / "38_storage.sql"
SELECT = "select from storage.objects where bucket_id = %(bucket)s and name = %(name)s"
INSERT = "insert into storage.objects (bucket_id, name) values (%(bucket)s, %(name)s)"
UPDATE = "update storage.objects set name = name || 'x' where bucket_id = %(bucket)s and name = %(name)s"
DELETE = "delete from storage.objects where bucket_id = %(bucket)s and name = %(name)s"


@pytest.fixture(autouse=True)
def _undone(cast: Cast) -> Iterator[None]:
    with cast.world.admin.transaction(force_rollback=True):
        yield


def add(cast: Cast, name: str, bucket: str = "media") -> dict[str, str]:
    values = {"bucket": bucket, "name": name}
    cast.world.admin.execute(INSERT.encode(), values)
    return values


def who_can(cast: Cast, statement: str, values: dict[str, str]) -> set[Who]:
    return {who for who in Who if cast.can(who, statement, values)} - {Who.SERVICE}


def test_the_bucket_is_private(cast: Cast) -> None:
    assert cast.world.rows("select id, public from storage.buckets") == [("media", False)]


def test_a_bucket_that_a_project_had_already_becomes_private(cast: Cast) -> None:
    cast.world.run("update storage.buckets set public = true, file_size_limit = 5")
    cast.world.run(split(STATE.read_text(encoding="utf-8"))[0])
    assert cast.world.rows("select public, file_size_limit from storage.buckets") == [(False, 5)]


@pytest.mark.parametrize(
    "path", ["artifacts/0a", "uploads/picture.png", "project/job/stage/video.mp4", "file"]
)
def test_members_read_what_lies_under_their_tenant(cast: Cast, path: str) -> None:
    assert who_can(cast, SELECT, add(cast, f"{cast.tenant_id}/{path}")) == MEMBERS


def test_the_other_tenant_reads_its_own_and_no_more(cast: Cast) -> None:
    other = cast.people[Who.STRANGER]
    add(cast, f"{cast.tenant_id}/file")
    add(cast, f"{other.tenant_id}/file")
    add(cast, f"{cast.tenant_id}x/file")
    add(cast, str(cast.tenant_id))
    add(cast, "file")
    seen = "select array_agg(name) from storage.objects"
    assert cast.world.ask(other, seen) == [f"{other.tenant_id}/file"]
    assert cast.world.ask(cast.people[Who.VIEWER], seen) == [f"{cast.tenant_id}/file"]
    assert cast.world.ask(cast.people[Who.FORGER], seen) is None
    assert cast.world.ask(cast.people[Who.REMOVED], seen) is None


def test_other_buckets_are_not_opened_by_this(cast: Cast) -> None:
    cast.world.run("insert into storage.buckets (id, name) values ('other', 'other')")
    values = add(cast, f"{cast.tenant_id}/uploads/file", "other")
    assert who_can(cast, SELECT, values) == set()
    assert who_can(cast, INSERT, values | {"name": f"{cast.tenant_id}/uploads/new"}) == set()


@pytest.mark.parametrize(
    "name", ["picture.png", "a/b/c/picture.png", "Bild, 1 (ä).png", "..hidden", ".hidden", "a..b"]
)
def test_editors_upload(cast: Cast, name: str) -> None:
    values = {"bucket": "media", "name": f"{cast.tenant_id}/uploads/{name}"}
    assert who_can(cast, INSERT, values) == EDITORS


@pytest.mark.parametrize(
    "path",
    [
        "artifacts/" + "0" * 64,
        "picture.png",
        "uploads",
        "uploads/",
        "Uploads/picture.png",
        "uploadsx/picture.png",
        "project/uploads/picture.png",
        "uploads/../artifacts/picture.png",
        "uploads/a/../../../b/picture.png",
        "uploads/./picture.png",
        "uploads//picture.png",
        "uploads/a/..",
        "/uploads/picture.png",
        "",
    ],
)
def test_nobody_writes_anywhere_else(cast: Cast, path: str) -> None:
    assert who_can(cast, INSERT, {"bucket": "media", "name": f"{cast.tenant_id}/{path}"}) == set()


@pytest.mark.parametrize(
    "path", ["/{}/uploads/x", "../{}/uploads/x", "{other}/../{}/uploads/x", "uploads/{}/x", "{}"]
)
def test_the_tenant_comes_first_in_the_path(cast: Cast, path: str) -> None:
    name = path.format(cast.tenant_id, other=cast.people[Who.STRANGER].tenant_id)
    assert who_can(cast, INSERT, {"bucket": "media", "name": name}) == set()


@pytest.mark.parametrize("statement", [UPDATE, DELETE])
def test_what_is_there_stays_as_it_is(cast: Cast, statement: str) -> None:
    """An upload of somebody's may be a picture in work under way."""
    values = add(cast, f"{cast.tenant_id}/uploads/picture.png")
    assert who_can(cast, statement, values) == set()


def test_uploading_over_a_file_changes_nothing(cast: Cast) -> None:
    values = add(cast, f"{cast.tenant_id}/uploads/picture.png")
    upsert = f"{INSERT} on conflict (bucket_id, name) do update set metadata = '{{}}'"
    assert who_can(cast, upsert, values) == set()
    with pytest.raises(errors.UniqueViolation), cast.acting(Who.OWNER) as connection:
        connection.execute(INSERT.encode(), values)


def test_the_service_side_writes_everywhere(cast: Cast) -> None:
    for name in (
        f"{cast.tenant_id}/artifacts/{uuid4()}",
        f"{cast.people[Who.STRANGER].tenant_id}/artifacts/x",
    ):
        assert cast.can(Who.SERVICE, INSERT, {"bucket": "media", "name": name})


def test_these_are_all_policies_on_storage(cast: Cast) -> None:
    assert cast.world.rows(
        "select tablename, cmd, roles::text from pg_policies where schemaname = 'storage' order by cmd"
    ) == [("objects", "INSERT", "{authenticated}"), ("objects", "SELECT", "{authenticated}")]
