"""The dry run of a batch: what is wrong with its topics, and what it would take and cost (`sql/35_estimates.sql`)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from cliprow.account import Account
from cliprow.errors import RowProblem
from cliprow.models import Stage


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch would cost, and by which prices."""

    currency: str
    amount: float
    basis: str
    #: By stage, those that cost.
    stages: dict[Stage, float] = {}


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch would take, and on what that rests."""

    tasks: dict[Stage, int]
    seconds: int
    basis: str
    cost: Cost


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a request."""

    #: By place of the topic, from 1.
    problems: list[RowProblem]
    #: Topics without problems.
    job_count: int
    estimate: Estimate


def check_batch(
    account: Account, project_id: UUID | None, topics: Sequence[dict[str, object]], *, title: str = ""
) -> Check:
    """What is wrong with topics, and what a batch of the others would take; creates nothing.

    Args:
        project_id: None for a project that is still to be made.

    Raises:
        NotFound, NotAllowed: as the database says of the project.
    """
    with account.acting() as connection:
        row = connection.execute(
            "select public.check_batch(%s, %s, %s)",
            [project_id, Jsonb(list(topics)), Jsonb({"title": title})],
        ).fetchone()
    assert row is not None
    return msgspec.convert(row[0], Check)
