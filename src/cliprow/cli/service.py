"""`cliprow worker`, `up`, `db` and `doctor`: what runs and looks after the system."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import time
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cliprow import migrate, web
from cliprow.cli.output import LOG_FORMAT, json_option, out_option, print_json, print_table
from cliprow.cli.own_api import own_api
from cliprow.cli.session import session
from cliprow.cli.workers import own_worker
from cliprow.config import Config
from cliprow.errors import InvalidInput, MissingDependency, Unavailable
from cliprow.local import checks, machine
from cliprow.local.stack import revive, running_stack
from cliprow.models import Stage

if TYPE_CHECKING:
    from cliprow.queue.worker import Worker

#: Half of what a worker's log may take, in bytes; when it is full, it moves to `.1`.
_LOG_BYTES = 5_000_000


@click.command(short_help="Run tasks until stopped.")
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
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the log, which is kept below 10 MB (default: standard error).",
)
@click.option("--until-eof", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(
    stages: str, slots: int | None, memory_mb: int, grace: float, log: Path | None, until_eof: bool
) -> None:
    """Run tasks until stopped.

    SIGTERM or Ctrl-C: take nothing new, and finish what runs or hand it back; a second time: at once. Run as many
    workers as you like; with DATABASE_URL, let it log in as the role cliprow_worker, which may do nothing else.
    """
    from cliprow.queue.worker import Worker, WorkerOptions
    from cliprow.storage.opening import open_storage

    if log is not None:
        handler = RotatingFileHandler(log, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
        handler.setFormatter(logging.Formatter(LOG_FORMAT))
        logging.basicConfig(handlers=[handler], force=True)
    logging.getLogger("cliprow").setLevel(logging.INFO)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    config = Config.from_environment()
    chosen = parse_stages(stages)  # before anything starts
    with running_stack(config) as stack:
        options = WorkerOptions(
            stages=chosen,
            slots=slots or len(os.sched_getaffinity(0)),
            memory_limit_bytes=memory_mb * 2**20,
            grace_s=grace,
            settings=config.settings,
            sealer=stack.sealer,
            revive=functools.partial(revive, config) if config.embedded else None,
        )
        running = Worker(stack.worker, open_storage(config, stack), config.home / "scratch", options)
        asyncio.run(_run(running, until_eof=until_eof))


async def _run(running: Worker, *, until_eof: bool) -> None:
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin)
            running.stop()

    if until_eof:
        loop.add_reader(sys.stdin, read)
    await running.run()


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
    """Run the embedded database and gateway, the REST API with the web app, and a worker until Ctrl-C."""
    try:
        web.ensure_built(click.echo)
    except MissingDependency as error:
        click.echo(f"{error.message} {error.next_step}", err=True)
    with session(gateway=True) as at, own_api(at.config) as api, own_worker(at) as running:
        home = at.config.home
        project = at.stack.supabase
        if at.config.embedded:
            click.echo(f"Database   127.0.0.1:{at.stack.db_port}, log {home / 'logs' / 'postgres.log'}")
        else:
            click.echo("Database   the one that DATABASE_URL names")
        click.echo(f"Supabase   {project.url}")
        click.echo(f"Key        {project.publishable_key} (publishable; for programs that people run)")
        api.await_answer()
        whose = f"log {api.log}" if api.is_ours else "another command's; it runs here when that one ends"
        click.echo(f"Web app    {api.url}/app/")
        click.echo(f"API        {api.url}, described at {api.url}/docs, {whose}")
        if running.ensure():
            click.echo(f"Worker     {len(os.sched_getaffinity(0))} slots, log {running.log}")
        else:
            click.echo("Worker     another command's; one is started here when that one ends")
        click.echo(
            "Ready: open the web app, or use `cliprow` in another terminal. Ctrl-C stops; what is unfinished goes on later."
        )
        while True:
            time.sleep(1)
            try:
                running.ensure()
                api.ensure()
            except Unavailable as error:
                click.echo(f"{error.message} Trying again; nothing is lost.", err=True)
                with suppress(Unavailable):  # said the next time
                    at.revive()


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


@click.command(short_help="Say what is missing on this machine, and what to do about it.")
@out_option
@json_option
def doctor(out: Path, as_json: bool) -> None:
    """What is missing on this machine, and what to do about it; exits 1 when something needed is."""
    config = Config.from_environment()
    found = [*checks.checks(config), *machine.checks(out)]
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
        click.echo("All is well." if all(check.ok for check in found) else "Something is missing, see above.")
    if not all(check.ok for check in found):
        sys.exit(1)
