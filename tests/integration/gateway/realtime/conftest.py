"""A gateway on a database with two tenants' worth of policies and tables, all made here: nothing of Cliprow's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.local.gateway.keys import Keyring
from tests.cluster import Server
from tests.gateway import Gateway, running_gateway
from tests.integration.gateway.realtime.client import JsClient, js_client

#: Members read what is sent to `tenant:{id}` and `room:{id}`, and send to and appear in the room.
POLICIES = """
create function public.is_own(topic text, kind text) returns boolean
language sql stable set search_path = ''
return topic = kind || ':' || (auth.jwt() ->> 'tenant_id');

create policy "members follow" on realtime.messages for select to authenticated
using (
    public.is_own((select realtime.topic()), 'tenant') and extension = 'broadcast'
    or public.is_own((select realtime.topic()), 'room') and extension in ('broadcast', 'presence')
);
create policy "members speak" on realtime.messages for insert to authenticated
with check (public.is_own((select realtime.topic()), 'room') and extension in ('broadcast', 'presence'));
"""

#: Tables with published changes: of tenants, of everybody, and without a key.
TABLES = """
create table public.notes (
    id integer generated always as identity primary key,
    tenant_id text not null,
    title text,
    priority integer,
    price numeric,
    is_done boolean,
    details jsonb,
    tags text[],
    written_at timestamptz,
    secret text
);
alter table public.notes enable row level security;
create policy "members read" on public.notes for select to authenticated
using (tenant_id = (auth.jwt() ->> 'tenant_id'));
grant select (id, tenant_id, title, priority, price, is_done, details, tags, written_at)
on public.notes to authenticated;

create table public.news (id integer primary key, title text, body text);
alter table public.news replica identity full;
grant select on public.news to anon, authenticated;

create table public.heap (title text);
alter table public.heap replica identity full;
grant select on public.heap to authenticated;

create table public.unpublished (id integer primary key);
grant select on public.unpublished to authenticated;

alter publication supabase_realtime add table public.notes, public.news, public.heap;
"""


@pytest.fixture(scope="session")
def live(server: Server, bare_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose database has policies on channels."""
    database = server.create("live_channels", bare_template)
    with psycopg.connect(database.admin) as connection:
        connection.execute(POLICIES)
        connection.execute(TABLES)
    with running_gateway(server, database, tmp_path_factory.mktemp("live")) as running:
        yield running
    server.drop(database.name)


@pytest.fixture
def tenant() -> str:
    """A tenant of the test's own."""
    return str(uuid4())


#: Signs a token of a member of a tenant, valid for so many seconds.
Sign = Callable[..., str]


@pytest.fixture(scope="session")
def sign(live: Gateway) -> Sign:
    keyring = Keyring(live.settings)

    def _sign(tenant: str, *, valid_s: float = 600, **claims: object) -> str:
        now = int(time.time())
        return keyring.sign(
            {
                "aud": "authenticated",
                "role": "authenticated",
                "sub": str(uuid4()),
                "iat": now,
                "exp": now + valid_s,
                "tenant_id": tenant,
                **claims,
            }
        )

    return _sign


@pytest.fixture
def sql(live: Gateway) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables; each statement is committed."""
    with psycopg.connect(live.database.admin, autocommit=True) as connection:
        yield connection


@pytest.fixture
def js(live: Gateway) -> Iterator[JsClient]:
    """A supabase-js client with the publishable key."""
    with js_client(live.url, live.settings.publishable_key) as client:
        yield client


#: Runs `realtime.send(payload, event, topic)` and commits.
SendFromDatabase = Callable[..., None]


@pytest.fixture
def send(sql: psycopg.Connection) -> SendFromDatabase:
    def _send(topic: str, event: str, payload: object, *, private: bool = True) -> None:
        sql.execute("select realtime.send(%s, %s, %s, %s)", [Jsonb(payload), event, topic, private])

    return _send
