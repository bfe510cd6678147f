"""The custom access token hook: called as on a real project, and what happens when it misbehaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import psycopg
import pytest

from cliprow.local.gateway.settings import Options
from tests.cluster import Database, Server
from tests.gateway import Gateway, running_gateway
from tests.people import PASSWORD, Person, new_email, renew, request, sign_in, sign_up

Hook = Callable[[str], None]


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def as_user(database: Database, token: str, statement: str, *values: object) -> Any:
    """Run a statement as the API would for the bearer of a token."""
    with psycopg.connect(database.superuser) as connection:
        connection.execute("set local role authenticated")
        connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims(token))])
        row = connection.execute(statement.encode(), values).fetchone()
    return row and row[0]


class TestOurs:
    """Cliprow's own hook, private.custom_access_token."""

    def test_a_token_names_tenant_and_role(self, gateway: Gateway) -> None:
        said = claims(sign_up(gateway).access_token)
        assert (said["project_role"], said["analytics_scope"]) == ("owner", "tenant")
        with psycopg.connect(gateway.database.superuser) as connection:
            row = connection.execute(
                "select tenant_id::text from public.memberships where user_id = %s", [said["sub"]]
            ).fetchone()
        assert row == (said["tenant_id"],)

    def test_a_switch_counts_for_one_sign_in_from_its_next_token_on(self, gateway: Gateway) -> None:
        ada = sign_up(gateway)
        elsewhere = sign_in(gateway, ada.email)
        own = claims(ada.access_token)["tenant_id"]
        made = as_user(gateway.database, ada.access_token, "select public.create_tenant('Second')")
        second = made["tenant_id"]
        as_user(gateway.database, ada.access_token, "select public.switch_tenant(%s)", second)
        assert claims(renew(gateway, ada.refresh_token).json()["access_token"])["tenant_id"] == second
        assert claims(renew(gateway, elsewhere.refresh_token).json()["access_token"])["tenant_id"] == own
        assert claims(sign_in(gateway, ada.email).access_token)["tenant_id"] == own


@pytest.fixture(scope="module")
def hooked(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway that calls a function which the tests write."""
    database = server.create("hooked_gateway", migrated_template)
    options = Options(claims_hook="public.the_hook", sign_in_limit=1_000_000, refresh_limit=1_000_000)
    with running_gateway(server, database, tmp_path_factory.mktemp("hooked"), options) as running:
        yield running
    server.drop(database.name)


@pytest.fixture
def hook(hooked: Gateway) -> Iterator[Hook]:
    """Writes the body of the hook; it is gone after the test."""

    def write(body: str) -> None:
        with psycopg.connect(hooked.database.admin) as connection:
            connection.execute(
                f"create or replace function public.the_hook(event jsonb) returns jsonb language plpgsql as $$"
                f" begin {body} end $$;"
                " revoke all on function public.the_hook(jsonb) from public;"
                " grant execute on function public.the_hook(jsonb) to supabase_auth_admin".encode()
            )

    yield write
    with psycopg.connect(hooked.database.admin) as connection:
        connection.execute("drop function if exists public.the_hook(jsonb)")


@pytest.fixture(scope="module")
def ada(hooked: Gateway) -> Person:
    """Somebody who signed up while there was no function."""
    return sign_up(hooked)


def attempt(gateway: Gateway, person: Person) -> tuple[int, dict[str, Any]]:
    body = {"email": person.email, "password": PASSWORD}
    answer = request(gateway, "POST", "/auth/v1/token?grant_type=password", json=body)
    return answer.status_code, answer.json()


def sessions(gateway: Gateway, person: Person) -> int:
    with psycopg.connect(gateway.database.superuser) as connection:
        row = connection.execute(
            "select count(*) from auth.sessions where user_id = %s", [person.id]
        ).fetchone()
    assert row
    return int(row[0])


def test_without_the_function_tokens_are_plain(ada: Person) -> None:
    assert "tenant_id" not in claims(ada.access_token)


def test_it_is_given_the_event_as_the_role_of_auth(hooked: Gateway, ada: Person, hook: Hook) -> None:
    hook(
        "return jsonb_build_object('claims', event -> 'claims' || jsonb_build_object("
        " 'event', event - 'claims', 'as', current_user, 'timeout', current_setting('statement_timeout')));"
    )
    signed_in = sign_in(hooked, ada.email)
    said = claims(signed_in.access_token)
    assert said["event"] == {"user_id": ada.id, "authentication_method": "password"}
    assert said["as"] == "supabase_auth_admin"
    assert said["timeout"] == "2s"
    renewed = claims(renew(hooked, signed_in.refresh_token).json()["access_token"])
    assert renewed["event"]["authentication_method"] == "token_refresh"
    assert renewed["session_id"] == said["session_id"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("return null;", 500, "Error unmarshaling JSON output."),
        ("return '[]';", 500, "Error unmarshaling JSON output."),
        ("return '{}';", 500, "output claims field is missing"),
        ("return event #- '{claims,sub}';", 500, "(root): sub is required"),
        ("return jsonb_set(event, '{claims,exp}', '\"soon\"');", 500, "exp: Invalid type"),
        ("return jsonb_set(event, '{claims,is_anonymous}', '0');", 500, "is_anonymous: Invalid type"),
        ("return jsonb_set(event, '{claims,iat}', 'true');", 500, "iat: Invalid type"),
        ("raise exception 'row of somebody else';", 500, "Error running hook URI: pg-functions://postgres/public/the_hook"),
        ("perform 1 / 0; return event;", 500, "Error running hook URI"),
        ("return '{\"error\": {\"http_code\": 403, \"message\": \"Not on Sundays\"}}';", 403, "Not on Sundays"),
        ("return '{\"error\": {\"message\": \"No\"}}';", 500, "No"),
    ],
)  # fmt: skip
def test_a_hook_that_misbehaves_lets_nobody_in(
    hooked: Gateway, ada: Person, hook: Hook, body: str, status: int, message: str
) -> None:
    before = sessions(hooked, ada)
    hook(body)
    found, answer = attempt(hooked, ada)
    assert (found, answer["code"]) == (status, "unexpected_failure")
    assert message in answer["message"]
    assert "somebody else" not in answer["message"]
    assert sessions(hooked, ada) == before


def test_it_has_two_seconds(hooked: Gateway, ada: Person, hook: Hook) -> None:
    hook("perform pg_sleep(30); return event;")
    found, answer = attempt(hooked, ada)
    assert (found, "Error running hook URI" in answer["message"]) == (500, True)


def test_a_function_that_auth_may_not_call_is_an_error(hooked: Gateway, ada: Person, hook: Hook) -> None:
    hook("return event;")
    with psycopg.connect(hooked.database.admin) as connection:
        connection.execute("revoke all on function public.the_hook(jsonb) from supabase_auth_admin")
    assert attempt(hooked, ada)[0] == 500


def test_a_failing_hook_leaves_the_refresh_token_as_it_was(hooked: Gateway, hook: Hook) -> None:
    grace = sign_up(hooked)
    hook("raise exception 'not now';")
    assert renew(hooked, grace.refresh_token).status_code == 500
    hook("return event;")
    renewed = renew(hooked, grace.refresh_token)
    assert renewed.status_code == 200
    assert renew(hooked, renewed.json()["refresh_token"]).status_code == 200


def test_a_failing_hook_keeps_the_new_user(hooked: Gateway, hook: Hook) -> None:
    """As on a real project: the user is there, and can sign in once the hook works."""
    email = new_email()
    hook("raise exception 'not now';")
    answer = request(hooked, "POST", "/auth/v1/signup", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 500
    hook("return event;")
    assert sign_in(hooked, email).email == email


def test_the_role_stays_one_that_the_api_takes(hooked: Gateway, ada: Person, hook: Hook) -> None:
    hook("return jsonb_set(event, '{claims,role}', '\"postgres\"');")
    answer = request(hooked, "GET", "/auth/v1/user", token=sign_in(hooked, ada.email).access_token)
    assert answer.json()["code"] == "bad_jwt"
