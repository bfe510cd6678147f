"""Downloads: in part, if changed, under a name, by whom."""

from __future__ import annotations

import hashlib
import time
from email.utils import parsedate_to_datetime

import httpx
import psycopg
import pytest
from storage3 import SyncStorageClient

from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person

DATA = bytes(range(256)) * 20


@pytest.fixture
def url(anna: Person) -> str:
    """A stored file, seen as its owner."""
    path = anna.path("data.bin")
    options = {"content-type": "video/mp4", "cache-control": "31536000, immutable"}
    anna.storage.from_("tests").upload(path, DATA, options)  # type: ignore[arg-type]
    return f"/object/tests/{path}"


def test_the_whole_comes_with_its_description(anna: Person, url: str) -> None:
    answer = anna.http.get(url)
    assert (answer.status_code, answer.content) == (200, DATA)
    headers = answer.headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Length"] == str(len(DATA))
    assert headers["ETag"] == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert headers["Cache-Control"] == "max-age=31536000, immutable"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert abs(parsedate_to_datetime(headers["Last-Modified"]).timestamp() - time.time()) < 60


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 5119),
        ("bytes=100-199", 100, 199),
        ("bytes=5000-9999999", 5000, 5119),
        ("bytes=-1", 5119, 5119),
        ("bytes=-500", 4620, 5119),
        ("bytes=-999999", 0, 5119),
        ("bytes = 1 - 2", 1, 2),
    ],
)
def test_a_part_is_sent(anna: Person, url: str, asked: str, first: int, last: int) -> None:
    answer = anna.http.get(url, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == DATA[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=5120-", "bytes=5120-6000", "bytes=-0", f"bytes={'9' * 18}-"])
def test_a_part_outside_of_the_file_is_refused(anna: Person, url: str, asked: str) -> None:
    answer = anna.http.get(url, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"
    assert answer.json()["code"] == "InvalidRange"


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=5-1", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", f"bytes={'9' * 400}-", "x"],
)
def test_what_is_no_single_part_is_answered_with_the_whole(anna: Person, url: str, asked: str) -> None:
    answer = anna.http.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


def test_what_the_client_has_is_not_sent_again(anna: Person, url: str) -> None:
    headers = anna.http.get(url).headers
    for known in (
        {"If-None-Match": headers["ETag"]},
        {"If-None-Match": f'"other", W/{headers["ETag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": headers["Last-Modified"]},
    ):
        answer = anna.http.get(url, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == headers["ETag"]
        assert answer.headers["Cache-Control"] == headers["Cache-Control"]
    for unknown in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": headers["Last-Modified"]},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert anna.http.get(url, headers=unknown).content == DATA


def test_a_part_of_what_has_changed_is_not_sent(anna: Person, url: str) -> None:
    headers = anna.http.get(url).headers
    part = {"Range": "bytes=0-9"}
    for same in (headers["ETag"], headers["Last-Modified"]):
        assert anna.http.get(url, headers={**part, "If-Range": same}).status_code == 206
    for other in ('"other"', "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense"):
        assert anna.http.get(url, headers={**part, "If-Range": other}).status_code == 200


def test_an_empty_file_is_sent(anna: Person) -> None:
    anna.storage.from_("tests").upload(anna.path("empty"), b"")
    answer = anna.http.get(f"/object/tests/{anna.path('empty')}")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


def test_a_head_says_what_a_get_would(anna: Person, url: str) -> None:
    got, said = anna.http.get(url).headers, anna.http.head(url)
    assert said.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control", "Accept-Ranges"):
        assert said.headers[name] == got[name]


def test_a_browser_saves_under_the_name_asked_for(anna: Person, url: str) -> None:
    for asked, sent in {
        "": "attachment;",
        "film.mp4": "attachment; filename=film.mp4; filename*=UTF-8''film.mp4",
        'na\u00efve"\r\nX: y': "attachment; filename=na%C3%AFve%22%0D%0AX%3A%20y;"
        " filename*=UTF-8''na%C3%AFve%22%0D%0AX%3A%20y",
    }.items():
        answer = anna.http.get(url, params={"download": asked})
        assert answer.headers["Content-Disposition"] == sent
        assert "X" not in answer.headers
    assert "Content-Disposition" not in anna.http.get(url).headers


def test_pages_are_sent_as_text(anna: Person) -> None:
    anna.storage.from_("tests").upload(anna.path("page.html"), b"<script>", {"content-type": "text/html"})
    answer = anna.http.get(f"/object/tests/{anna.path('page.html')}")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_every_route_to_a_file_asks_its_own_question(anna: Person, otto: Person, url: str) -> None:
    path = url.removeprefix("/object/")
    key = {"apikey": anna.gateway.settings.publishable_key}
    base = f"{anna.gateway.url}/storage/v1/object"
    for route in ("", "authenticated/"):
        assert anna.http.get(f"/object/{route}{path}").content == DATA
        assert otto.http.get(f"/object/{route}{path}").json()["code"] == "NoSuchKey"
        assert httpx.get(f"{base}/{route}{path}", headers=key).json()["code"] in {"NoSuchKey", "NoSuchBucket"}
    assert httpx.get(f"{base}/{path}").json()["code"] == "NoSuchBucket"
    assert httpx.get(f"{base}/authenticated/{path}").json()["statusCode"] == "403"
    for route in ("public", "info/public"):
        assert anna.http.get(f"/object/{route}/{path}").json()["code"] == "NoSuchBucket"
    for route in ("info", "info/authenticated"):
        assert anna.http.get(f"/object/{route}/{path}").json()["size"] == len(DATA)
        assert otto.http.get(f"/object/{route}/{path}").json()["code"] == "NoSuchKey"
    for method in ("", "authenticated/"):
        assert anna.http.head(f"/object/{method}{path}").status_code == 200
        assert otto.http.head(f"/object/{method}{path}").status_code == 400


def test_a_public_bucket_needs_no_key(service: SyncStorageClient, anna: Person) -> None:
    path = anna.path("open.txt")
    service.from_("tests-public").upload(path, b"open", {"content-type": "text/plain"})
    base = f"{anna.gateway.url}/storage/v1/object"
    for route in ("public/tests-public", "tests-public"):
        assert httpx.get(f"{base}/{route}/{path}").content == b"open"
        assert httpx.head(f"{base}/{route}/{path}").headers["Content-Length"] == "4"
    assert httpx.get(f"{base}/info/public/tests-public/{path}").json()["size"] == 4
    assert anna.http.get(f"/object/authenticated/tests-public/{path}").content == b"open"


def test_a_file_that_is_gone_from_the_disk_is_not_found(anna: Person, gateway: Gateway, url: str) -> None:
    with psycopg.connect(gateway.database.superuser, autocommit=True) as connection:
        connection.execute(
            "update storage.objects set version = '../../../../etc/passwd' where name = %s",
            [url.removeprefix("/object/tests/")],
        )
    assert anna.http.get(url).json()["code"] == "NoSuchKey"
