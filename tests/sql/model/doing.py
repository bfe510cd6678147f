"""One thing done to the database and to the machine, and where it is done."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from tests.sql.model.machine import Machine
from tests.sql.model.rows import CONFLICT, STAGES, STALE, Impossible, Key
from tests.sql.world import Claimed, Connection, Person, World


@dataclass
class Held:
    """An attempt that a worker was given, current or not."""

    job: str
    key: Key
    attempt: str
    claimed: Claimed = field(repr=False)


@dataclass
class Doing:
    """One call: what it says to the database, and what the machine makes of the answer."""

    name: str
    #: As a user or owner, on the first connection; as a worker, on the second.
    call: Callable[[Connection, Connection], Any]
    #: Raises Impossible.
    check: Callable[[Machine, Any], None]
    #: For what is done to each tenant alone, so that others may come between: instead of `check`.
    check_tenant: Callable[[Machine, Any, str], None] | None = None
    answer: Any = None

    def __str__(self) -> str:
        return f"{self.name} -> {self.answer}"


@dataclass
class Place:
    """The database that is checked, and who acts in it."""

    world: World
    people: dict[str, Person]
    projects: dict[str, UUID]
    random: random.Random
    #: Ids in our table and in the queue library's.
    workers: list[tuple[UUID, int]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def new_worker(self, machine: Machine) -> tuple[UUID, int]:
        """A worker that lives from now on."""
        id_ = uuid.uuid4()
        self.world.run("select private.register_worker(%s, %s, 3, 'host', 1, '0')", id_, list(STAGES))
        machine.workers.add(str(id_))
        queue_id = self.world.one("select procrastinate.procrastinate_register_worker_v1()")
        return id_, queue_id

    def some(self, machine: Machine, *scopes: str) -> tuple[str, str, str]:
        """A scope, one of it, and its tenant."""
        scope = self.random.choice(scopes)
        match scope:
            case "job":
                job = self.random.choice(list(machine.jobs.values()))
                return scope, job.id, machine.batches[job.batch].tenant
            case "batch":
                batch = self.random.choice(list(machine.batches.values()))
                return scope, batch.id, batch.tenant
            case "stage":
                return scope, self.random.choice(STAGES), ""
            case _:
                tenant = self.random.choice(list(self.people))
                return scope, tenant, tenant


def as_owner(statement: str, *arguments: object) -> Callable[..., Any]:
    def call(as_owner: Connection, _: Connection) -> Any:
        as_owner.execute(statement.encode(), arguments)

    return call


def nothing(machine: Machine, answer: Any) -> None:
    """What is checked tenant by tenant."""


def answer(ask: Callable[[], Any]) -> Any:
    """What is answered; of a refusal that a state explains its code."""
    try:
        return ask() or "ok"
    except psycopg.Error as error:
        if error.sqlstate in ("CR002", "CR003", CONFLICT, STALE):
            return error.sqlstate
        raise


def is_fine(answer: Any, *refusals: str) -> None:
    if isinstance(answer, str) and answer not in ("ok", *refusals):
        raise Impossible(f"answered {answer}")
