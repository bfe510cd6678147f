"""All jobs of a batch, printed or written while they are read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO

import click
import msgspec

from cliprow.batches import Batch, Job
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.job_export import FORMATS, PAGE_JOBS, Format, JobWriter


@click.command()
@click.argument("name", default="last")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Default: as the file is called, else csv."
)
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@deployment_options
def export(name: str, form: Format | None, file: Path | None, choice: Choice) -> None:
    """Write all jobs of a batch as CSV, JSON or JSON Lines: their states, errors, and in JSON what they made."""
    with open_deployment(choice) as at:
        found = at.get_batch(name)
        pieces = write_jobs(at.each_job(found.id), form or _by_name(file))
        if file is None:
            _write(pieces, sys.stdout.buffer)
        else:
            with click.open_file(str(file), "wb", atomic=True) as target:
                _write(pieces, target)
            click.echo(f"{found.job_count:,} jobs of batch {found.number} are in {file}.", err=True)


def _by_name(file: Path | None) -> Format:
    suffix = file.suffix.lower() if file else ""
    return "json" if suffix == ".json" else "ndjson" if suffix in (".ndjson", ".jsonl") else "csv"


def write_jobs(jobs: Iterable[Job], form: Format) -> Iterator[bytes]:
    """The jobs in a format, page by page."""
    writer, source = JobWriter(form), iter(jobs)
    yield writer.begin()
    while page := list(islice(source, PAGE_JOBS)):
        yield writer.page(page)
    yield writer.end()


def print_jobs(at: Deployment, batch: Batch, more: Mapping[str, object], limit: int | None = None) -> None:
    """A batch, more about it, and its jobs (0 or None: all) as one JSON document."""
    head = msgspec.json.encode({"batch": batch, **more}).removesuffix(b"}")
    jobs = write_jobs(islice(at.each_job(batch.id), limit or None), "json")
    _write((head, b', "jobs": '), sys.stdout.buffer)
    _write(jobs, sys.stdout.buffer)
    click.echo("}")


def _write(pieces: Iterable[bytes], target: IO[bytes]) -> None:
    sys.stdout.flush()
    for piece in pieces:
        target.write(piece)
    target.flush()
