"""Where the fault suite runs: the embedded stack in a folder of its own, real workers, and very small videos."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
from psycopg.types.json import Jsonb

from cliprow.account import Account, open_local_account
from cliprow.config import Config
from cliprow.local.ports import free_port
from cliprow.local.stack import Stack, running_stack

#: Silence that means death here, so that nobody waits long for a rescue.
DEAD_AFTER_S = 3
_PROGRESS = (
    "select (select count(*) from generation_jobs where completed_at is null),"
    " (select count(*) from stage_tasks where status = 'completed')"
)
#: Of all fault tests: the same kills in each run, as far as time allows.
SEED = 300


@dataclass
class Place:
    """A running stack with one user, whose videos are 128 x 72."""

    folder: Path
    config: Config
    stack: Stack
    account: Account
    project_id: UUID

    def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Rows as the owner sees them, on a connection of its own: the last one may be dead."""
        with psycopg.connect(self.stack.admin, autocommit=True) as admin:
            return admin.execute(statement.encode(), arguments or None).fetchall()

    def one(self, statement: str, *arguments: object) -> Any:
        """The first value of the first row; None where there is no row."""
        rows = self.rows(statement, *arguments)
        return rows[0][0] if rows else None

    def run(self, statement: str, *arguments: object) -> None:
        """Execute a statement as the owner."""
        with psycopg.connect(self.stack.admin, autocommit=True) as admin:
            admin.execute(statement.encode(), arguments or None)

    def create_batch(self, jobs: int, **options: object) -> UUID:
        """A batch of so many different tiny videos."""
        topics = [
            {
                "topic": f"Sky {number}",
                "brief": f"Sky {number} is blue.",
                "duration_s": 5,
                "platforms": ["twitter"],
            }
            for number in range(jobs)
        ]
        with self.account.acting() as connection:
            row = connection.execute(
                "select public.create_batch(%s, %s, %s)", [self.project_id, Jsonb(topics), Jsonb(options)]
            ).fetchone()
        assert row is not None
        return UUID(row[0]["batch_id"])

    def unfinished(self) -> int:
        """Jobs that have not ended."""
        return int(self.one("select count(*) from generation_jobs where completed_at is null"))

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Of a worker; without DATABASE_URL it belongs to the stack, and starts it again when it is killed."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLIPROW_", "SUPABASE_", "DATABASE_URL", "PG"))
        }
        return {
            **kept,
            "CLIPROW_HOME": str(self.config.home),
            "CLIPROW_DB_PORT": str(self.config.db_port),
            "CLIPROW_GATEWAY_PORT": str(self.config.gateway_port),
            "CLIPROW_SPEECH_PROVIDER": "espeak",
            "HOME": str(self.folder),
            **settings,
        }

    def project_settings(self, *, database: str = "", storage: str = "") -> dict[str, str]:
        """Settings of a worker that uses the stack as a project of somebody else, perhaps through a bad line."""
        project = self.stack.supabase
        return {
            "DATABASE_URL": database or self.stack.worker,
            "SUPABASE_URL": storage or project.url,
            "SUPABASE_PUBLISHABLE_KEY": project.publishable_key,
            "SUPABASE_SECRET_KEY": project.secret_key,
        }


@contextmanager
def new_place(folder: Path) -> Iterator[Place]:
    """A place in `folder`, with the product's own settings but for the time until silence means death, and backoffs."""
    config = Config(home=folder / "home", db_port=free_port(), gateway_port=free_port())
    with running_stack(config) as stack:
        with psycopg.connect(stack.admin, autocommit=True) as admin:
            admin.execute(
                "update private.settings set dead_after = make_interval(secs => %s), backoff_base = '0.5 seconds',"
                " backoff_cap = '10 seconds'",
                [DEAD_AFTER_S],
            )
            admin.execute(
                "update public.platforms set width = 128, height = 72, thumbnail_width = 128, thumbnail_height = 72"
            )
        account = open_local_account(stack.admin)
        with account.acting() as connection:
            row = connection.execute(
                "insert into public.projects (name, original_idea) values ('Faults', 'Faults') returning id"
            ).fetchone()
        assert row is not None
        try:
            yield Place(folder, config, stack, account, row[0])
        finally:
            account.connection.close()


@dataclass
class Crew:
    """Worker processes of one slot each, started again as often as they end."""

    place: Place
    #: Settings of each worker, beside the stack's.
    settings: list[Mapping[str, str]] = field(default_factory=lambda: [{}, {}])
    #: What to run instead of plain `python -m cliprow`.
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "cliprow")
    restarts: int = 0
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def keep(self) -> None:
        """Start what does not run."""
        for number, settings in enumerate(self.settings):
            if number == len(self._processes):
                self._processes.append(self._start(number, settings))
            elif self._processes[number].poll() is not None:
                self._processes[number] = self._start(number, settings)
                self.restarts += 1

    def _start(self, number: int, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self.place.folder / f"crew-{number}.err").open("ab") as errors:
            return subprocess.Popen(
                [*self.command, "worker", "--slots", "1", "--log", str(self.log(number)), "--grace", "2"],
                env=self.place.environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def log(self, number: int) -> Path:
        """What a worker says."""
        return self.place.folder / f"crew-{number}.log"

    def said(self) -> str:
        """The end of what all have said, for a test that fails."""
        files = sorted(self.place.folder.glob("crew-*"))
        return "\n".join(f"{file.name}:\n{file.read_text(errors='replace')[-3000:]}" for file in files)

    def workers(self) -> list[psutil.Process]:
        """The workers' processes."""
        return [psutil.Process(each.pid) for each in self._processes if each.poll() is None]

    def children(self) -> list[psutil.Process]:
        """The processes in which stages run, with the engines that these have started."""
        found: list[psutil.Process] = []
        for worker in self.workers():
            try:
                found += worker.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self) -> None:
        """Let them hand back what they have, and end; those that do not are killed."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def crew_of(place: Place, *settings: Mapping[str, str], command: tuple[str, ...] = ()) -> Iterator[Crew]:
    """Workers for the time of the block: two of the stack's own, unless settings of some are given."""
    crew = Crew(place)
    if settings:
        crew.settings = list(settings)
    if command:
        crew.command = command
    try:
        crew.keep()
        yield crew
    finally:
        crew.stop()


def work_until_ended(
    crew: Crew, limit_s: float, fault: Callable[[], bool] = lambda: False, gap: tuple[int, int] = (1, 1)
) -> float:
    """Let the crew work until every job has ended; returns the seconds it took.

    Args:
        fault: does harm, or says that it could not.
        gap: after how many more completed tasks it does so each time, from and to: so faults come as often on a slow
            machine as on a fast one, and never more often than anything gets done. A moment later, at random.
    """
    choose = random.Random(SEED)
    began = time.monotonic()
    next_at = choose.randint(*gap)
    while True:
        crew.keep()
        try:
            [(unfinished, completed)] = crew.place.rows(_PROGRESS)
        except psycopg.OperationalError:
            time.sleep(0.2)  # the database is dead at this moment
            continue
        finally:
            assert time.monotonic() - began < limit_s, f"not ended after {limit_s} s\n{crew.said()}"
        if not unfinished:
            return time.monotonic() - began
        if completed < next_at:
            time.sleep(0.05)
            continue
        time.sleep(choose.uniform(0, 0.5))
        if fault():
            next_at = completed + choose.randint(*gap)


def until(condition: Callable[[], bool], what: str, limit_s: float = 90.0) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
