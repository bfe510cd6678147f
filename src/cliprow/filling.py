"""Batches of more topics than one call takes: made in chunks, each of which may be sent twice.

The database decides what is there already: it answers how many topics it has, and the next chunk begins after them. So a
list whose sending broke off is simply sent again.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from cliprow.errors import Unavailable

#: Most topics of one call: the tenant is locked while they are made, for some 150 ms.
CHUNK_TOPICS = 2_000
#: Most bytes of one call: the API takes 8 MB.
CHUNK_BYTES = 4_000_000

Topic = dict[str, object]


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says of a batch when it was given topics."""

    batch_id: UUID
    #: Topics it has; the next chunk begins after them.
    topic_count: int
    #: Whether it takes more.
    is_filling: bool
    #: Whether the call made something.
    is_new: bool


class Filler(Protocol):
    """A way to the database, by SQL or through an API."""

    def begin(
        self, project_id: UUID, topics: Sequence[Topic], options: Mapping[str, object], key: str | None
    ) -> Filled:
        """Create a batch; see `public.create_batch`."""
        ...

    def append(self, batch_id: UUID, position: int, topics: Sequence[Topic], is_last: bool) -> Filled:
        """Add topics to it; see `public.append_topics`."""
        ...


def fill_batch(
    filler: Filler,
    project_id: UUID,
    topics: Sequence[Topic],
    options: Mapping[str, object],
    idempotency_key: str | None,
    on_progress: Callable[[int], object] = lambda _: None,
) -> tuple[UUID, bool]:
    """Create a batch of any number of topics, or go on with one that the same list was begun with.

    Args:
        idempotency_key: gives the same batch again, and is refused for another list. Without one, a list of several chunks
            still goes on where it broke off; one that was complete makes a new batch.
        on_progress: is told how many topics the database has.

    Returns:
        The batch, and whether topics were added to it.

    Raises:
        InvalidInput, NotFound, NotAllowed, Conflict: as the database says.
        Unavailable: no answer; what was sent is kept, and the same call goes on after it.
    """
    first = next_chunk(topics)
    if len(first) == len(topics):
        made = filler.begin(project_id, topics, options, idempotency_key)
        return made.batch_id, made.is_new
    try:
        # Of the whole list, so that the key is refused for one that differs in a later chunk.
        whole = {**options, "is_filling": True, "list_sha256": _digest(list(topics))}
        made = _begin(filler, project_id, first, whole, idempotency_key)
        is_new = made.is_new or made.is_filling
        on_progress(made.topic_count)
        while made.is_filling:
            chunk = next_chunk(topics[made.topic_count :])
            is_last = made.topic_count + len(chunk) >= len(topics)
            made = filler.append(made.batch_id, made.topic_count + 1, chunk, is_last)
            on_progress(made.topic_count)
    except Unavailable as error:
        raise Unavailable(
            error.message, next_step="Run the same command again: it goes on where this one stopped."
        ) from error
    return made.batch_id, is_new


def next_chunk(topics: Sequence[Topic]) -> Sequence[Topic]:
    """As many of the first topics as one call takes; at least one where there is one."""
    total = 0
    for number, topic in enumerate(itertools.islice(topics, CHUNK_TOPICS)):
        total += len(msgspec.json.encode(topic))
        if total > CHUNK_BYTES and number:
            return topics[:number]
    return topics[:CHUNK_TOPICS]


def _begin(
    filler: Filler,
    project_id: UUID,
    first: Sequence[Topic],
    options: Mapping[str, object],
    key: str | None,
) -> Filled:
    """The batch of the key, or else the one of this list that is still being filled, or a new one."""
    if key is not None:
        return filler.begin(project_id, first, options, key)
    for own_key in _keys(project_id, options):
        made = filler.begin(project_id, first, options, own_key)
        if made.is_new or made.is_filling:
            return made
    raise AssertionError


def _keys(project_id: UUID, options: Mapping[str, object]) -> Iterator[str]:
    """Names of a list in a project, with its options: each was complete before the next is used."""
    digest = _digest([project_id, dict(options)])
    for number in itertools.count(1):
        yield f"list-{digest[:40]}-{number}"


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
