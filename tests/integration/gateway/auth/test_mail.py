"""Links and codes by e-mail: confirmation, recovery, sign-in without a password, change of address."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import psycopg
import pytest

from tests.gateway import Gateway
from tests.people import PASSWORD, new_email, read_mail, request, sign_in, sign_up

BACK = "http://127.0.0.1:8000/back?to=here"


def post(gateway: Gateway, path: str, redirect_to: str | None = BACK, **body: Any) -> httpx.Response:
    parameters = {"redirect_to": redirect_to} if redirect_to else None
    return request(gateway, "POST", f"/auth/v1/{path}", json=body, params=parameters)


def follow(link: str) -> tuple[str, dict[str, str]]:
    """Follow a link like a browser: where it leads, and what the page finds in the fragment."""
    answer = httpx.get(link, timeout=60)
    assert answer.status_code == 303, answer.text
    location = urlsplit(answer.headers["location"])
    fragment = {name: values[0] for name, values in parse_qs(location.fragment).items()}
    return location._replace(fragment="").geturl(), fragment


def user_of(gateway: Gateway, token: str) -> dict[str, Any]:
    answer = request(gateway, "GET", "/auth/v1/user", token=token)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def password_works(gateway: Gateway, email: str, password: str = PASSWORD) -> str:
    answer = post(gateway, "token?grant_type=password", None, email=email, password=password)
    return "yes" if answer.status_code == 200 else str(answer.json()["code"])


def test_a_sign_up_waits_for_its_link(confirming: Gateway) -> None:
    email = new_email()
    answer = post(confirming, "signup", email=email, password=PASSWORD)
    assert answer.status_code == 200
    assert "access_token" not in answer.json()
    assert answer.json()["email"] == email
    assert password_works(confirming, email) == "email_not_confirmed"

    [message] = read_mail(confirming, email)
    assert message["subject"] == "Confirm your sign-up"
    place, tokens = follow(message["link"])
    assert place == BACK
    assert tokens["type"] == "signup"
    user = user_of(confirming, tokens["access_token"])
    assert user["email_confirmed_at"]
    assert user["identities"][0]["identity_data"]["email_verified"] is True
    assert password_works(confirming, email) == "yes"


def test_a_link_works_once(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "signup", email=email, password=PASSWORD)
    [message] = read_mail(confirming, email)
    follow(message["link"])
    _, found = follow(message["link"])
    assert found["error_code"] == "otp_expired"
    assert found["error"] == "access_denied"


def test_a_code_can_be_typed_instead(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "signup", email=email, password=PASSWORD)
    [message] = read_mail(confirming, email)
    wrong = post(
        confirming, "verify", type="signup", email=email, token=f"{(int(message['code']) + 1) % 10**6:06}"
    )
    assert (wrong.status_code, wrong.json()["code"]) == (403, "otp_expired")
    other = post(confirming, "verify", type="signup", email=new_email(), token=message["code"])
    assert other.status_code == 403
    right = post(confirming, "verify", type="email", email=email.upper(), token=message["code"])
    assert right.status_code == 200
    assert right.json()["user"]["email"] == email


def test_a_code_of_one_kind_is_none_of_another(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    post(gateway, "recover", email=ada.email)
    [message] = read_mail(gateway, ada.email)
    for kind in ("signup", "invite", "email_change"):
        assert post(gateway, "verify", type=kind, email=ada.email, token=message["code"]).status_code == 403
    assert post(gateway, "verify", type="sms", email=ada.email, token=message["code"]).status_code == 400


def test_signing_up_with_a_taken_address_looks_like_a_new_one(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "signup", email=email, password=PASSWORD)
    follow(read_mail(confirming, email)[0]["link"])
    time.sleep(1.1)
    taken = post(confirming, "signup", email=email, password="another password", data={"a": 1})
    new = post(confirming, "signup", email=new_email(), password="another password", data={"a": 1})
    assert taken.status_code == new.status_code == 200
    assert set(taken.json()) == set(new.json())
    assert taken.json()["user_metadata"] == {"a": 1}
    assert len(read_mail(confirming, email)) == 1
    assert password_works(confirming, email) == "yes"
    assert password_works(confirming, email, "another password") == "invalid_credentials"


def test_an_unconfirmed_user_is_not_changed_by_a_second_sign_up(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "signup", email=email, password=PASSWORD)
    time.sleep(1.1)
    post(confirming, "signup", email=email, password="another password")
    newest, oldest = read_mail(confirming, email)
    assert follow(oldest["link"])[1]["error_code"] == "otp_expired"
    follow(newest["link"])
    assert password_works(confirming, email) == "yes"


def test_recovery_sets_a_new_password_and_ends_other_sessions(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    assert post(gateway, "recover", email=ada.email).json() == {}
    [message] = read_mail(gateway, ada.email)
    _, tokens = follow(message["link"])
    assert tokens["type"] == "recovery"
    answer = request(
        gateway,
        "PUT",
        "/auth/v1/user",
        token=tokens["access_token"],
        json={"password": "a better password"},
    )
    assert answer.status_code == 200
    assert password_works(gateway, ada.email) == "invalid_credentials"
    assert password_works(gateway, ada.email, "a better password") == "yes"
    lost = request(gateway, "GET", "/auth/v1/user", token=ada.access_token)
    assert lost.json()["code"] == "session_not_found"
    assert user_of(gateway, tokens["access_token"])["id"] == ada.id


def test_recovery_tells_nothing_about_who_is_known(gateway: Gateway) -> None:
    ada, nobody = sign_up(gateway), new_email()
    seconds = {}
    for email in (ada.email, nobody):
        started = time.monotonic()
        answer = post(gateway, "recover", email=email)
        seconds[email] = time.monotonic() - started
        assert (answer.status_code, answer.json()) == (200, {})
    assert min(seconds.values()) >= 0.1
    assert len(read_mail(gateway, ada.email)) == 1
    assert read_mail(gateway, nobody) == []
    # Being asked too often is told alike, too.
    assert {post(gateway, "recover", email=email).status_code for email in (ada.email, nobody)} <= {200, 429}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_sign_in_link_makes_users_and_signs_in(gateway: Gateway, is_new: bool) -> None:
    email = new_email() if is_new else sign_up(gateway).email
    assert post(gateway, "otp", email=email, data={"nickname": "Ada"}).json() == {}
    [message] = read_mail(gateway, email)
    assert message["kind"] == "magiclink"
    _, tokens = follow(message["link"])
    assert user_of(gateway, tokens["access_token"])["email"] == email


def test_a_user_that_sql_made_can_sign_in_by_link(gateway: Gateway) -> None:
    """Like the user of the embedded stack, for whom the command line works."""
    email = new_email()
    with psycopg.connect(gateway.database.admin) as connection:
        connection.execute("insert into auth.users (id, email) values (gen_random_uuid(), %s)", [email])
    assert password_works(gateway, email, "") == "invalid_credentials"
    post(gateway, "otp", email=email, create_user=False)
    _, tokens = follow(read_mail(gateway, email)[0]["link"])
    assert user_of(gateway, tokens["access_token"])["role"] == "authenticated"
    assert jwt.decode(tokens["access_token"], options={"verify_signature": False})["tenant_id"]


def test_a_sign_in_link_for_users_only(gateway: Gateway) -> None:
    email = new_email()
    answer = post(gateway, "otp", email=email, create_user=False)
    assert (answer.status_code, answer.json()["code"]) == (422, "otp_disabled")
    assert read_mail(gateway, email) == []


def test_the_link_that_confirms_a_new_address_signs_in(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "otp", email=email)
    [message] = read_mail(confirming, email)
    assert message["kind"] == "signup"
    answer = post(confirming, "verify", type="email", email=email, token=message["code"])
    assert answer.json()["user"]["email_confirmed_at"]


def test_a_confirmation_is_sent_once_more(confirming: Gateway) -> None:
    email = new_email()
    post(confirming, "signup", email=email, password=PASSWORD)
    too_soon = post(confirming, "resend", type="signup", email=email)
    assert (too_soon.status_code, too_soon.json()["code"]) == (429, "over_email_send_rate_limit")
    assert int(too_soon.headers["retry-after"]) >= 1
    time.sleep(1.1)
    assert post(confirming, "resend", type="signup", email=email).json() == {}
    assert len(read_mail(confirming, email)) == 2
    unknown = new_email()
    assert post(confirming, "resend", type="signup", email=unknown).json() == {}
    assert read_mail(confirming, unknown) == []


def test_a_new_address_counts_when_it_is_confirmed(gateway: Gateway) -> None:
    ada, new = sign_up(gateway), new_email()
    answer = request(
        gateway,
        "PUT",
        "/auth/v1/user",
        token=ada.access_token,
        json={"email": new},
        params={"redirect_to": BACK},
    )
    assert (answer.json()["email"], answer.json()["new_email"]) == (ada.email, new)
    assert read_mail(gateway, ada.email) == []
    [message] = read_mail(gateway, new)
    _, tokens = follow(message["link"])
    user = user_of(gateway, tokens["access_token"])
    assert user["email"] == new
    assert "new_email" not in user
    assert user["identities"][0]["identity_data"]["email"] == new
    assert password_works(gateway, new) == "yes"


def test_both_addresses_agree_where_addresses_are_confirmed(confirming: Gateway) -> None:
    old, new = new_email("old"), new_email("new")
    post(confirming, "signup", email=old, password=PASSWORD)
    _, tokens = follow(read_mail(confirming, old)[0]["link"])
    request(confirming, "PUT", "/auth/v1/user", token=tokens["access_token"], json={"email": new})
    _, half = follow(read_mail(confirming, new)[0]["link"])
    assert half["message"].startswith("Confirmation link accepted")
    assert user_of(confirming, tokens["access_token"])["email"] == old
    follow(read_mail(confirming, old)[0]["link"])
    assert user_of(confirming, tokens["access_token"])["email"] == new


def test_an_address_of_another_user_is_refused(gateway: Gateway) -> None:
    ada, eve = sign_up(gateway), sign_up(gateway)
    answer = request(gateway, "PUT", "/auth/v1/user", token=eve.access_token, json={"email": ada.email})
    assert (answer.status_code, answer.json()["code"]) == (422, "email_exists")


def test_a_new_password_ends_other_sessions_and_pending_links(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    other = sign_in(gateway, ada.email)
    post(gateway, "recover", email=ada.email)
    body = {"password": "a better password"}
    assert request(gateway, "PUT", "/auth/v1/user", token=ada.access_token, json=body).status_code == 200
    assert request(gateway, "GET", "/auth/v1/user", token=ada.access_token).status_code == 200
    assert request(gateway, "GET", "/auth/v1/user", token=other.access_token).status_code == 403
    _, found = follow(read_mail(gateway, ada.email)[0]["link"])
    assert found["error_code"] == "otp_expired"
    same = request(gateway, "PUT", "/auth/v1/user", token=ada.access_token, json=body)
    assert (same.status_code, same.json()["code"]) == (422, "same_password")
    weak = request(gateway, "PUT", "/auth/v1/user", token=ada.access_token, json={"password": "weak"})
    assert (weak.status_code, weak.json()["weak_password"]) == (422, {"reasons": ["length"]})


def test_own_metadata_is_merged_and_no_other_can_be_written(gateway: Gateway) -> None:
    ada = sign_up(gateway, a=1, b=2)
    answer = request(
        gateway, "PUT", "/auth/v1/user", token=ada.access_token, json={"data": {"b": None, "c": 3}}
    )
    assert answer.json()["user_metadata"] == {"a": 1, "c": 3, "email_verified": True}
    answer = request(
        gateway, "PUT", "/auth/v1/user", token=ada.access_token, json={"app_metadata": {"plan": "premium"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")


def test_links_for_a_change_of_address_by_an_administrator(gateway: Gateway) -> None:
    ada, new = sign_up(gateway), new_email()
    body = {"type": "email_change_new", "email": ada.email, "new_email": new, "redirect_to": BACK}
    key = gateway.settings.secret_key
    made = request(gateway, "POST", "/auth/v1/admin/generate_link", key=key, json=body).json()
    assert made["verification_type"] == "email_change_new"
    place, tokens = follow(made["action_link"])
    assert place == BACK
    assert user_of(gateway, tokens["access_token"])["email"] == new
    taken = request(
        gateway,
        "POST",
        "/auth/v1/admin/generate_link",
        key=key,
        json={**body, "email": new, "new_email": sign_up(gateway).email},
    )
    assert (taken.status_code, taken.json()["code"]) == (422, "email_exists")


def test_reauthentication_sends_a_code_without_a_link(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    assert request(gateway, "GET", "/auth/v1/reauthenticate", token=ada.access_token).json() == {}
    [message] = read_mail(gateway, ada.email)
    assert message["link"] is None and len(message["code"]) == 6


class TestMailbox:
    def test_pages_show_messages_escaped(self, gateway: Gateway) -> None:
        ada = sign_up(gateway)
        post(gateway, "recover", email=ada.email, redirect_to="http://127.0.0.1:8000/?a=1&b=<script>")
        [message] = read_mail(gateway, ada.email)
        listing = httpx.get(f"{gateway.url}/mail")
        assert f'<a href="/mail/{message["id"]}">Reset your password</a>' in listing.text
        page = httpx.get(f"{gateway.url}/mail/{message['id']}")
        assert page.headers["content-type"].startswith("text/html")
        assert message["code"] in page.text
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert httpx.get(f"{gateway.url}/mail/{ada.id}").status_code == 404

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Host": "evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
        ],
    )
    def test_strangers_cannot_read_it(self, gateway: Gateway, headers: dict[str, str]) -> None:
        for path in ("/mail", "/mail/messages"):
            assert httpx.get(f"{gateway.url}{path}", headers=headers).status_code == 403
        assert httpx.request("DELETE", f"{gateway.url}/mail/messages", headers=headers).status_code == 403
