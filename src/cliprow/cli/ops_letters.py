"""`cliprow ops letters`: what failed for good, why, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.batches import parse_uuid
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.operator import Asked, open_operator
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import MOMENT, shown
from cliprow.errors import InvalidInput
from cliprow.models import Stage

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Letters:
    """Which dead letters are meant."""

    error_code: str | None
    stage: str | None
    batch: str | None
    since: datetime | None
    until: datetime | None
    #: Over all tenants, or one: for operators.
    everywhere: bool
    tenant: UUID | None

    @property
    def is_operators(self) -> bool:
        """Whether only operators may ask for them."""
        return self.everywhere or self.tenant is not None

    @property
    def is_all(self) -> bool:
        """Whether nothing is said of which."""
        return not any((self.error_code, self.stage, self.batch, self.since, self.until))

    def given(self, batch_id: UUID | None) -> dict[str, str]:
        """As the API takes them."""
        fields = {
            "tenant_id": self.tenant,
            "batch_id": batch_id,
            "error_code": self.error_code,
            "stage": self.stage,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
        }
        return {name: str(value) for name, value in fields.items() if value is not None}


def letter_options(command: _Command) -> _Command:
    """Give a command the options that say which letters are meant, as one argument `which`."""

    def gather(
        *,
        error_code: str | None,
        stage: str | None,
        batch: str | None,
        since: datetime | None,
        until: datetime | None,
        everywhere: bool,
        tenant: UUID | None,
        **arguments: Any,
    ) -> Any:
        which = Letters(error_code, stage, batch, since, until, everywhere, tenant)
        return command(which=which, **arguments)

    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gathered: Any = gather
    for option in reversed([
        click.option("--code", "error_code", metavar="CODE", help="Of this error code."),
        click.option("--stage", type=click.Choice(list(map(str, Stage))), help="Of this stage."),
        click.option("--batch", metavar="NAME", help="Of this batch (number or id)."),
        click.option("--since", type=MOMENT, help="Failed at this moment or later."),
        click.option("--until", type=MOMENT, help="Failed before this moment."),
        click.option("--everywhere", is_flag=True, help="Of all tenants; for operators."),
        click.option("--tenant", type=click.UUID, help="Of this tenant; for operators."),
    ]):  # fmt: skip
        gathered = option(gathered)
    gathered.__click_params__ = [*gathered.__click_params__, *getattr(command, "__click_params__", [])]
    return gathered  # type: ignore[no-any-return]


@contextmanager
def _opened(
    which: Letters, choice: Choice, job: str | None = None
) -> Iterator[tuple[Asked, UUID | None, UUID | None]]:
    """Whom to ask, and the ids of the batch and job that are meant."""
    if which.is_operators:
        with open_operator(choice) as operator:
            yield operator, parse_uuid(which.batch) if which.batch else None, parse_uuid(job) if job else None
    else:
        with open_deployment(choice) as at:
            yield (
                at,
                at.get_batch(which.batch).id if which.batch else None,
                at.get_job(job).id if job else None,
            )


@click.group()
def letters() -> None:
    """What failed for good: dead letters."""


@letters.command("list")
@letter_options
@click.option("--discarded", is_flag=True, help="Those that were discarded, instead of the others.")
@click.option("--count", "is_counted", is_flag=True, help="How many by error code and stage, and what to do.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@deployment_options
@json_option
def list_command(
    which: Letters, discarded: bool, is_counted: bool, limit: int, choice: Choice, as_json: bool
) -> None:
    """List dead letters, the last failure first."""
    with _opened(which, choice) as (at, batch_id, _):
        found = _count(at, which, batch_id) if is_counted else _list(at, which, batch_id, discarded, limit)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There are no dead letters.")
    elif is_counted:
        print_table(
            ["Code", "Stage", "Count", "Since", "Remedy", "Next step"],
            [[g["error_code"], g["stage"], g["count"], shown(g["first_at"]), g["remedy"], g["next_step"]] for g in found],
        )  # fmt: skip
    else:
        print_table(
            ["Job", "Task", "Stage", "Failed", "Code", "Message"],
            [
                [
                    row["job_id"] if which.is_operators else f"{row['batch_number']}.{row['position']}",
                    row["task_id"], row["stage"], shown(row["failed_at"]), row["error_code"], row["error_message"],
                ]
                for row in found
            ],
        )  # fmt: skip


def _list(at: Asked, which: Letters, batch_id: UUID | None, discarded: bool, limit: int) -> Any:
    given = which.given(batch_id)
    if which.is_operators:
        question = Question(
            sql="select private.find_letters(%s, null, null, %s)",
            arguments=({**given, "is_discarded": discarded}, limit),
            path="/operations/dead-letters",
            parameters={**given, "is_discarded": str(discarded).lower(), "limit": min(limit, 200)},
            most=limit,
        )
    else:
        question = Question(
            sql="select public.list_dead_letters(null, %s, %s, %s, %s, %s, %s, null, null, %s)",
            arguments=(batch_id, which.error_code, which.stage, which.since, which.until, discarded, limit),
            path="/dead-letters",
            parameters={**given, "is_discarded": str(discarded).lower(), "limit": min(limit, 200)},
            most=limit,
        )
    return at.ask(question)


def _count(at: Asked, which: Letters, batch_id: UUID | None) -> Any:
    given = which.given(batch_id)
    given = {k: v for k, v in given.items() if k in ("tenant_id", "batch_id", "since", "until")}
    if which.is_operators:
        question = Question(
            sql="select jsonb_build_object('items', private.count_letters(%s))",
            arguments=(given,),
            path="/operations/dead-letters/counts",
            parameters=given,
        )
    else:
        question = Question(
            sql="select jsonb_build_object('items', public.count_dead_letters(null, %s, %s, %s))",
            arguments=(batch_id, which.since, which.until),
            path="/dead-letters/counts",
            parameters=given,
        )
    found = at.ask(question)
    return found["items"] if isinstance(found, dict) else found


@letters.command()
@click.argument("job")
@click.argument("task", type=click.UUID)
@click.option("--everywhere", is_flag=True, help="Of any tenant; for operators.")
@deployment_options
@json_option
def show(job: str, task: UUID, everywhere: bool, choice: Choice, as_json: bool) -> None:
    """Show TASK of JOB (id, or like 12.3): its inputs, attempts and their log lines."""
    which = Letters(None, None, None, None, None, everywhere, None)
    with _opened(which, choice, job) as (at, _, job_id):
        found = at.ask(
            Question(
                sql="select private.inspect_letter(%s, %s)"
                if everywhere
                else "select public.show_dead_letter(%s, %s)",
                arguments=(job_id, task),
                path=f"{'/operations' if everywhere else ''}/dead-letters/{job_id}/{task}",
            )
        )
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['stage']} of {found['topic']!r}, batch {found['batch_number']}.{found['position']}")
    click.echo(f"{found['error_code']}: {found['error_message']}")
    click.echo(f"{found['meaning'] or ''} Next: {found['next_step']}".strip())
    if found["discarded"]:
        click.echo(f"Discarded {shown(found['discarded']['at'])}: {found['discarded']['reason']}")
    click.echo("Inputs:")
    print_json(found["inputs"])
    for attempt in found["attempts"]:
        said = f": {attempt['error_code']} {attempt['error_message']}" if attempt["error_code"] else ""
        click.echo(
            f"Attempt {attempt['number']} on {attempt['host']}, {shown(attempt['started_at'])}, {attempt['status']}{said}"
        )
        for line in attempt["log"]:
            click.echo(f"  {line}")


@letters.command()
@click.argument("job", required=False)
@click.argument("task", required=False, type=click.UUID)
@letter_options
@click.option("--all", "is_all", is_flag=True, help="All that there are.")
@deployment_options
@json_option
def replay(
    job: str | None, task: UUID | None, which: Letters, is_all: bool, choice: Choice, as_json: bool
) -> None:
    """Run TASK of JOB again; or what --code, --stage, --batch, --since and --until name; or --all."""
    _check_target(job, task, which, is_all)
    with _opened(which, choice, job) as (at, batch_id, job_id):
        if which.is_operators:
            given = which.given(batch_id) | ({"job_id": str(job_id), "task_id": str(task)} if job else {})
            question = Question(
                sql="select private.replay_letters(%s)",
                arguments=(given,),
                method="POST",
                path="/operations/dead-letters/replay",
                body=given,
            )  # fmt: skip
        elif job:
            question = Question(
                sql="select public.retry_task(%s, %s)",
                arguments=(job_id, task),
                method="POST",
                path=f"/dead-letters/{job_id}/{task}/replay",
            )
        else:
            question = Question(
                sql="select public.retry_failed(null, %s, %s, %s, %s, %s)",
                arguments=(batch_id, which.error_code, which.stage, which.since, which.until),
                method="POST",
                path="/dead-letters/replay",
                body=which.given(batch_id),
            )
        told, count = _repeat(at, question, "retried_tasks")
    _tell({**told, "retried_tasks": count}, f"{count} run again.", as_json)


@letters.command()
@click.argument("job", required=False)
@click.argument("task", required=False, type=click.UUID)
@letter_options
@click.option("--reason", required=True, help="Why nobody needs to see them again.")
@click.option("--all", "is_all", is_flag=True, help="All that there are.")
@deployment_options
@json_option
def discard(
    job: str | None,
    task: UUID | None,
    which: Letters,
    reason: str,
    is_all: bool,
    choice: Choice,
    as_json: bool,
) -> None:
    """Take TASK of JOB out of the list; or what the options name; or --all. The tasks stay failed."""
    _check_target(job, task, which, is_all)
    with _opened(which, choice, job) as (at, batch_id, job_id):
        given = which.given(batch_id)
        if which.is_operators:
            given |= {"job_id": str(job_id), "task_id": str(task)} if job else {}
            question = Question(
                sql="select private.drop_letters(%s, %s)",
                arguments=(given, reason),
                method="POST",
                path="/operations/dead-letters/discard",
                body={**given, "reason": reason},
            )
        else:
            question = Question(
                sql="select public.discard_letters(%s, %s, %s, null, %s, %s, %s, %s, %s)",
                arguments=(
                    reason, job_id, task, batch_id, which.error_code, which.stage, which.since, which.until
                ),
                method="POST",
                path=f"/dead-letters/{job_id}/{task}/discard" if job else "/dead-letters/discard",
                body={"reason": reason} if job else {**given, "reason": reason},
            )  # fmt: skip
        told, count = _repeat(at, question, "discarded_letters")
    _tell({**told, "discarded_letters": count}, f"{count} discarded.", as_json)


def _check_target(job: str | None, task: UUID | None, which: Letters, is_all: bool) -> None:
    """One letter, some, or all: never all by leaving something out."""
    if job and (task is None or is_all or not which.is_all):
        raise InvalidInput("One letter is named by its JOB and TASK.", next_step="See `ops letters list`.")
    if not job and which.is_all != is_all:
        raise InvalidInput(
            "It is not clear which letters are meant.",
            next_step="Name JOB and TASK, or some by --code, --stage, --batch or --since, or all by --all.",
        )


def _repeat(at: Asked, question: Question, name: str) -> tuple[dict[str, Any], int]:
    """Ask until it is finished: one call takes a thousand at most."""
    count = 0
    while True:
        told: dict[str, Any] = at.ask(question)
        count += told[name]
        if told.get("is_finished", True):
            return told, count


def _tell(told: Any, text: str, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        click.echo(text)
