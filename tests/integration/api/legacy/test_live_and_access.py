"""The old live channel, and who is let in at all."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from litestar.exceptions import WebSocketDisconnect
from litestar.testing import TestClient, WebSocketTestSession

from cliprow.api import create_app
from cliprow.api.legacy.access import Door
from cliprow.api.legacy.live import Teller
from cliprow.errors import NotAllowed
from tests.gateway import Gateway
from tests.integration.api.conftest import settings_for
from tests.integration.api.legacy.conftest import KEY, Legacy
from tests.sql.world import Worker, World


def until(socket: WebSocketTestSession, kind: str, **wanted: object) -> tuple[dict[str, Any], list[str]]:
    """The first message of a type whose data have these values, and the types seen until then."""
    seen = []
    while True:
        message = socket.receive_json(timeout=20)
        seen.append(message["type"])
        if message["type"] == kind and wanted.items() <= message["data"].items():
            return message["data"], seen


def test_it_echoes_and_tells_what_becomes_of_a_video(legacy: Legacy) -> None:
    with legacy.client.websocket_connect(f"/ws?api_key={KEY}") as socket:
        socket.send_text("hello")
        assert socket.receive_json(timeout=10) == {"type": "pong", "data": "hello"}
        # The first look learns what is there.
        time.sleep(1.5)
        project = legacy.project()
        created, _ = until(socket, "project_created", id=project["id"])
        assert created == project
        legacy.data("POST", "/api/scripts/generate", {"project_id": project["id"]})
        worker = Worker(legacy.world, slots=50)
        while worker.work():
            pass
        worker.leave()
        (job,) = legacy.data("GET", f"/api/projects/{project['id']}/jobs")
        completed, seen = until(socket, "job_completed", job_id=job["id"])
        assert "job_started" in seen
        assert completed == {
            "job_id": job["id"],
            "project_id": project["id"],
            "script_id": job["result_data"]["script_id"],
            "progress": 100,
        }
        legacy.call("DELETE", f"/api/projects/{project['id']}")
        assert until(socket, "project_deleted")[0] == {"project_id": project["id"]}


def row(status: str, progress: int = 0, **more: object) -> dict[str, Any]:
    return {
        "id": "j",
        "project_id": "p",
        "job_type": "script_generation",
        "status": status,
        "progress": progress,
        "stage": "audio_generation",
        "result_data": {"script_id": "s"},
        "error_message": "It broke.",
        **more,
    }


def test_each_change_is_told_once_in_the_old_order() -> None:
    teller = Teller()
    assert teller.news([], [], [row("pending")]) == []
    told = [
        message["type"]
        for rows in (
            [row("processing", 10)],
            [row("processing", 10)],
            [row("processing", 40)],
            [row("completed", 100)],
        )
        for message in teller.news([], [], rows)
    ]
    assert told == ["job_started", "job_progress", "job_progress", "job_completed"]


def test_a_failure_is_told_with_its_reason() -> None:
    teller = Teller()
    teller.news([], [], [row("processing", 10)])
    assert teller.news([], [], [row("failed", 10)]) == [
        {"type": "job_failed", "data": {"job_id": "j", "error": "It broke."}}
    ]


def test_a_socket_without_the_key_is_refused(legacy: Legacy) -> None:
    with pytest.raises(WebSocketDisconnect), legacy.client.websocket_connect("/ws") as socket:
        socket.receive_json(timeout=5)


@pytest.mark.parametrize("key", ["", "wrong", KEY.upper()])
def test_a_wrong_key_is_refused(legacy: Legacy, key: str) -> None:
    answer = legacy.client.get("/api/projects", headers={"X-API-Key": key})
    assert answer.status_code == 403
    assert "key" in answer.json()["detail"]


def test_pages_of_other_origins_are_refused(legacy: Legacy) -> None:
    answer = legacy.call("GET", "/api/projects", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert legacy.call("GET", "/api/projects", headers={"Origin": "http://127.0.0.1:8000"}).status_code == 200


def door(key: str = "") -> Door:
    return Door(None, None, None, tenant_id=uuid.uuid4(), api_key=key, origins=frozenset())  # type: ignore[arg-type]


@pytest.mark.parametrize("client", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"])
def test_without_a_key_this_machine_is_let_in(client: str, host: str) -> None:
    door().check({"host": host}, {}, client)


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"host": "localhost"}, "192.0.2.7"),
        ({"host": "localhost"}, ""),
        # A name of somebody else's that was made to point here.
        ({"host": "rebound.example:8000"}, "127.0.0.1"),
        # A proxy on this machine speaks for others.
        ({"host": "localhost", "x-forwarded-for": "192.0.2.7"}, "127.0.0.1"),
        ({"host": "localhost", "forwarded": "for=192.0.2.7"}, "127.0.0.1"),
        ({"host": "localhost", "origin": "http://localhost.evil.example"}, "127.0.0.1"),
    ],
)
def test_without_a_key_nobody_else_is(headers: dict[str, str], client: str) -> None:
    with pytest.raises(NotAllowed):
        door().check(headers, {}, client)


def test_it_is_off_by_default(gateway: Gateway) -> None:
    with TestClient(create_app(settings_for(gateway)), base_url="http://127.0.0.1:8000") as client:
        answer = client.get("/api/projects")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_route")


def test_it_shows_its_own_tenant_only(legacy: Legacy, world: World) -> None:
    other = world.sign_up("other")
    foreign = world.add_project(other)
    assert str(foreign) not in json.dumps(legacy.data("GET", "/api/projects?limit=1000"))
    assert legacy.call("GET", f"/api/projects/{foreign}").status_code == 404
    assert legacy.call("DELETE", f"/api/projects/{foreign}").status_code == 404


def test_a_tenant_that_does_not_exist_is_said(gateway: Gateway) -> None:
    settings = settings_for(gateway, legacy_tenant=uuid.uuid4(), legacy_api_key=KEY)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        answer = client.get("/api/projects", headers={"X-API-Key": KEY})
        assert (answer.status_code, "CLIPROW_LEGACY_TENANT" in answer.json()["detail"]) == (404, True)
