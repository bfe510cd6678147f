"""`cliprow prices` and `cliprow budget`: what work costs, and how much it may cost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.amount import AMOUNT
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput

_UNITS = ("call", "1k_input_tokens", "1k_output_tokens", "character", "second")


def _number(amount: Decimal | str) -> Decimal | None:
    return amount if isinstance(amount, Decimal) else None


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
        print_table(
            ["Provider", "Model", "Unit", "Price", "From", ""],
            [
                [
                    p["provider"], p["model"] or "any", p["unit"], f"{p['amount']:g} {p['currency']}",
                    shown(p["valid_from"]), "yours" if p["is_own"] else "of all",
                ]
                for p in found["prices"]
            ],
        )  # fmt: skip


@prices.command("set")
@click.argument("provider")
@click.argument("unit", type=click.Choice(_UNITS))
@click.argument("amount", type=AMOUNT)
@click.option("--model", default="", help="Only of this model.")
@click.option("--currency", default="USD", show_default=True)
@click.option("--from", "valid_from", type=click.DateTime(), help="Holds from then on (UTC; default: now).")
@deployment_options
@json_option
def set_price(
    provider: str,
    unit: str,
    amount: Decimal | str,
    model: str,
    currency: str,
    valid_from: datetime | None,
    choice: Choice,
    as_json: bool,
) -> None:
    """Set what your team pays PROVIDER for a UNIT; AMOUNT `none` removes the price. For admins."""
    since = valid_from.replace(tzinfo=UTC).isoformat() if valid_from else None
    number = _number(amount)
    body = {
        "provider": provider,
        "unit": unit,
        "amount": None if number is None else float(number),
        "model": model,
    }
    with open_deployment(choice) as at:
        made = at.ask(
            Question(
                sql="select public.set_price(%s, %s, %s, %s, %s, %s::timestamptz)",
                arguments=(provider, unit, number, model, currency, since),
                method="PUT",
                path="/prices",
                body={**body, "currency": currency, "valid_from": since},
            )
        )
    said = "has no price of yours" if number is None else f"costs {made['amount']:g} {made['currency']}"
    _tell(made, f"{provider} {model}, {unit}: {said}.".replace(" ,", ","), as_json=as_json)


@prices.command()
@click.argument("provider", required=False)
@click.option("--requests", type=click.IntRange(min=1), help="Most requests a minute (default: no limit).")
@click.option("--tokens", type=click.IntRange(min=1), help="Most tokens a minute (default: no limit).")
@deployment_options
@json_option
def rate(
    provider: str | None, requests: int | None, tokens: int | None, choice: Choice, as_json: bool
) -> None:
    """How often your team asks PROVIDER at most; without PROVIDER all rates that hold for you. For admins."""
    if provider is None and (requests or tokens):
        raise InvalidInput("Whose rate is to be set?", next_step="Name the provider, like openai.")
    with open_deployment(choice) as at:
        if provider is None:
            found = at.ask(Question(sql="select public.list_provider_rates()", path="/provider-rates"))
        else:
            body = {"provider": provider, "requests_per_minute": requests, "tokens_per_minute": tokens}
            found = at.ask(
                Question(
                    sql="select public.set_provider_rate(%s, %s, %s)",
                    arguments=(provider, requests, tokens),
                    method="PUT",
                    path="/provider-rates",
                    body=body,
                )
            )
    if as_json:
        print_json(found)
        return
    rates = found if provider is None else [{**found, "is_own": True, "closed_until": None}]
    print_table(
        ["Provider", "Requests/min", "Tokens/min", "", "Closed until"],
        [
            [
                r["provider"], r["requests_per_minute"], r["tokens_per_minute"], "yours" if r["is_own"] else "of all",
                shown(r["closed_until"]),
            ]
            for r in rates
        ],
    )  # fmt: skip


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
        found = at.ask(Question(sql="select public.list_budgets()", path="/budgets"))
    if as_json:
        print_json(found)
    elif not found:
        click.echo("There is no budget: nothing is held back. Next: `cliprow budget set 50`.")
    else:
        _print(found)


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
    number = _number(amount)
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


def _tell(made: Any, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        click.echo(text)
