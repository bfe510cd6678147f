"""What all websockets share."""

from __future__ import annotations

from dataclasses import dataclass

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.realtime.changes import Changes
from cliprow.local.gateway.realtime.hub import Hub
from cliprow.local.gateway.realtime.messages import Messages
from cliprow.local.gateway.realtime.policies import Policies
from cliprow.local.gateway.realtime.presence import Presence


@dataclass(frozen=True)
class Exchange:
    """Who may do what, who has joined what, and where messages come from."""

    keyring: Keyring
    hub: Hub
    policies: Policies
    presence: Presence
    messages: Messages
    changes: Changes
