"""The policies on storage.objects decide, as the caller, whatever is done."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import psycopg
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person, sign_in


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["code"])


def test_another_tenants_files_do_not_exist(anna: Person, otto: Person) -> None:
    path = anna.path("folder/secret.txt")
    anna.storage.from_("tests").upload(path, b"secret")
    theirs = otto.storage.from_("tests")
    for read in (theirs.download, theirs.info, lambda path: theirs.create_signed_url(path, 60)):
        with pytest.raises(StorageApiError) as told:
            read(path)
        assert (told.value.code, str(told.value.status)) == ("not_found", "404")
    assert not theirs.exists(path)
    for prefix in ("", anna.tenant_id, anna.path("folder")):
        assert theirs.list(prefix) == []
    assert theirs.create_signed_urls([path], 60)[0]["signedURL"] is None
    assert theirs.remove([path]) == []
    for move in (theirs.move, theirs.copy):
        with pytest.raises(StorageApiError):
            move(path, otto.path("mine.txt"))
    assert anna.storage.from_("tests").download(path) == b"secret"


def test_nothing_is_written_into_another_tenants_folder(anna: Person, otto: Person) -> None:
    path = anna.path("planted.txt")
    otto.storage.from_("tests").upload(otto.path("own.txt"), b"own")
    theirs = otto.storage.from_("tests")
    for write in (
        lambda: theirs.upload(path, b"x"),
        lambda: theirs.upload(path, b"x", {"upsert": "true"}),
        lambda: theirs.update(path, b"x"),
        lambda: theirs.create_signed_upload_url(path),
        lambda: theirs.move(otto.path("own.txt"), path),
        lambda: theirs.copy(otto.path("own.txt"), path),
    ):
        with pytest.raises(StorageApiError) as told:
            write()
        assert str(told.value.status) == "403"
    assert theirs.download(otto.path("own.txt")) == b"own"
    assert anna.storage.from_("tests").list(anna.tenant_id) == []


def test_a_file_of_another_tenant_is_not_replaced(anna: Person, otto: Person) -> None:
    path = anna.path("mine.txt")
    anna.storage.from_("tests").upload(path, b"mine")
    for method in ("PUT", "POST"):
        answer = otto.http.request(
            method, f"/object/tests/{path}", content=b"x", headers={"x-upsert": "true"}
        )
        assert refused(answer) == "AccessDenied"
    assert anna.storage.from_("tests").download(path) == b"mine"


def test_without_a_sign_in_nothing_goes(anna: Person, gateway: Gateway) -> None:
    anna.storage.from_("tests").upload(anna.path("a.txt"), b"a")
    nobody = httpx.Client(
        base_url=f"{gateway.url}/storage/v1", headers={"apikey": gateway.settings.publishable_key}
    )
    path = f"/object/tests/{anna.path('a.txt')}"
    assert refused(nobody.get(path)) == "NoSuchKey"
    assert refused(nobody.put(path, content=b"x")) == "AccessDenied"
    assert nobody.request("DELETE", "/object/tests", json={"prefixes": [anna.path("a.txt")]}).json() == []
    assert nobody.post("/object/list/tests", json={"prefix": anna.tenant_id}).json() == []
    assert nobody.get("/bucket").json() == []


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("GET", "/bucket"),
        ("GET", "/bucket/tests"),
        ("POST", "/bucket"),
        ("PUT", "/bucket/tests"),
        ("DELETE", "/bucket/tests"),
        ("POST", "/bucket/tests/empty"),
        ("POST", "/object/tests/a/b"),
        ("PUT", "/object/tests/a/b"),
        ("DELETE", "/object/tests/a/b"),
        ("DELETE", "/object/tests"),
        ("POST", "/object/list/tests"),
        ("POST", "/object/list-v2/tests"),
        ("POST", "/object/move"),
        ("POST", "/object/copy"),
        ("POST", "/object/sign/tests/a/b"),
        ("POST", "/object/sign/tests"),
        ("POST", "/object/upload/sign/tests/a/b"),
        ("GET", "/object/authenticated/tests/a/b"),
        ("GET", "/object/info/authenticated/tests/a/b"),
    ],
)
def test_a_token_that_is_not_ours_opens_nothing(
    gateway: Gateway, buckets: None, method: str, route: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"apikey": "sb_secret_guess"}):
        answer = httpx.request(method, f"{gateway.url}/storage/v1{route}", headers=headers)
        assert refused(answer) == "AccessDenied"
        assert answer.json()["statusCode"] == "403"


def test_an_expired_token_opens_nothing(gateway: Gateway, buckets: None) -> None:
    late = sign_in(gateway, str(uuid.uuid4()), lives_s=-10)
    assert refused(late.http.get("/bucket")) == "AccessDenied"


def test_removing_takes_the_right_to_remove(anna: Person, gateway: Gateway) -> None:
    viewer = sign_in(gateway, anna.tenant_id, role="viewer")
    path = anna.path("kept.txt")
    anna.storage.from_("tests").upload(path, b"kept")
    assert viewer.storage.from_("tests").download(path) == b"kept"
    assert viewer.storage.from_("tests").remove([path]) == []
    assert refused(viewer.http.delete(f"/object/tests/{path}")) == "NoSuchKey"
    assert anna.storage.from_("tests").download(path) == b"kept"
    assert anna.http.delete(f"/object/tests/{path}").json() == {"message": "Successfully deleted"}
    assert not anna.storage.from_("tests").exists(path)


def test_who_may_only_add_neither_reads_nor_replaces(anna: Person, service: SyncStorageClient) -> None:
    path, mine = anna.path("dropped.txt"), anna.storage.from_("tests-drop")
    mine.upload(path, b"dropped")
    with pytest.raises(StorageApiError):
        mine.download(path)
    assert refused(anna.http.post(f"/object/tests-drop/{path}", content=b"x")) == "KeyAlreadyExists"
    assert refused(anna.http.put(f"/object/tests-drop/{path}", content=b"x")) == "AccessDenied"
    assert service.from_("tests-drop").download(path) == b"dropped"


def test_buckets_are_the_services(anna: Person, service: SyncStorageClient) -> None:
    http = anna.http
    assert refused(http.post("/bucket", json={"name": "mine"})) == "AccessDenied"
    assert http.get("/bucket").json() == []
    assert refused(http.get("/bucket/tests")) == "NoSuchBucket"
    assert refused(http.put("/bucket/tests", json={"public": True})) == "NoSuchBucket"
    assert refused(http.post("/bucket/tests/empty")) == "NoSuchBucket"
    assert refused(http.delete("/bucket/tests-drop")) == "NoSuchBucket"
    assert service.get_bucket("tests").public is False


def test_a_policy_reads_size_and_type_before_and_after(anna: Person, gateway: Gateway) -> None:
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(
            'create policy "tests small" on storage.objects as restrictive for insert to authenticated'
            f" with check (name not like '{anna.tenant_id}/%' or (metadata ->> 'contentLength')::bigint < 10)".encode()
        )
        try:
            announced = anna.http.post(f"/object/tests/{anna.path('large')}", content=b"x" * 20)
            # Without a length the policy is asked only once the bytes are counted.
            counted = anna.http.post(f"/object/tests/{anna.path('large')}", content=iter([b"x" * 20]))
            small = anna.http.post(f"/object/tests/{anna.path('small')}", content=b"x" * 5)
        finally:
            connection.execute('drop policy "tests small" on storage.objects')
    assert (refused(announced), refused(counted)) == ("AccessDenied", "AccessDenied")
    assert small.status_code == 200


def test_policies_read_who_asks_for_what(anna: Person, gateway: Gateway) -> None:
    path = anna.path("seen.txt")
    anna.storage.from_("tests").upload(path, b"seen")
    condition = (
        f"name <> '{path}' or (storage.operation() = 'storage.object.list'"
        " and current_setting('request.method') = 'POST' and auth.uid()::text = owner_id"
        " and current_setting('request.headers')::jsonb ? 'user-agent'"
        " and not current_setting('request.headers')::jsonb ? 'authorization')"
    )
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(
            'create policy "tests seen" on storage.objects as restrictive for select to authenticated'
            f" using ({condition})".encode()
        )
        try:
            listed = anna.storage.from_("tests").list(anna.tenant_id)
            exists = anna.storage.from_("tests").exists(path)
        finally:
            connection.execute('drop policy "tests seen" on storage.objects')
    assert [entry["name"] for entry in listed] == ["seen.txt"]
    assert not exists


def test_rows_say_whose_the_files_are(anna: Person, gateway: Gateway, service: SyncStorageClient) -> None:
    anna.storage.from_("tests").upload(anna.path("a"), b"a")
    service.from_("tests").upload(anna.path("b"), b"b")
    with psycopg.connect(gateway.database.superuser) as connection:
        rows: list[Any] = connection.execute(
            "select owner::text, owner_id, metadata, last_accessed_at from storage.objects"
            " where name like %s order by name",
            [f"{anna.tenant_id}/%"],
        ).fetchall()
    assert [(row[0], row[1]) for row in rows] == [(anna.user_id, anna.user_id), (None, None)]
    assert set(rows[0][2]) == {
        "eTag", "size", "mimetype", "cacheControl", "lastModified", "contentLength", "httpStatusCode",
    }  # fmt: skip
