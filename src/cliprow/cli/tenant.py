"""`cliprow tenant`: all work of the team is held back, withdrawn, capped and retried, and the team deleted."""

from __future__ import annotations

from datetime import datetime

import click

from cliprow import control
from cliprow.asking import Question
from cliprow.cli.control import (
    ask_until_done,
    cap_argument,
    count_of,
    filter_options,
    find_tenant,
    now_option,
    target_of,
    tell,
    tell_retried,
    told_cap,
)
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.ops_tenants import check_name, tell_deleted
from cliprow.cli.output import json_option
from cliprow.cli.timing import shown
from cliprow.errors import Conflict


@click.group()
def tenant() -> None:
    """Control all work of your team; for its admins and owners."""


@tenant.command()
@deployment_options
@json_option
def show(choice: Choice, as_json: bool) -> None:
    """The team that you act in, its plan, cap and pause."""
    with open_deployment(choice) as at:
        found = find_tenant(at)
    cap = found["max_concurrent_tasks"]
    paused = f", paused since {shown(found['paused_at'])}" if found["paused_at"] else ""
    most = f"at most {count_of(cap, 'task')} active" if cap else "no cap"
    tell(found, f"{found['name']}: plan {found['plan']}, {most}{paused}", as_json=as_json)


@tenant.command()
@now_option
@deployment_options
@json_option
def pause(now: bool, choice: Choice, as_json: bool) -> None:
    """Hold back all that waits; what runs is finished."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "tenant")
        told = at.ask(control.pause(target, now=now))
    tell(told, f"{called} is paused; what runs is {'stopped' if now else 'finished'}.", as_json=as_json)


@tenant.command()
@deployment_options
@json_option
def resume(choice: Choice, as_json: bool) -> None:
    """Let all go on; projects, batches and jobs paused on their own stay so."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "tenant")
        told = at.ask(control.resume(target))
    tell(told, f"{called} goes on.", as_json=as_json)


@tenant.command()
@click.option("--yes", is_flag=True, help="Do not ask first.")
@deployment_options
@json_option
def cancel(yes: bool, choice: Choice, as_json: bool) -> None:
    """Withdraw everything of the team that has not ended; what was made stays."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "tenant")
        if not yes and not click.confirm(f"Withdraw all work of {called}?", err=True):
            raise Conflict("Nothing was withdrawn.", next_step="Repeat it with --yes if it is meant.")
        told = ask_until_done(at, control.cancel(target))
    tell(told, f"{count_of(told['changed_jobs'], 'job')} of {called} withdrawn.", as_json=as_json)


@tenant.command()
@click.option("--yes", is_flag=True, help="Do not ask for the name.")
@deployment_options
@json_option
def delete(yes: bool, choice: Choice, as_json: bool) -> None:
    """Delete the team with all that it has: its members are out at once, rows and files go later. For owners."""
    with open_deployment(choice) as at:
        found = find_tenant(at)
        if not yes:
            check_name(found["name"])
        told = at.ask(
            Question(
                sql="select public.delete_tenant(%s)",
                arguments=(found["id"],),
                method="DELETE",
                path=f"/tenants/{found['id']}",
                timeout_ms=60_000,
            )
        )
    tell_deleted(told, as_json=as_json)


@tenant.command()
@cap_argument
@deployment_options
@json_option
def cap(cap: int | None, choice: Choice, as_json: bool) -> None:
    """Say how many tasks of the team may be active at once, also while they run."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "tenant")
        told_cap(at.ask(control.set_cap(target, cap)), target, called, as_json=as_json)


@tenant.command()
@filter_options
@deployment_options
@json_option
def retry(
    error_code: str | None, stage: str | None, since: datetime | None, choice: Choice, as_json: bool
) -> None:
    """Run again what failed for good in all projects that you control, or some of it."""
    with open_deployment(choice) as at:
        asked = control.retry_failed(error_code=error_code, stage=stage, since=since)
        told = ask_until_done(at, asked, "task")
    tell_retried(told, "of your projects", as_json=as_json)
