"""Who is there: what members say of themselves, by topic, and what changes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

import msgspec

from cliprow.local.gateway.realtime.hub import Hub, Member, Topic

#: By key, what its bearers say of themselves; each says it with a reference of its own.
State = dict[str, dict[str, list[dict[str, Any]]]]


#: Levels that must be left when what a client says of itself is written: it goes into messages to others.
_SPARE_LEVELS = 100


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    payload: Mapping[str, Any]
    meta: dict[str, Any]

    @property
    def state(self) -> State:
        return {self.key: {"metas": [self.meta]}}


class Presence:
    """The members that are tracked; tells the others when one comes, changes or goes."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._topics: dict[Topic, dict[Member, _Entry]] = {}

    def state(self, topic: Topic) -> State:
        """Everybody who is there; several may share a key."""
        state: State = {}
        for entry in self._topics.get(topic, {}).values():
            state.setdefault(entry.key, {"metas": []})["metas"].append(entry.meta)
        return state

    def track(self, member: Member, key: str, payload: Mapping[str, Any]) -> None:
        """The member is there, and says this of itself; nothing happens if it said so before."""
        entries = self._topics.setdefault(member.topic, {})
        before = entries.get(member)
        if before is not None and before.payload == payload:
            return
        meta = {**payload, "phx_ref": token_urlsafe(12)}
        if before is not None:
            meta["phx_ref_prev"] = before.meta["phx_ref"]
        entries[member] = entry = _Entry(key, payload, meta)
        self._tell(member.topic, joins=entry.state, leaves=before.state if before else {})

    def untrack(self, member: Member) -> None:
        """The member is gone, or no longer wants to be seen."""
        entries = self._topics.get(member.topic, {})
        entry = entries.pop(member, None)
        if not entries:
            self._topics.pop(member.topic, None)
        if entry is not None:
            self._tell(member.topic, joins={}, leaves=entry.state)

    def _tell(self, topic: Topic, *, joins: State, leaves: State) -> None:
        self._hub.send_presence(topic, "presence_diff", {"joins": joins, "leaves": leaves})


def is_too_deep(payload: object) -> bool:
    """Whether messages with this in them might be nested too deeply to be written."""
    for _ in range(_SPARE_LEVELS):
        payload = [payload]
    try:
        msgspec.json.encode(payload)
    except RecursionError:
        return True
    return False
