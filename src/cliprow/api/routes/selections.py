"""What is done to many jobs at once: those of a selection, or all that a filter finds."""

from __future__ import annotations

from typing import Annotated, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.params import JSONBody
from msgspec import Meta

from cliprow.api.database import Transaction
from cliprow.api.job_filters import JobFilter
from cliprow.api.lists import Filter
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import Lane
from cliprow.errors import InvalidInput, NotAllowed
from cliprow.models import Stage

#: Jobs that one call changes at most.
MOST = 1000


class JobsAction(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with which jobs: `job_ids`, or all that `filter` finds ({} for all of the tenant)."""

    action: Literal["pause", "resume", "cancel", "retry", "priority"]
    job_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)] | None = None
    filter: JobFilter | None = None
    #: With retry: from this stage on, also of completed jobs; else what failed or was cancelled.
    stage: Stage | None = None
    #: With priority.
    priority: Lane | None = None
    #: With pause: what runs is stopped and waits again; else it may end.
    now: bool = False
    #: Only count.
    dry_run: bool = False


class ChangedJobs(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs the action is for."""

    #: Of which it changes something, when the request came.
    matched_jobs: int
    changed_jobs: int
    #: Not 0: send the request again, there are more than one call takes.
    remaining_jobs: int
    #: Of the selection or filter: jobs that the caller does not control, or of which the action changes nothing.
    skipped_jobs: int
    #: In a dry run of a retry: tasks that would be run, or found again, and completed ones that would stay as they are.
    redone_tasks: int | None = None
    kept_tasks: int | None = None


_OF_JOBS: LiteralString = "from public.generation_jobs as j where "
_CONTROLLED: LiteralString = "j.project_id in (select c from private.controlled_project_ids() as c)"
_TAKES: LiteralString = "private.takes_action(j, %s, %s, %s)"
_PLACES: LiteralString = """array[
  'script_generation', 'audio_generation', 'video_generation', 'platform_adaptation', 'post_processing']"""


@post("/jobs/actions", status_code=200)
async def act_on_jobs(request: ApiRequest, data: JSONBody[JobsAction]) -> ChangedJobs:
    """Pause, resume, cancel or retry jobs of a selection or filter, or put them before others. With `dry_run`, only say how
    many there are.
    """
    named = (
        _named(data).conditions(request.tenant_id)
        if data.job_ids is None
        else _selected(request, data.job_ids)
    )
    if data.action == "priority" and data.priority is None:
        raise InvalidInput(
            "The action priority needs one.", next_step="Send priority too: urgent, premium or standard."
        )
    meant = named.copy()
    meant.add(_CONTROLLED)
    meant.add(_TAKES, data.action, data.stage, data.priority)
    async with request.acting() as transaction:
        if not await transaction.value("select private.has_role('editor')"):
            raise NotAllowed(
                "Your role does not allow you to control jobs.", next_step="Ask an editor, admin or owner."
            )
        matched = await _count(transaction, meant)
        given = len(set(data.job_ids)) if data.job_ids is not None else await _count(transaction, named)
        if data.dry_run:
            redone, kept = (
                await _tasks(transaction, meant, data.stage) if data.action == "retry" else (None, None)
            )
            return ChangedJobs(
                matched_jobs=matched,
                changed_jobs=0,
                remaining_jobs=matched,
                skipped_jobs=given - matched,
                redone_tasks=redone,
                kept_tasks=kept,
            )
        changed = await _act(transaction, meant, data) if matched else 0
    return ChangedJobs(
        matched_jobs=matched,
        changed_jobs=changed,
        remaining_jobs=matched - changed,
        skipped_jobs=given - matched,
    )


def _named(data: JobsAction) -> JobFilter:
    if data.filter is None:
        raise InvalidInput(
            "No jobs are named.", next_step="Send job_ids, or a filter; {} means all of the team."
        )
    return data.filter


def _selected(request: ApiRequest, job_ids: list[UUID]) -> Filter:
    found = Filter()
    found.add("j.tenant_id = %s", request.tenant_id)
    found.add("j.id = any(%s)", job_ids)
    return found


async def _count(transaction: Transaction, found: Filter) -> int:
    count: int = await transaction.value(f"select count(*) {_OF_JOBS}{found.where}", *found.arguments)
    return count


async def _tasks(transaction: Transaction, meant: Filter, stage: Stage | None) -> tuple[int, int]:
    row = await transaction.one(
        f"""select count(*) filter (where t.is_redone), count(*) filter (where not t.is_redone) from (
          select t.status in ('failed', 'cancelled')
            or coalesce(array_position({_PLACES}, t.stage) >= array_position({_PLACES}, %s::text), false) as is_redone
          from public.stage_tasks as t
          where t.status in ('failed', 'cancelled', 'completed') and t.tenant_id = private.tenant_id()
            and t.job_id in (select j.id {_OF_JOBS}{meant.where})
        ) as t""",
        stage,
        *meant.arguments,
    )
    assert row is not None
    return row[0], row[1]


async def _act(transaction: Transaction, meant: Filter, data: JobsAction) -> int:
    changed: int = await transaction.value(
        f"""select (public.act_on_jobs(%s, array(select j.id {_OF_JOBS}{meant.where} order by j.id limit {MOST}), %s, %s, %s)
          ->> 'changed_jobs')::int""",
        data.action,
        *meant.arguments,
        data.stage,
        data.priority,
        data.now,
    )
    return changed


router = Router(path="/", route_handlers=[act_on_jobs], guards=[in_tenant], security=BEARER, tags=["Jobs"])
