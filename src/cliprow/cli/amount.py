"""Amounts of money, as commands take them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click


class Amount(click.ParamType["Decimal | str"]):
    """An amount of money, or `none`."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal | str:
        """Read what was typed, like 2.50."""
        if isinstance(value, Decimal) or value == "none":
            return value  # type: ignore[no-any-return]
        try:
            amount = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is neither a number nor `none`.", param, ctx)
        if not amount.is_finite():
            self.fail(f"{value!r} is no amount.", param, ctx)
        return amount


AMOUNT = Amount()
#: The most that a batch may cost, as an option of what creates one.
budget_option = click.option(
    "--budget",
    type=click.FloatRange(0, 999_999_999),
    metavar="AMOUNT",
    help="Let it cost so much at most, in all.",
)
