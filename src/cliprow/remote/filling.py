"""Fills batches of a deployment elsewhere, through its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import msgspec

from cliprow.filling import Filled, Topic
from cliprow.remote.api import Api


@dataclass(frozen=True)
class RemoteFiller:
    """As `cliprow.filling.Filler` asks for."""

    api: Api

    def begin(
        self, project_id: UUID, topics: Sequence[Topic], options: Mapping[str, object], key: str | None
    ) -> Filled:
        """Create a batch."""
        given = dict(options)
        title = given.pop("title", "")
        body = {"project_id": str(project_id), "title": title, "topics": list(topics), "options": given}
        return msgspec.convert(self.api.post("/batches", body, key=key or str(uuid4())), Filled, strict=False)

    def append(self, batch_id: UUID, position: int, topics: Sequence[Topic], is_last: bool) -> Filled:
        """Add topics to it."""
        body = {"position": position, "topics": list(topics), "is_last": is_last}
        # Repeated freely: what is there already is not made again.
        answer = self.api.post(
            f"/batches/{batch_id}/topics", body, key=f"{batch_id}-{position}-{len(topics)}"
        )
        return msgspec.convert(answer, Filled, strict=False)
