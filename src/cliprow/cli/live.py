"""Live progress of a batch: a picture that redraws itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cliprow.batches import Batch, Job, StageCount
from cliprow.cli.deployment import Deployment
from cliprow.errors import Unavailable

#: Most jobs shown at once, where the terminal has the room; a batch may have 10,000.
MAX_JOBS = 30
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
#: Which jobs are worth the room: those that failed, those at work, then what comes next.
_ORDER = {"failed": 0, "processing": 1, "pending": 2, "cancelled": 3, "completed": 4}


@dataclass(frozen=True)
class Look:
    """A batch as it was at one moment."""

    batch: Batch
    stages: list[StageCount]
    jobs: list[Job]
    #: How long it still takes, in seconds; None when nothing can be said yet.
    left_s: float | None = None


class Pace:
    """How fast a batch goes, by what we saw ourselves: it may have waited for hours before."""

    #: Percent and seconds that must have gone by before anything is said.
    LEAST = (3, 5.0)

    def __init__(self) -> None:
        self._since: tuple[int, float] | None = None

    def seconds_left(self, batch: Batch, now: float) -> float | None:
        """How long the batch still takes at the pace so far; `now` is a monotonic clock's."""
        if batch.has_ended or batch.is_paused or batch.status == "pending":
            self._since = None
            return None
        if self._since is None or batch.progress < self._since[0]:  # a retry goes back
            self._since = (batch.progress, now)
        gained, passed = batch.progress - self._since[0], now - self._since[1]
        if gained < self.LEAST[0] or passed < self.LEAST[1]:
            return None
        return passed * (100 - batch.progress) / gained


def watch(at: Deployment, batch: Batch, console: Console, on_look: Callable[[], object]) -> Batch:
    """Show a batch until it has ended, and return it as it is then.

    Args:
        on_look: called before each look.

    Raises:
        Unavailable: the database stays away.
    """
    looks = _looks(at, batch, console, on_look)
    last = None
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            for last in looks:
                live.update(Picture(last))
    else:
        plain = PlainLines()
        for last in looks:
            for line in plain.lines(last, time.monotonic()):
                console.print(line, highlight=False, soft_wrap=True)
    assert last is not None
    return last.batch


def _looks(at: Deployment, batch: Batch, console: Console, on_look: Callable[[], object]) -> Iterator[Look]:
    """Look again and again, until the batch has ended; a database that went away is given time to come back."""
    lost_at: float | None = None
    pace = Pace()
    while True:
        began = time.monotonic()
        try:
            on_look()
            batch = at.look_again(batch)
            look = Look(
                batch,
                at.count_stages(batch.id),
                at.list_jobs(batch.id),
                pace.seconds_left(batch, began),
            )
        except Unavailable as error:
            lost_at = lost_at or began
            if began - lost_at > LOST_LIMIT_S:
                raise
            console.print(f"{error.message} Trying again; nothing is lost.", highlight=False, soft_wrap=True)
            time.sleep(1)
            with suppress(Unavailable):  # told by the next look
                at.revive()
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
            if self._seen.get(job.position, "pending") != job.shown_status:
                yield plain_job(job)
            self._seen[job.position] = job.shown_status
        if look.batch.has_ended or now - self._told_at >= PLAIN_EVERY_S:
            self._told_at = now
            stages = ", ".join(f"{s.stage} {s.completed}/{s.total}" for s in look.stages)
            yield f"{summary(look.batch, look.left_s)} ({stages})"


class Picture:
    """Batch, stages and jobs, never longer or wider than the terminal: what does not fit would be drawn twice."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        look = self._look
        yield _line(Text(summary(look.batch, look.left_s)))
        bar = Table.grid()
        bar.add_row(ProgressBar(100, look.batch.progress, width=min(60, options.max_width)))
        yield bar
        yield _stage_table(look.stages)
        # One row each for summary, bar and what is left out, and one for the cursor.
        room = (options.height or console.height) - len(look.stages) - 4
        shown = _worth_showing(look.jobs, max(1, min(MAX_JOBS, room)))
        yield Group(*(row for job in shown for row in _job_rows(job)))
        if len(look.jobs) > len(shown):
            yield _line(Text(f"and {len(look.jobs) - len(shown)} more", style="dim"))


def _worth_showing(jobs: list[Job], rows: int) -> list[Job]:
    """The jobs that say most in so many rows, in their order."""
    shown: list[Job] = []
    for job in sorted(jobs, key=lambda job: (_ORDER[job.status], job.position)):
        rows -= len(_job_rows(job))
        if rows < 0 and shown:
            break
        shown.append(job)
    return sorted(shown, key=lambda job: job.position)


def _stage_table(stages: list[StageCount]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for stage in stages:
        table.add_row(
            _line(Text(f"  {stage.stage}")),
            _line(
                Text(
                    f"{stage.completed}/{stage.total} done",
                    style="green" if stage.completed == stage.total else "",
                )
            ),
            _line(Text(f"{stage.processing} running" if stage.processing else "", style="cyan")),
            _line(Text(f"{stage.reused} reused" if stage.reused else "", style="dim")),
            _line(Text(f"{stage.failed} failed" if stage.failed else "", style="red")),
        )
    return table


def _job_rows(job: Job) -> list[RenderableType]:
    """A job in one row; one that failed says in two more why, and what to do."""
    row = Table.grid(padding=(0, 1), expand=True)
    for width in (8, 12, 10):
        row.add_column(width=width, no_wrap=True)
    row.add_column(ratio=1, no_wrap=True)
    row.add_row(
        Text(f"{job.batch_number}.{job.position}", style="bold"),
        ProgressBar(100, job.progress, width=12),
        Text(job.shown_status, style=_COLOURS[job.status]),
        Text(job.title, overflow="ellipsis"),
    )
    if job.status != "failed":
        return [row]
    return [
        row,
        _line(Text(f"           {job.error_message} [{job.error_code}]", style="red")),
        _line(Text(f"           Next: {job.next_step or 'see `cliprow job show`.'}")),
    ]


def _line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def summary(batch: Batch, left_s: float | None = None) -> str:
    """One line on a batch; `left_s` is how long it still takes, if that is known."""
    done = batch.completed_count + batch.failed_count + batch.cancelled_count
    parts = [f"Batch {batch.number}: {batch.status}", f"{batch.progress}%", f"{done}/{batch.job_count} jobs"]
    if batch.failed_count:
        parts.append(f"{batch.failed_count} failed")
    if batch.is_paused:
        parts.append("paused")
    if left_s is not None:
        parts.append(f"about {duration(left_s)} left")
    elif batch.started_at and batch.completed_at:
        parts.append(f"took {duration((batch.completed_at - batch.created_at).total_seconds())}")
    return ", ".join(parts)


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
    line = f"  {job.batch_number}.{job.position} {job.shown_status}: {job.title}"
    if job.status == "failed":
        line += f"\n    {job.error_message} [{job.error_code}]\n    Next: {job.next_step or 'see `cliprow job show`.'}"
    return line
