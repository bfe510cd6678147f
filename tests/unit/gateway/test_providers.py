"""OpenID providers that lie: every answer that proves nothing is refused."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.providers import Profile, Provider, new_verifier
from cliprow.local.gateway.settings import OAuthProvider

ISSUER = "https://provider.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CALLBACK = "http://127.0.0.1:54321/auth/v1/callback"
VERIFIER = new_verifier()


class FakeProvider:
    """Answers as the test says."""

    def __init__(self, **answers: Any) -> None:
        self.discovery: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/me",
            **answers.pop("discovery", {}),
        }
        self.userinfo: dict[str, Any] = answers.pop("userinfo", {})
        self.id_token: str = answers.pop("id_token", "")
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.discovery)
            case "/keys":
                key = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
                return httpx.Response(
                    200, json={"keys": [{**key, "kid": "one", "alg": "RS256", "use": "sig"}]}
                )
            case "/token":
                return httpx.Response(
                    200, json={"id_token": self.id_token, "access_token": "at", "token_type": "x"}
                )
            case "/me":
                return httpx.Response(200, json=self.userinfo)
        return httpx.Response(404)

    def provider(self) -> Provider:
        settings = OAuthProvider(issuer=ISSUER, client_id="us", client_secret="our:secret")
        return Provider("fake", settings, CALLBACK, httpx.AsyncClient(transport=httpx.MockTransport(self)))


def nonce() -> str:
    """What the provider was given for `VERIFIER`."""
    url = asyncio.run(FakeProvider().provider().authorization_url("state", VERIFIER, "", {}))
    return parse_qs(urlsplit(url).query)["nonce"][0]


def token(key: Any = KEY, algorithm: str = "RS256", kid: str | None = "one", **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": "us", "sub": "ada", "iat": now, "exp": now + 60, "nonce": nonce(),
        "email": "Ada@Example.com", "email_verified": True, **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else {})


def profile(fake: FakeProvider) -> Profile:
    return asyncio.run(fake.provider().profile("code", VERIFIER))


def test_a_good_answer() -> None:
    fake = FakeProvider(id_token=token())
    found = profile(fake)
    assert (found.subject, found.email, found.is_email_verified) == ("ada", "ada@example.com", True)
    [exchange] = [request for request in fake.asked if request.url.path == "/token"]
    form = parse_qs(exchange.content.decode())
    assert form["code_verifier"] == [VERIFIER]
    assert form["redirect_uri"] == [CALLBACK]
    assert exchange.headers["authorization"] == "Basic dXM6b3VyJTNBc2VjcmV0"
    assert "client_secret" not in form


def test_a_provider_that_wants_the_secret_in_the_form() -> None:
    fake = FakeProvider(
        id_token=token(), discovery={"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    )
    profile(fake)
    [exchange] = [request for request in fake.asked if request.url.path == "/token"]
    assert parse_qs(exchange.content.decode())["client_secret"] == ["our:secret"]
    assert "authorization" not in exchange.headers


def test_the_address_may_be_told_elsewhere() -> None:
    told = {"sub": "ada", "email": "ada@example.com", "email_verified": "true"}
    found = profile(FakeProvider(id_token=token(email=None, email_verified=None), userinfo=told))
    assert (found.email, found.is_email_verified) == ("ada@example.com", True)
    with pytest.raises(AuthError, match="two different users"):
        profile(FakeProvider(id_token=token(email=None), userinfo={**told, "sub": "eve"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "somebody else"},
        {"aud": ["us", "them"], "azp": "them"},
        {"exp": int(time.time()) - 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"key": OTHER_KEY},
        {"kid": "unknown"},
        {"key": "0" * 64, "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
    ],
)
def test_a_token_that_proves_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(AuthError) as refused:
        profile(FakeProvider(id_token=token(**changes)))
    assert refused.value.code == "bad_oauth_callback"


def test_a_key_that_came_later_is_asked_for_but_not_for_every_token() -> None:
    fake = FakeProvider(id_token=token(kid="unknown"))
    provider = fake.provider()
    for _ in range(3):
        with pytest.raises(AuthError):
            asyncio.run(provider.profile("code", VERIFIER))
    assert len([request for request in fake.asked if request.url.path == "/keys"]) == 1


def test_a_provider_that_claims_to_be_another() -> None:
    with pytest.raises(AuthError, match="says that its issuer is"):
        profile(FakeProvider(id_token=token(), discovery={"issuer": "https://accounts.google.com"}))


def test_an_address_with_a_query_keeps_it() -> None:
    url = asyncio.run(
        FakeProvider()
        .provider()
        .authorization_url("s", VERIFIER, "openid extra", {"prompt": "login", "STATE": "x"})
    )
    query = parse_qs(urlsplit(url).query)
    assert (query["tenant"], query["scope"], query["prompt"]) == (
        ["1"],
        ["openid email profile extra"],
        ["login"],
    )
    assert query["state"] == ["s"] and "STATE" not in query


def test_what_is_kept_of_a_profile() -> None:
    data = profile(FakeProvider(id_token=token(name="Ada", picture="p", secret_thing="x"))).identity_data(
        ISSUER
    )
    assert data["full_name"] == data["name"] == "Ada"
    assert data["avatar_url"] == "p"
    assert data["provider_id"] == data["sub"] == "ada"
    assert "secret_thing" not in json.dumps(data)
