"""How much one client may ask for; beyond it is told, or dropped, so that others do not wait for it."""

from __future__ import annotations

import time
from collections import Counter

#: A websocket message from a client, in bytes; a longer one ends the connection (1009).
FRAME_BYTES = 5_000_000
#: The payload of one broadcast, and what a client says of itself, in bytes.
PAYLOAD_BYTES = 3_000_000
PRESENCE_BYTES = 100_000
#: What may wait to be sent to one socket before it is dropped.
WAITING_BYTES = 8_000_000
WAITING_MESSAGES = 2_000
#: Websockets of one address, and channels of one websocket.
SOCKETS_PER_ADDRESS = 1_000
CHANNELS_PER_SOCKET = 100
SUBSCRIPTIONS_PER_CHANNEL = 100
#: Longest filter of a subscription, in characters.
FILTER_LENGTH = 5_000
#: Longest topic, in characters.
TOPIC_LENGTH = 1_000
#: What one socket may do in a second, and then is shut out, and what one channel may, and then is closed.
JOINS_PER_SECOND = 200
BROADCASTS_PER_SECOND = 100
PRESENCES_PER_SECOND = 10
#: Messages that may be sent by HTTP in a second, by all together.
POSTS_PER_SECOND = 500
#: Silence after which a client is taken for gone; clients send a heartbeat every 25 s.
IDLE_S = 75.0
#: Frames of one socket that are handled before others have their turn.
FRAMES_PER_TURN = 20
#: Stored messages that a join may ask for.
REPLAYED = 25


class Pace:
    """How often something may happen in a second; kept by whom it concerns, so that it goes with it."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._since = time.monotonic()
        self._count = 0

    def allows(self) -> bool:
        """Count one more, unless it is too many."""
        now = time.monotonic()
        if now - self._since >= 1:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self._per_second


class Addresses:
    """How many websockets each address has open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Count one more, unless it is too many."""
        if self._open[address] >= SOCKETS_PER_ADDRESS:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One is closed."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
