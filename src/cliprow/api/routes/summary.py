"""What a dashboard shows: figures of the tenant, its queues, the workers, and feature flags."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import QueryParameter

from cliprow.api.answers import json_answer
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.costs import Budget
from cliprow.api.routes.operation_types import WorkerState
from cliprow.models import Stage

TimeZone = Annotated[
    str, QueryParameter(max_length=100, description="Whose midnight begins the day, like Europe/Berlin.")
]


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid in one currency."""

    currency: str
    amount: float


class Workforce(msgspec.Struct, frozen=True, kw_only=True):
    """Who does the work of all tenants."""

    #: Workers that live.
    worker_count: int
    slots: int
    busy_slots: int


class OwnQueue(msgspec.Struct, frozen=True, kw_only=True):
    """What of the tenant is at a stage; tasks, not jobs."""

    stage: Stage
    #: Held back by those who run the deployment.
    is_paused: bool
    waiting_count: int
    #: Of that, what is of batches that may be released.
    ready_count: int
    #: Released, and waiting for a worker.
    queued_count: int
    running_count: int
    #: Seconds that the oldest of what is ready or queued has waited; 0 where nothing does.
    oldest_age_s: float
    #: Live workers that take this stage from any tenant, and their slots.
    worker_count: int
    slots: int


class OwnQueues(msgspec.Struct, frozen=True, kw_only=True):
    """The stages in their order."""

    items: list[OwnQueue]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the tenant, as they are now."""

    now: datetime
    #: Midnight, by the clocks of the time zone asked for.
    day_began_at: datetime
    #: The whole tenant is paused since.
    paused_at: datetime | None
    #: Jobs that have not started, and that have.
    queued_jobs: int
    running_jobs: int
    open_batches: int
    completed_today: int
    failed_today: int
    #: 95th percentile of the seconds from start to end of jobs completed in the last hour, and 24 hours; null without any.
    p95_hour_s: float | None
    p95_day_s: float | None
    #: This month (UTC), by currency; empty where nothing was paid.
    spent: list[Spent]
    #: Of the tenant itself; null where none is set.
    budget: Budget | None
    workers: Workforce
    stages: list[OwnQueue]


class TenantWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A process that runs tasks, of all tenants."""

    id: UUID
    #: draining: takes nothing new; stopping: ends once nothing runs; silent: held to be dead.
    state: WorkerState
    stages: list[Stage]
    slots: int
    busy_slots: int
    version: str
    started_at: datetime
    heartbeat_age_s: float


class TenantWorkers(msgspec.Struct, frozen=True, kw_only=True):
    """All workers."""

    items: list[TenantWorker]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A switch, as it holds for the tenant."""

    name: str
    is_enabled: bool
    #: Set for this tenant, and not for all.
    is_own: bool


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """All switches."""

    items: list[Flag]


@get("/summary")
async def get_summary(request: ApiRequest, time_zone: TimeZone = "UTC") -> Response[Summary]:
    """Say what waits and runs in the tenant, what ended today, how long jobs take, what they cost, and who works. Cheap
    enough to be asked each second.
    """
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.tenant_summary(%s)::text", time_zone))


@get("/queues")
async def list_own_queues(request: ApiRequest) -> Response[OwnQueues]:
    """List the stages with what of the tenant waits, is queued and runs there."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select jsonb_build_object('items', public.tenant_queues())::text")
        )


@get("/workers")
async def list_tenant_workers(request: ApiRequest) -> Response[TenantWorkers]:
    """List the workers, without their machines. For admins and owners."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select jsonb_build_object('items', public.tenant_workers())::text")
        )


@get("/flags")
async def list_flags(request: ApiRequest) -> Response[Flags]:
    """List the feature flags as they hold for the tenant: what is set for it wins over what is set for all."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value(
                """select json_build_object('items', coalesce(json_agg(to_json(f) order by f.name), '[]'))::text from (
                  select distinct on (f.name) f.name, f.is_enabled, f.tenant_id is not null as is_own
                  from public.feature_flags as f order by f.name, f.tenant_id is null
                ) as f"""
            )
        )


router = Router(
    path="/",
    route_handlers=[get_summary, list_own_queues, list_tenant_workers, list_flags],
    guards=[in_tenant],
    security=BEARER,
    tags=["Dashboard"],
)
