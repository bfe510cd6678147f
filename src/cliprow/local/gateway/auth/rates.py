"""How often one address may knock."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.settings import Options

WINDOW_S = 300


class Rates:
    """Counts in memory: a development server has one process."""

    def __init__(self, options: Options) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        sign_ins = RateLimitItemPerSecond(options.sign_in_limit, WINDOW_S)
        self._items = {
            "sign_in": sign_ins,
            "mail": sign_ins,
            "verify": sign_ins,
            "refresh": RateLimitItemPerSecond(options.refresh_limit, WINDOW_S),
        }
        self._mail_to_one = RateLimitItemPerSecond(1, options.mail_interval_s)

    def count(self, kind: str, address: str) -> None:
        """Count a request from an IP address.

        Raises:
            AuthError: too many.
        """
        item = self._items[kind]
        if not self._limiter.hit(item, kind, address):
            wait_s = self._wait_s(item, kind, address)
            raise AuthError(
                429,
                "over_request_rate_limit",
                f"Request rate limit reached: {item.amount} in {WINDOW_S // 60} minutes. Try again in {wait_s} s.",
                retry_after_s=wait_s,
            )

    def count_mail(self, email: str) -> None:
        """Count a message to an e-mail address, whether anybody has it or not.

        Raises:
            AuthError: the last one was just sent.
        """
        if not self._limiter.hit(self._mail_to_one, "mail_to", email):
            wait_s = self._wait_s(self._mail_to_one, "mail_to", email)
            raise AuthError(
                429,
                "over_email_send_rate_limit",
                f"For security purposes, you can only request this after {wait_s} seconds.",
                retry_after_s=wait_s,
            )

    def _wait_s(self, item: RateLimitItemPerSecond, *key: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(item, *key).reset_time - time.time()))
