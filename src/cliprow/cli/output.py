"""What commands print: tables for people, JSON for programs, and the list of exported files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from cliprow.batches import Job, Task
from cliprow.cli.deployment import Deployment
from cliprow.errors import InvalidInput
from cliprow.export import ExportedPackage, JobRecord, PlatformPackage, export_jobs

#: Columns of a table that hold text of any length.
_LONG = ("Title", "Project")
#: Columns of a table that is not for a terminal: there a row stays in its line, for grep and the like.
_WIDE = 1000
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    metavar="FOLDER",
    help="Folder for the finished files.",
)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table without lines: cells keep to one line each, except those of long text."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading not in _LONG)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)


def check_out(out: Path) -> None:
    """Notice before the work starts that its files could not be written; makes nothing.

    Raises:
        InvalidInput: `out` is no folder, or may not be written to.
    """
    there = next(each for each in (out.absolute(), *out.absolute().parents) if os.path.lexists(each))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    raise InvalidInput(
        f"The finished files cannot be written to {out}: "
        + (f"you may not write to {there}." if there.is_dir() else f"{there} is not a folder."),
        error_code="OUTPUT_UNWRITABLE",
        next_step="Name a folder you may write to with --out. Nothing was started.",
    )


def export_batch(at: Deployment, jobs: Iterable[Job], out: Path) -> Iterator[ExportedPackage]:
    """Write what the jobs have made below `out`, one package after the other as they are taken."""
    return export_jobs((job_record(at, job) for job in jobs), at, out)


def job_record(at: Deployment, job: Job) -> JobRecord:
    """A job with the packages that are whole."""
    tasks = at.list_tasks(job.id)
    return JobRecord(
        project=job.project,
        job_id=str(job.id),
        number=job.position,
        title=job.title,
        packages=tuple(
            PlatformPackage(
                package.platform, tuple(package.files), _package_info(job, tasks, package.platform)
            )
            for package in at.list_packages(job.id)
            if package.is_complete
        ),
    )


def _package_info(job: Job, tasks: list[Task], platform: str) -> dict[str, object]:
    """What metadata.json says of how a package came to be."""
    of_it = [task for task in tasks if task.platform in (None, platform)]
    return {
        "platform": platform,
        "topic": job.topic,
        "job_id": str(job.id),
        "batch": job.batch_number,
        "generation": job.generation,
        "tasks": [
            {
                "stage": task.stage,
                "scene_number": task.scene_number,
                "aspect": task.aspect,
                "is_reused": task.is_reused,
                "made_by": task.made_by,
                "provider": task.provider,
                "attempts": task.attempts,
                "timings": task.timings or {},
            }
            for task in of_it
        ],
        "reused_task_count": sum(task.is_reused for task in of_it),
        "task_count": len(of_it),
    }


def print_exported(exported: Iterable[ExportedPackage]) -> None:
    """The finished files, by folder."""
    for package in exported:
        click.echo(f"{package.folder}/")
        for file in package.files:
            click.echo(f"  {file.name:16} {file.stat().st_size:>12,} bytes")
