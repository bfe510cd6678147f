"""Storage, provider, clock and disk fail; what they say reaches the user, and what can be done is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.books import check_books
from tests.faults.faulty_servers import faulty_provider, faulty_storage, provider_settings
from tests.faults.place import Place, crew_of, work_until_ended
from tests.figures import Report

pytestmark = pytest.mark.faults

#: One call in five fails, one in twenty hangs; one of these for ever.
BAD_STORAGE = {
    "refused": 0.05,
    "limited": 0.03,
    "reset": 0.04,
    "lost": 0.04,
    "half": 0.02,
    "full": 0.02,
    "hangs": 0.045,
    "hangs_for_ever": 0.005,
}
BAD_PROVIDER = {"busy": 0.2, "broken": 0.2, "garbage": 0.15, "nonsense": 0.1, "never": 0.15}
STORAGE_REASONS = {"TRANSIENT_STORAGE_FAILURE", "STORAGE_FULL", "STORAGE_CHECKSUM"}
PROVIDER_REASONS = {"PROVIDER_BUSY", "PROVIDER_FAILED", "PROVIDER_INVALID_OUTPUT", "PROVIDER_TIMEOUT"}
CLOCK = """
# Found by Python itself at its start: an hour off, for this process and all it starts.
import datetime, os, time

_offset = float(os.environ["CLOCK_OFFSET_S"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _offset
time.time_ns = lambda: _time_ns() + int(_offset * 1e9)


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=_offset)


datetime.datetime = _Shifted
"""
#: A process that may write no file larger than this, as on a disk that is full.
FULL_DISK = (
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
    " sys.argv[0] = 'cliprow'; runpy.run_module('cliprow', run_name='__main__')"
)


def test_the_storage_fails_and_hangs(place: Place, report: Report) -> None:
    place.create_batch(8)
    with faulty_storage(place.stack.supabase.url, BAD_STORAGE) as storage:
        settings = place.project_settings(storage=storage.url)
        with crew_of(place, settings, settings) as crew:
            work_until_ended(crew, 900)
            counts = check_books(place, STORAGE_REASONS, abandoned=True)
        fates = dict(storage.fates)
    report({"calls": sum(fates.values()), "fates": fates} | counts)
    assert {"hangs", "lost", "refused"} <= set(fates)


def test_the_provider_answers_badly_or_never_and_later_well(place: Place, report: Report) -> None:
    batch_id = place.create_batch(12)
    with faulty_provider(BAD_PROVIDER) as provider:
        settings = provider_settings(provider)
        with crew_of(place, settings, settings) as crew:
            work_until_ended(crew, 900)
            counts = check_books(place, PROVIDER_REASONS)
            fates = dict(provider.fates)
            provider.shares.clear()
            failed = place.one("select failed_count from batches")
            assert failed
            retry(place, batch_id)
            work_until_ended(crew, 300)
            check_books(place)
    report({"calls": sum(fates.values()), "fates": fates, "retried": failed} | counts)
    assert place.one("select count(*) from generation_jobs where status <> 'completed'") == 0


def test_the_clocks_of_workers_are_an_hour_off(place: Place, report: Report, tmp_path: Path) -> None:
    place.create_batch(4)
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CLOCK)
    began = place.one("select now()")
    ahead, behind = ({"PYTHONPATH": str(folder), "CLOCK_OFFSET_S": offset} for offset in ("3600", "-3600"))
    with crew_of(place, ahead, behind) as crew:
        work_until_ended(crew, 600)
        counts = check_books(place)
        workers = place.one("select count(distinct worker_id) from task_attempts where status = 'completed'")
    # The log is the one place where a worker says what it believes.
    assert (
        place.one("select to_char(now() + interval '1 hour', 'YYYY-MM-DD HH24')") in crew.log(0).read_text()
    )
    times = place.rows(
        "select least(min(created_at), min(queued_at), min(started_at)), greatest(max(completed_at), max(updated_at))"
        " from stage_tasks union all select min(started_at), max(finished_at) from task_attempts"
        " union all select min(created_at), max(ready_at) from artifacts"
        " union all select min(created_at), max(updated_at) from storage.objects"
    )
    ended = place.one("select now()")
    # Tasks were created before the workers came; nothing is earlier than an hour ago or later than now.
    assert all((began - first).total_seconds() < 600 and last <= ended for first, last in times)
    assert set(counts["attempts"]) == {"completed"}  # type: ignore[call-overload]
    report({"workers": workers} | counts)


def test_a_disk_is_full_and_later_is_not(place: Place, report: Report) -> None:
    batch_id = place.create_batch(4)
    with crew_of(place, {}, command=(sys.executable, "-P", "-c", FULL_DISK)) as crew:
        work_until_ended(crew, 600)
        counts = check_books(place, STORAGE_REASONS | {"STAGE_CRASHED"}, abandoned=True)
    assert place.one("select count(*) from generation_jobs where status = 'failed'") == 4
    retry(place, batch_id)
    with crew_of(place) as crew:
        work_until_ended(crew, 300)
        check_books(place, abandoned=True)
    assert place.one("select count(*) from generation_jobs where status <> 'completed'") == 0
    report(counts)


def retry(place: Place, batch_id: object) -> None:
    """What a user does when the cause is mended."""
    with place.account.acting() as connection:
        connection.execute("select public.retry_batch(%s)", [batch_id])
