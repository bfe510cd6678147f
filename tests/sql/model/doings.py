"""What users, workers and the clock do to the database, and the same done to the machine."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tests.sql.model.machine import CONFLICT, STAGES, STALE, Batch, Impossible, Key, Machine, require
from tests.sql.world import Claimed, Connection, Person, World, result_of

#: The scene of a narration, which its inputs do not name.
_PART = re.compile(r", part (\d+)")
_VERSIONS = Jsonb(dict.fromkeys(STAGES, "1"))


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

    def choose(self, machine: Machine) -> Doing:
        """Something at random: mostly sensible, sometimes too late."""
        kinds = [
            (self.create, 3 if len(machine.jobs) < 5 else 1),
            (self.take, 8),
            (self.complete, 12),
            (self.fail, 4),
            (self.hand_back, 1),
            (self.report, 1),
            (self.leave, 1),
            (self.die, 1),
            (self.tick, 4),
            (self.pause, 3),
            (self.resume, 5),
            (self.cancel, 2),
            (self.retry_job, 4),
            (self.retry_task, 3),
            (self.retry_batch, 2),
            (self.retry_failed, 1),
            (self.retime, 3),
            (self.set_lane, 1),
            (self.set_cap, 1),
        ]
        kind = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        if not machine.jobs or (
            kind in (self.complete, self.fail, self.hand_back, self.report) and not self.held
        ):
            kind = self.create if not machine.jobs else self.take
        return kind(machine)

    # -- users

    def user(self, name: str, tenant: str, function: str, *arguments: object) -> Callable[..., Any]:
        def call(as_user: Connection, _: Connection) -> Any:
            return _answer(lambda: self.world.call(self.people[tenant], function, *arguments, on=as_user))

        return call

    def expect(self, apply: Callable[[Machine], str]) -> Callable[[Machine, Any], None]:
        """The answer is what the machine says: ok, or an error."""

        def check(machine: Machine, answer: Any) -> None:
            said = answer if isinstance(answer, str) else "ok"
            wanted = apply(machine)
            require(said == wanted, f"answered {said}, not {wanted}")

        return check

    def create(self, machine: Machine) -> Doing:
        tenant = self.random.choice(list(self.people))
        topics = [
            {"topic": f"Topic {uuid.uuid4()}", "platforms": ["youtube"]}
            for _ in range(self.random.randint(1, 2))
        ]
        options: dict[str, Any] = {}
        others = [batch.id for batch in machine.batches.values() if batch.tenant == tenant]
        if others and self.random.random() < 0.4:
            options["after"] = [self.random.choice(others)]
            options["after_failure"] = self.random.choice(["hold", "cancel", "run"])
        if self.random.random() < 0.3:
            options["max_concurrent_tasks"] = self.random.randint(1, 3)

        def call(as_user: Connection, _: Connection) -> Any:
            made = self.world.create_batch(
                self.people[tenant], self.projects[tenant], topics, on=as_user, **options
            )
            jobs = as_user.execute(
                "select id::text from public.generation_jobs where batch_id = %s order by position",
                [made["batch_id"]],
            ).fetchall()
            return made["batch_id"], [job for (job,) in jobs]

        def check(machine: Machine, answer: Any) -> None:
            after = dict.fromkeys(options.get("after", ()), "")
            machine.create(
                Batch(
                    *(answer[0], tenant, answer[1]),
                    after=after,
                    after_failure=options.get("after_failure", "hold"),
                )
            )

        return Doing(f"create {len(topics)} {options}", call, check)

    def _some(self, machine: Machine, *scopes: str) -> tuple[str, str, str]:
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

    def pause(self, machine: Machine) -> Doing:
        scope, id_, tenant = self._some(machine, "job", "job", "batch", "batch", "tenant", "stage")
        now = self.random.random() < 0.5
        if scope == "stage":
            call = _as_owner("select private.pause_stage(%s, '', %s)", id_, now)
        else:
            call = self.user("", tenant, f"pause_{scope}", *(() if scope == "tenant" else (id_,)), now)
        return Doing(f"pause {scope} {id_} now={now}", call, self.expect(lambda m: m.pause(scope, id_, now)))

    def resume(self, machine: Machine) -> Doing:
        scope, id_, tenant = self._some(
            machine, "job", "batch", "batch", "tenant", "tenant", "stage", "stage"
        )
        if held := [id_ for id_ in machine.paused if id_ in STAGES]:
            scope, id_ = "stage", self.random.choice(held)
        if scope == "stage":
            call = _as_owner("select private.resume_stage(%s)", id_)
        else:
            call = self.user("", tenant, f"resume_{scope}", *(() if scope == "tenant" else (id_,)))
        return Doing(f"resume {scope} {id_}", call, self.expect(lambda m: m.resume(scope, id_)))

    def cancel(self, machine: Machine) -> Doing:
        scope, id_, tenant = self._some(machine, *["job"] * 6, *["batch"] * 4, "tenant")
        call = self.user("", tenant, f"cancel_{scope}", *(() if scope == "tenant" else (id_,)))
        return Doing(f"cancel {scope} {id_}", call, self.expect(lambda m: m.cancel(scope, id_)))

    def retry_job(self, machine: Machine) -> Doing:
        ended = [job for job in machine.jobs.values() if job.has_ended] or list(machine.jobs.values())
        job = self.random.choice(ended)
        stage = self.random.choice([None, None, *STAGES])
        call = self.user("", machine.batches[job.batch].tenant, "retry_job", job.id, stage)
        return Doing(f"retry_job {job.id} {stage}", call, self.expect(lambda m: m.retry_job(job.id, stage)))

    def retry_task(self, machine: Machine) -> Doing:
        job = self.random.choice(list(machine.jobs.values()))
        key = self.random.choice(list(job.tasks))
        id_ = self.world.one(
            "select id from public.stage_tasks where job_id = %s and stage = %s and coalesce(scene_number, 0) = %s",
            *(job.id, *key),
        )
        call = self.user("", machine.batches[job.batch].tenant, "retry_task", job.id, id_)

        def check(machine: Machine, answer: Any) -> None:
            if answer == "CR002":  # its script was written anew meanwhile: the task that was named is gone
                require(machine.jobs[job.id].tasks.get(key) is None, "answered that the task is gone")
                return
            self.expect(lambda m: m.retry_task(job.id, key))(machine, answer)

        return Doing(f"retry_task {job.id} {key}", call, check)

    def retry_batch(self, machine: Machine) -> Doing:
        _, id_, tenant = self._some(machine, "batch")
        call = self.user("", tenant, "retry_batch", id_)
        return Doing(f"retry_batch {id_}", call, self.expect(lambda m: m.retry_batch(id_)))

    def retry_failed(self, machine: Machine) -> Doing:
        tenant = self.random.choice(list(self.people))
        return Doing(
            f"retry_failed {tenant}",
            self.user("", tenant, "retry_failed"),
            self.expect(lambda m: m.retry_failed(tenant)),
        )

    def retime(self, machine: Machine) -> Doing:
        _, id_, tenant = self._some(machine, "batch")
        later = datetime.now(UTC) + timedelta(hours=1)
        match self.random.choice(["start", "start", "later", "due", "deadline", "passed"]):
            case "start":
                return Doing(
                    f"start {id_}",
                    self.user("", tenant, "start_batch", id_),
                    self.expect(lambda m: m.start(id_)),
                )
            case "deadline":
                call = self.user("", tenant, "set_deadline", id_, later + timedelta(hours=1))
                return Doing(f"deadline {id_}", call, self.expect(lambda m: m.set_deadline(id_, False)))
            case "later":
                call = self.user("", tenant, "reschedule_batch", id_, later)
                return Doing(f"later {id_}", call, self.expect(lambda m: m.reschedule(id_, False)))
            case "due":
                call = self._time_passes(tenant, "reschedule_batch", id_, later, "starts_at")
                return Doing(f"due {id_}", call, self.expect(lambda m: m.reschedule(id_, True)))
            case _:
                call = self._time_passes(tenant, "set_deadline", id_, later + timedelta(hours=1), "deadline")
                return Doing(f"passed {id_}", call, self.expect(lambda m: m.set_deadline(id_, True)))

    def _time_passes(
        self, tenant: str, function: str, id_: str, moment: datetime, column: str
    ) -> Callable[..., Any]:
        """Set a moment, and let it come, in one transaction."""

        def call(as_owner: Connection, _: Connection) -> Any:
            def both() -> None:
                with as_owner.transaction():
                    self.world.call(self.people[tenant], function, id_, moment, on=as_owner)
                    as_owner.execute(
                        f"update public.batches set {column} = now() - interval '1 second' where id = %s".encode(),
                        [id_],
                    )

            return _answer(both)

        return call

    def set_lane(self, machine: Machine) -> Doing:
        scope, id_, tenant = self._some(machine, "job", "batch")
        lane = self.random.choice(["urgent", "premium", "standard"])
        call = self.user("", tenant, f"set_{scope}_lane", id_, lane)
        return Doing(
            f"lane {scope} {id_} {lane}", call, lambda m, answer: _is_fine(answer, CONFLICT, "CR003")
        )

    def set_cap(self, machine: Machine) -> Doing:
        scope, id_, tenant = self._some(machine, "batch", "tenant")
        cap = self.random.choice([None, 1, 2, 5])
        call = self.user("", tenant, f"set_{scope}_cap", *(() if scope == "tenant" else (id_,)), cap)
        return Doing(f"cap {scope} {id_} {cap}", call, lambda m, answer: _is_fine(answer))

    # -- workers and the clock

    def take(self, machine: Machine) -> Doing:
        worker, queue_id = self.random.choice(self.workers)
        limit = self.random.randint(1, 3)

        def call(_: Connection, as_worker: Connection) -> Any:
            row = as_worker.execute(
                "select private.take_tasks(%s, %s, %s, %s, %s)",
                [worker, queue_id, list(STAGES), limit, _VERSIONS],
            ).fetchone()
            assert row is not None
            return [_held(each) for each in row[0]["runs"]]

        def check(machine: Machine, answer: list[Held]) -> None:
            machine.take(str(worker), [(each.job, each.key, each.attempt) for each in answer])

        return Doing(f"take {worker} {limit}", call, check)

    def complete(self, machine: Machine) -> Doing:
        count = min(len(self.held), self.random.choice([1, 1, 2]))
        chosen = self.random.sample(self.held, count)
        scenes = self.random.randint(1, 2)

        def call(_: Connection, as_worker: Connection) -> Any:
            row = as_worker.execute(
                "select private.complete_tasks(%s)", [Jsonb([_result(each, scenes) for each in chosen])]
            ).fetchone()
            assert row is not None
            return {each["attempt_id"]: each["outcome"] for each in row[0]}

        def check(machine: Machine, answer: dict[str, str]) -> None:
            for each in sorted(chosen, key=lambda held: held.key):
                wanted = machine.complete(each.job, each.key, each.attempt, scenes)
                said = answer[each.attempt]
                require(said == ("stale" if wanted == STALE else wanted), f"answered {said}, not {wanted}")

        return Doing(f"complete {[(each.job, each.key, each.attempt) for each in chosen]}", call, check)

    def _of_one(self, name: str, function: str, more: tuple[object, ...], apply: Callable[..., str]) -> Doing:
        held = self.random.choice(self.held)

        def call(_: Connection, as_worker: Connection) -> Any:
            def ask() -> Any:
                places = ", ".join(["%s"] * (3 + len(more)))
                arguments = [held.job, held.claimed.task_id, held.attempt, *more]
                row = as_worker.execute(f"select private.{function}({places})".encode(), arguments).fetchone()
                return (row[0] if row else None) or "ok"

            return _answer(ask)

        return Doing(
            f"{name} {held.job} {held.key} {held.attempt}",
            call,
            self.expect(lambda m: apply(m, held.job, held.key, held.attempt)),
        )

    def fail(self, machine: Machine) -> Doing:
        retriable = self.random.random() < 0.7
        error = {
            "error_code": "BROKEN",
            "message": "It broke.",
            "next_step": "Mend it.",
            "is_retriable": retriable,
        }
        return self._of_one(
            f"fail retriable={retriable}",
            "fail_task",
            (Jsonb(error),),
            lambda m, *held: m.fail(*held, retriable),
        )

    def hand_back(self, machine: Machine) -> Doing:
        return self._of_one("hand back", "hand_back_task", (), lambda m, *held: m.hand_back(*held))

    def report(self, machine: Machine) -> Doing:
        return self._of_one(
            "report", "report_progress", (self.random.randint(0, 99),), lambda m, *held: m.report(*held)
        )

    def _replace(self, machine: Machine) -> UUID:
        """Somebody new in the place of a worker that goes."""
        number = self.random.randrange(len(self.workers))
        worker, _ = self.workers[number]
        self.workers[number] = self.new_worker(machine)
        return worker

    def leave(self, machine: Machine) -> Doing:
        worker = self._replace(machine)

        def call(_: Connection, as_worker: Connection) -> Any:
            as_worker.execute("select private.leave(%s)", [worker])

        return Doing(f"leave {worker}", call, _nothing, lambda m, _, tenant: m.leave(str(worker), tenant))

    def die(self, machine: Machine) -> Doing:
        worker = self._replace(machine)
        call = _as_owner(
            "update private.workers set heartbeat_at = now() - interval '1 day' where id = %s", worker
        )
        return Doing(f"die {worker}", call, lambda m, _: m.die(str(worker)))

    def tick(self, machine: Machine) -> Doing:
        def call(as_owner: Connection, _: Connection) -> Any:
            as_owner.execute(
                "update private.settings set ticked_at = now() - interval '0.95 seconds', rescue_at = '-infinity'"
            )
            row = as_owner.execute("select private.tick()").fetchone()
            assert row is not None
            return row[0]

        return Doing("tick", call, _nothing, lambda m, answer, tenant: m.tick(tenant) if answer else None)


def _as_owner(statement: str, *arguments: object) -> Callable[..., Any]:
    def call(as_owner: Connection, _: Connection) -> Any:
        as_owner.execute(statement.encode(), arguments)

    return call


def _nothing(machine: Machine, answer: Any) -> None:
    """What is checked tenant by tenant."""


def _answer(ask: Callable[[], Any]) -> Any:
    """What is answered; of a refusal that a state explains its code."""
    try:
        return ask() or "ok"
    except psycopg.Error as error:
        if error.sqlstate in ("CR002", "CR003", CONFLICT, STALE):
            return error.sqlstate
        raise


def _is_fine(answer: Any, *refusals: str) -> None:
    if isinstance(answer, str) and answer not in ("ok", *refusals):
        raise Impossible(f"answered {answer}")


def _held(run: dict[str, Any]) -> Held:
    claimed = Claimed(UUID(run["job_id"]), UUID(run["task_id"]), run["entry_id"], run)
    inputs = run["inputs"]
    part = _PART.search(inputs.get("text", ""))
    key = (run["stage"], int(part[1]) if part else inputs.get("scene", {}).get("scene_number", 0))
    return Held(run["job_id"], key, run["attempt_id"], claimed)


def _result(held: Held, scenes: int) -> dict[str, Any]:
    """A result like no other, so that nothing is found again that an equal attempt has made."""
    facts, files = result_of(held.claimed, scenes)
    if "sample_count" in facts:
        facts["sample_count"] = 48_000 + UUID(held.attempt).int % 1_000_000
    for scene in facts.get("scenes", ()):  # type: ignore[attr-defined]
        scene["voiceover_text"] += f" {held.attempt}"
    return {
        "job_id": held.job,
        "task_id": str(held.claimed.task_id),
        "attempt_id": held.attempt,
        "facts": facts,
        "files": files,
        "timings": {},
    }
