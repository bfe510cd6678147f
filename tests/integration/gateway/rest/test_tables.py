"""Tables and views are read: which rows, which columns, in which order."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from postgrest import CountMethod
from postgrest.exceptions import APIError

from tests.gateway import Gateway
from tests.integration.gateway.rest.conftest import Person


def rows(person: Person, query: str = "", **headers: str) -> Any:
    answer = person.http.get(f"/rest_notes?{query}", headers=headers)
    assert answer.status_code in {200, 206}, answer.text
    return answer.json()


def test_the_python_client_reads(anna: Person, notes: list[int]) -> None:
    table = anna.supabase.table("rest_notes")
    answer = (
        table.select("id, name:title", count=CountMethod.exact)
        .in_("title", ["two", "three, four"])
        .order("id")
        .execute()
    )
    assert answer.data == [{"id": notes[1], "name": "two"}, {"id": notes[2], "name": "three, four"}]
    assert answer.count == 2
    one: Any = table.select("*").eq("id", notes[0]).single().execute().data
    assert one["tags"] == ["a", "b"]
    assert one["data"] == {"n": 0}
    assert one["at"] == "2026-01-01T00:00:00+00:00"
    assert table.select("id").eq("id", 0).maybe_single().execute() is None
    with pytest.raises(APIError) as told:
        table.select("id").single().execute()
    assert told.value.code == "PGRST116"
    page: Any = table.select("id").order("id").range(2, 3).execute().data
    assert [row["id"] for row in page] == notes[2:4]


def test_policies_hide_what_is_not_the_callers(anna: Person, otto: Person, notes: list[int]) -> None:
    assert [row["id"] for row in rows(anna, "order=id")] == notes
    assert len(rows(otto)) == 1
    assert rows(otto, f"id=eq.{notes[0]}") == []
    assert anna.http.get("/rest_notes", headers={"Authorization": ""}).json() == []
    counted = otto.http.head("/rest_notes", headers={"Prefer": "count=exact"})
    assert counted.headers["Content-Range"] == "0-0/1"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("title=eq.one", [0]),
        ("title=eq.three, four", [2]),
        ('title=eq."quoted"', [4]),
        ("title=eq.(five)", [5]),
        ("title=eq.null", []),
        ("title=in.(one,two)", [0, 1]),
        ('title=in.("three, four",one)', [0, 2]),
        (r'title=in.("\"quoted\"")', [4]),
        ("title=in.()", []),
        ("title=in.(one)&title=in.(two)", []),
        ("tags=eq.{a,b}", [0]),
        ("title=eq.one&order=id&limit=0", []),
        ('"title"=eq.one', [0]),
        ("apikey=x&title=eq.one", [0]),
    ],
)
def test_rows_meet_the_filters(anna: Person, notes: list[int], query: str, wanted: list[int]) -> None:
    assert [row["id"] for row in rows(anna, query)] == [notes[number] for number in wanted]


def test_columns_are_chosen_and_named(anna: Person, notes: list[int]) -> None:
    query = f"id=eq.{notes[0]}&select="
    assert rows(anna, query + "title") == [{"title": "one"}]
    assert rows(anna, query + "title, number:id") == [{"title": "one", "number": notes[0]}]
    assert rows(anna, query + '"odd %25name"') == [{"odd %name": "odd 0"}]
    assert rows(anna, query + '"x %25s":title,"a:b":id') == [{"x %s": "one", "a:b": notes[0]}]
    assert set(rows(anna, query + "*")[0]) == {"id", "tenant_id", "title", "tags", "data", "odd %name", "at"}


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("id.desc", [5, 4, 3, 2, 1, 0]),
        ("title.asc.nullsfirst,id", [3, 4, 5, 0, 2, 1]),
        ("title.desc.nullslast", [1, 2, 0, 5, 4, 3]),
        ("tenant_id,id.desc", [5, 4, 3, 2, 1, 0]),
    ],
)
def test_rows_are_sorted(anna: Person, notes: list[int], order: str, wanted: list[int]) -> None:
    assert [notes.index(row["id"]) for row in rows(anna, f"order={order}")] == wanted


@pytest.mark.parametrize(
    ("query", "headers", "status", "content_range", "wanted"),
    [
        ("", {}, 200, "0-5/*", [0, 1, 2, 3, 4, 5]),
        ("limit=2", {}, 200, "0-1/*", [0, 1]),
        ("limit=2&offset=3", {}, 200, "3-4/*", [3, 4]),
        ("", {"Range": "1-2"}, 200, "1-2/*", [1, 2]),
        ("", {"Range": "4-"}, 200, "4-5/*", [4, 5]),
        ("", {"Range": "1-2", "Prefer": "count=exact"}, 206, "1-2/6", [1, 2]),
        ("", {"Range": "0-99", "Prefer": "return=minimal, count=exact"}, 200, "0-5/6", [0, 1, 2, 3, 4, 5]),
        ("limit=2", {"Prefer": "count=exact"}, 206, "0-1/6", [0, 1]),
        ("limit=0", {"Prefer": "count=exact"}, 206, "*/6", []),
        ("offset=6", {"Prefer": "count=exact"}, 206, "*/6", []),
        ("title=eq.none", {"Prefer": "count=exact"}, 200, "*/0", []),
        ("title=eq.none", {}, 200, "*/*", []),
        ("", {"Range": "nonsense"}, 200, "0-5/*", [0, 1, 2, 3, 4, 5]),
        ("limit=1", {"Range": "2-5"}, 200, "2-2/*", [2]),
    ],
)
def test_a_part_of_the_rows_is_sent(
    anna: Person,
    notes: list[int],
    query: str,
    headers: dict[str, str],
    status: int,
    content_range: str,
    wanted: list[int],
) -> None:
    for method in ("GET", "HEAD"):
        answer = anna.http.request(method, f"/rest_notes?select=id&order=id&{query}", headers=headers)
        assert (answer.status_code, answer.headers["Content-Range"]) == (status, content_range)
        if method == "GET":
            assert [notes.index(row["id"]) for row in answer.json()] == wanted
        else:
            assert answer.content == b""


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("offset=7", {"Prefer": "count=exact"}),
        ("", {"Range": "5-2"}),
        ("limit=-1", {}),
        ("offset=-1", {}),
    ],
)
def test_rows_that_cannot_be_are_refused(
    anna: Person, notes: list[int], query: str, headers: dict[str, str]
) -> None:
    answer = anna.http.get(f"/rest_notes?{query}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (416, "PGRST103")


def test_views_are_read_too(anna: Person, notes: list[int]) -> None:
    assert anna.http.get("/rest_titles?order=id&limit=1").json() == [{"id": notes[0], "title": "one"}]
    nobody = anna.http.get("/rest_titles", headers={"Authorization": ""})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "42501")


def test_what_is_not_there_is_said(anna: Person) -> None:
    missing = anna.http.get("/rest_note")
    assert (missing.status_code, missing.json()["code"]) == (404, "PGRST205")
    assert missing.json()["hint"] == "Perhaps you meant the table 'public.rest_notes'"
    for hidden in ("users", "auth.users", "objects", "pg_class", "rest_notes;", "procrastinate_jobs"):
        assert anna.http.get(f"/{hidden}").status_code == 404
    for query in ("select=none", "none=eq.1", "order=none"):
        answer = anna.http.get(f"/rest_notes?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "42703")
    wrong = anna.http.get("/rest_notes?id=eq.x")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "22P02")
    schema = anna.http.get("/users", headers={"Accept-Profile": "auth"})
    assert (schema.status_code, schema.json()["code"]) == (406, "PGRST106")
    assert schema.json()["hint"] == "Only the following schemas are exposed: public"


def test_partitions_are_not_read_around_their_tables(anna: Person, gateway: Gateway) -> None:
    with psycopg.connect(gateway.database.admin) as connection:
        found = connection.execute(
            "select c.relname from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relispartition"
        ).fetchall()
    for (name,) in found[:3]:
        assert anna.http.get(f"/{name}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "select=title,other(id)",
        "select=...other(id)",
        "select=id::text",
        "select=data->n",
        "select=data->>n",
        "id=gt.1",
        "id=neq.1",
        "title=like.*a*",
        "title=ilike.*a*",
        "title=is.null",
        "title=not.eq.one",
        "tags=cs.{a}",
        "title=fts.one",
        "title=fts(english).one",
        "or=(id.eq.1,id.eq.2)",
        "and=(id.eq.1,id.eq.2)",
        "not.or=(id.eq.1)",
        "data->>n=eq.1",
        "order=data->>n",
        "order=other(id)",
        "on_conflict=id",
        "columns=id",
        "other.id=eq.1",
        "other.limit=1",
    ],
)
def test_what_is_not_supported_is_said_clearly(anna: Person, query: str) -> None:
    answer = anna.http.get(f"/rest_notes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (501, "0A000"), answer.text
    assert "real Supabase project" in answer.json()["hint"]


@pytest.mark.parametrize(
    "query",
    [
        "id=1",
        "id=eq",
        "id=",
        "id=in.1,2",
        "limit=x",
        "offset=1.5",
        "order=id.up",
        "select=,",
        "select=a:",
        "id=xx.1",
    ],
)
def test_what_cannot_be_understood_is_said(anna: Person, query: str) -> None:
    answer = anna.http.get(f"/rest_notes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST100"), answer.text


def test_writing_and_other_forms_are_not_supported(anna: Person) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert anna.http.request(method, "/rest_notes", json={"id": 1}).status_code == 501
    for headers in (
        {"Accept": "text/csv"},
        {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"},
        {"Accept": "application/geo+json"},
        {"Prefer": "count=planned"},
    ):
        assert anna.http.get("/rest_notes", headers=headers).status_code == 501
    assert anna.http.get("").status_code == 501
    for accept in (
        "*/*",
        "application/json",
        "text/html, application/json;q=0.9",
        "application/vnd.pgrst.array+json",
    ):
        assert anna.http.get("/rest_notes", headers={"Accept": accept}).status_code in {200, 501}


INJECTIONS = [
    "'", '"', "';--", '";--', "1 or 1=1", "1) or (1=1", "$$", "%s", "%(x)s", "{}", "{0}", "\\", "\\'", "id;drop table x",
    "\u0000", "\u2028", "\U0001f600", "a" * 5000, "1e400", "-1", "NaN", "null", "(select 1)", "/*", "*/", "$1",
]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_query_is_only_text(anna: Person, otto: Person, notes: list[int], text: str) -> None:
    http = otto.http
    for params in (
        {"title": f"eq.{text}"},
        {"title": f"in.({text})"},
        {"title": f'in.("{text}")'},
        {"tags": f"eq.{text}"},
        {"select": text},
        {"select": f"x:{text}"},
        {"select": f'"{text}":title'},
        {"select": f"title,{text}"},
        {"order": text},
        {"order": f"id.{text}"},
        {"limit": text},
        {"offset": text},
        {text: "eq.1"},
        {f'"{text}"': "eq.1"},
    ):
        answer = http.get("/rest_notes", params=params)
        assert answer.status_code in {200, 400, 404, 416, 501}, (params, answer.text)
        if answer.status_code == 200:
            assert len(answer.json()) <= 1
    for headers in ({"Range": text}, {"Prefer": f"count={text}"}, {"Accept": text}, {"Accept-Profile": text}):
        if text.isascii() and text.isprintable():
            assert http.get("/rest_notes", headers=headers).status_code in {200, 206, 400, 406, 416, 501}
    assert http.get("/rpc/rest_add", params={"a": text}).status_code in {200, 400}
    assert http.get("/rpc/rest_add", params={text: "1"}).status_code in {400, 404, 501}
    assert http.post("/rpc/rest_add", json={text: 1}).status_code in {400, 404}
    assert http.post("/rpc/rest_add", json={"a": text}).status_code in {200, 400}
    assert [row["id"] for row in rows(anna, "order=id")] == notes


def test_the_log_holds_no_secrets(anna: Person, gateway: Gateway) -> None:
    anna.http.get("/rest_notes?title=eq.secretvalue")
    log = gateway.log.read_text()
    assert anna.token not in log
    assert "secretvalue" not in log
    assert "Traceback" not in log
