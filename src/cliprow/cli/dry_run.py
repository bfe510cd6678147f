"""What `cliprow batch create --dry-run` prints."""

from __future__ import annotations

import sys

import click

from cliprow.cli.output import print_json, print_table
from cliprow.dry_run import Check
from cliprow.errors import RowProblem
from cliprow.models import Stage
from cliprow.topics import Topics


def finish_dry_run(topics: Topics, check: Check, *, as_json: bool) -> None:
    """Say what would become of topics; exit non-zero when some cannot be used."""
    lines = [row.line for row in topics.rows]
    problems = [
        *(RowProblem(problem.line, "", problem.reason) for problem in topics.problems),
        *(RowProblem(lines[p.row - 1] if p.row else None, p.field, p.reason) for p in check.problems),
    ]
    problems.sort(key=lambda problem: problem.row or 0)
    if as_json:
        print_json({"problems": problems, "job_count": check.job_count, "estimate": check.estimate})
    else:
        for warning in topics.warnings:
            click.echo(f"note, {warning}", err=True)
        for problem in problems:
            where = f"line {problem.row}" if problem.row else "options"
            click.echo(f"{where}: {problem.field} {problem.reason}".replace(":  ", ": "), err=True)
        _print_estimate(check)
        click.echo("Nothing was started: this was a dry run.")
    if problems:
        sys.exit(1)


def _print_estimate(check: Check) -> None:
    estimate = check.estimate
    costs = estimate.cost.stages
    print_table(
        ["Stage", "Tasks", *(["Cost"] if costs else [])],
        [
            [
                stage,
                estimate.tasks[stage],
                *([f"{costs.get(stage, 0):g} {estimate.cost.currency}"] if costs else []),
            ]
            for stage in Stage
        ],
    )
    jobs = f"{check.job_count:,} job{'' if check.job_count == 1 else 's'}"
    click.echo(f"{jobs} in about {_duration(estimate.seconds)}. {estimate.basis}")
    click.echo(f"Cost: {estimate.cost.amount:g} {estimate.cost.currency}. {estimate.cost.basis}")


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
