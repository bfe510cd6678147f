"""The commands of `cliprow`, and what an error looks like."""

from __future__ import annotations

import logging
import sys

import click

from cliprow.cli import batch, demo, job, service
from cliprow.errors import CliprowError

#: Exit status of a command that could not do what it was asked.
FAILED = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cliprow")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what goes on.")
def cliprow(verbose: bool) -> None:
    """Topics in, finished multi-platform videos out.

    Without a DATABASE_URL everything runs on this machine, in an embedded database that the commands start and stop.
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


cliprow.add_command(demo.demo)
cliprow.add_command(batch.batch)
cliprow.add_command(job.job)
cliprow.add_command(service.worker)
cliprow.add_command(service.up)
cliprow.add_command(service.db)
cliprow.add_command(service.doctor)


def main() -> None:
    """Run a command; an error we can explain is three short lines, not a traceback."""
    try:
        cliprow(standalone_mode=False)
    except CliprowError as error:
        print_error(error)
        sys.exit(FAILED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "\nStopped. Nothing is lost: `cliprow batch watch last` goes on where this left off.", err=True
        )
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has enough of it, like `head`.
        sys.stderr.close()
        sys.exit(FAILED)


def print_error(error: CliprowError) -> None:
    """What happened and why, what to do next, and the code to search for."""
    click.secho(f"{error.message} [{error.error_code}]", fg="red", err=True)
    if error.next_step:
        click.echo(f"Next: {error.next_step}", err=True)
