"""Projects through the API."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from cliprow.api.routes.projects import Project
from tests.integration.api.conftest import Api


def test_a_project_is_created_shown_changed_and_deleted(ann: Api) -> None:
    made = ann.post("/projects", {"original_idea": "Sky", "tone": "casual", "colour": "blue"})
    assert msgspec.convert(made, Project, strict=False).original_idea == "Sky"
    assert made["owner_id"] == str(ann.person.user_id)  # type: ignore[union-attr]
    path = f"/projects/{made['id']}"
    shown = ann.call("GET", path)
    assert made.items() <= shown.json().items()
    assert shown.json()["batches"]["total"] == shown.json()["queue"]["queued_tasks"] == 0
    changed = ann.call("PATCH", path, {"name": "Sea", "tone": None}, {"If-Match": shown.headers["etag"]})
    assert (changed.json()["name"], changed.json()["tone"], changed.json()["version"]) == ("Sea", None, 2)
    assert ann.call("DELETE", path).status_code == 204
    assert ann.get(path, 404)["code"] == "project_not_found"
    assert ann.get("/projects")["items"] == []


def test_a_change_to_something_that_others_changed_is_refused(ann: Api) -> None:
    path = f"/projects/{ann.project()['id']}"
    seen = ann.call("GET", path).headers["etag"]
    ann.call("PATCH", path, {"name": "Second"})
    late = ann.call("PATCH", path, {"name": "Third"}, {"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert ann.get(path)["name"] == "Second"


def test_what_the_caller_has_already_is_not_sent_again(ann: Api) -> None:
    path = f"/projects/{ann.project()['id']}"
    etag = ann.call("GET", path).headers["etag"]
    again = ann.call("GET", path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_follow_each_other(ann: Api) -> None:
    names = [f"Channel {number}" for number in range(5)]
    for name in names:
        ann.project(name=name)
    seen, cursor = [], None
    for _ in range(3):
        page = ann.get("/projects", limit=2, total=True, **({"cursor": cursor} if cursor else {}))
        seen += [item["name"] for item in page["items"]]
        assert page["total"] == 5
        cursor = page["next_cursor"]
    assert (seen, cursor) == (names[::-1], None)


def test_a_list_says_how_far_the_videos_of_each_project_are(ann: Api) -> None:
    sky, sea = ann.project(name="Sky")["id"], ann.project(name="Sea")["id"]
    topics = ["Why is the sky blue?", "Why are sunsets red?"]
    ann.post("/batches", {"project_id": sky, "topics": topics, "defaults": {"platforms": ["youtube"]}})
    ann.post("/batches", {"project_id": sky, "topics": topics[:1], "defaults": {"platforms": ["youtube"]}})
    counts = ("job_count", "completed_count", "failed_count")
    listed = {item["id"]: tuple(item[name] for name in counts) for item in ann.get("/projects")["items"]}
    assert listed == {sky: (3, 0, 0), sea: (0, 0, 0)}


def test_text_is_searched_as_it_stands(ann: Api) -> None:
    ann.project(name="100% sure")
    ann.project(name="1000 sure")
    assert [item["name"] for item in ann.get("/projects", text="100%")["items"]] == ["100% sure"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwiYiJd", "é"])
def test_a_cursor_of_somebody_s_own_making_is_refused(ann: Api, cursor: str) -> None:
    assert ann.get("/projects", 422, cursor=cursor)["code"] == "cursor_invalid"


def test_other_tenants_see_and_change_nothing(ann: Api, bob: Api) -> None:
    path = f"/projects/{ann.project()['id']}"
    assert bob.get(path, 404)["code"] == "project_not_found"
    assert bob.call("PATCH", path, {"name": "Mine"}).status_code == 404
    assert bob.call("DELETE", path).status_code == 404
    assert bob.get("/projects")["items"] == []


def test_viewers_read_and_editors_change_what_is_theirs(ann: Api) -> None:
    path = f"/projects/{ann.project()['id']}"
    viewer, editor = ann.member("viewer"), ann.member("editor")
    assert viewer.get(path)["name"] == "Sky"
    assert viewer.post("/projects", {"original_idea": "Sea"}, expect=403)["code"] == "not_allowed"
    for person in (viewer, editor):
        refused = person.call("PATCH", path, {"name": "Mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    own = editor.project(name="Own")
    assert editor.call("PATCH", f"/projects/{own['id']}", {"name": "Better"}).status_code == 200
    assert ann.member("admin").call("DELETE", f"/projects/{own['id']}").status_code == 204


def test_answers_say_what_the_caller_may_control(ann: Api) -> None:
    viewer, editor = ann.member("viewer"), ann.member("editor")
    assert editor.person is not None
    projects = [ann.project(), editor.project(name="Own")]
    batches = [
        owner.post(
            "/batches",
            {"project_id": project["id"], "topics": ["Sky"], "defaults": {"platforms": ["youtube"]}},
        )["batch_id"]
        for owner, project in zip((ann, editor), projects, strict=True)
    ]
    jobs = [ann.get("/jobs", batch_id=batch)["items"][0]["id"] for batch in batches]
    paths = [f"/projects/{each['id']}" for each in projects]
    paths += [f"/batches/{each}" for each in batches] + [f"/jobs/{each}" for each in jobs]
    for person, rights in ((ann, [True, True]), (editor, [False, True]), (viewer, [False, False])):
        assert [person.get(path)["may_control"] for path in paths] == 3 * rights
        for kind in ("projects", "batches"):
            assert [each["may_control"] for each in reversed(person.get(f"/{kind}")["items"])] == rights
    assert projects[1]["may_control"]
    assert [each["name"] for each in editor.get("/projects", may_control="true")["items"]] == ["Own"]
    ann.call("PUT", f"{paths[0]}/members/{editor.person.user_id}", {"role": "editor"})
    assert all(editor.get(path)["may_control"] for path in paths)


def test_what_is_wrong_with_a_field_is_said_by_its_name(ann: Api) -> None:
    problem = ann.post("/projects", {"original_idea": "Sky", "tone": "shrill"}, expect=422)
    assert problem["code"] == "invalid_input"
    assert "tone" in problem["errors"][0]["field"]
    assert ann.get(f"/projects/{uuid.uuid4()}", 404)["next_step"]
    assert ann.get("/projects/not-an-id", 404)["code"] == "project_not_found"


def test_a_deleted_project_s_batches_are_cancelled(ann: Api) -> None:
    project = ann.project()["id"]
    body = {"project_id": project, "topics": ["Sky", "Sea"], "defaults": {"platforms": ["youtube"]}}
    batch = ann.post("/batches", body)["batch_id"]
    assert ann.member("editor").call("DELETE", f"/projects/{project}").status_code == 403
    assert ann.get(f"/batches/{batch}")["status"] == "pending"
    assert ann.call("DELETE", f"/projects/{project}", headers={"If-Match": 'W/"7"'}).status_code == 412
    assert ann.call("DELETE", f"/projects/{project}").status_code == 204
    assert ann.get(f"/batches/{batch}")["status"] == "cancelled"
    assert ann.post("/batches", body, expect=404)["next_step"]
