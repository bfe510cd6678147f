"""Calls the webhooks of tenants, signed as Standard Webhooks says (https://www.standardwebhooks.com).

Addresses are those of strangers to us: a name is resolved once, every address it has must be one of the public
internet, and the connection goes to just that address, so that nobody reaches through us what only we can reach.
Redirects are not followed, answers are not read, and proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from cliprow.errors import CliprowError, Unavailable

logger = logging.getLogger(__name__)

#: Calls under way at the same time.
AT_ONCE = 10
#: Between two looks when there was nothing to send, in seconds.
LOOK_S = 1.0
#: All of one call: less than the time after which it is given out again.
CALL_S = 20.0
_TIMEOUT = httpx.Timeout(connect=5, read=10, write=10, pool=5)
#: Addresses that lead to others inside them: IPv4 as IPv6 (mapped is told by `ipaddress`), NAT64 and 6to4.
_TUNNELS = tuple(
    ipaddress.ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


class Deliveries(Protocol):
    """Where what is to be told comes from; see `QueueCalls`."""

    async def take_deliveries(self, limit: int) -> dict[str, Any]:
        """Up to so many, and whether private addresses may be called."""
        ...

    async def settle_delivery(
        self, delivery_id: str, status: int | None, error: str | None, retry_after_s: float | None
    ) -> None:
        """Say how one went."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a call went."""

    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None


class Refused(Exception):
    """An address that is not called."""


class CallbackSender:
    """Sends what is due, again and again."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send until cancelled. What is under way then is given out again later."""
        async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            try:
                while True:
                    if not await self._start(client):
                        await asyncio.sleep(LOOK_S)
                    if len(self._under_way) >= AT_ONCE:
                        await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in self._under_way:
                    task.cancel()
                await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _start(self, client: httpx.AsyncClient) -> int:
        try:
            taken = await self._deliveries.take_deliveries(AT_ONCE - len(self._under_way))
        except Unavailable as error:
            logger.debug("No webhook is called: %s", error.message)  # the heartbeat says so
            return 0
        except CliprowError as error:
            logger.warning("No webhook is called: %s", error.message)
            return 0
        for delivery in taken["deliveries"]:
            task = asyncio.create_task(
                self._deliver(client, delivery, may_be_private=taken["may_be_private"])
            )
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(taken["deliveries"])

    async def _deliver(
        self, client: httpx.AsyncClient, delivery: dict[str, Any], *, may_be_private: bool
    ) -> None:
        outcome = await call(client, delivery, may_be_private=may_be_private)
        try:
            await self._deliveries.settle_delivery(
                delivery["id"], outcome.status, outcome.error, outcome.retry_after_s
            )
        except CliprowError as error:
            logger.warning("How a webhook answered was not noted, it is called again: %s", error.message)


async def call(client: httpx.AsyncClient, delivery: dict[str, Any], *, may_be_private: bool) -> Outcome:
    """Call a webhook once; whatever goes wrong is the outcome."""
    try:
        async with asyncio.timeout(CALL_S):
            return await _call(client, delivery, may_be_private=may_be_private)
    except Refused as error:
        return Outcome(error=str(error))
    except TimeoutError:
        return Outcome(error=f"It did not answer within {CALL_S:.0f} s.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
        return Outcome(error=f"It could not be reached: {str(error) or type(error).__name__}")


async def _call(client: httpx.AsyncClient, delivery: dict[str, Any], *, may_be_private: bool) -> Outcome:
    url = httpx.URL(delivery["url"])
    if url.scheme != "https" and not may_be_private:
        raise Refused("Its address is not https.")
    address = await resolve(
        url.host, url.port or (443 if url.scheme == "https" else 80), may_be_private=may_be_private
    )
    body = str(delivery["payload"]).encode()
    at = int(time.time())
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "cliprow-webhooks",
        "webhook-id": delivery["id"],
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(
            sign(secret, delivery["id"], at, body) for secret in delivery["secrets"]
        ),
    }
    # To the address that was checked, with the certificate of the name.
    request = client.build_request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers=headers,
        extensions={"sni_hostname": url.host},
    )
    answer = await client.send(request, stream=True)
    await answer.aclose()
    if answer.is_success:
        return Outcome(answer.status_code)
    after = answer.headers.get("retry-after", "")
    return Outcome(
        answer.status_code,
        f"It answered {answer.status_code}"
        + ("; redirects are not followed." if answer.is_redirect else "."),
        float(after) if after.isdecimal() and len(after) < 8 else None,
    )


def sign(secret: str, delivery_id: str, at: int, body: bytes) -> str:
    """The signature of a message: v1, and HMAC-SHA256 of id, time (seconds) and body under the secret.

    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

    Raises:
        ValueError: the secret is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base64") from error
    told = f"{delivery_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


async def resolve(host: str, port: int, *, may_be_private: bool) -> str:
    """An address of a host, all of whose addresses are of the public internet, unless any may be called.

    Raises:
        Refused: one is not.
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not may_be_private and not all_public(addresses):
        raise Refused("Its address leads into a private network.")
    return addresses[0]


def all_public(addresses: Sequence[str]) -> bool:
    """Whether these are addresses of the public internet, each of them.

    >>> all_public(["93.184.215.14"]), all_public(["93.184.215.14", "10.0.0.1"]), all_public(["::ffff:127.0.0.1"])
    (True, False, False)
    """
    return bool(addresses) and all(
        _is_public(ipaddress.ip_address(each.partition("%")[0])) for each in addresses
    )


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if any(address in network for network in _TUNNELS):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
