"""The jobs of a batch as CSV, JSON or JSON Lines, page by page: however many there are, one page is held."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Literal, LiteralString, get_args
from uuid import UUID

import msgspec

from cliprow.account import Account
from cliprow.batches import JOB, Job
from cliprow.spreadsheets import plain_text

Format = Literal["csv", "json", "ndjson"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
}
#: Jobs of one page.
PAGE_JOBS = 1_000
#: Parameters: batch, place of the last job before the page, jobs of a page.
PAGE: LiteralString = f"{JOB} where j.batch_id = %s and j.position > %s order by j.position limit %s"
#: Columns of CSV; what a job has made is in JSON alone.
_COLUMNS = tuple(name for name in Job.__struct_fields__ if name != "result_data")


def each_job(account: Account, batch_id: UUID) -> Iterator[Job]:
    """A batch's jobs in order, read page by page as they are taken."""
    position = 0
    while page := account.read(Job, PAGE, [batch_id, position, PAGE_JOBS]):
        yield from page
        position = page[-1].position


class JobWriter:
    """Writes jobs in a format: what comes before them, pages of them, and what comes after."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._is_empty = True

    def begin(self) -> bytes:
        """The head of a table, or the beginning of a list."""
        return {"csv": self._table([_COLUMNS]), "json": b"[", "ndjson": b""}[self._form]

    def page(self, jobs: Sequence[Job]) -> bytes:
        """Some more jobs."""
        if self._form == "csv":
            return self._table([[_cell(getattr(job, name)) for name in _COLUMNS] for job in jobs])
        lines = [msgspec.json.encode(job) for job in jobs]
        if self._form == "ndjson":
            return b"".join(line + b"\n" for line in lines)
        before, self._is_empty = b"\n" if self._is_empty else b",\n", self._is_empty and not jobs
        return before + b",\n".join(lines) if lines else b""

    def end(self) -> bytes:
        """The end of a list."""
        return b"\n]\n" if self._form == "json" else b""

    def _table(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    found = msgspec.to_builtins(value)
    return plain_text(found) if isinstance(found, str) else str(found)
