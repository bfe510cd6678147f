"""Webhooks: addresses that are called when a batch or job has ended or waits. For admins and owners."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer
from cliprow.api.database import Transaction
from cliprow.api.idempotency import Created, IdempotencyKey, create_once
from cliprow.api.keys import not_found
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Limit, Page, as_uuid, decode_cursor, page_json
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.errors import InvalidInput

Event = Literal[
    "batch.ended", "batch.waiting", "job.ended", "job.waiting", "budget.warned", "budget.exceeded"
]
DeliveryStatus = Literal["pending", "delivered", "dead"]
Url = Annotated[str, Meta(min_length=1, max_length=2000)]
Events = Annotated[list[Event], Meta(min_length=1, max_length=6)]
Description = Annotated[str, Meta(max_length=200)]


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where to call, and when."""

    #: https, and on the public internet.
    url: Url
    #: `job.waiting`: a video has paused to be looked at; `batch.waiting`: all of its batch that are to be have.
    events: Events
    description: Description = ""
    is_active: bool = True


class WebhookChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    #: Switched off, what it was still to be told is given up.
    is_active: bool | UnsetType = UNSET


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is called."""

    id: UUID
    url: str
    events: list[Event]
    description: str
    is_active: bool
    #: Why it was switched off, where nobody did it.
    disabled_reason: str | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class CreatedWebhook(Webhook, frozen=True, kw_only=True):
    """A new one, with its secret, which is told this once: with it a server knows that a call is ours."""

    secret: str


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Another secret, told this once. For a day calls are signed with the old one too."""

    webhook_id: UUID
    secret: str


class TestedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """It is called with an event `webhook.test`; its deliveries say how that went."""

    webhook_id: UUID


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a webhook is told; the header `webhook-id` is its id, the same in each try."""

    id: UUID
    event: str
    #: What is sent: {type, timestamp, data}.
    payload: dict[str, Any]
    #: delivered: answered with a 2xx; dead: given up after ten tries in three days.
    status: DeliveryStatus
    attempt_count: int
    response_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None
    next_at: datetime | None


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """How many are sent again."""

    webhook_id: UUID
    deliveries: int


_WEBHOOK: LiteralString = """w.id, w.url, w.events, w.description, w.is_active, w.disabled_reason, w.created_by,
  w.created_at, w.updated_at"""


@post("/webhooks")
async def create_webhook(
    request: ApiRequest, data: JSONBody[NewWebhook], key: IdempotencyKey = None
) -> Response[CreatedWebhook]:
    """Have an address called when a batch or job has ended or waits, signed as Standard Webhooks says."""

    async def create(transaction: Transaction) -> Created:
        made: dict[str, Any] = await transaction.value(
            "select public.create_webhook(%s)", Jsonb(msgspec.to_builtins(data))
        )
        return Created(body=msgspec.json.encode(made).decode(), location=f"/webhooks/{made['id']}")

    return await create_once(request, key, create)


@get("/webhooks")
async def list_webhooks(request: ApiRequest) -> Response[Page[Webhook]]:
    """List the tenant's webhooks, up to twenty; none to those who are no admins."""
    rows = await request.rows(
        "select json_build_object('items', coalesce(json_agg(to_json(r)), '[]'), 'next_cursor', null)::text from ("
        f" select {_WEBHOOK} from public.webhooks as w where w.tenant_id = %s order by w.id desc) as r",
        request.tenant_id,
    )
    return json_answer(rows[0][0])


@get("/webhooks/{webhook_id:str}")
async def get_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> Response[Webhook]:
    """Show a webhook."""
    rows = await request.rows(
        f"select to_json(r)::text from (select {_WEBHOOK} from public.webhooks as w"
        " where w.tenant_id = %s and w.id = %s) as r",
        request.tenant_id,
        as_uuid(webhook_id, "webhook_id"),
    )
    if not rows:
        raise not_found("webhook", webhook_id)
    return json_answer(rows[0][0])


@patch("/webhooks/{webhook_id:str}")
async def change_webhook(
    request: ApiRequest, webhook_id: FromPath[str], data: JSONBody[WebhookChange]
) -> Response[Webhook]:
    """Change a webhook, or switch it on or off."""
    changes = msgspec.to_builtins(data)
    if not changes:
        raise InvalidInput("The request changes nothing.", next_step="Send a field to change.")
    key = as_uuid(webhook_id, "webhook_id")
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select public.change_webhook(%s, %s)::text", key, Jsonb(changes))
        )


@delete("/webhooks/{webhook_id:str}")
async def delete_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> None:
    """Remove a webhook and what it was told."""
    async with request.acting() as transaction:
        await transaction.value("select public.delete_webhook(%s)", as_uuid(webhook_id, "webhook_id"))


@post("/webhooks/{webhook_id:str}/secret", status_code=200)
async def rotate_webhook_secret(request: ApiRequest, webhook_id: FromPath[str]) -> Response[WebhookSecret]:
    """Give a webhook another secret."""
    key = as_uuid(webhook_id, "webhook_id")
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.rotate_webhook_secret(%s)::text", key))


@post("/webhooks/{webhook_id:str}/test", status_code=200)
async def call_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> Response[TestedWebhook]:
    """Call a webhook, to see how it answers."""
    key = as_uuid(webhook_id, "webhook_id")
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.test_webhook(%s)::text", key))


@get("/webhooks/{webhook_id:str}/deliveries")
async def list_deliveries(
    request: ApiRequest,
    webhook_id: FromPath[str],
    status: FromQuery[DeliveryStatus | None] = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[Delivery]]:
    """List what a webhook was told in the last 30 days, newest first."""
    (before,) = decode_cursor(cursor_text, (UUID,)) if cursor_text is not None else (None,)
    async with request.acting() as transaction:
        found: list[dict[str, Any]] = await transaction.value(
            "select public.list_webhook_deliveries(%s, %s, %s, %s)",
            as_uuid(webhook_id, "webhook_id"),
            status,
            before,
            limit + 1,
        )
    rows = [(msgspec.json.encode(each).decode(), UUID(each["id"])) for each in found]
    return json_answer(page_json(rows, limit, None))


@post("/webhooks/{webhook_id:str}/deliveries/{delivery_id:str}/redeliver", status_code=200)
async def redeliver(
    request: ApiRequest, webhook_id: FromPath[str], delivery_id: FromPath[str]
) -> Response[Redelivered]:
    """Send again what a webhook was told, whatever it answered."""
    keys = as_uuid(webhook_id, "webhook_id"), as_uuid(delivery_id, "delivery_id")
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.redeliver(%s, %s)::text", *keys))


@post("/webhooks/{webhook_id:str}/redeliver", status_code=200)
async def redeliver_dead(request: ApiRequest, webhook_id: FromPath[str]) -> Response[Redelivered]:
    """Send again all that was given up."""
    key = as_uuid(webhook_id, "webhook_id")
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.redeliver(%s)::text", key))


router = Router(
    path="/",
    route_handlers=[
        create_webhook,
        list_webhooks,
        get_webhook,
        change_webhook,
        delete_webhook,
        rotate_webhook_secret,
        call_webhook,
        list_deliveries,
        redeliver,
        redeliver_dead,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Webhooks"],
)
