-- Jobs that come after others of their batch. A topic of create_batch may say:
--
--   after_rows        places of topics before it in the batch, from 1
--   after_condition   completed (default), or ended: however that went
--   after_failure     what becomes of it when that can no longer be met: hold (default), cancel or run
--
-- Only rows before it can be named, so there are no circles. Until then generation_jobs.blocked_at holds its tasks back, as a
-- pause does: they are in no backlog, and a release never looks at them. Ends are noted by the trigger note_end
-- (55_dependencies.sql), in the transaction of the end; the ticker draws the conclusions.

create table public.job_dependencies (
  tenant_id uuid not null,
  batch_id uuid not null,
  job_id uuid not null,
  needs_job_id uuid not null,
  outcome text check (outcome in ('completed', 'failed', 'cancelled')),
  is_due boolean not null default false,
  primary key (job_id, needs_job_id),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade
);
comment on table public.job_dependencies is 'Which jobs of a batch begin after which others of it.';
comment on column public.job_dependencies.outcome is 'How the job that is needed ended the last time; null while it never has, or runs again.';
comment on column public.job_dependencies.is_due is 'It has ended, and the ticker has not drawn the conclusion yet.';
create index job_dependencies_tenant_id_batch_id on public.job_dependencies (tenant_id, batch_id);
create index job_dependencies_needs_job_id on public.job_dependencies (needs_job_id);
create index job_dependencies_due on public.job_dependencies (tenant_id, job_id) where is_due;

alter table public.job_dependencies enable row level security;
create policy "Members read what their tenant's jobs wait for" on public.job_dependencies
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.job_dependencies to authenticated;
grant select, insert, update, delete on public.job_dependencies to service_role;

create function private.after_rows_problem(p_after jsonb, p_place bigint)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_row jsonb;
begin
  if jsonb_typeof(p_after) = 'null' then
    return null;
  elsif jsonb_typeof(p_after) <> 'array' or p_after -> 20 is not null then
    return 'is not a list of up to 20 places of topics';
  end if;
  for v_row in select * from jsonb_array_elements(p_after) loop
    if v_row::text !~ '^[1-9][0-9]{0,5}$' or v_row::text::bigint >= p_place then
      return format('names %s, which is not the place of a topic before it', left(v_row::text, 40));
    end if;
  end loop;
  return null;
end
$$;
comment on function private.after_rows_problem(jsonb, bigint) is
  'What is wrong with the list of rows that the topic at a place waits for; null when nothing is.';

create function private.wait_problems(p_topics jsonb, p_after int default 0)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(private.as_problem(t.ordinality, f.key, p.reason) order by t.ordinality, f.key)
    from jsonb_array_elements(p_topics) with ordinality as t
    cross join lateral jsonb_each(
      case when t.value ?| '{after_rows,after_condition,after_failure,deadline,on_deadline}' then t.value else '{}' end) as f
    cross join lateral (
      select case f.key
        when 'after_rows' then private.after_rows_problem(f.value, p_after + t.ordinality)
        when 'after_condition' then case when f.value not in ('"completed"', '"ended"', 'null') then 'is neither completed nor ended' end
        when 'after_failure' then case when f.value not in ('"hold"', '"cancel"', '"run"', 'null') then 'is not hold, cancel or run' end
        when 'deadline' then coalesce(private.moment_problem(f.value),
          case when private.as_moment(f.value #>> '{}') <= now() then 'has passed' end)
        when 'on_deadline' then case when f.value not in ('"cancel"', '"warn"', 'null') then 'is neither cancel nor warn' end
      end as reason
    ) as p
    where jsonb_typeof(t.value) = 'object' and p.reason is not null
  );
end
$$;
comment on function private.wait_problems(jsonb, int) is
  'What is wrong with the fields of topics that say when their jobs run, which come after so many others of the batch; null when nothing is.';

create function private.apply_waits(p_batch public.batches, p_topics jsonb, p_after int default 0)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from jsonb_array_elements(p_topics) as t where t ?| '{after_rows,deadline}') then
    return;
  end if;
  insert into public.job_dependencies (tenant_id, batch_id, job_id, needs_job_id, outcome, is_due)
  select distinct j.tenant_id, j.batch_id, j.id, n.id, case when n.completed_at is not null then n.status end, n.completed_at is not null
  from jsonb_array_elements(p_topics) with ordinality as t
  cross join lateral jsonb_array_elements_text(case jsonb_typeof(t.value -> 'after_rows') when 'array' then t.value -> 'after_rows' else '[]' end) as r
  join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.position = p_after + t.ordinality
  join public.generation_jobs as n on n.tenant_id = p_batch.tenant_id and n.batch_id = p_batch.id and n.position = r.value::int;
  update public.generation_jobs as j
  set deadline = private.as_moment(j.params ->> 'deadline'),
    blocked_at = case when w.waits then now() end,
    blocked_reason = case when w.waits then 'It waits for other jobs of its batch.' end
  from (
    select i.id, exists (select from public.job_dependencies as d where d.job_id = i.id) as waits
    from public.generation_jobs as i
    where i.tenant_id = p_batch.tenant_id and i.batch_id = p_batch.id and i.position > p_after
  ) as w
  where j.id = w.id and (w.waits or j.params ->> 'deadline' is not null);
  update public.stage_tasks as t
  set held_at = j.blocked_at
  from public.generation_jobs as j
  where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.position > p_after and j.blocked_at is not null
    and t.job_id = j.id and t.status = 'pending';
end
$$;
comment on function private.apply_waits(public.batches, jsonb, int) is
  'What new topics of a batch, which come after so many others and have been checked, say of when their jobs run; its tenant is locked.';

create function private.free_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set blocked_at = null, blocked_reason = null
  where j.id = any(p_job_ids) and j.blocked_at is not null;
  update public.stage_tasks as t
  set held_at = private.held_since(j.paused_at, j.blocked_at, j.pause_after, t.stage)
  from public.generation_jobs as j
  where j.id = any(p_job_ids) and t.job_id = j.id and t.status = 'pending' and t.held_at is distinct from j.paused_at;
end
$$;
comment on function private.free_jobs(uuid []) is 'Lets jobs that waited for others begin; those that are paused stay so, and those that will pause are held before that stage. Their tenant is locked.';

create function private.unmet_rows(p_job_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select format('%s of %s jobs that must be completed first %s failed or cancelled: %s.',
    count(*), (select count(*) from public.job_dependencies as a where a.job_id = p_job_id),
    case count(*) when 1 then 'is' else 'are' end, string_agg(coalesce('job ' || b.number || '.' || n.position, d.needs_job_id::text), ', ' order by n.position))
  from public.job_dependencies as d
  left join public.generation_jobs as n on n.id = d.needs_job_id
  left join public.batches as b on b.id = n.batch_id
  where d.job_id = p_job_id and d.outcome <> 'completed'
$$;
comment on function private.unmet_rows(uuid) is 'Which of what a job waits for did not end well, for people.';

create function private.settle_due_jobs(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_free uuid [];
  v_cancel uuid [];
  v_hold uuid [];
begin
  update public.job_dependencies set is_due = false where job_id = any(p_job_ids) and is_due;
  select array_agg(s.id) filter (where s.is_met or (s.is_hopeless and s.on_failure = 'run')),
    array_agg(s.id) filter (where s.is_hopeless and s.on_failure = 'cancel'),
    array_agg(s.id) filter (where s.is_hopeless and s.on_failure = 'hold')
  into v_free, v_cancel, v_hold
  from (
    select j.id, coalesce(j.params ->> 'after_failure', 'hold') as on_failure,
      bool_and(d.outcome is not null and (d.outcome = 'completed' or j.params ->> 'after_condition' is not distinct from 'ended')) as is_met,
      bool_or(coalesce(d.outcome <> 'completed', false) and j.params ->> 'after_condition' is distinct from 'ended') as is_hopeless
    from public.generation_jobs as j
    join public.job_dependencies as d on d.job_id = j.id
    where j.id = any(p_job_ids) and j.blocked_at is not null and j.completed_at is null
    group by j.id
  ) as s;
  perform private.free_jobs(v_free);
  perform private.withdraw_because(v_cancel, 'DEPENDENCY_FAILED', 'A job of its batch that must be completed first failed or was cancelled.',
    'Retry what failed, then retry this job; or retry it at once to do without.');
  update public.generation_jobs as j set blocked_reason = private.unmet_rows(j.id) where j.id = any(v_hold);
end
$$;
comment on function private.settle_due_jobs(uuid []) is
  'Lets jobs begin when what they wait for has ended as they ask, or does what they ask for otherwise. Their tenants are locked.';

create function private.settle_jobs(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [];
  v_count int := 0;
begin
  -- What is cancelled may let others end too: a chain is followed to its end, or goes on with the next tick.
  for v_round in 1..50 loop
    v_job_ids := array(
      select distinct d.job_id from public.job_dependencies as d where d.is_due and d.tenant_id = any(p_tenant_ids) limit 1000
    );
    exit when v_job_ids = '{}';
    perform private.settle_due_jobs(v_job_ids);
    v_count := v_count + cardinality(v_job_ids);
  end loop;
  return v_count;
end
$$;
comment on function private.settle_jobs(uuid []) is
  'Settles the jobs of these tenants, which are locked, of whose needs some have ended; returns how many it looked at.';
