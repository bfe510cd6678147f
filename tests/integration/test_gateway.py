"""The gateway as a whole: it starts, answers, and says what it is."""

from __future__ import annotations

import httpx

from tests.gateway import Gateway


def test_it_says_that_it_is_a_development_server(gateway: Gateway) -> None:
    assert "development server" in httpx.get(f"{gateway.url}/health").json()["service"]
    assert "not for production" in gateway.log.read_text()


def test_its_log_holds_no_secrets(gateway: Gateway) -> None:
    log = gateway.log.read_text()
    settings = gateway.settings
    for secret in (settings.secret_key, settings.jwt_secret, settings.jwt_private_key, settings.auth_db):
        assert secret not in log
