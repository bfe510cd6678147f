"""How much one client of the live channels may ask for."""

from __future__ import annotations

import asyncio
import time

import pytest

from cliprow.local.gateway.realtime import handshake, limits
from cliprow.local.gateway.realtime.frames import Message
from cliprow.local.gateway.realtime.limits import Addresses, Pace
from cliprow.local.gateway.realtime.outbox import Outbox
from cliprow.local.gateway.realtime.socket import Ended


def test_a_pace_counts_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = Pace(2)
    assert [pace.allows() for _ in range(3)] == [True, True, False]
    now += 1
    assert [pace.allows() for _ in range(3)] == [True, True, False]


def test_an_address_may_have_so_many_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SOCKETS_PER_ADDRESS", 2)
    addresses = Addresses()
    assert [addresses.admit("a") for _ in range(3)] == [True, True, False]
    assert addresses.admit("b")
    addresses.leave("a")
    assert addresses.admit("a")


@pytest.mark.parametrize(("count", "size"), [(limits.WAITING_MESSAGES + 1, 1), (9, 1_000_000)])
def test_an_outbox_overflows_by_messages_and_by_bytes(count: int, size: int) -> None:
    async def test() -> None:
        async def stuck(_: Message) -> None:
            await asyncio.Event().wait()

        outbox = Outbox(stuck)
        for number in range(count):
            assert not outbox.overflowed.is_set(), number
            outbox.put("x" * size)
        assert outbox.overflowed.is_set()

    asyncio.run(test())


def test_an_outbox_keeps_the_order_and_can_be_drained() -> None:
    async def test() -> None:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            await asyncio.sleep(0)
            sent.append(message)

        outbox = Outbox(send)
        sending = asyncio.create_task(outbox.run())
        for number in range(100):
            outbox.put(str(number))
        await outbox.drain()
        assert sent == [str(number) for number in range(100)]
        sending.cancel()

    asyncio.run(test())


def test_who_says_nothing_for_too_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "IDLE_S", 0.05)

    async def silence() -> None:
        await asyncio.Event().wait()

    async def test() -> None:
        with pytest.raises(Ended) as ended:
            await handshake._read(None, silence)  # type: ignore[arg-type]
        assert ended.value.code == 1000

    asyncio.run(test())
