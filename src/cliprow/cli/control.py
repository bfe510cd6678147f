"""`cliprow batch` and `cliprow job`: pause, resume, cancel, retry; and what a dry run says."""

from __future__ import annotations

import sys
from typing import Literal

import click

from cliprow import batches, control
from cliprow.account import Account
from cliprow.batches import Batch
from cliprow.cli.output import as_option, json_option, print_json, print_table
from cliprow.cli.session import session
from cliprow.control import BatchState, Check
from cliprow.models import Stage
from cliprow.topics import Topics

_Action = Literal["pause", "resume", "cancel"]
#: What each does, for the help.
_JOB_HELP: dict[_Action, str] = {
    "pause": "Hold a job back: what runs may end, nothing new starts.",
    "resume": "Let a paused job go on.",
    "cancel": "Withdraw a job: what runs is stopped, what was finished stays.",
}
_BATCH_HELP: dict[_Action, str] = {
    "pause": "Hold a batch back: what runs may end, nothing new starts.",
    "resume": "Let a paused batch go on; jobs paused on their own stay so.",
    "cancel": "Withdraw every job of a batch that has not ended.",
}
_AS_IT_IS = "it was so already"


def commands_of_jobs() -> list[click.Command]:
    """Commands that `cliprow job` takes in."""
    return [*(_job_command(action, text) for action, text in _JOB_HELP.items()), retry_job]


def commands_of_batches() -> list[click.Command]:
    """Commands that `cliprow batch` takes in."""
    return [*(_batch_command(action, text) for action, text in _BATCH_HELP.items()), retry_batch]


def _job_command(action: _Action, text: str) -> click.Command:
    @click.command(action, help=f"{text} NAME is an id, or batch and place like 12.3.", short_help=text)
    @click.argument("name")
    @as_option
    @json_option
    def command(name: str, email: str | None, as_json: bool) -> None:
        with session(email) as at:
            found = batches.get_job(at.account, name)
            state = control.control_job(at.account, action, found.id)
            batch = batches.get_batch(at.account, str(found.batch_number))
        if as_json:
            print_json(state)
            return
        name = f"{found.batch_number}.{found.position}"
        match action:
            case "pause":
                click.echo(f"Job {name} is paused. Next: `cliprow job resume {name}` lets it go on.")
            case "resume":
                click.echo(f"Job {name} goes on{_but_held(batch)}.")
            case "cancel":
                click.echo(f"Job {name} is cancelled. Next: `cliprow job retry {name}` runs it again.")

    return command


def _batch_command(action: _Action, text: str) -> click.Command:
    @click.command(action, help=f"{text} NAME is a number, an id, or `last`.", short_help=text)
    @click.argument("name")
    @as_option
    @json_option
    def command(name: str, email: str | None, as_json: bool) -> None:
        with session(email) as at:
            state, batch = _change(at.account, name, action)
        if as_json:
            print_json(state)
            return
        match action:
            case "pause":
                click.echo(
                    f"Batch {batch.number} is paused ({_jobs(state)}). "
                    f"Next: `cliprow batch resume {batch.number}` lets it go on."
                )
            case "resume":
                click.echo(f"Batch {batch.number} goes on ({_jobs(state)}){_but_held(batch)}.")
            case "cancel":
                click.echo(
                    f"Batch {batch.number} is {batch.status} ({_jobs(state)}). "
                    f"Next: `cliprow batch retry {batch.number}` runs it again."
                )

    return command


@click.command("retry", short_help="Run again what failed in a batch.")
@click.argument("name")
@as_option
@json_option
def retry_batch(name: str, email: str | None, as_json: bool) -> None:
    """Run again every failed job of a batch; of a cancelled batch, what was cancelled. What was finished is kept."""
    with session(email) as at:
        state, batch = _change(at.account, name, "retry")
    if as_json:
        print_json(state)
    else:
        click.echo(f"Batch {batch.number} runs again ({_jobs(state)}){_but_held(batch)}.")
        click.echo(f"Next: `cliprow batch watch {batch.number}`.")


@click.command("retry", short_help="Run again what failed in a job, or a stage of it.")
@click.argument("name")
@click.option(
    "--stage",
    type=click.Choice([str(stage) for stage in Stage]),
    default=None,
    help="Compute this stage anew, and what follows from it; also of a completed job.",
)
@as_option
@json_option
def retry_job(name: str, stage: str | None, email: str | None, as_json: bool) -> None:
    """Run again what failed in a job; what was finished is kept."""
    with session(email) as at:
        found = batches.get_job(at.account, name)
        retried = control.retry_job(at.account, found.id, Stage(stage) if stage else None)
    if as_json:
        print_json(retried)
    else:
        click.echo(
            f"{_count(retried.retried_tasks, 'task')} of job {found.batch_number}.{found.position} will run again."
        )
        click.echo(f"Next: `cliprow batch watch {found.batch_number}`.")


def finish_dry_run(topics: Topics, check: Check, *, as_json: bool) -> None:
    """Say what would become of topics; exit non-zero when some cannot be used."""
    lines = [row.line for row in topics.rows]
    told = [*map(str, topics.problems)]
    told += [
        f"{f'line {lines[p.row - 1]}' if p.row else 'options'}: {p.field} {p.reason}" for p in check.problems
    ]
    if as_json:
        print_json({"problems": told, "job_count": check.job_count, "estimate": check.estimate})
    else:
        for warning in topics.warnings:
            click.echo(f"note, {warning}", err=True)
        for problem in told:
            click.echo(problem, err=True)
        estimate = check.estimate
        print_table(["Stage", "Tasks"], [[stage, estimate.tasks[stage]] for stage in Stage])
        click.echo(
            f"{_count(check.job_count, 'job')} in about {_duration(estimate.seconds)}. {estimate.basis}"
        )
        click.echo(f"Cost: {estimate.cost.amount:g} {estimate.cost.currency}. {estimate.cost.basis}")
        click.echo("Nothing was started: this was a dry run.")
    if told:
        sys.exit(1)


def _change(account: Account, name: str, action: _Action | Literal["retry"]) -> tuple[BatchState, Batch]:
    """Do something to a batch; returns the answer, and the batch as it is then."""
    state = control.control_batch(account, action, batches.get_batch(account, name).id)
    return state, batches.get_batch(account, str(state.batch_id))


def _jobs(state: BatchState) -> str:
    return _count(state.changed_jobs, "job") if state.changed_jobs else _AS_IT_IS


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _but_held(batch: Batch) -> str:
    """Says that resuming is not enough, where something above is paused too."""
    return ", as soon as its batch, project or team is resumed too" if batch.is_paused else ""


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
