"""`cliprow project`: what goes on in a project is held back, withdrawn, put before others, capped and retried."""

from __future__ import annotations

from datetime import datetime

import click

from cliprow import control
from cliprow.cli.control import (
    ask_until_done,
    cap_argument,
    count_of,
    filter_options,
    lane_argument,
    list_projects,
    move_waiting,
    now_option,
    target_of,
    tell,
    tell_retried,
    told_cap,
)
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table


@click.group()
def project() -> None:
    """Control the work of a project, named by its name or id."""


@project.command("list")
@deployment_options
@json_option
def list_command(choice: Choice, as_json: bool) -> None:
    """All projects, the newest first."""
    with open_deployment(choice) as at:
        found = list_projects(at)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There are no projects yet. Next: `cliprow batch create` makes one.")
    else:
        print_table(
            ["Project", "Status", "Cap", "Note", "Id"],
            [
                [
                    p["name"] or p["original_idea"],
                    p["status"],
                    p["max_concurrent_tasks"],
                    "paused" if p["paused_at"] else "",
                    p["id"],
                ]
                for p in found
            ],
        )


@project.command()
@click.argument("name")
@now_option
@deployment_options
@json_option
def pause(name: str, now: bool, choice: Choice, as_json: bool) -> None:
    """Hold back what waits in a project; what runs is finished."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "project", name)
        told = at.ask(control.pause(target, now=now))
    tell(told, f"{called} is paused; what runs is {'stopped' if now else 'finished'}.", as_json=as_json)


@project.command()
@click.argument("name")
@deployment_options
@json_option
def resume(name: str, choice: Choice, as_json: bool) -> None:
    """Let a paused project go on; batches and jobs paused on their own stay so."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "project", name)
        told = at.ask(control.resume(target))
    tell(told, f"{called} goes on.", as_json=as_json)


@project.command()
@click.argument("name")
@deployment_options
@json_option
def cancel(name: str, choice: Choice, as_json: bool) -> None:
    """Withdraw all that has not ended in a project; what it has made stays."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "project", name)
        told = ask_until_done(at, control.cancel(target))
    tell(told, f"{count_of(told['changed_jobs'], 'job')} of {called} withdrawn.", as_json=as_json)


@project.command()
@click.argument("name")
@lane_argument
@deployment_options
@json_option
def priority(name: str, lane: str, choice: Choice, as_json: bool) -> None:
    """Put what waits in a project before others, or behind them; batches made later say their own."""
    move_waiting("project", name, lane, choice, as_json=as_json)


@project.command()
@click.argument("name")
@cap_argument
@deployment_options
@json_option
def cap(name: str, cap: int | None, choice: Choice, as_json: bool) -> None:
    """Say how many tasks of a project may be active at once, also while it runs."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "project", name)
        told_cap(at.ask(control.set_cap(target, cap)), target, called, as_json=as_json)


@project.command()
@click.argument("name")
@filter_options
@deployment_options
@json_option
def retry(
    name: str, error_code: str | None, stage: str | None, since: datetime | None, choice: Choice, as_json: bool
) -> None:  # fmt: skip
    """Run again what failed for good in a project, or some of it."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "project", name)
        asked = control.retry_failed(project_id=target.id, error_code=error_code, stage=stage, since=since)
        told = ask_until_done(at, asked, "task")
    tell_retried(told, f"of {called}", as_json=as_json)
