"""`cliprow ops prices`: what providers take and bear, for all tenants."""

from __future__ import annotations

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, deployment_options
from cliprow.cli.operator import open_operator
from cliprow.cli.output import json_option, print_json
from cliprow.cli.pricing import (
    Price,
    Rate,
    price_options,
    print_prices,
    print_rates,
    rate_options,
    tell_price,
)


@click.group()
def prices() -> None:
    """What providers take, and how often they may be asked, for all tenants. For operators."""


@prices.command("list")
@deployment_options
@json_option
def list_command(choice: Choice, as_json: bool) -> None:
    """The prices for all tenants that have none of their own."""
    with open_operator(choice) as at:
        found = at.ask(
            Question(
                sql="select jsonb_build_object('items', private.list_prices_for_all())",
                path="/operations/prices",
            )
        )["items"]
    if as_json:
        print_json(found)
    elif not found:
        click.echo(
            "There are no prices for all: providers cost nothing. Next: `cliprow ops prices set openai call 0.01`."
        )
    else:
        print_prices(found)


@prices.command("set")
@price_options
@deployment_options
@json_option
def set_command(price: Price, choice: Choice, as_json: bool) -> None:
    """Set what PROVIDER takes for a UNIT, for all tenants without prices of their own; AMOUNT `none` removes it."""
    with open_operator(choice) as at:
        made = at.ask(
            Question(
                sql="select private.set_price_for_all(%s, %s, %s, %s, %s, %s::timestamptz)",
                arguments=price.arguments,
                method="PUT",
                path="/operations/prices",
                body=price.body,
            )
        )
    tell_price(made, "has no price for all any more", as_json=as_json)


@prices.command()
@rate_options
@deployment_options
@json_option
def rate(rate: Rate | None, choice: Choice, as_json: bool) -> None:
    """How often all tenants together ask PROVIDER at most (without options: no limit); without PROVIDER all rates."""
    with open_operator(choice) as at:
        if rate is None:
            found = at.ask(
                Question(
                    sql="select jsonb_build_object('items', private.list_provider_rates_for_all())",
                    path="/operations/provider-rates",
                )
            )["items"]
        else:
            found = at.ask(
                Question(
                    sql="select private.set_provider_rate_for_all(%s, %s, %s)",
                    arguments=rate.arguments,
                    method="PUT",
                    path="/operations/provider-rates",
                    body=rate.body,
                )
            )
    if as_json:
        print_json(found)
    else:
        print_rates(found if rate is None else [{**found, "closed_until": None}])
