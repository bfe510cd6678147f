"""The Python clients, unmodified: `supabase` and `supabase_auth`, blocking and not."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from supabase_auth import AsyncGoTrueClient, SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from supabase import Client, ClientOptions, create_async_client, create_client
from tests.gateway import Gateway
from tests.people import PASSWORD, new_email, read_mail, sign_up

BACK = "http://127.0.0.1:8000/back"


def client(gateway: Gateway, **options: Any) -> Client:
    """A client as an app has it."""
    settings = ClientOptions(auto_refresh_token=False, persist_session=True, **options)
    return create_client(gateway.url, gateway.settings.publishable_key, settings)


def landed(link: str) -> dict[str, str]:
    """Follow a link: what the page that it leads to finds in its address."""
    location = urlsplit(httpx.get(link, timeout=60).headers["location"])
    found = {**parse_qs(location.query), **parse_qs(location.fragment)}
    return {name: values[0] for name, values in found.items()}


def test_sign_up_in_and_out(gateway: Gateway) -> None:
    email = new_email()
    supabase = client(gateway)
    response = supabase.auth.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"nickname": "Ada"}}}
    )
    assert response.session and response.user
    assert response.user.user_metadata["nickname"] == "Ada"
    supabase.auth.sign_out()
    assert supabase.auth.get_session() is None
    response = supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert response.user and response.user.email == email
    found = supabase.auth.get_user()
    assert found and found.user.identities and found.user.identities[0].provider == "email"
    claims = supabase.auth.get_claims()
    assert claims and claims["claims"]["sub"] == response.user.id
    refreshed = supabase.auth.refresh_session()
    assert refreshed.session and response.session
    assert refreshed.session.refresh_token != response.session.refresh_token
    changed = supabase.auth.update_user({"data": {"nickname": "Grace"}})
    assert changed.user.user_metadata["nickname"] == "Grace"
    assert supabase.auth.get_user_identities().identities[0].provider == "email"
    assert supabase.auth.mfa.list_factors().all == []
    supabase.auth.sign_out({"scope": "global"})


def test_refusals_are_the_clients_own_errors(gateway: Gateway) -> None:
    auth = client(gateway).auth
    with pytest.raises(AuthApiError, match="Invalid login credentials") as refused:
        auth.sign_in_with_password({"email": new_email(), "password": PASSWORD})
    assert refused.value.code == "invalid_credentials"
    with pytest.raises(AuthWeakPasswordError) as weak:
        auth.sign_up({"email": new_email(), "password": "weak"})
    assert weak.value.reasons == ["length"]
    with pytest.raises(AuthApiError) as anonymous:
        auth.sign_in_anonymously()
    assert anonymous.value.code == "anonymous_provider_disabled"


def test_a_new_password_by_link(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    auth = client(gateway, flow_type="implicit").auth
    auth.reset_password_for_email(ada.email, {"redirect_to": BACK})
    found = landed(read_mail(gateway, ada.email)[0]["link"])
    auth.set_session(found["access_token"], found["refresh_token"])
    auth.update_user({"password": "a better password"})
    assert auth.sign_in_with_password({"email": ada.email, "password": "a better password"}).user


def test_a_code_instead_of_a_password(gateway: Gateway) -> None:
    email = new_email()
    auth = client(gateway).auth
    auth.sign_in_with_otp({"email": email})
    response = auth.verify_otp(
        {"email": email, "token": read_mail(gateway, email)[0]["code"], "type": "email"}
    )
    assert response.session and response.user and response.user.email == email


@pytest.mark.parametrize("kind", ["signup", "recovery", "magiclink"])
def test_a_link_gives_a_code_to_the_client_that_began(confirming: Gateway, kind: str) -> None:
    """PKCE: the link alone is worth nothing."""
    email = new_email()
    auth = client(confirming, flow_type="pkce").auth
    auth.sign_up({"email": email, "password": PASSWORD, "options": {"email_redirect_to": BACK}})
    if kind != "signup":
        landed(read_mail(confirming, email)[0]["link"])
        time.sleep(1.1)
    if kind == "recovery":
        auth.reset_password_for_email(email, {"redirect_to": BACK})
    elif kind == "magiclink":
        auth.sign_in_with_otp({"email": email, "options": {"email_redirect_to": BACK}})
    message = read_mail(confirming, email)[0]
    assert (message["kind"], message["link"].count("token=pkce_")) == (kind, 1)
    found = landed(message["link"])
    assert "access_token" not in found
    exchange: Any = {"auth_code": found["code"], "redirect_to": BACK}
    with pytest.raises(AuthApiError, match="code challenge does not match") as refused:
        client(confirming).auth.exchange_code_for_session(exchange | {"code_verifier": "x" * 50})
    assert refused.value.code == "bad_code_verifier"
    response = auth.exchange_code_for_session(exchange)
    assert response.session and response.user and response.user.email == email


def test_the_address_of_a_provider(gateway: Gateway) -> None:
    response = client(gateway).auth.sign_in_with_oauth(
        {"provider": "keycloak", "options": {"redirect_to": BACK}}
    )
    assert response.url.startswith(f"{gateway.url}/auth/v1/authorize?")
    assert "provider=keycloak" in response.url
    assert httpx.get(response.url).status_code == 400


def test_administration(gateway: Gateway) -> None:
    supabase = create_client(gateway.url, gateway.settings.secret_key)
    admin, email = supabase.auth.admin, new_email()
    made = admin.create_user(
        {
            "email": email,
            "password": PASSWORD,
            "email_confirm": True,
            "user_metadata": {"a": 1},
            "app_metadata": {"plan": "premium"},
        }
    ).user
    assert made.email_confirmed_at and made.app_metadata["plan"] == "premium"
    assert admin.get_user_by_id(made.id).user.email == email
    assert made.id in [user.id for user in admin.list_users(page=1, per_page=50)]
    person = client(gateway)
    session = person.auth.sign_in_with_password({"email": email, "password": PASSWORD}).session
    assert session
    changed = admin.update_user_by_id(made.id, {"ban_duration": "1h", "user_metadata": {"b": 2}}).user
    assert changed.user_metadata == {"a": 1, "b": 2, "email_verified": True}
    with pytest.raises(AuthApiError) as banned:
        person.auth.refresh_session()
    assert banned.value.code == "user_banned"
    admin.update_user_by_id(made.id, {"ban_duration": "none"})
    person.auth.set_session(session.access_token, session.refresh_token)
    admin.sign_out(session.access_token)
    with pytest.raises(AuthApiError) as gone:
        person.auth.refresh_session()
    assert str(gone.value.code) == "refresh_token_not_found"
    factors: Any = admin.mfa.list_factors({"user_id": made.id})
    assert factors == []
    admin.delete_user(made.id)
    with pytest.raises(AuthApiError) as unknown:
        admin.get_user_by_id(made.id)
    assert unknown.value.code == "user_not_found"


def test_invitations_and_links(gateway: Gateway) -> None:
    admin = create_client(gateway.url, gateway.settings.secret_key).auth.admin
    email = new_email()
    invited = admin.invite_user_by_email(email, {"data": {"team": "x"}, "redirect_to": BACK}).user
    assert invited.invited_at and not invited.email_confirmed_at
    [message] = read_mail(gateway, email)
    assert message["subject"] == "You have been invited"
    found = landed(message["link"])
    auth = client(gateway).auth
    auth.set_session(found["access_token"], found["refresh_token"])
    auth.update_user({"password": "a better password"})
    with pytest.raises(AuthApiError) as taken:
        admin.invite_user_by_email(email)
    assert taken.value.code == "email_exists"

    made = admin.generate_link({"type": "recovery", "email": email, "options": {"redirect_to": BACK}})
    assert made.properties.verification_type == "recovery"
    assert len(read_mail(gateway, email)) == 1
    verified = client(gateway).auth.verify_otp(
        {"token_hash": made.properties.hashed_token, "type": "recovery"}
    )
    assert verified.user and verified.user.email == email
    new = admin.generate_link({"type": "magiclink", "email": new_email()})
    assert new.properties.verification_type == "signup"
    assert "access_token" in landed(new.properties.action_link)
    with pytest.raises(AuthApiError) as unknown:
        admin.generate_link({"type": "recovery", "email": new_email()})
    assert unknown.value.code == "user_not_found"


def test_removing_softly_keeps_the_row_only(gateway: Gateway) -> None:
    ada = sign_up(gateway, nickname="Ada")
    admin = create_client(gateway.url, gateway.settings.secret_key).auth.admin
    admin.delete_user(ada.id, should_soft_delete=True)
    left = admin.get_user_by_id(ada.id).user
    assert ada.email not in left.model_dump_json()
    assert "Ada" not in left.model_dump_json()
    assert sign_up(gateway, ada.email).id != ada.id


def test_administration_needs_the_secret_key(gateway: Gateway) -> None:
    admin = client(gateway).auth.admin
    with pytest.raises(AuthApiError) as refused:
        admin.list_users()
    assert refused.value.code == "not_admin"


def test_the_auth_package_alone(gateway: Gateway) -> None:
    auth = SyncGoTrueClient(
        url=f"{gateway.url}/auth/v1",
        headers={"apikey": gateway.settings.publishable_key},
        auto_refresh_token=False,
    )
    email = new_email()
    assert auth.sign_up({"email": email, "password": PASSWORD}).session
    assert auth.sign_in_with_password({"email": email, "password": PASSWORD}).session


async def _not_blocking(gateway: Gateway) -> None:
    email = new_email()
    auth = AsyncGoTrueClient(
        url=f"{gateway.url}/auth/v1",
        headers={"apikey": gateway.settings.publishable_key},
        auto_refresh_token=False,
    )
    response = await auth.sign_up({"email": email, "password": PASSWORD})
    assert response.session
    refreshed = await auth.refresh_session(response.session.refresh_token)
    assert refreshed.user and refreshed.user.email == email
    await auth.sign_out({"scope": "local"})
    supabase = await create_async_client(gateway.url, gateway.settings.publishable_key)
    signed_in = await supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert signed_in.user and signed_in.user.email == email
    await supabase.auth.sign_out()


def test_without_blocking(gateway: Gateway) -> None:
    asyncio.run(_not_blocking(gateway))
