"""Who has joined which topic. A public and a private channel of the same name are two topics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol

from cliprow.local.gateway.realtime.frames import Broadcast, Message, encode, encode_broadcast


class Topic(NamedTuple):
    """What can be joined."""

    name: str
    is_private: bool

    @property
    def wire_name(self) -> str:
        """As clients name it."""
        return f"realtime:{self.name}"


class Member(Protocol):
    """A joined channel, as the hub sees it."""

    @property
    def topic(self) -> Topic:
        """What it has joined."""
        ...

    @property
    def version(self) -> str:
        """Of the protocol that its client speaks."""
        ...

    @property
    def replayed(self) -> Collection[str]:
        """Ids of stored messages that it has been given already."""
        ...

    @property
    def may_read_broadcasts(self) -> bool:
        """Whether what is sent to the topic is for it."""
        ...

    @property
    def may_read_presence(self) -> bool:
        """Whether it may know who is there, and wants to."""
        ...

    def put(self, message: Message) -> None:
        """Send this to its client."""
        ...

    def break_off(self) -> None:
        """End it so that its client joins again."""
        ...


class Hub:
    """Hands messages to the members of a topic; each is encoded once per version of the protocol."""

    def __init__(self) -> None:
        self._members: dict[Topic, dict[Member, None]] = {}

    def join(self, member: Member) -> None:
        """From now on it gets what is sent to its topic."""
        self._members.setdefault(member.topic, {})[member] = None

    def leave(self, member: Member) -> None:
        """From now on it gets nothing."""
        members = self._members.get(member.topic, {})
        members.pop(member, None)
        if not members:
            self._members.pop(member.topic, None)

    def has(self, topic: Topic) -> bool:
        """Whether anybody has joined it."""
        return topic in self._members

    def topics(self) -> Collection[Topic]:
        """Every topic that somebody has joined."""
        return self._members.keys()

    def members(self) -> list[Member]:
        """All members of all topics."""
        return [member for members in self._members.values() for member in members]

    def broadcast(self, topic: Topic, broadcast: Broadcast, sender: Member | None = None) -> None:
        """Send to all members but the sender, and but those who may not read it or have read it."""
        id_ = broadcast.meta.get("id")
        self._send(
            (
                member
                for member in self._members.get(topic, ())
                if member is not sender
                and member.may_read_broadcasts
                and (id_ is None or id_ not in member.replayed)
            ),
            lambda version: encode_broadcast(version, topic.wire_name, broadcast),
        )

    def send_presence(self, topic: Topic, event: str, payload: object) -> None:
        """Send to all members who may see who is there."""
        self._send(
            (member for member in self._members.get(topic, ()) if member.may_read_presence),
            lambda version: encode(version, topic.wire_name, event, payload),
        )

    def _send(self, members: Iterable[Member], encoded: Callable[[str], Message | None]) -> None:
        ready: dict[str, Message | None] = {}
        for member in members:
            if member.version not in ready:
                ready[member.version] = encoded(member.version)
            message = ready[member.version]
            if message is not None:
                member.put(message)
