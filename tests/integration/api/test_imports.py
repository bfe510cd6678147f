"""Topics by link: what is fetched, what is refused, and what a table is made of."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from cliprow.api.links import MAX_BYTES, export_address
from cliprow.topic_files import MAX_COLUMNS
from tests.integration.api.conftest import Api, settings_for

FILES = {
    "/topics.csv": ("text/csv", b'topic;platforms\nWhy the sky is blue;youtube\n"Sea\nsalt";tiktok\n'),
    "/topics.json": (
        "application/json",
        b'[{"topic": "Sky", "duration_s": 60}, {"topic": "Sea", "tone": "casual"}, 3]',
    ),
    "/export": ("text/csv", b"topic\nSky\n"),
    "/page": ("text/html", b"<html>Sign in</html>"),
    "/large.csv": ("text/csv", b"x" * (MAX_BYTES + 1)),
    "/wide.csv": ("text/csv", b"topic" + b"," * 1_000_000 + b"\nSky\n"),
    "/wide.jsonl": ("text/plain", b"\n".join(b'{"k%d": 1}' % number for number in range(MAX_COLUMNS + 1))),
}
#: Sent as `Content-Encoding` says: a file, and 100 MB in a few hundred bytes.
_ZEROS = gzip.compress(bytes(100_000_000))
PACKED = {
    "/packed.csv": ("gzip", gzip.compress(b"topic\nSky\n")),
    "/bomb.csv": ("gzip", _ZEROS),
    "/bomb-in-bomb.csv": ("gzip, gzip", gzip.compress(_ZEROS)),
    "/damaged.csv": ("gzip", b"topic\nSky\n"),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in FILES:
            media_type, body = FILES[self.path]
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(body)
        elif self.path in PACKED:
            encoding, body = PACKED[self.path]
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(body)
        elif self.path == "/nowhere":
            self.send_response(302)
            self.end_headers()
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to"))
            self.end_headers()
        else:
            self.send_response(302 if self.path == "/round" else 404)
            self.send_header("Location", "/round")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A server on this machine, which is no public address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def eve(api: Api) -> Iterator[Api]:
    """Somebody at an API that may fetch from private networks."""
    with TestClient(
        create_app(settings_for(api.gateway, private_links=True)), base_url="http://127.0.0.1:8000"
    ) as client:
        yield Api(api.gateway, client, api.world).sign_up("eve")


def read(api: Api, url: str, expect: int = 200) -> Any:
    return api.post("/imports/link", {"url": url}, expect=expect)


def test_files_become_rows_and_columns(eve: Api, site: str) -> None:
    table = read(eve, f"{site}/topics.csv")
    assert table["columns"] == ["topic", "platforms"]
    assert table["rows"] == [["Why the sky is blue", "youtube"], ["Sea\nsalt", "tiktok"]]
    assert (table["lines"], table["problems"], table["is_cut"]) == ([2, 3], [], False)
    table = read(eve, f"{site}/topics.json")
    assert table["columns"] == ["topic", "duration_s", "tone"]
    assert table["rows"] == [["Sky", 60, None], ["Sea", None, "casual"]]
    assert len(table["problems"]) == 1
    assert read(eve, f"{site}/to/to/export")["rows"] == [["Sky"]]


def test_what_is_no_file_is_refused(eve: Api, site: str) -> None:
    for path in ("/page", "/large.csv", "/nothing", "/round", "/nowhere"):
        assert read(eve, site + path, expect=422)["code"] == "link_unreadable", path


def test_what_is_unpacked_has_the_same_bounds(eve: Api, site: str) -> None:
    assert read(eve, f"{site}/packed.csv")["rows"] == [["Sky"]]
    tracemalloc.start()
    try:
        for path in ("/bomb.csv", "/bomb-in-bomb.csv", "/damaged.csv"):
            assert read(eve, site + path, expect=422)["code"] == "link_unreadable", path
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_a_table_with_too_many_columns_is_refused_before_it_is_made(eve: Api, site: str) -> None:
    """Each row has a cell for every column: 10,000 rows with a key of their own would be 100 million."""
    for path in ("/wide.csv", "/wide.jsonl"):
        answer = read(eve, site + path, expect=422)
        assert answer["code"] == "topics_headings"
        assert str(MAX_COLUMNS) in answer["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/topics.csv",
        "https://127.0.0.1/topics.csv",
        "https://localhost/topics.csv",
        "https://[::1]/topics.csv",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://example.org",
        "https://",
        "topics.csv",
    ],
)
def test_only_the_public_internet_is_asked(ann: Api, url: str) -> None:
    answer = read(ann, url, expect=422)
    assert (answer["code"], bool(answer["next_step"])) == ("link_unreadable", True)


def test_a_redirect_leads_nowhere_else(ann: Api, site: str) -> None:
    assert read(ann, f"{site}/topics.csv", expect=422)["code"] == "link_unreadable"


def test_viewers_import_nothing(ann: Api) -> None:
    ann.member("viewer").post("/imports/link", {"url": "https://example.org/a.csv"}, expect=403)


@pytest.mark.parametrize(
    ("shown", "export"),
    [
        (
            "https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/edit?usp=sharing",
            "https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/export?format=csv",
        ),
        (
            "https://docs.google.com/spreadsheets/u/1/d/1aBcDeFgHiJkLmNoPqRsTu/edit?gid=3#gid=12",
            "https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/export?format=csv&gid=12",
        ),
        (
            "https://docs.google.com/spreadsheets/d/e/2PACX-1vTaBcDeFgHiJkLmNo/pubhtml?gid=5&single=true",
            "https://docs.google.com/spreadsheets/d/e/2PACX-1vTaBcDeFgHiJkLmNo/pub?output=csv&gid=5&single=true",
        ),
        ("https://example.org/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/edit",) * 2,
    ],
)
def test_a_sheet_is_read_by_its_export(shown: str, export: str) -> None:
    assert export_address(shown) == export


def remember(api: Api, columns: Mapping[str, str | None]) -> Any:
    """The status of the answer, and the answer."""
    answer = api.call("PATCH", "/imports/columns", {"columns": dict(columns)})
    return answer.status_code, answer.text


def test_columns_are_remembered_for_the_whole_tenant(ann: Api, bob: Api) -> None:
    assert ann.get("/imports/columns") == {"columns": {}}
    chosen = {"question": "topic", "runtime": "duration_s", "number": None}
    assert remember(ann, chosen) == (204, "")
    assert remember(ann, {"runtime": "keep"}) == (204, "")
    assert ann.get("/imports/columns")["columns"] == {**chosen, "runtime": "keep"}
    assert bob.get("/imports/columns") == {"columns": {}}
    for wrong in ({"question": "tea"}, {"": "topic"}, {"x" * 201: "topic"}):
        assert remember(ann, wrong)[0] == 422
    status, text = remember(ann, {f"h{number}": None for number in range(201)})
    assert (status, "200 headings" in text) == (422, True)


def test_the_columns_chosen_longest_ago_are_forgotten(ann: Api) -> None:
    for group in range(6):
        assert remember(ann, {f"{group}-{number}": "keep" for number in range(200)})[0] == 204
    kept = ann.get("/imports/columns")["columns"]
    assert (len(kept), {heading[0] for heading in kept}) == (1_000, set("12345"))
