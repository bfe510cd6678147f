"""An older worker beside a newer schema: a batch that is begun before an upgrade and ended after it, without a stop.

    uv run python bench/rolling_upgrade.py [--since REVISION] [--jobs 30]

The revision's own code makes a database with its own migrations, submits a batch and works on it, slowly. Meanwhile this
version's migrations are applied, as `cliprow db migrate` does. The older worker goes on; then one of this version joins
it, and the older one is told to stop. In the end every job must be completed, both workers must have completed tasks
after the migration, and every counter must equal a recount. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from cliprow import migrate
from cliprow.local.database import url
from cliprow.local.passwords import load
from cliprow.local.ports import free_port
from cliprow.local.postgres import SUPERUSER

ROOT = Path(__file__).parents[1]
#: How long anything may take, in seconds.
_PATIENCE_S = 300.0
#: Run by either version's code, with its own no-op worker: home, port, and how many jobs it submits first.
_PROGRAM = """
import asyncio, logging, sys, uuid
from pathlib import Path
from psycopg.types.json import Jsonb
from _noop_worker import NoFiles, NoopSlot
from cliprow.account import open_local_account
from cliprow.config import Config
from cliprow.local.stack import running_stack
from cliprow.queue.worker import Worker, WorkerOptions

class SlowSlot(NoopSlot):
    async def run(self, *arguments):
        await asyncio.sleep(1)
        return await super().run(*arguments)

logging.basicConfig(level=logging.INFO)
home, port, jobs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with running_stack(Config(home=home, db_port=port), gateway=False) as stack:
    if jobs:
        account = open_local_account(stack.admin)
        topics = [{"topic": f"Topic {uuid.uuid4()}", "platforms": ["youtube"]} for _ in range(jobs)]
        with account.acting() as connection:
            project = connection.execute(
                "insert into public.projects (name, original_idea) values ('Bench', 'Bench') returning id"
            ).fetchone()[0]
            connection.execute("select public.create_batch(%s, %s, '{}')", [project, Jsonb(topics)])
        account.connection.close()
    worker = Worker(stack.worker, NoFiles(), home / "scratch", WorkerOptions(slots=4, make_slot=SlowSlot))
    print(worker.id, flush=True)
    asyncio.run(worker.run())
"""
_ENDED = "select count(*) from public.generation_jobs where status not in ('pending', 'processing')"
_BY = "select count(*) from public.task_attempts where worker_id = %s and status = 'completed'"
#: Counters that differ from a recount.
WRONG = """
select count(*) from (
  select w.scope_id from private.windows as w where w.active_count <> (
    select count(*) from public.stage_tasks as t
    where t.status in ('queued', 'processing') and w.scope_id in (t.tenant_id, t.project_id, t.batch_id))
  union all
  select b.id from public.batches as b where b.completed_count <> (
    select count(*) from public.generation_jobs as j where j.batch_id = b.id and j.status = 'completed')
  union all
  select g.batch_id from private.backlogs as g where g.waiting_count <> (
    select count(*) from public.stage_tasks as t
    where t.batch_id = g.batch_id and t.stage = g.stage and t.lane = g.lane and t.is_waiting)
) as wrong
"""


def before_newest_migration() -> str:
    """The revision before the one that added the newest migration."""
    newest = sorted((ROOT / "supabase" / "migrations").glob("*.sql"))[-1]
    added = ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)]
    return subprocess.run(added, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() + "^"


def unpack(revision: str, folder: Path) -> Path:
    """The source of a revision."""
    packed = subprocess.run(
        ["git", "archive", revision, "src", "bench", "supabase"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Process:
    """A worker of one version's code, stopped at the end."""

    def __init__(self, source: Path, home: Path, port: int, jobs: int, log: Path) -> None:
        path = os.pathsep.join([str(source / "src"), str(source / "bench")])
        self._log = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(home), str(port), str(jobs)],
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        self.worker_id = self._process.stdout.readline().strip()
        if not self.worker_id:
            raise SystemExit(f"A worker did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")

    def stop(self) -> int:
        """Ask it to end as an operator's signal does; returns its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(_PATIENCE_S)
        self._log.close()
        return status


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    ends_at = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > ends_at:
            raise SystemExit(f"In vain waited for: {what}")
        time.sleep(0.1)


def upgrade(folder: Path, revision: str, jobs: int) -> dict[str, Any]:
    """One upgrade under way."""
    home, port = folder / "home", free_port()
    with ExitStack() as stops:
        old = Process(unpack(revision, folder / "old"), home, port, jobs, folder / "old.log")
        stops.callback(old.stop)
        passwords = load(home / "secrets.json")
        watching = psycopg.connect(url(SUPERUSER, passwords[SUPERUSER], port), autocommit=True)
        stops.enter_context(watching)

        def count(query: str, *arguments: object) -> int:
            row = watching.execute(query.encode(), arguments or None).fetchone()
            assert row is not None
            return int(row[0])

        until(lambda: count(_BY, old.worker_id) >= jobs // 2, "tasks of the older worker")
        began = time.perf_counter()
        applied = migrate.migrate(url("postgres", passwords["postgres"], port))
        migrate_s = time.perf_counter() - began
        by_old = count(_BY, old.worker_id)
        until(lambda: count(_BY, old.worker_id) >= by_old + jobs // 2, "the older worker on the newer schema")
        new = Process(ROOT, home, port, 0, folder / "new.log")
        stops.callback(new.stop)
        until(lambda: count(_BY, new.worker_id) >= jobs // 2, "tasks of the newer worker")
        on_new_schema = count(_BY, old.worker_id) - by_old
        old_status = old.stop()
        until(lambda: count(_ENDED) == jobs, "the end of all jobs")
        return {
            "from": revision,
            "migrations": len(applied),
            "migrate_s": round(migrate_s, 2),
            "older_worker_after_migration": on_new_schema,
            "newer_worker": count(_BY, new.worker_id),
            "jobs": jobs,
            "completed": count("select count(*) from public.generation_jobs where status = 'completed'"),
            "wrong_counters": count(WRONG),
            "failed_attempts": count(
                "select count(*) from public.task_attempts where status in ('failed', 'lost')"
            ),
            "old_exit_status": old_status,
        }


def main() -> int:
    """Upgrade, print, and say whether nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--since", help="a revision of this repository; by default, the one before the newest migration"
    )
    parser.add_argument("--jobs", type=int, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = upgrade(Path(folder), chosen.since or before_newest_migration(), chosen.jobs)
    print(json.dumps(found))
    print(
        f"{found['completed']} of {found['jobs']} jobs completed over an upgrade of {found['migrations']} migrations in"
        f" {found['migrate_s']} s; the older worker did {found['older_worker_after_migration']} tasks on the newer schema"
    )
    lost = found["jobs"] - found["completed"] + found["wrong_counters"] + found["failed_attempts"]
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
