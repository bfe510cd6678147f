"""Prices and rates of providers, as commands take and print them: those of a team, and those for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import click

from cliprow.cli.amount import AMOUNT
from cliprow.cli.output import print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput

_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS = ("call", "1k_input_tokens", "1k_output_tokens", "character", "second")


@dataclass(frozen=True)
class Price:
    """A price that is to be set."""

    provider: str
    unit: str
    #: None removes it.
    amount: Decimal | None
    model: str
    currency: str
    #: In ISO 8601; None for now.
    valid_from: str | None

    @property
    def arguments(self) -> tuple[object, ...]:
        """Of the SQL functions that set one."""
        return self.provider, self.unit, self.amount, self.model, self.currency, self.valid_from

    @property
    def body(self) -> dict[str, object]:
        """Of the requests that set one."""
        return {
            "provider": self.provider,
            "unit": self.unit,
            "amount": None if self.amount is None else float(self.amount),
            "model": self.model,
            "currency": self.currency,
            "valid_from": self.valid_from,
        }


@dataclass(frozen=True)
class Rate:
    """A rate that is to be set; None for no limit."""

    provider: str
    requests_per_minute: int | None
    tokens_per_minute: int | None

    @property
    def arguments(self) -> tuple[object, ...]:
        """Of the SQL functions that set one."""
        return self.provider, self.requests_per_minute, self.tokens_per_minute

    @property
    def body(self) -> dict[str, object]:
        """Of the requests that set one."""
        return {
            "provider": self.provider,
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
        }


def number_of(amount: Decimal | str) -> Decimal | None:
    """An amount; None for `none`."""
    return amount if isinstance(amount, Decimal) else None


def price_options(command: _Command) -> _Command:
    """Give a command what says a price, as one argument `price`."""

    def gather(
        *,
        provider: str,
        unit: str,
        amount: Decimal | str,
        model: str,
        currency: str,
        valid_from: datetime | None,
        **arguments: Any,
    ) -> Any:
        since = valid_from.replace(tzinfo=UTC).isoformat() if valid_from else None
        price = Price(provider, unit, number_of(amount), model, currency, since)
        return command(price=price, **arguments)

    return _with(command, gather, [
        click.argument("provider"),
        click.argument("unit", type=click.Choice(_UNITS)),
        click.argument("amount", type=AMOUNT),
        click.option("--model", default="", help="Only of this model."),
        click.option("--currency", default="USD", show_default=True),
        click.option("--from", "valid_from", type=click.DateTime(), help="Holds from then on (UTC; default: now)."),
    ])  # fmt: skip


def rate_options(command: _Command) -> _Command:
    """Give a command what says a rate, as one argument `rate`; None where no provider is named."""

    def gather(*, provider: str | None, requests: int | None, tokens: int | None, **arguments: Any) -> Any:
        if provider is None and (requests or tokens):
            raise InvalidInput("Whose rate is to be set?", next_step="Name the provider, like openai.")
        return command(rate=provider and Rate(provider, requests, tokens), **arguments)

    return _with(command, gather, [
        click.argument("provider", required=False),
        click.option("--requests", type=click.IntRange(min=1), help="Most requests a minute (default: no limit)."),
        click.option("--tokens", type=click.IntRange(min=1), help="Most tokens a minute (default: no limit)."),
    ])  # fmt: skip


def _with(command: _Command, gather: Callable[..., Any], options: list[Callable[[Any], Any]]) -> _Command:
    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gathered: Any = gather
    for option in reversed(options):
        gathered = option(gathered)
    gathered.__click_params__ = [*getattr(command, "__click_params__", []), *gathered.__click_params__]
    return gathered  # type: ignore[no-any-return]


def print_prices(prices: list[dict[str, Any]]) -> None:
    """Prices, with whose they are where that is told."""
    print_table(
        ["Provider", "Model", "Unit", "Price", "From", ""],
        [
            [
                p["provider"], p["model"] or "any", p["unit"], f"{p['amount']:g} {p['currency']}",
                shown(p["valid_from"]), _whose(p),
            ]
            for p in prices
        ],
    )  # fmt: skip


def print_rates(rates: list[dict[str, Any]]) -> None:
    """Rates, with whose they are where that is told."""
    print_table(
        ["Provider", "Requests/min", "Tokens/min", "", "Closed until"],
        [
            [
                r["provider"],
                r["requests_per_minute"],
                r["tokens_per_minute"],
                _whose(r),
                shown(r["closed_until"]),
            ]
            for r in rates
        ],
    )


def _whose(row: dict[str, Any]) -> str:
    return "yours" if row.get("is_own") else "of all"


def tell_price(made: dict[str, Any], without: str, *, as_json: bool) -> None:
    """What a provider takes now; `without` says that it takes nothing any more."""
    if as_json:
        print_json(made)
        return
    name = f"{made['provider']} {made['model']}".strip()
    said = without if made["amount"] is None else f"costs {made['amount']:g} {made['currency']}"
    click.echo(f"{name}, {made['unit']}: {said}.")
