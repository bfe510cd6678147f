"""How many requests one user, or one address, may send."""

from __future__ import annotations

import time
from http import HTTPStatus
from ipaddress import IPv6Network

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from cliprow.api.problems import Refused
from cliprow.api.settings import ApiSettings

_SWEEP_EVERY_S = 1.0


class Windows(MemoryStorage):
    """The package's counters in memory, swept once a second: by itself it looks through all of them at each request."""

    STORAGE_SCHEME = ["async+windows"]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count a request; returns how many the window has now."""
        now = time.time()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_EVERY_S
            for old in [each for each, ends_at in self.expirations.items() if ends_at <= now]:
                del self.expirations[old], self.storage[old]
        if key not in self.expirations or self.expirations[key] <= now:
            self.storage[key], self.expirations[key] = 0, now + expiry
        self.storage[key] += amount
        return self.storage[key]


class RateLimits:
    """Counts in this process's memory: several API processes allow as many times more."""

    def __init__(self, settings: ApiSettings) -> None:
        self._limiter = FixedWindowRateLimiter(Windows())
        self._user = _item(RateLimitItemPerSecond, settings.user_limit, 10)
        self._address = _item(RateLimitItemPerSecond, settings.address_limit, 10)
        self._sign_in = _item(RateLimitItemPerMinute, settings.sign_in_limit, 5)

    async def count_user(self, user_id: object) -> None:
        """One more request of a user.

        Raises:
            Refused: it has sent too many.
        """
        await self._count(self._user, "user", str(user_id))

    async def count_address(self, address: str) -> None:
        """One more request that nobody is signed in for, or whose token does not count."""
        await self._count(self._address, "address", _network(address))

    async def count_sign_in(self, address: str) -> None:
        """One more try to sign in, sign up or recover."""
        await self._count(self._sign_in, "sign_in", _network(address))

    async def _count(self, item: RateLimitItem | None, *name: str) -> None:
        if item is None or await self._limiter.hit(item, *name):
            return
        reset_at = (await self._limiter.get_window_stats(item, *name)).reset_time
        raise Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many requests were sent.",
            error_code="TOO_MANY_REQUESTS",
            next_step="Wait as long as Retry-After says, then go on more slowly.",
            headers={"Retry-After": str(max(1, round(reset_at - time.time())))},
        )


def _network(address: str) -> str:
    """What an address counts as: of IPv6, whoever has one has the 2^64 of its network."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def _item(kind: type[RateLimitItem], amount: int, multiples: int) -> RateLimitItem | None:
    return kind(amount, multiples) if amount else None
