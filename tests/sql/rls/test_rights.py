"""Who may select, insert, update and delete in each table of `public`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import pytest

from tests.sql.rls.cast import (
    ADMIN, BYSTANDER, EDITOR, FORGER, ONLOOKER, OWNER, REMOVED, SERVICE, STRANGER, TEAMMATE, VIEWER, Cast,
)  # fmt: skip

NOBODY: frozenset[str] = frozenset()
ADMINS = frozenset({OWNER, ADMIN})
CONTROLLERS = ADMINS | {EDITOR, TEAMMATE}
EDITORS = CONTROLLERS | {BYSTANDER, ONLOOKER}
MEMBERS = EDITORS | {VIEWER}
SIGNED_IN = MEMBERS | {REMOVED, STRANGER, FORGER}
#: Of those whose analytics_scope is `project`: who owns it or works on it.
ANALYSTS = frozenset({OWNER, ADMIN, EDITOR, TEAMMATE, VIEWER})


@dataclass(frozen=True)
class Table:
    """What is tried on a row of the first tenant, and for whom it works. The service role may do all that is possible."""

    #: Condition that finds the row.
    row: LiteralString
    #: Columns and values of a new row.
    new: LiteralString
    #: What an update sets.
    change: LiteralString
    select: frozenset[str] = MEMBERS
    insert: frozenset[str] = NOBODY
    update: frozenset[str] = NOBODY
    delete: frozenset[str] = NOBODY
    #: What the service role may do.
    service: frozenset[str] = frozenset({"select", "insert", "update", "delete"})


TABLES: dict[LiteralString, Table] = {
    "tenants": Table("id = %(tenant)s", "(name) values ('x')", "name = 'x'", update=ADMINS),
    "memberships": Table(
        "tenant_id = %(tenant)s and user_id = %(member)s", "(tenant_id, user_id) values (%(tenant)s, %(guest)s)",
        "role = 'viewer'", insert=ADMINS, update=ADMINS, delete=ADMINS,
    ),
    "projects": Table(
        "id = %(project)s", "(tenant_id, original_idea) values (%(tenant)s, 'x')", "name = 'x'",
        insert=EDITORS, update=CONTROLLERS,
    ),
    "project_members": Table(
        "project_id = %(project)s and user_id = %(member)s",
        "(tenant_id, project_id, user_id) values (%(tenant)s, %(project)s, %(viewer)s)", "role = 'viewer'",
        insert=CONTROLLERS, update=CONTROLLERS, delete=CONTROLLERS,
    ),
    "platforms": Table(
        "platform = 'youtube'",
        "(platform, label, aspect, width, height, max_duration_ms, max_size_bytes, max_gop_frames, max_video_bit_rate,"
        " thumbnail_width, thumbnail_height) values ('vhs', 'VHS', '4:5', 64, 80, 1000, 1, 1, 1, 1, 1)",
        "label = 'x'", select=SIGNED_IN, service=frozenset({"select", "insert", "update"}),
    ),
    "batches": Table(
        "id = %(batch)s", "(tenant_id, project_id, number) values (%(tenant)s, %(project)s, 99)", "title = 'x'"
    ),
    "idempotency_keys": Table(
        "tenant_id = %(tenant)s and key = 'k'", "(tenant_id, key, request_hash) values (%(tenant)s, 'x', 'x')", "key = 'y'"
    ),
    "generation_jobs": Table(
        "id = %(job)s",
        "(tenant_id, project_id, batch_id, position, topic) values (%(tenant)s, %(project)s, %(batch)s, 2, 'x')", "topic = 'x'",
    ),
    "stage_tasks": Table(
        "job_id = %(job)s and id = %(task)s",
        "(job_id, tenant_id, project_id, batch_id, stage, scene_number, lane)"
        " values (%(job)s, %(tenant)s, %(project)s, %(batch)s, 'audio_generation', 9, 'standard')",
        "position = 1",
    ),
    "task_attempts": Table(
        "job_id = %(job)s and id = %(attempt)s",
        "(job_id, task_id, tenant_id, generation, number, worker_id) values (%(job)s, %(task)s, %(tenant)s, 1, 9, %(user)s)",
        "host = 'x'",
    ),
    "artifacts": Table(
        "tenant_id = %(tenant)s and content_key = %(key)s",
        "(tenant_id, content_key, stage, stage_version, attempt_id, job_id, task_id)"
        " values (%(tenant)s, repeat('a', 64), 'x', '1', %(attempt)s, %(job)s, %(task)s)",
        "stage = 'x'",
    ),
    "scripts": Table(
        "id = %(script)s", "(tenant_id, project_id, content) values (%(tenant)s, %(project)s, '{}')", "word_count = 1",
        insert=CONTROLLERS, update=CONTROLLERS, delete=CONTROLLERS,
    ),
    "scenes": Table(
        "id = %(scene)s",
        "(tenant_id, script_id, scene_number, duration, voiceover_text, visual_description)"
        " values (%(tenant)s, %(script)s, 99, 1, 'x', 'x')",
        "heading = 'x'", insert=CONTROLLERS, update=CONTROLLERS, delete=CONTROLLERS,
    ),
    "generated_content": Table(
        "id = %(content)s",
        "(tenant_id, project_id, content_type, file_path) values (%(tenant)s, %(project)s, 'video', 'x')", "file_path = 'x'",
    ),
    "content_library": Table(
        "id = %(library)s",
        "(tenant_id, scene_id) select %(tenant)s, id from public.scenes where script_id = %(script)s and scene_number = 2",
        "preview_text = 'x'", insert=EDITORS, update=EDITORS, delete=EDITORS,
    ),
    "performance_metrics": Table(
        "content_id = %(content)s",
        "(tenant_id, project_id, content_id, platform) values (%(tenant)s, %(project)s, %(content)s, 'tiktok')", "views = 1",
        select=ANALYSTS,
    ),
    "analytics": Table(
        "project_id = %(project)s", "(tenant_id, project_id, date) values (%(tenant)s, %(project)s, '2026-01-02')",
        "total_views = 1", select=ANALYSTS,
    ),
    "job_events": Table(
        "job_id = %(job)s and id = %(event)s",
        "(job_id, tenant_id, project_id, batch_id, status) values (%(job)s, %(tenant)s, %(project)s, %(batch)s, 'x')",
        "status = 'x'", service=frozenset({"select", "insert"}),
    ),
    "realtime_outbox": Table(
        "tenant_id = %(tenant)s",
        "(tenant_id, topic, entity, entity_id, version) values (%(tenant)s, 'y', 'job', %(job)s, 1)", "topic = 'y'",
        select=NOBODY, service=frozenset({"select", "insert", "delete"}),
    ),
    "feature_flags": Table(
        "tenant_id = %(tenant)s", "(name, tenant_id) values ('b_flag', %(tenant)s)", "is_enabled = true"
    ),
    "legacy_ids": Table(
        "tenant_id = %(tenant)s", "(tenant_id, entity, legacy_id, id) values (%(tenant)s, 'job', '8', %(job)s)",
        "legacy_id = '9'",
    ),
}  # fmt: skip


def test_every_table_is_here(cast: Cast) -> None:
    found = cast.world.rows(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    assert {name for (name,) in found} == set(TABLES)


@pytest.mark.parametrize("action", ["select", "insert", "update", "delete"])
@pytest.mark.parametrize("name", TABLES)
def test_who_may(cast: Cast, name: LiteralString, action: LiteralString) -> None:
    table = TABLES[name]
    statements: dict[str, LiteralString] = {
        "select": f"select from public.{name} where {table.row}",
        "insert": f"insert into public.{name} {table.new}",
        "update": f"update public.{name} set {table.change} where {table.row}",
        "delete": f"delete from public.{name} where {table.row}",
    }
    expected: frozenset[str] = getattr(table, action)
    if action in table.service:
        expected |= {SERVICE}
    assert {who for who in cast.everybody() if cast.can(who, statements[action])} == expected
