"""A worker whose stages do nothing, in this process: what is left is what the queue costs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.account import Account, open_local_account
from cliprow.config import Config
from cliprow.errors import NotFound
from cliprow.local.database import url
from cliprow.local.passwords import load
from cliprow.local.ports import free_port
from cliprow.local.postgres import SUPERUSER
from cliprow.local.stack import Stack, running_stack
from cliprow.models import Stage
from cliprow.queue.frames import Done, Failed, Request
from cliprow.queue.slot import OnCall, OnProgress
from cliprow.queue.worker import Worker, WorkerOptions

#: Scenes of each job: with one platform it has this many tasks of audio and of video, and three more.
SCENES = 2
TASKS_PER_JOB = 2 * SCENES + 3


class NoFiles:
    """The storage of stages that make no files: whoever asks for one has found a mistake."""

    def put(self, path: str, source: Path, media_type: str) -> str:
        raise NotFound(f"{source} should not have been made.")

    def fetch(self, path: str) -> Path:
        raise NotFound(f"{path} was never stored.")

    def exists(self, path: str) -> bool:
        return False

    def delete(self, path: str) -> None:
        return None

    def digest(self, path: str) -> str:
        raise NotFound(f"{path} was never stored.", error_code="STORAGE_FILE_MISSING")


@dataclass
class NoopSlot:
    """Answers at once, with what the stage's followers need."""

    on_start: Callable[[Request], None] = lambda _: None
    peak_memory_bytes: int = 0

    async def start(self) -> dict[Stage, str]:
        return dict.fromkeys(Stage, "noop")

    async def stop(self) -> None:
        return None

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done | Failed:
        self.on_start(request)
        inputs = msgspec.json.decode(request.inputs)
        return Done(msgspec.json.encode(facts_of(request.stage, inputs)), [])


def facts_of(stage: Stage, inputs: dict[str, Any]) -> dict[str, object]:
    """What a stage says of its result, for the stages that follow."""
    match stage:
        case Stage.SCRIPT:
            scenes = [
                {
                    "scene_number": number,
                    "scene_type": "main_content",
                    "heading": "",
                    "points": [],
                    "voiceover_text": f"{inputs['topic']}, part {number}",
                    "visual_description": "words",
                }
                for number in range(1, SCENES + 1)
            ]
            return {"title": inputs["topic"], "description": "", "language": "en", "scenes": scenes}
        case Stage.AUDIO:
            return {"sample_count": 48_000, "words": []}
        case Stage.VIDEO:
            return {"frame_count": 30}
        case Stage.PLATFORM:
            return {"duration_ms": 2000, "scenes_used": [scene["scene_number"] for scene in inputs["scenes"]]}
        case Stage.POST:
            return {"title": inputs["title"], "chapters": []}


@dataclass(frozen=True)
class Place:
    """A new database with one user in it."""

    folder: Path
    stack: Stack
    admin: Connection[Any]
    account: Account
    project_id: UUID
    #: Conninfo of the superuser.
    superuser: str

    def create_batch(self, jobs: int, **options: object) -> UUID:
        """A batch of new topics for one platform."""
        topics = [{"topic": f"Topic {uuid.uuid4()}", "platforms": ["youtube"]} for _ in range(jobs)]
        with self.account.acting() as connection:
            row = connection.execute(
                "select public.create_batch(%s, %s, %s)", [self.project_id, Jsonb(topics), Jsonb(options)]
            ).fetchone()
        assert row is not None
        return UUID(row[0]["batch_id"])

    def count(self, query: str) -> int:
        """The number that a query gives."""
        row = self.admin.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def worker(self, slots: int, on_start: Callable[[Request], None] = lambda _: None) -> Worker:
        """A worker with so many slots that do nothing."""
        options = WorkerOptions(slots=slots, make_slot=lambda: NoopSlot(on_start))
        return Worker(self.stack.worker, NoFiles(), self.folder / "scratch", options)


@contextmanager
def new_place(folder: Path) -> Iterator[Place]:
    """The embedded Postgres as it ships, fsync on, in a folder of its own."""
    config = Config(home=folder / "home", db_port=free_port())
    with running_stack(config, gateway=False) as stack, db.connect(stack.admin) as admin:
        account = open_local_account(stack.admin)
        with account.acting() as connection:
            row = connection.execute(
                "insert into public.projects (name, original_idea) values ('Bench', 'Bench') returning id"
            ).fetchone()
        assert row is not None and stack.db_port is not None
        superuser = url(SUPERUSER, load(config.home / "secrets.json")[SUPERUSER], stack.db_port)
        yield Place(folder, stack, admin, account, row[0], superuser)
        account.connection.close()


async def run_until(worker: Worker, is_done: Callable[[], bool], every_s: float = 0.02) -> None:
    """Let a worker work until a condition holds."""
    running = asyncio.create_task(worker.run())
    while not running.done() and not is_done():  # noqa: ASYNC110 - it asks the database
        await asyncio.sleep(every_s)
    worker.stop()
    await running
