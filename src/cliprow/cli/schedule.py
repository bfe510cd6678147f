"""`cliprow schedule`: batches that are made again and again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from cliprow import batches
from cliprow.asking import Question
from cliprow.cli.amount import budget_option
from cliprow.cli.batch import check_name, check_topics, parse_platforms
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import pause_after_option, shown
from cliprow.errors import Conflict, InvalidInput, NotFound
from cliprow.topics import read_topics

_ROW = "to_jsonb(s) - 'tenant_id'"


@click.group()
def schedule() -> None:
    """Make batches again and again."""


_cron_options = [
    click.option("--cron", metavar="EXPRESSION", help="When: minute, hour, day, month, day of the week; or @daily."),
    click.option("--zone", "time_zone", metavar="ZONE", help="By whose clocks, like Europe/Berlin (default: UTC)."),
    click.option(
        "--misfire", type=click.Choice(["run_once", "run_all", "skip"]),
        help="After an outage: one run for all that was missed (default), each made up for, or none.",
    ),
]  # fmt: skip


def _with_cron(command: Any) -> Any:
    for option in reversed(_cron_options):
        command = option(command)
    return command


@schedule.command()
@click.argument("name", callback=check_name)
@click.argument("file")
@_with_cron
@click.option("--project", default="My channel", show_default=True, callback=check_name, help="Made if new.")
@click.option("--platforms", default="youtube", show_default=True, help="For rows that name none: a,b,c.")
@click.option("--title", default="", callback=check_name, help="Of each batch; {date} becomes the day.")
@budget_option
@pause_after_option
@deployment_options
@json_option
def create(
    name: str, file: str, project: str, platforms: str, title: str, budget: float | None, pause_after: str | None,
    choice: Choice, as_json: bool, **when: str | None,
) -> None:  # fmt: skip
    """Make a batch from FILE whenever it is due; {date} in its topics becomes the day."""
    if not when["cron"]:
        raise InvalidInput("Nothing says when.", next_step='Add --cron, like --cron "30 7 * * mon-fri".')
    with open_deployment(choice) as at:
        offered = at.offered_platforms()
        topics = read_topics(file, platforms=offered)
        check_topics(topics, skip_invalid=False)
        images = at.store_images(path for row in topics.rows for path in row.images)
        wanted = parse_platforms(platforms, offered)
        fields: dict[str, object] = {
            "name": name,
            **{key: value for key, value in when.items() if value is not None},
            "topics": [
                batches.as_topic(row, [images[path] for path in row.images], wanted) for row in topics.rows
            ],
            "options": {"title": title or name}
            | ({} if budget is None else {"budget": budget})
            | ({} if pause_after is None else {"pause_after": pause_after}),
        }
        project_id = at.find_or_create_project(project)
        made = at.ask(
            Question(
                sql="select public.create_schedule(%s, %s)",
                arguments=(project_id, fields),
                method="POST",
                path="/schedules",
                body={"project_id": str(project_id), **fields},
            )
        )
    _tell(made, f"Schedule {made['name']} is due next at {shown(made['next_run_at'])}.", as_json=as_json)


@schedule.command("list")
@deployment_options
@json_option
def list_command(choice: Choice, as_json: bool) -> None:
    """All schedules, the newest first."""
    with open_deployment(choice) as at:
        found = _list(at)
    if as_json:
        print_json(found)
    elif not found:
        click.echo(
            'There are no schedules yet. Next: `cliprow schedule create NAME topics.csv --cron "0 7 * * *"`.'
        )
    else:
        print_table(
            ["Name", "Cron", "Zone", "Next", "Last", "Note"],
            [
                [
                    s["name"], s["cron"], s["time_zone"], "" if s["paused_at"] else shown(s["next_run_at"]),
                    shown(s["last_run_at"]), s["paused_reason"] or ("paused" if s["paused_at"] else ""),
                ]
                for s in found
            ],
        )  # fmt: skip


@schedule.command()
@click.argument("name")
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 100), help="Occurrences shown.")
@deployment_options
@json_option
def show(name: str, count: int, choice: Choice, as_json: bool) -> None:
    """A schedule (its name or id), when it is due next, and what became of its last occurrences."""
    with open_deployment(choice) as at:
        found = _find(at, name)
        upcoming = at.ask(
            Question(
                sql="select jsonb_build_object('upcoming', public.upcoming_runs(%s, %s, %s))",
                arguments=(found["cron"], found["time_zone"], count),
                path=f"/schedules/{found['id']}/upcoming",
                parameters={"count": count},
            )
        )["upcoming"]
        runs = at.ask(
            Question(
                sql="select coalesce(jsonb_agg(to_jsonb(r) - 'tenant_id' - 'schedule_id' order by r.due_at desc), '[]')"
                " from public.schedule_runs as r where r.schedule_id = %s",
                arguments=(UUID(found["id"]),),
                path=f"/schedules/{found['id']}/runs",
            )
        )
    if as_json:
        print_json({"schedule": found, "upcoming": upcoming, "runs": runs})
        return
    click.echo(f"{found['name']}: {found['cron']} ({found['time_zone']}), {len(found['topics'])} topics")
    if found["paused_at"]:
        click.echo(f"Paused. {found['paused_reason'] or ''}")
    print_table(["Due next"], [[shown(moment)] for moment in upcoming])
    print_table(
        ["Was due", "Run", "Batch", "Error"],
        [
            [
                shown(r["due_at"]),
                "by hand" if r["is_manual"] else r["status"],
                r["batch_id"],
                r["error_message"],
            ]
            for r in runs[:20]
        ],
    )


@schedule.command()
@click.argument("name")
@_with_cron
@click.option("--name", "new_name", help="Another name.")
@deployment_options
@json_option
def change(name: str, new_name: str | None, choice: Choice, as_json: bool, **when: str | None) -> None:
    """Change when a schedule is due, or its name."""
    changes = {key: value for key, value in {"name": new_name, **when}.items() if value is not None}
    if not changes:
        raise InvalidInput("Nothing is to be changed.", next_step="Add --cron, --zone, --misfire or --name.")
    with open_deployment(choice) as at:
        found = _find(at, name)
        made = at.ask(
            Question(
                sql="select public.change_schedule(%s, %s)",
                arguments=(UUID(found["id"]), changes),
                method="PATCH",
                path=f"/schedules/{found['id']}",
                body=changes,
            )
        )
    _tell(made, f"Schedule {made['name']} is due next at {shown(made['next_run_at'])}.", as_json=as_json)


def _act(name: str, action: str, choice: Choice) -> dict[str, Any]:
    with open_deployment(choice) as at:
        found = _find(at, name)
        told: dict[str, Any] = at.ask(
            Question(
                sql="select public.pause_schedule(%s)"
                if action == "pause"
                else "select public.resume_schedule(%s)",
                arguments=(UUID(found["id"]),),
                method="POST",
                path=f"/schedules/{found['id']}/actions",
                body={"action": action},
            )
        )
    return told


@schedule.command()
@click.argument("name")
@deployment_options
@json_option
def pause(name: str, choice: Choice, as_json: bool) -> None:
    """Make no batches for now."""
    _tell(_act(name, "pause", choice), f"Schedule {name} is paused.", as_json=as_json)


@schedule.command()
@click.argument("name")
@deployment_options
@json_option
def resume(name: str, choice: Choice, as_json: bool) -> None:
    """Go on with the next occurrence, with your rights from now on."""
    told = _act(name, "resume", choice)
    _tell(told, f"Schedule {name} is due next at {shown(told['next_run_at'])}.", as_json=as_json)


@schedule.command()
@click.argument("name")
@deployment_options
@json_option
def run(name: str, choice: Choice, as_json: bool) -> None:
    """Make its batch now, besides when it is due."""
    with open_deployment(choice) as at:
        found = _find(at, name)
        made = at.ask(
            Question(
                sql="select public.run_schedule(%s)",
                arguments=(UUID(found["id"]),),
                method="POST",
                path=f"/schedules/{found['id']}/run",
            )
        )
        number = at.get_batch(made["batch_id"]).number
    _tell(made, f"Batch {number} waits for a worker.", as_json=as_json)


@schedule.command()
@click.argument("name")
@deployment_options
def delete(name: str, choice: Choice) -> None:
    """Remove a schedule; its batches stay."""
    with open_deployment(choice) as at:
        found = _find(at, name)
        at.ask(
            Question(
                sql="select public.delete_schedule(%s)",
                arguments=(UUID(found["id"]),),
                method="DELETE",
                path=f"/schedules/{found['id']}",
            )
        )
    click.echo(f"Schedule {found['name']} is removed.")


def _list(at: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = at.ask(
        Question(
            sql=f"select coalesce(jsonb_agg({_ROW} order by s.id desc), '[]') from public.schedules as s",
            path="/schedules",
        )
    )
    return found


def _find(at: Deployment, name: str) -> dict[str, Any]:
    found = [each for each in _list(at) if name in (each["id"], each["name"])]
    if not found:
        raise NotFound(
            f"There is no schedule {name}.", next_step="`cliprow schedule list` shows those there are."
        )
    if len(found) > 1:
        raise Conflict(
            f"{len(found)} schedules are called {name}.",
            next_step="Use the id: `cliprow schedule list --json` shows it.",
        )
    return found[0]


def _tell(made: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        click.echo(text)
