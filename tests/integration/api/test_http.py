"""What every answer carries, who may call from where, and what goes wrong how."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from tests.integration.api.conftest import Api, settings_for

APP = "https://app.example.org"


@pytest.fixture(scope="module")
def open_api(api: Api) -> Iterator[Api]:
    """The API, which pages of `APP` may call."""
    settings = settings_for(api.gateway, cors_origins=(APP,))
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield Api(api.gateway, client, api.world)


def test_answers_are_not_kept_and_not_framed(ann: Api) -> None:
    for path in ("/projects", "/nowhere", "/health"):
        headers = ann.call("GET", path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]
        assert "server" not in headers


def test_pages_from_elsewhere_may_not_call_unless_they_are_named(api: Api) -> None:
    answer = api.call("GET", "/health", headers={"Origin": APP})
    assert "access-control-allow-origin" not in answer.headers
    asked = api.call("OPTIONS", "/jobs", headers={"Origin": APP, "Access-Control-Request-Method": "GET"})
    assert "access-control-allow-origin" not in asked.headers


def test_named_pages_may_call_and_others_may_not(open_api: Api) -> None:
    def ask(origin: str) -> httpx.Response:
        return open_api.call(
            "OPTIONS",
            "/jobs",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization, idempotency-key, if-match, x-cliprow-session",
            },
        )

    answer = ask(APP)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example.org", f"{APP}.evil.example.org", "null"):
        assert "access-control-allow-origin" not in ask(origin).headers
    read = open_api.call("GET", "/jobs", headers={"Origin": APP})
    assert read.status_code == 401
    assert read.headers["access-control-allow-origin"] == APP
    assert "etag" in read.headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no_such_route"),
        ("PUT", "/jobs", 405, "method_not_allowed"),
        ("DELETE", "/health", 405, "method_not_allowed"),
        ("GET", "/jobs/%00", 404, "job_not_found"),
        ("GET", "/jobs/..%2f..%2fetc", 404, "no_such_route"),
    ],
)
def test_errors_have_one_shape(ann: Api, method: str, path: str, status: int, code: str) -> None:
    answer = ann.call(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "next_step", "request_id"} <= {*problem, "type"}
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "body", ["{", "[]", '"x"', "null", '{"original_idea": 1}', '{"original_idea": "\\ud800"}']
)
def test_a_body_that_cannot_be_read_is_the_sender_s_mistake(ann: Api, body: str) -> None:
    answer = ann.client.post(
        "/projects", content=body, headers={**ann.headers, "Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["next_step"]


def test_text_that_the_database_does_not_take_is_the_sender_s_mistake(ann: Api) -> None:
    for fields in ({"original_idea": "a\0b"}, {"original_idea": "a", "metadata": {"a": "\0"}}):
        assert ann.post("/projects", fields, expect=422)["code"] == "invalid_input"
    assert ann.get("/projects", 422, text="a\0b")["code"] == "invalid_input"


def test_it_is_ready_when_database_and_keys_can_be_had(api: Api) -> None:
    found = api.get("/ready")
    assert found["status"] == "ready"
    assert found["checks"] == {"database": "ok", "signing_keys": "ok", "tenant_isolation": "ok"}


def test_it_lives_but_is_not_ready_without_database_and_auth(api: Api) -> None:
    settings = settings_for(
        api.gateway,
        database="postgresql://x@127.0.0.1:1/x",
        supabase_url="http://127.0.0.1:1",
        pool_timeout_s=0.2,
    )
    with TestClient(create_app(settings)) as client:
        assert client.get("/health").json()["status"] == "healthy"
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {
            "database": "unavailable",
            "signing_keys": "signing_keys_unavailable",
            "tenant_isolation": "ok",
        }
        refused = client.post("/auth/signin", json={"email": "a@b.c", "password": "x"})
        assert (refused.status_code, refused.json()["code"]) == (503, "auth_unavailable")
        assert refused.headers["retry-after"]


def test_a_statement_that_takes_too_long_is_cut_off(api: Api) -> None:
    ann = api.sign_up()
    settings = settings_for(api.gateway, statement_timeout_ms=300)
    with TestClient(create_app(settings)) as client:
        slow = Api(api.gateway, client, api.world, ann.person, ann.headers)
        with api.world.connect() as blocking:
            blocking.execute("begin")
            blocking.execute("lock table public.projects in access exclusive mode")
            assert slow.get("/projects", 504)["code"] == "timed_out"
            blocking.execute("rollback")
        assert slow.get("/projects")["items"] == []
