"""The commands of `cliprow`, and what an error looks like."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

import click

from cliprow.cli import (
    api,
    batch,
    batch_control,
    brand,
    content,
    demo,
    job,
    job_control,
    job_creation,
    job_exports,
    library,
    login,
    money,
    ops,
    project,
    schedule,
    service,
    stages,
    tenant,
    timing,
    webhook,
)
from cliprow.cli.output import LOG_FORMAT
from cliprow.errors import CliprowError

#: Exit status of a command that could not do what it was asked.
FAILED = 1
#: Problems printed of a request; the first ones say what to do about the rest.
_MAX_PROBLEMS = 20


class Stopped(KeyboardInterrupt):
    """A signal told us to end: what was started is stopped on the way out, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cliprow")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what goes on.")
def cliprow(verbose: bool) -> None:
    """Topics in, finished multi-platform videos out.

    Without a DATABASE_URL everything runs on this machine, in an embedded database that the commands start and stop,
    unless you sign in at a deployment elsewhere with `cliprow login`.
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format=LOG_FORMAT,
        stream=sys.stderr,
    )


cliprow.add_command(demo.demo)
for command in (*batch_control.COMMANDS, job_exports.export, timing.start, timing.deadline):
    batch.batch.add_command(command)
for command in (*job_control.COMMANDS, job_creation.create, timing.start_job, timing.job_deadline):
    job.job.add_command(command)
cliprow.add_command(batch.batch)
cliprow.add_command(job.job)
cliprow.add_command(project.project)
cliprow.add_command(tenant.tenant)
cliprow.add_command(brand.brand)
cliprow.add_command(schedule.schedule)
cliprow.add_command(webhook.webhook)
cliprow.add_command(money.prices)
cliprow.add_command(money.budget)
cliprow.add_command(library.library)
cliprow.add_command(content.content)
ops.ops.add_command(stages.stage)
cliprow.add_command(ops.ops)
cliprow.add_command(login.login)
cliprow.add_command(login.logout)
cliprow.add_command(login.whoami)
cliprow.add_command(service.worker)
cliprow.add_command(service.up)
cliprow.add_command(api.api)
cliprow.add_command(service.db)
cliprow.add_command(service.doctor)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def main() -> None:
    """Run a command; an error we can explain is three short lines, not a traceback.

    Exit status: 0 done, 1 an error or a failed job, 2 wrong usage, 128 and the signal's number when stopped.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, _stop)
    try:
        cliprow(standalone_mode=False)
        sys.stdout.flush()
    except CliprowError as error:
        print_error(error)
        sys.exit(FAILED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("Stopped.", err=True)
        cause = error.__cause__ or error
        sys.exit(128 + (cause.number if isinstance(cause, Stopped) else signal.SIGINT))
    except BrokenPipeError:
        # Whoever read our output has enough of it, like `head`; the interpreter must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def print_error(error: CliprowError) -> None:
    """What happened and why, what to do next, and the code to search for."""
    click.secho(f"{error.message} [{error.error_code}]", fg="red", err=True)
    for problem in getattr(error, "problems", ())[:_MAX_PROBLEMS]:
        where = f"topic {problem.row}, {problem.field}" if problem.row else problem.field
        click.echo(f"  {where}: {problem.reason}", err=True)
    if error.next_step:
        click.echo(f"Next: {error.next_step}", err=True)
