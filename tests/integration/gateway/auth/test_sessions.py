"""Sessions: rotation of refresh tokens, their reuse, races, and several devices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from cliprow.local.gateway.auth import refresh_tokens
from tests.gateway import Gateway
from tests.people import Person, renew, request, sign_in, sign_up


def age_session(gateway: Gateway, person: Person, seconds: int) -> None:
    """As if the session had been refreshed so long ago."""
    with psycopg.connect(gateway.database.superuser, autocommit=True) as connection:
        connection.execute(
            "update auth.sessions set refreshed_at = refreshed_at - make_interval(secs => %s) where user_id = %s",
            [seconds, person.id],
        )


def test_refresh_tokens_rotate(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    renewed = renew(gateway, ada.refresh_token).json()
    assert renewed["refresh_token"] != ada.refresh_token
    assert renewed["user"]["id"] == ada.id
    answer = request(gateway, "GET", "/auth/v1/user", token=renewed["access_token"])
    assert answer.status_code == 200


def test_the_parent_of_the_active_token_gives_the_active_one_at_any_time(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    active = renew(gateway, ada.refresh_token).json()["refresh_token"]
    age_session(gateway, ada, 3600)
    assert renew(gateway, ada.refresh_token).json()["refresh_token"] == active
    assert renew(gateway, active).status_code == 200


def test_an_older_token_gives_the_active_one_for_ten_seconds_only(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    second = renew(gateway, ada.refresh_token).json()["refresh_token"]
    third = renew(gateway, second).json()["refresh_token"]
    assert renew(gateway, ada.refresh_token).json()["refresh_token"] == third
    age_session(gateway, ada, 11)
    answer = renew(gateway, ada.refresh_token)
    assert (answer.status_code, answer.json()["code"]) == (400, "refresh_token_already_used")


def test_reuse_ends_the_whole_session_and_no_other(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    elsewhere = sign_in(gateway, ada.email)
    second = renew(gateway, ada.refresh_token).json()
    third = renew(gateway, second["refresh_token"]).json()
    age_session(gateway, ada, 11)
    renew(gateway, ada.refresh_token)
    answer = renew(gateway, third["refresh_token"])
    assert (answer.status_code, answer.json()["code"]) == (400, "refresh_token_not_found")
    answer = request(gateway, "GET", "/auth/v1/user", token=third["access_token"])
    assert (answer.status_code, answer.json()["code"]) == (403, "session_not_found")
    assert renew(gateway, elsewhere.refresh_token).status_code == 200


def test_refreshes_that_cross_agree_on_one_token(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: renew(gateway, ada.refresh_token), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    tokens = {answer.json()["refresh_token"] for answer in answers}
    assert len(tokens) == 1
    assert ada.refresh_token not in tokens


@pytest.mark.parametrize("change", ["session", "counter", "mac"])
def test_a_forged_refresh_token_is_refused(gateway: Gateway, change: str) -> None:
    ada, eve = sign_up(gateway), sign_up(gateway)
    parsed = refresh_tokens.parse(ada.refresh_token)
    other = refresh_tokens.parse(eve.refresh_token)
    assert parsed and other
    with psycopg.connect(gateway.database.superuser) as connection:
        row = connection.execute(
            "select refresh_token_hmac_key from auth.sessions where id = %s", [other.session_id]
        ).fetchone()
    assert row
    forged = {
        "session": refresh_tokens.encode(parsed.session_id, 0, row[0]),
        "counter": refresh_tokens.encode(parsed.session_id, 7, "guess"),
        "mac": ada.refresh_token[:-4] + "AAAA",
    }[change]
    answer = renew(gateway, forged)
    assert (answer.status_code, answer.json()["code"]) == (400, "refresh_token_not_found")
    assert renew(gateway, ada.refresh_token).status_code == 200


@pytest.mark.parametrize("token", ["", "short", "x" * 12, "A" * 5000, "é" * 30, "\u0000"])
def test_what_is_no_refresh_token_is_told_so(gateway: Gateway, token: str) -> None:
    answer = renew(gateway, token)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
