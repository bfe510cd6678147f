"""For operators: the queues of the stages, held back over all tenants while a provider is down or a stage is mended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from cliprow.api.answers import json_answer
from cliprow.api.operators import OPERATOR, ask_as_operator, is_operator
from cliprow.api.request import ApiRequest
from cliprow.models import Stage


class StageQueue(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of a stage, over all tenants."""

    stage: Stage
    #: Since when it is held back, by whom and why.
    paused_at: datetime | None
    paused_by: str | None
    reason: str
    waiting_count: int
    queued_count: int
    running_count: int


class StageQueues(msgspec.Struct, frozen=True, kw_only=True):
    """The queues of all stages, in order."""

    items: list[StageQueue]


class StagePause(msgspec.Struct, frozen=True, kw_only=True):
    """How to hold back a stage."""

    #: Why, for the other operators.
    reason: Annotated[str, Meta(max_length=500)] = ""
    #: What runs is stopped and waits again, counted as neither failed nor lost; else it may end.
    now: bool = False


class ControlledStage(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a stage's queue."""

    stage: Stage
    paused_at: datetime | None
    reason: str
    #: Taken back by a pause, or released when it ended.
    changed_tasks: int


@get("/operations/stages")
async def list_stage_queues(request: ApiRequest) -> Response[StageQueues]:
    """List the queues of the stages: what is in them, and which are held back."""
    return json_answer(
        await ask_as_operator(
            request,
            "select jsonb_build_object('items', jsonb_agg(q))::text from private.list_stage_queues() as q",
        )
    )


@post("/operations/stages/{stage:str}/pause", status_code=200)
async def pause_stage(
    request: ApiRequest, stage: FromPath[str], data: JSONBody[StagePause | None] = None
) -> Response[ControlledStage]:
    """Let nothing of a stage start; what runs may end, or with `now` is stopped."""
    asked = data or StagePause()
    return json_answer(
        await ask_as_operator(
            request, "select private.pause_stage(%s, %s, %s)::text", stage, asked.reason, asked.now
        )
    )


@post("/operations/stages/{stage:str}/resume", status_code=200)
async def resume_stage(request: ApiRequest, stage: FromPath[str]) -> Response[ControlledStage]:
    """Let a stage go on."""
    return json_answer(await ask_as_operator(request, "select private.resume_stage(%s)::text", stage))


router = Router(
    path="/",
    route_handlers=[list_stage_queues, pause_stage, resume_stage],
    guards=[is_operator],
    security=OPERATOR,
    tags=["Operations"],
)
