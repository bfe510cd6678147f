"""Counters against a recount, and states against what may be."""

from __future__ import annotations

from tests.sql.world import World

_WINDOWS = """
with recount as (
  select s.scope_id, count(*) filter (where t.status in ('queued', 'processing')) as active
  from public.stage_tasks as t
  cross join lateral (values (t.tenant_id), (t.project_id), (t.batch_id)) as s (scope_id)
  group by s.scope_id
)
select scope_id, w.active_count, r.active
from private.windows as w full join recount as r using (scope_id)
where coalesce(w.active_count, 0) <> coalesce(r.active, 0)
"""
_BACKLOGS = """
with recount as (
  select batch_id, stage, lane, count(*) filter (where status = 'pending' and run_at is null and held_at is null
    and awaits_key is null) as waiting
  from public.stage_tasks group by batch_id, stage, lane
)
select batch_id, stage, lane, g.waiting_count, r.waiting
from private.backlogs as g full join recount as r using (batch_id, stage, lane)
where coalesce(g.waiting_count, 0) <> coalesce(r.waiting, 0)
"""
#: A backlog that is passed over though its batch may be released, or the other way round.
_CLOSED = """
select g.batch_id, g.stage, g.lane from private.backlogs as g
join public.batches as b on b.id = g.batch_id
join public.projects as p on p.id = b.project_id
join public.tenants as t on t.id = b.tenant_id
where g.is_open <> (b.starts_at is null and b.blocked_at is null and b.paused_at is null and b.deleted_at is null
  and p.paused_at is null and p.deleted_at is null and t.paused_at is null and t.deleted_at is null)
"""
#: A tenant with work to release that has no turn.
_TURNS = """
select g.tenant_id, g.stage, g.lane from private.backlogs as g
left join private.turns as t on t.tenant_id = g.tenant_id and t.stage = g.stage and t.lane = g.lane
where g.waiting_count > 0 and g.is_open and not coalesce(t.is_waiting, false)
"""
_BATCHES = """
select b.id, b.status, b.job_count, r.*
from public.batches as b
cross join lateral (
  select count(*) as jobs, count(*) filter (where j.status = 'pending') as pending,
    count(*) filter (where j.status = 'processing') as processing,
    count(*) filter (where j.status = 'completed') as completed,
    count(*) filter (where j.status = 'failed') as failed, count(*) filter (where j.status = 'cancelled') as cancelled,
    coalesce(sum(j.progress), 0) as progress
  from public.generation_jobs as j where j.batch_id = b.id
) as r
where (b.job_count, b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count, b.progress_sum)
  is distinct from (r.jobs, r.pending, r.processing, r.completed, r.failed, r.cancelled, r.progress)
"""
#: A job in a state that its tasks do not bear out.
_JOBS = """
select j.id, j.status, j.progress, t.*
from public.generation_jobs as j
cross join lateral (
  select count(*) filter (where t.status in ('pending', 'queued', 'processing')) as active,
    count(*) filter (where t.status = 'failed') as failed, count(*) filter (where t.status <> 'completed') as open,
    count(*) filter (where t.status = 'cancelled') as cancelled
  from public.stage_tasks as t where t.job_id = j.id
) as t
where case j.status
  when 'completed' then t.open > 0 or j.progress < 100 or j.current_step < j.total_steps
  when 'failed' then t.active > 0 or t.failed = 0
  when 'processing' then t.active = 0
  when 'pending' then t.active = 0
  when 'cancelled' then t.active > 0 or t.cancelled = 0
end or (j.status in ('pending', 'processing') and t.cancelled > 0)
"""
#: A task that is held back though its job is not, or the other way round.
_HELD = """
select t.job_id, t.id from public.stage_tasks as t join public.generation_jobs as j on j.id = t.job_id
where t.status = 'pending' and case when coalesce(j.paused_at, j.blocked_at) is not null or j.pause_after is null
  then t.held_at is distinct from coalesce(j.paused_at, j.blocked_at)
  else (t.held_at is not null) <> private.is_after(t.stage, j.pause_after) end
"""
#: A job that goes past the stage after which it is to pause, that ought to have paused, or that works while it is looked at.
_REVIEWS = """
select j.id, j.pause_after, j.paused_after
from public.generation_jobs as j
cross join lateral (
  select count(*) filter (where t.status in ('queued', 'processing')) as running,
    count(*) filter (where t.status = 'pending' and not private.is_after(t.stage, j.pause_after)) as before,
    count(*) filter (where t.status in ('queued', 'processing') and not private.is_after(t.stage, j.pause_after)) as running_before,
    count(*) filter (where t.status = 'pending' and private.is_after(t.stage, j.pause_after)) as held
  from public.stage_tasks as t where t.job_id = j.id
) as t
where j.completed_at is null and (
  (j.pause_after is not null and (t.running > t.running_before or (t.before + t.running_before = 0 and t.held > 0)))
  or (j.paused_after is not null and (t.running > 0 or j.pause_after is not null))
)
"""
#: A task that its status does not bear out.
_TASKS = """
select t.job_id, t.id, t.status
from public.stage_tasks as t
cross join lateral (
  select bool_and(n.status = 'completed') as is_free from public.stage_tasks as n
  where n.job_id = t.job_id and n.id = any(t.needs)
) as n
where (t.status = 'blocked' and coalesce(n.is_free, true))
  or (t.status not in ('blocked', 'cancelled') and not coalesce(n.is_free, true))
  or (t.status = 'processing') <> exists (
    select from public.task_attempts as a
    where a.job_id = t.job_id and a.task_id = t.id and a.status = 'processing' and a.id = t.attempt_id
  )
  or (t.status = 'completed') <> exists (
    select from public.artifacts as a
    where t.status = 'completed' and a.tenant_id = t.tenant_id and a.content_key = t.content_key and a.status = 'ready'
  )
"""
#: An attempt that runs for no task.
_ATTEMPTS = """
select a.job_id, a.id from public.task_attempts as a
join public.stage_tasks as t on t.job_id = a.job_id and t.id = a.task_id
where a.status = 'processing' and (t.status <> 'processing' or t.attempt_id <> a.id)
"""
#: An artifact that nobody is making.
_ARTIFACTS = """
select a.content_key from public.artifacts as a
where a.status = 'computing' and exists (select from public.generation_jobs as j where j.id = a.job_id) and not exists (
  select from public.stage_tasks as t
  where t.job_id = a.job_id and t.id = a.task_id and t.status = 'processing' and t.attempt_id = a.attempt_id
)
"""
#: A file of a job that no completed task of it made, or that is there twice; or a completed task whose file is missing.
_CONTENT = """
select c.job_id, c.role, c.platform from public.generated_content as c
left join public.stage_tasks as t on t.job_id = c.job_id and t.id = c.task_id
where c.job_id is not null and (t.status is distinct from 'completed' or not exists (
  select from public.artifacts as a
  where a.tenant_id = t.tenant_id and a.content_key = t.content_key
    and a.files @> jsonb_build_array(jsonb_build_object('path', c.file_path))))
union all
select t.job_id, t.stage, t.platform
from public.stage_tasks as t
join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
where t.status = 'completed' and jsonb_array_length(a.files) <> (
  select count(*) from public.generated_content as c where c.job_id = t.job_id and c.task_id = t.id)
"""
#: A job whose tasks are of other scenes than its script, or that has tasks without a script.
_SCENES = """
select j.id, wanted.scenes, there.scenes
from public.generation_jobs as j
join public.stage_tasks as w on w.job_id = j.id and w.stage = 'script_generation'
cross join lateral (
  select array(
    select s.scene_number from public.scenes as s
    where w.status = 'completed' and s.script_id = (private.script_of(j.id, j.tenant_id)).id order by 1
  ) as scenes
) as wanted
cross join lateral (
  select array(
    select t.scene_number from public.stage_tasks as t
    where t.job_id = j.id and t.stage = 'audio_generation' order by 1
  ) as scenes
) as there
where wanted.scenes <> there.scenes
"""
#: A queued task that nobody can fetch.
_ENTRIES = """
select t.job_id, t.id from public.stage_tasks as t
left join procrastinate.procrastinate_jobs as e on e.id = t.entry_id
where t.status = 'queued' and (
  e.id is null or e.args ->> 'task_id' <> t.id::text or e.args ->> 'job_id' <> t.job_id::text or e.queue_name <> t.stage
)
"""


def assert_sound(world: World) -> None:
    """Every counter equals a recount, and every row bears out its status."""
    for query in (
        _WINDOWS,
        _BACKLOGS,
        _CLOSED,
        _TURNS,
        _BATCHES,
        _JOBS,
        _HELD,
        _REVIEWS,
        _TASKS,
        _ATTEMPTS,
        _ARTIFACTS,
        _CONTENT,
        _SCENES,
        _ENTRIES,
    ):
        assert world.rows(query) == []
