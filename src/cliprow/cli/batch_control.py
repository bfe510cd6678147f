"""Commands of `cliprow batch` that hold back, withdraw, put before others, cap and retry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import click

from cliprow import control
from cliprow.asking import Question
from cliprow.cli.control import (
    ask_until_done,
    cap_argument,
    count_of,
    filter_options,
    lane_argument,
    move_waiting,
    now_option,
    target_of,
    tell_retried,
    told_cap,
)
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json
from cliprow.control import Target
from cliprow.errors import InvalidInput


@click.command()
@click.argument("name", default="last")
@now_option
@deployment_options
@json_option
def pause(name: str, now: bool, choice: Choice, as_json: bool) -> None:
    """Hold back what waits in a batch; what runs is finished."""
    done = f"is paused; what runs is {'stopped' if now else 'finished'}"
    _act(name, choice, partial(control.pause, now=now), done, as_json=as_json, following="resume")


@click.command()
@click.argument("name", default="last")
@click.option(
    "--reviewed",
    is_flag=True,
    help="Instead its jobs that paused by themselves after a stage, to be looked at.",
)
@deployment_options
@json_option
def resume(name: str, reviewed: bool, choice: Choice, as_json: bool) -> None:
    """Let a paused batch go on; jobs paused on their own stay so."""
    if reviewed:
        _act(name, choice, lambda batch: control.resume_reviewed(batch.id), "goes on with what was looked at",
            as_json=as_json)  # fmt: skip
    else:
        _act(name, choice, control.resume, "goes on", as_json=as_json)


@click.command()
@click.argument("name")
@deployment_options
@json_option
def cancel(name: str, choice: Choice, as_json: bool) -> None:
    """Withdraw a batch; what it has made stays."""
    _act(name, choice, control.cancel, "is withdrawn", as_json=as_json, following="retry")


@click.command()
@click.argument("name")
@lane_argument
@deployment_options
@json_option
def priority(name: str, lane: str, choice: Choice, as_json: bool) -> None:
    """Put what waits of a batch before others, or behind them."""
    move_waiting("batch", name, lane, choice, as_json=as_json)


@click.command()
@click.argument("name")
@cap_argument
@deployment_options
@json_option
def cap(name: str, cap: int | None, choice: Choice, as_json: bool) -> None:
    """Say how many tasks of a batch may be active at once, also while it runs."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "batch", name)
        told_cap(at.ask(control.set_cap(target, cap)), target, called, as_json=as_json)


@click.command()
@click.argument("name")
@filter_options
@click.option("--cancelled", is_flag=True, help="What was withdrawn instead, also beside what failed.")
@deployment_options
@json_option
def retry(
    name: str,
    error_code: str | None,
    stage: str | None,
    since: datetime | None,
    cancelled: bool,
    choice: Choice,
    as_json: bool,
) -> None:
    """Run again what failed in a batch, with what was cancelled for that, or some of it; in one that was cancelled, what was
    withdrawn.
    """
    filtered = bool(error_code or stage or since)
    if filtered and cancelled:
        raise InvalidInput("--cancelled excludes the filters.", next_step="Leave either of them out.")
    with open_deployment(choice) as at:
        target, called = target_of(at, "batch", name)
        if not filtered:
            cancelled = cancelled or at.get_batch(str(target.id)).status == "cancelled"
            told = ask_until_done(at, control.retry_batch(target, "cancelled" if cancelled else "failed"))
            which = "was withdrawn" if cancelled else "failed"
            _tell(at, target, f"{called} runs again what {which}", told["changed_jobs"], as_json=as_json)
            return
        asked = control.retry_failed(batch_id=target.id, error_code=error_code, stage=stage, since=since)
        told = ask_until_done(at, asked, "task")
    tell_retried(told, f"of {called}", as_json=as_json)


def _act(
    name: str,
    choice: Choice,
    asking: Callable[[Target], Question],
    done: str,
    *,
    as_json: bool,
    following: str = "watch",
) -> None:
    with open_deployment(choice) as at:
        target, called = target_of(at, "batch", name)
        count = ask_until_done(at, asking(target))["changed_jobs"]
        _tell(at, target, f"{called} {done}", count, as_json=as_json, following=following)


def _tell(
    at: Deployment, target: Target, done: str, count: int, *, as_json: bool, following: str = "watch"
) -> None:
    found = at.get_batch(str(target.id))
    if as_json:
        print_json({"batch": found, "changed_jobs": count})
    else:
        click.echo(f"{done}. {count_of(count, 'job')} changed.")
        click.echo(f"Next: `cliprow batch {following} {found.number}`.")


#: Of `cliprow batch`.
COMMANDS = (pause, resume, cancel, priority, cap, retry)
