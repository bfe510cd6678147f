"""`cliprow ops`: dead letters, the audit, workers, queues, retention and tenants, for those who look after the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.operator import Asked, open_operator
from cliprow.cli.ops_letters import letters
from cliprow.cli.ops_prices import prices
from cliprow.cli.ops_tenants import gc, tenant
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import MOMENT, shown
from cliprow.doors import DOORS
from cliprow.errors import InvalidInput


@click.group()
def ops() -> None:
    """Look after the work: dead letters, audit, workers, queues, retention, tenants.

    What concerns all tenants is for operators: those whose DATABASE_URL is the owner's, or who have set
    SUPABASE_SECRET_KEY and use a deployment elsewhere.
    """


ops.add_command(letters)
ops.add_command(prices)
ops.add_command(tenant)
ops.add_command(gc)


@ops.command()
@click.option("--entity", metavar="TABLE", help="Rows of this table.")
@click.option("--row", "entity_id", metavar="KEY", help="The row with this key.")
@click.option("--user", "user_id", type=click.UUID, help="What this user did.")
@click.option("--action", help="Like pause, update or delete.")
@click.option("--door", type=click.Choice(DOORS), help="Which way it was done.")
@click.option("--since", type=MOMENT, help="At this moment or later.")
@click.option("--until", type=MOMENT, help="Before this moment.")
@click.option("--everywhere", is_flag=True, help="Of all tenants; for operators.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@deployment_options
@json_option
def audit(
    *,
    entity: str | None,
    entity_id: str | None,
    user_id: UUID | None,
    action: str | None,
    door: str | None,
    since: datetime | None,
    until: datetime | None,
    everywhere: bool,
    limit: int,
    choice: Choice,
    as_json: bool,
) -> None:
    """Say who did what to which row, when, through which door, the newest first. For admins and owners."""
    fields = {
        "user_id": user_id and str(user_id),
        "entity": entity,
        "entity_id": entity_id,
        "action": action,
        "door": door,
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
    }
    given = {name: value for name, value in fields.items() if value is not None}
    question = Question(
        sql="select private.find_audit(%s, null, %s)"
        if everywhere
        else "select public.list_audit(%s, %s, %s, %s, %s, %s, %s, null, %s)",
        arguments=(given, limit)
        if everywhere
        else (user_id, entity, entity_id, action, door, since, until, limit),
        path="/operations/audit" if everywhere else "/audit",
        parameters={**given, "limit": min(limit, 200)},
        most=limit,
    )
    with open_operator(choice) if everywhere else open_deployment(choice) as at:
        found = at.ask(question)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Nothing of that kind was done.")
    else:
        print_table(
            ["When", "Who", "Role", "Door", "Action", "Table", "Row", "After"],
            [
                [
                    shown(e["created_at"]), e["user_id"] or "", e["role"], e["door"], e["action"], e["entity"],
                    e["entity_id"] or "", _in_short(e["after"] or e["before"]),
                ]
                for e in found
            ],
        )  # fmt: skip


def _in_short(columns: dict[str, Any]) -> str:
    text = ", ".join(f"{name}={value}" for name, value in columns.items())
    return text if len(text) <= 80 else text[:77] + "..."


@ops.command()
@deployment_options
@json_option
def workers(choice: Choice, as_json: bool) -> None:
    """List the workers of all hosts."""
    with open_operator(choice) as at:
        found = _list_workers(at)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No worker is registered. Next: `cliprow worker`.")
    else:
        print_table(
            ["Id", "Host", "State", "Busy", "Slots", "Memory", "Version", "Last beat", "Stages"],
            [
                [
                    w["worker_id"], w["host"], w["state"], w["busy_slots"], w["slots"],
                    f"{w['memory_bytes'] / 2**20:.0f} MB", w["version"], shown(w["heartbeat_at"]),
                    ", ".join(stage.split("_")[0] for stage in w["stages"]),
                ]
                for w in found
            ],
        )  # fmt: skip


def _list_workers(at: Asked) -> Any:
    found = at.ask(
        Question(
            sql="select jsonb_build_object('items', coalesce(jsonb_agg(to_jsonb(w)), '[]'))"
            " from private.list_workers() as w",
            path="/operations/workers",
        )
    )
    return found["items"]


@ops.command()
@click.argument("order", type=click.Choice(["drain", "undrain", "stop"]))
@click.argument("worker", type=click.UUID)
@deployment_options
@json_option
def worker(order: str, worker: UUID, choice: Choice, as_json: bool) -> None:
    """Drain, undrain or stop a worker. It hears it with its next heartbeat."""
    with open_operator(choice) as at:
        told = at.ask(
            Question(
                sql="select private.order_worker(%s, %s)",
                arguments=(worker, order),
                method="POST",
                path=f"/operations/workers/{worker}/orders",
                body={"order": order},
            )
        )
    if as_json:
        print_json(told)
    else:
        click.echo(f"Worker {worker} on {told['host']} is {told['state']}; it runs {told['running_count']}.")


@ops.command()
@deployment_options
@json_option
def queues(choice: Choice, as_json: bool) -> None:
    """Say how deep and how old the queue of each stage is, and who is there to work on it."""
    with open_operator(choice) as at:
        found = at.ask(
            Question(
                sql="select jsonb_build_object('items', jsonb_agg(to_jsonb(l) - 'place'))"
                " from private.list_stage_load() as l",
                path="/operations/load",
            )
        )["items"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["Stage", "Waiting", "Ready", "For", "Queued", "For", "Running", "Slots", "Workers", "Wanted", "Note"],
        [
            [
                q["stage"], q["waiting_count"], q["ready_count"], f"{q['ready_age_s']:.0f} s", q["queued_count"],
                f"{q['queued_age_s']:.0f} s", q["running_count"], q["slots"], q["worker_count"], q["wanted_slots"],
                "paused" if q["is_paused"] else "",
            ]
            for q in found
        ],
    )  # fmt: skip


@ops.group(invoke_without_command=True)
@deployment_options
@json_option
def retention(choice: Choice, as_json: bool) -> None:
    """Show how long what is kept, and what its removal last did."""
    if click.get_current_context().invoked_subcommand:
        return
    with open_operator(choice) as at:
        found = _list_retention(at)
    if as_json:
        print_json(found)
        return
    print_table(
        ["Kind", "Kept", "Removed", "Last", "What", "Error"],
        [
            [
                r["kind"], "for ever" if r["keep_days"] is None else f"{r['keep_days']:g} days", r["removed_count"],
                f"{shown(r['removed_at'])} {r['last_step']}".strip(), r["about"], r["last_error"] or "",
            ]
            for r in found
        ],
    )  # fmt: skip


def _list_retention(at: Asked) -> Any:
    found = at.ask(
        Question(
            sql="select jsonb_build_object('items', jsonb_agg(to_jsonb(r) - 'keep_for'"
            " || jsonb_build_object('keep_days', extract(epoch from r.keep_for) / 86400)))"
            " from private.list_retention() as r",
            path="/operations/retention",
        )
    )
    return found["items"]


@retention.command("set")
@click.argument("kind")
@click.argument("days")
@deployment_options
def set_command(kind: str, days: str, choice: Choice) -> None:
    """Keep KIND for so many DAYS, or `forever`."""
    if days != "forever" and not (days.isdecimal() and 1 <= int(days) <= 36_500):
        raise InvalidInput(f"{days!r} is no number of days.", next_step="Give 1 or more, or `forever`.")
    number = None if days == "forever" else int(days)
    with open_operator(choice) as at:
        at.ask(
            Question(
                sql="select private.set_retention(%s, make_interval(days => %s))",
                arguments=(kind, number),
                method="PUT",
                path=f"/operations/retention/{kind}",
                body={"keep_days": number},
            )
        )
    click.echo(f"{kind} are kept {'for ever' if number is None else f'for {number} days'}.")


@retention.command()
@deployment_options
def run(choice: Choice) -> None:
    """Let what is kept for too long be removed now; the workers go on with what is left."""
    with open_operator(choice) as at:
        at.ask(
            Question(
                sql="select private.hurry_retention()", method="POST", path="/operations/retention/run", body={}
            )
        )  # fmt: skip
    click.echo("The workers do it within a minute. Next: `cliprow ops retention`.")
