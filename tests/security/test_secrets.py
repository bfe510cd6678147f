"""Nothing that a browser is given holds a secret: neither answers of API and gateway, nor how they refuse."""

from __future__ import annotations

import re

import httpx
import jwt
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.security.target import Target, leaks

#: What a secret looks like, whoever it belongs to.
LOOKS_SECRET = re.compile(
    r"sb_secret_\w|service_role_key|postgres(ql)?://\S*:\S*@|password=\S|PRIVATE KEY|\$argon2|Traceback \(most"
)
#: Everybody may ask for these.
OPEN = [
    ("api", "/"), ("api", "/config"), ("api", "/docs"), ("api", "/openapi.json"), ("api", "/health"), ("api", "/ready"),
    ("api", "/auth/session"), ("api", "/nowhere"), ("api", "/platforms"), ("api", "/jobs"),
    ("gateway", "/"), ("gateway", "/health"), ("gateway", "/auth/v1/health"), ("gateway", "/auth/v1/settings"),
    ("gateway", "/auth/v1/.well-known/jwks.json"), ("gateway", "/auth/v1/.well-known/openid-configuration"),
    ("gateway", "/auth/v1/user"), ("gateway", "/auth/v1/admin/users"), ("gateway", "/auth/v1/authorize?provider=none"),
    ("gateway", "/mail"), ("gateway", "/rest/v1/"), ("gateway", "/rest/v1/projects"), ("gateway", "/rest/v1/settings"),
    ("gateway", "/storage/v1/bucket"), ("gateway", "/storage/v1/object/media/x"), ("gateway", "/storage/v1/status"),
    ("gateway", "/realtime/v1/websocket"), ("gateway", "/realtime/v1/api/tenants"), ("gateway", "/nowhere"),
]  # fmt: skip


def check(target: Target, where: str, answer: httpx.Response) -> None:
    """No secret of this deployment, and nothing that looks like one."""
    text = f"{answer.headers}\n{answer.text}"
    secrets = target.secrets() - {target.person.access_token, target.person.refresh_token}
    assert leaks(secrets, {where: text}) == []
    assert not LOOKS_SECRET.search(text), (where, LOOKS_SECRET.search(text))
    assert "server" not in answer.headers


@pytest.mark.parametrize(("name", "path"), OPEN)
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_no_answer_holds_a_secret(target: Target, name: str, path: str, is_signed_in: bool) -> None:
    headers = {"Origin": "http://127.0.0.1:5173", **(target.bearer if is_signed_in else {})}
    for given in (headers, {**headers, "Accept": "text/html"}, {**headers, "apikey": ""}):
        answer = target.ask(name, "GET", path, headers=given)
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        check(target, path, answer)


def test_what_the_api_tells_the_web_app_is_meant_for_everybody(target: Target) -> None:
    told = target.ask("api", "GET", "/config").json()
    assert told == {
        "supabase_url": target.gateway.url,
        "publishable_key": target.gateway.settings.publishable_key,
        "bucket": "media",
    }


def test_the_keys_that_everybody_may_have_sign_nothing(target: Target) -> None:
    [key] = target.ask("gateway", "GET", "/auth/v1/.well-known/jwks.json").json()["keys"]
    assert key.keys() <= {"kty", "crv", "alg", "use", "kid", "key_ops", "ext", "x", "y"}
    assert jwt.PyJWK(key).key_type == "EC"


@pytest.mark.parametrize(
    "query", ["", "?apikey=KEY", "?apikey=sb_publishable_x", "?apikey=x.y.z", "?apikey=PUBLISHABLE&vsn=9"]
)
def test_a_websocket_is_refused_without_repeating_the_key(target: Target, query: str) -> None:
    """And a secret key is refused that comes from a page."""
    settings = target.gateway.settings
    query = query.replace("PUBLISHABLE", settings.publishable_key).replace("KEY", settings.secret_key)
    url = f"ws://127.0.0.1:{settings.port}/realtime/v1/websocket{query}"
    page = {"Origin": "http://evil.example", "User-Agent": "Mozilla/5.0"}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url, additional_headers=page, user_agent_header=None),
    ):
        pass
    response = refused.value.response
    said = f"{response.headers}\n{(response.body or b'').decode()}"
    assert settings.secret_key not in said
    assert not LOOKS_SECRET.search(said)


def test_a_secret_key_in_a_page_is_refused_and_not_repeated(target: Target) -> None:
    key = target.gateway.settings.secret_key
    for path in ("/auth/v1/admin/users", "/rest/v1/projects", "/storage/v1/bucket"):
        for headers in (
            {"apikey": key, "Origin": "https://app.example.org"},
            {"apikey": key, "Authorization": f"Bearer {key}", "User-Agent": "Mozilla/5.0"},
        ):
            answer = target.ask("gateway", "GET", path, headers=headers)
            assert answer.status_code == 401
            check(target, path, answer)
