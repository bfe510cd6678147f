"""The Python clients, as published, work with files here."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import httpx
import pytest
from storage3 import AsyncStorageClient, SyncStorageClient
from storage3.exceptions import StorageApiError

from supabase import ClientOptions, create_client
from tests.integration.gateway.storage.conftest import Person


def test_a_file_goes_up_and_comes_down(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    path = anna.path("folder/hello.txt")
    stored = bucket.upload(path, b"hello", {"content-type": "text/plain", "cache-control": "60"})
    assert stored.full_path == f"tests/{path}"
    assert bucket.download(path) == b"hello"
    info = bucket.info(path)
    assert (info["size"], info["content_type"], info["cache_control"]) == (5, "text/plain", "max-age=60")
    assert (info["name"], info["bucket_id"]) == (path, "tests")
    assert bucket.exists(path)
    assert not bucket.exists(anna.path("none"))
    assert [entry["name"] for entry in bucket.list(anna.tenant_id)] == ["folder"]
    (entry,) = bucket.list(anna.path("folder"))
    assert entry["name"] == "hello.txt"
    assert entry["metadata"]["size"] == 5


def test_files_come_from_everywhere(anna: Person, tmp_path: Path) -> None:
    bucket, file = anna.storage.from_("tests"), tmp_path / "file.bin"
    file.write_bytes(b"from disk")
    bucket.upload(anna.path("path"), file)
    bucket.upload(anna.path("text"), str(file))
    with file.open("rb") as opened:
        bucket.upload(anna.path("opened"), opened)
    for name in ("path", "text", "opened"):
        assert bucket.download(anna.path(name)) == b"from disk"
    bucket.update(anna.path("path"), b"updated", {"metadata": {"take": 2}})
    assert bucket.info(anna.path("path"))["metadata"] == {"take": 2}
    bucket.upload(anna.path("path"), io.BytesIO(b"upserted").getvalue(), {"upsert": "true"})
    assert bucket.download(anna.path("path")) == b"upserted"
    with pytest.raises(StorageApiError) as told:
        bucket.upload(anna.path("path"), b"again")
    assert (told.value.code, str(told.value.status)) == ("Duplicate", "409")


def test_files_move_and_go(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    bucket.upload(anna.path("a"), b"a")
    assert bucket.move(anna.path("a"), anna.path("b"))["message"] == "Successfully moved"
    assert bucket.copy(anna.path("b"), anna.path("c"))["Key"] == f"tests/{anna.path('c')}"
    assert bucket.download(anna.path("c")) == b"a"
    assert len(bucket.remove([anna.path("b"), anna.path("c"), anna.path("none")])) == 2
    with pytest.raises(StorageApiError) as told:
        bucket.download(anna.path("b"))
    assert told.value.code == "not_found"


def test_links_stand_for_rights(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    bucket.upload(anna.path("a b.txt"), b"linked", {"content-type": "text/plain"})
    link = bucket.create_signed_url(anna.path("a b.txt"), 60, {"download": "c.txt"})["signedURL"] or ""
    answer = httpx.get(link)
    assert (answer.content, answer.headers["Content-Type"]) == (b"linked", "text/plain")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=c.txt")
    found, missing = bucket.create_signed_urls([anna.path("a b.txt"), anna.path("none")], 60)
    assert httpx.get(found["signedURL"] or "").content == b"linked"
    assert missing["error"]
    path = anna.path("signed.bin")
    token = bucket.create_signed_upload_url(path)["token"]
    bucket.upload_to_signed_url(path, token, b"x" * 3_000_000)
    assert bucket.download(path) == b"x" * 3_000_000
    assert anna.http.get(f"/object/info/tests/{path}").json()["size"] == 3_000_000


def test_lists_go_on_from_a_cursor(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    for name in ("a/1", "b", "c"):
        bucket.upload(anna.path(name), b"x")
    first = bucket.list_v2({"prefix": f"{anna.tenant_id}/", "limit": 2, "with_delimiter": True})
    assert ([each.name for each in first.folders], [each.name for each in first.objects]) == (
        [anna.path("a/")],
        [anna.path("b")],
    )
    rest = bucket.list_v2(
        {"cursor": first.nextCursor or "", "prefix": f"{anna.tenant_id}/", "with_delimiter": True}
    )
    assert [each.name for each in rest.objects] == [anna.path("c")]
    assert not rest.hasNext


def test_buckets_are_made_changed_and_removed(service: SyncStorageClient, anna: Person) -> None:
    name = f"py-{anna.tenant_id[:8]}"
    service.create_bucket(
        name, options={"public": True, "file_size_limit": 10, "allowed_mime_types": ["text/plain"]}
    )
    bucket = service.get_bucket(name)
    assert (bucket.public, bucket.file_size_limit, bucket.allowed_mime_types) == (True, 10, ["text/plain"])
    with pytest.raises(StorageApiError, match="already exists"):
        service.create_bucket(name)
    service.from_(name).upload("a.txt", b"x", {"content-type": "text/plain"})
    assert httpx.get(service.from_(name).get_public_url("a.txt")).content == b"x"
    service.update_bucket(name, {"public": False})
    assert service.get_bucket(name).public is False
    assert name in [each.id for each in service.list_buckets()]
    with pytest.raises(StorageApiError, match="not empty"):
        service.delete_bucket(name)
    service.empty_bucket(name)
    service.delete_bucket(name)
    with pytest.raises(StorageApiError, match="Bucket not found"):
        service.get_bucket(name)


def test_many_work_at_once_by_the_asynchronous_client(anna: Person) -> None:
    async def work() -> list[bytes]:
        client = AsyncStorageClient(f"{anna.gateway.url}/storage/v1/", anna.headers)
        bucket = client.from_("tests")
        names = [anna.path(f"many/{number}") for number in range(20)]
        await asyncio.gather(*(bucket.upload(name, name.encode()) for name in names))
        assert len(await bucket.list(anna.path("many"))) == 20
        contents = await asyncio.gather(*(bucket.download(name) for name in names))
        await bucket.remove(names)
        assert await bucket.list(anna.path("many")) == []
        return [content for content, name in zip(contents, names, strict=True) if content != name.encode()]

    assert asyncio.run(work()) == []


def test_the_whole_client_reaches_the_storage(anna: Person) -> None:
    options = ClientOptions(headers={"Authorization": f"Bearer {anna.token}"})
    client = create_client(anna.gateway.url, anna.gateway.settings.publishable_key, options)
    client.storage.from_("tests").upload(anna.path("a"), b"a")
    assert client.storage.from_("tests").download(anna.path("a")) == b"a"
