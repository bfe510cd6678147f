"""The `realtime` package, which speaks version 1.0.0, against the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import RealtimePostgresChangesListenEvent

from tests.gateway import Gateway
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign

PATIENCE_S = 60


class Client:
    """Collects what the channels of one client see."""

    def __init__(self, client: AsyncRealtimeClient) -> None:
        self.client = client
        self.seen: asyncio.Queue[Any] = asyncio.Queue()

    async def join(self, channel: AsyncRealtimeChannel) -> AsyncRealtimeChannel:
        joined: asyncio.Future[RealtimeSubscribeStates] = asyncio.get_running_loop().create_future()

        def told(state: RealtimeSubscribeStates, _: Exception | None) -> None:
            if not joined.done():
                joined.set_result(state)

        await channel.subscribe(told)
        assert await asyncio.wait_for(joined, PATIENCE_S) == RealtimeSubscribeStates.SUBSCRIBED
        return channel

    async def next(self) -> Any:
        return await asyncio.wait_for(self.seen.get(), PATIENCE_S)


def run(live: Gateway, token: str, test: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
    async def _run() -> None:
        client = AsyncRealtimeClient(f"{live.url}/realtime/v1", live.settings.publishable_key)
        await client.connect()
        try:
            await client.set_auth(token)
            await test(Client(client))
        finally:
            await client.close()

    asyncio.run(_run())


def config(**options: Any) -> Any:
    defaults = {"broadcast": {}, "presence": {"key": "", "enabled": False}, "private": False}
    return {"config": {**defaults, **options}}


def test_it_receives_what_the_database_sends(
    live: Gateway, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    async def test(client: Client) -> None:
        channel = client.client.channel(f"tenant:{tenant}", config(private=True))
        channel.on_broadcast("changes", client.seen.put_nowait)
        await client.join(channel)
        await asyncio.to_thread(send, f"tenant:{tenant}", "changes", {"seq": 1})
        message = await client.next()
        assert message["payload"]["seq"] == 1
        assert message["meta"]["id"] == message["payload"]["id"]

    run(live, sign(tenant), test)


def test_it_is_refused_where_policies_refuse(live: Gateway, sign: Sign, tenant: str) -> None:
    async def test(client: Client) -> None:
        refused: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

        def told(state: RealtimeSubscribeStates, error: Exception | None) -> None:
            if state == RealtimeSubscribeStates.CHANNEL_ERROR and not refused.done():
                refused.set_result(error)

        await client.client.channel(f"tenant:{tenant}", config(private=True)).subscribe(told)
        assert "Unauthorized" in str(await asyncio.wait_for(refused, PATIENCE_S))

    run(live, sign("another"), test)


def test_it_sends_and_receives(live: Gateway, sign: Sign, tenant: str) -> None:
    async def test(client: Client) -> None:
        channel = client.client.channel(
            f"room:{tenant}", config(private=True, broadcast={"self": True, "ack": True})
        )
        channel.on_broadcast("greeting", client.seen.put_nowait)
        await client.join(channel)
        await channel.send_broadcast("greeting", {"text": "grüß dich"})
        assert (await client.next())["payload"] == {"text": "grüß dich"}

    run(live, sign(tenant), test)


def test_it_sees_who_is_there(live: Gateway, sign: Sign, tenant: str) -> None:
    async def test(client: Client) -> None:
        channel = client.client.channel(
            f"room:{tenant}", config(private=True, presence={"key": "ann", "enabled": True})
        )
        channel.on_presence_sync(lambda: client.seen.put_nowait(channel.presence_state()))
        await client.join(channel)
        await channel.track({"name": "Ann"})
        while not (state := await client.next()):
            pass
        assert [each["name"] for each in state["ann"]] == ["Ann"]
        await channel.track({"name": "Anna"})
        while [each["name"] for each in state.get("ann", [])] != ["Anna"]:
            state = await client.next()
        await channel.untrack()
        while state:
            state = await client.next()

    run(live, sign(tenant), test)


def test_it_sees_changes_of_tables(live: Gateway, sign: Sign, tenant: str, sql: psycopg.Connection) -> None:
    async def test(client: Client) -> None:
        channel = client.client.channel(tenant)
        subscribed = asyncio.Event()
        channel.on_system(lambda _: subscribed.set())
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All,
            client.seen.put_nowait,
            table="notes",
            schema="public",
            filter="priority=gt.1",
        )
        await client.join(channel)
        await asyncio.wait_for(subscribed.wait(), PATIENCE_S)

        def write() -> None:
            for priority in (1, 2):
                sql.execute(
                    "insert into public.notes (tenant_id, priority) values (%s, %s)", [tenant, priority]
                )

        await asyncio.to_thread(write)
        change = (await client.next())["data"]
        assert change["type"] == "INSERT" and change["record"]["priority"] == 2
        await asyncio.to_thread(sql.execute, "delete from public.notes where tenant_id = %s", [tenant])

    run(live, sign(tenant), test)


def test_messages_that_it_cannot_read_are_not_sent_to_it(
    live: Gateway, sign: Sign, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so in its log when a message has another form than it knows."""

    async def test(client: Client) -> None:
        channel = client.client.channel(
            f"room:{tenant}", config(private=True, presence={"key": "x", "enabled": True})
        )
        await client.join(channel)
        await channel.track({"a": 1})
        await client.client.set_auth(sign(tenant))
        await channel.unsubscribe()
        await asyncio.sleep(0.3)

    run(live, sign(tenant), test)
    assert [record.message for record in caplog.records if "Unrecognized" in record.message] == []
