"""Every route against everybody who must not come through."""

from __future__ import annotations

import itertools
import re
import time
import uuid
from typing import Any, NamedTuple

import httpx
import pytest

from tests.integration.api.conftest import Api

#: Routes that act for the user and not in a tenant: somebody who was removed may call them.
OF_USERS = {
    "show_me", "list_tenants", "create_tenant", "switch_tenant", "accept_invitation", "list_platforms", "list_error_codes",
    "show_session", "sign_out",
}  # fmt: skip
#: What a viewer may do though it is no reading.
OF_VIEWERS = OF_USERS | {"sign_urls", "create_link", "search_library"}
#: Routes that need what is not there in this test, so nobody gets further than "not found".
WITHOUT_TARGET = re.compile(r"/assets/|/library/|/invitations/\{|/members/\{")


class Operation(NamedTuple):
    name: str
    method: str
    path: str
    body: Any
    is_secured: bool
    query: dict[str, str]


class Target(NamedTuple):
    """Things of the first tenant."""

    owner: Api
    project_id: str
    batch_id: str
    job_id: str

    @property
    def ids(self) -> dict[str, str]:
        assert self.owner.person is not None
        return {
            "project_id": self.project_id,
            "batch_id": self.batch_id,
            "job_id": self.job_id,
            "tenant_id": str(self.owner.person.tenant_id),
            "user_id": str(self.owner.person.user_id),
        }


def operations(api: Api) -> list[Operation]:
    found = []
    for path, methods in api.get("/openapi.json")["paths"].items():
        for method, each in methods.items():
            content = each.get("requestBody", {}).get("content", {})
            query = {
                parameter["name"]: "2026-01-01T00:00:00Z"
                if parameter["name"] == "since"
                else str(uuid.uuid4())
                for parameter in each.get("parameters", [])
                if parameter["in"] == "query" and parameter["required"]
            }
            body = content.get("application/json", {}).get("example")
            found.append(
                Operation(each["operationId"], method.upper(), path, body, bool(each.get("security")), query)
            )
    return found


@pytest.fixture(scope="module")
def target(api: Api) -> Target:
    owner = api.sign_up("ann")
    project = owner.project()["id"]
    body = {"project_id": project, "topics": ["Sky"], "defaults": {"platforms": ["youtube"]}}
    batch = owner.post("/batches", body)["batch_id"]
    return Target(owner, project, batch, owner.get("/jobs", batch_id=batch)["items"][0]["id"])


def send(caller: Api, operation: Operation, target: Target) -> httpx.Response:
    """An operation on what is the target's."""
    path = re.sub(r"\{(\w+)\}", lambda match: target.ids.get(match[1], str(uuid.uuid4())), operation.path)
    body = operation.body
    if isinstance(body, dict):
        body = {name: target.ids.get(name, value) for name, value in body.items()}
    return caller.call(operation.method, path, body, params=operation.query)


def wrong(answers: dict[str, httpx.Response], *allowed: int) -> dict[str, str]:
    return {
        name: f"{answer.status_code} {answer.text[:200]}"
        for name, answer in answers.items()
        if answer.status_code not in allowed
    }


def test_nobody_comes_through_without_a_token(api: Api, target: Target) -> None:
    answers = {each.name: send(api, each, target) for each in operations(api) if each.is_secured}
    assert len(answers) > 30
    assert wrong(answers, 401) == {}


def test_an_expired_token_opens_nothing(api: Api, target: Target) -> None:
    assert target.owner.person is not None
    late = api.as_(target.owner.person, exp=int(time.time()) - 1)
    # Signing out is passed on to Auth, which has the last word about it.
    found = [each for each in operations(api) if each.is_secured and each.name != "sign_out"]
    assert wrong({each.name: send(late, each, target) for each in found}, 401) == {}


def test_a_stranger_reaches_nothing_of_another_tenant(api: Api, bob: Api, target: Target) -> None:
    before = target.owner.get(f"/jobs/{target.job_id}"), target.owner.get(f"/projects/{target.project_id}")
    answers = {
        each.name: send(bob, each, target) for each in operations(api) if each.is_secured and "{" in each.path
    }
    assert wrong(answers, 403, 404, 409, 422) == {}
    assert (
        target.owner.get(f"/jobs/{target.job_id}"),
        target.owner.get(f"/projects/{target.project_id}"),
    ) == before


def test_what_a_stranger_lists_holds_nothing_of_another_tenant(api: Api, bob: Api, target: Target) -> None:
    secrets = (
        target.project_id,
        target.batch_id,
        target.job_id,
        target.ids["user_id"],
        target.ids["tenant_id"],
    )
    for each in operations(api):
        if each.method == "GET" and each.is_secured and "{" not in each.path:
            answer = send(bob, each, target)
            assert not [secret for secret in secrets if secret in answer.text], each.name


def test_a_removed_member_reaches_nothing(api: Api, target: Target) -> None:
    removed = target.owner.member("admin")
    assert removed.person is not None
    target.owner.call("DELETE", f"/members/{removed.person.user_id}")
    answers = {
        each.name: send(removed, each, target)
        for each in operations(api)
        if each.is_secured and each.name not in OF_USERS
    }
    refused = {name: answer for name, answer in answers.items() if not is_empty(answer)}
    assert wrong(refused, 403, 404, 409, 422) == {}
    assert target.owner.get(f"/projects/{target.project_id}")["name"] == "Sky"


def is_empty(answer: httpx.Response) -> bool:
    """A list without rows, a table of nothing but its head, or figures of nothing."""
    if answer.headers.get("content-type", "").startswith("text/csv"):
        return answer.text.count("\n") == 1
    found = answer.json() if answer.status_code == 200 else {}
    return found.get("items") == [] or found.get("jobs", {}).get("total") == 0


def test_a_viewer_changes_nothing(api: Api, target: Target) -> None:
    viewer = target.owner.member("viewer")
    answers = {
        each.name: send(viewer, each, target)
        for each in operations(api)
        if each.is_secured
        and each.method != "GET"
        and each.name not in OF_VIEWERS
        and not WITHOUT_TARGET.search(each.path)
    }
    assert len(answers) > 10
    assert wrong(answers, 403, 404, 422) == {}
    assert {answer.status_code for answer in answers.values()} >= {403}


@pytest.mark.parametrize(
    "text",
    [
        "' or '1'='1",
        "'; drop table public.projects; --",
        "\\",
        "%",
        "_",
        "$1",
        "%s",
        "{}",
        "\u202e",
        "😀" * 50,
    ],
)
def test_sql_in_a_filter_is_text(ann: Api, text: str) -> None:
    ann.project(name="Sky")
    names = {
        name: answer["items"]
        for name in ("/projects", "/jobs", "/batches")
        if (answer := ann.get(name, text=text, total=True))
    }
    assert not any(itertools.chain(*names.values()))
    assert ann.get("/jobs", platform=text)["items"] == []
    assert len(ann.get("/projects")["items"]) == 1
