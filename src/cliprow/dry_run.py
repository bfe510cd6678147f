"""The dry run of a batch: what is wrong with its topics, and what it would take and cost (`sql/35_estimates.sql`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec
from msgspec import structs
from psycopg.types.json import Jsonb

from cliprow.account import Account
from cliprow.errors import RowProblem
from cliprow.filling import next_chunk
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


#: Asks for the dry run of some topics, of which the first has this place in the whole list, from 1.
Ask = Callable[[Sequence[dict[str, object]], int], Check]


def check_batch(
    account: Account,
    project_id: UUID | None,
    topics: Sequence[dict[str, object]],
    options: Mapping[str, object] | None = None,
) -> Check:
    """What is wrong with topics, and what a batch of the others would take; creates nothing.

    Args:
        project_id: None for a project that is still to be made.

    Raises:
        NotFound, NotAllowed: as the database says of the project.
    """

    def ask(chunk: Sequence[dict[str, object]], position: int) -> Check:
        with account.acting() as connection:
            row = connection.execute(
                "select public.check_batch(%s, %s, %s, %s)",
                [project_id, Jsonb(list(chunk)), Jsonb(dict(options or {})), position],
            ).fetchone()
        assert row is not None
        return msgspec.convert(row[0], Check)

    return check_in_chunks(topics, ask)


def check_in_chunks(topics: Sequence[dict[str, object]], ask: Ask) -> Check:
    """The dry run of a list of any length, as the sum of those of its chunks."""
    first = next_chunk(topics)
    whole, done = ask(first, 1), len(first)
    while done < len(topics):
        chunk = next_chunk(topics[done:])
        whole = _sum(whole, ask(chunk, done + 1), done)
        done += len(chunk)
    return whole


def _sum(whole: Check, more: Check, done: int) -> Check:
    # What is wrong with the options, the first chunk has said.
    problems = [RowProblem(done + each.row, each.field, each.reason) for each in more.problems if each.row]
    one, other = whole.estimate, more.estimate
    stages = {*one.cost.stages, *other.cost.stages}
    cost = structs.replace(
        one.cost,
        amount=one.cost.amount + other.cost.amount,
        basis=max(one.cost, other.cost, key=lambda cost: cost.amount).basis,
        stages={stage: one.cost.stages.get(stage, 0) + other.cost.stages.get(stage, 0) for stage in stages},
    )
    estimate = structs.replace(
        one,
        tasks={stage: one.tasks[stage] + other.tasks[stage] for stage in one.tasks},
        seconds=one.seconds + other.seconds,
        cost=cost,
    )
    return Check(
        problems=[*whole.problems, *problems], job_count=whole.job_count + more.job_count, estimate=estimate
    )
