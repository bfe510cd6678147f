"""People who have signed up at the tests' gateway."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway import Gateway

PASSWORD = "a good password"


@dataclass(frozen=True)
class Person:
    """Somebody with a tenant of its own, signed in."""

    id: str
    email: str
    access_token: str
    refresh_token: str
    session: dict[str, Any]


def new_email(name: str = "somebody") -> str:
    """An address that nobody has."""
    return f"{name}-{secrets.token_hex(6)}@example.com"


def request(
    gateway: Gateway,
    method: str,
    path: str,
    *,
    token: str | None = None,
    key: str | None = None,
    **options: Any,
) -> httpx.Response:
    """Send a request to the gateway as the clients do."""
    key = key or gateway.settings.publishable_key
    headers = {
        "apikey": key,
        "Authorization": f"Bearer {token or key}",
        "X-Supabase-Api-Version": "2024-01-01",
        **options.pop("headers", {}),
    }
    return httpx.request(method, f"{gateway.url}{path}", headers=headers, timeout=60, **options)


def signed_in(session: dict[str, Any]) -> Person:
    """Whom an answer of Auth gives a session to."""
    user = session["user"]
    return Person(user["id"], user["email"], session["access_token"], session["refresh_token"], session)


def sign_up(gateway: Gateway, email: str | None = None, **data: Any) -> Person:
    """Make a user; `data` becomes its user_metadata."""
    body = {"email": email or new_email(), "password": PASSWORD, "data": data}
    answer = request(gateway, "POST", "/auth/v1/signup", json=body)
    assert answer.status_code == 200, answer.text
    return signed_in(answer.json())


def sign_in(gateway: Gateway, email: str, password: str = PASSWORD) -> Person:
    """Open another session."""
    answer = request(
        gateway, "POST", "/auth/v1/token?grant_type=password", json={"email": email, "password": password}
    )
    assert answer.status_code == 200, answer.text
    return signed_in(answer.json())


def renew(gateway: Gateway, refresh_token: str) -> httpx.Response:
    """Exchange a refresh token."""
    return request(
        gateway,
        "POST",
        "/auth/v1/token?grant_type=refresh_token",
        json={"refresh_token": refresh_token},
    )


def read_mail(gateway: Gateway, email: str) -> list[dict[str, Any]]:
    """What was sent to an address, newest first."""
    answer = httpx.get(f"{gateway.url}/mail/messages", params={"to": email}, timeout=60)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
