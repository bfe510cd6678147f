"""What looks after stored content, on a storage with real files: damage is found, and garbage goes with its files."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.config import SupabaseProject
from cliprow.errors import CliprowError, Unavailable
from cliprow.models import FileRef
from cliprow.queue.calls import QueueCalls
from cliprow.queue.content_keeper import ContentKeeper
from cliprow.storage import put_artifact
from cliprow.storage.answers import Persistence
from cliprow.storage.cache import Cache
from cliprow.storage.resumable import CHUNK_BYTES, ResumableUpload
from cliprow.storage.supabase import SupabaseStorage, secret_headers
from tests.gateway import Gateway


@pytest.fixture
def storage(gateway: Gateway, tmp_path: Path) -> SupabaseStorage:
    settings = gateway.settings
    project = SupabaseProject(settings.url, settings.publishable_key, settings.secret_key)
    return SupabaseStorage(project, Cache(tmp_path / "cache"), patience_s=20)


@pytest.fixture
def admin(gateway: Gateway) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        # What other tests have stored is not checked, as if the round of checks had just ended.
        connection.execute(
            "update private.content_rounds set started_at = now(), artifact_count = 0, listed_count = 0,"
            " tenant_id = null, content_key = null"
        )
        connection.execute("delete from private.due_checks")
        yield connection


@pytest.fixture
def tenant_id(admin: psycopg.Connection[Any]) -> uuid.UUID:
    row = admin.execute("insert into public.tenants (name) values ('Content') returning id").fetchone()
    assert row is not None
    return uuid.UUID(str(row[0]))


def add(
    admin: psycopg.Connection[Any], storage: SupabaseStorage, tenant_id: uuid.UUID, folder: Path
) -> FileRef:
    """A ready artifact with one file, to which nothing refers."""
    file = folder / f"{uuid.uuid4()}.mp4"
    file.write_bytes(os.urandom(1000))
    stored = put_artifact(storage, tenant_id, file, role="video", name=file.name, media_type="video/mp4")
    admin.execute(
        "insert into public.artifacts (tenant_id, content_key, stage, stage_version, status, attempt_id, job_id, task_id,"
        " facts, files, ready_at) values (%s, %s, 'platform_adaptation', '1', 'ready', gen_random_uuid(), gen_random_uuid(),"
        " gen_random_uuid(), '{}', %s, now())",
        [
            tenant_id,
            stored.sha256,
            Jsonb([{name: getattr(stored, name) for name in stored.__struct_fields__}]),
        ],
    )
    return stored


def states(admin: psycopg.Connection[Any], tenant_id: uuid.UUID) -> dict[str, str]:
    return dict(
        admin.execute(
            "select content_key, status from public.artifacts where tenant_id = %s", [tenant_id]
        ).fetchall()
    )


def work(gateway: Gateway, storage: SupabaseStorage) -> None:
    """All that is due."""

    async def scenario() -> None:
        calls = QueueCalls(gateway.database.worker, uuid.uuid4())
        await calls.open()
        try:
            keeper = ContentKeeper(calls, storage)
            while await keeper.work():
                pass
        finally:
            await calls.close()

    asyncio.run(scenario())


def damage(gateway: Gateway, admin: psycopg.Connection[Any], path: str) -> None:
    """Turn one bit of the stored bytes, as a bad disk does."""
    row = admin.execute("select version from storage.objects where name = %s", [path]).fetchone()
    assert row is not None
    [file] = Path(gateway.settings.files).rglob(str(row[0]))
    data = bytearray(file.read_bytes())
    data[500] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)


def test_damage_and_loss_are_found_and_garbage_goes(
    gateway: Gateway,
    storage: SupabaseStorage,
    admin: psycopg.Connection[Any],
    tenant_id: uuid.UUID,
    tmp_path: Path,
) -> None:
    sound, damaged, lost = (add(admin, storage, tenant_id, tmp_path) for _ in range(3))
    # Nothing is garbage yet; and never what others have stored.
    admin.execute("update private.content_rounds set strays_at = now()")
    admin.execute(
        "insert into private.content_sweeps select id, now(), now() from public.tenants on conflict (tenant_id)"
        " do update set condemned_at = now(), orphans_at = now()"
    )
    damage(gateway, admin, damaged.path)
    storage.delete(lost.path)
    storage.cache.add(lost.path, next(iter(tmp_path.glob(lost.name))))
    admin.execute(
        "insert into private.due_checks (tenant_id, content_key)"
        " select tenant_id, content_key from public.artifacts where tenant_id = %s",
        [tenant_id],
    )
    work(gateway, storage)
    assert states(admin, tenant_id) == {
        sound.sha256: "ready",
        damaged.sha256: "damaged",
        lost.sha256: "damaged",
    }
    assert storage.exists(sound.path)
    assert not storage.exists(damaged.path), "so that the right bytes can be stored"
    row = admin.execute(
        "select count(*) filter (where checked_at is not null) from public.artifacts where tenant_id = %s",
        [tenant_id],
    ).fetchone()
    assert row == (3,)

    admin.execute("update private.content_settings set grace = '0'")
    admin.execute(
        "update private.content_sweeps set condemned_at = '-infinity' where tenant_id = %s", [tenant_id]
    )
    try:
        work(gateway, storage)
    finally:
        admin.execute("update private.content_settings set grace = '7 days'")
    assert states(admin, tenant_id) == {}
    assert not storage.exists(sound.path)
    assert admin.execute("select count(*) from private.condemned_files").fetchone() == (0,)


def test_a_storage_that_does_not_answer_damages_nothing(
    gateway: Gateway,
    storage: SupabaseStorage,
    admin: psycopg.Connection[Any],
    tenant_id: uuid.UUID,
    tmp_path: Path,
) -> None:
    file = add(admin, storage, tenant_id, tmp_path)
    admin.execute(
        "insert into private.due_checks (tenant_id, content_key) values (%s, %s)", [tenant_id, file.sha256]
    )
    away = SupabaseStorage(
        SupabaseProject("http://127.0.0.1:9", "", "secret"), Cache(tmp_path / "other"), patience_s=0
    )
    with pytest.raises(Unavailable):
        work(gateway, away)
    assert states(admin, tenant_id)[file.sha256] != "damaged"


def test_an_upload_that_is_given_up_leaves_nothing(
    gateway: Gateway, storage: SupabaseStorage, tmp_path: Path
) -> None:
    file = tmp_path / "large.mp4"
    file.write_bytes(os.urandom(2 * CHUNK_BYTES))
    project = SupabaseProject(
        gateway.settings.url, gateway.settings.publishable_key, gateway.settings.secret_key
    )
    metadata = {
        "bucketName": "media",
        "objectName": f"{uuid.uuid4()}/artifacts/{'a' * 64}",
        "contentType": "video/mp4",
        "cacheControl": "0",
    }
    upload = ResumableUpload(
        storage._client, f"{project.url}/storage/v1", dict(secret_headers(project)), metadata, file
    )
    send = upload._send

    def send_one(offset: int) -> int:
        if offset:
            raise CliprowError("Withdrawn.")
        return send(offset)

    uploads = Path(gateway.settings.files) / "uploads"
    before = set(uploads.glob("*"))
    upload._send = send_one  # type: ignore[method-assign]
    with pytest.raises(CliprowError, match="Withdrawn"):
        upload.run(Persistence("store it", None, 5))
    assert set(uploads.glob("*")) <= before
