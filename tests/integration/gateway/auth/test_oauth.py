"""Sign-in at an OpenID provider, played by `oidc-provider-mock`."""

from __future__ import annotations

import base64
import hashlib
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from cliprow.local.gateway.settings import OAuthProvider, Options
from tests.cluster import Server
from tests.gateway import Gateway, running_gateway
from tests.people import PASSWORD, new_email, read_mail, request, sign_up

#: The provider's own code warns of its libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BACK = "http://127.0.0.1:8000/back"


@dataclass(frozen=True)
class Elsewhere:
    """The provider, where people have accounts too."""

    url: str

    def add(self, subject: str, **claims: Any) -> str:
        """Somebody who has an account there."""
        assert httpx.put(f"{self.url}/users/{subject}", json=claims).status_code == 204
        return subject


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with warnings.catch_warnings(record=True):  # of the libraries that it uses
        import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield Elsewhere(f"http://localhost:{server.server_port}")


def _options(elsewhere: Elsewhere, **options: Any) -> Options:
    return Options(
        oauth={
            "keycloak": OAuthProvider(
                issuer=elsewhere.url, client_id="cliprow", client_secret="secret of ours"
            ),
            "google": OAuthProvider(issuer="http://127.0.0.1:9", client_id="x", client_secret="x"),
        },
        sign_in_limit=1_000_000,
        refresh_limit=1_000_000,
        **options,
    )


@pytest.fixture(scope="module")
def linked(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere
) -> Iterator[Gateway]:
    """A gateway with a provider, which trusts addresses."""
    database = server.create("linked_gateway", migrated_template)
    with running_gateway(server, database, tmp_path_factory.mktemp("linked"), _options(elsewhere)) as running:
        yield running
    server.drop(database.name)


@pytest.fixture(scope="module")
def strict(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere
) -> Iterator[Gateway]:
    """A gateway with a provider, which wants addresses confirmed."""
    database = server.create("strict_gateway", migrated_template)
    options = _options(elsewhere, confirm_email=True)
    with running_gateway(server, database, tmp_path_factory.mktemp("strict"), options) as running:
        yield running
    server.drop(database.name)


def begin(gateway: Gateway, **parameters: str) -> str:
    """The provider's address that a click on "sign in with ..." leads to."""
    answer = httpx.get(
        f"{gateway.url}/auth/v1/authorize",
        params={"provider": "keycloak", "redirect_to": BACK, **parameters},
        timeout=60,
    )
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def consent(authorization_url: str, subject: str) -> str:
    """Agree at the provider, which leads back to the gateway's callback."""
    answer = httpx.post(authorization_url, data={"sub": subject}, timeout=60)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def finish(callback_url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Where the gateway leads on to: place, query, fragment."""
    answer = httpx.get(callback_url, timeout=60)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    query, fragment = (
        {name: values[0] for name, values in parse_qs(text).items()} for text in (parts.query, parts.fragment)
    )
    return parts._replace(query="", fragment="").geturl(), query, fragment


def sign_in_elsewhere(gateway: Gateway, subject: str) -> dict[str, str]:
    place, _, fragment = finish(consent(begin(gateway), subject))
    assert place == BACK
    return fragment


def user_of(gateway: Gateway, fragment: dict[str, str]) -> dict[str, Any]:
    answer = request(gateway, "GET", "/auth/v1/user", token=fragment["access_token"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_somebody_new_gets_user_and_tenant(linked: Gateway, elsewhere: Elsewhere) -> None:
    email = new_email()
    subject = elsewhere.add(
        secrets.token_hex(4), email=email, email_verified=True, name="Ada", picture="http://p/1"
    )
    fragment = sign_in_elsewhere(linked, subject)
    user = user_of(linked, fragment)
    assert user["email"] == email
    assert user["email_confirmed_at"]
    assert user["app_metadata"] == {"provider": "keycloak", "providers": ["keycloak"]}
    assert user["user_metadata"]["full_name"] == "Ada"
    assert user["user_metadata"]["avatar_url"] == "http://p/1"
    assert [each["provider"] for each in user["identities"]] == ["keycloak"]
    assert fragment["provider_token"]
    with psycopg.connect(linked.database.superuser) as connection:
        found = connection.execute(
            "select count(*) from public.memberships where user_id = %s and role = 'owner'", [user["id"]]
        ).fetchone()
    assert found == (1,)
    assert user_of(linked, sign_in_elsewhere(linked, subject))["id"] == user["id"]


def test_the_request_carries_state_nonce_and_challenge(linked: Gateway) -> None:
    url = begin(
        linked, scopes="phone", prompt="login", nonce="mine", redirect_uri="http://evil.example", State="x"
    )
    query = parse_qs(urlsplit(url).query)
    assert query["client_id"] == ["cliprow"]
    assert query["redirect_uri"] == [f"{linked.url}/auth/v1/callback"]
    assert query["scope"] == ["openid email profile phone"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["prompt"] == ["login"]
    assert len(query["nonce"]) == 1 and query["nonce"] != ["mine"]
    assert "State" not in query
    again = parse_qs(urlsplit(begin(linked)).query)
    for name in ("state", "nonce", "code_challenge"):
        assert query[name] != again[name]


def test_a_proved_address_links_to_the_account_that_has_it(linked: Gateway, elsewhere: Elsewhere) -> None:
    ada = sign_up(linked)
    subject = elsewhere.add(secrets.token_hex(4), email=ada.email.upper(), email_verified=True)
    user = user_of(linked, sign_in_elsewhere(linked, subject))
    assert user["id"] == ada.id
    assert user["app_metadata"]["providers"] == ["email", "keycloak"]


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "yes"}])
def test_an_address_that_is_only_claimed_links_to_nothing(
    linked: Gateway, elsewhere: Elsewhere, claims: dict[str, Any]
) -> None:
    ada = sign_up(linked)
    subject = elsewhere.add(secrets.token_hex(4), email=ada.email, **claims)
    fragment = sign_in_elsewhere(linked, subject)
    assert fragment["error_code"] == "provider_email_needs_verification"
    assert "access_token" not in fragment
    answer = request(linked, "GET", "/auth/v1/user", token=ada.access_token)
    assert [each["provider"] for each in answer.json()["identities"]] == ["email"]


def test_a_claimed_address_must_be_confirmed_where_addresses_are(
    strict: Gateway, elsewhere: Elsewhere
) -> None:
    email = new_email()
    subject = elsewhere.add(secrets.token_hex(4), email=email)
    assert sign_in_elsewhere(strict, subject)["error_code"] == "provider_email_needs_verification"
    [message] = read_mail(strict, email)
    httpx.get(message["link"], timeout=60)
    assert user_of(strict, sign_in_elsewhere(strict, subject))["email"] == email


def test_the_owner_of_an_address_locks_out_who_signed_up_with_it_before(
    strict: Gateway, elsewhere: Elsewhere
) -> None:
    email = new_email()
    body = {"email": email, "password": PASSWORD, "data": {"nickname": "not me"}}
    assert request(strict, "POST", "/auth/v1/signup", json=body).status_code == 200
    [trap] = read_mail(strict, email)
    subject = elsewhere.add(secrets.token_hex(4), email=email, email_verified=True, name="Ada")
    user = user_of(strict, sign_in_elsewhere(strict, subject))
    assert [each["provider"] for each in user["identities"]] == ["keycloak"]
    assert "nickname" not in user["user_metadata"]
    refused = request(
        strict, "POST", "/auth/v1/token?grant_type=password", json={"email": email, "password": PASSWORD}
    )
    assert refused.json()["code"] == "invalid_credentials"
    assert "error_code=otp_expired" in httpx.get(trap["link"]).headers["location"]


def test_the_client_that_began_exchanges_a_code(linked: Gateway, elsewhere: Elsewhere) -> None:
    subject = elsewhere.add(secrets.token_hex(4), email=new_email(), email_verified=True)
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    url = begin(linked, code_challenge=challenge, code_challenge_method="s256")
    _, query, fragment = finish(consent(url, subject))
    assert "access_token" not in fragment
    exchange = {"auth_code": query["code"], "code_verifier": verifier}
    wrong = request(
        linked, "POST", "/auth/v1/token?grant_type=pkce", json={**exchange, "code_verifier": verifier[::-1]}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_code_verifier")
    right = request(linked, "POST", "/auth/v1/token?grant_type=pkce", json=exchange)
    assert right.status_code == 200
    assert right.json()["provider_token"]
    again = request(linked, "POST", "/auth/v1/token?grant_type=pkce", json=exchange)
    assert (again.status_code, again.json()["code"]) == (404, "flow_state_not_found")


def test_a_callback_works_once(linked: Gateway, elsewhere: Elsewhere) -> None:
    subject = elsewhere.add(secrets.token_hex(4), email=new_email(), email_verified=True)
    url = consent(begin(linked), subject)
    assert "access_token" in finish(url)[2]
    assert finish(url)[2]["error_code"] == "bad_oauth_state"


def test_a_code_of_another_sign_in_is_refused(linked: Gateway, elsewhere: Elsewhere) -> None:
    """Somebody who sends a victim its own code would see the victim in its account: the nonce differs."""
    subject = elsewhere.add(secrets.token_hex(4), email=new_email(), email_verified=True)
    stolen = parse_qs(urlsplit(consent(begin(linked), subject)).query)["code"][0]
    victim = parse_qs(urlsplit(begin(linked)).query)["state"][0]
    fragment = finish(f"{linked.url}/auth/v1/callback?code={stolen}&state={victim}")[2]
    assert fragment["error_code"] == "bad_oauth_callback"
    assert "belongs to another sign-in" in fragment["error_description"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "bad_oauth_callback"),
        ("state=nonsense&code=x", "bad_oauth_state"),
        ("state=00000000-0000-4000-8000-000000000000&code=x", "bad_oauth_state"),
    ],
)
def test_what_did_not_begin_here_is_refused(linked: Gateway, query: str, code: str) -> None:
    place, _, fragment = finish(f"{linked.url}/auth/v1/callback?{query}")
    assert place == linked.settings.options.site_url
    assert fragment["error_code"] == code


def test_a_refusal_at_the_provider_is_told(linked: Gateway) -> None:
    state = parse_qs(urlsplit(begin(linked)).query)["state"][0]
    place, query, _ = finish(
        f"{linked.url}/auth/v1/callback?state={state}&error=access_denied&error_description=No+thanks"
    )
    assert place == BACK
    assert (query["error"], query["error_description"]) == ("access_denied", "No thanks")


def test_unknown_and_unreachable_providers(linked: Gateway) -> None:
    answer = httpx.get(f"{linked.url}/auth/v1/authorize", params={"provider": "nobody"})
    assert answer.status_code == 400
    answer = httpx.get(
        f"{linked.url}/auth/v1/authorize",
        params={"provider": "google"},
        headers={"X-Supabase-Api-Version": "2024-01-01"},
        timeout=60,
    )
    assert answer.status_code == 500
    assert answer.json()["message"] == "google does not answer: ConnectError"


def test_a_place_that_is_not_allowed_is_not_led_to(linked: Gateway, elsewhere: Elsewhere) -> None:
    subject = elsewhere.add(secrets.token_hex(4), email=new_email(), email_verified=True)
    place, _, _ = finish(consent(begin(linked, redirect_to="https://evil.example/"), subject))
    assert place == linked.settings.options.site_url


def test_linking_and_unlinking_by_hand(linked: Gateway, elsewhere: Elsewhere) -> None:
    ada = sign_up(linked)
    other_email = new_email("other")
    subject = elsewhere.add(secrets.token_hex(4), email=other_email, email_verified=True)
    answer = request(
        linked,
        "GET",
        "/auth/v1/user/identities/authorize",
        token=ada.access_token,
        params={"provider": "keycloak", "redirect_to": BACK, "skip_http_redirect": "true"},
    )
    finish(consent(answer.json()["url"], subject))
    user = request(linked, "GET", "/auth/v1/user", token=ada.access_token).json()
    identities = {each["provider"]: each["identity_id"] for each in user["identities"]}
    assert set(identities) == {"email", "keycloak"}
    # The same account elsewhere cannot be linked to somebody else.
    eve = sign_up(linked)
    answer = request(
        linked,
        "GET",
        "/auth/v1/user/identities/authorize",
        token=eve.access_token,
        params={"provider": "keycloak", "redirect_to": BACK, "skip_http_redirect": "true"},
    )
    assert finish(consent(answer.json()["url"], subject))[2]["error_code"] == "identity_already_exists"
    # Eve cannot take Ada's away; Ada can, but not the last one.
    path = "/auth/v1/user/identities/"
    stolen = request(linked, "DELETE", path + identities["email"], token=eve.access_token)
    assert stolen.status_code == 422
    assert request(linked, "DELETE", path + identities["email"], token=ada.access_token).json() == {}
    user = request(linked, "GET", "/auth/v1/user", token=ada.access_token).json()
    assert user["email"] == other_email
    last = request(linked, "DELETE", path + identities["keycloak"], token=ada.access_token)
    assert (last.status_code, last.json()["code"]) == (422, "single_identity_not_deletable")
