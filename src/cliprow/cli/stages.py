"""`cliprow ops stage`: the queues of the stages, held back over all tenants."""

from __future__ import annotations

from typing import Any

import click

from cliprow.asking import Question
from cliprow.cli.control import count_of, now_option, tell
from cliprow.cli.deployment import Choice, deployment_options
from cliprow.cli.operator import open_operator
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.models import Stage

_name = click.argument("name", type=click.Choice(list(map(str, Stage))))


@click.group()
def stage() -> None:
    """Hold back the queue of a stage: while a provider is down, or the stage is mended. For operators."""


@stage.command("list")
@deployment_options
@json_option
def list_command(choice: Choice, as_json: bool) -> None:
    """What waits, is queued and runs of each stage, and which are held back."""
    with open_operator(choice) as at:
        found = at.ask(
            Question(
                sql="select jsonb_build_object('items', jsonb_agg(to_jsonb(q))) from private.list_stage_queues() as q",
                path="/operations/stages",
            )
        )["items"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["Stage", "Waiting", "Queued", "Running", "Note"],
        [
            [
                each["stage"],
                each["waiting_count"],
                each["queued_count"],
                each["running_count"],
                f"paused by {each['paused_by']} {each['reason']}" if each["paused_at"] else "",
            ]
            for each in found
        ],
    )


@stage.command()
@_name
@click.option("--reason", default="", help="Why, for the other operators.")
@now_option
@deployment_options
@json_option
def pause(name: str, reason: str, now: bool, choice: Choice, as_json: bool) -> None:
    """Let nothing of a stage start; what runs may end."""
    with open_operator(choice) as at:
        told: dict[str, Any] = at.ask(
            Question(
                sql="select private.pause_stage(%s, %s, %s)",
                arguments=(name, reason, now),
                method="POST",
                path=f"/operations/stages/{name}/pause",
                body={"reason": reason, "now": now},
            )
        )
    tell(told, f"{name} is held back; {count_of(told['changed_tasks'], 'task')} taken back.", as_json=as_json)


@stage.command()
@_name
@deployment_options
@json_option
def resume(name: str, choice: Choice, as_json: bool) -> None:
    """Let a stage go on."""
    with open_operator(choice) as at:
        told: dict[str, Any] = at.ask(
            Question(
                sql="select private.resume_stage(%s)",
                arguments=(name,),
                method="POST",
                path=f"/operations/stages/{name}/resume",
            )
        )
    tell(told, f"{name} goes on; {count_of(told['changed_tasks'], 'task')} released.", as_json=as_json)
