"""Tokens that are not ours, keys where they do not belong, guessing, and knocking too often."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from cliprow.local.gateway.settings import Options
from tests.cluster import Server
from tests.gateway import Gateway, running_gateway
from tests.people import PASSWORD, Person, new_email, renew, request, sign_in, sign_up


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, payload, signature = token.split(".")
    said, claims = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in (header, payload))
    return said, claims, signature


def alg_none(_: Gateway, token: str) -> str:
    header, payload, _sig = parts(token)
    return f"{encoded({**header, 'alg': 'none'})}.{encoded(payload)}."


def alg_none_with_the_signature(_: Gateway, token: str) -> str:
    header, payload, signature = parts(token)
    return f"{encoded({**header, 'alg': 'None'})}.{encoded(payload)}.{signature}"


def hs256_with_the_public_key(gateway: Gateway, token: str) -> str:
    header, payload, _sig = parts(token)
    private = load_pem_private_key(gateway.settings.jwt_private_key.encode(), password=None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    content = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(payload)}"
    mac = hmac.digest(public, content.encode(), hashlib.sha256)
    return f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def edited_claims(_: Gateway, token: str) -> str:
    header, payload, signature = parts(token)
    return f"{encoded(header)}.{encoded({**payload, 'role': 'service_role'})}.{signature}"


def own_key_same_kid(_: Gateway, token: str) -> str:
    header, payload, _sig = parts(token)
    return jwt.encode(payload, ec.generate_private_key(ec.SECP256R1()), "ES256", headers=header)


def own_key_in_the_header(_: Gateway, token: str) -> str:
    header, payload, _sig = parts(token)
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(payload, key, "ES256", headers={**header, "jwk": jwk})


def resigned(**changes: Any) -> Callable[[Gateway, str], str]:
    """With our own key, which only a mistake of ours could do."""

    def forge(gateway: Gateway, token: str) -> str:
        header, payload, _sig = parts(token)
        changed = {name: value for name, value in {**payload, **changes}.items() if value is not None}
        private = load_pem_private_key(gateway.settings.jwt_private_key.encode(), password=None)
        return jwt.encode(changed, private, "ES256", headers={"kid": header["kid"]})  # type: ignore[arg-type]

    return forge


def unknown_kid(gateway: Gateway, token: str) -> str:
    header, payload, _sig = parts(token)
    private = load_pem_private_key(gateway.settings.jwt_private_key.encode(), password=None)
    return jwt.encode(payload, private, "ES256", headers={**header, "kid": "another"})  # type: ignore[arg-type]


def hs256_with_the_secret(gateway: Gateway, token: str) -> str:
    """The older way to sign is off, so its secret is worth nothing."""
    return jwt.encode(parts(token)[1], gateway.settings.jwt_secret, "HS256")


FORGERIES: list[Callable[[Gateway, str], str]] = [
    alg_none,
    alg_none_with_the_signature,
    hs256_with_the_public_key,
    hs256_with_the_secret,
    edited_claims,
    own_key_same_kid,
    own_key_in_the_header,
    unknown_kid,
    resigned(iss="https://elsewhere.example/auth/v1"),
    resigned(iss=None),
    resigned(aud="somebody else"),
    resigned(aud=None),
    resigned(exp=int(time.time()) - 1),
    resigned(exp=None),
    resigned(nbf=int(time.time()) + 3600),
    resigned(sub=None),
    resigned(role="postgres"),
    resigned(role="supabase_admin"),
    resigned(role=None),
]


@pytest.fixture(scope="module")
def victim(gateway: Gateway) -> Person:
    return sign_up(gateway)


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize(("method", "path"), [("GET", "user"), ("PUT", "user"), ("POST", "logout")])
def test_a_forged_token_opens_nothing(
    gateway: Gateway, victim: Person, forge: Callable[[Gateway, str], str], method: str, path: str
) -> None:
    token = forge(gateway, victim.access_token)
    body: Any = {"data": {"owned": True}} if method == "PUT" else None
    answer = request(gateway, method, f"/auth/v1/{path}", token=token, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_jwt")
    assert token not in answer.text
    seen = request(gateway, "GET", "/auth/v1/user", token=victim.access_token)
    assert seen.status_code == 200 and "owned" not in seen.json()["user_metadata"]


def test_a_token_without_a_session_of_its_user_is_refused(gateway: Gateway, victim: Person) -> None:
    eve = sign_up(gateway)
    session = parts(victim.access_token)[1]["session_id"]
    token = resigned(session_id=session)(gateway, eve.access_token)
    assert request(gateway, "GET", "/auth/v1/user", token=token).json()["code"] == "session_not_found"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "." * 5000, "Bearer", "null"])
def test_nonsense_in_place_of_a_token_is_refused(gateway: Gateway, token: str) -> None:
    answer = httpx.get(
        f"{gateway.url}/auth/v1/user",
        headers=[
            (b"apikey", gateway.settings.publishable_key.encode()),
            (b"Authorization", b"Bearer " + token.encode()),
        ],
    )
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize(
    "path", ["/auth/v1/signup", "/auth/v1/token?grant_type=password", "/auth/v1/recover", "/auth/v1/otp"]
)
@pytest.mark.parametrize("key", ["", "sb_publishable_guess", "sb_secret_guess"])
def test_without_a_key_of_the_project_nothing_is_answered(gateway: Gateway, path: str, key: str) -> None:
    answer = httpx.post(
        f"{gateway.url}{path}", json={"email": "a@b.example", "password": PASSWORD}, headers={"apikey": key}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://app.example"},
        {"Origin": "null"},
        {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/auth/v1/admin/users", "/storage/v1/bucket", "/rest/v1/tenants", "/health"]
)
def test_a_secret_key_from_a_browser_is_refused_everywhere(
    gateway: Gateway, headers: dict[str, str], path: str
) -> None:
    secret = gateway.settings.secret_key
    places = [
        {"apikey": secret},
        {"Authorization": f"Bearer {secret}"},
        {"apikey": "x", "authorization": f"bearer  {secret}"},
    ]
    answers = [httpx.get(f"{gateway.url}{path}", headers={**sent, **headers}) for sent in places]
    answers.append(httpx.get(f"{gateway.url}{path}", params={"apikey": secret}, headers=headers))
    for answer in answers:
        assert answer.status_code == 401
        assert "secret API key in a browser" in answer.json()["message"]
        assert secret not in answer.text
        # so that the page's author can read why
        assert "Origin" not in headers or answer.headers["access-control-allow-origin"] == "*"


def test_a_secret_key_opens_no_socket_from_a_browser(gateway: Gateway) -> None:
    url = f"{gateway.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=1.0.0&apikey={gateway.settings.secret_key}"
    connect(url).close()
    with pytest.raises(InvalidStatus) as refused:
        connect(url, origin=Origin("https://app.example"))
    assert refused.value.response.status_code == 401


def test_a_publishable_key_is_for_browsers(gateway: Gateway) -> None:
    answer = request(gateway, "GET", "/auth/v1/settings", headers={"Origin": "https://app.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/v1/admin/users"),
        ("POST", "/auth/v1/admin/users"),
        ("GET", "/auth/v1/admin/users/{id}"),
        ("PUT", "/auth/v1/admin/users/{id}"),
        ("DELETE", "/auth/v1/admin/users/{id}"),
        ("GET", "/auth/v1/admin/users/{id}/factors"),
        ("POST", "/auth/v1/invite"),
        ("POST", "/auth/v1/admin/generate_link"),
    ],
)
def test_administration_is_closed_to_users(gateway: Gateway, victim: Person, method: str, path: str) -> None:
    path = path.format(id=victim.id)
    body: Any = {"email": victim.email, "type": "recovery"} if method in ("POST", "PUT") else None
    for token in (victim.access_token, None):
        answer = request(gateway, method, path, token=token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")


def test_an_unknown_address_takes_as_long_as_a_wrong_password(strong: Gateway) -> None:
    known_email = sign_up(strong).email
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(7):
        for who, email in (("known", known_email), ("unknown", new_email())):
            started = time.perf_counter()
            answer = request(
                strong,
                "POST",
                "/auth/v1/token?grant_type=password",
                json={"email": email, "password": "wrong one"},
            )
            seconds[who].append(time.perf_counter() - started)
            assert answer.json()["code"] == "invalid_credentials"
    known, unknown = (statistics.median(seconds[who]) for who in ("known", "unknown"))
    assert 0.4 < unknown / known < 2.5


@pytest.fixture(scope="module")
def guarded(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with small limits, and the older way to sign."""
    database = server.create("guarded_gateway", migrated_template)
    options = Options(sign_in_limit=4, refresh_limit=3, jwt_algorithm="HS256")
    with running_gateway(server, database, tmp_path_factory.mktemp("guarded"), options) as running:
        yield running
    server.drop(database.name)


def test_who_knocks_too_often_waits(guarded: Gateway) -> None:
    ada = sign_up(guarded)
    for _ in range(3):
        sign_in(guarded, ada.email)
    body = {"email": ada.email, "password": PASSWORD}
    for path in ("/auth/v1/token?grant_type=password", "/auth/v1/signup"):
        # A header that names another address changes nothing.
        answer = request(guarded, "POST", path, json=body, headers={"X-Forwarded-For": "203.0.113.9"})
        assert (answer.status_code, answer.json()["code"]) == (429, "over_request_rate_limit")
        assert 1 <= int(answer.headers["retry-after"]) <= 300
    # Renewing is counted by itself.
    token = ada.refresh_token
    for _ in range(3):
        token = renew(guarded, token).json()["refresh_token"]
    answer = renew(guarded, token)
    assert (answer.status_code, answer.json()["code"]) == (429, "over_request_rate_limit")
    # The secret of older projects signs, and nothing is published.
    header, claims, _sig = parts(ada.access_token)
    assert header["alg"] == "HS256"
    assert (
        jwt.decode(ada.access_token, guarded.settings.jwt_secret, ["HS256"], audience="authenticated")
        == claims
    )
    assert httpx.get(f"{guarded.url}/auth/v1/.well-known/jwks.json").json() == {"keys": []}
    assert request(guarded, "GET", "/auth/v1/user", token=ada.access_token).status_code == 200
    private = load_pem_private_key(guarded.settings.jwt_private_key.encode(), password=None)
    other = jwt.encode(claims, private, "ES256")  # type: ignore[arg-type]
    assert request(guarded, "GET", "/auth/v1/user", token=other).json()["code"] == "bad_jwt"


def test_guessing_a_code_is_limited(guarded: Gateway) -> None:
    answers = [
        request(
            guarded,
            "POST",
            "/auth/v1/verify",
            json={"type": "email", "email": "a@b.example", "token": f"{n:06}"},
        )
        for n in range(6)
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403, 429, 429]


def test_a_server_with_the_secret_key_names_whom_it_asks_for(guarded: Gateway) -> None:
    def knock(key: str | None, address: str) -> int:
        return request(
            guarded,
            "POST",
            "/auth/v1/otp",
            key=key,
            json={"email": new_email(), "create_user": False},
            headers={"Sb-Forwarded-For": address},
        ).status_code

    secret = guarded.settings.secret_key
    # Without the secret key the header is only what somebody says: all come from one address.
    assert [knock(None, f"203.0.113.{n}") for n in range(6)] == [422, 422, 422, 422, 429, 429]
    assert [knock(secret, "203.0.113.77") for _ in range(5)] == [422, 422, 422, 422, 429]
    assert knock(secret, "2001:db8::1") == 422
    assert knock(secret, "nowhere") == 429


def test_keys_are_published_for_ten_minutes(gateway: Gateway) -> None:
    answer = httpx.get(f"{gateway.url}/auth/v1/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=600"
    [key] = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"x"', b"\xff\xfe", b"{" * 100_000, b'{"email":"\\ud800@b.example"}']
)
@pytest.mark.parametrize(
    "path", ["signup", "token?grant_type=password", "recover", "otp", "verify", "resend"]
)
def test_malformed_bodies_are_refused(gateway: Gateway, path: str, content: bytes) -> None:
    answer = request(gateway, "POST", f"/auth/v1/{path}", content=content)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] in ("bad_json", "validation_failed")


def test_an_oversized_body_is_refused(gateway: Gateway) -> None:
    answer = request(gateway, "POST", "/auth/v1/signup", content=b'{"email":"' + b"a" * 2_000_000 + b'"}')
    assert answer.status_code == 413


def test_no_secret_is_logged(gateway: Gateway, victim: Person) -> None:
    log = gateway.log.read_text()
    for secret in (PASSWORD, victim.access_token, victim.refresh_token, gateway.settings.secret_key):
        assert secret not in log


def test_without_its_database_it_says_so_and_goes_on(
    server: Server, bare_template: str, tmp_path: Path
) -> None:
    database = server.create("lost_gateway", bare_template)
    superuser = server.database("postgres").superuser
    with (
        running_gateway(server, database, tmp_path) as running,
        psycopg.connect(superuser, autocommit=True) as cluster,
    ):
        ada = sign_up(running)
        cluster.execute("alter database lost_gateway allow_connections false")
        cluster.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = 'lost_gateway' and usename = 'supabase_auth_admin'"
        )
        answer = request(running, "GET", "/auth/v1/user", token=ada.access_token)
        assert (answer.status_code, answer.json()["code"]) == (503, "unexpected_failure")
        assert httpx.get(f"{running.url}/auth/v1/.well-known/jwks.json").status_code == 200
        cluster.execute("alter database lost_gateway allow_connections true")
        for _ in range(30):
            answer = request(running, "GET", "/auth/v1/user", token=ada.access_token)
            if answer.status_code == 200:
                break
            time.sleep(1)
        assert answer.json()["id"] == ada.id
        log = running.log.read_text()
        assert "GET /auth/v1/user failed in the database" in log
        assert PASSWORD not in log and ada.access_token not in log
    server.drop(database.name)
