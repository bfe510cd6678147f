"""Two tenants with people in them, and a worker that is only its SQL calls."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.cluster import Database

Connection = psycopg.Connection[Any]

#: Two platforms that share one raster, and one of another.
PLATFORMS = ("youtube", "youtube_shorts", "tiktok")


@dataclass(frozen=True)
class Person:
    """A user, acting in one tenant."""

    user_id: UUID
    tenant_id: UUID
    #: Of the sign-in, where one was made.
    session_id: UUID | None = None

    @property
    def claims(self) -> str:
        claims = {"sub": str(self.user_id), "tenant_id": str(self.tenant_id), "role": "authenticated"}
        if self.session_id:
            claims["session_id"] = str(self.session_id)
        return json.dumps(claims)


@dataclass
class World:
    """A database with tenants in it, seen by its owner `postgres`."""

    database: Database
    #: As `postgres`, which row-level security does not bind.
    admin: Connection
    _opened: list[Connection] = field(default_factory=list)

    def connect(self, conninfo: str | None = None) -> Connection:
        """One more connection, as `postgres` unless said otherwise; closed when the test ends."""
        self._opened.append(psycopg.connect(conninfo or self.database.admin, autocommit=True))
        return self._opened[-1]

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def one(self, statement: str, *arguments: object) -> Any:
        """The first value of the first row; None where there is no row."""
        row = self.admin.execute(statement.encode(), arguments or None).fetchone()
        return row[0] if row else None

    def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        return self.admin.execute(statement.encode(), arguments or None).fetchall()

    def run(self, statement: str, *arguments: object) -> int:
        """Executes a statement; returns how many rows it changed."""
        return self.admin.execute(statement.encode(), arguments or None).rowcount

    def sign_up(self, name: str) -> Person:
        """A new user, who owns a new tenant."""
        user_id = uuid.uuid4()
        self.run(
            "insert into auth.users (id, email) values (%s, %s)", user_id, f"{name}-{user_id}@example.org"
        )
        return Person(
            user_id, self.one("select tenant_id from public.memberships where user_id = %s", user_id)
        )

    def sign_in(self, person: Person) -> Person:
        """The same person on one more device."""
        session_id = uuid.uuid4()
        self.run(
            "insert into auth.sessions (id, user_id, created_at) values (%s, %s, now())",
            session_id,
            person.user_id,
        )
        return replace(person, session_id=session_id)

    def ask(self, person: Person, statement: str, *arguments: object, on: Connection | None = None) -> Any:
        """The first value of what a signed-in user asks for, in a transaction of its own."""
        with self.acting(person, on) as connection:
            row = connection.execute(statement.encode(), arguments or None).fetchone()
        return row[0] if row else None

    def add_member(self, to: Person, role: str, analytics_scope: str = "tenant") -> Person:
        """A new user who is a member of somebody else's tenant, and acts there."""
        person = self.sign_up(role)
        self.run(
            "insert into public.memberships (tenant_id, user_id, role, analytics_scope) values (%s, %s, %s, %s)",
            to.tenant_id,
            person.user_id,
            role,
            analytics_scope,
        )
        return Person(person.user_id, to.tenant_id)

    def add_project(self, owner: Person, name: str = "Channel") -> UUID:
        made: UUID = self.one(
            "insert into public.projects (tenant_id, owner_id, name, original_idea) values (%s, %s, %s, %s) returning id",
            owner.tenant_id,
            owner.user_id,
            name,
            name,
        )
        return made

    @contextmanager
    def acting(self, person: Person, on: Connection | None = None) -> Iterator[Connection]:
        """One transaction as a signed-in user."""
        connection = on or self.admin
        with connection.transaction():
            connection.execute(
                "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)",
                [person.claims],
            )
            yield connection
            # Inside a longer transaction these would stay.
            connection.execute(
                "select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)"
            )

    def create_batch(
        self,
        person: Person,
        project_id: UUID,
        topics: Sequence[str | Mapping[str, object]] | int = 1,
        *,
        on: Connection | None = None,
        key: str | None = None,
        **options: object,
    ) -> dict[str, Any]:
        """Topics are whole, or names of topics for all `PLATFORMS`, or how many different ones."""
        named = [f"Topic {uuid.uuid4()}" for _ in range(topics)] if isinstance(topics, int) else topics
        whole = [{"topic": t, "platforms": PLATFORMS} if isinstance(t, str) else t for t in named]
        with self.acting(person, on) as connection:
            row = connection.execute(
                "select public.create_batch(%s, %s, %s, %s)", [project_id, Jsonb(whole), Jsonb(options), key]
            ).fetchone()
        assert row is not None
        made: dict[str, Any] = row[0]
        return made

    def call(
        self, person: Person, function: str, *arguments: object, on: Connection | None = None
    ) -> dict[str, Any]:
        """What a function of `public` answers a signed-in user."""
        with self.acting(person, on) as connection:
            places = ", ".join("%s" for _ in arguments)
            row = connection.execute(f"select public.{function}({places})".encode(), arguments).fetchone()
        assert row is not None
        answer: dict[str, Any] = row[0]
        return answer

    def retry_job(
        self, person: Person, job_id: UUID, stage: Stage | None = None, *, on: Connection | None = None
    ) -> dict[str, Any]:
        return self.call(person, "retry_job", job_id, stage and str(stage), on=on)

    def tick(self) -> dict[str, int]:
        """The ticker, as if the last time was long enough ago and no outage had been."""
        self.run(
            "update private.settings set ticked_at = now() - interval '0.95 seconds', rescue_at = '-infinity'"
        )
        done: dict[str, int] = self.one("select private.tick()")
        return done


@dataclass(frozen=True)
class Claimed:
    """What `claim_task` said of a task."""

    job_id: UUID
    task_id: UUID
    entry_id: int
    answer: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.answer["verdict"])

    @property
    def attempt_id(self) -> UUID:
        return UUID(self.answer["attempt_id"])

    @property
    def stage(self) -> Stage:
        return Stage(self.answer["stage"])


class Worker:
    """Calls what a worker calls, on a connection of the role `cliprow_worker`."""

    def __init__(self, world: World, *, stages: Sequence[Stage] = tuple(Stage), slots: int = 2) -> None:
        self.id = uuid.uuid4()
        self.stages = [str(stage) for stage in stages]
        self.connection = world.connect(world.database.worker)
        self._call("select private.register_worker(%s, %s, %s, 'host', 1, '0')", self.id, self.stages, slots)
        self.queue_id = self._call("select procrastinate.procrastinate_register_worker_v1()")

    def _call(self, statement: str, *arguments: object) -> Any:
        row = self.connection.execute(statement.encode(), arguments).fetchone()
        return row[0] if row else None

    def fetch(self, *stages: Stage) -> tuple[UUID, UUID, int] | None:
        """Job, task and id of the next queue entry; None when there is none."""
        row = self.connection.execute(
            "select args ->> 'job_id', args ->> 'task_id', id from procrastinate.procrastinate_fetch_job_v2(%s, %s)",
            [[str(stage) for stage in stages] or self.stages, self.queue_id],
        ).fetchone()
        return (UUID(row[0]), UUID(row[1]), row[2]) if row and row[2] is not None else None

    def claim(self, job_id: UUID, task_id: UUID, entry_id: int, version: str = "1") -> Claimed:
        answer = self._call(
            "select private.claim_task(%s, %s, %s, %s, %s)", job_id, task_id, entry_id, self.id, version
        )
        claimed = Claimed(job_id, task_id, entry_id, answer)
        if claimed.verdict != "run":
            self.finish_entry(entry_id)
        return claimed

    def take(self, *stages: Stage) -> Claimed | None:
        """Fetches and claims the next task."""
        entry = self.fetch(*stages)
        return self.claim(*entry) if entry else None

    def take_running(self, *stages: Stage) -> Claimed:
        """The next task that is to be computed."""
        while (claimed := self.take(*stages)) is not None:
            if claimed.verdict == "run":
                return claimed
        raise AssertionError(f"no task of {stages or 'any stage'} can run")

    def complete(self, claimed: Claimed, facts: Mapping[str, object] | None = None) -> None:
        made, files = result_of(claimed)
        self._call(
            "select private.complete_task(%s, %s, %s, %s, %s, '{}')",
            claimed.job_id,
            claimed.task_id,
            claimed.attempt_id,
            Jsonb(facts or made),
            Jsonb(files),
        )
        self.finish_entry(claimed.entry_id)

    def fail(self, claimed: Claimed, *, retriable: bool = False, code: str = "BROKEN", **more: object) -> str:
        error = {
            "error_code": code,
            "message": "It broke.",
            "next_step": "Mend it.",
            "is_retriable": retriable,
            **more,
        }
        status = self._call(
            "select private.fail_task(%s, %s, %s, %s)",
            claimed.job_id,
            claimed.task_id,
            claimed.attempt_id,
            Jsonb(error),
        )
        self.finish_entry(claimed.entry_id)
        return str(status)

    def hand_back(self, claimed: Claimed) -> None:
        self._call(
            "select private.hand_back_task(%s, %s, %s)", claimed.job_id, claimed.task_id, claimed.attempt_id
        )
        self.finish_entry(claimed.entry_id)

    def report(self, claimed: Claimed, percent: int) -> None:
        self._call(
            "select private.report_progress(%s, %s, %s, %s)",
            claimed.job_id,
            claimed.task_id,
            claimed.attempt_id,
            percent,
        )

    def beat(self) -> bool:
        return bool(self._call("select private.beat(%s)", self.id))

    def leave(self) -> int:
        return int(self._call("select private.leave(%s)", self.id))

    def finish_entry(self, entry_id: int) -> None:
        """What the queue library does when a run has returned."""
        self._call("delete from procrastinate.procrastinate_jobs where id = %s returning id", entry_id)

    def work(self, *stages: Stage, limit: int = 1000) -> int:
        """Completes what there is; returns how many tasks it ran."""
        count = 0
        for _ in range(limit):
            claimed = self.take(*stages)
            if claimed is None:
                break
            if claimed.verdict == "run":
                self.complete(claimed)
                count += 1
        return count

    def die(self, world: World) -> None:
        """Fall silent for longer than a living worker may."""
        silence = "now() - 2 * (select dead_after from private.settings)"
        world.run(f"update private.workers set heartbeat_at = {silence} where id = %s", self.id)
        world.run(
            f"update procrastinate.procrastinate_workers set last_heartbeat = {silence} where id = %s",
            self.queue_id,
        )


def result_of(claimed: Claimed, scene_count: int = 2) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Facts and files as the stage would make them."""
    inputs = claimed.answer["inputs"]

    def file(role: str, name: str) -> dict[str, object]:
        sha256 = uuid.uuid5(uuid.NAMESPACE_OID, claimed.answer["content_key"] + role).hex * 2
        return {
            "role": role,
            "name": name,
            "sha256": sha256,
            "size_bytes": 10,
            "media_type": "x/y",
            "path": f"{claimed.answer['tenant_id']}/artifacts/{sha256}",
        }

    match claimed.stage:
        case Stage.SCRIPT:
            scenes = [
                {
                    "scene_number": number,
                    "scene_type": "main_content",
                    "heading": f"Scene {number}",
                    "points": [],
                    "voiceover_text": f"{inputs['topic']}, part {number}",
                    "visual_description": "words",
                }
                for number in range(1, scene_count + 1)
            ]
            return {"title": inputs["topic"], "description": "", "language": "en", "scenes": scenes}, []
        case Stage.AUDIO:
            return {"sample_count": 48_000, "words": [["word", 0, 1]]}, [file("narration", "narration.flac")]
        case Stage.VIDEO:
            return {"frame_count": 30}, [file("segment", "segment.mp4")]
        case Stage.PLATFORM:
            numbers = [scene["scene_number"] for scene in inputs["scenes"]]
            return {"duration_ms": 2000, "scenes_used": numbers}, [file("video", "video.mp4")]
        case Stage.POST:
            return {"title": inputs["title"], "chapters": []}, [file("thumbnail", "thumbnail.jpg")]
