"""`cliprow job`: one video."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cliprow import batches
from cliprow.batches import Task
from cliprow.cli.batch import print_failure
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.output import (
    check_out,
    export_batch,
    json_option,
    out_option,
    print_exported,
    print_json,
    print_table,
)
from cliprow.errors import Conflict


@click.group()
def job() -> None:
    """Look at one job, get its files, run it again."""


@job.command(short_help="A job with every task, its attempts and errors.")
@click.argument("name")
@deployment_options
@json_option
def show(name: str, choice: Choice, as_json: bool) -> None:
    """A job (an id, or batch and place like 12.3) with every task, its attempts and errors."""
    with open_deployment(choice) as at:
        found = at.get_job(name)
        tasks = at.list_tasks(found.id)
        packages = at.list_packages(found.id)
    if as_json:
        print_json({"job": found, "tasks": tasks, "packages": packages})
        return
    click.echo(f"Job {found.batch_number}.{found.position}: {found.status}, {found.progress}%  {found.title}")
    if found.status == "failed":
        print_failure(found)
    elif found.is_in_review:
        name = f"{found.batch_number}.{found.position}"
        click.echo(f"It paused after {found.paused_after}, to be looked at.")
        click.echo(
            f"Next: `cliprow job resume {name}` lets it go on; `cliprow job retry {name}` changes it before."
        )
    print_table(
        ["Stage", "For", "Status", "Tries", "Run", "Note"],
        [
            [
                t.stage,
                _scope(t),
                t.status,
                t.attempts or "",
                f"{t.timings.get('run_ms', 0) / 1000:.1f} s" if t.timings else "",
                "reused" if t.is_reused else t.error_code,
            ]
            for t in tasks
        ],
    )
    # Of a task that waits for its next try; what made the job fail stands above.
    for code, message in dict.fromkeys((t.error_code, t.error_message) for t in tasks if t.error_message):
        if code != found.error_code:
            click.echo(f"{code}: {message}")


def _scope(task: Task) -> str:
    """What part of the job a task is for."""
    scene = f"scene {task.scene_number}" if task.scene_number else None
    return " ".join(part for part in (scene, task.platform, task.aspect) if part)


@job.command("open", short_help="Export a job's finished files, and show the folder.")
@click.argument("name")
@out_option
@deployment_options
@json_option
def open_command(name: str, out: Path, choice: Choice, as_json: bool) -> None:
    """Export a job's finished files and say where they are; on a desktop, show the folder."""
    check_out(out)
    with open_deployment(choice, gateway=True) as at:
        found = at.get_job(name)
        exported = list(export_batch(at, [found], out))
    if not exported:
        raise Conflict(
            f"Job {name} is {found.status} and has no finished package.",
            next_step=f"`cliprow job show {name}` says why."
            if found.status in batches.ENDED
            else f"`cliprow batch watch {found.batch_number}` goes on with it.",
        )
    if as_json:
        print_json([{"platform": package.platform, "folder": str(package.folder)} for package in exported])
        return
    print_exported(exported)
    if sys.stdout.isatty():
        click.launch(str(exported[0].folder.parent))
