"""Uploads in pieces: the TUS protocol, step by step."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from storage3 import SyncStorageClient

from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person, sign_in

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
BASE = "/upload/resumable"


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def begin(
    person: Person, name: str, size: int, *, bucket: str = "tests", body: bytes | None = None, **more: str
) -> httpx.Response:
    headers = {
        **(TUS if body is None else BYTES),
        "Upload-Length": str(size),
        "Upload-Metadata": metadata(bucketName=bucket, objectName=name, **more),
    }
    return person.http.post(BASE, headers=headers, content=body)


def send(person: Person, location: str, offset: int, body: bytes | Iterator[bytes]) -> httpx.Response:
    return person.http.patch(location, headers={**BYTES, "Upload-Offset": str(offset)}, content=body)


def offset_of(person: Person, location: str) -> int:
    answer = person.http.head(location, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def test_a_file_arrives_in_pieces(anna: Person) -> None:
    path = anna.path("film.mp4")
    begun = begin(anna, path, 11, contentType="video/mp4", cacheControl="60", metadata='{"take": 3}')
    assert begun.status_code == 201
    location = begun.headers["Location"]
    assert location.startswith(f"{anna.gateway.url}/storage/v1/upload/resumable/")
    assert begun.headers["Tus-Resumable"] == "1.0.0"
    assert "Upload-Expires" in begun.headers

    first = send(anna, location, 0, b"hello ")
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "6")
    seen = anna.http.head(location, headers=TUS)
    assert (seen.headers["Upload-Offset"], seen.headers["Upload-Length"]) == ("6", "11")
    assert seen.headers["Cache-Control"] == "no-store"
    assert anna.storage.from_("tests").list(anna.tenant_id) == []

    assert send(anna, location, 6, b"world").headers["Upload-Offset"] == "11"
    bucket = anna.storage.from_("tests")
    assert bucket.download(path) == b"hello world"
    info = bucket.info(path)
    assert (info["content_type"], info["cache_control"]) == ("video/mp4", "max-age=60")
    assert info["metadata"] == {"take": 3}
    # A client that missed the last answer asks again.
    assert offset_of(anna, location) == 11
    assert send(anna, location, 11, b"").status_code == 204


def test_an_upload_may_begin_with_its_first_bytes(anna: Person) -> None:
    begun = begin(anna, anna.path("part.bin"), 5, body=b"hel")
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "3")
    send(anna, begun.headers["Location"], 3, b"lo")
    assert anna.storage.from_("tests").download(anna.path("part.bin")) == b"hello"
    whole = begin(anna, anna.path("whole.bin"), 5, body=b"hello")
    assert whole.headers["Upload-Offset"] == "5"
    assert anna.storage.from_("tests").download(anna.path("whole.bin")) == b"hello"


def test_an_empty_file_is_complete_at_once(anna: Person) -> None:
    begin(anna, anna.path("empty.bin"), 0)
    assert anna.storage.from_("tests").download(anna.path("empty.bin")) == b""


def test_the_service_says_what_it_can(anna: Person) -> None:
    said = anna.http.options(BASE)
    assert said.status_code == 204
    assert said.headers["Tus-Version"] == "1.0.0"
    assert said.headers["Tus-Extension"] == "creation,creation-with-upload,termination,expiration"
    assert int(said.headers["Tus-Max-Size"]) > 50 << 20


def test_a_browser_may_ask_and_read_the_answers(anna: Person) -> None:
    origin = {"Origin": "http://example.com"}
    asked = anna.http.options(
        BASE,
        headers={
            **origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "tus-resumable,upload-offset,authorization",
        },
    )
    assert "PATCH" in asked.headers["Access-Control-Allow-Methods"]
    location = begin(anna, anna.path("b.bin"), 5).headers["Location"]
    shown = (
        anna.http.head(location, headers={**TUS, **origin}).headers["Access-Control-Expose-Headers"].lower()
    )
    assert {"location", "upload-offset", "upload-length", "tus-resumable"} <= set(shown.split(", "))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": ""}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "1e3"}, 400),
        ({"Upload-Length": str(10**15)}, 413),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Metadata": "bucketName"}, 400),
        ({"Upload-Metadata": "bucketName ###"}, 400),
        ({"Upload-Metadata": metadata(bucketName="nowhere", objectName="a/b")}, 404),
        ({"Upload-Metadata": metadata(bucketName="tests", objectName="../b")}, 400),
        ({"Upload-Metadata": metadata(bucketName="tests", objectName="a/\0b")}, 400),
        ({"Upload-Metadata": metadata(bucketName="../tests", objectName="a/b")}, 400),
        ({"Authorization": "Bearer none.of.ours"}, 403),
    ],
)
def test_what_cannot_be_begun_is_refused(anna: Person, headers: dict[str, str], status: int) -> None:
    good = {
        **TUS,
        "Upload-Length": "3",
        "Upload-Metadata": metadata(bucketName="tests", objectName=anna.path("x")),
    }
    answer = anna.http.post(BASE, headers={**good, **headers})
    assert answer.status_code == status, answer.text
    assert answer.text


def test_pieces_go_where_the_upload_stands(anna: Person) -> None:
    location = begin(anna, anna.path("steps.bin"), 6).headers["Location"]
    assert send(anna, location, 3, b"abc").status_code == 409
    assert send(anna, location, 0, b"abc").status_code == 204
    assert send(anna, location, 0, b"abc").status_code == 409
    assert send(anna, location, 3, b"defg").status_code == 413
    assert offset_of(anna, location) == 3
    wrong = anna.http.patch(location, headers={**TUS, "Upload-Offset": "3", "Content-Type": "text/plain"})
    assert wrong.status_code == 415
    assert anna.http.patch(location, headers={**BYTES, "Upload-Offset": "x"}).status_code == 400
    assert send(anna, location, 3, b"def").status_code == 204


def test_more_than_announced_is_refused_where_its_length_is_not_said(anna: Person) -> None:
    location = begin(anna, anna.path("long.bin"), 6).headers["Location"]
    assert send(anna, location, 0, iter([b"abc", b"defg"])).status_code == 413
    assert offset_of(anna, location) <= 6


def test_what_arrived_before_the_connection_broke_is_kept(anna: Person) -> None:
    location = begin(anna, anna.path("broken.bin"), 300_000).headers["Location"]
    path = location.removeprefix(anna.gateway.url)
    with socket.create_connection(("127.0.0.1", anna.gateway.settings.port)) as connection:
        head = f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\nUpload-Offset: 0\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in {**BYTES, **anna.headers}.items())
        connection.sendall(head.encode() + b"\r\n" + b"a" * 100_000)
        time.sleep(0.5)
    deadline = time.monotonic() + 5
    while (offset := offset_of(anna, location)) < 100_000 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert offset == 100_000
    assert send(anna, location, offset, b"a" * 200_000).status_code == 204
    assert anna.storage.from_("tests").download(anna.path("broken.bin")) == b"a" * 300_000


def test_a_client_that_comes_back_ends_its_own_dead_request(anna: Person) -> None:
    location = begin(anna, anna.path("stuck.bin"), 6).headers["Location"]
    path = location.removeprefix(anna.gateway.url)
    with socket.create_connection(("127.0.0.1", anna.gateway.settings.port)) as connection:
        head = f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nUpload-Offset: 0\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in {**BYTES, **anna.headers}.items())
        connection.sendall(head.encode() + b"\r\n" + b"abc")  # and never more
        time.sleep(0.5)
        assert offset_of(anna, location) == 3
        connection.settimeout(5)
        assert b" 423 " in connection.recv(1000).split(b"\r\n")[0]
    assert send(anna, location, 3, b"def").status_code == 204
    assert anna.storage.from_("tests").download(anna.path("stuck.bin")) == b"abcdef"


def test_one_of_many_requests_at_once_writes_each_piece(anna: Person) -> None:
    size = 200_000
    location = begin(anna, anna.path("many.bin"), size).headers["Location"]
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: send(anna, location, 0, b"a" * size).status_code, range(6)))
    assert set(statuses) <= {204, 409, 423}
    while (offset := offset_of(anna, location)) < size:
        send(anna, location, offset, b"a" * (size - offset))
    assert anna.storage.from_("tests").download(anna.path("many.bin")) == b"a" * size


def test_an_upload_can_be_ended(anna: Person) -> None:
    location = begin(anna, anna.path("ended.bin"), 6).headers["Location"]
    send(anna, location, 0, b"abc")
    assert anna.http.delete(location, headers=TUS).status_code == 204
    assert anna.http.head(location, headers=TUS).status_code == 404
    assert send(anna, location, 3, b"def").status_code == 404


def test_a_finished_upload_cannot_be_ended(anna: Person) -> None:
    location = begin(anna, anna.path("done.bin"), 3, body=b"abc").headers["Location"]
    assert anna.http.delete(location, headers=TUS).status_code == 400
    assert anna.storage.from_("tests").download(anna.path("done.bin")) == b"abc"


def test_an_upload_is_its_owners(anna: Person, otto: Person) -> None:
    location = begin(anna, anna.path("mine.bin"), 6).headers["Location"]
    colleague = sign_in(anna.gateway, anna.tenant_id)
    for other in (otto, colleague):
        assert other.http.head(location, headers=TUS).status_code == 403
        assert send(other, location, 0, b"abc").status_code == 403
        assert other.http.delete(location, headers=TUS).status_code == 403
    nobody = httpx.head(location, headers={**TUS, "apikey": anna.gateway.settings.publishable_key})
    assert nobody.status_code == 403
    assert offset_of(anna, location) == 0


def test_policies_decide_before_bytes_are_taken(anna: Person, otto: Person) -> None:
    assert begin(otto, anna.path("theirs.bin"), 3).status_code == 403


def test_policies_decide_again_at_the_end(anna: Person, gateway: Gateway) -> None:
    location = begin(anna, anna.path("late.bin"), 6).headers["Location"]
    send(anna, location, 0, b"abc")
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(
            'create policy "tests barred" on storage.objects as restrictive for insert to authenticated'
            f" with check (name <> '{anna.path('late.bin')}')".encode()
        )
        try:
            assert send(anna, location, 3, b"def").status_code == 403
        finally:
            connection.execute('drop policy "tests barred" on storage.objects')
    # Nothing is lost: once it is allowed again, asking is enough.
    while (offset := offset_of(anna, location)) < 6:
        send(anna, location, offset, b"abcdef"[offset:])
    assert anna.storage.from_("tests").download(anna.path("late.bin")) == b"abcdef"


def test_a_taken_name_is_refused_unless_it_is_to_be_replaced(anna: Person) -> None:
    path = anna.path("taken.bin")
    begin(anna, path, 3, body=b"old")
    assert begin(anna, path, 3).status_code == 409
    headers = {**BYTES, "x-upsert": "true", "Upload-Length": "3"}
    headers["Upload-Metadata"] = metadata(bucketName="tests", objectName=path)
    assert anna.http.post(BASE, headers=headers, content=b"new").status_code == 201
    assert anna.storage.from_("tests").download(path) == b"new"


def test_of_two_uploads_of_one_name_the_first_to_finish_wins(anna: Person) -> None:
    path = anna.path("race.bin")
    first, second = (begin(anna, path, 3).headers["Location"] for _ in range(2))
    assert send(anna, second, 0, b"two").status_code == 204
    assert send(anna, first, 0, b"one").status_code == 409
    assert anna.storage.from_("tests").download(path) == b"two"


def test_limits_of_the_bucket_hold(anna: Person, service: SyncStorageClient) -> None:
    path = anna.path("a.png")
    assert begin(anna, path, 1001, bucket="tests-small", contentType="image/png").status_code == 413
    assert begin(anna, path, 10, bucket="tests-small", contentType="video/mp4").status_code == 415
    assert begin(anna, path, 10, bucket="tests-small", contentType="image/png").status_code == 201


def test_a_signed_link_stands_for_one_upload(anna: Person) -> None:
    path = anna.path("link.bin")
    token = anna.storage.from_("tests").create_signed_upload_url(path)["token"]
    url = f"{anna.gateway.url}/storage/v1{BASE}/sign"
    headers = {**TUS, "Upload-Length": "6", "x-signature": token}
    wrong = metadata(bucketName="tests", objectName=anna.path("other.bin"))
    assert httpx.post(url, headers={**headers, "Upload-Metadata": wrong}).status_code == 400
    right = {**headers, "Upload-Metadata": metadata(bucketName="tests", objectName=path)}
    assert httpx.post(url, headers={**right, "x-signature": ""}).status_code == 400
    location = httpx.post(url, headers=right).headers["Location"]
    assert "/upload/resumable/sign/" in location
    piece = {**BYTES, "Upload-Offset": "0"}
    assert httpx.patch(location, headers=piece, content=b"abcdef").status_code == 400
    # Nobody gets at it by the other route either.
    assert send(anna, location.replace("/sign/", "/"), 0, b"abcdef").status_code == 403
    assert (
        httpx.patch(location, headers={**piece, "x-signature": token}, content=b"abcdef").status_code == 204
    )
    assert anna.storage.from_("tests").download(path) == b"abcdef"


def test_a_made_up_upload_is_not_found(anna: Person) -> None:
    for text in (
        "tests/a/b",
        "a/b/../../etc/passwd",
        "tests/a.bin/00000000-0000-4000-8000-000000000000",
        "\xff",
    ):
        made_up = base64.urlsafe_b64encode(text.encode("latin-1")).decode().rstrip("=")
        assert anna.http.head(f"{BASE}/{made_up}", headers=TUS).status_code in {400, 404}
    location = begin(anna, anna.path("real.bin"), 3).headers["Location"]
    real = base64.urlsafe_b64decode(location.rpartition("/")[2] + "===").decode()
    other = base64.urlsafe_b64encode(real.replace("real.bin", "other.bin").encode()).decode().rstrip("=")
    assert anna.http.head(f"{BASE}/{other}", headers=TUS).status_code == 404


def test_an_upload_expires(anna: Person, gateway: Gateway) -> None:
    location = begin(anna, anna.path("slow.bin"), 6).headers["Location"]
    version = base64.urlsafe_b64decode(location.rpartition("/")[2] + "===").decode().rpartition("/")[2]
    state = Path(gateway.settings.files) / "uploads" / f"{version}.json"
    said = json.loads(state.read_bytes())
    state.write_text(json.dumps({**said, "expires_at": time.time() - 1}))
    assert anna.http.head(location, headers=TUS).status_code == 410
    assert send(anna, location, 0, b"abc").status_code == 410


def test_bytes_that_were_complete_before_the_server_died_become_a_file(
    anna: Person, gateway: Gateway
) -> None:
    location = begin(anna, anna.path("revived.bin"), 6).headers["Location"]
    version = base64.urlsafe_b64decode(location.rpartition("/")[2] + "===").decode().rpartition("/")[2]
    part = Path(gateway.settings.files) / "uploads" / f"{version}.part"
    part.write_bytes(b"abcdef")  # as if it had died right after the last byte
    assert offset_of(anna, location) == 6
    assert anna.storage.from_("tests").download(anna.path("revived.bin")) == b"abcdef"
    assert not part.exists()
