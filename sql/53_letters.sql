-- Dead letters: tasks that failed for good. Here they are found, shown and discarded; they run again as sql/52_retries.sql says.

create table public.discarded_letters (
  job_id uuid not null,
  task_id uuid not null,
  failed_at timestamptz not null,
  tenant_id uuid not null,
  reason text not null check (btrim(reason) <> '' and length(reason) <= 500),
  discarded_by uuid,
  discarded_at timestamptz not null default now(),
  primary key (job_id, task_id, failed_at),
  foreign key (tenant_id, job_id) references public.generation_jobs (tenant_id, id) on delete cascade
);
comment on table public.discarded_letters is
  'Dead letters that nobody wants to see again, and why. Their tasks stay failed, so that no count changes; one that fails again is a new letter.';
comment on column public.discarded_letters.failed_at is 'completed_at of the task: which of its failures is meant.';
comment on column public.discarded_letters.discarded_by is 'Null where an operator did it. No foreign key: it outlives users.';
create index discarded_letters_tenant_id_job_id on public.discarded_letters (tenant_id, job_id);

alter table public.discarded_letters enable row level security;
create policy "Members read what their tenant has discarded" on public.discarded_letters
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.discarded_letters to authenticated;
grant select, insert, update, delete on public.discarded_letters to service_role;

create table private.attempt_logs (
  job_id uuid not null,
  attempt_id uuid not null,
  lines text not null,
  created_at timestamptz not null default now(),
  primary key (job_id, attempt_id)
);
comment on table private.attempt_logs is
  'The last lines that the process of a failed attempt wrote, and the traceback. Without foreign keys: kept for as long as private.retention says.';
create index attempt_logs_created_at on private.attempt_logs using brin (created_at);

create type private.letter_filter as (
  tenant_id uuid, project_id uuid, batch_id uuid, job_id uuid, task_id uuid, error_code text, stage text, since timestamptz,
  until timestamptz, is_discarded boolean
);
comment on type private.letter_filter is
  'Which dead letters are meant; what is null is not asked for. since and until are about the time of the failure.';

create function private.is_discarded(p_task public.stage_tasks)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from public.discarded_letters as d
    where d.job_id = p_task.job_id and d.task_id = p_task.id and d.failed_at = p_task.completed_at
  )
$$;
comment on function private.is_discarded(public.stage_tasks) is 'Whether a failed task was discarded since it failed.';

create function private.letters(p_filter private.letter_filter)
returns setof public.stage_tasks
language plpgsql
stable
set search_path = ''
-- What is not asked for drops out of the query when it is planned.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return query
  select t.*
  from public.stage_tasks as t
  join public.batches as b on b.id = t.batch_id and b.deleted_at is null
  where t.status = 'failed'
    and (p_filter.tenant_id is null or t.tenant_id = p_filter.tenant_id)
    and (p_filter.project_id is null or t.project_id = p_filter.project_id)
    and (p_filter.batch_id is null or t.batch_id = p_filter.batch_id)
    and (p_filter.job_id is null or t.job_id = p_filter.job_id)
    and (p_filter.task_id is null or t.id = p_filter.task_id)
    and (p_filter.error_code is null or t.error_code = p_filter.error_code)
    and (p_filter.stage is null or t.stage = p_filter.stage)
    and (p_filter.since is null or t.completed_at >= p_filter.since)
    and (p_filter.until is null or t.completed_at < p_filter.until)
    and (p_filter.is_discarded is null or p_filter.is_discarded = private.is_discarded(t))
    -- What was withdrawn as a whole is no letter any more.
    and not exists (select from public.generation_jobs as j where j.id = t.job_id and j.status = 'cancelled');
end
$$;
comment on function private.letters(private.letter_filter) is 'Dead letters by a filter, in no order.';

create function private.as_letter(p_task public.stage_tasks)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'job_id', p_task.job_id, 'task_id', p_task.id, 'tenant_id', p_task.tenant_id, 'project_id', p_task.project_id,
    'batch_id', p_task.batch_id, 'batch_number', b.number, 'position', j.position, 'topic', j.topic, 'job_status', j.status,
    'stage', p_task.stage, 'scene_number', p_task.scene_number, 'platform', p_task.platform, 'failed_at', p_task.completed_at,
    'error_code', p_task.error_code, 'error_message', p_task.error_message,
    'next_step', coalesce(nullif(p_task.next_step, ''), c.next_step, ''), 'remedy', coalesce(c.remedy, 'operator'),
    'failure_count', p_task.failure_count, 'lost_count', p_task.lost_count,
    'discarded', (
      select jsonb_build_object('at', d.discarded_at, 'by', d.discarded_by, 'reason', d.reason)
      from public.discarded_letters as d
      where d.job_id = p_task.job_id and d.task_id = p_task.id and d.failed_at = p_task.completed_at)
  )
  from public.generation_jobs as j
  join public.batches as b on b.id = j.batch_id
  left join public.list_error_codes() as c on c.error_code = p_task.error_code
  where j.id = p_task.job_id
$$;
comment on function private.as_letter(public.stage_tasks) is 'What is told of a dead letter in a list.';

create function private.list_letters(
  p_filter private.letter_filter, p_before timestamptz, p_before_id uuid, p_count int
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(private.as_letter(f) order by f.completed_at desc, f.id desc), '[]')
    from (
      select l.* from private.letters(p_filter) as l
      where p_before is null or (l.completed_at, l.id) < (p_before, coalesce(p_before_id, '00000000-0000-0000-0000-000000000000'))
      order by l.completed_at desc, l.id desc
      limit least(coalesce(p_count, 50), 501)
    ) as f
  );
end
$$;
comment on function private.list_letters(private.letter_filter, timestamptz, uuid, int) is
  'Dead letters as they are told, the last failure first, those that failed before a moment (and id).';

create function private.letter_groups(p_filter private.letter_filter)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(g) order by g.count desc, g.error_code, g.stage), '[]')
    from (
      select f.error_code, f.stage, count(*) as count, count(distinct f.tenant_id) as tenants, min(f.completed_at) as first_at,
        max(f.completed_at) as last_at, coalesce(min(c.meaning), '') as meaning, coalesce(min(c.next_step), min(f.next_step), '') as next_step,
        coalesce(min(c.remedy), 'operator') as remedy
      from private.letters(p_filter) as f
      left join public.list_error_codes() as c on c.error_code = f.error_code
      group by f.error_code, f.stage
      order by count(*) desc
      limit 500
    ) as g
  );
end
$$;
comment on function private.letter_groups(private.letter_filter) is
  'How many dead letters there are by error code and stage, since when, and what is to be done: the most frequent 500.';

create function private.inputs_or_reason(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.task_inputs(p_task);
exception when others then
  -- What it needs may be gone, and that may be why it failed.
  return jsonb_build_object('unknown', sqlerrm);
end
$$;
comment on function private.inputs_or_reason(public.stage_tasks) is 'The inputs of a task, or why they cannot be put together.';

create function private.show_letter(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.as_letter(p_task) || jsonb_build_object(
    'meaning', (select c.meaning from public.list_error_codes() as c where c.error_code = p_task.error_code),
    'inputs', private.inputs_or_reason(p_task),
    'attempts', (
      select coalesce(jsonb_agg(jsonb_build_object('attempt_id', a.id, 'number', a.number, 'generation', a.generation, 'status', a.status,
        'worker_id', a.worker_id, 'host', a.host, 'started_at', a.started_at, 'finished_at', a.finished_at, 'error_code', a.error_code,
        'error_message', a.error_message, 'next_step', a.next_step, 'is_retriable', a.is_retriable, 'timings', a.timings,
        'log', coalesce(string_to_array(l.lines, E'\n'), '{}')) order by a.number), '[]')
      from public.task_attempts as a
      left join private.attempt_logs as l on l.job_id = a.job_id and l.attempt_id = a.id
      where a.job_id = p_task.job_id and a.task_id = p_task.id),
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object('at', e.created_at, 'status', e.status, 'retries', e.retries,
        'error_code', e.error_code, 'error_message', e.error_message) order by e.id), '[]')
      from (
        select e.* from public.job_events as e where e.job_id = p_task.job_id and e.task_id = p_task.id order by e.id desc limit 200
      ) as e));
end
$$;
comment on function private.show_letter(public.stage_tasks) is
  'A dead letter with its inputs, its attempts (each with its last log lines) and the last 200 of its events.';

create function private.discard(p_tasks public.stage_tasks [], p_reason text, p_user_id uuid)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  insert into public.discarded_letters (job_id, task_id, failed_at, tenant_id, reason, discarded_by)
  select t.job_id, t.id, t.completed_at, t.tenant_id, btrim(p_reason), p_user_id from unnest(p_tasks) as t
  on conflict (job_id, task_id, failed_at) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.discard(public.stage_tasks [], text, uuid) is 'Takes dead letters, whose tenants are locked, out of the lists; returns how many.';
