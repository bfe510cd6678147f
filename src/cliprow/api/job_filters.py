"""Which jobs are meant, and in which order: the same for lists and for what is done to many at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, LiteralString
from uuid import UUID

import msgspec
from msgspec import Meta

from cliprow.api.lists import Filter, contains, decode_cursor
from cliprow.api.routes.job_types import JobStatus, Lane
from cliprow.api.topic_types import ReviewStage
from cliprow.errors import InvalidInput, RowProblem

MAX_POSITION = 2_147_483_647
Position = Annotated[int, Meta(ge=1, le=MAX_POSITION)]
InReview = Literal["any"] | ReviewStage
JobOrder = Literal["newest", "oldest", "position", "updated", "priority", "topic"]


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of the tenant for which all that is said is true."""

    #: Any of these.
    statuses: list[JobStatus] | None = msgspec.field(name="status", default=None)
    batch_id: UUID | None = None
    project_id: UUID | None = None
    platform: Annotated[str, Meta(max_length=50)] | None = None
    #: Words of the topic.
    text: Annotated[str, Meta(max_length=200)] | None = None
    error_code: Annotated[str, Meta(max_length=100)] | None = None
    lane: Lane | None = None
    #: Those that have paused by themselves after this stage, or after any, and wait to be looked at.
    paused_after: InReview | None = None
    #: Places in the batch, both included; with `batch_id`.
    from_position: Position | None = None
    to_position: Position | None = None
    #: Created at this moment or later, and before the other.
    created_from: datetime | None = None
    created_to: datetime | None = None

    def conditions(self, tenant_id: object) -> Filter:
        """The same in SQL, of rows `j`."""
        if self.batch_id is None and (self.from_position, self.to_position) != (None, None):
            raise needs_batch("from_position" if self.from_position is not None else "to_position")
        found = Filter()
        found.add("j.tenant_id = %s", tenant_id)
        found.add_given("j.batch_id = %s", self.batch_id)
        found.add_given("j.project_id = %s", self.project_id)
        # One status by equality, so that the index on it gives the order too.
        if self.statuses and len(self.statuses) == 1:
            found.add("j.status = %s", self.statuses[0])
        elif self.statuses:
            found.add("j.status = any(%s)", self.statuses)
        elif self.error_code is not None:
            # Only these have one: an index finds them.
            found.add("j.status in ('failed', 'cancelled')")
        found.add_given("j.error_code = %s", self.error_code)
        found.add_given("j.lane = %s", self.lane)
        if self.paused_after is not None:
            found.add("j.paused_after is not null and j.completed_at is null")
            found.add_given("j.paused_after = %s", None if self.paused_after == "any" else self.paused_after)
        found.add_given("j.position >= %s", self.from_position)
        found.add_given("j.position <= %s", self.to_position)
        found.add_given("j.platforms @> array[%s]", self.platform)
        found.add_given("j.topic ilike %s", contains(self.text) if self.text else None)
        found.add_given("j.id >= private.uuid_at(%s)", self.created_from)
        found.add_given("j.id < private.uuid_at(%s)", self.created_to)
        return found


@dataclass(frozen=True)
class Ordering:
    """An order of jobs `j` by a key that no two of them share."""

    key: LiteralString
    kinds: tuple[type, ...]
    is_descending: bool = False
    #: No index gives it: only the jobs of one batch are sorted.
    needs_batch: bool = False

    @property
    def order_by(self) -> LiteralString:
        """The same in SQL."""
        direction: LiteralString = " desc" if self.is_descending else ""
        return f"{self.key.replace(', ', f'{direction}, ')}{direction}"

    def after(self, found: Filter, cursor_text: str | None) -> Filter:
        """The filter, from where a page before has ended."""
        behind = found.copy()
        if cursor_text is not None:
            key = decode_cursor(cursor_text, self.kinds)
            places: LiteralString = "%s, %s" if len(key) == 2 else "%s"
            sign: LiteralString = "<" if self.is_descending else ">"
            behind.add(f"({self.key}) {sign} ({places})", *key)
        return behind


_ORDERS: dict[JobOrder, Ordering] = {
    "newest": Ordering("j.id", (UUID,), is_descending=True),
    "oldest": Ordering("j.id", (UUID,)),
    "position": Ordering("j.position", (int,), needs_batch=True),
    "updated": Ordering("j.updated_at, j.id", (datetime, UUID), is_descending=True, needs_batch=True),
    "priority": Ordering(
        "case j.lane when 'urgent' then 1 when 'premium' then 2 else 3 end, j.position", (int, int), needs_batch=True
    ),
    "topic": Ordering("j.topic, j.position", (str, int), needs_batch=True),
}  # fmt: skip


def ordering(order: JobOrder, batch_id: UUID | None) -> Ordering:
    """What an order means.

    Raises:
        InvalidInput: it is one of the jobs of a batch, and none was named.
    """
    found = _ORDERS[order]
    if found.needs_batch and batch_id is None:
        raise needs_batch("order")
    return found


def needs_batch(field: str) -> InvalidInput:
    """A place or order was asked for that only jobs of one batch have."""
    return InvalidInput(
        f"{field} is about the jobs of one batch.",
        error_code="BATCH_NEEDED",
        next_step="Send batch_id too, or leave it out.",
        problems=[RowProblem(None, field, "needs batch_id")],
    )
