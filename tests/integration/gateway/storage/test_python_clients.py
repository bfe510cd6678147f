from __future__ import annotations

import httpx
import pytest
from storage3.exceptions import StorageApiError

from tests.integration.gateway.storage.conftest import Person


def test_a_file_goes_up_and_comes_down(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    path = anna.path("folder/hello.txt")
    stored = bucket.upload(path, b"hello", {"content-type": "text/plain", "cache-control": "60"})
    assert stored.full_path == f"tests/{path}"
    assert bucket.download(path) == b"hello"
    info = bucket.info(path)
    assert (info["size"], info["content_type"], info["cache_control"]) == (5, "text/plain", "max-age=60")
    assert [entry["name"] for entry in bucket.list(anna.tenant_id)] == ["folder"]
    assert [entry["name"] for entry in bucket.list(anna.path("folder"))] == ["hello.txt"]
    link = bucket.create_signed_url(path, 60)["signedURL"] or ""
    assert httpx.get(link).content == b"hello"
    bucket.move(path, anna.path("b.txt"))
    bucket.copy(anna.path("b.txt"), anna.path("c.txt"))
    assert bucket.download(anna.path("c.txt")) == b"hello"
    assert len(bucket.remove([anna.path("b.txt"), anna.path("c.txt")])) == 2
    with pytest.raises(StorageApiError):
        bucket.download(anna.path("b.txt"))


def test_signed_upload(anna: Person) -> None:
    bucket = anna.storage.from_("tests")
    path = anna.path("signed.bin")
    link = bucket.create_signed_upload_url(path)
    bucket.upload_to_signed_url(path, link["token"], b"x" * 3_000_000)
    assert bucket.download(path) == b"x" * 3_000_000
