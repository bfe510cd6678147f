"""Whatever several workers, users and deaths do at once, the rows stay sound and everything ends."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.control import LANES
from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import PLATFORMS, Claimed, Person, Worker, World

THREADS = 4
SECONDS = 3.0
#: No new batch while as many jobs are open: the test has to end them all.
OPEN_JOBS = 8
#: Of the tenants, their projects, and every batch.
CAP = 3

#: More tasks active than a cap allows, and not because it was lowered, when what runs may end.
_OVER_CAP = """
select w.scope, w.active_count, c.cap
from private.windows as w
join (
  select id, max_concurrent_tasks from public.tenants
  union all select id, max_concurrent_tasks from public.projects
  union all select id, max_concurrent_tasks from public.batches
) as c (id, cap) on c.id = w.scope_id
where w.active_count > c.cap and exists (
  select from public.stage_tasks as t
  where t.status = 'queued' and w.scope_id in (t.tenant_id, t.project_id, t.batch_id)
)
"""


#: Functions that pause, and rows to pause by them.
_PAUSES = [
    ("pause_job", "generation_jobs", "status in ('pending', 'processing')"),
    ("pause_batch", "batches", "status in ('pending', 'processing')"),
    ("pause_project", "projects", "true"),
    ("pause_tenant", "tenants", "true"),
]


#: Functions that give another lane or cap, and rows for them.
_MOVES = [
    ("set_job_lane", "generation_jobs"),
    ("set_batch_lane", "batches"),
    ("set_project_lane", "projects"),
    ("set_batch_cap", "batches"),
    ("set_project_cap", "projects"),
    ("set_tenant_cap", "tenants"),
]


class Actor:
    """One thread's doings, on connections of its own."""

    def __init__(self, world: World, people: list[Person], projects: dict[UUID, UUID], seed: int) -> None:
        self.world, self.people, self.projects = world, people, projects
        self.connection = world.connect()
        self.random = random.Random(seed)
        self.worker = Worker(world)
        self.held: list[Claimed] = []
        self.doings: list[tuple[Callable[[], None], int]] = [
            (self.create, 2),
            (self.work, 12),
            (self.retry, 3),
            (self.die, 3),
            (self.tick, 3),
            (self.pause, 1),
            (self.resume, 2),
            (self.cancel, 1),
            (self.say_again, 1),
            (self.retime, 1),
            (self.move, 1),
            (self.retry_some, 2),
        ]

    def act(self) -> None:
        """One thing at random. Only refusals that the state explains are accepted."""
        doing = self.random.choices([d for d, _ in self.doings], [weight for _, weight in self.doings])[0]
        try:
            self.worker.beat()
            doing()
        except psycopg.Error as error:
            allowed = {"CR004", "CR005"}  # not in a state for this; not its owner any more
            if doing == self.retry_some:
                allowed |= {
                    "CR001",
                    "CR002",
                }  # no script with such a scene yet; a new script has removed the task
            if error.sqlstate not in allowed:
                raise

    def create(self) -> None:
        row = self.connection.execute(
            "select count(*) from public.generation_jobs where status in ('pending', 'processing')"
        ).fetchone()
        if row is not None and row[0] >= OPEN_JOBS:
            return
        person = self.random.choice(self.people)
        # Few different topics, so that the same work is wanted more than once, also at once.
        topics: list[dict[str, object]] = [
            {"topic": f"Topic {self.random.randrange(6)}", "platforms": PLATFORMS}
            for _ in range(self.random.randint(1, 2))
        ]
        topics[-1] |= self.wait(len(topics))
        self.world.create_batch(
            person,
            self.projects[person.tenant_id],
            topics,
            on=self.connection,
            max_concurrent_tasks=CAP,
            **self.timing(person),
        )

    def wait(self, place: int) -> dict[str, object]:
        """Now and then a job that waits for the one before it, must have ended soon, or goes before others."""
        said: dict[str, object] = {"priority": self.random.choice(LANES)}
        if place > 1 and self.random.random() < 0.5:
            said["after_rows"] = [place - 1]
            said["after_failure"] = self.random.choice(["hold", "cancel", "run"])
        if self.random.random() < 0.1:
            said["deadline"] = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        return said

    def timing(self, person: Person) -> dict[str, Any]:
        """Now and then a batch that begins later, after another, must have ended soon, or pauses by itself."""
        options: dict[str, Any] = {}
        soon = datetime.now(UTC) + timedelta(seconds=self.random.uniform(0.5, 1.5))
        if self.random.random() < 0.2:
            options["starts_at"] = soon.isoformat()
        if self.random.random() < 0.2:
            options["deadline"] = (soon + timedelta(seconds=0.5)).isoformat()
        if self.random.random() < 0.4:
            options["pause_after"] = str(self.random.choice(list(Stage)[:-1]))
        row = self.connection.execute(
            "select id::text from public.batches where tenant_id = %s order by random() limit 1",
            [person.tenant_id],
        ).fetchone()
        if row is not None and self.random.random() < 0.4:
            options["after"] = [row[0]]
            options["after_failure"] = self.random.choice(["hold", "cancel", "run"])
        return options

    def retime(self) -> None:
        later = datetime.now(UTC) + timedelta(seconds=0.5)
        function, *arguments = self.random.choice(
            [
                ("start_batch",), ("reschedule_batch", later), ("set_deadline", later), ("set_deadline", None),
                ("start_job",), ("set_job_deadline", later), ("set_job_deadline", None),
            ]
        )  # fmt: skip
        table = "generation_jobs" if "job" in str(function) else "batches"
        self.control(str(function), table, "status in ('pending', 'processing')", *arguments)

    def move(self) -> None:
        """Another lane or cap, of what waits or runs."""
        function, table = self.random.choice(_MOVES)
        given = self.random.choice(LANES) if "lane" in function else self.random.randint(1, CAP)
        condition = "true" if table in ("projects", "tenants") else "status in ('pending', 'processing')"
        self.control(function, table, condition, given)

    def retry_some(self) -> None:
        """A task, all that failed, or a job with other inputs."""
        match self.random.randrange(4):
            case 0:
                self.control("retry_failed", "projects", "true")
            case 1:
                changes: dict[str, object] = self.random.choice(
                    [
                        {"voice": f"voice {self.random.randrange(3)}"},
                        {"tone": "casual"},
                        {"platforms": self.random.sample(PLATFORMS, 2)},
                        {"scenes": {"1": {"voiceover_text": f"Text {self.random.randrange(3)}"}}},
                    ]
                )
                ended = self.random.choice(["completed_at is not null", "paused_after is not null"])
                self.control("retry_job", "generation_jobs", ended, None, Jsonb(changes))
            case _:
                row = self.connection.execute(
                    "select tenant_id, job_id, id from public.stage_tasks where status in ('failed', 'completed')"
                    " order by random() limit 1"
                ).fetchone()
                if row is not None:
                    person = next(p for p in self.people if p.tenant_id == row[0])
                    self.world.call(person, "retry_task", row[1], row[2], on=self.connection)

    def work(self) -> None:
        if len(self.held) < 2 and (claimed := self.worker.take()) is not None and claimed.verdict == "run":
            self.held.append(claimed)
        if not self.held:
            return
        claimed = self.held.pop(self.random.randrange(len(self.held)))
        match self.random.randrange(24):
            case 0 | 10:
                self.worker.fail(claimed)
            case 1 | 2:
                self.worker.fail(claimed, retriable=True)
            case 3:
                self.worker.hand_back(claimed)
            case 4 | 5 | 6:
                self.held.append(claimed)
            case 7 | 8 | 9:
                self.worker.report(claimed, self.random.randint(-1, 101))
                self.held.append(claimed)
            case _:
                self.worker.complete(claimed)

    def say_again(self) -> None:
        if self.held:
            claimed = self.held.pop()
            self.worker.complete(claimed)
            self.worker.complete(claimed)

    def die(self) -> None:
        if self.random.random() < 0.5:
            self.worker.leave()
            self.held.clear()
        else:  # what it held it still believes to hold
            self.worker.die(self.world_of_own())
        if self.random.random() < 0.5:
            self.held.clear()
        self.worker.connection.close()
        self.worker = Worker(self.world)

    def tick(self) -> None:
        self.world_of_own().tick()

    def retry(self) -> None:
        if self.random.random() < 0.2:
            self.control("retry_batch", "batches", "status in ('failed', 'partial', 'cancelled')")
        elif self.random.random() < 0.6:
            self.control("retry_job", "generation_jobs", "status in ('failed', 'cancelled')")
        else:
            stage = self.random.choice(list(Stage))
            self.control("retry_job", "generation_jobs", "completed_at is not null", str(stage))

    def pause(self) -> None:
        self.control(*self.random.choice(_PAUSES), self.random.random() < 0.5)

    def resume(self) -> None:
        function, table, _ = self.random.choice(_PAUSES)
        self.control(function.replace("pause", "resume"), table, "paused_at is not null")

    def cancel(self) -> None:
        if self.random.random() < 0.1:
            self.control(
                *self.random.choice(
                    [("cancel_project", "projects", "true"), ("cancel_tenant", "tenants", "true")]
                )
            )
            return
        scope = self.random.choice(["job", "job", "batch"])
        table = "generation_jobs" if scope == "job" else "batches"
        self.control(f"cancel_{scope}", table, "status in ('pending', 'processing')")

    def control(self, function: str, table: str, condition: str, *arguments: object) -> None:
        """Calls a function for some row that looks right; another may change it meanwhile."""
        tenant = "id" if table == "tenants" else "tenant_id"
        row = self.connection.execute(
            f"select {tenant}, id from public.{table} where {condition} order by random() limit 1".encode()
        ).fetchone()
        if row is not None:
            person = next(p for p in self.people if p.tenant_id == row[0])
            named = () if table == "tenants" else (row[1],)
            self.world.call(person, function, *named, *arguments, on=self.connection)

    def world_of_own(self) -> World:
        return World(self.world.database, self.connection)


def run_at_once(actors: list[Actor], watch: Callable[[], None]) -> None:
    """Let all act until time is up, watching meanwhile; raises what went wrong first."""
    until = time.monotonic() + SECONDS
    failures: list[BaseException] = []

    def _act(actor: Actor) -> None:
        try:
            while time.monotonic() < until and not failures:
                actor.act()
        except BaseException as error:  # noqa: BLE001  (told to the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=_act, args=[actor]) for actor in actors]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads) and not failures:
            watch()
    finally:
        until = 0.0
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_counters_states_and_caps_hold_and_everything_ends(
    world: World, ann: Person, bob: Person, seed: int
) -> None:
    world.run(
        "update private.settings set max_failures = 3, max_losses = 3, backoff_base = '0', dead_after = '2 seconds'"
    )
    projects = {person.tenant_id: world.add_project(person) for person in (ann, bob)}
    hook = Jsonb({"url": "https://example.org", "events": ["batch.ended", "job.ended"]})
    world.call(ann, "create_webhook", hook)
    world.run("update public.tenants set max_concurrent_tasks = %s, plan = 'premium'", CAP)
    world.run("update public.projects set max_concurrent_tasks = %s", CAP)
    actors = [Actor(world, [ann, bob], projects, 100 * seed + number) for number in range(THREADS)]
    watcher = World(world.database, world.connect())

    def _watch() -> None:
        assert_sound(watcher)
        assert watcher.rows(_OVER_CAP) == []

    run_at_once(actors, _watch)

    assert_sound(world)
    for table in ("generation_jobs", "batches", "projects", "tenants"):
        review = ", pause_after = null, paused_after = null" if table == "generation_jobs" else ""
        world.run(f"update public.{table} set paused_at = null, paused_by = null{review}")
    world.run("update public.stage_tasks set held_at = null where held_at is not null")
    world.run("update public.batches set starts_at = null, blocked_at = null, blocked_reason = null")
    world.run(
        "select private.free_jobs(array(select id from public.generation_jobs where blocked_at is not null))"
    )
    for actor in actors:
        actor.worker.die(world)
    # In a history everything may have failed or been cancelled; what comes after it has to be completed.
    after = world.create_batch(ann, projects[ann.tenant_id], 2)["batch_id"]
    last = Worker(world, slots=10)
    for _ in range(30):
        world.run("update public.stage_tasks set run_at = now() where run_at is not null")
        world.tick()
        last.beat()
        while (claimed := last.take()) is not None:
            if claimed.verdict == "run":
                last.complete(claimed)
    assert_sound(world)
    assert (
        world.rows(
            "select stage, status, held_at, awaits_key from public.stage_tasks where status in ('pending', 'queued', 'processing')"
        )
        == []
    )
    assert world.one("select count(*) from procrastinate.procrastinate_jobs where status = 'todo'") == 0
    ended = {("completed",), ("failed",), ("cancelled",)}
    assert set(world.rows("select distinct status from public.generation_jobs")) <= ended
    assert world.one(
        "select count(*) from public.generation_jobs as j where j.tenant_id = %s and not exists ("
        "select from private.webhook_deliveries as d where d.payload -> 'data' ->> 'job_id' = j.id::text)",
        ann.tenant_id,
    ) == 0, "every end is told"  # fmt: skip
    assert set(world.rows("select distinct status from public.batches")) <= {*ended, ("partial",)}
    assert (
        world.rows("select status from public.generation_jobs where batch_id = %s", after)
        == [("completed",)] * 2
    )
