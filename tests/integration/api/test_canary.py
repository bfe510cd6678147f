"""The canary: a leak between tenants is noticed, said, and takes the process out of service."""

from __future__ import annotations

import asyncio
import time

import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from tests.gateway import Gateway
from tests.integration.api.conftest import settings_for
from tests.sql.world import World


def checks(client: TestClient, wanted: str) -> tuple[int, str]:  # type: ignore[type-arg]
    """Status of /ready, and what it says of isolation, once that is what is wanted or ten seconds are over."""
    for _ in range(100):
        answer = client.get("/ready")
        said = answer.json()["checks"]["tenant_isolation"]
        if said == wanted:
            break
        time.sleep(0.1)
    return answer.status_code, said


def test_a_leak_is_noticed_and_its_end_too(
    gateway: Gateway, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add_project(world.sign_up("ann"))
    settings = settings_for(gateway, canary_every_s=0.2)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        assert checks(client, "ok") == (200, "ok")
        world.run("create policy leak on public.projects for select to authenticated using (true)")
        try:
            assert checks(client, "broken") == (503, "broken")
            assert "public.projects" in caplog.text or "projects" in caplog.text
        finally:
            world.run("drop policy leak on public.projects")
        assert checks(client, "ok") == (200, "ok")


def test_the_roles_own_rights_are_enough(gateway: Gateway) -> None:
    """As the API logs in, not as the owner of the tables."""
    database = gateway.database.admin.replace("//postgres:", "//cliprow_api:")
    app = create_app(settings_for(gateway, database=database, canary_every_s=0))

    async def look() -> dict[str, int]:
        services = app.state["services"]
        await services.database.start()
        try:
            seen: dict[str, int] = await services.canary.look()
            return seen
        finally:
            await services.database.stop()

    assert asyncio.run(look()) == {}
