"""`cliprow ops tenant` and `cliprow ops gc`: tenants that are deleted, and the garbage of all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.control import tell
from cliprow.cli.deployment import Choice, deployment_options
from cliprow.cli.operator import open_operator
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import Conflict


@click.group()
def tenant() -> None:
    """Delete and restore tenants; for operators. Owners have `cliprow tenant delete`."""


def check_name(name: str) -> None:
    """Have somebody type the name of what is to be deleted.

    Raises:
        Conflict: it is another one.
    """
    typed = click.prompt(f"Type {name!r}, the name of the team, to delete it with all its videos", err=True)
    if typed != name:
        raise Conflict("Nothing was deleted: that is not its name.", next_step="Repeat the command.")


def tell_deleted(told: dict[str, Any], *, as_json: bool) -> None:
    """What becomes of a deleted tenant."""
    purge = f"Rows and files are removed from {shown(told['purged_from'])} on." if told["purged_from"] else ""
    tell(told, f"{told['name']} is deleted, and its members are out. {purge}".strip(), as_json=as_json)


@tenant.command()
@click.argument("tenant_id", metavar="TENANT", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask for the id again.")
@deployment_options
@json_option
def delete(tenant_id: UUID, yes: bool, choice: Choice, as_json: bool) -> None:
    """Delete TENANT (its id): its members are out at once, its work ends, rows and files go later."""
    if not yes:
        check_name(str(tenant_id))
    with open_operator(choice) as at:
        told = at.ask(
            Question(
                sql="select private.delete_any_tenant(%s)",
                arguments=(tenant_id,),
                method="DELETE",
                path=f"/operations/tenants/{tenant_id}",
            )
        )
    tell_deleted(told, as_json=as_json)


@tenant.command()
@click.argument("tenant_id", metavar="TENANT", type=click.UUID)
@deployment_options
@json_option
def restore(tenant_id: UUID, choice: Choice, as_json: bool) -> None:
    """Bring back a deleted TENANT (its id), as long as its purge has not begun. Its work stays withdrawn."""
    with open_operator(choice) as at:
        told = at.ask(
            Question(
                sql="select private.restore_tenant(%s)",
                arguments=(tenant_id,),
                method="POST",
                path=f"/operations/tenants/{tenant_id}/restore",
            )
        )
    tell(told, f"{told['name']} is back, with its members.", as_json=as_json)


@tenant.command()
@deployment_options
@json_option
def deleted(choice: Choice, as_json: bool) -> None:
    """List the tenants deleted last, and how far their purge is."""
    with open_operator(choice) as at:
        found = at.ask(
            Question(
                sql="select jsonb_build_object('items', coalesce(jsonb_agg(to_jsonb(d)), '[]'))"
                " from private.list_deleted_tenants() as d",
                path="/operations/deleted-tenants",
            )
        )["items"]
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No tenant is deleted.")
    else:
        print_table(
            ["Id", "Name", "Deleted", "By", "Rows removed", "Purged"],
            [
                [
                    d["tenant_id"], d["name"], shown(d["deleted_at"]), d["deleted_by"] or "an operator", d["row_count"],
                    shown(d["purged_at"]) if d["purged_at"] else "",
                ]
                for d in found
            ],
        )  # fmt: skip


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say how much there is.")
@deployment_options
@json_option
def gc(dry_run: bool, choice: Choice, as_json: bool) -> None:
    """Condemn what nothing refers to in the stored content of all tenants; the workers remove it after the grace time."""
    told: dict[str, Any] = {
        "tenants": 0,
        "artifacts": 0,
        "bytes": 0,
        "next_after": None,
        "is_finished": False,
    }
    with open_operator(choice) as at:
        while not told["is_finished"]:
            after = told["next_after"]
            more = at.ask(
                Question(
                    sql="select private.collect_garbage_of_all(%s, %s)",
                    arguments=(after, dry_run),
                    method="POST",
                    path="/operations/content/garbage",
                    body={"after": after, "is_dry_run": dry_run},
                )
            )
            told = more | {name: told[name] + more[name] for name in ("tenants", "artifacts", "bytes")}
    done = "could be condemned" if dry_run else "condemned"
    text = f"{told['artifacts']} artifacts ({told['bytes']:,} bytes) of {told['tenants']} tenants {done}."
    tell({name: told[name] for name in ("tenants", "artifacts", "bytes")}, text, as_json=as_json)
