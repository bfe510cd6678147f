"""Tokens: which are believed, and when the keys are asked for."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from cliprow import auth
from cliprow.auth import Claims, TokenVerifier
from cliprow.errors import Unauthenticated, Unavailable

ISSUER = "https://project.example.org/auth/v1"
SECRET = "a secret of an older project, long enough"
USER, TENANT = uuid.uuid4(), uuid.uuid4()


@dataclass
class Auth:
    """What answers where the keys are, and how often it was asked."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    is_up: bool = True
    asked: int = 0


@pytest.fixture
def project() -> Iterator[Auth]:
    state = Auth()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            self.send_response(200 if state.is_up else 500)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": state.keys}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
        yield state
        server.shutdown()
        thread.join()


class Signer:
    """A signing key of a project."""

    def __init__(self, algorithm: str = "ES256", kid: str = "one") -> None:
        self.algorithm, self.kid = algorithm, kid
        self.key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm == "ES256"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    @property
    def jwk(self) -> dict[str, Any]:
        kind = ECAlgorithm if self.algorithm == "ES256" else RSAAlgorithm
        public: dict[str, Any] = kind.to_jwk(self.key.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, **claims: object) -> str:
        return jwt.encode(payload(**claims), self.key, algorithm=self.algorithm, headers={"kid": self.kid})


def payload(**claims: object) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(USER),
        "tenant_id": str(TENANT),
        "exp": int(time.time()) + 60,
        **claims,
    }


def verify(verifier: TokenVerifier, *tokens: str) -> list[Claims | Exception]:
    """What becomes of tokens, one after another."""

    async def each() -> list[Claims | Exception]:
        found: list[Claims | Exception] = []
        for token in tokens:
            try:
                found.append(await verifier.verify(token))
            except (Unauthenticated, Unavailable) as error:
                found.append(error)
        return found

    return asyncio.run(each())


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_token_says_who_it_is(project: Auth, algorithm: str) -> None:
    signer = Signer(algorithm)
    project.keys = [signer.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    (claims,) = verify(verifier, signer.sign(project_role="editor"))
    assert isinstance(claims, Claims)
    assert (claims.user_id, claims.tenant_id, claims.project_role) == (USER, TENANT, "editor")
    assert json.loads(claims.raw)["sub"] == str(USER)


def test_the_keys_are_asked_for_once(project: Auth) -> None:
    signer = Signer()
    project.keys = [signer.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    found = verify(verifier, *(signer.sign(sub=str(uuid.uuid4())) for _ in range(5)))
    assert all(isinstance(each, Claims) for each in found)
    assert project.asked == 1


def test_a_new_key_is_found_and_a_flood_of_unknown_ones_asks_for_nothing(
    project: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, own = Signer(kid="old"), Signer(kid="new"), Signer(kid="own")
    project.keys = [old.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    assert isinstance(verify(verifier, old.sign())[0], Claims)
    found = verify(verifier, *(own.sign(sub=str(uuid.uuid4())) for _ in range(20)))
    assert all(isinstance(each, Unauthenticated) for each in found)
    assert project.asked == 1
    monkeypatch.setattr(auth, "_FETCH_EVERY_S", 0.0)
    project.keys = [new.jwk]
    assert isinstance(verify(verifier, new.sign())[0], Claims)


def test_a_withdrawn_key_stops_counting(project: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer()
    project.keys = [signer.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    token = signer.sign()
    assert isinstance(verify(verifier, token)[0], Claims)
    project.keys = [Signer(kid="other").jwk]
    for name in ("_KEYS_FRESH_S", "_FETCH_EVERY_S"):
        monkeypatch.setattr(auth, name, 0.0)
    now = time.time() + auth._REMEMBERED_S + 1
    monkeypatch.setattr(time, "time", lambda: now)
    assert isinstance(verify(verifier, token)[0], Unauthenticated)


def test_a_token_is_not_remembered_beyond_its_end(project: Auth) -> None:
    signer = Signer()
    project.keys = [signer.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    token = signer.sign(exp=int(time.time()) + 2)
    assert isinstance(verify(verifier, token)[0], Claims)
    time.sleep(2.1)
    (late,) = verify(verifier, token)
    assert isinstance(late, Unauthenticated)
    assert late.error_code == "TOKEN_EXPIRED"


def test_without_keys_nobody_is_told_that_the_token_is_wrong(project: Auth) -> None:
    signer = Signer()
    project.is_up = False
    verifier = TokenVerifier(ISSUER, project.url)
    (down,) = verify(verifier, signer.sign())
    assert isinstance(down, Unavailable)
    project.keys, project.is_up = [signer.jwk], True
    time.sleep(auth._FETCH_AGAIN_S)
    assert isinstance(verify(verifier, signer.sign())[0], Claims)


def test_known_keys_outlive_an_outage(project: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer()
    project.keys = [signer.jwk]
    verifier = TokenVerifier(ISSUER, project.url)
    verify(verifier, signer.sign())
    project.is_up = False
    monkeypatch.setattr(auth, "_KEYS_FRESH_S", 0.0)
    assert isinstance(verify(verifier, signer.sign(sub=str(uuid.uuid4())))[0], Claims)
    monkeypatch.setattr(auth, "_KEYS_USABLE_S", 0.0)
    assert isinstance(verify(verifier, signer.sign(sub=str(uuid.uuid4())))[0], Unavailable)


def test_a_shared_secret_counts_only_where_it_is_set(project: Auth) -> None:
    project.keys = [Signer().jwk]
    token = jwt.encode(payload(), SECRET, algorithm="HS256")
    assert isinstance(verify(TokenVerifier(ISSUER, project.url, SECRET), token)[0], Claims)
    assert isinstance(verify(TokenVerifier(ISSUER, project.url), token)[0], Unauthenticated)


def test_the_public_key_is_no_secret(project: Auth) -> None:
    """The classic: sign with HS256, with what everybody can read."""
    signer = Signer()
    project.keys = [signer.jwk]
    pem = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = signer.sign().split(".")
    head = base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"one"}').decode()
    # By hand: the library refuses to sign like this.
    signature = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    token = f"{head}.{body}.{base64url_encode(signature).decode()}"
    for verifier in (TokenVerifier(ISSUER, project.url), TokenVerifier(ISSUER, project.url, SECRET)):
        assert isinstance(verify(verifier, token)[0], Unauthenticated)


def test_a_key_verifies_only_its_own_algorithm(project: Auth) -> None:
    signer, rsa_signer = Signer(kid="one"), Signer("RS256", kid="one")
    project.keys = [signer.jwk]
    assert isinstance(verify(TokenVerifier(ISSUER, project.url), rsa_signer.sign())[0], Unauthenticated)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.org/auth/v1"},
        {"aud": "anon"},
        {"role": "service_role"},
        {"role": None},
        {"sub": "1"},
        {"sub": None},
        {"exp": None},
        {"exp": int(time.time()) - 10},
        {"nbf": int(time.time()) + 86_400},
        {"tenant_id": "' or true --"},
    ],
)
def test_a_token_that_is_not_for_this_project_s_users_is_refused(
    project: Auth, claims: dict[str, Any]
) -> None:
    signer = Signer()
    project.keys = [signer.jwk]
    token = jwt.encode(
        {name: value for name, value in payload(**claims).items() if value is not None},
        signer.key,
        algorithm="ES256",
        headers={"kid": "one"},
    )
    (refused,) = verify(TokenVerifier(ISSUER, project.url), token)
    assert isinstance(refused, Unauthenticated)
    assert token not in str(refused)


@pytest.mark.parametrize(
    "token", ["", ".", "a.b.c", "é.é.é", "\ud800", "x" * 20_000, "e30.e30.", "bnVsbA.e30.e30"]
)
def test_what_is_no_token_is_refused(project: Auth, token: str) -> None:
    assert isinstance(verify(TokenVerifier(ISSUER, project.url), token)[0], Unauthenticated)
