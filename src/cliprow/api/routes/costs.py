"""What providers take, how often they may be asked, what was paid, and how much may be."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get, put
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from cliprow.api.answers import json_answer
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Limit, Page, as_uuid, decode_cursor, page_json
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import Amount

Unit = Literal["call", "1k_input_tokens", "1k_output_tokens", "character", "second"]
Provider = Annotated[str, Meta(min_length=1, max_length=100)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
#: `scope` itself is a word of the framework.
ScopeName = Annotated[Literal["tenant", "project", "batch", "job"], QueryParameter(name="scope")]
PerMinute = Annotated[int, Meta(ge=1, le=2_147_483_647)]


class NewPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider takes for a unit."""

    provider: Provider
    unit: Unit
    #: Null removes the price.
    amount: Amount | None
    #: Empty for all models without a price of their own.
    model: Annotated[str, Meta(max_length=200)] = ""
    currency: Currency = "USD"
    #: Null: now.
    valid_from: datetime | None = None


class SetPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price of the tenant, as it is now; without amount and moment it is removed."""

    provider: str
    unit: Unit
    amount: float | None
    model: str
    currency: str
    valid_from: datetime | None


class Price(SetPrice, frozen=True, kw_only=True):
    """A price that holds for the tenant, or is to."""

    #: The tenant's own; those of a provider replace all others of it.
    is_own: bool


class StageCost(msgspec.Struct, frozen=True, kw_only=True):
    """What runs a stage, and whether it costs."""

    stage: str
    #: Null where no worker has said.
    provider: str | None
    model: str | None
    #: By the settings of the tenant, instead of the provider's prices.
    per_task: float | None
    does_cost: bool


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What the tenant pays."""

    currency: str
    stages: list[StageCost]
    prices: list[Price]


class NewProviderRate(msgspec.Struct, frozen=True, kw_only=True):
    """How often the tenant asks a provider at most; null for no limit."""

    provider: Provider
    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None


class SetProviderRate(NewProviderRate, frozen=True, kw_only=True):
    """The rates of a provider for the tenant."""


class ProviderRate(NewProviderRate, frozen=True, kw_only=True):
    """Rates that hold for the tenant."""

    #: The tenant's own; else of all tenants together.
    is_own: bool
    #: The provider asked to be left alone until then.
    closed_until: datetime | None


class MonthCost(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid in a month (UTC) and currency. Of a job only amount and attempts are told."""

    #: Its first day.
    month: date
    currency: str
    amount: float
    call_count: int = 0
    #: Tasks that were paid for by the task.
    task_count: int = 0
    attempt_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    seconds: float = 0.0
    updated_at: datetime | None = None


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for a tenant, project, batch or job."""

    scope: Literal["tenant", "project", "batch", "job"]
    scope_id: UUID | None
    costs: list[MonthCost]


class NewBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much the tenant, or a project or batch of it, may cost."""

    scope: Literal["tenant", "project", "batch"] = "tenant"
    #: Of the project or batch.
    scope_id: UUID | None = None
    #: Null removes the limit.
    amount: Amount | None
    #: By month (UTC), or in all; null: in all for a batch, else by month.
    period: Literal["month", "total"] | None = None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, and how much of it is used."""

    id: UUID | None
    scope: Literal["tenant", "project", "batch"] | None
    scope_id: UUID
    period: Literal["month", "total"]
    #: Null where it was just removed.
    amount: float | None
    spent: float
    #: What is paid in others does not count.
    currency: str
    percent: int | None
    #: warned: four fifths are used; exceeded: nothing more is released that costs.
    state: Literal["open", "warned", "exceeded"]
    warned_at: datetime | None
    exceeded_at: datetime | None
    #: Tasks that wait because of it.
    held_tasks: int


class BudgetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a budget, as it was then."""

    id: UUID
    #: warned: four fifths were used; exceeded: what costs is held back; raised; lifted: removed, or another month has begun.
    event: Literal["budget.warned", "budget.exceeded", "budget.raised", "budget.lifted"]
    scope: Literal["tenant", "project", "batch"]
    scope_id: UUID
    period: Literal["month", "total"]
    amount: float
    spent: float
    currency: str
    #: Who raised or removed it.
    user_id: UUID | None
    created_at: datetime


_RATES: LiteralString = (
    "select json_build_object('items', public.list_provider_rates(), 'next_cursor', null)::text"
)


@get("/prices")
async def list_prices(request: ApiRequest) -> Response[Prices]:
    """List the prices that hold for the tenant, and which stages cost."""
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.list_prices()::text"))


@put("/prices")
async def set_price(request: ApiRequest, data: JSONBody[NewPrice]) -> Response[SetPrice]:
    """Set what the tenant pays a provider for a unit, or remove it. For admins."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.set_price(%s, %s, %s, %s, %s, %s)::text",
                data.provider,
                data.unit,
                exact(data.amount),
                data.model,
                data.currency,
                data.valid_from,
            )
        )


@get("/provider-rates")
async def list_provider_rates(request: ApiRequest) -> Response[Page[ProviderRate]]:
    """List how often providers may be asked."""
    async with request.acting() as transaction:
        return json_answer(await transaction.value(_RATES))


@put("/provider-rates")
async def set_provider_rate(
    request: ApiRequest, data: JSONBody[NewProviderRate]
) -> Response[SetProviderRate]:
    """Set how often the tenant asks a provider at most. For admins."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.set_provider_rate(%s, %s, %s)::text",
                data.provider,
                data.requests_per_minute,
                data.tokens_per_minute,
            )
        )


@get("/costs")
async def list_costs(
    request: ApiRequest,
    of: ScopeName = "tenant",
    scope_id: FromQuery[str | None] = None,
) -> Response[Costs]:
    """Show what was paid for the tenant, or a project, batch or job, by month."""
    key = as_uuid(scope_id, "scope_id") if scope_id is not None else None
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.list_costs(%s, %s)::text", of, key))


@get("/budgets")
async def list_budgets(
    request: ApiRequest, cursor_text: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> Response[Page[Budget]]:
    """List the budgets of the tenant, then of its projects and of batches, of each the newest first, with what is spent and
    what waits.
    """
    after = decode_cursor(cursor_text, (str, UUID)) if cursor_text is not None else (None, None)
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_budgets(%s, %s, %s)", *after, limit + 1
        )
    rows = [(msgspec.json.encode(each).decode(), each["scope"], each["id"]) for each in found]
    return json_answer(page_json(rows, limit))


@get("/budgets/events")
async def list_budget_events(
    request: ApiRequest,
    scope_id: Annotated[
        str | None, QueryParameter(description="Only of this tenant, project or batch.")
    ] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[BudgetEvent]]:
    """List what became of budgets, the newest first; followers of live topics are told the same as `budget`."""
    (before,) = decode_cursor(cursor_text, (UUID,)) if cursor_text is not None else (None,)
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_budget_events(%s, %s, %s)", as_uuid(scope_id, "scope_id"), before, limit + 1
        )
    return json_answer(page_json([(msgspec.json.encode(each).decode(), each["id"]) for each in found], limit))


@put("/budgets")
async def set_budget(request: ApiRequest, data: JSONBody[NewBudget]) -> Response[Budget]:
    """Set how much the tenant, or a project or batch, may cost, or remove the limit."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                "select public.set_budget(%s, %s, %s, %s)::text",
                data.scope,
                exact(data.amount),
                data.scope_id,
                data.period,
            )
        )


def exact(amount: float | None) -> Decimal | None:
    """As it was written: 0.1, not the nearest double."""
    return None if amount is None else Decimal(repr(amount))


router = Router(
    path="/",
    route_handlers=[
        list_prices,
        set_price,
        list_provider_rates,
        set_provider_rate,
        list_costs,
        list_budgets,
        list_budget_events,
        set_budget,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Costs"],
)
