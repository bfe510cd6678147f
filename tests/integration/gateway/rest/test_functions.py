"""Functions are called by the names of their arguments."""

from __future__ import annotations

import time
import uuid
from typing import Any

import psycopg
import pytest
from postgrest import CountMethod
from postgrest.exceptions import APIError

from tests.gateway import Gateway
from tests.integration.gateway.rest.conftest import Person, sign_in


def test_the_python_client_calls_functions(anna: Person) -> None:
    client = anna.supabase
    assert client.rpc("rest_add", {"a": 1}).execute().data == 11
    assert client.rpc("rest_add", {"a": 1, "b": 2}).execute().data == 3
    assert client.rpc("rest_add", {"a": 1, "b": 2}, get=True).execute().data == 3
    assert client.rpc("rest_numbers", {"up_to": 3}).execute().data == [1, 2, 3]
    rows: Any = client.rpc("rest_rows", {"up_to": 2}).execute().data
    assert rows == [{"n": 1, "square": 1}, {"n": 2, "square": 4}]
    with pytest.raises(APIError) as told:
        client.rpc("rest_fail", {"state": "CR003"}).execute()
    assert (told.value.code, told.value.message, told.value.hint) == ("CR003", "it failed", "do this")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
        ([], []),
        ("text", "text"),
        (12345678901234567890, 12345678901234567890),
        (True, True),
        (None, None),
        (
            "na\u00efve \U0001f600 \"quoted\" \\ 'single' %s {} $1",
            "na\u00efve \U0001f600 \"quoted\" \\ 'single' %s {} $1",
        ),
    ],
)
def test_json_goes_through_unchanged(anna: Person, value: Any, sent: Any) -> None:
    assert anna.call("rest_echo", value=value) == sent


def test_values_are_read_as_the_types_want_them(anna: Person) -> None:
    ids = [str(uuid.uuid4()) for _ in range(2)]
    assert anna.call("rest_list", ids=ids) == {"ids": ids, "label": None}
    assert anna.call("rest_list", ids=[], label="%s") == {"ids": [], "label": "%s"}
    assert anna.call("rest_add", a="4") == 14
    by_url = anna.http.get("/rpc/rest_list", params={"ids": "{" + ",".join(ids) + "}", "label": "eq.x"})
    assert by_url.json() == {"ids": ids, "label": "eq.x"}
    wrong = anna.http.post("/rpc/rest_add", json={"a": "four"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "22P02")
    assert anna.http.get("/rpc/rest_add", params={"a": "four"}).json()["code"] == "22P02"


def test_each_kind_of_result_has_its_form(anna: Person) -> None:
    http = anna.http
    nothing = http.post("/rpc/rest_nothing")
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert http.post("/rpc/rest_numbers", json={"up_to": 0}).json() == []
    assert http.post("/rpc/rest_one", json={}).json() == {"first": 1, "second": "two"}
    assert http.post("/rpc/rest_column", json={"up_to": 2}).json() == [{"n": 1}, {"n": 2}]
    assert http.post("/rpc/rest_out", json={"a": 2}).json() == {"doubled": 4}
    assert http.post("/rpc/rest_in_out", json={"a": 2}).json() == {"a": 3, "b": "b"}
    assert http.post("/rpc/rest_notes_of?limit=1", json={}).json() == []
    assert http.post("/rpc/rest_echo", json={"value": None}).json() is None
    single = http.post(
        "/rpc/rest_rows", json={"up_to": 1}, headers={"Accept": "application/vnd.pgrst.object+json"}
    )
    assert single.json() == {"n": 1, "square": 1}
    assert single.headers["Content-Type"].startswith("application/vnd.pgrst.object+json")
    many = http.post(
        "/rpc/rest_rows", json={"up_to": 2}, headers={"Accept": "application/vnd.pgrst.object+json"}
    )
    assert (many.status_code, many.json()["code"]) == (406, "PGRST116")
    assert many.json()["details"] == "The result contains 2 rows"


def test_results_are_filtered_sorted_and_cut(anna: Person) -> None:
    client = anna.supabase
    query = client.rpc("rest_rows", {"up_to": 5}, count=CountMethod.exact)
    answer = query.in_("n", [1, 3, 5]).order("n", desc=True).limit(2).execute()
    assert answer.data == [{"n": 5, "square": 25}, {"n": 3, "square": 9}]
    assert answer.count == 3
    named = anna.http.post("/rpc/rest_rows?select=quadrat:square&n=eq.3", json={"up_to": 5})
    assert named.json() == [{"quadrat": 9}]
    by_url = anna.http.get("/rpc/rest_rows", params={"up_to": "5", "n": "in.(2,4)", "order": "n.desc"})
    assert [row["n"] for row in by_url.json()] == [4, 2]
    head = anna.http.head("/rpc/rest_rows", params={"up_to": "5"}, headers={"Prefer": "count=exact"})
    assert (head.status_code, head.headers["Content-Range"]) == (200, "0-4/5")
    unknown = anna.http.post("/rpc/rest_rows?none=eq.3", json={"up_to": 5})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "42703")


def test_no_more_rows_than_a_project_gives(anna: Person) -> None:
    assert len(anna.call("rest_numbers", up_to=1500)) == 1000


def test_missing_functions_are_named(anna: Person) -> None:
    none = anna.http.post("/rpc/rest_ad", json={"a": 1}).json()
    assert none["code"] == "PGRST202"
    assert none["message"] == "Could not find the function public.rest_ad(a) in the schema cache"
    assert none["hint"] == "Perhaps you meant to call the function public.rest_add"
    wrong = anna.http.post("/rpc/rest_add", json={"a": 1, "c": 2})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "PGRST202")
    assert wrong.json()["hint"] == "Perhaps you meant to call the function public.rest_add(a, b)"
    assert anna.http.post("/rpc/rest_add").status_code == 404
    for hidden in (
        "hidden",
        "rest_tests.hidden",
        "pg_sleep",
        "jwt",
        "rest_add()",
        "rest_add%20",
        "rest%5fadd'--",
    ):
        assert anna.http.post(f"/rpc/{hidden}", json={}).status_code == 404, hidden


def test_a_name_that_stands_for_several_is_refused(anna: Person) -> None:
    answer = anna.http.post("/rpc/rest_same", json={"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (300, "PGRST203")
    assert "public.rest_same(a => integer), public.rest_same(a => text)" in answer.json()["message"]


def test_what_a_role_may_not_execute_is_forbidden(anna: Person, gateway: Gateway) -> None:
    signed_in = anna.http.post("/rpc/rest_secret", json={})
    assert (signed_in.status_code, signed_in.json()["code"]) == (403, "42501")
    nobody = anna.http.post("/rpc/rest_secret", json={}, headers={"Authorization": ""})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "42501")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    key = gateway.settings.secret_key
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute("grant execute on function public.rest_secret() to service_role")
    service = anna.http.post(
        "/rpc/rest_secret", json={}, headers={"apikey": key, "Authorization": f"Bearer {key}"}
    )
    assert service.json() == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("P0001", 400), ("CR001", 400), ("CR002", 400), ("CR003", 400), ("CR004", 400), ("CR005", 400), ("PT404", 404),
        ("PT409", 409), ("22023", 400), ("23505", 409), ("23503", 409), ("23514", 400), ("25006", 405), ("40001", 500),
        ("40P01", 500), ("42501", 403), ("42883", 404), ("42P01", 404), ("53300", 503), ("57014", 500), ("P0002", 500),
        ("XX000", 500), ("PTXYZ", 500), ("28000", 403), ("0LP01", 403), ("54000", 500),
    ],
)  # fmt: skip
def test_errors_have_the_status_of_their_code(anna: Person, state: str, status: int) -> None:
    answer = anna.http.post("/rpc/rest_fail", json={"state": state})
    assert answer.status_code == status
    assert answer.json() == {"code": state, "message": "it failed", "details": "because", "hint": "do this"}
    assert answer.headers["Proxy-Status"] == f"PostgREST; error={state}"


def test_functions_see_who_calls(anna: Person) -> None:
    said = anna.call("rest_whoami")
    assert (said["role"], said["sub"]) == ("authenticated", anna.user_id)
    assert said["claims"]["tenant_id"] == anna.tenant_id
    assert (said["method"], said["path"]) == ("POST", "/rpc/rest_whoami")
    assert said["search_path"] == "public, extensions"
    assert said["headers"]["host"]
    assert not {"authorization", "apikey"} & set(said["headers"])
    # The caller's role has its own limit, and a stable function reads only.
    assert (said["timeout"], said["read_only"]) == ("8s", "on")
    nobody = anna.http.get("/rpc/rest_whoami", headers={"Authorization": ""}).json()
    assert (nobody["role"], nobody["sub"], nobody["timeout"], nobody["method"]) == ("anon", None, "3s", "GET")
    assert anna.call("rest_patient") == "77s"


def test_reading_changes_nothing(anna: Person) -> None:
    assert anna.call("rest_write") == 1
    answer = anna.http.get("/rpc/rest_write")
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


def test_a_role_that_takes_too_long_is_stopped(anna: Person) -> None:
    began = time.monotonic()
    answer = anna.http.post("/rpc/rest_sleep", json={"seconds": 60}, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")
    assert 2.5 < time.monotonic() - began < 30


def test_nothing_of_one_call_is_left_to_the_next(anna: Person, otto: Person) -> None:
    for _ in range(12):
        for person in (anna, otto):
            assert person.call("rest_whoami")["sub"] == person.user_id
        nobody = anna.http.post("/rpc/rest_whoami", json={}, headers={"Authorization": ""}).json()
        assert (nobody["claims"]["role"], nobody["sub"]) == ("anon", None)
        anna.http.post("/rpc/rest_fail", json={"state": "P0001"})


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b'"a"', b"null", b"{", b'{"a": }', b"\xff", b"[" * 100_000, b'{"a": 1}x']
)
def test_a_body_that_is_no_object_is_refused(anna: Person, body: bytes) -> None:
    answer = anna.http.post("/rpc/rest_add", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


def test_a_body_of_another_kind_is_not_supported(anna: Person) -> None:
    answer = anna.http.post("/rpc/rest_add", data={"a": "1"})
    assert answer.status_code == 501
    big = anna.http.post("/rpc/rest_echo", content=b'{"value": "' + b"a" * (17 << 20) + b'"}')
    assert big.status_code == 413


def test_new_functions_are_found_at_once_and_old_ones_forgotten(anna: Person, gateway: Gateway) -> None:
    name = f"rest_new_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:

        def change(statement: str) -> None:
            connection.execute(statement.encode())

        change(f"create function public.{name}(a integer) returns integer language sql return a")
        change(f"grant execute on function public.{name} to authenticated")
        _await(lambda: anna.http.post(f"/rpc/{name}", json={"a": 1}).json() == 1)
        change(f"drop function public.{name}")
        change(f"create function public.{name}(b text) returns text language sql return b")
        change(f"grant execute on function public.{name} to authenticated")
        _await(lambda: anna.http.post(f"/rpc/{name}", json={"b": "x"}).json() == "x")
        change(f"drop function public.{name}")
        _await(lambda: anna.http.post(f"/rpc/{name}", json={"b": "x"}).status_code == 404)


def _await(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_tokens_that_are_none_are_refused(anna: Person, gateway: Gateway) -> None:
    late = sign_in(gateway, anna.tenant_id, lives_s=-10).http.post("/rpc/rest_whoami", json={})
    assert (late.status_code, late.json()["code"], late.json()["message"]) == (401, "PGRST303", "JWT expired")
    assert late.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    for headers in (
        {"Authorization": "Bearer a.b.c"},
        {"apikey": "sb_secret_guess", "Authorization": ""},
        {"apikey": "", "Authorization": ""},
        {"Authorization": f"Bearer {anna.token[:-3]}"},
    ):
        answer = anna.http.post("/rpc/rest_whoami", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")
