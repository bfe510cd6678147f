"""Changed rows reach those who want them and may see them."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import Event, JsClient, js_client
from tests.integration.gateway.realtime.conftest import Sign
from tests.integration.gateway.realtime.raw import RawSocket, raw_socket

NOTES = {"schema": "public", "table": "notes"}


def subscribed(event: Event) -> bool:
    return (event["saw"], event.get("message")) == ("system", "Subscribed to PostgreSQL")


def follow(client: JsClient, topic: str, token: str, *changes: dict[str, Any]) -> None:
    client.do("join", topic=topic, token=token, changes=list(changes))
    client.wait(subscribed)


def insert(sql: psycopg.Connection, tenant: str, title: str, **values: object) -> int:
    columns = {"tenant_id": tenant, "title": title, **values}
    row = sql.execute(
        f"insert into public.notes ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))}) returning id",
        list(columns.values()),
    ).fetchone()
    assert row is not None
    return int(row[0])


def raw_follow(socket: RawSocket, topic: str, token: str | None, *changes: dict[str, Any]) -> list[int]:
    answer = socket.join(topic, token=token, postgres_changes=list(changes))
    ids = [each["id"] for each in answer[4]["response"]["postgres_changes"]]
    assert [{**each, "id": id_} for each, id_ in zip(changes, ids, strict=True)] == answer[4]["response"][
        "postgres_changes"
    ]
    socket.event("system")
    return ids


def test_a_row_from_its_beginning_to_its_end(
    js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    follow(js, tenant, sign(tenant), {"event": "*", **NOTES})
    id_ = insert(sql, tenant, "first", priority=3, price="1.50", is_done=False, secret="hidden")
    made = js.wait("change")["change"]
    sql.execute(
        "update public.notes set title = 'second', details = %s, tags = '{a,b}', written_at = '2026-01-02 03:04:05+00'"
        " where id = %s",
        ['{"deep": [1, 2]}', id_],
    )
    changed = js.wait("change")["change"]
    sql.execute("delete from public.notes where id = %s", [id_])
    gone = js.wait("change")["change"]
    assert (made["eventType"], made["schema"], made["table"]) == ("INSERT", "public", "notes")
    assert made["errors"] is None
    assert made["commit_timestamp"].endswith("Z")
    assert made["old"] == {}
    assert made["new"] == {
        "id": id_,
        "tenant_id": tenant,
        "title": "first",
        "priority": 3,
        "price": 1.5,
        "is_done": False,
        "details": None,
        "tags": None,
        "written_at": None,
    }
    assert changed["eventType"] == "UPDATE"
    assert changed["old"] == {"id": id_}
    assert changed["new"]["title"] == "second"
    assert changed["new"]["details"] == {"deep": [1, 2]}
    assert changed["new"]["tags"] == ["a", "b"]
    assert changed["new"]["written_at"] == "2026-01-02T03:04:05+00:00"
    assert (gone["eventType"], gone["old"], gone["new"]) == ("DELETE", {"id": id_}, {})


def test_another_tenant_sees_nothing_of_it(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    with js_client(live.url, live.settings.publishable_key) as other:
        follow(js, tenant, sign(tenant), {"event": "*", **NOTES})
        follow(other, tenant, sign("other"), {"event": "INSERT", **NOTES}, {"event": "UPDATE", **NOTES})
        insert(sql, tenant, "mine")
        insert(sql, "other", "theirs")
        assert js.wait("change")["change"]["new"]["title"] == "mine"
        assert other.wait("change")["change"]["new"]["title"] == "theirs"
        js.silent_for(0.3, "change")
        other.silent_for(0.1, "change")


def test_a_row_that_moves_between_tenants_is_seen_where_it_arrives(
    live: Gateway, js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    id_ = insert(sql, tenant, "moves")
    follow(js, tenant, sign(tenant), {"event": "UPDATE", **NOTES})
    with js_client(live.url, live.settings.publishable_key) as other:
        follow(other, tenant, sign("arrives"), {"event": "UPDATE", **NOTES})
        sql.execute("update public.notes set tenant_id = 'arrives' where id = %s", [id_])
        assert other.wait("change")["change"]["new"]["id"] == id_
        js.silent_for(0.3, "change")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("priority=eq.2", [2]),
        ("priority=neq.2", [1, 3]),
        ("priority=lt.2", [1]),
        ("priority=lte.2", [1, 2]),
        ("priority=gt.2", [3]),
        ("priority=gte.2", [2, 3]),
        ("priority=in.(1,3)", [1, 3]),
        ("priority=not.in.(1,3)", [2]),
        ("priority=gt.1,title=neq.note 3", [2]),
        ('title=in.("note 1","a,b",note 2)', [1, 2]),
        ("title=like.%2", [2]),
        ("title=ilike.NOTE*", []),
        ("title=match.[12]$", [1, 2]),
        ("details=is.null", [1, 2, 3]),
        ("is_done=is.true", [3]),
        ("title=isdistinct.note 1", [2, 3]),
        ("priority=eq.20", []),
        ("written_at=lt.2026-01-01", []),
    ],
)
def test_filters(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection, text: str, matches: list[int]
) -> None:
    with raw_socket(live) as socket:
        (wanted, every) = raw_follow(
            socket, tenant, sign(tenant), {"event": "*", **NOTES, "filter": text}, {"event": "*", **NOTES}
        )
        for number in (1, 2, 3):
            insert(sql, tenant, f"note {number}", priority=number, is_done=number == 3)
        seen = [socket.event("postgres_changes")[4] for _ in range(3)]
        assert all(every in each["ids"] for each in seen)
        assert [each["data"]["record"]["priority"] for each in seen if wanted in each["ids"]] == matches


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"event": "*", "schema": "public", "table": "unpublished"}, "Please check Realtime is enabled"),
        ({"event": "*", "schema": "public", "table": "absent"}, "Please check Realtime is enabled"),
        ({"event": "*", **NOTES, "filter": "absent=eq.1"}, "invalid column absent"),
        ({"event": "*", **NOTES, "filter": "secret=eq.hidden"}, "invalid column secret"),
        ({"event": "*", **NOTES, "filter": "priority=eq.many"}, "invalid input syntax"),
        ({"event": "*", **NOTES, "filter": "priority=like.1"}, "operator does not exist"),
        ({"event": "*", **NOTES, "filter": "title=match.("}, "invalid regular expression"),
        ({"event": "*", **NOTES, "filter": "priority=is.1"}, "invalid value for is filter"),
        ({"event": "*", **NOTES, "filter": "priority=in.1"}, "wrapped by parentheses"),
        ({"event": "*", **NOTES, "filter": "priority=near.1"}, "no operator 'near'"),
        ({"event": "*", **NOTES, "filter": "priority"}, "column=operator.value"),
        ({"event": "*", **NOTES, "filter": "priority=eq.1,"}, "empty segments"),
        ({"event": "*", **NOTES, "filter": "id=eq.1;drop table public.notes"}, "invalid input syntax"),
        ({"event": "*", **NOTES, "filter": "id = 1 or true --=eq.1"}, "there is no operator"),
        ({"event": "*", **NOTES, "filter": 'x" or true --=eq.1'}, 'invalid column x" or true --'),
        ({"event": "*", **NOTES, "filter": 5}, "`filter` is a text"),
        ({"event": "*", **NOTES, "select": ["secret"]}, "invalid column secret"),
        ({"event": "*", **NOTES, "select": "title"}, "list of column names"),
        ({"event": "*", "schema": "public", "select": ["title"]}, "not supported for wildcard"),
        ({"event": "*"}, "No subscription params provided"),
    ],
)
def test_what_cannot_be_subscribed_to(
    live: Gateway, sign: Sign, tenant: str, wanted: dict[str, Any], says: str
) -> None:
    with raw_socket(live) as socket:
        assert socket.join(tenant, token=sign(tenant), postgres_changes=[wanted])[4]["status"] == "ok"
        said = socket.event("system")[4]
        assert (said["extension"], said["status"]) == ("postgres_changes", "error")
        assert says in said["message"]


def test_chosen_columns_come_with_the_key(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, sign(tenant), {"event": "INSERT", **NOTES, "select": ["title"]})
        id_ = insert(sql, tenant, "chosen", priority=1)
        data = socket.event("postgres_changes")[4]["data"]
        assert data["record"] == {"id": id_, "title": "chosen"}
        assert data["columns"] == [{"name": "id", "type": "int4"}, {"name": "title", "type": "text"}]


def test_a_table_without_row_level_security_shows_whole_rows(
    live: Gateway, tenant: str, sql: psycopg.Connection
) -> None:
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, None, {"event": "*", "schema": "public", "table": "news"})
        id_ = time.time_ns() % 1_000_000_000
        sql.execute("insert into public.news values (%s, 'old', 'text')", [id_])
        sql.execute("update public.news set title = 'new' where id = %s", [id_])
        sql.execute("delete from public.news where id = %s", [id_])
        inserted, updated, deleted = (socket.event("postgres_changes")[4]["data"] for _ in range(3))
        assert inserted["record"] == {"id": id_, "title": "old", "body": "text"}
        assert updated["old_record"]["title"] == "old" and updated["record"]["title"] == "new"
        assert deleted["old_record"] == {"id": id_, "title": "new", "body": "text"}
        assert "record" not in deleted


def test_long_values_that_an_update_left_alone_come_from_the_old_row(
    live: Gateway, tenant: str, sql: psycopg.Connection
) -> None:
    body = "".join(chr(33 + i * 7919 % 90) for i in range(50_000))
    id_ = time.time_ns() % 1_000_000_000
    sql.execute("insert into public.news values (%s, 'long', %s)", [id_, body])
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, None, {"event": "UPDATE", "schema": "public", "table": "news"})
        sql.execute("update public.news set title = 'longer' where id = %s", [id_])
        data = socket.event("postgres_changes")[4]["data"]
        assert data["record"] == {"id": id_, "title": "longer", "body": body}


def test_rows_that_cannot_be_told_whole(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    with raw_socket(live) as socket:
        raw_follow(
            socket, f"{tenant}-heap", sign(tenant), {"event": "*", "schema": "public", "table": "heap"}
        )
        sql.execute("insert into public.heap values ('keyless')")
        data = socket.event("postgres_changes")[4]["data"]
        assert data["errors"] == ["Error 400: Bad Request, no primary key"] and data["record"] == {}

        raw_follow(socket, f"{tenant}-visitor", None, {"event": "*", **NOTES})
        insert(sql, tenant, "not for visitors")
        data = socket.event("postgres_changes")[4]["data"]
        assert data["errors"] == ["Error 401: Unauthorized"] and data["record"] == {}

        raw_follow(socket, f"{tenant}-long", sign(tenant), {"event": "INSERT", **NOTES})
        id_ = insert(sql, tenant, "x" * 1_200_000, priority=7)
        while (data := socket.event("postgres_changes")[4]["data"])["errors"] == ["Error 401: Unauthorized"]:
            pass
        assert data["errors"] == ["Error 413: Payload Too Large"]
        assert (data["record"]["id"], data["record"]["priority"]) == (id_, 7)
        assert "title" not in data["record"]


def test_every_table_of_a_schema(live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection) -> None:
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, sign(tenant), {"event": "INSERT", "schema": "public"})
        insert(sql, tenant, "one")
        sql.execute("insert into public.heap values ('two')")
        tables = {socket.event("postgres_changes")[4]["data"]["table"] for _ in range(2)}
        assert tables == {"notes", "heap"}


def test_after_a_refresh_rows_are_seen_as_the_new_bearer(
    js: JsClient, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    follow(js, tenant, sign(tenant), {"event": "INSERT", **NOTES})
    js.do("token", token=sign("moved"))
    js.wait(subscribed)
    insert(sql, tenant, "before")
    insert(sql, "moved", "after")
    assert js.wait("change")["change"]["new"]["title"] == "after"


def test_rights_and_columns_may_change_meanwhile(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, sign(tenant), {"event": "INSERT", **NOTES, "filter": "priority=gt.0"})
        insert(sql, tenant, "one", priority=1)
        assert "extra" not in socket.event("postgres_changes")[4]["data"]["record"]
        sql.execute(
            "alter table public.notes add column extra text default 'e';"
            "grant select (extra) on public.notes to authenticated;"
            "revoke select (price) on public.notes from authenticated"
        )
        try:
            insert(sql, tenant, "two", priority=2)
            record = socket.event("postgres_changes")[4]["data"]["record"]
            assert record["extra"] == "e" and "price" not in record
        finally:
            sql.execute(
                "alter table public.notes drop column extra; grant select (price) on public.notes to authenticated"
            )


def test_many_rows_in_one_transaction_keep_their_order(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    with raw_socket(live) as socket:
        raw_follow(socket, tenant, sign(tenant), {"event": "INSERT", **NOTES})
        sql.execute(
            "insert into public.notes (tenant_id, priority) select case when n %% 2 = 0 then %s else 'x' end, n"
            " from generate_series(1, 500) as n",
            [tenant],
        )
        seen = [socket.event("postgres_changes")[4]["data"]["record"]["priority"] for _ in range(250)]
        assert seen == list(range(2, 501, 2))


def test_what_cannot_be_found_out_makes_its_subscribers_join_again(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    """Here a policy takes longer than a question may; others go on hearing of other tables."""
    with raw_socket(live) as slow, raw_socket(live) as other:
        raw_follow(slow, tenant, sign(tenant), {"event": "*", **NOTES})
        raw_follow(other, tenant, None, {"event": "*", "schema": "public", "table": "news"})
        sql.execute(
            "create policy slow on public.notes for select to authenticated"
            " using (title = 'slow' and pg_sleep(30) is not null)"
        )
        try:
            insert(sql, "nobody", "slow")
            slow.event("phx_error", timeout_s=20)
        finally:
            sql.execute("drop policy slow on public.notes")
        id_ = time.time_ns() % 1_000_000_000
        sql.execute("insert into public.news values (%s)", [id_])
        assert other.event("postgres_changes")[4]["data"]["record"]["id"] == id_


def test_each_caller_is_asked_about_once_however_many_channels_it_has(
    live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection
) -> None:
    sql.execute(
        "create sequence public.questions; grant usage on sequence public.questions to authenticated;"
        'alter policy "members read" on public.notes'
        " using (tenant_id = (auth.jwt() ->> 'tenant_id') and nextval('public.questions') > 0)"
    )
    try:
        with raw_socket(live) as one, raw_socket(live) as two:
            first, second = sign(tenant), sign(tenant)
            for topic in ("a", "b", "c"):
                raw_follow(one, tenant + topic, first, {"event": "*", **NOTES}, {"event": "INSERT", **NOTES})
            raw_follow(two, tenant, second, {"event": "*", **NOTES})
            insert(sql, tenant, "asked about")
            for _ in range(3):
                assert len(one.event("postgres_changes")[4]["ids"]) == 2
            two.event("postgres_changes")
        assert sql.execute("select last_value from public.questions").fetchone() == (2,)
    finally:
        sql.execute(
            "alter policy \"members read\" on public.notes using (tenant_id = (auth.jwt() ->> 'tenant_id'));"
            "drop sequence public.questions"
        )
