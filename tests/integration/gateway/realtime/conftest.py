"""A gateway on a database with two tenants' worth of policies and tables, all made here: nothing of Cliprow's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

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


@pytest.fixture(scope="session")
def live(server: Server, bare_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose database has policies on channels."""
    database = server.create("live_channels", bare_template)
    with psycopg.connect(database.admin) as connection:
        connection.execute(POLICIES)
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
def js(live: Gateway) -> Iterator[JsClient]:
    """A supabase-js client with the publishable key."""
    with js_client(live.url, live.settings.publishable_key) as client:
        yield client


#: Runs `realtime.send(payload, event, topic)` and commits.
SendFromDatabase = Callable[..., None]


@pytest.fixture
def send(live: Gateway) -> Iterator[SendFromDatabase]:
    with psycopg.connect(live.database.admin, autocommit=True) as connection:

        def _send(topic: str, event: str, payload: object, *, private: bool = True) -> None:
            connection.execute(
                "select realtime.send(%s, %s, %s, %s)",
                [psycopg.types.json.Jsonb(payload), event, topic, private],
            )

        yield _send
