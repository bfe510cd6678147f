"""How many requests somebody may send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cliprow.api import ApiSettings
from cliprow.api.problems import Refused
from cliprow.api.rate_limits import RateLimits


def limits(**numbers: int) -> RateLimits:
    return RateLimits(
        ApiSettings(database="", supabase_url="http://x", publishable_key="", **numbers)  # type: ignore[arg-type]
    )


def passed(count: Callable[[str], Awaitable[None]], *names: str) -> int:
    """How many of some requests came through."""

    async def each() -> int:
        through = 0
        for name in names:
            try:
                await count(name)
            except Refused as refused:
                assert int(refused.headers["Retry-After"]) >= 1
            else:
                through += 1
        return through

    return asyncio.run(each())


def test_one_user_s_requests_are_counted_apart_from_another_s() -> None:
    found = limits(user_limit=3)
    assert passed(found.count_user, *"aaaaabb") == 5


def test_nothing_is_refused_without_a_limit() -> None:
    found = limits(user_limit=0, address_limit=0, sign_in_limit=0)
    for count in (found.count_user, found.count_address, found.count_sign_in):
        assert passed(count, *(["a"] * 500)) == 500


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    found = limits(address_limit=2)
    assert passed(found.count_address, *(f"2001:db8::{n}" for n in range(1, 6))) == 2
    assert passed(found.count_address, "2001:db8:0:1::1", "10.0.0.1", "10.0.0.2", "fe80::1%eth0", "odd:") == 5


def test_windows_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found, now = limits(user_limit=1), [1_000.0]
    monkeypatch.setattr("cliprow.api.rate_limits.time.time", lambda: now[0])
    assert passed(found.count_user, "a", "a") == 1
    now[0] += 11
    assert passed(found.count_user, "a", "b") == 2
    storage = found._limiter.storage
    now[0] += 30
    assert passed(found.count_user, "c") == 1
    assert len(storage.expirations) == 1  # type: ignore[attr-defined]
