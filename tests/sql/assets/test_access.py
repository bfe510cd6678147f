"""issue_asset, one-time links and downloads: who is let to a file, and that it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import add_rows
from tests.sql.world import Connection

MEMBERS = [Who.VIEWER, Who.EDITOR, Who.PROJECT_OWNER, Who.DEMOTED, Who.ADMIN, Who.OWNER]
#: Members of the other tenant, and those who say they are of this one.
OTHERS = [Who.STRANGER, Who.FORGER, Who.REMOVED]


@dataclass
class Shelf:
    """A file of each tenant."""

    cast: Cast
    content_id: UUID
    other_id: UUID
    #: As `cliprow_api`.
    api: Connection

    @property
    def path(self) -> str:
        return f"{self.cast.tenant_id}/artifacts/0a"

    def call(self, who: Who, function: str, *arguments: object) -> dict[str, Any]:
        return self.cast.world.call(self.cast.people[who], function, *arguments)

    def refused(self, who: Who, function: str, *arguments: object) -> str:
        with pytest.raises(psycopg.Error) as error:
            self.call(who, function, *arguments)
        assert error.value.diag.message_hint
        return str(error.value.sqlstate)

    def use(self, token: str | None) -> dict[str, Any]:
        """As the API does, without anybody signed in."""
        with self.api.transaction():
            self.api.execute("set local role cliprow_api")
            row = self.api.execute("select private.use_asset_link(%s)", [token]).fetchone()
            self.api.execute("set local role none")
        assert row
        used: dict[str, Any] = row[0]
        return used

    def is_refused(self, token: str | None) -> bool:
        with pytest.raises(psycopg.Error, match="no such link") as error:
            self.use(token)
        return error.value.sqlstate == "CR002"

    def record(self) -> list[tuple[Any, ...]]:
        return self.cast.world.rows(
            "select action, user_id, content_id, tenant_id, path from public.asset_access order by id"
        )


@pytest.fixture(scope="module")
def _rows(cast: Cast) -> tuple[UUID, UUID]:
    made = []
    for n, who in enumerate((Who.OWNER, Who.STRANGER)):
        person = cast.people[who]
        project_id = cast.world.add_project(person)
        newcomer = cast.world.sign_up("newcomer").user_id
        rows = add_rows(cast.world, person.tenant_id, project_id, newcomer, n=100 * n + 1)
        made.append(rows["generated_content"]["id"])
    cast.world.run("delete from public.asset_access")
    cast.world.run(
        "update public.generated_content set file_path = tenant_id || '/artifacts/0a', file_name = 'bees.mp4',"
        " format = 'mp4', file_size = 10, sha256 = '0a'"
    )
    cast.world.run("grant cliprow_api to postgres")
    return made[0], made[1]


@pytest.fixture
def shelf(cast: Cast, _rows: tuple[UUID, UUID]) -> Iterator[Shelf]:
    with cast.world.admin.transaction(force_rollback=True):
        yield Shelf(cast, *_rows, cast.world.admin)


def soon(text: str, seconds: int) -> bool:
    return abs(datetime.fromisoformat(text) - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(
        seconds=30
    )


@pytest.mark.parametrize("who", MEMBERS)
def test_a_member_is_let_to_a_file_for_a_minute_and_it_is_recorded(shelf: Shelf, who: Who) -> None:
    issued = shelf.call(who, "issue_asset", shelf.content_id)
    assert soon(issued.pop("expires_at"), 60)
    assert issued == {
        "content_id": str(shelf.content_id),
        "path": shelf.path,
        "file_name": "bees.mp4",
        "media_type": "video/mp4",
        "size_bytes": 10,
        "sha256": "0a",
    }
    person = shelf.cast.people[who]
    assert shelf.record() == [("issued", person.user_id, shelf.content_id, person.tenant_id, shelf.path)]


@pytest.mark.parametrize("function", ["issue_asset", "create_asset_link"])
@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_is_let_to_it_and_nothing_is_recorded(shelf: Shelf, who: Who, function: str) -> None:
    assert shelf.refused(who, function, shelf.content_id) == "CR002"
    assert shelf.refused(Who.OWNER, function, shelf.other_id) == "CR002"
    assert shelf.refused(Who.OWNER, function, uuid4()) == "CR002"
    assert shelf.record() == []


@pytest.mark.parametrize("function", ["issue_asset", "create_asset_link"])
@pytest.mark.parametrize("seconds", [0, -1, 3601, None])
def test_a_link_lives_an_hour_at_most(shelf: Shelf, function: str, seconds: int | None) -> None:
    assert shelf.refused(Who.OWNER, function, shelf.content_id, seconds) == "CR001"
    for allowed in (1, 3600):
        assert soon(shelf.call(Who.OWNER, function, shelf.content_id, allowed)["expires_at"], allowed)


def test_a_one_time_link_works_once(shelf: Shelf) -> None:
    made = shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)
    assert set(made) == {"token", "expires_at"}
    used = shelf.use(made["token"])
    assert (used["path"], used["tenant_id"]) == (shelf.path, str(shelf.cast.tenant_id))
    assert shelf.is_refused(made["token"])
    assert [line[:2] for line in shelf.record()] == [
        (action, shelf.cast.people[Who.VIEWER].user_id) for action in ("issued", "redirected")
    ]


def test_only_a_hash_of_it_is_kept(shelf: Shelf) -> None:
    token = shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)["token"]
    kept = [row[0] for row in shelf.cast.world.rows("select l::text from private.asset_links as l")]
    assert len(kept) == 1
    assert token not in kept[0]


def test_a_link_expires(shelf: Shelf) -> None:
    token = shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id, 1)["token"]
    shelf.cast.world.run("update private.asset_links set expires_at = now()")
    assert shelf.is_refused(token)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, None])
def test_no_other_token_opens_anything(shelf: Shelf, token: str | None) -> None:
    shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)
    assert shelf.is_refused(token)


@pytest.mark.parametrize(
    "change",
    [
        "delete from public.memberships where user_id = '{user}' and tenant_id = '{tenant}'",
        "update public.tenants set deleted_at = now() where id = '{tenant}'",
        "delete from public.generated_content where id = '{content}'",
    ],
)
def test_a_link_goes_with_the_membership_the_tenant_and_the_file(shelf: Shelf, change: str) -> None:
    token = shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)["token"]
    viewer = shelf.cast.people[Who.VIEWER]
    shelf.cast.world.run(
        change.format(user=viewer.user_id, tenant=viewer.tenant_id, content=shelf.content_id)
    )
    assert shelf.is_refused(token)


def test_old_links_are_cleared_away(shelf: Shelf) -> None:
    shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)
    shelf.cast.world.run("update private.asset_links set expires_at = now() - interval '2 days'")
    shelf.call(Who.VIEWER, "create_asset_link", shelf.content_id)
    assert shelf.cast.world.one("select count(*) from private.asset_links") == 1


def test_users_neither_use_links_nor_write_the_record(shelf: Shelf) -> None:
    for statement in (
        "select private.use_asset_link('x')",
        "select private.record_downloads('{}')",
        "select private.record_access(null, null, 'issued', null)",
        "insert into public.asset_access (tenant_id, content_id, action, path) values (%(t)s, %(t)s, 'issued', '')",
        "delete from public.asset_access",
        "select from private.asset_links",
    ):
        with pytest.raises(errors.InsufficientPrivilege), shelf.cast.acting(Who.OWNER) as connection:
            connection.execute(statement.encode(), {"t": shelf.cast.tenant_id})


def test_what_the_api_sends_by_itself_is_recorded_for_the_caller(shelf: Shelf) -> None:
    viewer = shelf.cast.people[Who.VIEWER]
    with shelf.api.transaction():
        shelf.api.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', 'cliprow_api', true)",
            [viewer.claims],
        )
        counted = shelf.api.execute(
            "select private.record_downloads(%s)", [[shelf.content_id, shelf.other_id, uuid4()]]
        ).fetchone()
        shelf.api.execute("set local role none")
    assert counted == (1,)
    assert [line[:3] for line in shelf.record()] == [("downloaded", viewer.user_id, shelf.content_id)]


def test_the_record_outlives_what_it_tells_of(shelf: Shelf) -> None:
    shelf.call(Who.VIEWER, "issue_asset", shelf.content_id)
    shelf.cast.world.run("delete from public.generated_content where id = %s", shelf.content_id)
    shelf.cast.world.run("delete from auth.users where id = %s", shelf.cast.people[Who.VIEWER].user_id)
    assert len(shelf.record()) == 1
