"""What happens when the gateway loses the database's log."""

from __future__ import annotations

import time

import psycopg

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import JsClient
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign
from tests.integration.gateway.realtime.raw import raw_socket

SLOTS = "select count(*) from pg_replication_slots where slot_name like %s and database = current_database()"


def cut(live: Gateway, name: str) -> None:
    """End the gateway's stream of this name, as soon as there is one."""
    deadline = time.monotonic() + 15
    with psycopg.connect(live.database.superuser, autocommit=True) as connection:
        while time.monotonic() < deadline:
            found = connection.execute(
                "select pg_terminate_backend(r.pid) from pg_stat_replication as r"
                " join pg_replication_slots as s on s.active_pid = r.pid"
                " where r.application_name = %s and s.database = current_database() and r.state = 'streaming'",
                [f"cliprow {name}"],
            ).fetchall()
            if found:
                return
            time.sleep(0.02)
    raise AssertionError(f"there was no stream of {name}")


def count(live: Gateway, statement: str, value: str) -> int:
    with psycopg.connect(live.database.superuser, autocommit=True) as connection:
        row = connection.execute(statement, [value]).fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_is_lost_and_nothing_comes_twice(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic = f"tenant:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True})
    for number in range(60):
        if number % 20 == 10:
            cut(live, "realtime_messages")
        send(topic, "changes", {"n": number})
        time.sleep(0.01)
    seen = [js.wait("broadcast")["payload"]["n"] for _ in range(60)]
    assert sorted(seen) == list(range(60))
    js.silent_for(0.5, "broadcast")


def test_what_was_sent_before_somebody_joined_is_not_sent_again(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic = f"tenant:{tenant}"
    send(topic, "changes", {"n": "before"})
    js.join(topic, token=sign(tenant), config={"private": True})
    cut(live, "realtime_messages")
    send(topic, "changes", {"n": "after"})
    assert js.wait("broadcast")["payload"]["n"] == "after"
    js.silent_for(0.3, "broadcast")


def test_only_one_slot_stays(live: Gateway) -> None:
    for _ in range(3):
        cut(live, "realtime_messages")
        time.sleep(0.5)
    deadline = time.monotonic() + 10
    while count(live, SLOTS, "realtime_messages_%") != 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert count(live, SLOTS, "realtime_messages_%") == 1


def test_subscribers_of_changes_join_again(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    """What they missed is lost, so they have to look; an application sees it by the new subscription."""
    js.do("join", topic=tenant, token=sign(tenant), changes=[{"event": "INSERT", "schema": "public"}])
    js.wait(lambda event: event.get("message") == "Subscribed to PostgreSQL")
    cut(live, "realtime_changes")
    js.wait(lambda event: event.get("message") == "The log of the database cannot be read")
    js.wait(lambda event: event.get("status") == "CHANNEL_ERROR")
    js.wait(lambda event: event.get("status") == "SUBSCRIBED")
    js.wait(lambda event: event.get("message") == "Subscribed to PostgreSQL")
    sql.execute("insert into public.notes (tenant_id, title) values (%s, 'after')", [tenant])
    assert js.wait("change")["change"]["new"]["title"] == "after"


def test_the_log_is_confirmed_and_read_only_while_it_is_wanted(
    live: Gateway, sign: Sign, tenant: str
) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant, token=sign(tenant), postgres_changes=[{"event": "*", "schema": "public"}])
        socket.event("system")
        assert count(live, SLOTS, "realtime_changes_%") == 1
    deadline = time.monotonic() + 30
    while count(live, SLOTS, "realtime_changes_%") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert count(live, SLOTS, "realtime_changes_%") == 0
    behind = (
        "select coalesce(max(pg_current_wal_lsn() - confirmed_flush_lsn), 0) from pg_replication_slots"
        " where slot_name like %s and database = current_database()"
    )
    deadline = time.monotonic() + 30
    while count(live, behind, "realtime_messages_%") > 10_000_000 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert count(live, behind, "realtime_messages_%") <= 10_000_000


def test_a_publication_that_comes_back_is_read_again(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic = f"tenant:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True})
    make = "create publication supabase_realtime_messages_publication for table realtime.messages"
    with psycopg.connect(live.database.superuser, autocommit=True) as connection:
        connection.execute("drop publication supabase_realtime_messages_publication")
        try:
            cut(live, "realtime_messages")
            time.sleep(0.5)
            send(topic, "changes", {"n": 1})
            time.sleep(0.3)
        finally:
            connection.execute(make)
    send(topic, "changes", {"n": 2})
    assert {js.wait("broadcast")["payload"]["n"] for _ in range(2)} == {1, 2}


def test_too_long_a_gap_makes_everybody_join_again(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    topic = f"tenant:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True})
    with psycopg.connect(live.database.superuser, autocommit=True) as connection:
        connection.execute("drop publication supabase_realtime_messages_publication")
        try:
            cut(live, "realtime_messages")
            connection.execute(
                "insert into realtime.messages (topic, extension, event, payload, private)"
                " select %s, 'broadcast', 'changes', '{}', true from generate_series(1, 5001)",
                [topic],
            )
        finally:
            connection.execute(
                "create publication supabase_realtime_messages_publication for table realtime.messages"
            )
    js.wait(lambda event: event.get("status") == "CHANNEL_ERROR")
    js.wait(lambda event: event.get("status") == "SUBSCRIBED")
    send(topic, "changes", {"n": "after"})
    assert js.wait("broadcast")["payload"]["n"] == "after"


def test_lost_connections_are_replaced_before_they_are_used(live: Gateway, sign: Sign, tenant: str) -> None:
    """As after a restart of the database: the first to join does not notice."""
    with raw_socket(live) as socket:
        for _ in range(3):
            with psycopg.connect(live.database.superuser) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'cliprow realtime' and datname = current_database()"
                )
            answer = socket.join(f"tenant:{tenant}", token=sign(tenant), private=True)
            assert answer[4]["status"] == "ok"
