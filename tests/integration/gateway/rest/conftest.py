"""Functions and tables of the tests' own, and people who call them."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from cliprow.local.gateway.keys import Keyring
from supabase import Client, ClientOptions, create_client
from tests.gateway import Gateway

OBJECTS = """
create schema rest_tests;
create table public.rest_notes (
    id integer primary key,
    tenant_id uuid not null,
    title text,
    tags text[],
    data jsonb,
    "odd %name" text,
    at timestamptz not null default '2026-01-01T00:00:00Z'
);
alter table public.rest_notes enable row level security;
create policy "own tenant" on public.rest_notes for select to authenticated
using (tenant_id = (select (auth.jwt() ->> 'tenant_id')::uuid));
grant select on public.rest_notes to authenticated, anon, service_role;
create view public.rest_titles with (security_invoker) as select id, title from public.rest_notes;
grant select on public.rest_titles to authenticated;

create function public.rest_add(a integer, b integer default 10) returns integer
language sql immutable return a + b;
create function public.rest_echo(value jsonb) returns jsonb language sql immutable return value;
create function public.rest_list(ids uuid[], label text default null) returns jsonb
language sql immutable return jsonb_build_object('ids', ids, 'label', label);
create function public.rest_nothing() returns void language plpgsql as $$ begin return; end $$;
create function public.rest_numbers(up_to integer) returns setof integer
language sql immutable begin atomic select generate_series(1, up_to); end;
create function public.rest_rows(up_to integer) returns table (n integer, square integer)
language sql immutable begin atomic select g, g * g from generate_series(1, up_to) as g; end;
create function public.rest_column(up_to integer) returns table (n integer)
language sql immutable begin atomic select generate_series(1, up_to); end;
create function public.rest_out(a integer, out doubled integer) language sql immutable return a * 2;
create function public.rest_in_out(inout a integer, unused text default '', out b text)
language sql immutable as $$ select a + 1, 'b' $$;
create function public.rest_notes_of() returns setof public.rest_notes
language sql stable set search_path = '' as 'select * from public.rest_notes';
create function public.rest_one(out first integer, out second text)
language sql immutable as $$ select 1, 'two' $$;
create function public.rest_same(a integer) returns text language sql immutable return 'integer';
create function public.rest_same(a text) returns text language sql immutable return 'text';
create function public.rest_fail(state text) returns void language plpgsql as $$
begin raise exception 'it failed' using errcode = state, hint = 'do this', detail = 'because'; end $$;
create function public.rest_whoami() returns jsonb language sql stable return jsonb_build_object(
    'role', current_user, 'sub', auth.uid(), 'claims', auth.jwt(),
    'method', current_setting('request.method', true), 'path', current_setting('request.path', true),
    'headers', current_setting('request.headers', true)::jsonb,
    'timeout', current_setting('statement_timeout'), 'read_only', current_setting('transaction_read_only'),
    'search_path', current_setting('search_path'));
create function public.rest_write() returns integer language plpgsql as $$
begin create temporary table rest_written (a integer) on commit drop; return 1; end $$;
create function public.rest_secret() returns integer language sql return 1;
create function public.rest_patient() returns text language plpgsql set statement_timeout = '77s'
as $$ begin return current_setting('statement_timeout'); end $$;
create function public.rest_sleep(seconds double precision) returns void
language sql as $$ select pg_sleep(seconds) $$;
create function rest_tests.hidden() returns integer language sql return 1;
revoke execute on function public.rest_secret() from anon, authenticated, public;
"""


@dataclass(frozen=True)
class Person:
    """Somebody signed in, acting in one tenant."""

    gateway: Gateway
    user_id: str
    tenant_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.gateway.settings.publishable_key, "Authorization": f"Bearer {self.token}"}

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.gateway.url}/rest/v1", headers=self.headers, timeout=30, verify=False
        )

    @property
    def supabase(self) -> Client:
        options = ClientOptions(headers={"Authorization": f"Bearer {self.token}"})
        return create_client(self.gateway.url, self.gateway.settings.publishable_key, options)

    def call(self, function: str, **arguments: Any) -> Any:
        """The answer of a function."""
        answer = self.http.post(f"/rpc/{function}", json=arguments)
        answer.raise_for_status()
        return answer.json()


def sign_in(gateway: Gateway, tenant_id: str, *, lives_s: int = 600) -> Person:
    """A person with a token."""
    user_id, now = str(uuid.uuid4()), int(time.time())
    claims = {"aud": "authenticated", "role": "authenticated", "sub": user_id, "tenant_id": tenant_id}
    token = Keyring(gateway.settings).sign({**claims, "iat": now, "exp": now + lives_s})
    return Person(gateway, user_id, tenant_id, token)


@pytest.fixture(scope="session")
def offered(gateway: Gateway) -> None:
    """The functions and tables of the tests."""
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(OBJECTS.encode())
        # Functions made by `postgres` are closed unless said otherwise.
        for (name,) in connection.execute(
            "select oid::regprocedure::text from pg_proc where proname like 'rest\\_%' and proname <> 'rest_secret'"
        ).fetchall():
            connection.execute(
                f"grant execute on function {name} to anon, authenticated, service_role".encode()
            )


@pytest.fixture
def anna(gateway: Gateway, offered: None) -> Person:
    """Somebody in a tenant of the test's own."""
    return sign_in(gateway, str(uuid.uuid4()))


@pytest.fixture
def otto(gateway: Gateway, offered: None) -> Person:
    """Somebody in another tenant."""
    return sign_in(gateway, str(uuid.uuid4()))


NOTES: list[tuple[str | None, list[str]]] = [
    ("one", ["a", "b"]), ("two", []), ("three, four", ["a,b", '"', "\\"]), (None, []), ('"quoted"', []), ("(five)", []),
]  # fmt: skip


@pytest.fixture
def notes(anna: Person, otto: Person, gateway: Gateway) -> list[int]:
    """Ids of notes of Anna's tenant; Otto's has one of the same."""
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        row = connection.execute("select coalesce(max(id), 0) from public.rest_notes").fetchone()
        assert row
        first = row[0] + 1
        for number, (title, tags) in enumerate(NOTES):
            connection.execute(
                'insert into public.rest_notes (id, tenant_id, title, tags, data, "odd %%name")'
                " values (%s, %s, %s, %s, %s, %s)",
                [first + number, anna.tenant_id, title, tags, json.dumps({"n": number}), f"odd {number}"],
            )
        connection.execute(
            "insert into public.rest_notes (id, tenant_id, title) values (%s, %s, 'one')",
            [first + len(NOTES), otto.tenant_id],
        )
    return [first + number for number in range(len(NOTES))]
