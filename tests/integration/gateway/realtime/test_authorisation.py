"""Who may join, what a new token changes, and what happens when a token ends."""

from __future__ import annotations

import time

import jwt
import psycopg
import pytest

from cliprow.local.gateway.keys import Keyring
from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign
from tests.integration.gateway.realtime.raw import raw_socket

PRIVATE = {"private": True}


def reason(answer: list) -> str:  # type: ignore[type-arg]
    assert answer[4]["status"] == "error"
    return str(answer[4]["response"]["reason"])


def test_two_tenants_hear_only_their_own(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    other = f"other-{tenant}"
    with raw_socket(live) as socket:
        assert socket.join(f"tenant:{other}", token=sign(other), **PRIVATE)[4]["status"] == "ok"
        assert "Unauthorized" in reason(socket.join(f"tenant:{tenant}", token=sign(other), **PRIVATE))
        js.join(f"tenant:{tenant}", token=sign(tenant), config=PRIVATE)
        send(f"tenant:{tenant}", "changes", {"for": "tenant"})
        assert js.wait("broadcast")["payload"]["for"] == "tenant"
        send(f"tenant:{other}", "changes", {"for": "other"})
        frames = [socket.connection.recv(5)]
        assert isinstance(frames[0], bytes) and b'"other"' in frames[0]
        js.silent_for(0.3, "broadcast")


def test_a_visitor_is_subject_to_the_policies_and_the_secret_key_is_not(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        assert "Unauthorized" in reason(socket.join(f"tenant:{tenant}", **PRIVATE))
    with raw_socket(live, live.settings.secret_key) as socket:
        assert socket.join(f"tenant:{tenant}", **PRIVATE)[4]["status"] == "ok"


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("nonsense", "MalformedJWT"),
        ("a.b.c", "MalformedJWT"),
        (jwt.encode({"role": "authenticated", "exp": 4_000_000_000, "sub": "x"}, "k" * 32), "MalformedJWT"),
        (jwt.encode({"role": "authenticated", "exp": 4_000_000_000}, "", algorithm="none"), "MalformedJWT"),
    ],
)
def test_tokens_of_others_are_refused(live: Gateway, tenant: str, token: str, says: str) -> None:
    with raw_socket(live) as socket:
        assert reason(socket.join(f"tenant:{tenant}", token=token, **PRIVATE)).startswith(says)


def test_a_token_for_a_role_of_the_database_is_refused(live: Gateway, sign: Sign, tenant: str) -> None:
    with raw_socket(live) as socket:
        for role in ("postgres", "supabase_admin", 'authenticated"; --'):
            answer = socket.join(f"tenant:{tenant}", token=sign(tenant, role=role), **PRIVATE)
            assert reason(answer).startswith("MalformedJWT")


def test_an_expired_token_is_refused(live: Gateway, sign: Sign, tenant: str) -> None:
    with raw_socket(live) as socket:
        answer = socket.join(f"tenant:{tenant}", token=sign(tenant, valid_s=-5), **PRIVATE)
        assert reason(answer) == "InvalidJWTToken: Token has expired"


def test_a_channel_ends_with_its_token(js: JsClient, sign: Sign, tenant: str) -> None:
    js.join(f"tenant:{tenant}", token=sign(tenant, valid_s=8), config=PRIVATE)
    started = time.monotonic()
    said = js.wait("system")
    assert (said["extension"], said["status"]) == ("system", "error")
    assert said["message"] == "Token has expired"
    assert js.wait("status")["status"] == "CLOSED"
    assert time.monotonic() - started < 30


def test_a_refreshed_token_keeps_the_channel(
    js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    js.join(f"tenant:{tenant}", token=sign(tenant, valid_s=8), config=PRIVATE)
    js.do("token", token=sign(tenant))
    js.silent_for(9, "system")
    send(f"tenant:{tenant}", "changes", {"seq": 1})
    assert js.wait("broadcast")["payload"]["seq"] == 1


def test_a_token_that_may_no_longer_read_ends_the_channel(js: JsClient, sign: Sign, tenant: str) -> None:
    js.join(f"tenant:{tenant}", token=sign(tenant), config=PRIVATE)
    js.do("token", token=sign("another"))
    assert js.wait("system")["message"].startswith("You no longer have permission to read")
    assert js.wait("status")["status"] == "CLOSED"


@pytest.mark.parametrize("valid_s", [-5, 600])
def test_a_worthless_refresh_ends_the_channel(live: Gateway, sign: Sign, tenant: str, valid_s: int) -> None:
    token = sign(tenant, valid_s=valid_s) + ("" if valid_s < 0 else "x")
    with raw_socket(live) as socket:
        joined = socket.join(f"tenant:{tenant}", token=sign(tenant), **PRIVATE)
        socket.send(f"realtime:{tenant}", "access_token", {"access_token": token})
        socket.send(f"realtime:tenant:{tenant}", "access_token", {"access_token": token})
        said = socket.event("system")[4]
        assert said["status"] == "error" and token not in said["message"]
        assert socket.event("phx_close")[1] == joined[0]


def test_what_is_no_token_changes_nothing(live: Gateway, sign: Sign, tenant: str) -> None:
    with raw_socket(live) as socket:
        token = sign(tenant)
        socket.join(f"tenant:{tenant}", token=token, **PRIVATE)
        for payload in (
            {"access_token": None},
            {"access_token": live.settings.publishable_key},
            {"access_token": token},
            {"access_token": 5},
            {},
            None,
        ):
            socket.send(f"realtime:tenant:{tenant}", "access_token", payload)
        socket.answer(socket.send("phoenix", "heartbeat", {}))
        assert [frame[3] for frame in socket.seen] == ["phx_reply", "phx_reply"]


def test_the_right_to_send_is_asked_again_after_a_refresh(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    """The first answer is kept, so a policy that changes counts from the next token on."""
    topic = f"room:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True, "broadcast": {"self": True}})
    js.do("send", topic=topic, event="x", payload={"n": 1})
    js.wait("broadcast")
    sql.execute('alter policy "members speak" on realtime.messages with check (false)')
    try:
        js.do("send", topic=topic, event="x", payload={"n": 2})
        assert js.wait("broadcast")["payload"] == {"n": 2}
        js.do("token", token=sign(tenant))
        js.do("send", topic=topic, event="x", payload={"n": 3})
        js.silent_for(0.5, "broadcast")
    finally:
        sql.execute(
            'alter policy "members speak" on realtime.messages with check'
            " (public.is_own((select realtime.topic()), 'room') and extension in ('broadcast', 'presence'))"
        )


def test_policies_see_topic_role_and_claims(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    sql.execute(
        "create policy probe on realtime.messages for select to authenticated using ("
        " realtime.topic() = 'probe:' || auth.uid()::text and current_user = 'authenticated'"
        " and topic = realtime.topic() and extension = 'broadcast' and private"
        " and auth.jwt() ->> 'tenant_id' is not null)"
    )
    try:
        token = sign(tenant)
        user = jwt.decode(token, options={"verify_signature": False})["sub"]
        with raw_socket(live) as socket:
            assert socket.join(f"probe:{user}", token=token, **PRIVATE)[4]["status"] == "ok"
            assert "Unauthorized" in reason(socket.join("probe:somebody", token=token, **PRIVATE))
    finally:
        sql.execute("drop policy probe on realtime.messages")


def test_a_policy_that_fails_lets_nobody_in(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    sql.execute(
        "create policy broken on realtime.messages for select to authenticated"
        " using (case when realtime.topic() like 'broken:%' then (1 / (length(topic) - length(topic))) = 1 end)"
    )
    try:
        with raw_socket(live) as socket:
            assert "Unauthorized" in reason(socket.join("broken:x", token=sign(tenant), **PRIVATE))
            assert socket.join(f"tenant:{tenant}", token=sign(tenant), **PRIVATE)[4]["status"] == "ok"
    finally:
        sql.execute("drop policy broken on realtime.messages")


def test_a_slow_policy_holds_up_only_those_who_ask_it(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    sql.execute(
        "create policy slow on realtime.messages for select to authenticated"
        " using (case when realtime.topic() like 'slow:%' then pg_sleep(20) is not null end)"
    )
    try:
        with raw_socket(live) as slow, raw_socket(live) as quick:
            config = {"config": PRIVATE, "access_token": sign(tenant)}
            ref = slow.send("realtime:slow:x", "phx_join", config)
            assert quick.join(f"tenant:{tenant}", token=sign(tenant), **PRIVATE)[4]["status"] == "ok"
            with pytest.raises(TimeoutError):
                slow.connection.recv(0)
            assert reason(slow.answer(ref)) == "UnableToSetPolicies: Query was cancelled, please try again"
    finally:
        sql.execute("drop policy slow on realtime.messages")


def test_probes_leave_no_rows(live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection) -> None:
    with raw_socket(live) as socket:
        socket.join(f"room:{tenant}", token=sign(tenant), broadcast={"ack": True}, **PRIVATE)
        ref = socket.send(f"realtime:room:{tenant}", "broadcast", {"event": "x", "payload": {}})
        socket.answer(ref)
    with psycopg.connect(live.database.superuser) as connection:
        found = connection.execute(
            "select count(*) from realtime.messages where topic like %s", [f"%{tenant}"]
        )
        assert found.fetchone() == (0,)


def test_tokens_signed_with_the_public_key_are_refused(live: Gateway, tenant: str) -> None:
    keyring = Keyring(live.settings)
    (public,) = keyring.jwks()["keys"]
    claims = {
        "aud": "authenticated",
        "role": "authenticated",
        "sub": "x",
        "exp": 4_000_000_000,
        "tenant_id": tenant,
    }
    forged = jwt.encode(claims, public["x"].ljust(32, "="), algorithm="HS256", headers={"kid": public["kid"]})
    with raw_socket(live) as socket:
        assert reason(socket.join(f"tenant:{tenant}", token=forged, **PRIVATE)).startswith("MalformedJWT")
