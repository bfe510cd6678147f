"""Tenants, members and invitations through the API, with real sign-ins."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest

from cliprow.api.routes.tenants import Me
from tests.integration.api.conftest import Api

PASSWORD = "a sentence that nobody guesses"


def sign_up(api: Api, email: str = "") -> tuple[Api, Any]:
    """Somebody who has signed up through the API, and the session."""
    email = email or f"{uuid.uuid4()}@example.org"
    session = api.post("/auth/signup", {"email": email, "password": PASSWORD, "tenant_name": "Sky team"})
    return Api(api.gateway, api.client, api.world, None, bearer(session)), session


def bearer(session: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['access_token']}"}


def test_me_says_who_and_as_what(ann: Api) -> None:
    me = msgspec.convert(ann.get("/me"), Me, strict=False)
    assert ann.person is not None
    assert me.tenant is not None
    assert (me.user_id, me.tenant.id, me.role) == (ann.person.user_id, ann.person.tenant_id, "owner")
    assert [tenant.is_active for tenant in me.tenants] == [True]


def test_a_removed_member_is_out_at_once(ann: Api) -> None:
    assert ann.person is not None
    viewer = ann.member("viewer")
    assert viewer.person is not None
    ann.project()
    assert len(viewer.get("/projects")["items"]) == 1
    assert ann.call("DELETE", f"/members/{viewer.person.user_id}").status_code == 204
    assert viewer.get("/me")["role"] is None
    assert viewer.get("/projects", 403)["code"] == "no_tenant"
    assert viewer.get("/jobs", 403)["code"] == "no_tenant"


def test_invited_people_join_and_switch(api: Api) -> None:
    owner, _ = sign_up(api)
    guest, session = sign_up(api, f"{uuid.uuid4()}@Example.org")
    address = session["user"]["email"]
    made = owner.post("/invitations", {"email": address, "role": "editor"})
    assert [each["email"] for each in owner.get("/invitations", is_open=True)["items"]] == [address]
    joined = guest.post("/invitations/accept", {"token": made["token"]}, expect=200)
    assert joined["role"] == "editor"
    assert guest.post("/invitations/accept", {"token": made["token"]}, expect=404)["next_step"]
    assert len(guest.get("/tenants")["items"]) == 2
    refused = guest.call("PATCH", f"/tenants/{joined['tenant_id']}", {"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (409, "other_tenant")
    guest.post(f"/tenants/{joined['tenant_id']}/switch", expect=200)
    fresh = guest.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, expect=200)
    there = Api(api.gateway, api.client, api.world, None, bearer(fresh))
    assert there.get("/me")["tenant"]["id"] == joined["tenant_id"]
    assert there.get("/me")["role"] == "editor"
    assert {member["role"] for member in there.get("/members")["items"]} == {"owner", "editor"}
    assert there.call("PATCH", f"/tenants/{joined['tenant_id']}", {"name": "Mine"}).status_code == 403


def test_the_same_key_gives_the_same_invitation(ann: Api) -> None:
    body = {"email": f"{uuid.uuid4()}@example.org"}
    first, again = (ann.call("POST", "/invitations", body, {"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    kept = ann.world.rows("select answer from private.kept_answers")
    assert all(first.json()["token"] not in answer for (answer,) in kept)
    other = ann.call("POST", "/invitations", {"email": "x@example.org"}, {"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_key_is_the_user_s_own(ann: Api, bob: Api) -> None:
    body = {"original_idea": "Sky"}
    made = [
        person.call("POST", "/projects", body, {"Idempotency-Key": "k"}).json() for person in (ann, bob, ann)
    ]
    assert made[0]["id"] == made[2]["id"] != made[1]["id"]


def test_what_failed_may_be_sent_again_with_the_same_key(ann: Api) -> None:
    viewer = ann.member("viewer")
    refused = viewer.call("POST", "/projects", {"original_idea": "Sky"}, {"Idempotency-Key": "k"})
    assert refused.status_code == 403
    assert viewer.person is not None
    ann.call("PATCH", f"/members/{viewer.person.user_id}", {"role": "editor"})
    made = viewer.call("POST", "/projects", {"original_idea": "Sky"}, {"Idempotency-Key": "k"})
    assert made.status_code == 201


def test_invitations_are_withdrawn_and_only_admins_see_them(ann: Api) -> None:
    made = ann.post("/invitations", {"email": f"{uuid.uuid4()}@example.org"})
    assert ann.member("editor").get("/invitations")["items"] == []
    assert ann.member("editor").call("DELETE", f"/invitations/{made['invitation_id']}").status_code == 403
    assert ann.call("DELETE", f"/invitations/{made['invitation_id']}").status_code == 204
    assert ann.get("/invitations", is_open=True)["items"] == []
    assert ann.member("editor").post("/invitations", {"email": "x@example.org"}, expect=403)["next_step"]


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_nobody_raises_themselves(ann: Api, role: str) -> None:
    member = ann.member(role)
    assert member.person is not None
    refused = member.call("PATCH", f"/members/{member.person.user_id}", {"role": "owner"})
    assert refused.status_code == 403
    assert member.get("/me")["role"] == role


def test_a_tenant_keeps_an_owner(ann: Api) -> None:
    assert ann.person is not None
    refused = ann.call("DELETE", f"/members/{ann.person.user_id}")
    assert (refused.status_code, bool(refused.json()["next_step"])) == (409, True)


def test_a_tenant_is_created_changed_and_paused(ann: Api) -> None:
    assert ann.person is not None
    made = ann.post("/tenants", {"name": "Second"})
    assert made["tenant_id"] in {tenant["id"] for tenant in ann.get("/tenants")["items"]}
    path = f"/tenants/{ann.person.tenant_id}"
    assert ann.call("PATCH", path, {"name": "First", "settings": {"a": 1}}).json()["settings"] == {"a": 1}
    assert ann.member("editor").call("PATCH", path, {"name": "Mine"}).status_code == 403
    assert ann.post(f"{path}/pause", expect=200)["paused_at"]
    assert ann.member("editor").post(f"{path}/resume", expect=403)["next_step"]
    assert ann.post(f"{path}/resume", expect=200)["paused_at"] is None


def test_project_members_work_on_a_project(ann: Api, bob: Api) -> None:
    project = ann.project()["id"]
    editor = ann.member("editor")
    assert editor.person is not None
    path = f"/projects/{project}/members/{editor.person.user_id}"
    assert editor.call("PUT", path, {}).status_code == 403
    assert ann.call("PUT", path, {"role": "editor"}).json()["role"] == "editor"
    assert editor.call("PATCH", f"/projects/{project}", {"name": "Better"}).status_code == 200
    assert ann.call("PUT", path, {"role": "viewer"}).json()["role"] == "viewer"
    assert [each["role"] for each in ann.get(f"/projects/{project}/members")["items"]] == ["viewer"]
    assert editor.call("DELETE", path).status_code == 204
    assert ann.call("DELETE", path).status_code == 404
    assert bob.get(f"/projects/{project}/members", 404)["code"] == "project_not_found"
    stranger = f"/projects/{project}/members/{bob.person.user_id}"  # type: ignore[union-attr]
    assert ann.call("PUT", stranger, {}).status_code == 404


def test_a_project_is_paused_and_resumed(ann: Api) -> None:
    path = f"/projects/{ann.project()['id']}"
    assert ann.post(f"{path}/pause", expect=200)["paused_at"]
    assert ann.get(path)["is_paused"]
    assert ann.member("editor").post(f"{path}/resume", expect=403)["code"] == "not_allowed"
    assert ann.post(f"{path}/resume", expect=200)["paused_at"] is None


def test_changes_are_listed_and_gone_on_with(ann: Api, bob: Api) -> None:
    body = {
        "project_id": ann.project()["id"],
        "topics": ["Sky", "Sea"],
        "defaults": {"platforms": ["youtube"]},
    }
    ann.post("/batches", body)
    first = ann.get("/events", since="2020-01-01T00:00:00Z", limit=2)
    assert (first["more"], len(first["projects"] + first["batches"] + first["jobs"])) == (True, 2)
    rest = ann.get("/events", **first["next"])
    assert not rest["more"]
    assert len(first["jobs"] + rest["jobs"]) == 2
    assert bob.get("/events", since="2020-01-01T00:00:00Z")["jobs"] == []
    assert ann.get("/events", 422)["code"] == "invalid_input"


def test_platforms_are_listed(ann: Api) -> None:
    answer = ann.call("GET", "/platforms")
    assert "youtube" in {each["platform"] for each in answer.json()["items"]}
    assert ann.call("GET", "/platforms", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
