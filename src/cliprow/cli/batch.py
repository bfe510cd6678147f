"""`cliprow batch`: topics in, and how they are doing."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from cliprow import batches
from cliprow.batches import Batch, Job
from cliprow.cli.amount import budget_option
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.dry_run import finish_dry_run
from cliprow.cli.job_exports import print_jobs
from cliprow.cli.live import summary, watch
from cliprow.cli.output import (
    check_out,
    console,
    export_batch,
    json_option,
    out_option,
    print_exported,
    print_json,
    print_table,
)
from cliprow.cli.timing import Timing, timing_options
from cliprow.errors import CliprowError, InvalidInput
from cliprow.topics import Topics, parse_mapping, read_topics

#: Problems printed before the rest is only counted.
_MAX_PROBLEMS = 20
#: Jobs listed before the rest is only counted.
_MAX_JOBS = 50
#: Most topics of one file, and its largest size in bytes: they go in chunks.
_MAX_ROWS = 1_000_000
_MAX_FILE_BYTES = 1_000_000_000
#: Longest title of a batch and name of a project, in characters; what the database takes.
_MAX_NAME_CHARS = 200


@click.group()
def batch() -> None:
    """Submit topics and follow them."""


def check_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A name without the space around it, no longer than the database takes."""
    if len(value) > _MAX_NAME_CHARS:
        raise click.BadParameter(f"is longer than {_MAX_NAME_CHARS} characters")
    return value.strip()


@batch.command(short_help="Create a batch from a topics file.")
@click.argument("file")
@click.option(
    "--project",
    default="My channel",
    show_default=True,
    callback=check_name,
    help="Project that gets the jobs; made if new.",
)
@click.option("--platforms", default="youtube", show_default=True, help="For rows that name none: a,b,c.")
@click.option("--title", default="", callback=check_name, help="What people call the batch.")
@click.option(
    "--map", "mapping", multiple=True, metavar="HEADING=COLUMN", help="Read a column with another heading."
)
@click.option("--skip-invalid", is_flag=True, help="Go on with the good rows when some are bad.")
@click.option(
    "--idempotency-key", metavar="KEY", help="The same key again gives the same batch, not a second one."
)
@click.option(
    "--dry-run", is_flag=True, help="Start nothing: print every problem, and what the batch takes and costs."
)
@budget_option
@timing_options
@click.option("--wait", is_flag=True, help="Stay until the batch has ended, and export the files.")
@out_option
@deployment_options
@json_option
def create(
    file: str,
    project: str,
    platforms: str,
    title: str,
    mapping: tuple[str, ...],
    skip_invalid: bool,
    idempotency_key: str | None,
    dry_run: bool,
    budget: float | None,
    timing: Timing,
    wait: bool,
    out: Path,
    choice: Choice,
    as_json: bool,
) -> None:
    """Create a batch from FILE: CSV, JSON, JSON Lines, or - for standard input.

    Columns: topic, and optionally brief, tone, audience, platforms, duration_s, priority, script_type, language, images,
    after_rows (places of topics above it, from 1, that must be completed first) and deadline.
    Every bad row is reported, with line and reason, before anything starts. A long file goes in chunks; when that breaks
    off, the same command goes on where it stopped.
    """
    headings = parse_mapping(mapping)
    if wait:
        check_out(out)
    if not project:
        raise InvalidInput("The project has no name.", next_step="Name it with --project, or leave that out.")
    with open_deployment(choice, gateway=wait) as at:
        offered = at.offered_platforms()
        wanted = parse_platforms(platforms, offered)
        topics = read_topics(
            file, mapping=headings, platforms=offered, max_rows=_MAX_ROWS, max_bytes=_MAX_FILE_BYTES
        )
        options = timing.options(at) | ({} if budget is None else {"budget": budget})
        if dry_run:
            whole = [batches.as_topic(row, [], wanted) for row in topics.rows]
            check = at.check_batch(project, whole, {**options, "title": title})
            finish_dry_run(topics, check, as_json=as_json)
            return
        check_topics(topics, skip_invalid=skip_invalid)
        images = at.store_images(path for row in topics.rows for path in row.images)
        created, is_new = at.create_batch(
            at.find_or_create_project(project),
            [batches.as_topic(row, [images[path] for path in row.images], wanted) for row in topics.rows],
            title=title,
            options=options,
            idempotency_key=idempotency_key,
            on_progress=lambda count: click.echo(
                f"{count} of {len(topics.rows)} topics are there.", err=True
            ),
        )
        if wait:
            finish(at, created, out, as_json=as_json)
        elif as_json:
            print_json(created)
        else:
            jobs = f"{created.job_count} job{'s' if created.job_count > 1 else ''}"
            click.echo(
                f"Batch {created.number} with {jobs} waits for a worker."
                if is_new
                else f"Batch {created.number} with {jobs} was made with this key before; it is {created.status}."
            )
            click.echo(f"Next: `cliprow batch watch {created.number}` runs a worker and shows progress.")


def parse_platforms(text: str, offered: list[str]) -> list[str]:
    """Names separated by commas, each of them offered.

    Raises:
        InvalidInput: one is not, or there is none.
    """
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in offered]
    if unknown or not names:
        raise InvalidInput(
            f"{', '.join(unknown)}: no such platform." if unknown else "No platform is named.",
            error_code="UNKNOWN_PLATFORM",
            next_step=f"Choose from {', '.join(offered)}.",
        )
    return names


def check_topics(topics: Topics, *, skip_invalid: bool) -> None:
    """Say everything that is wrong with the rows; stop unless the good ones are enough.

    Raises:
        InvalidInput: there are bad rows and they may not be skipped, or no good ones.
    """
    for warning in topics.warnings[:_MAX_PROBLEMS]:
        click.echo(f"note, {warning}", err=True)
    for problem in topics.problems[:_MAX_PROBLEMS]:
        click.echo(str(problem), err=True)
    if len(topics.problems) > _MAX_PROBLEMS:
        click.echo(f"and {len(topics.problems) - _MAX_PROBLEMS} more problems", err=True)
    if topics.problems and (not skip_invalid or not topics.rows):
        lines = len({problem.line for problem in topics.problems})
        raise InvalidInput(
            f"{lines} of {lines + len(topics.rows)} rows cannot be used; nothing was started.",
            error_code="TOPICS_INVALID",
            next_step="Correct the lines above"
            + (", or go on with the good ones by --skip-invalid." if topics.rows else "."),
        )


def finish(at: Deployment, created: Batch, out: Path, *, as_json: bool) -> None:
    """Stay with a batch until it has ended, export its files, and exit non-zero if a job failed."""
    with at.working() as on_look:
        screen = Console(stderr=True, force_terminal=False) if as_json else console
        try:
            ended = watch(at, created, screen, on_look)
        except (KeyboardInterrupt, CliprowError):
            click.echo(
                f"\nNothing is lost: `cliprow batch watch {created.number}` goes on where this leaves off.",
                err=True,
            )
            raise
    failed: list[Job] = []
    folders: list[str] = []

    def looked_at() -> Iterator[Job]:
        for job in at.each_job(ended.id):
            if job.status == "failed" and len(failed) < _MAX_PROBLEMS:
                failed.append(job)
            yield job

    try:
        for package in export_batch(at, looked_at(), out):
            if as_json:
                folders.append(str(package.folder))
            else:
                print_exported([package])
    except CliprowError:
        click.echo(
            f"{summary(ended)}. Its files are kept: "
            f"`cliprow batch watch {ended.number} --out FOLDER` writes them elsewhere.",
            err=True,
        )
        raise
    if as_json:
        print_jobs(at, ended, {"exported": folders})
    else:
        for job in failed:
            print_failure(job)
        if len(failed) < ended.failed_count:
            click.echo(
                f"and {ended.failed_count - len(failed)} more; `cliprow batch show {ended.number}` lists them"
            )
        click.echo(summary(ended))
    if ended.status != "completed":
        sys.exit(1)


def print_failure(job: Job) -> None:
    """Why a job failed, and what to do."""
    name = f"{job.batch_number}.{job.position}"
    click.secho(f"Job {name} failed: {job.error_message} [{job.error_code}]", fg="red")
    click.echo(
        f"Next: {job.next_step or f'`cliprow job show {name}` says more.'} Then `cliprow job retry {name}`."
    )


@batch.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Most batches listed."
)
@deployment_options
@json_option
def list_command(limit: int, choice: Choice, as_json: bool) -> None:
    """The newest batches."""
    with open_deployment(choice) as at:
        found = at.list_batches(limit)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There are no batches yet. Next: `cliprow demo`, or `cliprow batch create topics.csv`.")
    else:
        print_table(
            ["Batch", "Project", "Status", "Progress", "Jobs", "Failed", "Created"],
            [
                [
                    b.number,
                    b.project,
                    b.status,
                    f"{b.progress}%",
                    b.job_count,
                    b.failed_count or "",
                    b.created_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                ]
                for b in found
            ],
        )


@batch.command()
@click.argument("name", default="last")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=None,
    help=f"Most jobs listed, 0 for all (default: {_MAX_JOBS}, or all with --json).",
)
@deployment_options
@json_option
def show(name: str, limit: int | None, choice: Choice, as_json: bool) -> None:
    """A batch (number, id or `last`) and its jobs; those that failed come first."""
    with open_deployment(choice) as at:
        found = at.get_batch(name)
        stages = at.count_stages(found.id)
        if as_json:
            print_jobs(at, found, {"stages": stages}, limit)
            return
        most = found.job_count if limit == 0 else _MAX_JOBS if limit is None else limit
        listed = heapq.nsmallest(most, at.each_job(found.id), key=lambda job: job.status != "failed")
    click.echo(summary(found))
    print_table(
        ["Stage", "Tasks", "Done", "Running", "Reused", "Failed"],
        [[s.stage, s.total, s.completed, s.processing or "", s.reused or "", s.failed or ""] for s in stages],
    )
    print_table(
        ["Job", "Status", "Progress", "Platforms", "Title", "Error"],
        [
            [
                f"{j.batch_number}.{j.position}",
                j.shown_status,
                f"{j.progress}%",
                ", ".join(j.platforms),
                j.title,
                j.error_code,
            ]
            for j in listed
        ],
    )
    failed = [job for job in listed if job.status == "failed"]
    if failed:
        click.echo(f"Next: `cliprow job show {found.number}.{failed[0].position}` says why a job failed.")
    if any(job.is_in_review for job in listed):
        click.echo(
            f"Next: `cliprow batch resume {found.number} --reviewed` goes on with what is to be reviewed."
        )
    if len(listed) < found.job_count:
        click.echo(
            f"{len(listed)} of {found.job_count} jobs are listed; `cliprow batch show {found.number} --limit 0` lists all."
        )


@batch.command("watch", short_help="Follow a batch until it has ended, and export its files.")
@click.argument("name", default="last")
@out_option
@deployment_options
@json_option
def watch_command(name: str, out: Path, choice: Choice, as_json: bool) -> None:
    """Follow a batch until it has ended, with a worker of our own if none is running, and export its files."""
    check_out(out)
    with open_deployment(choice, gateway=True) as at:
        finish(at, at.get_batch(name), out, as_json=as_json)
