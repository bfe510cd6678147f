"""For operators: prices of providers, and how often they may be asked, for all tenants."""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import msgspec
from litestar import Response, Router, get, put
from litestar.params import JSONBody

from cliprow.api.answers import json_answer
from cliprow.api.operators import OPERATOR, ask_as_operator, is_operator
from cliprow.api.request import ApiRequest
from cliprow.api.routes.costs import NewPrice, NewProviderRate, SetPrice, SetProviderRate, exact


class CommonPrices(msgspec.Struct, frozen=True, kw_only=True):
    """What tenants pay that have no prices of their own for a provider."""

    items: list[SetPrice]


class CommonRate(NewProviderRate, frozen=True, kw_only=True):
    """How often all tenants together ask a provider at most."""

    #: The provider asked to be left alone until then.
    closed_until: datetime | None


class CommonRates(msgspec.Struct, frozen=True, kw_only=True):
    """The rates for all tenants together."""

    items: list[CommonRate]


_PRICES: LiteralString = "select jsonb_build_object('items', private.list_prices_for_all())::text"
_RATES: LiteralString = """
select jsonb_build_object('items', coalesce(jsonb_agg(r - 'is_own'), '[]'))::text
from jsonb_array_elements(private.list_provider_rates_for_all()) as r
"""


@get("/operations/prices")
async def list_common_prices(request: ApiRequest) -> Response[CommonPrices]:
    """List the prices for all tenants that have none of their own."""
    return json_answer(await ask_as_operator(request, _PRICES))


@put("/operations/prices")
async def set_common_price(request: ApiRequest, data: JSONBody[NewPrice]) -> Response[SetPrice]:
    """Set what a provider takes for a unit, for all tenants that have no prices of their own, or remove it."""
    return json_answer(
        await ask_as_operator(
            request,
            "select private.set_price_for_all(%s, %s, %s, %s, %s, %s)::text",
            data.provider,
            data.unit,
            exact(data.amount),
            data.model,
            data.currency,
            data.valid_from,
        )
    )


@get("/operations/provider-rates")
async def list_common_rates(request: ApiRequest) -> Response[CommonRates]:
    """List how often all tenants together may ask providers."""
    return json_answer(await ask_as_operator(request, _RATES))


@put("/operations/provider-rates")
async def set_common_rate(request: ApiRequest, data: JSONBody[NewProviderRate]) -> Response[SetProviderRate]:
    """Set how often all tenants together ask a provider at most; without numbers, remove the limits."""
    return json_answer(
        await ask_as_operator(
            request,
            "select private.set_provider_rate_for_all(%s, %s, %s)::text",
            data.provider,
            data.requests_per_minute,
            data.tokens_per_minute,
        )
    )


router = Router(
    path="/",
    route_handlers=[list_common_prices, set_common_price, list_common_rates, set_common_rate],
    guards=[is_operator],
    security=OPERATOR,
    tags=["Operations"],
)
