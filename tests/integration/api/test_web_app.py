"""The web app's files as the API serves them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliprow.api.web_app import WebApp
from tests.integration.api.conftest import Api

PAGE = b"<!doctype html><title>Cliprow</title>" + b" " * 2000
SCRIPT = b"export const answer = 42\n" * 200
BROWSER = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def app(api: Api, tmp_path: Path) -> Iterator[Api]:
    """The API with a built app of two files."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (tmp_path / ".sources").write_text("not for others")
    state = api.client.app.state  # type: ignore[attr-defined]
    state["web_app"] = WebApp(tmp_path, "https://project.supabase.co")
    yield api
    del state["web_app"]


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/projects/123", "/app/.sources"])
def test_every_page_is_the_same_document(app: Api, path: str) -> None:
    answer = app.client.get(path)
    assert answer.status_code == 200
    assert answer.content == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_only_own_code_and_the_project_are_allowed_to_the_page(app: Api) -> None:
    policy = app.client.get("/app/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self' https://project.supabase.co wss://project.supabase.co"
    assert rules["frame-ancestors"] == "'none'"


def test_files_are_kept_for_good_and_packed(app: Api) -> None:
    answer = app.client.get("/app/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT, mtime=0))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    plain = app.client.get("/app/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == SCRIPT
    assert "content-encoding" not in plain.headers


def test_a_document_that_is_known_already_is_not_sent_again(app: Api) -> None:
    etag = app.client.get("/app/").headers["etag"]
    again = app.client.get("/app/", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""


def test_a_file_of_an_older_build_is_not_answered_with_the_page(app: Api) -> None:
    assert app.client.get("/app/assets/index-old.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["/app/../pyproject.toml", "/app/%2e%2e/%2e%2e/etc/passwd", "/app//etc/passwd"]
)
def test_no_path_leads_out_of_the_folder(app: Api, path: str) -> None:
    answer = app.client.get(path)
    assert answer.status_code == 404 or answer.content == PAGE


def test_without_a_build_the_page_says_what_to_do(api: Api) -> None:
    state = api.client.app.state  # type: ignore[attr-defined]
    state["web_app"] = WebApp(None, "https://project.supabase.co")
    try:
        answer = api.client.get("/app/")
    finally:
        del state["web_app"]
    assert answer.status_code == 404
    assert "cliprow up" in answer.text


@pytest.mark.parametrize("path", ["/", "/projects", "/projects/a-b-1", "/library", "/analytics"])
def test_a_page_opened_by_its_old_address_is_found(api: Api, path: str) -> None:
    answer = api.client.get(f"{path}?status=draft", headers=BROWSER, follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"/app{path}?status=draft"


def test_programs_get_data_where_browsers_get_the_page(api: Api) -> None:
    assert api.client.get("/projects", headers={"Accept": "text/html"}).status_code == 401
    assert api.client.get("/projects", headers={"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert api.client.get("/batches/1/archive", headers=BROWSER).status_code == 401
