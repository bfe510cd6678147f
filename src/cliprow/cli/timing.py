"""When batches and jobs may begin and must have ended: options of `create`, and the commands `start` and `deadline`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json
from cliprow.models import Stage

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601; without an offset by the clock of this machine."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read what was typed, like 2027-01-31T09:00."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a moment like 2027-01-31T09:00 or 2027-01-31T09:00+01:00", param, ctx
            )


MOMENT = Moment()
pause_after_option = click.option(
    "--pause-after",
    type=click.Choice([str(stage) for stage in Stage if stage is not Stage.POST]),
    metavar="STAGE",
    help="Pause each job by itself after this stage, like script_generation, to be looked at before it goes on.",
)


@dataclass(frozen=True)
class Timing:
    """What `batch create` was told of when the batch runs, and when it pauses by itself."""

    starts_at: datetime | None
    after: tuple[str, ...]
    anyway: bool
    on_failure: str
    deadline: datetime | None
    warn: bool
    pause_after: str | None

    def options(self, at: Deployment) -> dict[str, object]:
        """The same as options of a batch.

        Raises:
            NotFound: there is no such batch or job.
        """
        given = {
            "starts_at": self.starts_at and self.starts_at.isoformat(),
            "deadline": self.deadline and self.deadline.isoformat(),
            "on_deadline": "warn" if self.deadline and self.warn else None,
            "after": [
                str(at.get_job(name).id if "." in name else at.get_batch(name).id) for name in self.after
            ],
            "after_condition": "ended" if self.after and self.anyway else None,
            "after_failure": self.on_failure if self.after else None,
            "pause_after": self.pause_after,
        }
        return {name: value for name, value in given.items() if value}


def timing_options(command: _Command) -> _Command:
    """Give a command the options that say when a batch runs, as one argument `timing`."""

    def gather(
        *,
        starts_at: datetime | None,
        after: tuple[str, ...],
        anyway: bool,
        on_failure: str,
        deadline: datetime | None,
        warn: bool,
        pause_after: str | None,
        **arguments: Any,
    ) -> Any:
        timing = Timing(starts_at, after, anyway, on_failure, deadline, warn, pause_after)
        return command(timing=timing, **arguments)

    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gathered: Any = gather
    for option in reversed([
        click.option("--at", "starts_at", type=MOMENT, help="Begin at this moment, not at once."),
        click.option("--after", multiple=True, metavar="NAME", help="Begin when this batch, or job 12.3, is completed."),
        click.option("--anyway", is_flag=True, help="With --after: however that ended."),
        click.option(
            "--on-failure", type=click.Choice(["hold", "cancel", "run"]), default="hold", show_default=True,
            help="With --after: what becomes of it when that fails.",
        ),
        click.option("--deadline", type=MOMENT, help="Cancel what has not ended at this moment."),
        click.option("--warn", is_flag=True, help="With --deadline: only mark the batch as late."),
        pause_after_option,
    ]):  # fmt: skip
        gathered = option(gathered)
    gathered.__click_params__ = [*getattr(command, "__click_params__", []), *gathered.__click_params__]
    return gathered  # type: ignore[no-any-return]


@click.command()
@click.argument("name")
@click.option("--at", "starts_at", type=MOMENT, help="Not now, but at this moment.")
@deployment_options
@json_option
def start(name: str, starts_at: datetime | None, choice: Choice, as_json: bool) -> None:
    """Let a batch begin now, whatever start it was given and whatever it waits for; or at another moment."""
    with open_deployment(choice) as at:
        found = at.get_batch(name)
        told = at.ask(
            Question(
                sql="select public.reschedule_batch(%s, %s)"
                if starts_at
                else "select public.start_batch(%s)",
                arguments=(found.id, starts_at) if starts_at else (found.id,),
                method="POST",
                path=f"/batches/{found.id}/start",
                body={"starts_at": starts_at and starts_at.isoformat()},
            )
        )
    if as_json:
        print_json(told)
    elif told["starts_at"]:
        click.echo(f"Batch {found.number} begins at {shown(told['starts_at'])}.")
    else:
        click.echo(f"Batch {found.number} may begin.")


@click.command()
@click.argument("name")
@click.argument("moment", type=MOMENT, required=False)
@click.option("--warn", "on_deadline", flag_value="warn", help="Then only mark it as late.")
@click.option("--cancel", "on_deadline", flag_value="cancel", help="Then cancel what has not ended.")
@deployment_options
@json_option
def deadline(
    name: str, moment: datetime | None, on_deadline: str | None, choice: Choice, as_json: bool
) -> None:
    """Say until when a batch must have ended; without MOMENT it has no deadline."""
    with open_deployment(choice) as at:
        found = at.get_batch(name)
        told = at.ask(
            Question(
                sql="select public.set_deadline(%s, %s, %s)",
                arguments=(found.id, moment, on_deadline),
                method="PUT",
                path=f"/batches/{found.id}/deadline",
                body={"deadline": moment and moment.isoformat(), "on_deadline": on_deadline},
            )
        )
    if as_json:
        print_json(told)
    elif told["deadline"]:
        click.echo(f"Batch {found.number} must have ended at {shown(told['deadline'])}.")
    else:
        click.echo(f"Batch {found.number} has no deadline.")


@click.command("start")
@click.argument("name")
@deployment_options
@json_option
def start_job(name: str, choice: Choice, as_json: bool) -> None:
    """Let a job begin now, whatever jobs of its batch it waits for."""
    with open_deployment(choice) as at:
        found = at.get_job(name)
        told = at.ask(
            Question(
                sql="select public.start_job(%s)",
                arguments=(found.id,),
                method="POST",
                path=f"/jobs/{found.id}/start",
            )
        )
    if as_json:
        print_json(told)
    else:
        click.echo(f"Job {found.batch_number}.{found.position} may begin.")


@click.command("deadline")
@click.argument("name")
@click.argument("moment", type=MOMENT, required=False)
@click.option("--warn", "on_deadline", flag_value="warn", help="Then only mark it as late.")
@click.option("--cancel", "on_deadline", flag_value="cancel", help="Then cancel it.")
@deployment_options
@json_option
def job_deadline(
    name: str, moment: datetime | None, on_deadline: str | None, choice: Choice, as_json: bool
) -> None:
    """Say until when a job must have ended; without MOMENT it has no deadline."""
    with open_deployment(choice) as at:
        found = at.get_job(name)
        told = at.ask(
            Question(
                sql="select public.set_job_deadline(%s, %s, %s)",
                arguments=(found.id, moment, on_deadline),
                method="PUT",
                path=f"/jobs/{found.id}/deadline",
                body={"deadline": moment and moment.isoformat(), "on_deadline": on_deadline},
            )
        )
    called = f"Job {found.batch_number}.{found.position}"
    if as_json:
        print_json(told)
    elif told["deadline"]:
        click.echo(f"{called} must have ended at {shown(told['deadline'])}.")
    else:
        click.echo(f"{called} has no deadline.")


def shown(moment: str | None) -> str:
    """A moment by the clock of this machine; nothing for none."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M %Z") if moment else ""
