"""What is refused is counted, where operators can see it."""

from __future__ import annotations

import time

from tests.integration.api.conftest import Api


def counted(api: Api, kind: str, route: str, person: Api | None = None) -> int:
    """How often this was refused so far, to this caller if one is named."""
    who = person.person.user_id if person and person.person else None
    found: int = api.world.one(
        "select coalesce(sum(denial_count), 0)::int from private.access_denials"
        " where kind = %s and route = %s and user_id is not distinct from %s",
        kind,
        route,
        who,
    )
    return found


def grows(api: Api, kind: str, route: str, person: Api | None, by: int, before: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if counted(api, kind, route, person) == before + by:
            return True
        time.sleep(0.1)
    return False


def test_requests_without_a_valid_token_are_counted(api: Api) -> None:
    before = counted(api, "unauthenticated", "GET /jobs/{job_id}")
    for _ in range(3):
        api.get("/jobs/01938c5f-0a1c-7f3e-9a4b-5c6d7e8f9a0b", 401)
    assert grows(api, "unauthenticated", "GET /jobs/{job_id}", None, 3, before)


def test_requests_that_a_role_does_not_allow_are_counted_with_who_sent_them(ann: Api) -> None:
    viewer = ann.member("viewer")
    project = ann.project()["id"]
    viewer.call("PATCH", f"/projects/{project}", {"name": "Mine"})
    viewer.post("/invitations", {"email": "x@example.org"}, expect=403)
    viewer.post("/projects", {"original_idea": "Sky"}, expect=403)
    for kind, route in (
        ("forbidden", "PATCH /projects/{project_id}"),
        ("forbidden", "POST /invitations"),
        ("sql_42501", "POST /projects"),
    ):
        assert grows(ann, kind, route, viewer, 1, 0), route


def test_what_others_own_is_not_there_for_a_stranger(ann: Api, bob: Api) -> None:
    bob.get(f"/projects/{ann.project()['id']}", 404)
    time.sleep(0.5)
    assert counted(ann, "forbidden", "GET /projects/{project_id}", bob) == 0
