"""`cliprow webhook`: addresses that are called when a batch or job has ended or waits to be looked at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput, NotFound

_EVENTS = ("batch.ended", "batch.waiting", "job.ended", "job.waiting", "budget.warned", "budget.exceeded")


@click.group()
def webhook() -> None:
    """Call your servers when a batch or job has ended or waits, or a budget is used up. For admins and owners."""


@webhook.command()
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, type=click.Choice(_EVENTS), default=("batch.ended",), show_default=True
)  # fmt: skip
@click.option("--description", default="", help="What people call it.")
@deployment_options
@json_option
def create(url: str, events: tuple[str, ...], description: str, choice: Choice, as_json: bool) -> None:
    """Have URL called. Prints the secret to check the signature with; it is not shown again."""
    body = {"url": url, "events": list(events), "description": description}
    with open_deployment(choice) as at:
        made = at.ask(
            Question(
                sql="select public.create_webhook(%s)", arguments=(body,), method="POST", path="/webhooks", body=body
            )
        )  # fmt: skip
    if as_json:
        print_json(made)
        return
    click.echo(f"{made['url']} is called at {', '.join(made['events'])}. Its id is {made['id']}.")
    click.echo(f"Secret: {made['secret']}")
    click.echo(f"Next: `cliprow webhook test {made['id']}`.")


@webhook.command("list")
@deployment_options
@json_option
def list_command(choice: Choice, as_json: bool) -> None:
    """All webhooks, the newest first."""
    with open_deployment(choice) as at:
        found = _list(at)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There are no webhooks that you may see. Next: `cliprow webhook create https://...`.")
    else:
        print_table(
            ["Id", "Address", "Events", "Note"],
            [
                [w["id"], w["url"], ", ".join(w["events"]), w["disabled_reason"] or ("" if w["is_active"] else "off")]
                for w in found
            ],
        )  # fmt: skip


@webhook.command()
@click.argument("name")
@click.option("--url", help="Another address.")
@click.option("--event", "events", multiple=True, type=click.Choice(_EVENTS), help="Other events.")
@click.option("--on/--off", "is_active", default=None, help="Switch it on or off.")
@deployment_options
@json_option
def change(
    name: str, url: str | None, events: tuple[str, ...], is_active: bool | None, choice: Choice, as_json: bool
) -> None:
    """Change a webhook (its id or address), or switch it on or off."""
    given = {"url": url, "events": list(events) or None, "is_active": is_active}
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise InvalidInput("Nothing is to be changed.", next_step="Add --url, --event, --on or --off.")
    made = _ask(name, choice, "select public.change_webhook(%s, %s)", "PATCH", "", body, send_body=True)
    _tell(made, f"{made['url']} is {'called' if made['is_active'] else 'not called'}.", as_json=as_json)


@webhook.command()
@click.argument("name")
@deployment_options
@json_option
def test(name: str, choice: Choice, as_json: bool) -> None:
    """Call it with an event webhook.test."""
    made = _ask(name, choice, "select public.test_webhook(%s)", "POST", "/test")
    _tell(made, f"It is called soon. Next: `cliprow webhook deliveries {name}`.", as_json=as_json)


@webhook.command()
@click.argument("name")
@deployment_options
@json_option
def secret(name: str, choice: Choice, as_json: bool) -> None:
    """Give it another secret; for a day it is signed with the old one too."""
    made = _ask(name, choice, "select public.rotate_webhook_secret(%s)", "POST", "/secret")
    _tell(made, f"Secret: {made['secret']}", as_json=as_json)


@webhook.command()
@click.argument("name")
@click.option("--status", type=click.Choice(["pending", "delivered", "dead"]), help="Only these.")
@deployment_options
@json_option
def deliveries(name: str, status: str | None, choice: Choice, as_json: bool) -> None:
    """What it was told, and how it answered, the newest first."""
    with open_deployment(choice) as at:
        key = _find(at, name)["id"]
        found = at.ask(
            Question(
                sql="select public.list_webhook_deliveries(%s, %s, null, 200)",
                arguments=(UUID(key), status),
                path=f"/webhooks/{key}/deliveries",
                parameters={"status": status},
            )
        )
    if as_json:
        print_json(found)
        return
    print_table(
        ["Id", "Event", "Status", "Tries", "Since", "Next", "Error"],
        [
            [
                d["id"], d["event"], d["status"], d["attempt_count"], shown(d["created_at"]), shown(d["next_at"]),
                d["last_error"] if d["status"] != "delivered" else "",
            ]
            for d in found
        ],
    )  # fmt: skip


@webhook.command()
@click.argument("name")
@click.argument("delivery", required=False, type=click.UUID)
@deployment_options
@json_option
def redeliver(name: str, delivery: UUID | None, choice: Choice, as_json: bool) -> None:
    """Send a delivery again; without DELIVERY all that was given up."""
    if delivery is None:
        made = _ask(name, choice, "select public.redeliver(%s)", "POST", "/redeliver")
    else:
        made = _ask(
            name, choice, "select public.redeliver(%s, %s)", "POST", f"/deliveries/{delivery}/redeliver", delivery
        )  # fmt: skip
    _tell(made, f"Sent again: {made['deliveries']}.", as_json=as_json)


@webhook.command()
@click.argument("name")
@deployment_options
def delete(name: str, choice: Choice) -> None:
    """Remove a webhook and what it was told."""
    _ask(name, choice, "select public.delete_webhook(%s)", "DELETE", "")
    click.echo("It is called no more.")


def _ask(
    name: str, choice: Choice, sql: Any, method: str, path: str, *arguments: Any, send_body: bool = False
) -> Any:
    with open_deployment(choice) as at:
        key = _find(at, name)["id"]
        return at.ask(
            Question(
                sql=sql,
                arguments=(UUID(key), *arguments),
                method=method,
                path=f"/webhooks/{key}{path}",
                body=arguments[0] if send_body else None,
            )
        )


def _list(at: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = at.ask(
        Question(
            sql="select coalesce(jsonb_agg(to_jsonb(w) - 'tenant_id' order by w.id desc), '[]') from public.webhooks as w",
            path="/webhooks",
        )
    )
    return found


def _find(at: Deployment, name: str) -> dict[str, Any]:
    for each in _list(at):
        if name in (each["id"], each["url"]):
            return each
    raise NotFound(f"There is no webhook {name}.", next_step="`cliprow webhook list` shows those there are.")


def _tell(made: Any, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        click.echo(text)
