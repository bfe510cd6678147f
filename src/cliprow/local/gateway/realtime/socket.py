"""One websocket and the channels that it has joined.

Frames are handled one after the other: a client waits for its own joins only, and cannot have more than one question
to the database under way. What it asks for beyond that stays unread in the network.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
import psycopg

from cliprow.local.gateway.keys import Caller, Refused
from cliprow.local.gateway.realtime.channel import Channel
from cliprow.local.gateway.realtime.exchange import Exchange
from cliprow.local.gateway.realtime.frames import Broadcast, Frame, Malformed, Message, Ref, decode, encode
from cliprow.local.gateway.realtime.hub import Topic
from cliprow.local.gateway.realtime.joining import Join, read_join
from cliprow.local.gateway.realtime.limits import (
    CHANNELS_PER_SOCKET,
    FRAMES_PER_TURN,
    JOINS_PER_SECOND,
    TOPIC_LENGTH,
    Pace,
)
from cliprow.local.gateway.realtime.outbox import Outbox
from cliprow.local.gateway.realtime.policies import Extension, Unanswered

logger = logging.getLogger(__name__)

_PREFIX = "realtime:"


class NotJoined(Exception):
    """A join is refused; the message has a code and a sentence, as clients show them."""


class Ended(Exception):
    """The websocket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """Takes the frames of one client, one at a time."""

    def __init__(
        self,
        exchange: Exchange,
        version: str,
        caller: Caller,
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._exchange = exchange
        self.version = version
        self._caller = caller
        self.outbox = Outbox(send)
        self._channels: dict[str, Channel] = {}
        self._joins = Pace(JOINS_PER_SECOND)
        self._handled = 0

    async def handle(self, message: Message) -> None:
        """Do what a message asks for.

        Raises:
            Ended: it is none, or there are too many.
        """
        try:
            frame = decode(message, self.version)
            self._handled += 1
            if self._handled % FRAMES_PER_TURN == 0:
                await asyncio.sleep(0)
            await self._follow(frame)
        except Malformed as malformed:
            raise Ended(1007, f"malformed frame: {malformed}"[:120]) from malformed
        except RecursionError as error:
            raise Ended(1007, "malformed frame: nested too deeply") from error

    def put(self, message: Message) -> None:
        """Send this, after what waits already."""
        self.outbox.put(message)

    def forget(self, channel: Channel) -> None:
        """The channel is no longer joined."""
        if self._channels.get(channel.topic.wire_name) is channel:
            del self._channels[channel.topic.wire_name]

    def vanish(self) -> None:
        """Leave all topics: the client is gone."""
        for channel in list(self._channels.values()):
            channel.vanish()

    async def _follow(self, frame: Frame) -> None:
        channel = self._channels.get(frame.topic)
        if frame.topic == "phoenix" and frame.event == "heartbeat":
            self._reply(frame, "ok", {})
        elif frame.event == "phx_join":
            await self._join(frame)
        elif frame.event == "phx_leave":
            self._reply(frame, "ok", {})
            if channel is not None:
                channel.close()
        elif channel is None:
            self._reply(frame, "error", {"reason": "unmatched topic"})
        else:
            await channel.handle(frame)

    async def _join(self, frame: Frame) -> None:
        if not self._joins.allows():
            reason = "ClientJoinRateLimitReached: Too many joins per second"
            self._reply(frame, "error", {"reason": reason})
            raise Ended(1008, reason)
        before = self._channels.get(frame.topic)
        if before is not None:
            before.close()
        try:
            channel, replayed = await self._admit(frame)
        except NotJoined as refused:
            self._reply(frame, "error", {"reason": str(refused)})
            return
        self._channels[frame.topic] = channel
        self._reply(frame, "ok", {"postgres_changes": channel.wishes})
        channel.open(replayed)

    async def _admit(self, frame: Frame) -> tuple[Channel, list[Broadcast]]:
        """The channel, and what was sent before and is wanted with it.

        Raises:
            NotJoined: something that must hold does not.
        """
        name = frame.topic.removeprefix(_PREFIX)
        if not frame.topic.startswith(_PREFIX):
            raise NotJoined("unmatched topic")
        if not name:
            raise NotJoined("TopicNameRequired: You must provide a topic name")
        if len(name) > TOPIC_LENGTH:
            raise NotJoined(f"TopicNameTooLong: A topic name has at most {TOPIC_LENGTH} characters")
        if len(self._channels) >= CHANNELS_PER_SOCKET:
            raise NotJoined("ChannelRateLimitReached: Too many channels")
        try:
            join = read_join(frame.payload)
        except msgspec.ValidationError as error:
            raise NotJoined(f"InvalidJoinPayload: {error}") from error
        caller = self._caller_of(join)
        topic = Topic(name, join.config.private)
        readable = await self._readable(caller, topic, join)
        replayed = await self._replayed(topic, join, readable)
        join_ref: Ref = frame.ref if frame.join_ref is None else frame.join_ref
        return Channel(self._exchange, self, topic, join_ref, join, caller, readable), replayed

    def _caller_of(self, join: Join) -> Caller:
        if join.token is None:
            return self._caller
        try:
            return self._exchange.keyring.verify("".join(join.token.split()))
        except Refused as refused:
            if refused.is_expired:
                raise NotJoined("InvalidJWTToken: Token has expired") from refused
            raise NotJoined(f"MalformedJWT: {refused.message}") from refused

    async def _readable(self, caller: Caller, topic: Topic, join: Join) -> frozenset[Extension]:
        if not topic.is_private:
            return frozenset()
        asked: list[Extension] = ["broadcast", "presence"] if join.config.presence.enabled else ["broadcast"]
        try:
            readable = await self._exchange.policies.readable(caller, topic.name, asked)
        except Unanswered as error:
            raise NotJoined(f"UnableToSetPolicies: {error}") from error
        if not readable:
            raise NotJoined(
                f"Unauthorized: You do not have permissions to read from this Channel topic: {topic.name}"
            )
        return readable

    async def _replayed(self, topic: Topic, join: Join, readable: frozenset[Extension]) -> list[Broadcast]:
        wanted = join.config.broadcast.replay
        if wanted is None:
            return []
        if not topic.is_private:
            raise NotJoined("UnableToReplayMessages: Replay is not allowed for public channels")
        if "broadcast" not in readable:
            raise NotJoined(
                f"Unauthorized: You do not have permissions to read from this Channel topic: {topic.name}"
            )
        try:
            return await self._exchange.messages.replay(topic.name, wanted.since, wanted.limit)
        except ValueError as error:
            raise NotJoined("UnableToReplayMessages: Replay params are not valid") from error
        except psycopg.Error as error:
            logger.warning("Messages of %r could not be replayed: %s", topic.name, error)
            raise NotJoined("UnableToReplayMessages: Realtime was unable to replay messages") from error

    def _reply(self, frame: Frame, status: str, response: object) -> None:
        join_ref = frame.join_ref
        if join_ref is None and frame.event == "phx_join":
            join_ref = frame.ref
        payload = {"status": status, "response": response}
        self.put(encode(self.version, frame.topic, "phx_reply", payload, frame.ref, join_ref))
