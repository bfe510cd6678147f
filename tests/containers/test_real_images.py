"""What the embedded stack promises holds on the real services: topics become files, and only their tenant sees them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import av
import httpx
import jwt
import psycopg
import pytest
from realtime import AsyncRealtimeClient, RealtimeChannelOptions

from cliprow import migrate
from cliprow.config import SupabaseProject
from cliprow.storage.cache import Cache
from cliprow.storage.supabase import SupabaseStorage
from tests.acceptance.conftest import TOPIC, Home
from tests.containers.project import Project

pytestmark = pytest.mark.containers

PASSWORD = "a long enough password"


@pytest.fixture(scope="session")
def migrated(project: Project) -> Project:
    migrate.migrate(project.database_url)
    return project


def sign_up(project: Project, email: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{project.url}/auth/v1/signup",
        headers={"apikey": project.anon_key},
        json={"email": email, "password": PASSWORD},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json()
    return session


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_topics_become_files(migrated: Project, home: Home) -> None:
    sign_up(migrated, "ann@example.com")
    home.environment["CLIPROW_USER"] = "ann@example.com"
    answer = home.create(TOPIC)
    assert answer["batch"]["status"] == "completed"
    [folder] = answer["exported"]
    with av.open(str(home.folder / folder / "video.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) > 100


def test_the_hook_puts_the_tenant_into_tokens_and_policies_go_by_it(migrated: Project) -> None:
    ann, bob = (claims(sign_up(migrated, f"{name}@example.org")["access_token"]) for name in ("ann", "bob"))
    assert ann["project_role"] == bob["project_role"] == "owner"
    assert ann["tenant_id"] != bob["tenant_id"]


@pytest.mark.parametrize("size", [1000, 20_000_000])
def test_files_are_stored_checked_and_seen_by_their_tenant_only(
    size: int, migrated: Project, tmp_path: Path
) -> None:
    ann, bob = (sign_up(migrated, f"{name}{size}@example.net")["access_token"] for name in ("ann", "bob"))
    project = SupabaseProject(migrated.url, migrated.anon_key, migrated.service_key)
    storage = SupabaseStorage(project, Cache(tmp_path / "one"))
    file = tmp_path / "file"
    file.write_bytes(bytes(size))
    path = f"{claims(ann)['tenant_id']}/project/job/file"
    storage.put(path, file, "video/mp4")
    assert SupabaseStorage(project, Cache(tmp_path / "two")).fetch(path).read_bytes() == file.read_bytes()
    seen = [
        httpx.get(
            f"{migrated.url}/storage/v1/object/media/{path}",
            headers={"apikey": migrated.anon_key, "Authorization": f"Bearer {token}"},
        ).status_code
        for token in (ann, bob)
    ]
    assert seen[0] == 200
    assert seen[1] >= 400


def test_changes_reach_a_private_channel(migrated: Project) -> None:
    token = sign_up(migrated, "live@example.com")["access_token"]
    tenant_id = claims(token)["tenant_id"]

    async def listen() -> list[dict[str, Any]]:
        client = AsyncRealtimeClient(f"{migrated.url.replace('http', 'ws')}/realtime/v1", migrated.anon_key)
        await client.set_auth(token)
        with psycopg.connect(migrated.database_url, autocommit=True) as connection:
            row = connection.execute("select epoch from public.tenants where id = %s", [tenant_id]).fetchone()
            assert row is not None
            topic = f"tenant:{tenant_id}:{row[0]}"
            options = {"config": {"private": True, "broadcast": {}, "presence": {}}}
            channel = client.channel(topic, cast(RealtimeChannelOptions, options))
            heard: list[dict[str, Any]] = []
            channel.on_broadcast("changes", lambda payload: heard.append(dict(payload)))
            joined = asyncio.Event()
            await channel.subscribe(lambda _state, _error: joined.set())
            await asyncio.wait_for(joined.wait(), 30)
            connection.execute(
                "select realtime.send(%s, 'changes', %s, true)", [json.dumps({"seq": 1}), topic]
            )
            for _ in range(100):
                if heard:
                    break
                await asyncio.sleep(0.1)
        await client.close()
        return heard

    [message] = asyncio.run(listen())
    assert message["payload"]["seq"] == 1
