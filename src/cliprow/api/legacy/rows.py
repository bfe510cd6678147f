"""Rows as the old system gave them: its columns, its words, its way to write a time.

The queries run as the tenant's owner, under row-level security; conditions are added to their ends. An id of the old
system is shown as it was; ids of newer rows are their own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

Row = dict[str, Any]


def legacy_id(entity: str, column: str) -> str:
    """SQL for the id that a client of old knows a row by.

    >>> legacy_id("project", "p.id")[:9]
    'coalesce('
    """
    return (
        f"coalesce((select l.legacy_id from public.legacy_ids as l where l.tenant_id = private.tenant_id()"
        f" and l.entity = '{entity}' and l.id = {column}), {column}::text)"
    )


def moment(column: str) -> str:
    """SQL for a time as SQLite wrote it, in UTC without a zone.

    >>> moment("p.created_at")
    "to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    """
    return f"to_char({column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"


#: Key in a project's metadata for a tone that only the old system took.
TONE_KEPT_AS = "legacy_tone"
#: A project was `processing` from the start of its generation to the end of it. Here that is what its jobs say.
_PROJECT_STATUS = """
case when p.status in ('draft', 'processing') then coalesce((
  select case when j.status in ('pending', 'processing') then 'processing' when j.status = 'completed' then 'completed' end
  from public.generation_jobs as j
  where j.tenant_id = p.tenant_id and j.project_id = p.id order by j.id desc limit 1), p.status)
else p.status end
"""
PROJECTS = f"""
select {legacy_id("project", "p.id")} as id, p.original_idea, p.target_audience,
  coalesce(p.tone, p.metadata ->> '{TONE_KEPT_AS}') as tone, s.status, p.metadata - '{TONE_KEPT_AS}' as metadata,
  {moment("p.created_at")} as created_at, {moment("p.updated_at")} as updated_at, p.id as own_id
from public.projects as p
cross join lateral (select {_PROJECT_STATUS} as status) as s
where p.tenant_id = private.tenant_id() and p.deleted_at is null
"""

#: Words that clients of old know: a withdrawn job had ended without a result, which they call failed.
JOBS = f"""
select {legacy_id("job", "j.id")} as id, {legacy_id("project", "j.project_id")} as project_id,
  case when j.job_type in ('single', 'batch') then 'script_generation' else j.job_type end as job_type,
  case j.status when 'cancelled' then 'failed' else j.status end as status, j.progress, j.total_steps, j.current_step,
  case j.status when 'cancelled' then 'The job was cancelled.' else j.error_message end as error_message,
  coalesce(j.result_data, '{{}}') || case when j.status = 'completed' and j.job_type in ('single', 'batch')
    then jsonb_strip_nulls(jsonb_build_object(
      'script_id', (select {legacy_id("script", "s.id")} from public.scripts as s
        where s.tenant_id = j.tenant_id and s.job_id = j.id order by s.created_at desc, s.id desc limit 1),
      'processing_time', round(extract(epoch from j.completed_at - j.started_at)::numeric, 3),
      'platforms', to_jsonb(j.platforms))) || jsonb_build_object('packages', j.result_data -> 'platforms')
    else '{{}}' end as result_data,
  {moment("j.created_at")} as created_at, {moment("j.updated_at")} as updated_at,
  {moment("j.completed_at")} as completed_at, j.id as own_id
from public.generation_jobs as j
where j.tenant_id = private.tenant_id()
"""

SCRIPTS = f"""
select {legacy_id("script", "s.id")} as id, {legacy_id("project", "s.project_id")} as project_id, s.content,
  s.total_duration, s.word_count, s.script_type, {moment("s.created_at")} as created_at
from public.scripts as s
where s.tenant_id = private.tenant_id()
"""

SCENES = f"""
select {legacy_id("scene", "s.id")} as id, {legacy_id("script", "s.script_id")} as script_id, s.scene_number, s.duration,
  s.voiceover_text, s.visual_description, s.scene_type, s.platform_specific, {moment("s.created_at")} as created_at,
  s.id as own_id
from public.scenes as s
where s.tenant_id = private.tenant_id()
"""

#: A file has a name of its own for `/media`: names of two jobs may be equal, ids are not.
CONTENT = f"""
select {legacy_id("content", "c.id")} as id, {legacy_id("scene", "c.scene_id")} as scene_id, c.content_type,
  c.file_path, c.file_size, c.duration, c.quality_score, c.platform, c.resolution, c.format, c.generation_metadata,
  {moment("c.created_at")} as created_at,
  '/media/' || case when c.job_id is null and c.file_name <> '' then c.file_name
    else c.id || coalesce('.' || c.format, '') end as media_url,
  c.id as own_id
from public.generated_content as c
where c.tenant_id = private.tenant_id()
"""

LIBRARY = f"""
select {legacy_id("library_item", "i.id")} as id, {legacy_id("scene", "i.scene_id")} as scene_id, i.specific_tags,
  i.generic_tags, i.usage_count, i.performance_score, {moment("i.last_used")} as last_used, i.library_category,
  {moment("i.created_at")} as created_at, {moment("i.updated_at")} as updated_at,
  s.voiceover_text, s.visual_description, s.duration
from public.content_library as i
join public.scenes as s on s.id = i.scene_id
where i.tenant_id = private.tenant_id()
"""


async def rows(connection: AsyncConnection[Any], query: str, **arguments: object) -> list[Row]:
    """All rows of a query, without what only we need."""
    cursor = await connection.cursor(row_factory=dict_row).execute(query.encode(), arguments)
    return await cursor.fetchall()


async def one(connection: AsyncConnection[Any], query: str, **arguments: object) -> Row | None:
    """The first row of a query."""
    found = await rows(connection, query, **arguments)
    return found[0] if found else None


def shown(row: Row) -> Row:
    """A row as it is sent: without our own id beside the one that clients know."""
    return {name: value for name, value in row.items() if name != "own_id"}


async def find(connection: AsyncConnection[Any], entity: str, given: str) -> UUID | None:
    """The id behind one that a client sent: an old one, or one of ours; None for neither."""
    cursor = await connection.execute(
        "select l.id from public.legacy_ids as l"
        " where l.tenant_id = private.tenant_id() and l.entity = %s and l.legacy_id = %s",
        [entity, given],
    )
    if found := await cursor.fetchone():
        own: UUID = found[0]
        return own
    try:
        return UUID(given)
    except ValueError:
        return None
