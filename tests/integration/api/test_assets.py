"""Files: who may have them, for how long, and what is kept of it."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Api
from tests.sql.world import Worker

BYTES = bytes(range(256)) * 64


@pytest.fixture
def job(ann: Api) -> dict[str, Any]:
    """A finished job whose files are in the storage."""
    project = ann.project()
    job = ann.post(
        "/jobs", {"project_id": project["id"], "topic": f"Sky {uuid.uuid4()}", "platforms": ["tiktok"]}
    )
    worker = Worker(ann.world, slots=50)
    while worker.work():
        pass
    worker.leave()
    found = ann.get(f"/jobs/{job['id']}")
    assert found["status"] == "completed"
    key = ann.gateway.settings.secret_key
    for (path,) in ann.world.rows(
        "select distinct file_path from public.generated_content where job_id = %s", job["id"]
    ):
        httpx.post(
            f"{ann.gateway.url}/storage/v1/object/media/{path}",
            content=BYTES,
            headers={
                "apikey": key,
                "Authorization": f"Bearer {key}",
                "content-type": "video/mp4",
                "x-upsert": "true",
            },
        ).raise_for_status()
    return {**found, "project_id": project["id"]}


def video(api: Api, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/assets", job_id=job["id"], role="video")["items"][0]
    return found


def accesses(api: Api, content_id: str) -> list[str]:
    return [each["action"] for each in api.get("/assets/access", content_id=content_id)["items"]]


def test_files_are_listed_by_job_role_and_platform(ann: Api, job: dict[str, Any]) -> None:
    everything = ann.get("/assets", job_id=job["id"], limit=200)["items"]
    assert {each["role"] for each in everything} >= {"narration", "segment", "video", "thumbnail"}
    assert video(ann, job)["platform"] == "tiktok"
    scene_id = next(each["scene_id"] for each in everything if each["role"] == "segment")
    of_scene = ann.get("/assets", scene_id=scene_id, role="segment")["items"]
    assert {each["scene_id"] for each in of_scene} == {scene_id}
    first = ann.get("/assets", job_id=job["id"], limit=2)
    second = ann.get("/assets", job_id=job["id"], limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in everything[:4]] == [
        each["id"] for each in first["items"] + second["items"]
    ]


def test_a_signed_url_serves_the_file_for_a_minute(ann: Api, job: dict[str, Any]) -> None:
    content_id = video(ann, job)["id"]
    signed = ann.get("/assets/signed-url", content_id=content_id)
    answer = httpx.get(signed["url"])
    assert (answer.status_code, answer.content) == (200, BYTES)
    left = ann.world.one("select extract(epoch from %s::timestamptz - now())", signed["expires_at"])
    assert 50 < left <= 60
    assert accesses(ann, content_id) == ["issued"]


def test_a_url_for_saving_offers_the_file_by_its_name(ann: Api, job: dict[str, Any]) -> None:
    signed = ann.get("/assets/signed-url", content_id=video(ann, job)["id"], download=True)
    disposition = httpx.get(signed["url"]).headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert signed["file_name"] in disposition


def test_several_urls_come_at_once_or_not_at_all(ann: Api, job: dict[str, Any]) -> None:
    ids = [each["id"] for each in ann.get("/assets", job_id=job["id"])["items"]]
    signed = ann.post("/assets/signed-urls", {"content_ids": ids, "ttl_s": 5}, expect=200)["items"]
    assert [each["content_id"] for each in signed] == ids
    ann.post("/assets/signed-urls", {"content_ids": [*ids, str(uuid.uuid4())]}, expect=404)
    assert accesses(ann, ids[0]) == ["issued"]


def test_a_one_time_link_works_once_for_whoever_has_it(ann: Api, api: Api, job: dict[str, Any]) -> None:
    content_id = video(ann, job)["id"]
    link = ann.post("/assets/links", {"content_id": content_id})
    path = link["url"].removeprefix("http://127.0.0.1:8000")
    first = api.client.get(path, follow_redirects=False)
    assert first.status_code == 303
    assert httpx.get(first.headers["location"]).content == BYTES
    again = api.client.get(path, follow_redirects=False)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert accesses(ann, content_id) == ["redirected", "issued"]


def test_a_download_may_be_kept_for_ever_by_its_reader_alone(ann: Api, job: dict[str, Any]) -> None:
    content_id = video(ann, job)["id"]
    answer = ann.call("GET", f"/assets/{content_id}/download")
    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    part = ann.call("GET", f"/assets/{content_id}/download", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, BYTES[10:20])
    assert accesses(ann, content_id) == ["downloaded", "downloaded"]


@pytest.mark.parametrize("kind", ["jobs", "batches", "projects"])
def test_an_archive_holds_the_packages(ann: Api, job: dict[str, Any], kind: str) -> None:
    own_id = {"jobs": job["id"], "batches": job["batch_id"], "projects": job["project_id"]}[kind]
    answer = ann.call("GET", f"/{kind}/{own_id}/archive")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {name.split("/")[2] for name in names} == {"tiktok"}
        assert {name.split("/")[3] for name in names} == {"video.mp4", "thumbnail.jpg"}
        assert all(archive.read(name) == BYTES for name in names)
    assert accesses(ann, video(ann, job)["id"]) == ["downloaded"]


def test_an_archive_of_nothing_is_not_found(ann: Api) -> None:
    project = ann.project()
    assert ann.get(f"/projects/{project['id']}/archive", expect=404)["code"] == "nothing_to_archive"


def test_an_archive_whose_files_are_gone_is_an_error_from_the_start(ann: Api, job: dict[str, Any]) -> None:
    ann.world.run(
        "update public.generated_content set file_path = tenant_id || '/artifacts/none' where job_id = %s",
        job["id"],
    )
    assert ann.get(f"/jobs/{job['id']}/archive", expect=404)["code"] == "storage_file_missing"


def test_nobody_else_gets_a_file(ann: Api, bob: Api, job: dict[str, Any]) -> None:
    content_id = video(ann, job)["id"]
    assert bob.get("/assets")["items"] == []
    assert bob.get("/assets/signed-url", expect=404, content_id=content_id)
    assert bob.get(f"/assets/{content_id}/download", expect=404)
    assert bob.get(f"/jobs/{job['id']}/archive", expect=404)
    bob.post("/assets/links", {"content_id": content_id}, expect=404)
    bob.post("/assets/signed-urls", {"content_ids": [content_id]}, expect=404)
    assert accesses(ann, content_id) == []


def test_a_viewer_gets_files_but_not_the_record(ann: Api, job: dict[str, Any]) -> None:
    viewer = ann.member("viewer")
    viewer.get("/assets/signed-url", content_id=video(ann, job)["id"])
    assert viewer.get("/assets/access")["items"] == []


@pytest.mark.parametrize("ttl", ["0", "3601", "-1", "x"])
def test_a_url_lives_an_hour_at_most(ann: Api, ttl: str) -> None:
    assert ann.get("/assets/signed-url", expect=422, content_id=str(uuid.uuid4()), ttl_s=ttl)
