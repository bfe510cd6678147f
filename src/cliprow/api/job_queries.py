"""Jobs and batches with everything below them, each as one query that makes the answer's JSON."""

from __future__ import annotations

from typing import LiteralString

from cliprow.api.routes.job_types import BATCH, JOB
from cliprow.batches import MADE_BY, MAKER

#: Of tasks `t`, grouped by a stage `w`.
_STAGE: LiteralString = """json_build_object('stage', w.stage, 'status', case
      when count(t.id) = 0 then 'blocked'
      when bool_or(t.status = 'failed') then 'failed'
      when bool_and(t.status = 'completed') then 'completed'
      when bool_or(t.status in ('processing', 'completed')) then 'processing'
      when bool_or(t.status = 'queued') then 'queued'
      when bool_or(t.status = 'pending') then 'pending'
      when bool_or(t.status = 'blocked') then 'blocked'
      else 'cancelled' end,
    'progress', coalesce(avg(case t.status when 'completed' then 100 else t.progress end), 0)::int,
    'total', count(t.id), 'completed', count(*) filter (where t.status = 'completed'),
    'processing', count(*) filter (where t.status = 'processing'),
    'failed', count(*) filter (where t.status = 'failed'), 'reused', count(*) filter (where t.is_reused))"""
_STAGES: LiteralString = """unnest(array['script_generation', 'audio_generation', 'video_generation',
      'platform_adaptation', 'post_processing']) with ordinality as w (stage, place)"""

#: Parameters: tenant, job.
JOB_DETAIL: LiteralString = f"""
select to_json(r)::text from (
  select {JOB}, b.number as batch_number, j.params,
    (select s.content ->> 'title' from public.scripts as s
     where s.tenant_id = j.tenant_id and s.job_id = j.id order by s.created_at desc limit 1) as title,
    coalesce(j.paused_at, b.paused_at, p.paused_at, n.paused_at) is not null as is_paused,
    j.project_id in (select private.controlled_project_ids()) as may_control,
    (select json_agg(g.told order by g.place) from (
      select w.place, {_STAGE} as told
      from {_STAGES}
      left join public.stage_tasks as t on t.tenant_id = j.tenant_id and t.job_id = j.id and t.stage = w.stage
      group by w.stage, w.place
    ) as g) as stages,
    coalesce((select json_agg(to_json(k) order by k.position, k.scene_number, k.aspect, k.platform) from (
      select t.id, t.stage, t.scene_number, t.aspect, t.platform, t.position, t.status, t.generation, t.progress,
        t.is_reused, {MADE_BY}, t.run_at, t.error_code, t.error_message, t.next_step, t.version, t.started_at,
        t.completed_at,
        coalesce((select json_agg(to_json(a) order by a.started_at) from (
          select a.id, a.number, a.generation, a.status, a.started_at, a.finished_at, a.error_code, a.error_message,
            a.next_step, a.timings
          from public.task_attempts as a
          where a.tenant_id = t.tenant_id and a.job_id = t.job_id and a.task_id = t.id
        ) as a), '[]') as attempts
      from public.stage_tasks as t {MAKER} where t.tenant_id = j.tenant_id and t.job_id = j.id
    ) as k), '[]') as tasks,
    coalesce((select json_agg(to_json(c) order by c.content_id) from (
      select c.id as content_id, c.task_id, c.scene_id, c.content_type, c.role, c.file_name, c.file_size as size_bytes,
        c.sha256, c.duration_ms, c.platform, c.resolution, c.format, c.quality_score, c.created_at
      from public.generated_content as c where c.tenant_id = j.tenant_id and c.job_id = j.id
    ) as c), '[]') as artifacts
  from public.generation_jobs as j
  join public.batches as b on b.tenant_id = j.tenant_id and b.id = j.batch_id
  join public.projects as p on p.tenant_id = j.tenant_id and p.id = j.project_id
  join public.tenants as n on n.id = j.tenant_id
  where j.tenant_id = %s and j.id = %s
) as r
"""

#: Parameters: tenant, batch. Tasks by the range of the batch's jobs, which is an index's: a join would be planned with
#: the statistics of before the batch, and compare every job with every task.
BATCH_DETAIL: LiteralString = f"""
select to_json(r)::text from (
  select {BATCH}, coalesce(b.paused_at, p.paused_at, n.paused_at) is not null as is_paused,
    (select json_agg(g.told order by g.place) from (
      select w.place, {_STAGE} as told
      from {_STAGES}
      left join public.stage_tasks as t
        on t.tenant_id = b.tenant_id and t.batch_id = b.id and t.stage = w.stage
          and t.job_id >= (select j.id from public.generation_jobs as j
            where j.tenant_id = b.tenant_id and j.batch_id = b.id order by j.id limit 1)
          and t.job_id <= (select j.id from public.generation_jobs as j
            where j.tenant_id = b.tenant_id and j.batch_id = b.id order by j.id desc limit 1)
      group by w.stage, w.place
    ) as g) as stages
  from public.batches as b
  join public.projects as p on p.tenant_id = b.tenant_id and p.id = b.project_id
  join public.tenants as n on n.id = b.tenant_id
  where b.tenant_id = %s and b.id = %s and b.deleted_at is null
) as r
"""
