"""What workers and the clock do to the database, and the same done to the machine; and what is done next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tests.sql.model.doing import Doing, Held, answer, as_owner, nothing
from tests.sql.model.machine import Machine
from tests.sql.model.rows import STAGES, STALE, require
from tests.sql.model.users import Users
from tests.sql.world import Claimed, Connection, result_of

#: The scene of a narration, which its inputs do not name.
_PART = re.compile(r", part (\d+)")
_VERSIONS = Jsonb(dict.fromkeys(STAGES, "1"))


class Doings(Users):
    """All that is done."""

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

            return answer(ask)

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

        return Doing(f"leave {worker}", call, nothing, lambda m, _, tenant: m.leave(str(worker), tenant))

    def die(self, machine: Machine) -> Doing:
        worker = self._replace(machine)
        call = as_owner(
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

        return Doing("tick", call, nothing, lambda m, answer, tenant: m.tick(tenant) if answer else None)


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
