"""Cliprow's own topics and tables, by its own policies: strangers neither hear, send, appear, nor see rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.gateway import Gateway
from tests.integration.gateway.realtime.raw import RawSocket, raw_socket
from tests.people import Person, sign_up

PRIVATE = {"private": True}


@dataclass(frozen=True)
class Place:
    """A tenant with a project, and whose it is."""

    person: Person
    tenant_id: str
    project_id: str
    epoch: int

    @property
    def topics(self) -> list[str]:
        return [f"tenant:{self.tenant_id}:{self.epoch}", f"project:{self.project_id}:{self.epoch}"]


def settle(gateway: Gateway) -> Place:
    person = sign_up(gateway)
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    with psycopg.connect(gateway.database.admin) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', 'authenticated', true)",
            [json.dumps(claims)],
        )
        project = connection.execute(
            "insert into public.projects (name, original_idea) values ('Film', 'Film') returning id::text"
        ).fetchone()
        connection.execute("reset role")
        epoch = connection.execute(
            "select epoch from public.tenants where id = %s", [claims["tenant_id"]]
        ).fetchone()
    assert project is not None and epoch is not None
    return Place(person, claims["tenant_id"], project[0], epoch[0])


@pytest.fixture(scope="module")
def ada(gateway: Gateway) -> Place:
    return settle(gateway)


@pytest.fixture(scope="module")
def eve(gateway: Gateway) -> Place:
    return settle(gateway)


def tell(gateway: Gateway, topic: str, payload: dict[str, Any]) -> None:
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute("select realtime.send(%s, 'changes', %s)", [Jsonb(payload), topic])


def is_quiet(socket: RawSocket) -> bool:
    """Whether nothing but the answer to a heartbeat comes."""
    ref = socket.send("phoenix", "heartbeat", {})
    message = socket.connection.recv(10)
    return isinstance(message, str) and f'"{ref}"' in message


def test_a_member_follows_its_own_topics(gateway: Gateway, ada: Place) -> None:
    with raw_socket(gateway) as socket:
        for topic in ada.topics:
            assert socket.join(topic, token=ada.person.access_token, **PRIVATE)[4]["status"] == "ok"
            tell(gateway, topic, {"seq": 1})
            message = socket.connection.recv(10)
            assert isinstance(message, bytes) and b'"seq": 1' in message


def test_strangers_join_none_of_them_under_any_spelling(gateway: Gateway, ada: Place, eve: Place) -> None:
    tenant, project = ada.topics
    spellings = [
        tenant,
        project,
        tenant.upper(),
        f" {tenant}",
        f"{tenant} ",
        f"{tenant}\n",
        f"{tenant}\x00",
        tenant.replace(f":{ada.epoch}", ""),
        f"{tenant}0",
        f"tenant:{ada.tenant_id}:0{ada.epoch}",
        f"tenant:{ada.tenant_id}:{ada.epoch + 1}",
        f"tenant:{ada.project_id}:{ada.epoch}",
        f"batch:{ada.project_id}:{ada.epoch}",
        f"tenant:%:{ada.epoch}",
        f"tenant:*:{ada.epoch}",
        f"tenant:{ada.tenant_id}' or true --:{ada.epoch}",
        f"realtime:{tenant}",
        f"{eve.topics[0]},{tenant}",
        "x" * 1000,
    ]
    with raw_socket(gateway) as socket:
        for token in (None, eve.person.access_token):
            for topic in spellings:
                answer = socket.join(topic, token=token, **PRIVATE)
                assert answer[4]["status"] == "error", topic


def test_public_channels_of_the_same_name_hear_nothing(gateway: Gateway, ada: Place, eve: Place) -> None:
    with raw_socket(gateway) as socket:
        for topic in ada.topics:
            assert socket.join(topic, token=eve.person.access_token)[4]["status"] == "ok"
            tell(gateway, topic, {"seq": 1})
        assert is_quiet(socket)


def test_nobody_sends_where_the_database_speaks(gateway: Gateway, ada: Place, eve: Place) -> None:
    """Not even a member: what it hears there is true."""
    url = f"{gateway.url}/realtime/v1/api/broadcast"
    with raw_socket(gateway) as listener, raw_socket(gateway) as member:
        for topic in ada.topics:
            for socket in (listener, member):
                socket.join(topic, token=ada.person.access_token, **PRIVATE)
            member.send(f"realtime:{topic}", "broadcast", {"event": "changes", "payload": {"false": True}})
            for person in (ada.person, eve.person):
                headers = {
                    "apikey": gateway.settings.publishable_key,
                    "authorization": f"Bearer {person.access_token}",
                }
                message = {"topic": topic, "event": "changes", "payload": {"false": True}}
                batch = {"messages": [{**message, "private": True}, message]}
                assert httpx.post(url, json=batch, headers=headers).status_code == 202
                one = httpx.post(f"{url}/{topic}/events/changes?private=true", json={}, headers=headers)
                assert one.status_code == 403
        assert is_quiet(member)
        assert is_quiet(listener)


def test_nobody_appears_where_the_database_speaks(gateway: Gateway, ada: Place) -> None:
    topic = ada.topics[0]
    with raw_socket(gateway) as socket:
        socket.join(topic, token=ada.person.access_token, presence={"enabled": True}, **PRIVATE)
        ref = socket.send(f"realtime:{topic}", "presence", {"event": "track", "payload": {"name": "x"}})
        assert socket.answer(ref)[4]["status"] == "error"


def test_stored_messages_are_replayed_to_members_only(gateway: Gateway, ada: Place, eve: Place) -> None:
    topic = ada.topics[0]
    tell(gateway, topic, {"seq": 7})
    replay = {"replay": {"since": 0, "limit": 25}}
    with raw_socket(gateway) as socket:
        refused = socket.join(topic, token=eve.person.access_token, broadcast=replay, **PRIVATE)
        assert "Unauthorized" in refused[4]["response"]["reason"]
        refused = socket.join(topic, token=eve.person.access_token, broadcast=replay)
        assert refused[4]["status"] == "error"
        assert is_quiet(socket)
        assert (
            socket.join(topic, token=ada.person.access_token, broadcast=replay, **PRIVATE)[4]["status"]
            == "ok"
        )
        assert isinstance(socket.connection.recv(10), bytes)


@pytest.fixture
def watching(gateway: Gateway, ada: Place, eve: Place) -> Iterator[list[RawSocket]]:
    """Ada, Eve, and a visitor, each subscribed to all that is published."""
    with raw_socket(gateway) as a, raw_socket(gateway) as e, raw_socket(gateway) as v:
        sockets = [a, e, v]
        tokens = [ada.person.access_token, eve.person.access_token, None]
        for socket, token in zip(sockets, tokens, strict=True):
            socket.join("changes", token=token, postgres_changes=[{"event": "*", "schema": "public"}])
            assert socket.event("system")[4]["message"] == "Subscribed to PostgreSQL"
        yield sockets


def test_changed_rows_reach_their_own_tenant_only(
    gateway: Gateway, ada: Place, watching: list[RawSocket]
) -> None:
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute("update public.projects set name = 'New' where id = %s", [ada.project_id])
    mine, theirs, visitor = watching
    data = mine.event("postgres_changes")[4]["data"]
    assert (data["table"], data["record"]["name"]) == ("projects", "New")
    assert is_quiet(theirs)
    ref = visitor.send("phoenix", "heartbeat", {})
    visitor.answer(ref)
    told = [frame[4]["data"] for frame in visitor.seen if frame[3] == "postgres_changes"]
    # that something changed is all that somebody without rights on the table is told, as on a real project
    assert all(each["errors"] == ["Error 401: Unauthorized"] and each["record"] == {} for each in told)
