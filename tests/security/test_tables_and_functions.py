"""Every table, view and function of the database, asked for through the gateway's REST by those who may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.security.attackers import FORGERIES, READERS, STRANGERS, Scene
from tests.sql.row_level_security.cast import Who

#: What everybody signed in may read, of whatever tenant: rows that belong to none.
SHARED = {"platforms"}
#: Functions that only read, or make something that is the caller's own.
HARMLESS = {"list_my_tenants", "create_tenant", "switch_tenant"}


def relations(scene: Scene) -> list[str]:
    return [
        name
        for (name,) in scene.cast.world.rows(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
            " order by 1"
        )
    ]


def read(scene: Scene, relation: str, token: str | None, **query: str) -> httpx.Response:
    return httpx.get(
        f"{scene.gateway.url}/rest/v1/{relation}",
        params={"select": "*", "limit": "1000", **query},
        headers=scene.headers(token),
        timeout=20,
    )


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.usefixtures("nothing_changes")
def test_a_forged_token_reads_nothing(scene: Scene, forge: Callable[[Scene], str]) -> None:
    token = forge(scene)
    for relation in relations(scene):
        answer = read(scene, relation, token)
        assert answer.status_code == 401, (relation, answer.text)
        assert token not in answer.text


def test_anonymous_reads_nothing(scene: Scene) -> None:
    for relation in relations(scene):
        answer = read(scene, relation, None)
        assert answer.status_code in {401, 403} or answer.json() == [], (relation, answer.text)


@pytest.mark.parametrize("who", STRANGERS)
def test_others_read_no_row_of_the_tenant(scene: Scene, who: Who) -> None:
    known = {
        str(value) for row in scene.rows.values() for name, value in row.items() if name in ("id", "tenant")
    }
    for relation in relations(scene):
        if relation in SHARED:
            continue
        answer = read(scene, relation, scene.token(who))
        # What the role may not ask for at all is refused; the rest is filtered silently.
        assert answer.status_code in {200, 403}, (relation, answer.text)
        if answer.status_code == 200:
            seen = {str(value) for row in answer.json() for value in row.values()}
            assert not seen & known, (relation, answer.text)


#: What each reader of the tenant may be shown of the tables that not everybody in it reads.
HIDDEN_FROM_READERS = {"realtime_outbox", "asset_access", "invitations", "webhooks", "audit_events"}


@pytest.mark.parametrize("who", READERS)
def test_members_read_their_tenant(scene: Scene, who: Who) -> None:
    """The matrix would also be green if nobody could read anything."""
    seen = {
        relation
        for relation in relations(scene)
        if (answer := read(scene, relation, scene.token(who))).status_code == 200 and answer.json()
    }
    assert seen >= set(scene.rows) - HIDDEN_FROM_READERS - {"project_members"}
    assert not seen & {"realtime_outbox", "asset_access"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.usefixtures("nothing_changes")
def test_nobody_writes_through_rest(scene: Scene, method: str) -> None:
    for who in (*STRANGERS, *READERS):
        for relation in relations(scene):
            answer = httpx.request(
                method,
                f"{scene.gateway.url}/rest/v1/{relation}",
                params={"tenant_id": f"eq.{scene.tenant_id}"},
                json={"tenant_id": str(scene.tenant_id)},
                headers=scene.headers(scene.token(who)),
                timeout=20,
            )
            assert answer.status_code in {403, 405, 501}, (relation, answer.text)


def functions(scene: Scene) -> list[tuple[str, dict[str, Any]]]:
    """Every function of `public` with arguments that name what is the first tenant's."""
    first = scene.rows
    values: dict[str, Any] = {
        "project_id": first["projects"]["id"],
        "batch_id": first["batches"]["id"],
        "job_id": first["generation_jobs"]["id"],
        "job_ids": [first["generation_jobs"]["id"]],
        "action": "cancel",
        "task_id": first["stage_tasks"]["id"],
        "schedule_id": first["schedules"]["id"],
        "starts": "2026-01-01T00:00:00Z",
        "ends": "2026-02-01T00:00:00Z",
        "schedule": {"name": "N", "cron": "@daily", "topics": [{"topic": "T", "platforms": ["youtube"]}]},
        "changes": {"name": "N"},
        "cron": "@daily",
        "webhook_id": first["webhooks"]["id"],
        "webhook": {"url": "https://example.org", "events": ["job.ended"]},
        "provider": "openai",
        "columns": {"Idea": "topic"},
        "colours": {"background": "#14213d", "text": "#ffffff", "accent": "#fca311"},
        "font": "Inter",
        "logo_corner": "top_left",
        "logo_size": "small",
        "logo": None,
        "secret": "s" * 16,
        "unit": "call",
        "amount": 1,
        "scope": "tenant",
        "reason": "Known",
        "starts_at": "2030-01-01T00:00:00Z",
        "deadline": "2030-01-01T00:00:00Z",
        "lane": "urgent",
        "max_concurrent_tasks": 1,
        "content_id": first["generated_content"]["id"],
        "item_id": first["content_library"]["id"],
        "tenant_id": scene.tenant_id,
        "invitation_id": first["invitations"]["id"] if "invitations" in first else scene.tenant_id,
        "topics": [{"topic": "T", "platforms": ["youtube"]}],
        "position": 0,
        "options": {},
        "email": "friend@example.org",
        "name": "N",
        "token": "t" * 43,
        "since": "2020-01-01T00:00:00Z",
        "user_id": scene.cast.people[Who.ADMIN].user_id,
    }
    found = []
    for name, arguments, defaults in scene.cast.world.rows(
        "select p.proname, coalesce(p.proargnames[1:p.pronargs], '{}'), p.pronargdefaults from pg_proc as p"
        " where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype"
        " order by 1"
    ):
        needed = arguments[: len(arguments) - defaults]
        missing = [each for each in needed if each not in values]
        assert not missing, f"say what to send to {name} for {missing}"
        found.append((name, json.loads(json.dumps({each: values[each] for each in needed}, default=str))))
    return found


def call(scene: Scene, name: str, arguments: dict[str, Any], token: str | None) -> httpx.Response:
    return httpx.post(
        f"{scene.gateway.url}/rest/v1/rpc/{name}",
        json=arguments,
        headers=scene.headers(token),
        timeout=20,
    )


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.usefixtures("nothing_changes")
def test_a_forged_token_calls_nothing(scene: Scene, forge: Callable[[Scene], str]) -> None:
    for name, arguments in functions(scene):
        assert call(scene, name, arguments, forge(scene)).status_code == 401, name


@pytest.mark.usefixtures("nothing_changes")
def test_anonymous_calls_nothing(scene: Scene) -> None:
    for name, arguments in functions(scene):
        answer = call(scene, name, arguments, None)
        assert answer.status_code in {401, 403, 404}, (name, answer.text)


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.usefixtures("nothing_changes")
def test_others_do_nothing_to_the_tenant(scene: Scene, who: Who) -> None:
    for name, arguments in functions(scene):
        answer = call(scene, name, arguments, scene.token(who))
        assert answer.status_code < 500, (name, answer.text)
        # What answers at all says nothing of the tenant; what names a row of it is refused.
        if name not in HARMLESS and set(arguments) & {
            "project_id",
            "batch_id",
            "job_id",
            "content_id",
            "invitation_id",
            "schedule_id",
            "webhook_id",
        }:
            assert answer.status_code >= 400, (name, answer.text)


@pytest.mark.usefixtures("nothing_changes")
def test_a_viewer_changes_nothing(scene: Scene) -> None:
    for name, arguments in functions(scene):
        # Both are meant for those who read: a record of what was let out is kept.
        if name in {"issue_asset", "create_asset_link", *HARMLESS}:
            continue
        answer = call(scene, name, arguments, scene.token(Who.VIEWER))
        assert answer.status_code < 500, (name, answer.text)


HOSTILE = [
    "eq.1 or 1=1",
    "eq.'; drop table public.projects; --",
    "in.(1,2);select pg_sleep(5)",
    'in.("a","b\\") or true --")',
    "eq.\x00",
    "eq." + "x" * 5000,
    "is.null) or (true",
    "not.eq.1",
    "fts.a",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("column", ["id", "name", "tenant_id", 'name" or true --', "name)::text--"])
@pytest.mark.usefixtures("nothing_changes")
def test_sql_in_a_filter_is_only_a_value(scene: Scene, column: str, value: str) -> None:
    answer = read(scene, "projects", scene.token(Who.STRANGER), **{column: value})
    assert answer.status_code in {200, 400, 404, 414, 416, 422, 431, 501}, answer.text
    if answer.status_code == 200:
        assert str(scene.tenant_id) not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"select": "*,tenants(*)"},
        {"select": "id,(select 1)"},
        {"select": "id::text;drop"},
        {"order": "id;drop table x"},
        {"order": "(select 1)"},
        {"limit": "1;select 1"},
        {"limit": "-1"},
        {"offset": "x"},
    ],
)
@pytest.mark.usefixtures("nothing_changes")
def test_sql_in_the_rest_of_a_query_is_refused(scene: Scene, query: dict[str, str]) -> None:
    answer = read(scene, "projects", scene.token(Who.STRANGER), **query)
    assert 400 <= answer.status_code < 502 and answer.status_code != 500, answer.text


def test_other_schemas_are_not_exposed(scene: Scene) -> None:
    token = scene.token(Who.OWNER)
    for relation in ("auth.users", "users", "private.settings", "settings", "pg_class", "storage.objects"):
        assert read(scene, relation, token).status_code in {400, 404}, relation
    for function in ("claim_task", "private.tick", "tick", "pg_sleep", "set_config", "custom_access_token"):
        assert call(scene, function, {}, token).status_code in {400, 404}, function
    for profile in ("auth", "private", "storage", "procrastinate"):
        answer = httpx.get(
            f"{scene.gateway.url}/rest/v1/users",
            headers={**scene.headers(token), "Accept-Profile": profile},
        )
        assert answer.status_code in {404, 406, 501}, profile


def test_a_secret_key_from_a_browser_is_refused(scene: Scene) -> None:
    key = scene.gateway.settings.secret_key
    for path in ("/rest/v1/projects", "/auth/v1/admin/users", "/storage/v1/bucket"):
        answer = httpx.get(
            f"{scene.gateway.url}{path}",
            headers={"apikey": key, "Authorization": f"Bearer {key}", "Origin": "https://app.example"},
        )
        assert answer.status_code in {401, 403}, (path, answer.text)
        assert key not in answer.text


def test_the_roles_of_the_project_cannot_be_taken_over(scene: Scene) -> None:
    """The log-in roles have no more than what their service needs."""
    settings = scene.gateway.settings
    with psycopg.connect(settings.rest_db, autocommit=True) as connection, pytest.raises(psycopg.Error):
        connection.execute("select * from public.projects")
    with psycopg.connect(settings.rest_db, autocommit=True) as connection, pytest.raises(psycopg.Error):
        connection.execute("set role postgres")
