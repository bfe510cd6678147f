"""Sign-up, sign-in, refresh and sign-out through the API."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.test_tenants import PASSWORD, bearer, sign_up

WEB = {"X-Cliprow-Session": "cookie", "Origin": "http://127.0.0.1:8000"}


@pytest.fixture(autouse=True)
def _without_cookies(api: Api) -> None:
    api.client.cookies.clear()


def web(api: Api, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return api.call("POST", path, body, {**WEB, **headers})


def test_somebody_signs_up_in_and_out(api: Api) -> None:
    person, session = sign_up(api)
    email = session["user"]["email"]
    assert session["refresh_token"]
    assert person.get("/me")["tenants"][0]["name"] == "Sky team"
    again = api.post("/auth/signin", {"email": email, "password": PASSWORD}, expect=200)
    assert person.call("POST", "/auth/signout").status_code == 204
    gone = api.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, expect=401)
    assert gone["code"] in ("refresh_token_not_found", "session_not_found", "refresh_token_already_used")
    assert api.post("/auth/refresh", {"refresh_token": again["refresh_token"]}, expect=200)["access_token"]


def test_a_wrong_password_is_told_so(api: Api) -> None:
    _, session = sign_up(api)
    problem = api.post("/auth/signin", {"email": session["user"]["email"], "password": "wrong"}, expect=401)
    assert (problem["code"], bool(problem["next_step"])) == ("invalid_credentials", True)
    weak = api.post("/auth/signup", {"email": f"{uuid.uuid4()}@example.org", "password": "x"}, expect=422)
    assert weak["code"] == "weak_password"


def test_the_session_says_who_is_signed_in(api: Api) -> None:
    person, session = sign_up(api)
    shown = person.get("/auth/session")
    assert (shown["user_id"], shown["project_role"]) == (session["user"]["id"], "owner")
    assert api.get("/auth/session", 401)["code"] == "token_missing"


def test_recovery_says_the_same_whether_somebody_is_there_or_not(api: Api) -> None:
    _, session = sign_up(api)
    for email in (session["user"]["email"], f"{uuid.uuid4()}@example.org"):
        assert api.call("POST", "/auth/recover", {"email": email}).status_code == 202


def test_a_web_app_s_refresh_token_is_in_a_cookie_only(api: Api) -> None:
    _, session = sign_up(api)
    answer = web(api, "/auth/signin", {"email": session["user"]["email"], "password": PASSWORD})
    assert answer.json()["refresh_token"] is None
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/auth", "max-age="))
    refreshed = web(api, "/auth/refresh")
    assert refreshed.status_code == 200, refreshed.text
    assert refreshed.json()["access_token"]
    out = web(api, "/auth/signout", **bearer(refreshed.json()))
    assert out.status_code == 204
    assert "max-age=0" in out.headers["set-cookie"].lower()
    api.client.cookies.clear()
    assert web(api, "/auth/refresh").json()["code"] == "no_session"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Cliprow-Session": "cookie"},
        {"X-Cliprow-Session": "cookie", "Origin": "https://evil.example.org"},
        {"X-Cliprow-Session": "cookie", "Origin": "null"},
        {"X-Cliprow-Session": "cookie", "Origin": "http://127.0.0.1:8000.evil.example.org"},
        {"Origin": "http://127.0.0.1:8000"},
    ],
)
def test_other_sites_cannot_use_the_cookie(api: Api, headers: dict[str, str]) -> None:
    _, session = sign_up(api)
    web(api, "/auth/signin", {"email": session["user"]["email"], "password": PASSWORD})
    answer = api.call("POST", "/auth/refresh", headers=headers)
    assert answer.json()["code"] in ("origin_not_allowed", "no_session")
    assert web(api, "/auth/refresh").status_code == 200


def test_two_tabs_may_refresh_at_once(api: Api) -> None:
    _, session = sign_up(api)
    tokens = [
        api.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, expect=200) for _ in range(2)
    ]
    assert all(each["access_token"] for each in tokens)


def test_a_provider_s_sign_in_begins_at_auth(api: Api) -> None:
    found = api.post(
        "/auth/signin", {"provider": "github", "redirect_to": "http://127.0.0.1:8000/"}, expect=200
    )
    assert found["url"].startswith(f"{api.gateway.url}/auth/v1/authorize?provider=github&redirect_to=")
    assert api.post("/auth/signin", {"provider": "x y"}, expect=422)["errors"]
    assert api.post("/auth/signin", {}, expect=422)["next_step"]


def test_a_session_that_was_begun_elsewhere_is_taken_up(api: Api) -> None:
    _, session = sign_up(api)
    taken = web(api, "/auth/session", {"refresh_token": session["refresh_token"]})
    assert (taken.status_code, taken.json()["refresh_token"]) == (200, None)
    assert api.post("/auth/session", {}, expect=422)["next_step"]
    assert api.post("/auth/session", {"auth_code": "no", "code_verifier": "no"}, expect=404)["code"]
