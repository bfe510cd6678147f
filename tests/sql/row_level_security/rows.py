"""One row of every table in `public`, and the statements that try to read and change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.sql.world import World


@dataclass(frozen=True)
class Sample:
    """How to make a row of a table, find it, and change something in it without changing what it says."""

    #: Columns and values of an insert, as a user of the API would send it where users may.
    columns: str
    values: str
    #: A column that whoever may change anything in the table may set.
    column: str
    where: str = "id = %(id)s"


#: By table, parents before children. `%(n)s` is another number for each row of a table.
SAMPLES = {
    "platforms": Sample(
        "platform, label, aspect, width, height, max_duration_ms, max_size_bytes, max_gop_frames, max_video_bit_rate,"
        " thumbnail_width, thumbnail_height",
        "'platform' || %(n)s::int, 'P', '1:1', 100, 100, 1000, 1000, 30, 1000, 100, 100",
        "label",
        "platform = 'platform' || %(n)s::int",
    ),
    "tenants": Sample("id, name", "%(id)s, 'T'", "name"),
    "brands": Sample("tenant_id, font", "%(tenant)s, 'Lora'", "font", "tenant_id = %(tenant)s"),
    "import_columns": Sample(
        "tenant_id, heading, field",
        "%(tenant)s, 'h' || %(n)s::int, 'topic'",
        "field",
        "tenant_id = %(tenant)s and heading = 'h' || %(n)s::int",
    ),
    "memberships": Sample(
        "tenant_id, user_id, role",
        "%(tenant)s, %(user)s, 'viewer'",
        "analytics_scope",
        "tenant_id = %(tenant)s and user_id = %(user)s",
    ),
    "invitations": Sample(
        "id, tenant_id, email, role, analytics_scope, expires_at",
        "%(id)s, %(tenant)s, 'guest' || %(n)s::int || '@example.org', 'viewer', 'none', now()",
        "expires_at",
    ),
    "projects": Sample("id, tenant_id, original_idea", "%(id)s, %(tenant)s, 'P'", "name"),
    "project_members": Sample(
        "tenant_id, project_id, user_id",
        "%(tenant)s, %(project)s, %(user)s",
        "role",
        "project_id = %(project)s and user_id = %(user)s",
    ),
    "batches": Sample("id, tenant_id, project_id, number", "%(id)s, %(tenant)s, %(project)s, %(n)s", "title"),
    "batch_dependencies": Sample(
        "id, tenant_id, batch_id, needs_batch_id", "%(id)s, %(tenant)s, %(batch)s, %(id)s", "is_due"
    ),
    "job_dependencies": Sample(
        "tenant_id, batch_id, job_id, needs_job_id",
        "%(tenant)s, %(batch)s, %(id)s, %(id)s",
        "is_due",
        "job_id = %(id)s",
    ),
    "schedules": Sample(
        "id, tenant_id, project_id, owner_id, name, cron, topics",
        "%(id)s, %(tenant)s, %(project)s, %(user)s, 'S', '0 7 * * *', '[]'",
        "name",
    ),
    "schedule_runs": Sample(
        "id, tenant_id, schedule_id, batch_id, due_at",
        "%(id)s, %(tenant)s, %(schedule)s, %(batch)s, timestamptz '2026-01-01Z' + %(n)s * interval '1 day'",
        "is_manual",
    ),
    "webhooks": Sample(
        "id, tenant_id, url, events",
        "%(id)s, %(tenant)s, 'https://example.org', '{job.ended}'",
        "description",
    ),
    "idempotency_keys": Sample(
        "tenant_id, key, request_hash, batch_id",
        "%(tenant)s, 'key' || %(n)s::int, '', %(batch)s",
        "request_hash",
        "tenant_id = %(tenant)s and key = 'key' || %(n)s::int",
    ),
    "generation_jobs": Sample(
        "id, tenant_id, project_id, batch_id, position, topic",
        "%(id)s, %(tenant)s, %(project)s, %(batch)s, %(n)s, 'T'",
        "topic",
    ),
    "stage_tasks": Sample(
        "id, job_id, tenant_id, project_id, batch_id, stage, scene_number, lane",
        "%(id)s, %(job)s, %(tenant)s, %(project)s, %(batch)s, 'audio_generation', %(n)s, 'standard'",
        "position",
    ),
    "task_attempts": Sample(
        "id, job_id, task_id, tenant_id, generation, number, worker_id",
        "%(id)s, %(job)s, %(task)s, %(tenant)s, 1, %(n)s, gen_random_uuid()",
        "host",
    ),
    "discarded_letters": Sample(
        "job_id, task_id, failed_at, tenant_id, reason",
        "%(job)s, %(task)s, timestamptz '2026-01-01Z' + %(n)s * interval '1 day', %(tenant)s, 'R'",
        "reason",
        "job_id = %(job)s and failed_at = timestamptz '2026-01-01Z' + %(n)s * interval '1 day'",
    ),
    "audit_events": Sample(
        "id, tenant_id, role, door, action, entity",
        "%(id)s, %(tenant)s, 'owner', 'sql', 'update', 'x'",
        "action",
    ),
    "artifacts": Sample(
        "tenant_id, content_key, stage, stage_version, attempt_id, job_id, task_id",
        "%(tenant)s, lpad(%(n)s::int::text, 64, '0'), 'audio_generation', '1', gen_random_uuid(), %(job)s, %(task)s",
        "reuse_count",
        "tenant_id = %(tenant)s and content_key = lpad(%(n)s::int::text, 64, '0')",
    ),
    "scripts": Sample(
        "id, tenant_id, project_id, content", "%(id)s, %(tenant)s, %(project)s, '{}'", "word_count"
    ),
    "scenes": Sample(
        "id, tenant_id, script_id, scene_number, duration, voiceover_text, visual_description",
        "%(id)s, %(tenant)s, %(script)s, %(n)s, 1, 'Said', 'Seen'",
        "heading",
    ),
    "generated_content": Sample(
        "id, tenant_id, project_id, job_id, scene_id, content_type, file_path",
        "%(id)s, %(tenant)s, %(project)s, %(job)s, %(scene)s, 'video', 'path'",
        "quality_score",
    ),
    "content_library": Sample("id, tenant_id, scene_id", "%(id)s, %(tenant)s, %(scene)s", "preview_text"),
    "library_versions": Sample(
        "id, tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points",
        "%(id)s, %(tenant)s, %(item)s, 1 + %(n)s::int, 'intro', 'Said', 'Seen', '', '[]'",
        "heading",
    ),
    "asset_access": Sample(
        "id, tenant_id, content_id, action, path",
        "%(id)s, %(tenant)s, %(content)s, 'issued', 'path'",
        "path",
    ),
    "performance_metrics": Sample(
        "id, tenant_id, project_id, content_id, platform",
        "%(id)s, %(tenant)s, %(project)s, %(content)s, 'youtube'",
        "views",
    ),
    "analytics": Sample(
        "id, tenant_id, project_id, date",
        "%(id)s, %(tenant)s, %(project)s, date '2025-01-01' + %(n)s::int",
        "total_views",
    ),
    "job_events": Sample(
        "id, job_id, tenant_id, project_id, batch_id, status",
        "%(id)s, %(job)s, %(tenant)s, %(project)s, %(batch)s, 'pending'",
        "progress",
    ),
    "realtime_outbox": Sample(
        "tenant_id, scopes, entity, ids",
        "%(tenant)s, array[%(tenant)s]::uuid [], 'job', array[%(id)s]::uuid []",
        "entity",
        "%(id)s = any(ids)",
    ),
    "provider_prices": Sample(
        "id, tenant_id, provider, unit, amount", "%(id)s, %(tenant)s, 'p' || %(n)s::int, 'call', 1", "amount"
    ),
    "provider_calls": Sample(
        "id, tenant_id, project_id, batch_id, job_id, task_id, attempt_id, stage, content_key, request_hash,"
        " idempotency_key, provider, model",
        "%(id)s, %(tenant)s, %(project)s, %(batch)s, %(job)s, %(task)s, gen_random_uuid(), 'script_generation',"
        " lpad(%(n)s::int::text, 64, '0'), lpad('', 64, '0'), %(id)s::text, 'p', ''",
        "reuse_count",
    ),
    "cost_totals": Sample(
        "tenant_id, project_id, batch_id, month, currency",
        "%(tenant)s, %(project)s, %(batch)s, date '2026-01-01' + 31 * %(n)s::int, 'USD'",
        "call_count",
        "batch_id = %(batch)s and month = date '2026-01-01' + 31 * %(n)s::int",
    ),
    "budgets": Sample(
        "id, tenant_id, batch_id, period, amount, currency",
        "%(id)s, %(tenant)s, %(batch)s, case when %(n)s::int %% 3 = 2 then 'month' else 'total' end, 1, 'USD'",
        "amount",
    ),
    "budget_events": Sample(
        "id, tenant_id, project_id, batch_id, period, event, amount, spent, currency",
        "%(id)s, %(tenant)s, %(project)s, %(batch)s, 'total', 'budget.warned', 1, 1, 'USD'",
        "amount",
    ),
    "feature_flags": Sample("id, tenant_id, name", "%(id)s, %(tenant)s, 'flag' || %(n)s::int", "note"),
    "legacy_ids": Sample(
        "tenant_id, entity, legacy_id, id",
        "%(tenant)s, 'job', %(n)s::int::text, %(id)s",
        "created_at",
    ),
}
#: Under which name the samples refer to the row of a table.
NAMES = {
    "batches": "batch",
    "schedules": "schedule",
    "generation_jobs": "job",
    "stage_tasks": "task",
    "scripts": "script",
    "scenes": "scene",
    "generated_content": "content",
    "content_library": "item",
}


def statement(table: str, action: str) -> str:
    """The SQL of an action on a sample's row."""
    sample = SAMPLES[table]
    match action:
        case "select":
            return f"select 1 from public.{table} where {sample.where}"
        case "insert":
            return f"insert into public.{table} ({sample.columns}) values ({sample.values})"
        case "update":
            return f"update public.{table} set {sample.column} = {sample.column} where {sample.where}"
        case _:
            return f"delete from public.{table} where {sample.where}"


def add_rows(
    world: World, tenant_id: UUID, project_id: UUID, user_id: UUID, n: int = 1
) -> dict[str, dict[str, Any]]:
    """Adds a row to every table, with the user as newest member of tenant and project.

    Returns, by table, the values that find the row: `id`, `n` and `user` are its own, the others those of its parents.
    """
    parents: dict[str, Any] = {"tenant": tenant_id, "project": project_id, "user": user_id, "n": n}
    rows: dict[str, dict[str, Any]] = {}
    for table in SAMPLES:
        if table in ("tenants", "projects"):
            rows[table] = parents | {"id": parents[table.removesuffix("s")]}
            continue
        rows[table] = parents | {"id": world.one("select private.uuid_v7()")}
        # Of some, like a brand, a tenant has only one.
        world.admin.execute(f"{statement(table, 'insert')} on conflict do nothing".encode(), rows[table])
        if table in NAMES:
            parents[NAMES[table]] = rows[table]["id"]
    return rows


def new_row(table: str, rows: Mapping[str, Mapping[str, Any]], **different: UUID) -> dict[str, Any]:
    """Values for one more row of a table, which does not stand in the way of the one there is."""
    # The next id, so that it falls into the same month.
    return {**rows[table], "id": UUID(int=rows[table]["id"].int + 1), "n": rows[table]["n"] + 1, **different}
