"""The old surface over a tenant, and a worker that makes real files for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from tests.gateway import Gateway
from tests.integration.api.conftest import settings_for
from tests.sql.world import Person, Worker, World

KEY = "key of the old clients"


@dataclass
class Legacy:
    """The old surface, called with its key."""

    client: TestClient[Any]
    world: World
    gateway: Gateway
    owner: Person

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"X-API-Key": KEY, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def data(self, method: str, path: str, json: Any = None) -> Any:
        """What a success wraps."""
        answer = self.call(method, path, json=json)
        assert answer.status_code == 200, answer.text
        wrapped = answer.json()
        assert wrapped["success"] is True
        if isinstance(wrapped.get("data"), list):
            assert wrapped["count"] == len(wrapped["data"])
        return wrapped.get("data", wrapped)

    def project(self, **fields: object) -> Any:
        return self.data("POST", "/api/projects", {"original_idea": "Why is the sky blue?", **fields})

    def generate(self, **fields: object) -> Any:
        """A project whose single video is made, by a worker that knows only SQL."""
        project = self.project(**fields)
        self.data("POST", "/api/scripts/generate", {"project_id": project["id"], "target_duration": 20})
        worker = Worker(self.world, slots=50)
        try:
            while worker.work():
                pass
        finally:
            worker.leave()
        return self.data("GET", f"/api/projects/{project['id']}")

    def store(self, path: str, data: bytes, media_type: str) -> None:
        """Put bytes where a row says they are."""
        key = self.gateway.settings.secret_key
        httpx.post(
            f"{self.gateway.url}/storage/v1/object/media/{path}",
            content=data,
            headers={
                "apikey": key,
                "Authorization": f"Bearer {key}",
                "content-type": media_type,
                "x-upsert": "true",
            },
        ).raise_for_status()

    def remember(self, entity: str, legacy_id: str, own_id: str | UUID) -> None:
        """Say that a row was brought over from the old system."""
        self.world.run(
            "insert into public.legacy_ids (tenant_id, entity, legacy_id, id) values (%s, %s, %s, %s)",
            self.owner.tenant_id,
            entity,
            legacy_id,
            own_id,
        )


@pytest.fixture(scope="module")
def legacy(gateway: Gateway, world: World) -> Iterator[Legacy]:
    """The old surface over a tenant of its own."""
    owner = world.sign_up("legacy")
    settings = settings_for(gateway, legacy_tenant=owner.tenant_id, legacy_api_key=KEY)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield Legacy(client, world, gateway, owner)
