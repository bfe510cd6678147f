-- Schedules: batches that are made again and again, by cron in a time zone. Each occurrence is a row, made in the transaction
-- that makes its batch, so that none is run twice and none is lost, whichever worker's ticker is at it.

create table public.schedules (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  project_id uuid not null,
  owner_id uuid,
  name text not null check (btrim(name) <> '' and length(name) <= 200),
  cron text not null,
  time_zone text not null default 'UTC',
  misfire text not null default 'run_once' check (misfire in ('run_once', 'run_all', 'skip')),
  topics jsonb not null check (jsonb_typeof(topics) = 'array'),
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  next_run_at timestamptz,
  last_run_at timestamptz,
  paused_at timestamptz,
  paused_by uuid references auth.users (id) on delete set null,
  paused_reason text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  foreign key (tenant_id, owner_id) references public.memberships (tenant_id, user_id) on delete set null (owner_id),
  constraint schedules_paused_by_needs_paused_at check (paused_at is not null or (paused_by is null and paused_reason is null))
);
comment on table public.schedules is 'Batches that are made again and again.';
comment on column public.schedules.owner_id is 'Whose right to create jobs each run needs: who made it, or resumed it last. Without it, it pauses.';
comment on column public.schedules.cron is 'Minute, hour, day of the month, month, day of the week, by the clocks of time_zone.';
comment on column public.schedules.misfire is
  'What becomes of occurrences that nobody was there for: run_once: one run stands for all of them; run_all: each is made up for; skip: those '
  'late by more than ten minutes are left out.';
comment on column public.schedules.topics is 'The topics of each batch; {date} in them or in the title becomes the local day it is due.';
comment on column public.schedules.paused_reason is 'Why it was paused, where nobody did it.';
create index schedules_tenant_id_project_id on public.schedules (tenant_id, project_id);
create index schedules_tenant_id_owner_id on public.schedules (tenant_id, owner_id);
create index schedules_paused_by on public.schedules (paused_by);
create index schedules_due on public.schedules (next_run_at) where paused_at is null;
create trigger count_version before update on public.schedules for each row execute function private.count_version();

create table public.schedule_runs (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  schedule_id uuid not null,
  due_at timestamptz not null,
  status text not null default 'created' check (status in ('created', 'failed', 'skipped')),
  is_manual boolean not null default false,
  batch_id uuid,
  error_code text,
  error_message text,
  problems jsonb,
  created_at timestamptz not null default now(),
  unique (schedule_id, due_at),
  foreign key (tenant_id, schedule_id) references public.schedules (tenant_id, id) on delete cascade,
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete set null (batch_id),
  constraint schedule_runs_failed_has_error check (status <> 'failed' or error_message is not null)
);
comment on table public.schedule_runs is 'What became of each occurrence of a schedule.';
comment on column public.schedule_runs.status is 'created: its batch was made; failed: it could not be, for the reason given; skipped: it was late, and misfire is skip.';
comment on column public.schedule_runs.problems is 'What is wrong with which topic or option.';
create index schedule_runs_tenant_id_schedule_id on public.schedule_runs (tenant_id, schedule_id, due_at desc);
create index schedule_runs_tenant_id_batch_id on public.schedule_runs (tenant_id, batch_id);

alter table public.schedules enable row level security;
create policy "Members read their tenant's schedules" on public.schedules
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.schedules to authenticated;
grant select, insert, update, delete on public.schedules to service_role;

alter table public.schedule_runs enable row level security;
create policy "Members read what became of their tenant's schedules" on public.schedule_runs
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.schedule_runs to authenticated;
grant select, insert, update, delete on public.schedule_runs to service_role;

create function private.dated(p_template jsonb, p_due_at timestamptz, p_zone text)
returns jsonb
language sql
immutable
set search_path = ''
return replace(p_template::text, '{date}', to_char(p_due_at at time zone p_zone, 'YYYY-MM-DD'))::jsonb;
comment on function private.dated(jsonb, timestamptz, text) is 'Topics or options with the day they are due in place of {date}.';

create function private.make_scheduled_batch(p_schedule public.schedules, p_due_at timestamptz)
returns uuid
language sql
set search_path = ''
as $$
  select (public.create_batch(
    p_schedule.project_id, private.dated(p_schedule.topics, p_due_at, p_schedule.time_zone),
    private.dated(p_schedule.options, p_due_at, p_schedule.time_zone)
  ) ->> 'batch_id')::uuid
$$;
comment on function private.make_scheduled_batch(public.schedules, timestamptz) is 'The batch of one occurrence, made as whoever the claims of the transaction name.';

create function private.run_occurrence(p_schedule public.schedules)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_claims text := coalesce(current_setting('request.jwt.claims', true), '');
  v_run_id uuid;
  v_code text;
  v_message text;
  v_detail text;
begin
  insert into public.schedule_runs (tenant_id, schedule_id, due_at)
  values (p_schedule.tenant_id, p_schedule.id, p_schedule.next_run_at)
  on conflict (schedule_id, due_at) do nothing
  returning id into v_run_id;
  if v_run_id is null then
    return null;
  end if;
  -- A transaction of its own inside ours: a run that fails undoes nothing but itself.
  begin
    perform set_config('request.jwt.claims', jsonb_build_object('sub', p_schedule.owner_id, 'tenant_id', p_schedule.tenant_id,
      'role', 'authenticated', 'schedule_id', p_schedule.id)::text, true);
    update public.schedule_runs as r set batch_id = private.make_scheduled_batch(p_schedule, p_schedule.next_run_at) where r.id = v_run_id;
    perform set_config('request.jwt.claims', v_claims, true);
  exception when others then
    get stacked diagnostics v_code = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    if left(v_code, 2) in ('40', '53', '55', '58') then
      -- Somebody was in the way, or the disk is full: it stays due, and the next tick tries again.
      delete from public.schedule_runs where id = v_run_id;
      raise warning 'schedule % is tried again: %', p_schedule.id, v_message;
      return 'again';
    end if;
    update public.schedule_runs
    set status = 'failed', error_code = v_code, error_message = v_message,
      problems = case when v_code = 'CR001' and starts_with(v_detail, '[') then v_detail::jsonb end
    where id = v_run_id;
  end;
  return v_code;
end
$$;
comment on function private.run_occurrence(public.schedules) is
  'Makes the batch of the occurrence that is due, with the rights of the schedule''s owner, or notes why not; its tenant is locked. Returns the '
  'SQLSTATE of what went wrong, ''again'' where the next tick may do better, else null. An occurrence that was run already is not run again.';

create function private.run_due_occurrences(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_schedule public.schedules;
  v_code text;
  v_count int := 0;
begin
  for v_schedule in
    select s.* from public.schedules as s
    where s.next_run_at <= now() and s.paused_at is null and s.tenant_id = any(p_tenant_ids)
    order by s.next_run_at limit 20 for update skip locked
  loop
    v_code := null;
    if v_schedule.misfire = 'skip' and v_schedule.next_run_at < now() - interval '10 minutes' then
      insert into public.schedule_runs (tenant_id, schedule_id, due_at, status)
      values (v_schedule.tenant_id, v_schedule.id, v_schedule.next_run_at, 'skipped') on conflict (schedule_id, due_at) do nothing;
    else
      v_code := private.run_occurrence(v_schedule);
      continue when v_code = 'again';
    end if;
    update public.schedules
    set last_run_at = v_schedule.next_run_at,
      next_run_at = private.next_time(cron, time_zone, case misfire when 'run_all' then v_schedule.next_run_at else now() end),
      paused_at = case when v_code in ('CR002', 'CR003') then now() end,
      paused_reason = case v_code
        when 'CR002' then 'Its project is gone.'
        when 'CR003' then 'Its owner may no longer create jobs in this project. Whoever resumes it becomes its owner.' end
    where id = v_schedule.id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function private.run_due_occurrences(uuid []) is
  'Runs what is due of the schedules of these tenants, which are locked; returns how many. One whose owner has lost the right to is paused.';

create function private.due_tenant_ids()
returns setof uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select b.tenant_id from public.batches as b where b.starts_at <= now()
  union
  select d.tenant_id from public.batch_dependencies as d where d.is_due
  union
  select d.tenant_id from public.job_dependencies as d where d.is_due
  union
  select j.tenant_id from public.generation_jobs as j where j.deadline <= now() and not j.is_late and j.completed_at is null
  union
  select b.tenant_id from public.batches as b where b.deadline <= now() and not b.is_late and b.completed_at is null
  union
  (select s.tenant_id from public.schedules as s where s.next_run_at <= now() and s.paused_at is null order by s.next_run_at limit 20);
end
$$;
comment on function private.due_tenant_ids() is 'The tenants of which run_due_schedules has something to do; reads only what is due.';

create function private.run_due_schedules(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
begin
  return private.open_due_batches(p_tenant_ids) + private.settle_dependencies(p_tenant_ids) + private.mark_late(p_tenant_ids)
    + private.settle_jobs(p_tenant_ids) + private.mark_late_jobs(p_tenant_ids)
    + private.run_due_occurrences(p_tenant_ids);
end
$$;
comment on function private.run_due_schedules(uuid []) is
  'What a schedule, a start, a deadline or the end of another batch makes due, of tenants which are locked; returns how many batches and runs.';
