"""docs/embedded-live-channels.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cliprow.local.gateway.realtime import filters, limits, messages

PAGE = (Path(__file__).parents[3] / "docs" / "embedded-live-channels.md").read_text(encoding="utf-8")


def numbers(start: str) -> list[float]:
    """The numbers in the second column of a row of the table."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {start} |")]
    return [float(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", row.split("|")[2])]


@pytest.mark.parametrize(
    ("start", "values"),
    [
        ("a websocket message", [limits.FRAME_BYTES]),
        ("the payload of a broadcast", [limits.PAYLOAD_BYTES]),
        ("what a client says of itself (presence)", [limits.PRESENCE_BYTES]),
        ("waiting for one client", [limits.WAITING_BYTES, limits.WAITING_MESSAGES]),
        ("websockets of one address", [limits.SOCKETS_PER_ADDRESS]),
        ("channels of one websocket", [limits.CHANNELS_PER_SOCKET]),
        ("subscriptions to changes of one channel", [limits.SUBSCRIPTIONS_PER_CHANNEL]),
        ("joins of one websocket in a second", [limits.JOINS_PER_SECOND]),
        ("broadcasts of one channel in a second", [limits.BROADCASTS_PER_SECOND]),
        ("presence messages of one channel in a second", [limits.PRESENCES_PER_SECOND]),
        ("messages by HTTP in a second, of all together", [limits.POSTS_PER_SECOND]),
        ("silence of a client", [limits.IDLE_S]),
        ("messages replayed", [limits.REPLAYED]),
    ],
)
def test_the_limits_are_those(start: str, values: list[float]) -> None:
    assert numbers(start) == values


def test_every_operator_of_filters_is_named() -> None:
    (named,) = re.findall(r"filters \((.*?), each with", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", named)) == {*filters.OPERATORS, "in", "is"}


def test_the_longest_gap_is_named() -> None:
    assert f"up to\n{messages.GAP_LIMIT:,} of them" in PAGE
