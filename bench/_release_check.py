"""The model of the release window against the SQL: the same small case, release by release."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from _noop_worker import Place
from _release_model import LANES, NO_CAP, Ints, Model, add_active, look_at_all, new_model, release
from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.models import Stage

_LANES = ("urgent", "premium", "standard")
#: Long, so that the time that the check itself takes makes no difference: only `wait` lets time pass.
_AGEING_DAYS = 30
_AGEING_S = 86400.0 * _AGEING_DAYS
_SLOTS = 6
#: The setting queue_depth_per_slot.
_DEPTH = 2
_TENANTS = 9
_SHIFT = """
update private.turns
set waits_since = waits_since - make_interval(secs => %(s)s), served_at = served_at - make_interval(secs => %(s)s)
"""
_RELEASED = """
select e.id, t.batch_id, t.lane, e.priority from procrastinate.procrastinate_jobs as e
join public.stage_tasks as t on t.entry_id = e.id
where e.id > %s order by e.id
"""


class Disagreement(AssertionError):
    """The model releases something else than the SQL."""


@dataclass
class Twin:
    """Both, in step."""

    connection: Connection[Any]
    owners: list[tuple[UUID, UUID]]
    batches: list[UUID]
    model: Model
    worker_id: UUID = field(default_factory=uuid.uuid4)
    queue_id: int = 0
    now: float = 0.0
    active: int = 0
    seen: int = 0
    releases: int = 0
    slots: int = 0
    #: Released and not taken: entry, backlog and priority.
    queue: list[tuple[int, int, int]] = field(default_factory=list)

    def one(self, statement: str, *arguments: object) -> Any:
        """The first value."""
        row = self.connection.execute(statement.encode(), arguments).fetchone()
        return row[0] if row else None

    def act(self, tenant: int, function: str, *arguments: object) -> Any:
        """Call a function of `public` as a tenant's owner."""
        user_id, tenant_id = self.owners[tenant]
        claims = f'{{"sub": "{user_id}", "tenant_id": "{tenant_id}", "role": "authenticated"}}'
        places = ", ".join(["%s"] * len(arguments))
        with self.connection.transaction():
            self.connection.execute(
                "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)",
                [claims],
            )
            return self.one(f"select public.{function}({places})", *arguments)

    def compare(self) -> None:
        """Let the model release, and hold it against what the SQL has released since the last time.

        Raises:
            Disagreement: another batch or lane, another number, or another priority.
        """
        look_at_all(self.model, self.now, _AGEING_S)
        window = max(0, _DEPTH * max(1, self.slots) - self.active)
        released = np.zeros((window, 2), np.int64)
        count = release(self.model, self.now, _AGEING_S, window, np.zeros(window, np.int64), released)
        expected = [(int(backlog), 10 * (2 - int(rank))) for backlog, rank in released[:count]]
        self.active += count
        rows = self.connection.execute(_RELEASED, [self.seen]).fetchall()
        said = [
            (self.backlog(self.batches.index(batch), _LANES.index(lane)), priority)
            for _, batch, lane, priority in rows
        ]
        if said != expected:
            raise Disagreement(
                f"after {self.releases} releases the SQL released {said}, the model {expected}"
            )
        for (entry, *_), (backlog, priority) in zip(rows, expected, strict=True):
            self.queue.append((entry, backlog, priority))
            self.seen = entry
        self.releases += len(rows)

    def backlog(self, batch: int, lane: int) -> int:
        """Index of a backlog."""
        return int(np.nonzero((self.model.batch == batch) & (self.model.turn % LANES == lane))[0][0])

    def work(self) -> bool:
        """Take the next task and fail it for good; false when none is there."""
        if not self.queue:
            return False
        self.queue.sort(key=lambda entry: (-entry[2], entry[0]))
        entry, backlog, _ = self.queue.pop(0)
        taken = self.one(
            "select private.take_tasks(%s, %s, %s, 1, %s)",
            self.worker_id,
            self.queue_id,
            [Stage.SCRIPT],
            Jsonb({Stage.SCRIPT: "1"}),
        )
        run = taken["runs"][0]
        if run["entry_id"] != entry:
            raise Disagreement(f"entry {run['entry_id']} was taken instead of {entry}")
        error = {"error_code": "BROKEN", "message": "-", "next_step": "-", "is_retriable": False}
        self.connection.execute(
            "select private.fail_task(%s, %s, %s, %s)",
            [run["job_id"], run["task_id"], run["attempt_id"], Jsonb(error)],
        )
        self.connection.execute("delete from procrastinate.procrastinate_jobs where id = %s", [entry])
        add_active(self.model, backlog, -1)
        self.active -= 1
        self.compare()
        return True

    def register(self, worker_id: UUID, slots: int) -> None:
        """Make a worker known, for which much is released at once."""
        self.one(
            "select private.register_worker(%s, %s, %s, 'bench', 1, '0')", worker_id, [Stage.SCRIPT], slots
        )
        self.slots += slots
        self.compare()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.connection.execute(_SHIFT, {"s": seconds})
        self.now += seconds

    def pause(self, tenant: int) -> None:
        """Pause a whole tenant: what is queued of it goes back."""
        self.act(tenant, "pause_tenant")
        self.model.tenants.is_open[tenant] = False
        for each in [each for each in self.queue if self.model.turn[each[1]] // LANES == tenant]:
            self.queue.remove(each)
            self.model.waiting[each[1]] += 1
            add_active(self.model, each[1], -1)
            self.active -= 1
        self.model.is_waiting[tenant * LANES : (tenant + 1) * LANES] = False
        self.compare()

    def resume(self, tenant: int) -> None:
        """Let a tenant go on."""
        self.act(tenant, "resume_tenant")
        self.model.tenants.is_open[tenant] = True
        self.compare()


def _topics(chance: random.Random) -> list[dict[str, object]]:
    return [
        {"topic": f"Topic {uuid.uuid4()}", "platforms": ["youtube"], "priority": chance.choice(_LANES)}
        for _ in range(chance.randint(1, 40))
    ]


def _new_twin(connection: Connection[Any], chance: random.Random) -> Twin:
    """Tenants with projects, batches and caps, everything held back until all is there."""

    def one(statement: str, *arguments: object) -> Any:
        row = connection.execute(statement.encode(), arguments).fetchone()
        assert row is not None
        return row[0]

    twin = Twin(connection, [], [], None)  # type: ignore[arg-type] # the model follows
    caps: dict[str, list[int]] = {"tenants": [], "projects": [], "batches": []}
    project_of, tenant_of, waiting = [], [], []
    projects: list[list[UUID]] = []
    for number in range(_TENANTS):
        user_id = uuid.uuid4()
        one(
            "insert into auth.users (id, email) values (%s, %s) returning 1",
            user_id,
            f"{user_id}@bench.example.org",
        )
        tenant_id = one("select tenant_id from public.memberships where user_id = %s", user_id)
        cap = (2, 5, None)[number % 3]
        one(
            "update public.tenants set max_concurrent_tasks = %s, paused_at = now() where id = %s returning 1",
            cap,
            tenant_id,
        )
        twin.owners.append((user_id, tenant_id))
        caps["tenants"].append(cap or NO_CAP)
        projects.append([])
        for cap in (None, 1)[: 1 + number % 2]:
            made = one(
                "insert into public.projects (tenant_id, owner_id, name, original_idea, max_concurrent_tasks)"
                " values (%s, %s, 'x', 'x', %s) returning id",
                tenant_id,
                user_id,
                cap,
            )
            projects[-1].append(made)
            caps["projects"].append(cap or NO_CAP)
    first_project = np.cumsum([0, *map(len, projects)])
    for _ in range(3 * _TENANTS):
        tenant = chance.randrange(_TENANTS)
        project = chance.randrange(len(projects[tenant]))
        topics, cap = _topics(chance), chance.choice((None, None, 3))
        options = Jsonb({"max_concurrent_tasks": cap} if cap else {})
        made = twin.act(tenant, "create_batch", projects[tenant][project], Jsonb(topics), options)
        twin.batches.append(UUID(made["batch_id"]))
        caps["batches"].append(cap or NO_CAP)
        project_of.append(first_project[tenant] + project)
        tenant_of.append(tenant)
        waiting.append([sum(topic["priority"] == lane for topic in topics) for lane in _LANES])
    whole: dict[str, Ints] = {name: np.array(each) for name, each in caps.items()}
    twin.model = new_model(whole, np.array(project_of), np.array(tenant_of), np.array(waiting))
    return twin


def check(place: Place, seed: int = 4) -> int:
    """Work through a small case in both; returns how many releases were the same.

    Raises:
        Disagreement: with the first that was not.
    """
    chance = random.Random(seed)
    with db.connect(place.superuser) as connection:
        connection.execute(f"update private.settings set ageing = '{_AGEING_DAYS} days'".encode())
        twin = _new_twin(connection, chance)
        connection.execute("update public.tenants set paused_at = null")
        twin.register(twin.worker_id, _SLOTS)
        twin.queue_id = twin.one("select procrastinate.procrastinate_register_worker_v1()")
        paused: int | None = None
        for step in range(10_000):
            if step % 7 == 0:
                twin.wait(86400 * chance.choice((0, 4, 13, 31)) + 420)
            if step == 100:
                twin.register(uuid.uuid4(), 3 * _SLOTS)
            if step % 40 == 10:
                paused = chance.randrange(_TENANTS)
                twin.pause(paused)
            if step % 40 == 30 and paused is not None:
                twin.resume(paused)
                paused = None
            if not twin.work() and paused is None:
                break
        left = int(twin.model.waiting.sum())
        if left or twin.active:
            raise Disagreement(
                f"{left} tasks still wait, {twin.active} are under way, and nothing is released"
            )
        return twin.releases
