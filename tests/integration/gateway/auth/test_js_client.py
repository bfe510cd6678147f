"""supabase-js, unmodified, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gateway import Gateway

SCRIPT = Path(__file__).parents[1] / "js" / "auth.mjs"
ROOT = Path(__file__).parents[4]

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "@supabase" / "supabase-js").exists(), reason="`npm install` has not run"
    ),
]


def play(gateway: Gateway, scenario: str, key: str | None = None) -> dict[str, Any]:
    """What a scenario of the script saw."""
    done = subprocess.run(
        ["node", str(SCRIPT), scenario, gateway.url, key or gateway.settings.publishable_key],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_password(gateway: Gateway) -> None:
    assert play(gateway, "password") == {
        "sameUser": True,
        "verifiedHere": "ES256",
        "rotated": True,
        "nickname": ["Ada", "Grace"],
        "user": True,
        "identities": ["email"],
        "factors": [],
        "level": "aal1",
        "events": [
            "INITIAL_SESSION",
            "SIGNED_IN",
            "SIGNED_OUT",
            "SIGNED_IN",
            "TOKEN_REFRESHED",
            "USER_UPDATED",
        ],
    }


def test_refusals(gateway: Gateway) -> None:
    seen = play(gateway, "refusals")
    codes = {name: (told["name"], told.get("code"), told.get("status")) for name, told in seen.items()}
    assert codes == {
        "wrong": ("AuthApiError", "invalid_credentials", 400),
        "unknown": ("AuthApiError", "invalid_credentials", 400),
        "weak": ("AuthWeakPasswordError", "weak_password", 422),
        "taken": ("AuthApiError", "user_already_exists", 422),
        "same": ("AuthApiError", "same_password", 422),
        "anonymous": ("AuthApiError", "anonymous_provider_disabled", 422),
        "nobody": ("AuthSessionMissingError", None, 400),
        "forged": ("AuthApiError", "bad_jwt", 403),
        "refresh": ("AuthApiError", "validation_failed", 400),
        "factor": ("AuthApiError", "mfa_totp_enroll_not_enabled", 422),
    }
    assert seen["weak"]["reasons"] == ["length"]


def test_devices(gateway: Gateway) -> None:
    seen = play(gateway, "devices")
    assert seen["phone"] is None
    assert seen["laptop"]["name"] == "AuthSessionMissingError"


def test_refreshes_of_many_tabs(gateway: Gateway) -> None:
    assert play(gateway, "races") == {"errors": 0, "tokens": 1}


def test_links(gateway: Gateway) -> None:
    seen = play(gateway, "links")
    assert seen == {
        "place": "http://127.0.0.1:8000/back",
        "tokensInLink": "",
        "elsewhere": seen["elsewhere"],
        "here": True,
        "verified": True,
        "wrong": {"name": "AuthApiError", "code": "otp_expired", "status": 403},
        "type": "recovery",
        "better": True,
    }
    assert seen["elsewhere"]


def test_administration(gateway: Gateway) -> None:
    seen = play(gateway, "administration", gateway.settings.secret_key)
    assert seen.pop("gone")["code"] == "user_not_found"
    assert seen.pop("browser")["status"] == 401
    assert seen == {
        "confirmed": True,
        "listed": True,
        "plan": "premium",
        "link": "magiclink",
        "landed": True,
        "invited": True,
        "removed": True,
    }
