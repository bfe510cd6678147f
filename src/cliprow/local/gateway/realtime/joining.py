"""What a client asks for when it joins a topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import uuid4

import msgspec

from cliprow.local.gateway.realtime.limits import REPLAYED, SUBSCRIPTIONS_PER_CHANNEL


class Replay(msgspec.Struct, frozen=True):
    """Stored messages wanted along with the join."""

    #: Unix time in milliseconds.
    since: int
    limit: int = REPLAYED


class BroadcastConfig(msgspec.Struct, frozen=True):
    """How broadcasts are to be treated."""

    #: Answer each one.
    ack: bool = False
    #: Send the client its own ones too.
    self: bool = False
    replay: Replay | None = None
    #: Say when broadcasts from the database arrive.
    replication_ready: bool = False


class PresenceConfig(msgspec.Struct, frozen=True):
    """How the client appears to others."""

    key: str | None = None
    enabled: bool = False


class JoinConfig(msgspec.Struct, frozen=True):
    """`config` of a join."""

    broadcast: BroadcastConfig = BroadcastConfig()
    presence: PresenceConfig = PresenceConfig()
    postgres_changes: Annotated[
        Sequence[dict[str, Any]], msgspec.Meta(max_length=SUBSCRIPTIONS_PER_CHANNEL)
    ] = ()
    private: bool = False


class Join(msgspec.Struct, frozen=True):
    """Payload of `phx_join`."""

    config: JoinConfig = JoinConfig()
    access_token: str | None = None
    user_token: str | None = None

    @property
    def token(self) -> str | None:
        """The user's token; API keys are none."""
        token = self.access_token or self.user_token
        return None if not token or token.startswith("sb_") else token

    @property
    def presence_key(self) -> str:
        """Under which the client appears; a random one unless it chose."""
        return self.config.presence.key or str(uuid4())


def read_join(payload: object) -> Join:
    """What a join asks for; null counts as not said, "true" as true.

    Raises:
        msgspec.ValidationError: it asks for something else; the message names it.
    """
    return msgspec.convert(_said(payload or {}, levels=4), Join, strict=False)


def _said(value: Any, levels: int) -> Any:
    if levels and isinstance(value, Mapping):
        return {key: _said(each, levels - 1) for key, each in value.items() if each is not None}
    if levels and isinstance(value, list):
        return [each for each in value if each is not None]
    return value
