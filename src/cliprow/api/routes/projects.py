"""Projects: channels or campaigns of a tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType
from psycopg.types.json import Jsonb

from cliprow.api.answers import check_if_match, etag_of, json_answer, tagged
from cliprow.api.database import Transaction
from cliprow.api.idempotency import Created, IdempotencyKey, create_once
from cliprow.api.keys import key_of, not_found
from cliprow.api.lists import (
    DEFAULT_LIMIT,
    CursorText,
    Filter,
    Limit,
    Page,
    WithTotal,
    contains,
    decode_cursor,
    page_json,
)
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.api.routes.job_types import Pause
from cliprow.errors import InvalidInput, NotAllowed
from cliprow.models import Tone

ProjectStatus = Literal["draft", "processing", "completed", "published", "archived"]
Name = Annotated[str, Meta(max_length=200)]
Idea = Annotated[str, Meta(min_length=1, max_length=10_000)]
Audience = Annotated[str, Meta(max_length=1_000)]
Cap = Annotated[int, Meta(ge=1, le=999_999)]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A channel or campaign; owns batches, jobs and what is made from them."""

    id: UUID
    tenant_id: UUID
    name: str
    original_idea: str
    target_audience: str | None
    tone: Tone | None
    status: ProjectStatus
    #: Free; `batch` in it holds options and topic fields that new batches start from.
    metadata: dict[str, Any]
    owner_id: UUID | None
    max_concurrent_tasks: int | None
    paused_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    #: Whether the caller may change it and control its batches and jobs: its owner and editors, admins and owners do.
    may_control: bool


class ListedProject(Project, frozen=True, kw_only=True):
    """A project among others, with how far its videos are."""

    #: Jobs of all its batches, those that are done, and those that failed.
    job_count: int
    completed_count: int
    failed_count: int


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Batches of a project by status."""

    total: int
    pending: int
    processing: int
    completed: int
    partial: int
    failed: int
    cancelled: int
    #: Of batches that have not ended, percent.
    progress: int


class QueueMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What a project has in the queue."""

    pending_jobs: int
    processing_jobs: int
    completed_jobs: int
    failed_jobs: int
    cancelled_jobs: int
    #: Released to workers, and at work.
    queued_tasks: int
    processing_tasks: int


class ProjectDetail(Project, frozen=True, kw_only=True):
    """A project with the state of its batches and queue."""

    #: Held back by a pause of its own or its tenant.
    is_paused: bool
    batches: BatchSummary
    queue: QueueMetrics


class PausedProject(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the project's work is held back."""

    project_id: UUID
    paused_at: datetime | None
    version: int


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """What a project begins with; fields that are not known are ignored."""

    original_idea: Idea
    name: Name = ""
    target_audience: Audience | None = None
    tone: Tone | None = None
    status: ProjectStatus = "draft"
    metadata: dict[str, Any] = {}
    max_concurrent_tasks: Cap | None = None


class ProjectChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; those left out stay."""

    original_idea: Idea | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    target_audience: Audience | UnsetType | None = UNSET
    tone: Tone | UnsetType | None = UNSET
    status: ProjectStatus | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    max_concurrent_tasks: Cap | UnsetType | None = UNSET


_ROW: LiteralString = """p.id, p.tenant_id, p.name, p.original_idea, p.target_audience, p.tone, p.status, p.metadata,
  p.owner_id, p.max_concurrent_tasks, p.paused_at, p.version, p.created_at, p.updated_at"""
_COLUMNS: LiteralString = f"{_ROW}, p.id in (select private.controlled_project_ids()) as may_control"
#: Parameters: tenant, project. Jobs are counted by their batches' counters; active tasks are few by nature.
_DETAIL: LiteralString = f"""
select to_json(r)::text, r.version from (
  select {_COLUMNS}, coalesce(p.paused_at, n.paused_at) is not null as is_paused, s.batches,
    s.queue || (
      select jsonb_build_object('queued_tasks', count(*) filter (where t.status = 'queued'),
        'processing_tasks', count(*) filter (where t.status = 'processing'))
      from public.stage_tasks as t
      where t.status in ('queued', 'processing') and t.tenant_id = p.tenant_id and t.project_id = p.id
    ) as queue
  from public.projects as p
  join public.tenants as n on n.id = p.tenant_id
  cross join lateral (
    select jsonb_build_object('total', count(*), 'pending', count(*) filter (where b.status = 'pending'),
        'processing', count(*) filter (where b.status = 'processing'),
        'completed', count(*) filter (where b.status = 'completed'),
        'partial', count(*) filter (where b.status = 'partial'), 'failed', count(*) filter (where b.status = 'failed'),
        'cancelled', count(*) filter (where b.status = 'cancelled'),
        'progress', coalesce(sum(b.progress_sum) filter (where b.status in ('pending', 'processing'))
          / nullif(sum(b.job_count) filter (where b.status in ('pending', 'processing')), 0), 0)::int) as batches,
      jsonb_build_object('pending_jobs', coalesce(sum(b.pending_count), 0),
        'processing_jobs', coalesce(sum(b.processing_count), 0), 'completed_jobs', coalesce(sum(b.completed_count), 0),
        'failed_jobs', coalesce(sum(b.failed_count), 0),
        'cancelled_jobs', coalesce(sum(b.cancelled_count), 0)) as queue
    from public.batches as b where b.tenant_id = p.tenant_id and b.project_id = p.id and b.deleted_at is null
  ) as s
  where p.tenant_id = %s and p.id = %s and p.deleted_at is null
) as r
"""
_JOB_COUNTS: LiteralString = """select coalesce(sum(b.job_count), 0) as job_count,
  coalesce(sum(b.completed_count), 0) as completed_count, coalesce(sum(b.failed_count), 0) as failed_count
  from public.batches as b where b.tenant_id = p.tenant_id and b.project_id = p.id and b.deleted_at is null"""
_CHANGES: dict[str, LiteralString] = {
    "original_idea": "original_idea = %s",
    "name": "name = %s",
    "target_audience": "target_audience = %s",
    "tone": "tone = %s",
    "status": "status = %s",
    "metadata": "metadata = %s",
    "max_concurrent_tasks": "max_concurrent_tasks = %s",
}


@post("/projects")
async def create_project(
    request: ApiRequest, data: JSONBody[NewProject], key: IdempotencyKey = None
) -> Response[Project]:
    """Create a project, owned by the caller. Editors, admins and owners may."""

    async def create(transaction: Transaction) -> Created:
        row = await transaction.one(
            "insert into public.projects as p (tenant_id, name, original_idea, target_audience, tone, status, metadata,"
            " max_concurrent_tasks) values (%s, %s, %s, %s, %s, %s, %s, %s) returning p.id, p.version, "
            # Who makes it owns it; the statement's own row is not among those that it sees.
            f"(select to_json(r)::text from (select {_ROW}, true as may_control) as r)",
            request.tenant_id,
            data.name,
            data.original_idea,
            data.target_audience,
            data.tone,
            data.status,
            Jsonb(data.metadata),
            data.max_concurrent_tasks,
        )
        assert row is not None
        return Created(body=row[2], location=f"/projects/{row[0]}", etag=etag_of(row[1]))

    return await create_once(request, key, create)


@get("/projects")
async def list_projects(
    request: ApiRequest,
    status: FromQuery[ProjectStatus | None] = None,
    text: Annotated[
        str | None, QueryParameter(max_length=200, description="Words of the name or the idea.")
    ] = None,
    may_control: Annotated[
        bool, QueryParameter(description="Only those that the caller may make batches in.")
    ] = False,
    cursor_text: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
    with_total: WithTotal = False,
) -> Response[Page[ListedProject]]:
    """List the tenant's projects, newest first."""
    found = Filter()
    found.add("p.tenant_id = %s", request.tenant_id)
    found.add("p.deleted_at is null")
    found.add_given("p.status = %s", status)
    if text:
        found.add("(p.name ilike %s or p.original_idea ilike %s)", *2 * [contains(text)])
    if may_control:
        found.add("p.id in (select private.controlled_project_ids())")
    of_page = found.copy()
    if cursor_text is not None:
        of_page.add("(p.created_at, p.id) < (%s, %s)", *decode_cursor(cursor_text, (datetime, UUID)))
    queries: list[tuple[LiteralString, list[object]]] = [
        (
            f"select to_json(r)::text, r.created_at, r.id from (select {_COLUMNS}, s.* from public.projects as p"
            f" cross join lateral ({_JOB_COUNTS}) as s"
            f" where {of_page.where} order by p.created_at desc, p.id desc limit %s) as r",
            [*of_page.arguments, limit + 1],
        )
    ]
    if with_total:
        queries.append((f"select count(*) from public.projects as p where {found.where}", found.arguments))
    rows, *totals = await request.fetch(*queries)
    return json_answer(page_json(rows, limit, totals[0][0][0] if totals else None))


@get("/projects/{project_id:str}")
async def get_project(request: ApiRequest, project_id: FromPath[str]) -> Response[ProjectDetail]:
    """Show a project with the state of its batches and queue."""
    key = await key_of(request, "project", project_id)
    rows = await request.rows(_DETAIL, request.tenant_id, key)
    if not rows:
        raise not_found("project", project_id)
    return tagged(request, rows[0][0], rows[0][1])


@patch("/projects/{project_id:str}")
async def change_project(
    request: ApiRequest, project_id: FromPath[str], data: JSONBody[ProjectChange]
) -> Response[Project]:
    """Change a project. Its owner, its editors, and the tenant's admins and owners may."""
    changes: list[LiteralString] = []
    arguments: list[object] = []
    for name, clause in _CHANGES.items():
        if (value := getattr(data, name)) is not UNSET:
            changes.append(clause)
            arguments.append(Jsonb(value) if name == "metadata" else value)
    if not changes:
        raise InvalidInput(
            "The request changes nothing.", next_step=f"Send one or more of {', '.join(_CHANGES)}."
        )
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        if data.max_concurrent_tasks is not UNSET:
            # Locks the queue before the project, and makes the new cap felt at once.
            await transaction.run("select public.set_project_cap(%s, %s)", key, data.max_concurrent_tasks)
        version = await lock_project(transaction, request, key)
        check_if_match(request, version)
        row = await transaction.one(
            f"update public.projects as p set {', '.join(changes)} where p.tenant_id = %s and p.id = %s"
            f" returning p.version, (select to_json(r)::text from (select {_COLUMNS}) as r)",
            *arguments,
            request.tenant_id,
            key,
        )
    assert row is not None
    return json_answer(row[1], headers={"ETag": etag_of(row[0])})


@delete("/projects/{project_id:str}")
async def delete_project(request: ApiRequest, project_id: FromPath[str]) -> None:
    """Delete a project. It disappears at once and its batches are cancelled; files and rows are removed later."""
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        check_if_match(request, await lock_project(transaction, request, key))
        # What runs for it would only be thrown away.
        await transaction.run(
            "select public.cancel_batch(b.id) from public.batches as b where b.tenant_id = %s and b.project_id = %s"
            " and b.status in ('pending', 'processing')",
            request.tenant_id,
            key,
        )
        await transaction.run(
            "update public.projects set deleted_at = now() where tenant_id = %s and id = %s",
            request.tenant_id,
            key,
        )


@post("/projects/{project_id:str}/pause", status_code=200)
async def pause_project(
    request: ApiRequest, project_id: FromPath[str], data: JSONBody[Pause | None] = None
) -> Response[PausedProject]:
    """Hold back all work of a project; what runs is finished, or with `now` stopped."""
    now = data is not None and data.now
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.pause_project(%s, %s)::text", key, now))


@post("/projects/{project_id:str}/resume", status_code=200)
async def resume_project(request: ApiRequest, project_id: FromPath[str]) -> Response[PausedProject]:
    """Let the work of a project go on."""
    key = await key_of(request, "project", project_id)
    async with request.acting() as transaction:
        return json_answer(await transaction.value("select public.resume_project(%s)::text", key))


async def lock_project(transaction: Transaction, request: ApiRequest, project_id: UUID) -> int:
    """The version of a project that the caller may change, locked against others who would.

    Raises:
        NotFound: there is none that the caller sees.
        NotAllowed: it sees it, and may not change it.
    """
    key = (request.tenant_id, project_id)
    version: int | None = await transaction.value(
        "select version from public.projects where tenant_id = %s and id = %s and deleted_at is null for update",
        *key,
    )
    if version is not None:
        return version
    if await transaction.value(
        "select true from public.projects where tenant_id = %s and id = %s and deleted_at is null", *key
    ):
        raise NotAllowed(
            "Your role does not allow you to change this project.",
            next_step="Ask its owner to add you as an editor.",
        )
    raise not_found("project", project_id)


router = Router(
    path="/",
    route_handlers=[
        create_project,
        list_projects,
        get_project,
        change_project,
        delete_project,
        pause_project,
        resume_project,
    ],
    guards=[in_tenant],
    security=BEARER,
    tags=["Projects"],
)
