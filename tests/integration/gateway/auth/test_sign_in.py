"""Sign-up, sign-in by password, sign-out: what the tokens say and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import psycopg
import pytest
from argon2 import PasswordHasher

from tests.gateway import Gateway
from tests.people import PASSWORD, new_email, request, sign_in, sign_up


def claims(gateway: Gateway, token: str) -> dict[str, Any]:
    """What a token says, verified as any service would: by the published key."""
    keys = jwt.PyJWKClient(f"{gateway.url}/auth/v1/.well-known/jwks.json")
    return dict(
        jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["ES256"],
            audience="authenticated",
            issuer=f"{gateway.url}/auth/v1",
        )
    )


def test_sign_up_makes_user_tenant_and_owner(gateway: Gateway) -> None:
    ada = sign_up(gateway, tenant_name="Analytical Engines")
    with psycopg.connect(gateway.database.superuser) as connection:
        row = connection.execute(
            """
            select t.name, m.role, i.provider, u.raw_user_meta_data ->> 'tenant_name'
            from auth.users as u
            join auth.identities as i on i.user_id = u.id
            join public.memberships as m on m.user_id = u.id
            join public.tenants as t on t.id = m.tenant_id
            where u.id = %s
            """,
            [ada.id],
        ).fetchall()
    assert row == [("Analytical Engines", "owner", "email", "Analytical Engines")]


def test_a_token_says_who_and_how(gateway: Gateway) -> None:
    email = new_email("Grace.Hopper")
    sign_up(gateway, email, nickname="Grace")
    grace = sign_in(gateway, email.upper())
    said = claims(gateway, grace.access_token)
    assert said["sub"] == grace.id
    assert said["email"] == email.lower()
    assert said["role"] == said["aud"] == "authenticated"
    assert said["user_metadata"] == {"nickname": "Grace", "email_verified": True}
    assert said["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert said["aal"] == "aal1"
    assert said["amr"] == [{"method": "password", "timestamp": pytest.approx(said["iat"], abs=3)}]
    assert said["is_anonymous"] is False
    assert said["phone"] == ""
    assert said["exp"] - said["iat"] == grace.session["expires_in"] == 3600
    assert grace.session["expires_at"] == said["exp"]
    assert grace.session["token_type"] == "bearer"


def test_wrong_password_and_unknown_address_are_told_alike(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    answers = [
        request(
            gateway,
            "POST",
            "/auth/v1/token?grant_type=password",
            json={"email": email, "password": "wrong one"},
        )
        for email in (ada.email, new_email())
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert (
        answers[0].json()
        == answers[1].json()
        == {
            "code": "invalid_credentials",
            "message": "Invalid login credentials",
        }
    )
    assert answers[0].headers["x-supabase-api-version"] == "2024-01-01"


def test_an_address_signs_up_once(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    answer = request(
        gateway, "POST", "/auth/v1/signup", json={"email": ada.email.title(), "password": PASSWORD}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "user_already_exists")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "a@example.com", "password": "short"}, 422, "weak_password"),
        ({"email": "a@example.com", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "a@example.com"}, 400, "validation_failed"),
        ({"email": "no address", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": f"{'a' * 250}@example.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a\u0000@example.com", "password": PASSWORD}, 400, "validation_failed"),
        (
            {"email": "nul@example.com", "password": PASSWORD, "data": {"a": "\u0000"}},
            400,
            "validation_failed",
        ),
        ({"email": ["a@example.com"], "password": PASSWORD}, 400, "bad_json"),
        ({"phone": "+4912345678", "password": PASSWORD}, 400, "phone_provider_disabled"),
        ({}, 422, "anonymous_provider_disabled"),
    ],
)
def test_sign_up_refuses(gateway: Gateway, body: dict[str, Any], status: int, code: str) -> None:
    answer = request(gateway, "POST", "/auth/v1/signup", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["x-sb-error-code"] == code


def test_a_weak_password_is_told_with_reasons(gateway: Gateway) -> None:
    answer = request(gateway, "POST", "/auth/v1/signup", json={"email": new_email(), "password": "short"})
    assert answer.json()["weak_password"] == {"reasons": ["length"]}


def test_old_clients_get_the_old_error_shape(gateway: Gateway) -> None:
    answer = request(gateway, "POST", "/auth/v1/signup", json={}, headers={"X-Supabase-Api-Version": ""})
    assert answer.json() == {
        "code": 422,
        "error_code": "anonymous_provider_disabled",
        "msg": "Anonymous sign-ins are disabled",
    }


@pytest.mark.parametrize(
    ("scope", "left"), [("global", []), ("local", ["other"]), ("others", ["this"]), (None, [])]
)
def test_sign_out_ends_sessions_by_scope(gateway: Gateway, scope: str | None, left: list[str]) -> None:
    this = sign_up(gateway)
    other = sign_in(gateway, this.email)
    answer = request(
        gateway, "POST", "/auth/v1/logout" + (f"?scope={scope}" if scope else ""), token=this.access_token
    )
    assert answer.status_code == 204
    alive = [
        name
        for name, person in (("this", this), ("other", other))
        if request(gateway, "GET", "/auth/v1/user", token=person.access_token).status_code == 200
    ]
    assert alive == left


def test_a_signed_out_token_is_told_that_its_session_is_gone(gateway: Gateway) -> None:
    ada = sign_up(gateway)
    request(gateway, "POST", "/auth/v1/logout", token=ada.access_token)
    answer = request(gateway, "GET", "/auth/v1/user", token=ada.access_token)
    assert (answer.status_code, answer.json()["code"]) == (403, "session_not_found")


def test_of_many_sign_ups_with_one_address_one_succeeds(gateway: Gateway) -> None:
    body = {"email": new_email(), "password": PASSWORD}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: request(gateway, "POST", "/auth/v1/signup", json=body), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422, 422]


def test_user_tenant_and_membership_are_made_together_or_not_at_all(gateway: Gateway) -> None:
    email = new_email("unlucky")
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(
            """
            create function public.refuse_the_unlucky() returns trigger language plpgsql as $$
            begin
                if exists (select from auth.users where id = new.user_id and email like 'unlucky-%') then
                    raise exception 'no luck for the secret one';
                end if;
                return new;
            end $$;
            create trigger refuse_the_unlucky before insert on public.memberships
            for each row execute function public.refuse_the_unlucky();
            """
        )
        try:
            answer = request(gateway, "POST", "/auth/v1/signup", json={"email": email, "password": PASSWORD})
        finally:
            connection.execute("drop function public.refuse_the_unlucky cascade")
    assert answer.status_code == 500
    assert answer.json() == {"code": "unexpected_failure", "message": "Database error saving new user"}
    with psycopg.connect(gateway.database.superuser) as connection:
        found = connection.execute(
            "select (select count(*) from auth.users where email = %s),"
            " (select count(*) from public.tenants where name = split_part(%s, '@', 1))",
            [email, email],
        ).fetchone()
    assert found == (0, 0)
    assert sign_up(gateway, email).email == email


def test_a_hash_that_was_brought_along_works_and_is_made_anew(strong: Gateway) -> None:
    email = new_email()
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    key = strong.settings.secret_key
    body = {"email": email, "email_confirm": True, "password_hash": cheap}
    assert request(strong, "POST", "/auth/v1/admin/users", key=key, json=body).status_code == 200
    other = {"email": new_email(), "password_hash": "$2b$10$abcdefghijklmnopqrstuv"}
    refused = request(strong, "POST", "/auth/v1/admin/users", key=key, json=other)
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_failed")
    sign_in(strong, email)
    with psycopg.connect(strong.database.superuser) as connection:
        row = connection.execute(
            "select encrypted_password from auth.users where email = %s", [email]
        ).fetchone()
    assert row and row[0].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    sign_in(strong, email)
