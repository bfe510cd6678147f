"""Every route of the REST API, called by those who may not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from tests.integration.api.conftest import settings_for
from tests.security.attackers import FORGERIES, STRANGERS, Scene
from tests.sql.row_level_security.cast import Who

#: Routes that are for those who are not signed in, or not yet.
OPEN = {
    "/health", "/ready", "/config", "/openapi.json", "/docs", "/auth/signup", "/auth/signin", "/auth/refresh",
    "/auth/recover", "/auth/session", "/auth/signout", "/assets/links/{token}",
}  # fmt: skip
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[httpx.Client]:
    with TestClient(
        create_app(settings_for(scene.gateway, jwt_secret="")), base_url="http://127.0.0.1:8000"
    ) as client:
        yield client


def operations(scene: Scene, client: httpx.Client) -> list[tuple[str, str, str, Any]]:
    """Method, route, path with the first tenant's ids in it, and an example body, of every operation."""
    first = scene.rows
    ids = {
        "project_id": first["projects"]["id"],
        "batch_id": first["batches"]["id"],
        "job_id": first["generation_jobs"]["id"],
        "task_id": first["stage_tasks"]["id"],
        "schedule_id": first["schedules"]["id"],
        "webhook_id": first["webhooks"]["id"],
        "delivery_id": first["webhooks"]["id"],
        "content_id": first["generated_content"]["id"],
        "item_id": first["content_library"]["id"],
        "tenant_id": scene.tenant_id,
        "user_id": scene.cast.people[Who.ADMIN].user_id,
        "invitation_id": first.get("invitations", {}).get("id", scene.tenant_id),
        "worker_id": scene.tenant_id,
        "stage": "script_generation",
        "provider": "openai",
        "kind": "events",
        "token": "t" * 43,
    }
    document = client.get("/openapi.json").json()
    found = []
    for route, methods in document["paths"].items():
        path = route
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", str(value))
        assert "{" not in path, f"say which id of the first tenant stands for {path}"
        found += [
            (method, route, path, example(document, methods[method], str(first["projects"]["id"])))
            for method in METHODS
            if method in methods
        ]
    return found


def example(document: dict[str, Any], operation: dict[str, Any], project_id: str) -> Any:
    """An example of the body, about the first tenant's project."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        reference = media.get("schema", {}).get("$ref", "")
        schema = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
        for found in schema.get("examples", []):
            return {**found, "project_id": project_id} if "project_id" in found else found
    return None


@pytest.mark.usefixtures("nothing_changes")
def test_every_route_asks_who_calls(scene: Scene, client: httpx.Client) -> None:
    for method, route, path, body in operations(scene, client):
        if route in OPEN:
            continue
        answer = client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing"), (method, route)


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.usefixtures("nothing_changes")
def test_a_forged_token_opens_no_route(
    scene: Scene, client: httpx.Client, forge: Callable[[Scene], str]
) -> None:
    token = forge(scene)
    for method, route, path, body in operations(scene, client):
        if route in OPEN:
            continue
        answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, (method, route, answer.text)
        assert token not in answer.text


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.usefixtures("nothing_changes")
def test_others_see_and_change_nothing(scene: Scene, client: httpx.Client, who: Who) -> None:
    known = {str(row["id"]) for table, row in scene.rows.items() if table != "feature_flags"}
    for method, route, path, body in operations(scene, client):
        if route in OPEN:
            continue
        answer = client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {scene.token(who)}"}
        )
        assert answer.status_code < 500, (method, route, answer.text)
        if answer.is_success:
            # Their own lists, and what they make for themselves.
            assert path == route, (method, route, answer.text)
            assert not [each for each in known if each in answer.text], (method, route)


@pytest.mark.usefixtures("nothing_changes")
def test_a_viewer_changes_nothing(scene: Scene, client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {scene.token(Who.VIEWER)}"}
    #: A viewer may look at files, which is put on record, and see to tenants of its own.
    own = {
        "/assets/links",
        "/assets/signed-urls",
        "/assets/{content_id}/download",
        "/tenants",
        "/tenants/{tenant_id}/switch",
    }
    for method, route, path, body in operations(scene, client):
        if method == "get" or route in OPEN or route in own:
            continue
        answer = client.request(method, path, json=body, headers=headers)
        assert 400 <= answer.status_code < 500 or "dry_run" in path, (method, route, answer.text)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"original_idea": "' + b"x" * 200_000 + b'"}',
        b'{"original_idea": ' + b"[" * 5000,
        json.dumps({"original_idea": "a\x00b"}).encode(),
        json.dumps({"original_idea": {"$ne": 1}}).encode(),
        json.dumps({"original_idea": "a", "metadata": "' or 1=1 --"}).encode(),
        b'{"original_idea": "a", "max_concurrent_tasks": 1e400}',
    ],
)
def test_odd_bodies_are_refused_in_words(scene: Scene, client: httpx.Client, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {scene.token(Who.STRANGER)}", "Content-Type": "application/json"}
    answer = client.post("/projects", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"]


@pytest.mark.parametrize(
    "value", ["' or 1=1 --", "1; drop table projects", "\x00", "%00", "../..", "x" * 3000, "{}", "-1", "𝕏"]
)
@pytest.mark.parametrize(
    "query", ["/jobs?status=", "/jobs?text=", "/jobs?cursor=", "/jobs?batch_id=", "/projects?text=", "/library?tags=",
              "/library?text=", "/analytics?platform=", "/batches?cursor=", "/events?since=", "/assets?job_id="]
)  # fmt: skip
def test_sql_in_every_filter_is_only_a_value(
    scene: Scene, client: httpx.Client, query: str, value: str
) -> None:
    path, _, name = query.partition("?")
    answer = client.get(
        path,
        params={name.rstrip("="): value},
        headers={"Authorization": f"Bearer {scene.token(Who.STRANGER)}"},
    )
    assert answer.status_code < 500, answer.text
    assert str(scene.cast.project_id) not in answer.text
