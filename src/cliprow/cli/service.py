"""`cliprow worker`, `up`, `db` and `doctor`: what runs and looks after the system."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import time

import click

from cliprow import migrate
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.session import open_storage, session
from cliprow.cli.workers import own_worker
from cliprow.config import Config
from cliprow.errors import InvalidInput
from cliprow.local import checks
from cliprow.local.stack import revive, running_stack
from cliprow.models import Stage


@click.command()
@click.option("--stages", default=",".join(Stage), help="Stages to take, a,b,c (default: all).")
@click.option(
    "--slots", type=click.IntRange(1, 256), default=None, help="Tasks at a time (default: one per core)."
)
@click.option(
    "--memory-mb", type=click.IntRange(128), default=1500, show_default=True, help="Most memory per slot."
)
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=20.0,
    show_default=True,
    help="Seconds that running tasks may go on after the first signal to stop.",
)
def worker(stages: str, slots: int | None, memory_mb: int, grace: float) -> None:
    """Run tasks until stopped. SIGTERM or Ctrl-C: take nothing new, finish or hand back; twice: at once."""
    from cliprow.queue.worker import Worker, WorkerOptions

    logging.getLogger("cliprow").setLevel(logging.INFO)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    config = Config.from_environment()
    options = WorkerOptions(
        stages=parse_stages(stages),
        slots=slots or len(os.sched_getaffinity(0)),
        memory_limit_bytes=memory_mb * 2**20,
        grace_s=grace,
        settings=config.settings,
        revive=functools.partial(revive, config) if config.embedded else None,
    )
    with running_stack(config) as stack:
        asyncio.run(Worker(stack.worker, open_storage(config), options).run())


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Stage names separated by commas.

    Raises:
        InvalidInput: one is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(Stage)]
    if unknown or not names:
        raise InvalidInput(
            f"{', '.join(unknown) or 'Nothing'} is not a stage.", next_step=f"Choose from {', '.join(Stage)}."
        )
    return tuple(Stage(name) for name in names)


@click.command()
def up() -> None:
    """Run the embedded database and a worker until Ctrl-C."""
    with session() as at, own_worker(at) as running:
        click.echo(
            f"The database listens on 127.0.0.1:{at.stack.db_port}; the worker's log is {running.log}."
        )
        click.echo("Ctrl-C stops both; what is unfinished goes on at the next start.")
        while True:
            running.ensure()
            time.sleep(1)


@click.group()
def db() -> None:
    """Look after the database's schema."""


@db.command("migrate")
def migrate_command() -> None:
    """Apply the migrations that are pending."""
    with running_stack(Config.from_environment(), migrated=False) as stack:
        applied = migrate.migrate(stack.admin)
    click.echo("\n".join(f"applied {each}" for each in applied) or "Nothing was pending.")


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Migrations applied, pending, unknown and changed since; exits 1 unless all is well."""
    with running_stack(Config.from_environment(), migrated=False) as stack:
        found = migrate.status(stack.admin)
    if as_json:
        print_json(found)
    else:
        print_table(
            ["Migration", "State"],
            [
                [version, name]
                for name in ("applied", "pending", "unknown", "drifted")
                for version in getattr(found, name)
            ],
        )
        click.echo(f"procrastinate {found.procrastinate or 'is not installed'}")
    if not found.current:
        sys.exit(1)


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """What is missing on this machine, and what to do about it; exits 1 when something needed is."""
    found = checks.checks(Config.from_environment())
    if as_json:
        print_json(found)
    else:
        for check in found:
            click.secho(
                f"{'ok     ' if check.ok else 'MISSING'} {check.name}: {check.detail}",
                fg=None if check.ok else "red",
            )
            if not check.ok and check.next_step:
                click.echo(f"        Next: {check.next_step}")
    if not all(check.ok for check in found):
        sys.exit(1)
