"""Live progress of a batch: a picture that redraws itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cliprow import batches
from cliprow.account import Account
from cliprow.batches import Batch, Job, StageCount
from cliprow.errors import Unavailable

#: Jobs shown at once; a batch may have 10,000.
MAX_JOBS = 12
#: Between two plain summaries, in seconds.
PLAIN_EVERY_S = 10.0
#: A database that stays away longer than this, in seconds, is given up.
LOST_LIMIT_S = 120.0
_COLOURS = {
    "pending": "dim",
    "processing": "cyan",
    "completed": "green",
    "partial": "yellow",
    "failed": "red",
    "cancelled": "yellow",
}
#: Which jobs are worth the room: those at work, then those that failed.
_ORDER = {"processing": 0, "failed": 1, "pending": 2, "cancelled": 3, "completed": 4}


@dataclass(frozen=True)
class Look:
    """A batch as it was at one moment."""

    batch: Batch
    stages: list[StageCount]
    jobs: list[Job]


def watch(
    account: Account,
    batch: Batch,
    console: Console,
    *,
    on_look: Callable[[], None],
    on_lost: Callable[[], None],
) -> Batch:
    """Show a batch until it has ended, and return it as it is then.

    Args:
        on_look: called before each look at the database.
        on_lost: called when the database does not answer, to bring it back.

    Raises:
        Unavailable: the database stays away.
    """
    looks = _looks(account, batch, console, on_look, on_lost)
    last = None
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            for last in looks:
                live.update(picture(last.batch, last.stages, last.jobs))
    else:
        plain = PlainLines()
        for last in looks:
            for line in plain.lines(last, time.monotonic()):
                console.print(line, highlight=False, soft_wrap=True)
    assert last is not None
    return last.batch


def _looks(
    account: Account, batch: Batch, console: Console, on_look: Callable[[], None], on_lost: Callable[[], None]
) -> Iterator[Look]:
    """Look again and again, until the batch has ended; a database that went away is given time to come back."""
    lost_at: float | None = None
    while True:
        began = time.monotonic()
        try:
            on_look()
            batch = batches.get_batch(account, str(batch.number))
            look = Look(batch, batches.count_stages(account, batch.id), batches.list_jobs(account, batch.id))
        except Unavailable as error:
            lost_at = lost_at or began
            if began - lost_at > LOST_LIMIT_S:
                raise
            console.print(f"{error.message} Trying again; nothing is lost.", highlight=False, soft_wrap=True)
            time.sleep(1)
            with suppress(Unavailable):  # told by the next look
                on_lost()
            continue
        lost_at = None
        yield look
        if batch.has_ended:
            return
        # A batch so large that looking takes time is looked at less often.
        time.sleep(max(0.5, 4 * (time.monotonic() - began)))


class PlainLines:
    """Progress where there is no terminal: a line when a job changes, and now and then one on the batch."""

    def __init__(self) -> None:
        self._seen: dict[int, str] = {}
        self._told_at = -math.inf

    def lines(self, look: Look, now: float) -> Iterator[str]:
        """What is new."""
        for job in look.jobs:
            if self._seen.get(job.position, "pending") != job.status:
                yield plain_job(job)
            self._seen[job.position] = job.status
        if look.batch.has_ended or now - self._told_at >= PLAIN_EVERY_S:
            self._told_at = now
            stages = ", ".join(f"{s.stage} {s.completed}/{s.total}" for s in look.stages)
            yield f"{summary(look.batch)} ({stages})"


def picture(batch: Batch, stages: list[StageCount], jobs: list[Job]) -> RenderableType:
    """Batch, stages and jobs, for a terminal."""
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(100, batch.progress, width=32), Text(summary(batch)))
    by_stage = Table.grid(padding=(0, 2))
    for stage in stages:
        by_stage.add_row(
            Text(f"  {stage.stage}"),
            Text(
                f"{stage.completed}/{stage.total} done",
                style="green" if stage.completed == stage.total else "",
            ),
            Text(f"{stage.processing} running" if stage.processing else "", style="cyan"),
            Text(f"{stage.reused} reused" if stage.reused else "", style="dim"),
            Text(f"{stage.failed} failed" if stage.failed else "", style="red"),
        )
    shown = sorted(jobs, key=lambda job: (_ORDER[job.status], job.position))[:MAX_JOBS]
    by_job = Table.grid(padding=(0, 1))
    for job in sorted(shown, key=lambda job: job.position):
        by_job.add_row(
            Text(f"{job.batch_number}.{job.position}", style="bold"),
            ProgressBar(100, job.progress, width=16),
            Text(job.status, style=_COLOURS[job.status]),
            Text(
                (job.error_message or job.stage or "") if job.status != "completed" else "",
                style="dim",
                overflow="ellipsis",
            ),
            Text(job.title, overflow="ellipsis", no_wrap=True),
        )
    rest = Text(f"and {len(jobs) - len(shown)} more", style="dim") if len(jobs) > len(shown) else Text("")
    return Group(bar, by_stage, by_job, rest)


def summary(batch: Batch) -> str:
    """One line on a batch."""
    done = batch.completed_count + batch.failed_count + batch.cancelled_count
    parts = [f"Batch {batch.number}: {batch.status}", f"{batch.progress}%", f"{done}/{batch.job_count} jobs"]
    if batch.failed_count:
        parts.append(f"{batch.failed_count} failed")
    if batch.is_paused:
        parts.append("paused")
    left = seconds_left(batch, datetime.now(UTC))
    if left is not None:
        parts.append(f"about {duration(left)} left")
    elif batch.started_at and batch.completed_at:
        parts.append(f"took {duration((batch.completed_at - batch.created_at).total_seconds())}")
    return ", ".join(parts)


def seconds_left(batch: Batch, now: datetime) -> float | None:
    """How long a batch still takes at the pace so far; None when nothing can be said yet."""
    if batch.started_at is None or batch.has_ended or batch.is_paused or batch.progress < 3:
        return None
    return (now - batch.started_at).total_seconds() * (100 - batch.progress) / batch.progress


def duration(seconds: float) -> str:
    """A length of time for people.

    >>> duration(7), duration(95), duration(7300)
    ('7 s', '1 min 35 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plain_job(job: Job) -> str:
    """One line on a job."""
    line = f"  {job.batch_number}.{job.position} {job.status}: {job.title}"
    if job.status == "failed":
        line += f"\n    {job.error_message} [{job.error_code}] {job.next_step or ''}"
    return line
