"""Who may call at all."""

from __future__ import annotations

import time
import uuid
from typing import Any

import jwt
import pytest

from tests.integration.api.conftest import Api, sign


def call_with(api: Api, token: str) -> Any:
    return api.call("GET", "/projects", headers={"Authorization": f"Bearer {token}"})


def test_nobody_may_call_without_a_token(api: Api) -> None:
    answer = api.call("GET", "/projects")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 60},
        {"iss": "https://elsewhere.example.org/auth/v1"},
        {"aud": "somebody else"},
        {"role": "service_role"},
        {"role": "anon"},
        {"sub": "not an id"},
        {"tenant_id": "not an id"},
        {"exp": None},
    ],
)
def test_a_token_that_is_not_a_user_s_is_refused(ann: Api, claims: dict[str, object]) -> None:
    assert ann.person is not None
    answer = call_with(ann, sign(ann.gateway, ann.person, **claims))
    assert answer.status_code == 401
    assert answer.json()["code"] in ("token_invalid", "token_expired")


@pytest.mark.parametrize("kind", ["alg none", "another secret", "edited", "garbage", "long"])
def test_a_forged_token_is_refused(ann: Api, kind: str) -> None:
    assert ann.person is not None
    real = sign(ann.gateway, ann.person)
    payload = jwt.decode(real, options={"verify_signature": False})
    header, _, signature = real.split(".")
    other_tenant = jwt.encode(payload | {"tenant_id": str(uuid.uuid4())}, "x" * 32).split(".")[1]
    forged = {
        "alg none": jwt.encode(payload, "", algorithm="none"),
        "another secret": jwt.encode(payload, "0" * 32, algorithm="HS256"),
        "edited": f"{header}.{other_tenant}.{signature}",
        "garbage": "a.b.c",
        "long": "a" * 20_000,
    }[kind]
    assert call_with(ann, real).status_code == 200
    assert call_with(ann, forged).status_code in (401, 431)


def test_a_user_without_a_tenant_is_told_what_to_do(api: Api) -> None:
    problem = api.as_(api.world.sign_up("carl"), tenant_id=None).get("/projects", 403)
    assert problem["code"] == "no_tenant"
