"""One joined topic of one websocket, from its join to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from cliprow.local.gateway.keys import Caller, Refused
from cliprow.local.gateway.realtime import background
from cliprow.local.gateway.realtime.exchange import Exchange
from cliprow.local.gateway.realtime.frames import Broadcast, Frame, Message, Ref, encode, encode_broadcast
from cliprow.local.gateway.realtime.hub import Topic
from cliprow.local.gateway.realtime.joining import Join
from cliprow.local.gateway.realtime.limits import (
    BROADCASTS_PER_SECOND,
    PAYLOAD_BYTES,
    PRESENCE_BYTES,
    PRESENCES_PER_SECOND,
    Pace,
)
from cliprow.local.gateway.realtime.policies import Extension, Unanswered, caller_key
from cliprow.local.gateway.realtime.presence import is_too_deep
from cliprow.local.gateway.realtime.subscriptions import InvalidSubscription, next_id, read_subscription

logger = logging.getLogger(__name__)

#: Longest time that a timer is set for; the clock may be moved meanwhile.
_TIMER_S = 3_600.0
#: How long a client that asks for it waits for the log of the database.
_READY_S = 15.0


class Owner(Protocol):
    """The websocket that a channel belongs to."""

    @property
    def version(self) -> str:
        """Of the protocol."""
        ...

    def put(self, message: Message) -> None:
        """Send this."""
        ...

    def forget(self, channel: Channel) -> None:
        """The channel has ended."""
        ...


class Channel:
    """Acts as its caller: what it may is what the caller's token allows, and it ends when the token does."""

    def __init__(
        self,
        exchange: Exchange,
        socket: Owner,
        topic: Topic,
        join_ref: Ref,
        join: Join,
        caller: Caller,
        readable: frozenset[Extension],
    ) -> None:
        self._exchange = exchange
        self._socket = socket
        self.topic = topic
        self.version = socket.version
        self._join_ref = join_ref
        self._config = join.config
        self._token = join.token
        self.caller, self.caller_key = caller, caller_key(caller)
        self._readable = readable
        self._sendable: dict[Extension, bool] = {}
        self._presence_key = join.presence_key
        self._sees_presence = join.config.presence.enabled
        self.replayed: Collection[str] = ()
        self._broadcasts = Pace(BROADCASTS_PER_SECOND)
        self._presences = Pace(PRESENCES_PER_SECOND)
        self._expiry: asyncio.TimerHandle | None = None
        self._wishes = [(next_id(), wish) for wish in join.config.postgres_changes]
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_open = False

    @property
    def may_read_broadcasts(self) -> bool:
        """Whether what is sent to the topic is for it."""
        return not self.topic.is_private or "broadcast" in self._readable

    @property
    def may_read_presence(self) -> bool:
        """Whether it may know who is there, and wants to."""
        return self._sees_presence and (not self.topic.is_private or "presence" in self._readable)

    @property
    def wishes(self) -> list[dict[str, Any]]:
        """The changes of tables that it wants, as the client said it, with their ids."""
        return [{**wish, "id": id_} for id_, wish in self._wishes]

    def open(self, replayed: Collection[Broadcast]) -> None:
        """Be joined: the client has been told."""
        self._is_open = True
        self._exchange.hub.join(self)
        if self.may_read_presence:
            self._push("presence_state", self._exchange.presence.state(self.topic))
        self.replayed = {broadcast.meta["id"] for broadcast in replayed}
        for broadcast in replayed:
            self._push_replayed(broadcast)
        self._renew_subscriptions()
        if self._config.broadcast.replication_ready:
            self._start("waiting", self._tell_when_ready())
        self._watch_expiry()

    def close(self) -> None:
        """Leave the topic and tell the client so."""
        if self._end():
            self._push("phx_close", {}, self._join_ref)

    def fail(self, message: str) -> None:
        """Close, and say why."""
        if self._is_open:
            self.push_system("error", message)
            self.close()

    def break_off(self) -> None:
        """Leave the topic as after a fault of ours: clients join again."""
        if self._end():
            self._push("phx_error", {}, self._join_ref)

    def vanish(self) -> None:
        """Leave the topic without a word: the websocket is gone."""
        self._end()

    def put(self, message: Message) -> None:
        """Send a message that is encoded already."""
        self._socket.put(message)

    def push_change(self, ids: Sequence[int], data: bytes) -> None:
        """Tell of a changed row."""
        self._push("postgres_changes", {"ids": ids, "data": msgspec.Raw(data)})

    def push_system(self, status: str, message: str, extension: str = "system") -> None:
        """Tell how the channel itself is."""
        self._push(
            "system",
            {"extension": extension, "status": status, "message": message, "channel": self.topic.name},
        )

    def reply(self, ref: Ref, status: str, response: object) -> None:
        """Answer a message of the client."""
        self._push("phx_reply", {"status": status, "response": response}, ref)

    async def handle(self, frame: Frame) -> None:
        """Do what the client asks for; unknown events are passed over."""
        match frame.event:
            case "broadcast":
                await self._broadcast(frame)
            case "presence":
                await self._presence(frame)
            case "access_token":
                await self._take_token(frame)

    def _end(self) -> bool:
        if not self._is_open:
            return False
        self._is_open = False
        if self._expiry is not None:
            self._expiry.cancel()
        for task in self._tasks.values():
            task.cancel()
        self._exchange.hub.leave(self)
        self._exchange.presence.untrack(self)
        self._exchange.changes.unsubscribe(self)
        self._socket.forget(self)
        return True

    async def _broadcast(self, frame: Frame) -> None:
        broadcast, options = frame.payload, self._config.broadcast
        assert isinstance(broadcast, Broadcast)
        if not self._broadcasts.allows():
            self.fail("Too many messages per second")
            return
        # As on a real project, nobody is told that he may not send.
        if not await self._may_send("broadcast"):
            return
        if len(broadcast.body) > PAYLOAD_BYTES:
            if options.ack:
                self.reply(frame.ref, "error", {"reason": "payload_size_exceeded"})
            return
        self._exchange.hub.broadcast(self.topic, broadcast, None if options.self else self)
        if options.ack:
            self.reply(frame.ref, "ok", {})

    async def _presence(self, frame: Frame) -> None:
        wanted = frame.payload if isinstance(frame.payload, Mapping) else {}
        if not self._presences.allows():
            self.fail("Client presence rate limit exceeded")
            return
        match str(wanted.get("event", "")).lower():
            case "track":
                said = wanted.get("payload", {})
                if not isinstance(said, Mapping):
                    self.reply(frame.ref, "error", {"reason": "Presence track payload must be a map"})
                    return
                if len(msgspec.json.encode(said)) > PRESENCE_BYTES:
                    self.fail("Track message size exceeded")
                    return
                if is_too_deep(said):
                    self.reply(frame.ref, "error", {"reason": "Presence track payload is nested too deeply"})
                    return
                if not await self._may_track():
                    self.reply(frame.ref, "error", {})
                    return
                self._exchange.presence.track(self, self._presence_key, said)
            case "untrack":
                self._exchange.presence.untrack(self)
            case _:
                self.reply(frame.ref, "error", {})
                return
        self.reply(frame.ref, "ok", {})

    async def _may_track(self) -> bool:
        """Whether it may appear; who appears also sees the others, if it may."""
        if not await self._may_send("presence"):
            return False
        if not self._sees_presence:
            if self.topic.is_private:
                try:
                    self._readable |= await self._exchange.policies.readable(
                        self.caller, self.topic.name, ["presence"]
                    )
                except Unanswered as error:
                    logger.warning("Nobody could be shown to %r: %s", self.topic.name, error)
                    return False
            self._sees_presence = True
        return self._is_open

    async def _may_send(self, extension: Extension) -> bool:
        """Asked of the policies once for each token."""
        if not self.topic.is_private:
            return True
        if extension not in self._sendable:
            try:
                self._sendable[extension] = await self._exchange.policies.may_send(
                    self.caller, self.topic.name, extension
                )
            except Unanswered as error:
                logger.warning("Nothing could be sent to %r: %s", self.topic.name, error)
                return False
        return self._sendable[extension] and self._is_open

    async def _take_token(self, frame: Frame) -> None:
        """Act on from here as the bearer of a new token."""
        token = frame.payload.get("access_token") if isinstance(frame.payload, Mapping) else None
        if not isinstance(token, str) or token.startswith("sb_") or token == self._token:
            return
        try:
            caller = self._exchange.keyring.verify(token)
            readable = await self._readable_to(caller)
        except Refused as refused:
            self.fail("Token has expired" if refused.is_expired else refused.message)
            return
        except Unanswered as error:
            self.fail(str(error))
            return
        if not self._is_open:
            return
        if self.topic.is_private and not readable >= self._readable:
            self.fail(f"You no longer have permission to read from this Channel topic: {self.topic.name}")
            return
        self.caller, self.caller_key = caller, caller_key(caller)
        self._token, self._readable, self._sendable = token, readable, {}
        self._watch_expiry()
        self._renew_subscriptions()

    async def _readable_to(self, caller: Caller) -> frozenset[Extension]:
        if not self.topic.is_private:
            return frozenset()
        asked: list[Extension] = ["broadcast", "presence"] if self._sees_presence else ["broadcast"]
        return await self._exchange.policies.readable(caller, self.topic.name, asked)

    def _renew_subscriptions(self) -> None:
        """See to it that the wanted changes come, as far as the caller may see them."""
        if not self._wishes:
            return
        try:
            subscriptions = [read_subscription(id_, wish) for id_, wish in self._wishes]
        except InvalidSubscription as error:
            self.push_system("error", str(error), "postgres_changes")
        else:
            self._start("subscribing", self._exchange.changes.subscribe(self, subscriptions))

    async def _tell_when_ready(self) -> None:
        try:
            async with asyncio.timeout(_READY_S):
                await self._exchange.messages.flowing.wait()
        except TimeoutError:
            self.fail("Replication connection was not established in time")
        else:
            self.push_system("ok", "Replication connection established")

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside the client's frames, instead of what was begun under the same name."""
        before = self._tasks.get(name)
        if before is not None:
            before.cancel()
        self._tasks[name] = background.start(work, f"{name} of {self.topic.name!r}")

    def _watch_expiry(self) -> None:
        """End with the token, even if the client never says anything again."""
        if self._expiry is not None:
            self._expiry.cancel()
        expires_at = self.caller.claims.get("exp")
        if expires_at is None:
            return  # an API key
        left = expires_at - time.time()
        if left <= 0:
            self.fail("Token has expired")
        else:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(min(left, _TIMER_S), self._watch_expiry)

    def _push(self, event: str, payload: object, ref: Ref = None) -> None:
        join_ref = None if ref is None else self._join_ref
        self._socket.put(encode(self.version, self.topic.wire_name, event, payload, ref, join_ref))

    def _push_replayed(self, broadcast: Broadcast) -> None:
        message = encode_broadcast(self.version, self.topic.wire_name, broadcast)
        if message is not None:
            self._socket.put(message)
