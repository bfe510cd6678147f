"""Tasks, jobs and batches of the machine.

`pending` and `queued` are one status here, `waiting`: which waiting task is released when is not modelled, only that
nothing starts that may not. Ids are strings; a task is named by its stage and scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_FAILURES = 3
MAX_LOSSES = 2
STAGES = (
    "script_generation",
    "audio_generation",
    "video_generation",
    "platform_adaptation",
    "post_processing",
)
#: Errors of SQL: not in a state for this; no longer its owner.
CONFLICT, STALE = "CR004", "CR005"
ENDED = ("completed", "failed", "cancelled")

Key = tuple[str, int]


class Impossible(Exception):
    """What the SQL did is not what the machine does."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Impossible(what)


@dataclass
class Task:
    stage: str
    needs: tuple[Key, ...]
    status: str = "blocked"
    attempt: str = ""
    worker: str = ""
    failures: int = 0
    losses: int = 0
    #: Of the scenes that a script has.
    scenes: int = 0

    @property
    def place(self) -> int:
        return STAGES.index(self.stage)

    def wait(self) -> None:
        self.status, self.attempt, self.worker = "waiting", "", ""

    def renew(self, status: str) -> None:
        self.status, self.attempt, self.worker, self.failures, self.losses = status, "", "", 0, 0


@dataclass
class Job:
    id: str
    batch: str
    status: str = "pending"
    generation: int = 1
    is_paused: bool = False
    #: Stage after which it will pause by itself, and after which it has; empty for none.
    pause_after: str = ""
    paused_after: str = ""
    tasks: dict[Key, Task] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_in_review(self) -> bool:
        return bool(self.paused_after) and not self.has_ended

    def begin_review(self) -> None:
        if not self.pause_after or self.has_ended:
            return
        gate = STAGES.index(self.pause_after)
        active = [task for task in self.tasks.values() if task.status in ("waiting", "processing")]
        if active and all(task.place > gate for task in active):
            self.is_paused, self.pause_after, self.paused_after = True, "", self.pause_after

    def repeat_review(self) -> None:
        if self.is_in_review:
            gate = STAGES.index(self.paused_after)
            if any(task.status == "waiting" and task.place <= gate for task in self.tasks.values()):
                self.is_paused, self.pause_after, self.paused_after = False, self.paused_after, ""

    def is_ready(self, task: Task) -> bool:
        return all(self.tasks[key].status == "completed" for key in task.needs)

    def unlock(self) -> None:
        for task in self.tasks.values():
            if task.status == "blocked" and self.is_ready(task):
                task.wait()

    def followers(self, key: Key) -> set[Key]:
        found = {key}
        for other, task in self.tasks.items():  # in the order of the stages
            if found & set(task.needs):
                found.add(other)
        return found

    def roll_up(self) -> None:
        statuses = [task.status for task in self.tasks.values()]
        is_active = "waiting" in statuses or "processing" in statuses
        if all(status == "completed" for status in statuses):
            self.status = "completed"
        elif not is_active and "cancelled" in statuses:
            self.status = "cancelled"
        elif not is_active and "failed" in statuses:
            self.status = "failed"
        elif self.status == "processing" or {"processing", "completed", "failed"} & set(statuses):
            self.status = "processing"
        else:
            self.status = "pending"

    def begin_again(self) -> None:
        if self.has_ended:
            self.status, self.is_paused, self.paused_after = "pending", False, ""
        self.generation += 1


@dataclass
class Batch:
    id: str
    tenant: str
    jobs: list[str]
    status: str = "pending"
    is_paused: bool = False
    #: later: nothing starts; due: the next tick opens it; empty: open.
    start: str = ""
    is_blocked: bool = False
    #: Batches that must have ended before, with how they have; and whether that is news to the ticker.
    after: dict[str, str] = field(default_factory=dict)
    after_failure: str = "hold"
    pause_after: str = ""
    is_due: bool = False
    #: ahead or passed; empty for none.
    deadline: str = ""
    is_late: bool = False

    @property
    def has_ended(self) -> bool:
        return self.status in ("completed", "partial", "failed", "cancelled")
