"""`cliprow library`: scenes kept for reuse, their versions, and which of them do well."""

from __future__ import annotations

from typing import Any

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput

_POLICY = ("promote_at", "demote_below", "archive_below", "archive_unused_days", "min_reports")


@click.group()
def library() -> None:
    """Scenes kept for reuse."""


def _policy_options(command: Any) -> Any:
    for name in reversed(_POLICY):
        command = click.option(
            f"--{name.replace('_', '-')}", name, type=float, help="Instead of the policy."
        )(command)
    return command


@library.command()
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@_policy_options
@deployment_options
@json_option
def curate(dry_run: bool, choice: Choice, as_json: bool, **policy: float | None) -> None:
    """Score scenes by how videos with them perform; promote what does well, archive what does not or is not used."""
    given: dict[str, object] = {name: value for name, value in policy.items() if value is not None}
    with open_deployment(choice) as at:
        told = at.ask(
            Question(
                sql="select public.curate_library(%s, %s)",
                arguments=(dry_run, given),
                method="POST",
                path="/library/curate",
                body={"is_dry_run": dry_run, "policy": given},
            )
        )
    if as_json:
        print_json(told)
    elif not told["changes"]:
        click.echo("Nothing is to be changed." if dry_run else "Nothing was changed.")
    else:
        print_table(
            ["Item", "From", "To", "Score", "Reason"],
            [
                [c["item_id"], c["old_category"], c["new_category"], round(c["score"], 1), c["reason"]]
                for c in told["changes"]
            ],
        )


@library.command()
@click.argument("item")
@deployment_options
@json_option
def versions(item: str, choice: Choice, as_json: bool) -> None:
    """What a scene of the library was, the newest version first."""
    with open_deployment(choice) as at:
        found = at.ask(
            Question(
                sql="select coalesce(jsonb_agg(to_jsonb(v) - '{id,tenant_id,item_id,content_keys}'::text[]"
                " order by v.number desc), '[]') from public.library_versions as v where v.item_id = %s::uuid",
                arguments=(item,),
                path=f"/library/items/{item}/versions",
            )
        )
    if as_json:
        print_json(found)
    else:
        print_table(
            ["Version", "Since", "Narration"],
            [[v["number"], shown(v["created_at"]), v["voiceover_text"]] for v in found],
        )


@library.command("add-version")
@click.argument("item")
@click.option("--narration", "voiceover_text", help="What is said.")
@click.option("--picture", "visual_description", help="What is seen.")
@click.option("--heading", help="What is written large.")
@deployment_options
@json_option
def add_version(item: str, choice: Choice, as_json: bool, **fields: str | None) -> None:
    """Change what a scene of the library says or shows from now on; jobs that took it keep what they have."""
    changes: dict[str, object] = {name: value for name, value in fields.items() if value is not None}
    if not changes:
        raise InvalidInput("Nothing is to be changed.", next_step="Add --narration, --picture or --heading.")
    with open_deployment(choice) as at:
        made = at.ask(
            Question(
                sql="select public.add_library_version(%s::uuid, %s)",
                arguments=(item, changes),
                method="POST",
                path=f"/library/items/{item}/versions",
                body=changes,
            )
        )
    if as_json:
        print_json(made)
    else:
        click.echo(f"Version {made['number']}.")


@library.command()
@click.argument("item")
@deployment_options
@json_option
def uses(item: str, choice: Choice, as_json: bool) -> None:
    """The jobs that took a scene of the library, and which version."""
    with open_deployment(choice) as at:
        found = at.ask(
            Question(
                sql="select coalesce(jsonb_agg(to_jsonb(u)), '[]') from public.library_uses(%s::uuid) as u",
                arguments=(item,),
                path=f"/library/items/{item}/uses",
            )
        )
    if as_json:
        print_json(found)
    else:
        print_table(
            ["Job", "Version", "Topic", "Status", "Created"],
            [[u["job_id"], u["version"], u["topic"], u["status"], shown(u["created_at"])] for u in found],
        )
