"""What users and operators do to the database, and the same done to the machine."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sql.model.doing import Doing, Place, answer, as_owner, is_fine
from tests.sql.model.machine import Machine
from tests.sql.model.rows import CONFLICT, STAGES, Batch, require
from tests.sql.world import Connection


class Users(Place):
    """Calls of signed-in users, and of operators."""

    def user(self, name: str, tenant: str, function: str, *arguments: object) -> Callable[..., Any]:
        def call(as_user: Connection, _: Connection) -> Any:
            return answer(lambda: self.world.call(self.people[tenant], function, *arguments, on=as_user))

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
            options["pause_after"] = self.random.choice(STAGES[:-1])
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
                    pause_after=options.get("pause_after", ""),
                )
            )

        return Doing(f"create {len(topics)} {options}", call, check)

    def pause(self, machine: Machine) -> Doing:
        scope, id_, tenant = self.some(machine, "job", "job", "batch", "batch", "tenant", "stage")
        now = self.random.random() < 0.5
        if scope == "stage":
            call = as_owner("select private.pause_stage(%s, '', %s)", id_, now)
        else:
            call = self.user("", tenant, f"pause_{scope}", *(() if scope == "tenant" else (id_,)), now)
        return Doing(f"pause {scope} {id_} now={now}", call, self.expect(lambda m: m.pause(scope, id_, now)))

    def resume(self, machine: Machine) -> Doing:
        scope, id_, tenant = self.some(machine, "job", "batch", "batch", "tenant", "tenant", "stage", "stage")
        if held := [id_ for id_ in machine.paused if id_ in STAGES]:
            scope, id_ = "stage", self.random.choice(held)
        if scope == "stage":
            call = as_owner("select private.resume_stage(%s)", id_)
        else:
            call = self.user("", tenant, f"resume_{scope}", *(() if scope == "tenant" else (id_,)))
        return Doing(f"resume {scope} {id_}", call, self.expect(lambda m: m.resume(scope, id_)))

    def cancel(self, machine: Machine) -> Doing:
        scope, id_, tenant = self.some(machine, *["job"] * 6, *["batch"] * 4, "tenant")
        call = self.user("", tenant, f"cancel_{scope}", *(() if scope == "tenant" else (id_,)))
        return Doing(f"cancel {scope} {id_}", call, self.expect(lambda m: m.cancel(scope, id_)))

    def retry_job(self, machine: Machine) -> Doing:
        ended = [job for job in machine.jobs.values() if job.has_ended or job.is_in_review]
        ended = ended or list(machine.jobs.values())
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
        _, id_, tenant = self.some(machine, "batch")
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
        _, id_, tenant = self.some(machine, "batch")
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
                call = self.time_passes(tenant, "reschedule_batch", id_, later, "starts_at")
                return Doing(f"due {id_}", call, self.expect(lambda m: m.reschedule(id_, True)))
            case _:
                call = self.time_passes(tenant, "set_deadline", id_, later + timedelta(hours=1), "deadline")
                return Doing(f"passed {id_}", call, self.expect(lambda m: m.set_deadline(id_, True)))

    def time_passes(
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

            return answer(both)

        return call

    def set_lane(self, machine: Machine) -> Doing:
        scope, id_, tenant = self.some(machine, "job", "batch")
        lane = self.random.choice(["urgent", "premium", "standard"])
        call = self.user("", tenant, f"set_{scope}_lane", id_, lane)
        return Doing(f"lane {scope} {id_} {lane}", call, lambda m, answer: is_fine(answer, CONFLICT, "CR003"))

    def set_cap(self, machine: Machine) -> Doing:
        scope, id_, tenant = self.some(machine, "batch", "tenant")
        cap = self.random.choice([None, 1, 2, 5])
        call = self.user("", tenant, f"set_{scope}_cap", *(() if scope == "tenant" else (id_,)), cap)
        return Doing(f"cap {scope} {id_} {cap}", call, lambda m, answer: is_fine(answer))
