"""What the commands that pause, cancel, put before others, cap and retry have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from cliprow import control
from cliprow.asking import Question
from cliprow.cli.deployment import Choice, Deployment, open_deployment
from cliprow.cli.output import print_json
from cliprow.cli.timing import MOMENT
from cliprow.errors import Conflict, NotFound
from cliprow.models import Stage

_Command = TypeVar("_Command", bound=Callable[..., Any])

now_option = click.option(
    "--now", is_flag=True, help="Stop what runs too; it waits again, and counts as no failure."
)
lane_argument = click.argument("lane", type=click.Choice(control.LANES))


class Cap(click.ParamType[int | None]):
    """How many tasks at once, or `none`."""

    name = "cap"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Read what was typed, like 16."""
        if value == "none":
            return None
        if not str(value).isdecimal() or not 1 <= int(value) <= 999_999:
            self.fail(f"{value!r} is neither a whole number from 1 to 999,999 nor none", param, ctx)
        return int(value)


cap_argument = click.argument("cap", type=Cap(), metavar="NUMBER|none")


def filter_options(command: _Command) -> _Command:
    """Give a command the options that say which failures are meant."""
    for option in reversed([
        click.option("--error-code", metavar="CODE", help="Only what failed with this code."),
        click.option("--stage", type=click.Choice(list(map(str, Stage))), help="Only tasks of this stage."),
        click.option("--since", type=MOMENT, help="Only what failed at this moment or later."),
    ]):  # fmt: skip
        command = option(command)
    return command


def count_of(number: int, noun: str) -> str:
    """Like `1 job` and `2,000 jobs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ask_until_done(at: Deployment, question: Question, noun: str = "job") -> dict[str, Any]:
    """Ask as often as it takes to reach everything, and say on the way how far it is.

    Returns:
        The last answer, with the counts of all.

    Raises:
        CliprowError: as the database or API says; what was done before stays done.
    """
    counts: dict[str, int] = {}
    while True:
        told: dict[str, Any] = at.ask(question)
        for name in ("changed_jobs", "retried_jobs", "retried_tasks"):
            if name in told:
                counts[name] = counts.get(name, 0) + told[name]
        remaining = told.get("remaining_jobs", 0)
        if remaining == 0 and told.get("is_finished") is not False:
            return told | counts
        rest = f", {remaining:,} to go" if remaining else ", going on"
        click.echo(f"{count_of(max(counts.values()), noun)} done{rest}.", err=True)


def find_project(at: Deployment, name: str) -> dict[str, Any]:
    """A project by name or id.

    Raises:
        NotFound: there is none.
        Conflict: several have the name.
    """
    found = [each for each in list_projects(at) if name in (each["id"], each["name"])]
    if not found:
        raise NotFound(
            f"There is no project {name}.", next_step="`cliprow project list` shows those there are."
        )
    if len(found) > 1:
        raise Conflict(
            f"{len(found)} projects are called {name}.",
            next_step="Use the id: `cliprow project list --json` shows it.",
        )
    return found[0]


def list_projects(at: Deployment) -> list[dict[str, Any]]:
    """All projects, the newest first."""
    found: list[dict[str, Any]] = at.ask(
        Question(
            sql="select coalesce(jsonb_agg(to_jsonb(p) - 'deleted_at' - 'paused_by'"
            " order by p.created_at desc, p.id desc), '[]')"
            " from public.projects as p where p.tenant_id = private.tenant_id() and p.deleted_at is null",
            path="/projects",
        )
    )
    return found


def find_tenant(at: Deployment) -> dict[str, Any]:
    """The tenant that the caller acts in."""
    found: dict[str, Any] = at.ask(
        Question(
            sql="select jsonb_build_object('tenant', to_jsonb(t) - 'deleted_at' - 'paused_by') from public.tenants as t"
            " where t.id = private.tenant_id()",
            path="/me",
        )
    )["tenant"]
    return found


def target_of(at: Deployment, kind: control.Kind, name: str = "") -> tuple[control.Target, str]:
    """What a command names, and what people call it."""
    if kind == "job":
        job = at.get_job(name)
        return control.Target("job", job.id), f"Job {job.batch_number}.{job.position}"
    if kind == "batch":
        batch = at.get_batch(name)
        return control.Target("batch", batch.id), f"Batch {batch.number}"
    if kind == "project":
        project = find_project(at, name)
        return control.Target("project", UUID(project["id"])), f"Project {project['name'] or project['id']}"
    tenant = find_tenant(at)
    return control.Target("tenant", UUID(tenant["id"])), f"Team {tenant['name']}"


def tell(told: dict[str, Any], text: str, *, as_json: bool) -> None:
    """What was done, for people or for programs."""
    if as_json:
        print_json(told)
    else:
        click.echo(text)


def tell_retried(told: dict[str, Any], where: str, *, as_json: bool) -> None:
    """What runs again by a filter."""
    tasks, jobs = count_of(told["retried_tasks"], "task"), count_of(told["retried_jobs"], "job")
    tell(told, f"{tasks} of {jobs} {where} will run again.", as_json=as_json)


def move_waiting(kind: control.Kind, name: str, lane: str, choice: Choice, *, as_json: bool) -> None:
    """Put what waits in a batch or project into a lane, call after call, and say how many jobs moved."""
    with open_deployment(choice) as at:
        target, called = target_of(at, kind, name)
        told = ask_until_done(at, control.set_lane(target, lane))
    tell(told, f"{count_of(told['changed_jobs'], 'job')} of {called} moved to {lane}.", as_json=as_json)


def told_cap(told: dict[str, Any], target: control.Target, name: str, *, as_json: bool) -> None:
    """The cap that holds now."""
    cap = told["max_concurrent_tasks"]
    answer = {f"{target.kind}_id": str(target.id), "max_concurrent_tasks": cap}
    text = (
        f"{name} may have {count_of(cap, 'task')} active at once."
        if cap
        else f"{name} has no cap of its own."
    )
    tell(answer, text, as_json=as_json)
