"""What must hold after any fault: rows against rows, rows against files, and reasons that are true."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import psycopg

from cliprow.files import LEFTOVER_AGE_S
from cliprow.local.keeper import kept_by
from tests.cluster import Database
from tests.faults.place import Place, until
from tests.sql.recount import assert_sound
from tests.sql.world import World

_UNENDED = "select status, count(*) from generation_jobs where completed_at is null group by status"
#: A task with more than one completed attempt in a generation, or none and yet completed without reuse.
_NOT_ONCE = """
select t.id, t.status, t.is_reused, count(a.id) from stage_tasks as t
left join task_attempts as a on a.job_id = t.job_id and a.task_id = t.id and a.status = 'completed'
group by t.id, t.status, t.is_reused
having count(a.id) <> (t.status = 'completed' and not t.is_reused)::int
"""
#: A dead letter whose reason no attempt of it bears out, or that says nothing.
_UNEXPLAINED = """
select t.id, t.error_code, t.error_message from stage_tasks as t
where t.status = 'failed' and (coalesce(t.error_message, '') = '' or coalesce(t.next_step, '') = '' or not exists (
  select from task_attempts as a
  where a.job_id = t.job_id and a.task_id = t.id and a.error_code = t.error_code and a.status in ('failed', 'lost')))
"""
#: A task that gave up before the limits allow it.
_GAVE_UP_EARLY = """
select t.id, t.error_code, t.failure_count, t.lost_count from stage_tasks as t cross join private.settings as s
where t.status = 'failed' and t.failure_count < s.max_failures and t.lost_count < s.max_losses and not exists (
  select from task_attempts as a where a.job_id = t.job_id and a.task_id = t.id and not a.is_retriable)
"""
#: A failed job without a dead letter, or the other way round.
_JOBS = """
select j.id, j.status from generation_jobs as j
where (j.status = 'failed') <> exists (select from stage_tasks as t where t.job_id = j.id and t.status = 'failed')
"""
#: Files that artifacts name and the storage has not, or with another size.
_ROWS_WITHOUT_FILE = """
select a.stage, f ->> 'path', f ->> 'size_bytes', o.metadata ->> 'size'
from artifacts as a cross join lateral jsonb_array_elements(a.files) as f
left join storage.objects as o on o.bucket_id = 'media' and o.name = f ->> 'path'
where o.id is null or (o.metadata ->> 'size')::bigint <> (f ->> 'size_bytes')::bigint
"""
#: Stored files that no artifact names.
_FILES_WITHOUT_ROW = """
select o.name from storage.objects as o where o.bucket_id = 'media' and not exists (
  select from artifacts as a where a.files @> jsonb_build_array(jsonb_build_object('path', o.name)))
"""


def check_books(place: Place, reasons: Collection[str] = (), *, abandoned: bool = False) -> dict[str, object]:
    """Check all of it while workers are alive, which clear up; returns the counts.

    Args:
        reasons: error codes with which tasks may have failed for good.
        abandoned: whether stored files may be left that no artifact names, until garbage is collected: a task
            whose last attempt stored something and then failed for good leaves them.
    """
    assert place.rows(_UNENDED) == []
    entries = "select count(*) from procrastinate.procrastinate_jobs"
    until(lambda: place.one(entries) == 0, "queue entries are left that belong to no task")
    with psycopg.connect(place.stack.admin, autocommit=True) as admin:
        database = Database("postgres", place.stack.admin, place.stack.worker, "")
        assert_sound(World(database, admin))
    for query in (_NOT_ONCE, _UNEXPLAINED, _GAVE_UP_EARLY, _JOBS, _ROWS_WITHOUT_FILE):
        assert place.rows(query) == [], query
    unnamed = place.rows(_FILES_WITHOUT_ROW)
    assert abandoned or unnamed == []
    swept = _check_disk(place)
    failed = Counter(
        code for (code,) in place.rows("select error_code from stage_tasks where status = 'failed'")
    )
    assert set(failed) <= set(reasons)
    return {
        "jobs": dict(place.rows("select status, count(*) from generation_jobs group by status")),
        "attempts": dict(place.rows("select status, count(*) from task_attempts group by status")),
        "errors": dict(
            place.rows(
                "select error_code, count(*) from task_attempts where error_code is not null group by error_code"
            )
        ),
        "dead_letters": dict(failed),
        "unnamed_files": len(unnamed),
        "swept_files": swept,
    }


def _check_disk(place: Place) -> int:
    """A whole file below the storage for each row, and no other once leftovers are swept; returns how many were."""
    stored = {
        version: int(size)
        for version, size in place.rows("select version, metadata ->> 'size' from storage.objects")
    }
    found = _files(place)
    left = found.keys() - stored.keys()
    assert {name: size for name, size in found.items() if name not in left} == stored
    if left:
        # Whoever wrote it, or the database that was to name it, died before it was named. The storage sweeps that when it
        # starts and now and then, a day later: so let a day pass, and kill it.
        yesterday = time.time() - 2 * LEFTOVER_AGE_S
        for file in _objects(place):
            os.utime(file, (yesterday, yesterday))
        numbers = kept_by(place.config.home / "gateway.lock")
        assert numbers is not None
        os.kill(numbers[1], signal.SIGKILL)
        until(lambda: _files(place) == stored, f"files are left that no row names: {left}")
    folders = Path(place.config.home, "scratch").glob("worker-*/*-*-*-*-*")
    owned = {str(row[0]) for row in place.rows("select id from task_attempts where status = 'processing'")}
    assert [folder for folder in folders if folder.name not in owned and not _is_of_living(folder)] == []
    return len(left)


def _objects(place: Place) -> list[Path]:
    return [file for file in Path(place.config.home, "storage", "objects").rglob("*") if file.is_file()]


def _files(place: Place) -> dict[str, int]:
    """Sizes by version; half a file, which a killed writer leaves, has a name that starts with a dot."""
    return {file.name: file.stat().st_size for file in _objects(place) if not file.name.startswith(".")}


def _is_of_living(folder: Path) -> bool:
    """Whether a worker still has the folder: it is just removing it."""
    from cliprow.queue.scratch import _is_in_use

    return _is_in_use(folder.parent)


def as_line(counts: dict[str, object]) -> str:
    """Counts as one line of JSON."""
    return json.dumps(counts, sort_keys=True, default=str)
