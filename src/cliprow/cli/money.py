"""`cliprow prices` and `cliprow budget`: what work costs, and how much it may cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.amount import AMOUNT
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.pricing import (
    Price,
    Rate,
    number_of,
    price_options,
    print_prices,
    print_rates,
    rate_options,
    tell_price,
)
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput


@click.group()
def prices() -> None:
    """What providers take, how often they may be asked, and what was paid."""


@prices.command("list")
@deployment_options
@json_option
def list_prices(choice: Choice, as_json: bool) -> None:
    """All prices that hold for you, and which stages cost."""
    with open_deployment(choice) as at:
        found = at.ask(Question(sql="select public.list_prices()", path="/prices"))
    if as_json:
        print_json(found)
        return
    print_table(
        ["Stage", "Provider", "Model", "Per task", "Costs"],
        [
            [s["stage"], s["provider"], s["model"], s["per_task"], "yes" if s["does_cost"] else "no"]
            for s in found["stages"]
        ],
    )
    if found["prices"]:
        print_prices(found["prices"])


@prices.command("set")
@price_options
@deployment_options
@json_option
def set_price(price: Price, choice: Choice, as_json: bool) -> None:
    """Set what your team pays PROVIDER for a UNIT; AMOUNT `none` removes the price. For admins."""
    with open_deployment(choice) as at:
        made = at.ask(
            Question(
                sql="select public.set_price(%s, %s, %s, %s, %s, %s::timestamptz)",
                arguments=price.arguments,
                method="PUT",
                path="/prices",
                body=price.body,
            )
        )
    tell_price(made, "has no price of yours", as_json=as_json)


@prices.command()
@rate_options
@deployment_options
@json_option
def rate(rate: Rate | None, choice: Choice, as_json: bool) -> None:
    """How often your team asks PROVIDER at most; without PROVIDER all rates that hold for you. For admins."""
    with open_deployment(choice) as at:
        if rate is None:
            found = at.ask(Question(sql="select public.list_provider_rates()", path="/provider-rates"))
        else:
            found = at.ask(
                Question(
                    sql="select public.set_provider_rate(%s, %s, %s)",
                    arguments=rate.arguments,
                    method="PUT",
                    path="/provider-rates",
                    body=rate.body,
                )
            )
    if as_json:
        print_json(found)
    else:
        print_rates(found if rate is None else [{**found, "is_own": True, "closed_until": None}])


@prices.command()
@click.option("--project", type=click.UUID, help="Only of this project (its id).")
@click.option("--batch", help="Only of this batch: its number, id, or `last`.")
@click.option("--job", help="Only of this job: its id, or batch and place like 12.3.")
@deployment_options
@json_option
def costs(project: UUID | None, batch: str | None, job: str | None, choice: Choice, as_json: bool) -> None:
    """What was paid, by month (UTC)."""
    with open_deployment(choice) as at:
        scope, key = _scope(at, project, batch, job)
        found = at.ask(
            Question(
                sql="select public.list_costs(%s, %s)",
                arguments=(scope, key),
                path="/costs",
                parameters={"scope": scope, "scope_id": key},
            )
        )
    if as_json:
        print_json(found)
    elif not found["costs"]:
        click.echo("Nothing was paid.")
    else:
        print_table(
            ["Month", "Cost", "Calls", "Tokens in", "Tokens out"],
            [
                [
                    c["month"][:7], f"{c['amount']:g} {c['currency']}", c.get("call_count"), c.get("input_tokens"),
                    c.get("output_tokens"),
                ]
                for c in found["costs"]
            ],
        )  # fmt: skip


@click.group()
def budget() -> None:
    """How much a team, project or batch may cost."""


@budget.command()
@deployment_options
@json_option
def show(choice: Choice, as_json: bool) -> None:
    """All budgets: what is spent, and what waits because one is used up."""
    with open_deployment(choice) as at:
        found = at.ask(Question(sql="select public.list_budgets(max_rows => 1000)", path="/budgets"))
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There is no budget: nothing is held back. Next: `cliprow budget set 50`.")
    else:
        _print(found)


@budget.command()
@click.option("--project", type=click.UUID, help="Only of this project (its id).")
@click.option("--batch", help="Only of this batch: its number, id, or `last`.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Most listed.")
@deployment_options
@json_option
def history(project: UUID | None, batch: str | None, limit: int, choice: Choice, as_json: bool) -> None:
    """What became of budgets: warned at 80%, used up, raised and lifted; the newest first."""
    with open_deployment(choice) as at:
        _, key = _scope(at, project, batch, None)
        found = at.ask(
            Question(
                sql="select public.list_budget_events(%s, null, %s)",
                arguments=(key, limit),
                path="/budgets/events",
                parameters={} if key is None else {"scope_id": key},
                most=limit,
            )
        )
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Nothing became of a budget yet.")
    else:
        print_table(
            ["When", "Event", "Of", "Id", "Spent", "Limit"],
            [
                [
                    shown(e["created_at"]), e["event"].removeprefix("budget."), e["scope"], e["scope_id"],
                    f"{e['spent']:g} {e['currency']}", f"{e['amount']:g}",
                ]
                for e in found
            ],
        )  # fmt: skip


@budget.command("set")
@click.argument("amount", type=AMOUNT)
@click.option("--project", type=click.UUID, help="Of this project (its id).")
@click.option("--batch", help="Of this batch: its number, id, or `last`.")
@click.option("--period", type=click.Choice(["month", "total"]), help="Default: month; for a batch total.")
@deployment_options
@json_option
def set_budget(
    amount: Decimal | str,
    project: UUID | None,
    batch: str | None,
    period: str | None,
    choice: Choice,
    as_json: bool,
) -> None:
    """Let the team, or a project or batch, cost AMOUNT at most; `none` removes the limit."""
    number = number_of(amount)
    with open_deployment(choice) as at:
        scope, key = _scope(at, project, batch, None)
        body = {
            "scope": scope, "scope_id": str(key) if key else None, "period": period,
            "amount": None if number is None else float(number),
        }  # fmt: skip
        made = at.ask(
            Question(
                sql="select public.set_budget(%s, %s, %s, %s)",
                arguments=(scope, number, key, period),
                method="PUT",
                path="/budgets",
                body=body,
            )
        )
    if as_json:
        print_json(made)
    elif number is None:
        click.echo("There is no such limit any more.")
    else:
        _print([made])


def _scope(
    at: Deployment, project: UUID | None, batch: str | None, job: str | None
) -> tuple[str, UUID | None]:
    if sum(each is not None for each in (project, batch, job)) > 1:
        raise InvalidInput(
            "Only one of project, batch and job can be named.", next_step="Leave the others out."
        )
    if project is not None:
        return "project", project
    if batch is not None:
        return "batch", at.get_batch(batch).id
    return ("job", at.get_job(job).id) if job is not None else ("tenant", None)


def _print(budgets: list[dict[str, Any]]) -> None:
    print_table(
        ["Of", "Id", "Period", "Spent", "Limit", "", "State", "Held tasks"],
        [
            [
                b["scope"], b["scope_id"], b["period"], f"{b['spent']:g} {b['currency']}", f"{b['amount']:g}",
                f"{b['percent']}%", b["state"], b["held_tasks"],
            ]
            for b in budgets
        ],
    )  # fmt: skip
