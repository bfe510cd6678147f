"""cliprow.cli.live: what a batch looks like while it runs."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from cliprow.cli.live import Look, Pace, Picture, PlainLines, plain_job, summary
from tests.unit.cli.making import batch, job, stages


def drawn(look: Look, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=height)
    console.print(Picture(look))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return text.rstrip("\n").split("\n")  # type: ignore[no-any-return]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 12)])
def test_a_picture_never_outgrows_the_terminal(width: int, height: int) -> None:
    jobs = [
        job(n, "failed" if n % 7 == 0 else "processing", f"{n} Très long 日本の歴史 " * 9)
        for n in range(1, 51)
    ]
    lines = drawn(Look(batch(jobs=50), stages(), jobs, 3700.0), width, height)
    assert len(lines) < height
    assert max(cell_len(line) for line in lines) <= width
    assert lines[0].startswith("Batch 7: processing, 40%")
    assert lines[-1].endswith("more")


def test_a_picture_shows_failed_jobs_with_why_and_what_next_before_others() -> None:
    jobs = [job(n, "completed") for n in range(1, 40)] + [job(40, "failed")]
    text = "\n".join(drawn(Look(batch(jobs=40), stages(), jobs), 80, 24))
    assert "7.40" in text
    assert "No font draws this." in text
    assert "Next: Write it in another script." in text


def test_a_batch_without_tasks_yet_has_a_picture() -> None:
    assert drawn(Look(batch("pending", 0), [], []), 80, 24)


def test_a_summary_says_how_long_it_took_or_takes() -> None:
    assert summary(batch(), 95) == "Batch 7: processing, 40%, 0/3 jobs, about 1 min 35 s left"
    ended = batch("partial", 80, completed_count=2, failed_count=1)
    assert summary(ended) == "Batch 7: partial, 80%, 3/3 jobs, 1 failed, took 1 min 15 s"
    assert "paused" in summary(batch(is_paused=True))


def test_the_time_left_comes_from_the_pace_seen_here_not_from_when_the_batch_began() -> None:
    pace = Pace()
    assert pace.seconds_left(batch(progress=50), 1000.0) is None
    assert pace.seconds_left(batch(progress=51), 1010.0) is None
    assert pace.seconds_left(batch(progress=60), 1020.0) == pytest.approx(80)
    assert pace.seconds_left(batch(progress=20), 1021.0) is None  # retried
    assert pace.seconds_left(batch(progress=60, is_paused=True), 1040.0) is None
    assert pace.seconds_left(batch("completed", 100), 1060.0) is None


def test_plain_lines_tell_each_change_once_and_the_batch_now_and_then() -> None:
    plain = PlainLines()
    first = list(plain.lines(Look(batch(), stages(), [job(1), job(2, "pending")]), 0.0))
    assert [line.split(":")[0].strip() for line in first] == ["7.1 processing", "Batch 7"]
    assert list(plain.lines(Look(batch(), stages(), [job(1), job(2, "pending")]), 1.0)) == []
    last = list(plain.lines(Look(batch("failed"), stages(), [job(1, "failed"), job(2, "failed")]), 2.0))
    assert [line.split(":")[0].strip() for line in last] == ["7.1 failed", "7.2 failed", "Batch 7"]


def test_a_failed_job_says_why_and_what_next_in_plain_lines() -> None:
    assert "[FONT_COVERAGE]" in plain_job(job(1, "failed"))
    assert "Next: see `cliprow job show`." in plain_job(job(1, "failed", next_step=None))
