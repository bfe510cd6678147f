"""For operators: workers, load, retention, and dead letters and the audit of all tenants."""

from __future__ import annotations

from typing import Any, LiteralString

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from psycopg.types.json import Jsonb

from cliprow.api.answers import json_answer
from cliprow.api.lists import DEFAULT_LIMIT, CursorText, Limit, Page, as_uuid
from cliprow.api.operators import OPERATOR, ask_as_operator, is_operator
from cliprow.api.request import ApiRequest
from cliprow.api.routes.audit import (
    Before,
    Door,
    Entity,
    From,
    Key,
    WhatWasDone,
    audit_after,
    page_of_audit,
)
from cliprow.api.routes.control import RetriedFailures
from cliprow.api.routes.dead_letters import (
    CodeText,
    FailedBefore,
    FailedFrom,
    IsDiscarded,
    after,
    page_of_letters,
)
from cliprow.api.routes.letter_types import (
    DeadLetter,
    DeadLetterDetail,
    DiscardedLetters,
    LetterGroups,
    OperatorDiscard,
    OperatorFilter,
)
from cliprow.api.routes.operation_types import (
    AuditEvent,
    RegisteredWorker,
    Retention,
    RetentionChange,
    Retentions,
    RetentionStep,
    StageLoads,
    WorkerOrder,
    Workers,
)
from cliprow.models import Stage

#: Days, which JSON can say, in place of the interval.
_POLICY: LiteralString = (
    "to_jsonb(r) - 'keep_for' || jsonb_build_object('keep_days', extract(epoch from r.keep_for) / 86400)"
)


def _filter(**given: object) -> Jsonb:
    return Jsonb({name: str(value) for name, value in given.items() if value is not None})


@get("/operations/workers")
async def list_workers(request: ApiRequest) -> Response[Workers]:
    """List the registered workers of all hosts."""
    return json_answer(
        await ask_as_operator(
            request,
            "select json_build_object('items', coalesce(json_agg(to_json(w)), '[]'))::text from private.list_workers() as w",
        )
    )


@post("/operations/workers/{worker_id:str}/orders", status_code=200)
async def order_worker(
    request: ApiRequest, worker_id: FromPath[str], data: JSONBody[WorkerOrder]
) -> Response[RegisteredWorker]:
    """Drain, undrain or stop a worker; it hears it with its next heartbeat."""
    key = as_uuid(worker_id, "worker_id")
    return json_answer(
        await ask_as_operator(request, "select private.order_worker(%s, %s)::text", key, data.order)
    )


@get("/operations/load")
async def list_stage_load(request: ApiRequest) -> Response[StageLoads]:
    """Say how deep and how old the queue of each stage is: the signal for scaling."""
    return json_answer(
        await ask_as_operator(
            request,
            "select jsonb_build_object('items', jsonb_agg(to_jsonb(l) - 'place'))::text"
            " from private.list_stage_load() as l",
        )
    )


@get("/operations/retention")
async def list_retention(request: ApiRequest) -> Response[Retentions]:
    """List how long what is kept, and what its removal last did."""
    return json_answer(
        await ask_as_operator(
            request,
            f"select jsonb_build_object('items', jsonb_agg({_POLICY}))::text from private.list_retention() as r",
        )
    )


@put("/operations/retention/{kind:str}")
async def change_retention(
    request: ApiRequest, kind: FromPath[str], data: JSONBody[RetentionChange]
) -> Response[Retention]:
    """Say how long a kind of row is kept."""
    await ask_as_operator(
        request, "select private.set_retention(%s, make_interval(days => %s))", kind, data.keep_days
    )
    return json_answer(
        await ask_as_operator(
            request, f"select ({_POLICY})::text from private.list_retention() as r where r.kind = %s", kind
        )
    )


@post("/operations/retention/run", status_code=200)
async def hurry_retention(request: ApiRequest) -> Response[RetentionStep]:
    """Make every policy due at once, and do a first step; the workers do the others within a minute."""
    await ask_as_operator(request, "select private.hurry_retention()")
    done = await ask_as_operator(request, "select private.tick_slowly()")
    return json_answer(msgspec.json.encode({"done": done or {}}))


@get("/operations/dead-letters")
async def find_letters(
    request: ApiRequest,
    tenant_id: FromQuery[str | None] = None,
    batch_id: FromQuery[str | None] = None,
    error_code: CodeText = None,
    stage: FromQuery[Stage | None] = None,
    since: FailedFrom = None,
    until: FailedBefore = None,
    is_discarded: IsDiscarded = False,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[DeadLetter]]:
    """List what failed for good in all tenants, one tenant or one batch, the last failure first."""
    chosen = _filter(
        tenant_id=as_uuid(tenant_id, "tenant_id"),
        batch_id=as_uuid(batch_id, "batch_id"),
        error_code=error_code,
        stage=stage,
        since=since,
        until=until,
        is_discarded=is_discarded,
    )
    found: list[dict[str, Any]] = await ask_as_operator(
        request, "select private.find_letters(%s, %s, %s, %s)", chosen, *after(cursor_text), limit + 1
    )
    return json_answer(page_of_letters(found, limit))


@get("/operations/dead-letters/counts")
async def count_letters(
    request: ApiRequest,
    tenant_id: FromQuery[str | None] = None,
    batch_id: FromQuery[str | None] = None,
    since: FailedFrom = None,
    until: FailedBefore = None,
) -> Response[LetterGroups]:
    """Count what failed for good in all tenants, one tenant or one batch, by error code and stage."""
    chosen = _filter(
        tenant_id=as_uuid(tenant_id, "tenant_id"),
        batch_id=as_uuid(batch_id, "batch_id"),
        since=since,
        until=until,
    )
    return json_answer(
        await ask_as_operator(
            request, "select jsonb_build_object('items', private.count_letters(%s))::text", chosen
        )
    )


@get("/operations/dead-letters/{job_id:str}/{task_id:str}")
async def inspect_letter(
    request: ApiRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Response[DeadLetterDetail]:
    """Show a dead letter of any tenant with its inputs, attempts, log lines and events."""
    keys = as_uuid(job_id, "job_id"), as_uuid(task_id, "task_id")
    return json_answer(await ask_as_operator(request, "select private.inspect_letter(%s, %s)::text", *keys))


@post("/operations/dead-letters/replay", status_code=200)
async def replay_letters(request: ApiRequest, data: JSONBody[OperatorFilter]) -> Response[RetriedFailures]:
    """Run dead letters of all tenants again, by a filter or one by its job and task."""
    chosen = Jsonb(msgspec.to_builtins(data))
    return json_answer(await ask_as_operator(request, "select private.replay_letters(%s)::text", chosen))


@post("/operations/dead-letters/discard", status_code=200)
async def discard_letters(request: ApiRequest, data: JSONBody[OperatorDiscard]) -> Response[DiscardedLetters]:
    """Take dead letters of all tenants out of the lists, for a reason."""
    chosen = msgspec.to_builtins(data)
    reason = chosen.pop("reason")
    return json_answer(
        await ask_as_operator(request, "select private.drop_letters(%s, %s)::text", Jsonb(chosen), reason)
    )


@get("/operations/audit")
async def find_audit(
    request: ApiRequest,
    tenant_id: FromQuery[str | None] = None,
    user_id: FromQuery[str | None] = None,
    entity: Entity = None,
    entity_id: Key = None,
    action: WhatWasDone = None,
    door: Door = None,
    since: From = None,
    until: Before = None,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[AuditEvent]]:
    """List who did what to which row in all tenants, the newest first."""
    chosen = _filter(
        tenant_id=as_uuid(tenant_id, "tenant_id"),
        user_id=as_uuid(user_id, "user_id"),
        entity=entity,
        entity_id=entity_id,
        action=action,
        door=door,
        since=since,
        until=until,
    )
    found: list[dict[str, Any]] = await ask_as_operator(
        request, "select private.find_audit(%s, %s, %s)", chosen, audit_after(cursor_text), limit + 1
    )
    return json_answer(page_of_audit(found, limit))


router = Router(
    path="/",
    route_handlers=[
        list_workers,
        order_worker,
        list_stage_load,
        list_retention,
        change_retention,
        hurry_retention,
        find_letters,
        count_letters,
        inspect_letter,
        replay_letters,
        discard_letters,
        find_audit,
    ],
    guards=[is_operator],
    security=OPERATOR,
    tags=["Operations"],
)
