-- Runs at a time and on a schedule, batches that wait for others, deadlines, and callbacks.

alter table public.batches
add column starts_at timestamptz,
add column deadline timestamptz,
add column is_late boolean not null default false,
add column blocked_at timestamptz,
add column blocked_reason text;
comment on column public.batches.starts_at is 'Nothing of it is released before; null once that moment has come.';
comment on column public.batches.deadline is 'When it must have ended; options.on_deadline says what happens otherwise.';
comment on column public.batches.is_late is 'Its deadline has passed before it had ended.';
comment on column public.batches.blocked_at is 'Nothing of it is released while it waits for other batches or jobs: since when it does.';
comment on column public.batches.blocked_reason is 'What it waits for, or why it waits in vain, for people.';

alter table private.settings add column private_callbacks boolean not null default false;
comment on column private.settings.private_callbacks is
  'Whether webhooks may be called over http, and on this machine or its network: for development, or where all tenants are trusted.';

alter table private.backlogs add column is_open boolean not null default true;
comment on column private.backlogs.is_open is
  'Whether its batch may be released at all: it is not paused, and neither begins later nor waits for others. What is not open is not looked at.';
update private.backlogs as g set is_open = false from public.batches as b where b.id = g.batch_id and b.paused_at is not null;
drop index private.backlogs_waiting;
create index backlogs_waiting on private.backlogs (stage, lane) where waiting_count > 0 and is_open;

-- Cron expressions: when a schedule is due. Five fields (minute, hour, day of the month, month, day of the week) with
-- lists, ranges, steps and English names, in the local time of a time zone. As cron does since ever: where both days are
-- restricted, either will do; a field that begins with a star does not restrict.
--
-- Where clocks change, the rule is that of Debian's cron:
--   minute or hour begins with a star   follows real time: local times that are skipped have no run, those that come
--                                       twice have two
--   both are fixed                      runs once a day, come what may: a skipped time runs at the moment the clocks jump,
--                                       one that comes twice runs the first time

create type private.cron_times as (
  minutes int [], hours int [], days int [], months int [], weekdays int [], is_wild boolean, needs_both boolean
);
comment on type private.cron_times is
  'A cron expression taken apart; a field that cannot be read is null. is_wild: follows real time where clocks change. needs_both: day of the '
  'month and of the week must both fit, because one of them does not restrict.';

create function private.cron_number(p_text text, p_names text [], p_first int)
returns int
language sql
immutable
set search_path = ''
return case when p_text ~ '^[0-9]{1,2}$' then p_text::int else array_position(p_names, p_text) - 1 + p_first end;
comment on function private.cron_number(text, text [], int) is 'A number or a name in a cron field, the first name standing for p_first; null for anything else.';

create function private.cron_field(p_field text, p_first int, p_last int, p_names text [])
returns int []
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_term text;
  v_part text [];
  v_from int;
  v_to int;
  v_step int;
  v_values int [] := '{}';
begin
  foreach v_term in array string_to_array(p_field, ',') loop
    v_part := regexp_match(v_term, '^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,3}))?$');
    v_step := coalesce(v_part[3]::int, 1);
    if v_part[1] = '*' then
      v_from := p_first;
      v_to := case when v_part[2] is null then p_last end;
    else
      v_from := private.cron_number(v_part[1], p_names, p_first);
      v_to := case when v_part[2] is not null then private.cron_number(v_part[2], p_names, p_first)
        when v_part[3] is not null then p_last else v_from end;
    end if;
    if v_part is null or v_step = 0 or (v_from >= p_first and v_from <= v_to and v_to <= p_last) is not true then
      return null;
    end if;
    v_values := v_values || array(select generate_series(v_from, v_to, v_step));
  end loop;
  return array(select distinct v from unnest(v_values) as v order by v);
end
$$;
comment on function private.cron_field(text, int, int, text []) is 'The numbers that a cron field in lower case stands for, in order; null when it cannot be read.';

create function private.parse_cron(p_cron text)
returns private.cron_times
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_text text := lower(btrim(p_cron));
  v_field text [];
  v_times private.cron_times;
begin
  v_text := case v_text when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *' when '@weekly' then '0 0 * * 0'
    when '@monthly' then '0 0 1 * *' when '@yearly' then '0 0 1 1 *' else v_text end;
  v_field := regexp_split_to_array(v_text, '\s+');
  if cardinality(v_field) = 5 and length(v_text) <= 200 then
    v_times.minutes := private.cron_field(v_field[1], 0, 59, '{}');
    v_times.hours := private.cron_field(v_field[2], 0, 23, '{}');
    v_times.days := private.cron_field(v_field[3], 1, 31, '{}');
    v_times.months := private.cron_field(v_field[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
    v_times.weekdays := private.cron_field(v_field[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
    -- Sunday is 0 and 7.
    v_times.weekdays := array(select distinct w % 7 from unnest(v_times.weekdays) as w where v_times.weekdays is not null);
    v_times.weekdays := nullif(v_times.weekdays, '{}');
    v_times.is_wild := starts_with(v_field[1], '*') or starts_with(v_field[2], '*');
    v_times.needs_both := starts_with(v_field[3], '*') or starts_with(v_field[5], '*');
  end if;
  return v_times;
end
$$;
comment on function private.parse_cron(text) is
  'A cron expression taken apart; @hourly, @daily, @weekly, @monthly and @yearly are short for one. All null when it has not five fields.';

create function private.instants_of(p_local timestamp, p_zone text, p_is_wild boolean)
returns timestamptz []
language plpgsql
stable
set search_path = ''
as $$
declare
  v_utc timestamptz := p_local at time zone 'UTC';
  v_before interval := ((v_utc - interval '1 day') at time zone p_zone) - ((v_utc - interval '1 day') at time zone 'UTC');
  v_after interval := ((v_utc + interval '1 day') at time zone p_zone) - ((v_utc + interval '1 day') at time zone 'UTC');
  v_found timestamptz [];
begin
  if v_before = v_after then
    return array[v_utc - v_before];
  end if;
  v_found := array(
    select c.instant from (values (v_utc - v_before), (v_utc - v_after)) as c (instant)
    where c.instant at time zone p_zone = p_local order by c.instant
  );
  if p_is_wild or v_found <> '{}' then
    return case when p_is_wild then v_found else v_found[1:1] end;
  end if;
  -- Skipped: the first local time after it that there is.
  for v_minutes in 1..1440 loop
    v_found := private.instants_of(p_local + make_interval(mins => v_minutes), p_zone, true);
    exit when v_found <> '{}';
  end loop;
  return v_found[1:1];
end
$$;
comment on function private.instants_of(timestamp, text, boolean) is
  'The moments at which the clocks of a zone show this: one, or where clocks change none or two; of fixed times (not wild) always exactly one.';

create function private.next_on_day(p_times private.cron_times, p_zone text, p_day date, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  -- No clock is put on or back by more than this.
  v_shift constant interval := '3 hours';
  v_earliest timestamp := (p_after at time zone p_zone) - v_shift;
  v_latest timestamp;
  v_local timestamp;
  v_hour int;
  v_minute int;
  v_found timestamptz;
begin
  foreach v_hour in array p_times.hours loop
    continue when p_day + make_interval(hours => v_hour + 1) < v_earliest;
    foreach v_minute in array p_times.minutes loop
      v_local := p_day + make_interval(hours => v_hour, mins => v_minute);
      continue when v_local < v_earliest;
      if v_local > v_latest then
        return v_found;
      end if;
      v_found := least(v_found, (
        select min(i) from unnest(private.instants_of(v_local, p_zone, p_times.is_wild)) as i where i > p_after));
      v_latest := coalesce(v_latest, case when v_found is not null then v_local + v_shift end);
    end loop;
  end loop;
  return v_found;
end
$$;
comment on function private.next_on_day(private.cron_times, text, date, timestamptz) is
  'The first moment after p_after at which an expression is due on a local day that fits; null for none.';

create function private.next_time(p_cron text, p_zone text, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  v_times private.cron_times := private.parse_cron(p_cron);
  v_day date := ((p_after at time zone p_zone) - interval '3 hours')::date;
  -- In 40 years every date has fallen on every day of the week.
  v_last date := v_day + 41 * 366;
  v_is_day boolean;
  v_is_weekday boolean;
  v_found timestamptz;
begin
  while v_day <= v_last and v_times.needs_both is not null loop
    if extract(month from v_day)::int = any(v_times.months) then
      v_is_day := extract(day from v_day)::int = any(v_times.days);
      v_is_weekday := extract(dow from v_day)::int = any(v_times.weekdays);
      if (v_is_day and v_is_weekday) or (not v_times.needs_both and (v_is_day or v_is_weekday)) then
        v_found := least(v_found, private.next_on_day(v_times, p_zone, v_day, p_after));
      end if;
      v_day := v_day + 1;
    else
      v_day := (date_trunc('month', v_day::timestamp) + interval '1 month')::date;
    end if;
    -- Where clocks are put back around midnight, the next day may begin before this one has ended.
    exit when v_found at time zone p_zone < v_day - interval '3 hours';
  end loop;
  return v_found;
end
$$;
comment on function private.next_time(text, text, timestamptz) is
  'When a cron expression is due next after a moment, by the clocks of a time zone; null when it cannot be read or never comes. '
  'Where clocks change: see the head of this file.';

create function private.cron_problem(p_cron text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_times private.cron_times := private.parse_cron(p_cron);
begin
  return case
    when v_times.needs_both is null
      then 'is not five fields: minute, hour, day of the month, month and day of the week, like 30 7 * * mon-fri'
    when v_times.minutes is null then 'has a first field that is not minutes from 0 to 59'
    when v_times.hours is null then 'has a second field that is not hours from 0 to 23'
    when v_times.days is null then 'has a third field that is not days of the month from 1 to 31'
    when v_times.months is null then 'has a fourth field that is not months from 1 to 12 or jan to dec'
    when v_times.weekdays is null then 'has a fifth field that is not days of the week from 0 (Sunday) to 7 or sun to sat'
    when private.next_time(p_cron, 'UTC', now()) is null then 'names a date that never comes'
  end;
end
$$;
comment on function private.cron_problem(text) is 'What is wrong with a cron expression; null when nothing is.';

create function private.is_time_zone(p_zone text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- By its name: the clocks of an abbreviation or an offset never change.
  return p_zone ~ '^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$' and exists (
    select from pg_catalog.pg_timezone_names as z where z.name = p_zone
  );
end
$$;
comment on function private.is_time_zone(text) is 'Whether this is the name of a time zone, like Europe/Berlin or UTC.';

-- Batches that come after others: nothing of one is released before what it needs has ended, as it asks for in its options:
--
--   after              ids of batches and jobs
--   after_condition    completed (default), or ended: however that went
--   after_failure      what becomes of it when that can no longer be met: hold (default), cancel or run
--
-- Only what exists can be named, and nothing is added later, so there are no circles. Ends are noted by triggers, in the
-- transaction of the end; the ticker draws the conclusions.

create table public.batch_dependencies (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  batch_id uuid not null,
  needs_batch_id uuid,
  needs_job_id uuid,
  outcome text check (outcome in ('completed', 'partial', 'failed', 'cancelled')),
  is_due boolean not null default false,
  created_at timestamptz not null default now(),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  unique nulls not distinct (batch_id, needs_batch_id, needs_job_id),
  constraint batch_dependencies_needs_a_batch_or_a_job check (num_nonnulls(needs_batch_id, needs_job_id) = 1)
);
comment on table public.batch_dependencies is
  'What must have ended before a batch begins. Without foreign keys to that, so that it may be purged: its outcome stays.';
comment on column public.batch_dependencies.outcome is 'How it ended the last time; null while it never has.';
comment on column public.batch_dependencies.is_due is 'It has ended, and the ticker has not drawn the conclusion yet.';
create index batch_dependencies_tenant_id_batch_id on public.batch_dependencies (tenant_id, batch_id);
create index batch_dependencies_needs_batch_id on public.batch_dependencies (needs_batch_id) where needs_batch_id is not null;
create index batch_dependencies_needs_job_id on public.batch_dependencies (needs_job_id) where needs_job_id is not null;
create index batch_dependencies_due on public.batch_dependencies (tenant_id, batch_id) where is_due;

alter table public.batch_dependencies enable row level security;
create policy "Members read what their tenant's batches wait for" on public.batch_dependencies
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.batch_dependencies to authenticated;
grant select, insert, update, delete on public.batch_dependencies to service_role;

create function private.note_batch_end()
returns trigger
language plpgsql
-- definer: whoever ends a batch may not write what others wait for.
security definer
set search_path = ''
as $$
begin
  update public.batch_dependencies set outcome = new.status, is_due = true where needs_batch_id = new.id;
  return null;
end
$$;
comment on function private.note_batch_end() is 'Notes for those that wait for a batch that it has ended.';

create function private.note_job_end()
returns trigger
language plpgsql
-- definer: whoever ends a job may not write what others wait for.
security definer
set search_path = ''
as $$
begin
  update public.batch_dependencies set outcome = new.status, is_due = true where needs_job_id = new.id;
  return null;
end
$$;
comment on function private.note_job_end() is 'Notes for those that wait for a job that it has ended.';

create trigger note_end after update on public.batches
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.note_batch_end();
create trigger note_end after update on public.generation_jobs
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.note_job_end();

create function private.insert_dependencies(p_batch public.batches)
returns void
language sql
set search_path = ''
as $$
  insert into public.batch_dependencies (tenant_id, batch_id, needs_batch_id, needs_job_id, outcome, is_due)
  select p_batch.tenant_id, p_batch.id, b.id, j.id, e.outcome, e.outcome is not null
  from (
    select distinct a.id::uuid as id
    from jsonb_array_elements_text(p_batch.options -> 'after') as a (id)
  ) as n
  left join public.batches as b on b.tenant_id = p_batch.tenant_id and b.id = n.id
  left join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.id = n.id
  cross join lateral (
    select coalesce(
      case when b.completed_at is not null then b.status end, case when j.completed_at is not null then j.status end) as outcome
  ) as e
$$;
comment on function private.insert_dependencies(public.batches) is 'What the options of a new batch name, which has been checked; its tenant is locked.';

create function private.is_met(p_batch public.batches)
returns boolean
language sql
stable
set search_path = ''
as $$
  select case
    -- An aggregate passes over what is null.
    when bool_and(d.outcome is not null and (d.outcome = 'completed' or p_batch.options ->> 'after_condition' is not distinct from 'ended'))
      then true
    when bool_or(d.outcome <> 'completed' and p_batch.options ->> 'after_condition' is distinct from 'ended') then false
  end
  from public.batch_dependencies as d
  where d.tenant_id = p_batch.tenant_id and d.batch_id = p_batch.id
$$;
comment on function private.is_met(public.batches) is
  'Whether a batch has all that it waits for: true, false when it can only have it after a retry, null while something has not ended.';

create function private.unmet(p_batch public.batches)
returns text
language sql
stable
set search_path = ''
as $$
  select format('%s of %s that must be completed first %s failed or cancelled: %s.',
    count(*), (select count(*) from public.batch_dependencies as a where a.batch_id = p_batch.id),
    case count(*) when 1 then 'is' else 'are' end,
    string_agg(coalesce('batch ' || b.number, 'job ' || jb.number || '.' || j.position, d.needs_batch_id::text, d.needs_job_id::text),
      ', ' order by d.id))
  from public.batch_dependencies as d
  left join public.batches as b on b.tenant_id = d.tenant_id and b.id = d.needs_batch_id
  left join public.generation_jobs as j on j.tenant_id = d.tenant_id and j.id = d.needs_job_id
  left join public.batches as jb on jb.tenant_id = d.tenant_id and jb.id = j.batch_id
  where d.tenant_id = p_batch.tenant_id and d.batch_id = p_batch.id and d.outcome <> 'completed'
$$;
comment on function private.unmet(public.batches) is 'Which of what a batch waits for did not end well, for people.';

create function private.withdraw_batch(p_batch public.batches, p_error_code text, p_message text, p_next_step text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_job_ids uuid [] := array(
    select j.id from public.generation_jobs as j
    where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id and j.status in ('pending', 'processing')
    order by j.id
  );
begin
  perform private.withdraw(v_job_ids);
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(v_job_ids) and status = 'cancelled';
  return cardinality(v_job_ids);
end
$$;
comment on function private.withdraw_batch(public.batches, text, text, text) is
  'Cancels what has not ended of a batch whose tenant is locked, and says in its jobs why; returns how many jobs.';

create function private.settle_dependencies(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_is_met boolean;
  v_failure text;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.id in (select d.batch_id from public.batch_dependencies as d where d.is_due and d.tenant_id = any(p_tenant_ids) limit 50)
    order by b.id for update
  loop
    update public.batch_dependencies set is_due = false where tenant_id = v_batch.tenant_id and batch_id = v_batch.id and is_due;
    continue when v_batch.blocked_at is null;
    v_count := v_count + 1;
    v_is_met := private.is_met(v_batch);
    v_failure := case when not v_is_met then coalesce(v_batch.options ->> 'after_failure', 'hold') end;
    if v_failure = 'hold' and v_batch.completed_at is null then
      update public.batches set blocked_reason = private.unmet(v_batch) where id = v_batch.id;
    elsif v_is_met is not null or v_batch.completed_at is not null then
      -- Also where it is cancelled: whoever retries it wants it to run.
      update public.batches set blocked_at = null, blocked_reason = null where id = v_batch.id;
      perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id);
      if v_failure = 'cancel' and v_batch.completed_at is null then
        perform private.withdraw_batch(v_batch, 'DEPENDENCY_FAILED', private.unmet(v_batch),
          'Retry what failed, then retry this batch; or retry it at once to do without.');
      end if;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function private.settle_dependencies(uuid []) is
  'Lets batches of these tenants, which are locked, begin when what they wait for has ended as they ask, or does what they ask for otherwise; '
  'returns how many it looked at.';

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
    + private.run_due_occurrences(p_tenant_ids);
end
$$;
comment on function private.run_due_schedules(uuid []) is
  'What a schedule, a start, a deadline or the end of another batch makes due, of tenants which are locked; returns how many batches and runs.';

-- What users call to make, change and run schedules: those who control the project.

create function private.schedule_to_control(p_schedule_id uuid)
returns public.schedules
language plpgsql
set search_path = ''
as $$
declare
  v_schedule public.schedules;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  perform private.lock_tenant(v_tenant_id);
  select s.* into v_schedule from public.schedules as s where s.id = p_schedule_id and s.tenant_id = v_tenant_id for update;
  if not found then
    raise exception 'There is no schedule %.', p_schedule_id
      using errcode = 'CR002', hint = 'List the schedules, and use the id of one of them.';
  end if;
  perform private.check_controls(v_schedule.project_id, 'control the schedules of this project');
  return v_schedule;
end
$$;
comment on function private.schedule_to_control(uuid) is
  'The schedule, with its tenant and itself locked, in that order, if the caller controls its project; raises CR002 or CR003 otherwise.';

create function private.schedule_problems(p_schedule public.schedules)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_cron text := private.cron_problem(coalesce(p_schedule.cron, ''));
  v_options jsonb := coalesce(p_schedule.options, '{}');
begin
  return (
    select coalesce(jsonb_agg(private.as_problem(null, p.field, p.reason)), '[]')
    from (values
      ('name', case when coalesce(btrim(p_schedule.name), '') = '' or length(p_schedule.name) > 200 then 'is not text of 1 to 200 characters' end),
      ('cron', v_cron),
      ('time_zone', case when private.is_time_zone(p_schedule.time_zone) is not true then 'is not a time zone like Europe/Berlin' end),
      ('misfire', case when coalesce(p_schedule.misfire, '') not in ('run_once', 'run_all', 'skip') then 'is not run_once, run_all or skip' end),
      ('options', case when v_options ?| array['starts_at', 'deadline', 'after'] then 'name a moment or a batch, which would be the same each time' end)
    ) as p (field, reason)
    where p.reason is not null
  ) || private.request_problems(private.dated(p_schedule.topics, now(), 'UTC'), private.dated(v_options, now(), 'UTC'));
end
$$;
comment on function private.schedule_problems(public.schedules) is 'Everything wrong with a schedule, the template of its batches included; an empty list when nothing is.';

create function private.check_schedule(p_schedule public.schedules)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb := private.schedule_problems(p_schedule);
begin
  if v_problems <> '[]' then
    raise exception 'The schedule cannot be used as it is.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named.';
  end if;
end
$$;
comment on function private.check_schedule(public.schedules) is 'Raises CR001, with every problem in the detail, unless a schedule can be used.';

create function private.told_schedule(p_schedule_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(s) - array['tenant_id'] from public.schedules as s where s.id = p_schedule_id
$$;
comment on function private.told_schedule(uuid) is 'A schedule as those who control it are told of it.';

create function private.with_changes(p_schedule public.schedules, p_changes jsonb)
returns public.schedules
language plpgsql
stable
set search_path = ''
as $$
declare
  v_unknown text := (
    select string_agg(k, ', ' order by k) from jsonb_object_keys(p_changes) as k
    where k <> all(array['name', 'cron', 'time_zone', 'misfire', 'topics', 'options'])
  );
begin
  if v_unknown is not null then
    raise exception 'A schedule has no % to be set.', v_unknown
      using errcode = 'CR001', hint = 'Send name, cron, time_zone, misfire, topics and options.';
  end if;
  p_schedule.name := case when p_changes ? 'name' then btrim(p_changes ->> 'name') else p_schedule.name end;
  p_schedule.cron := case when p_changes ? 'cron' then btrim(p_changes ->> 'cron') else p_schedule.cron end;
  p_schedule.time_zone := coalesce(p_changes ->> 'time_zone', p_schedule.time_zone, 'UTC');
  p_schedule.misfire := coalesce(p_changes ->> 'misfire', p_schedule.misfire, 'run_once');
  p_schedule.topics := coalesce(p_changes -> 'topics', p_schedule.topics);
  p_schedule.options := coalesce(nullif(p_changes -> 'options', 'null'), p_schedule.options, '{}');
  perform private.check_schedule(p_schedule);
  p_schedule.next_run_at := private.next_time(p_schedule.cron, p_schedule.time_zone, now());
  return p_schedule;
end
$$;
comment on function private.with_changes(public.schedules, jsonb) is 'A schedule with other values, checked, and when it is due by them; raises CR001.';

create function public.create_schedule(project_id uuid, schedule jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_project public.projects := private.check_may_create(create_schedule.project_id);
  v_schedule public.schedules := private.with_changes(null, coalesce(create_schedule.schedule, '{}'));
begin
  insert into public.schedules (tenant_id, project_id, owner_id, name, cron, time_zone, misfire, topics, options, next_run_at)
  values (v_project.tenant_id, v_project.id, private.user_id(), v_schedule.name, v_schedule.cron, v_schedule.time_zone,
    v_schedule.misfire, v_schedule.topics, v_schedule.options, v_schedule.next_run_at)
  returning id into v_schedule.id;
  return private.told_schedule(v_schedule.id);
end
$$;
comment on function public.create_schedule(uuid, jsonb) is
  'Makes batches again and again: {name, cron, time_zone?, misfire?, topics, options?}, topics and options as create_batch takes them; {date} in them '
  'becomes the day. Each run is made with the caller''s rights. Returns the schedule. Raises CR001 with every problem in the detail, CR002 or CR003.';

create function public.change_schedule(schedule_id uuid, changes jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_schedule public.schedules := private.with_changes(
    private.schedule_to_control(change_schedule.schedule_id), coalesce(change_schedule.changes, '{}'));
begin
  update public.schedules as s
  set name = v_schedule.name, cron = v_schedule.cron, time_zone = v_schedule.time_zone, misfire = v_schedule.misfire,
    topics = v_schedule.topics, options = v_schedule.options, next_run_at = v_schedule.next_run_at
  where s.id = v_schedule.id;
  return private.told_schedule(v_schedule.id);
end
$$;
comment on function public.change_schedule(uuid, jsonb) is
  'Changes fields of a schedule, as create_schedule takes them; those left out stay. Returns the schedule. Raises CR001, CR002 or CR003.';

create function public.delete_schedule(schedule_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_schedule public.schedules := private.schedule_to_control(delete_schedule.schedule_id);
begin
  delete from public.schedules as s where s.id = v_schedule.id;
  return jsonb_build_object('schedule_id', v_schedule.id);
end
$$;
comment on function public.delete_schedule(uuid) is 'Removes a schedule and the list of its runs; their batches stay. Returns {schedule_id}. Raises CR002 or CR003.';

create function public.pause_schedule(schedule_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_schedule public.schedules := private.schedule_to_control(pause_schedule.schedule_id);
begin
  update public.schedules as s set paused_at = now(), paused_by = private.user_id(), paused_reason = null
  where s.id = v_schedule.id and s.paused_at is null;
  return private.told_schedule(v_schedule.id);
end
$$;
comment on function public.pause_schedule(uuid) is 'Lets a schedule make no batches for now. Returns the schedule. Raises CR002 or CR003.';

create function public.resume_schedule(schedule_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_schedule public.schedules := private.schedule_to_control(resume_schedule.schedule_id);
begin
  update public.schedules as s
  set paused_at = null, paused_by = null, paused_reason = null, owner_id = private.user_id(),
    next_run_at = private.next_time(s.cron, s.time_zone, now())
  where s.id = v_schedule.id and s.paused_at is not null;
  return private.told_schedule(v_schedule.id);
end
$$;
comment on function public.resume_schedule(uuid) is
  'Lets a paused schedule go on with its next occurrence; what was due meanwhile is not made up for. The caller becomes its owner. Returns the '
  'schedule. Raises CR002 or CR003.';

create function public.run_schedule(schedule_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
as $$
declare
  v_schedule public.schedules;
  v_batch_id uuid;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_schedule := private.schedule_to_control(run_schedule.schedule_id);
  v_batch_id := private.make_scheduled_batch(v_schedule, now());
  insert into public.schedule_runs (tenant_id, schedule_id, due_at, is_manual, batch_id)
  values (v_schedule.tenant_id, v_schedule.id, clock_timestamp(), true, v_batch_id);
  return jsonb_build_object('schedule_id', v_schedule.id, 'batch_id', v_batch_id);
end
$$;
comment on function public.run_schedule(uuid) is
  'Makes the batch of a schedule now, with the caller''s rights, besides when it is due. Returns {schedule_id, batch_id}. Raises CR001, CR002 or CR003.';

create function public.upcoming_runs(cron text, time_zone text default 'UTC', count int default 10)
returns jsonb
language plpgsql
stable
-- definer: reads nothing but the clocks of time zones, by functions that nobody else needs.
security definer
set search_path = ''
as $$
declare
  v_problem text := private.cron_problem(coalesce(upcoming_runs.cron, ''));
  v_at timestamptz := now();
  v_found jsonb := '[]';
begin
  perform private.acting_tenant_id();
  if v_problem is not null or private.is_time_zone(upcoming_runs.time_zone) is not true then
    raise exception 'This cannot be a schedule.' using errcode = 'CR001', hint = 'Correct the fields named.',
      detail = jsonb_build_array(private.as_problem(null, case when v_problem is null then 'time_zone' else 'cron' end,
        coalesce(v_problem, 'is not a time zone like Europe/Berlin')))::text;
  end if;
  for v_n in 1..least(coalesce(upcoming_runs.count, 10), 100) loop
    v_at := private.next_time(upcoming_runs.cron, upcoming_runs.time_zone, v_at);
    exit when v_at is null;
    v_found := v_found || to_jsonb(v_at);
  end loop;
  return v_found;
end
$$;
comment on function public.upcoming_runs(text, text, int) is
  'When a cron expression is due next in a time zone: a list of up to 100 moments. Raises CR001 when it is none, and CR003.';

grant execute on function
public.create_schedule(uuid, jsonb), public.change_schedule(uuid, jsonb), public.delete_schedule(uuid), public.pause_schedule(uuid),
public.resume_schedule(uuid), public.run_schedule(uuid), public.upcoming_runs(text, text, int)
to authenticated;

-- When a batch may begin and must have ended. Options of create_batch:
--
--   starts_at      a moment: nothing is released before
--   after          batches and jobs that come first (55_dependencies.sql)
--   deadline       a moment; on_deadline: cancel (default) what has not ended then, or only warn (is_late)
--
-- batches.starts_at and batches.blocked_at are gates that scope_room looks at. The ticker opens them.

create index batches_starts_at on public.batches (starts_at) where starts_at is not null;
create index batches_deadline on public.batches (deadline) where deadline is not null and not is_late and completed_at is null;

create function private.as_moment(p_text text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- With an offset: nobody knows otherwise whose clock is meant.
  if p_text ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    return p_text::timestamptz;
  end if;
  return null;
exception when data_exception then
  return null; -- 30 February
end
$$;
comment on function private.as_moment(text) is 'A moment written in ISO 8601 with an offset; null for anything else.';

create function private.moment_problem(p_value jsonb)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_at timestamptz := private.as_moment(p_value #>> '{}');
begin
  return case
    when jsonb_typeof(p_value) = 'null' then null
    when v_at is null then 'is not a moment with an offset, like 2027-01-31T09:00:00+01:00'
    when v_at > now() + interval '5 years' then 'is more than five years away'
  end;
end
$$;
comment on function private.moment_problem(jsonb) is 'What is wrong with a moment in the options of a batch; null when nothing is.';

create function private.after_problem(p_after jsonb)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_id text;
  v_tenant_id uuid := private.tenant_id();
begin
  if jsonb_typeof(p_after) = 'null' then
    return null;
  elsif jsonb_typeof(p_after) is distinct from 'array' or p_after -> 100 is not null then
    return 'is not a list of up to 100 ids of batches and jobs';
  end if;
  for v_id in select * from jsonb_array_elements_text(p_after) loop
    if coalesce(lower(v_id), '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' or not exists (
      select from public.batches as b where b.tenant_id = v_tenant_id and b.id = v_id::uuid and b.deleted_at is null
      union all
      select from public.generation_jobs as j where j.tenant_id = v_tenant_id and j.id = v_id::uuid
    ) then
      return format('names %s, which is neither a batch nor a job of yours', coalesce(v_id, 'null'));
    end if;
  end loop;
  return null;
end
$$;
comment on function private.after_problem(jsonb) is 'What is wrong with the list of what a batch waits for; null when nothing is.';

create function private.timing_problems(p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_starts_at timestamptz := private.as_moment(p_options ->> 'starts_at');
  v_deadline timestamptz := private.as_moment(p_options ->> 'deadline');
begin
  return (
    select jsonb_agg(private.as_problem(null, o.key, p.reason) order by o.key)
    from jsonb_each(p_options) as o
    cross join lateral (
      select case o.key
        when 'starts_at' then private.moment_problem(o.value)
        when 'deadline' then coalesce(private.moment_problem(o.value), case
          when v_deadline <= now() then 'has passed'
          when v_deadline <= v_starts_at then 'is not after starts_at' end)
        when 'on_deadline' then case when o.value not in ('"cancel"', '"warn"', 'null') then 'is neither cancel nor warn' end
        when 'after' then private.after_problem(o.value)
        when 'after_condition' then case when o.value not in ('"completed"', '"ended"', 'null') then 'is neither completed nor ended' end
        when 'after_failure' then case when o.value not in ('"hold"', '"cancel"', '"run"', 'null') then 'is not hold, cancel or run' end
      end as reason
    ) as p
    where p.reason is not null
  );
end
$$;
comment on function private.timing_problems(jsonb) is 'What is wrong with the options of a batch that say when it runs; null when nothing is.';

create function private.apply_timing(p_batch public.batches)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_starts_at timestamptz := private.as_moment(p_batch.options ->> 'starts_at');
  v_is_free boolean := true;
begin
  if jsonb_typeof(p_batch.options -> 'after') = 'array' and p_batch.options -> 'after' <> '[]' then
    perform private.insert_dependencies(p_batch);
    v_is_free := coalesce(private.is_met(p_batch), false);
  end if;
  if v_starts_at > now() or p_batch.options ->> 'deadline' is not null or not v_is_free then
    update public.batches as b
    set starts_at = case when v_starts_at > now() then v_starts_at end,
      deadline = private.as_moment(p_batch.options ->> 'deadline'),
      blocked_at = case when not v_is_free then now() end,
      blocked_reason = case when not v_is_free then 'It waits for what must end before it.' end
    where b.id = p_batch.id
    returning b.* into p_batch;
  end if;
  return p_batch;
end
$$;
comment on function private.apply_timing(public.batches) is 'A new batch with the gates that its options ask for, which have been checked.';

create function private.open_backlogs()
returns trigger
language plpgsql
-- definer: whoever changes a batch may not write what waits of it.
security definer
set search_path = ''
as $$
begin
  update private.backlogs
  set is_open = new.starts_at is null and new.blocked_at is null and new.paused_at is null
  where batch_id = new.id;
  return null;
end
$$;
comment on function private.open_backlogs() is 'Lets what waits of a batch be looked at by the release, or not. Its tenant is locked.';
create trigger open_backlogs after update on public.batches
for each row when (
  (new.starts_at is null and new.blocked_at is null and new.paused_at is null)
  is distinct from (old.starts_at is null and old.blocked_at is null and old.paused_at is null)
) execute function private.open_backlogs();

create function private.open_due_batches(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch record;
  v_count int := 0;
begin
  for v_batch in
    update public.batches as b set starts_at = null
    where b.starts_at <= now() and b.tenant_id = any(p_tenant_ids)
    returning b.id, b.tenant_id, b.project_id
  loop
    perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function private.open_due_batches(uuid []) is
  'Lets batches of these tenants, which are locked, begin whose start has come; returns how many. The time until then lifts no lane.';

create function private.mark_late(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.deadline <= now() and not b.is_late and b.completed_at is null and b.tenant_id = any(p_tenant_ids)
    -- A few at a time: each may have ten thousand jobs.
    order by b.deadline limit 10 for update
  loop
    update public.batches set is_late = true where id = v_batch.id;
    if v_batch.options ->> 'on_deadline' is distinct from 'warn' then
      perform private.withdraw_batch(v_batch, 'DEADLINE_PASSED', 'The deadline of its batch passed before it had ended.',
        'Retry it, if it is still wanted; give the next batch more time, or fewer topics.');
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function private.mark_late(uuid []) is
  'Marks batches of these tenants, which are locked, whose deadline has passed, and cancels what has not ended of them where they ask for it; returns how many.';

create function private.told_timing(p_batch_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('batch_id', b.id, 'status', b.status, 'starts_at', b.starts_at, 'blocked_at', b.blocked_at,
    'blocked_reason', b.blocked_reason, 'deadline', b.deadline, 'is_late', b.is_late, 'version', b.version)
  from public.batches as b where b.id = p_batch_id
$$;
comment on function private.told_timing(uuid) is 'What those who control a batch are told of when it runs.';

create function public.reschedule_batch(batch_id uuid, starts_at timestamptz)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(reschedule_batch.batch_id);
  v_entry_ids bigint [];
begin
  if v_batch.status <> 'pending' then
    raise exception 'The batch is %; only one that has not begun can begin later.', v_batch.status
      using errcode = 'CR004', hint = 'Pause it instead.';
  elsif reschedule_batch.starts_at is null or reschedule_batch.starts_at > now() + interval '5 years' then
    raise exception 'A batch begins within five years.' using errcode = 'CR001', hint = 'Name an earlier moment, or start it now.';
  elsif reschedule_batch.starts_at >= v_batch.deadline then
    raise exception 'The batch must have ended before that.' using errcode = 'CR004', hint = 'Name an earlier moment, or move its deadline first.';
  end if;
  update public.batches as b
  set starts_at = case when reschedule_batch.starts_at > now() then reschedule_batch.starts_at end
  where b.id = v_batch.id;
  -- What was released already is taken back; whoever has just fetched it finds it gone.
  v_entry_ids := array(
    select t.entry_id from public.stage_tasks as t
    where t.status = 'queued' and t.batch_id = v_batch.id and reschedule_batch.starts_at > now()
  );
  update public.stage_tasks as t set status = 'pending' where t.status = 'queued' and t.entry_id = any(v_entry_ids);
  perform private.drop_entries(v_entry_ids), private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id), private.release();
  return private.told_timing(v_batch.id);
end
$$;
comment on function public.reschedule_batch(uuid, timestamptz) is
  'Lets a batch of which nothing has started begin at another moment; one that has passed means now. Returns {batch_id, status, starts_at, '
  'blocked_at, blocked_reason, deadline, is_late, version}. Raises CR001, CR002, CR003, or CR004 when it has begun or must have ended by then.';

create function public.start_batch(batch_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(start_batch.batch_id);
begin
  perform private.check_not_ended('batch', v_batch.status, 'start');
  if v_batch.starts_at is not null or v_batch.blocked_at is not null then
    update public.batches as b set starts_at = null, blocked_at = null, blocked_reason = null where b.id = v_batch.id;
    perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id), private.release();
  end if;
  return private.told_timing(v_batch.id);
end
$$;
comment on function public.start_batch(uuid) is
  'Lets a batch begin now, whatever start it was given and whatever it waits for; saying it twice does no harm. Returns what reschedule_batch '
  'does. Raises CR002, CR003, or CR004 when it has ended.';

create function public.set_deadline(batch_id uuid, deadline timestamptz, on_deadline text default null)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and rights itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_batch public.batches := private.batch_to_control(set_deadline.batch_id);
begin
  perform private.check_not_ended('batch', v_batch.status, 'finish in time');
  if set_deadline.deadline <= now() or set_deadline.deadline > now() + interval '5 years' then
    raise exception 'A deadline lies ahead, and within five years.' using errcode = 'CR001', hint = 'Name another moment, or none.';
  elsif set_deadline.deadline <= v_batch.starts_at then
    raise exception 'The batch does not begin before that.' using errcode = 'CR004', hint = 'Name a later moment, or move its start first.';
  elsif set_deadline.on_deadline not in ('cancel', 'warn') then
    raise exception 'What happens at a deadline is cancel or warn.' using errcode = 'CR001', hint = 'Send one of them, or neither to leave it.';
  end if;
  update public.batches as b
  set deadline = set_deadline.deadline, is_late = false,
    options = b.options || jsonb_strip_nulls(jsonb_build_object('on_deadline', set_deadline.on_deadline))
  where b.id = v_batch.id;
  return private.told_timing(v_batch.id);
end
$$;
comment on function public.set_deadline(uuid, timestamptz, text) is
  'Gives a batch another deadline, or (null) none; on_deadline: cancel what has not ended then, or warn. Returns what reschedule_batch does. '
  'Raises CR001, CR002, CR003, or CR004 when it has ended or begins later.';

grant execute on function public.reschedule_batch(uuid, timestamptz), public.start_batch(uuid), public.set_deadline(uuid, timestamptz, text)
to authenticated;

-- Callbacks: a signed request to an address of the tenant's when a batch or job has ended (Standard Webhooks). What is to
-- be told is written in the transaction of the end, and sent by a worker, at least once and in any order.
--
--   batches, generation_jobs ──> private.webhook_deliveries ──> worker ──> https://...
--                                          ^──────── status, backoff ────────┘

create table public.webhooks (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  url text not null check (length(url) <= 2000),
  events text [] not null check (events <> '{}' and events <@ array['batch.ended', 'job.ended']),
  description text not null default '' check (length(description) <= 200),
  is_active boolean not null default true,
  disabled_reason text,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  constraint webhooks_disabled_reason_needs_inactive check (disabled_reason is null or not is_active)
);
comment on table public.webhooks is 'Addresses that are called when a batch or job of the tenant has ended.';
comment on column public.webhooks.disabled_reason is 'Why it was switched off, where nobody did it: its server said that it is gone.';
create index webhooks_created_by on public.webhooks (created_by);
create trigger touch before update on public.webhooks for each row execute function private.touch();

alter table public.webhooks enable row level security;
create policy "Admins read their tenant's webhooks" on public.webhooks
for select to authenticated using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.webhooks to authenticated;
grant select, insert, update, delete on public.webhooks to service_role;

create table private.webhook_senders (
  webhook_id uuid primary key references public.webhooks (id) on delete cascade,
  secret text not null,
  old_secret text,
  old_until timestamptz,
  failure_count int not null default 0,
  next_at timestamptz
) with (fillfactor = 50);
comment on table private.webhook_senders is 'What the sender knows of a webhook: its secret, which nobody else reads, and when to look at it.';
comment on column private.webhook_senders.old_secret is 'The one before, with which is signed too until old_until.';
comment on column private.webhook_senders.failure_count is 'Failures since it last answered well: one that fails is tried with one delivery at a time.';
comment on column private.webhook_senders.next_at is 'When there is something to be sent; null for nothing. So a webhook that fails makes no other wait.';
create index webhook_senders_next_at on private.webhook_senders (next_at) where next_at is not null;

create table private.webhook_deliveries (
  id uuid primary key default private.uuid_v7(),
  webhook_id uuid not null references public.webhooks (id) on delete cascade,
  event text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempt_count int not null default 0,
  next_at timestamptz not null default now(),
  response_status int,
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint webhook_deliveries_ended_has_ended_at check ((status = 'pending') = (ended_at is null))
);
comment on table private.webhook_deliveries is 'What webhooks are told or were told, kept for a month. The id stays the same over retries.';
comment on column private.webhook_deliveries.status is 'pending: to be sent; delivered: answered with a 2xx; dead: given up.';
comment on column private.webhook_deliveries.next_at is 'Not before this: the end of a backoff, or of the time that whoever took it has to say how it went.';
create index webhook_deliveries_webhook_id on private.webhook_deliveries (webhook_id, id);
create index webhook_deliveries_pending on private.webhook_deliveries (webhook_id, next_at) where status = 'pending';

create function private.queue_callback(p_tenant_id uuid, p_event text, p_data jsonb, p_webhook_id uuid default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_webhook_id uuid;
begin
  for v_webhook_id in
    select w.id from public.webhooks as w
    where w.tenant_id = p_tenant_id and w.is_active and (w.id = p_webhook_id or p_event = any(w.events))
    order by w.id
  loop
    insert into private.webhook_deliveries (webhook_id, event, payload)
    values (v_webhook_id, p_event, jsonb_build_object('type', p_event, 'timestamp', now(), 'data', p_data));
    -- Always, so that its row is waited for: whoever is just counting what is to be sent does not see ours.
    update private.webhook_senders
    set next_at = case when failure_count > 0 then coalesce(next_at, now()) else least(next_at, now()) end
    where webhook_id = v_webhook_id;
  end loop;
end
$$;
comment on function private.queue_callback(uuid, text, jsonb, uuid) is
  'Writes down what the webhooks of a tenant that ask for an event, or one of them, are to be told. One row is looked at where there is none.';

create function private.queue_batch_callbacks()
returns trigger
language plpgsql
-- definer: whoever ends a batch may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, 'batch.ended', private.live_batch(new));
  end if;
  return null;
end
$$;
comment on function private.queue_batch_callbacks() is 'Tells the webhooks of its tenant that a batch has ended.';

create function private.queue_job_callbacks()
returns trigger
language plpgsql
-- definer: whoever ends a job may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, 'job.ended', private.live_job(new));
  end if;
  return null;
end
$$;
comment on function private.queue_job_callbacks() is 'Tells the webhooks of its tenant that a job has ended.';

create trigger queue_callbacks after update on public.batches
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_batch_callbacks();
create trigger queue_callbacks after update on public.generation_jobs
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_job_callbacks();

create function private.look_again(p_webhook_id uuid)
returns void
language sql
set search_path = ''
as $$
  -- Locked first: what others have written until then is seen only by the next statement.
  select from private.webhook_senders where webhook_id = p_webhook_id for update;
  update private.webhook_senders as s
  set next_at = (
    select greatest(min(d.next_at), case when s.failure_count > 0 then now() + least(s.failure_count, 12) * interval '5 seconds' end)
    from private.webhook_deliveries as d where d.webhook_id = p_webhook_id and d.status = 'pending'
  )
  where s.webhook_id = p_webhook_id
$$;
comment on function private.look_again(uuid) is 'Sets when a webhook is looked at next, by what it is still to be told; one that fails not for a while.';

create function private.take_deliveries(p_limit int)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_sender private.webhook_senders;
  v_taken jsonb := '[]';
begin
  for v_sender in
    select s.* from private.webhook_senders as s where s.next_at <= now() order by s.next_at limit p_limit for update skip locked
  loop
    exit when jsonb_array_length(v_taken) >= p_limit;
    with due as (
      select d.id from private.webhook_deliveries as d
      where d.webhook_id = v_sender.webhook_id and d.status = 'pending' and d.next_at <= now()
      order by d.next_at
      limit case when v_sender.failure_count > 0 then 1 else least(4, p_limit - jsonb_array_length(v_taken)) end
    ), taken as (
      update private.webhook_deliveries as d
      -- Who has taken it may die: then it is sent again.
      set attempt_count = d.attempt_count + 1, next_at = now() + interval '2 minutes'
      from due where d.id = due.id
      returning d.id, d.payload, d.created_at
    )
    select v_taken || coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'url', w.url, 'payload', t.payload::text,
      'secrets', array_remove(array[v_sender.secret, case when v_sender.old_until > now() then v_sender.old_secret end], null))), '[]')
    into v_taken
    from taken as t
    join public.webhooks as w on w.id = v_sender.webhook_id;
    perform private.look_again(v_sender.webhook_id);
  end loop;
  if v_taken = '[]' then
    delete from private.webhook_deliveries where id in (
      select d.id from private.webhook_deliveries as d where d.id < private.uuid_at(now() - interval '30 days') order by d.id limit 100
    );
  end if;
  return jsonb_build_object('deliveries', v_taken, 'may_be_private', (select s.private_callbacks from private.settings as s));
end
$$;
comment on function private.take_deliveries(int) is
  'Gives out what is to be sent, with the secrets to sign it: {deliveries: [{id, url, payload, secrets}], may_be_private}. A few of each webhook, so '
  'that none makes others wait. What is not settled within two minutes is given out again.';

create function private.settle_delivery(p_id uuid, p_response_status int, p_error text, p_retry_after_s float8)
returns text
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
as $$
declare
  v_delays constant interval [] := '{5 seconds,1 minute,5 minutes,30 minutes,2 hours,5 hours,10 hours,14 hours,20 hours}';
  v_is_good boolean := coalesce(p_response_status between 200 and 299, false);
  v_delivery private.webhook_deliveries;
  v_status text;
begin
  select * into v_delivery from private.webhook_deliveries where id = p_id and status = 'pending' for update;
  if not found then
    return 'settled';
  end if;
  v_status := case when v_is_good then 'delivered'
    when p_response_status = 410 or v_delivery.attempt_count > cardinality(v_delays) then 'dead' else 'pending' end;
  update private.webhook_deliveries
  set status = v_status, response_status = p_response_status, last_error = left(p_error, 500),
    ended_at = case when v_status <> 'pending' then now() end,
    -- Spread by a fifth, so that what failed together does not come back together.
    next_at = coalesce(now() + greatest(v_delays[v_delivery.attempt_count] * (0.9 + random() * 0.2),
      make_interval(secs => least(p_retry_after_s, 86400))), next_at)
  where id = p_id;
  update private.webhook_senders set failure_count = case when v_is_good then 0 else failure_count + 1 end
  where webhook_id = v_delivery.webhook_id;
  if p_response_status = 410 then
    perform private.switch_off(v_delivery.webhook_id, 'Its server answered 410: it is gone.');
  end if;
  perform private.look_again(v_delivery.webhook_id);
  return v_status;
end
$$;
comment on function private.settle_delivery(uuid, int, text, float8) is
  'Notes how a delivery went: delivered (2xx), pending (again later: nine times over three days), or dead. 410 switches the webhook off. Returns which.';

create function private.switch_off(p_webhook_id uuid, p_reason text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.webhooks set is_active = false, disabled_reason = p_reason where id = p_webhook_id;
  update private.webhook_deliveries
  set status = 'dead', ended_at = now(), last_error = coalesce(last_error, 'The webhook was switched off.')
  where webhook_id = p_webhook_id and status = 'pending';
end
$$;
comment on function private.switch_off(uuid, text) is 'A webhook that is told nothing any more; what it was still to be told can be sent again by hand.';

grant execute on function private.take_deliveries(int), private.settle_delivery(uuid, int, text, float8) to cliprow_worker;

-- What admins call to have their addresses called.

create function private.webhook_to_control(p_webhook_id uuid)
returns public.webhooks
language plpgsql
set search_path = ''
as $$
declare
  v_webhook public.webhooks;
  v_tenant_id uuid := private.acting_tenant_id();
begin
  if not private.has_role('admin') then
    raise exception 'Your role does not allow you to control webhooks.' using errcode = 'CR003', hint = 'Ask an admin or owner.';
  end if;
  select w.* into v_webhook from public.webhooks as w where w.id = p_webhook_id and w.tenant_id = v_tenant_id for no key update;
  if not found and p_webhook_id is not null then
    raise exception 'There is no webhook %.', p_webhook_id
      using errcode = 'CR002', hint = 'List the webhooks, and use the id of one of them.';
  end if;
  v_webhook.tenant_id := v_tenant_id;
  return v_webhook;
end
$$;
comment on function private.webhook_to_control(uuid) is 'The webhook, locked, if the caller is an admin of its tenant, or an empty one for null; raises CR002 or CR003.';

create function private.url_problem(p_url text)
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when p_url is null or length(p_url) > 2000
      or p_url !~ '^https?://([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?(\?[!-~]*)?$'
      or p_url ~ '#' then 'is not an address like https://example.com/cliprow'
    when not s.private_callbacks and p_url !~ '^https://' then 'is not https'
  end
  from private.settings as s
$$;
comment on function private.url_problem(text) is 'What is wrong with the address of a webhook; null when nothing is. Where it leads to is checked when it is called.';

create function private.webhook_with(p_webhook public.webhooks, p_changes jsonb)
returns public.webhooks
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  select jsonb_agg(private.as_problem(null, c.key, p.reason)) into v_problems
  from jsonb_each(p_changes) as c
  cross join lateral (
    select case c.key
      when 'url' then private.url_problem(c.value #>> '{}')
      when 'events' then case when jsonb_typeof(c.value) is distinct from 'array' or c.value = '[]'
        or not c.value <@ '["batch.ended", "job.ended"]' then 'is not a list of batch.ended and job.ended' end
      when 'description' then case when jsonb_typeof(c.value) is distinct from 'string' or length(c.value #>> '{}') > 200
        then 'is not text of up to 200 characters' end
      when 'is_active' then case when jsonb_typeof(c.value) is distinct from 'boolean' then 'is neither true nor false' end
      else 'is not something a webhook has' end as reason
  ) as p
  where p.reason is not null;
  if v_problems is not null then
    raise exception 'The webhook cannot be used as it is.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named.';
  end if;
  p_webhook.url := coalesce(p_changes ->> 'url', p_webhook.url);
  p_webhook.events := case when p_changes ? 'events' then array(select distinct jsonb_array_elements_text(p_changes -> 'events'))
    else p_webhook.events end;
  p_webhook.description := coalesce(p_changes ->> 'description', p_webhook.description, '');
  p_webhook.is_active := coalesce((p_changes ->> 'is_active')::boolean, p_webhook.is_active, true);
  return p_webhook;
end
$$;
comment on function private.webhook_with(public.webhooks, jsonb) is 'A webhook with other values, checked; raises CR001.';

create function private.new_secret()
returns text
language sql
volatile
set search_path = ''
return 'whsec_' || encode(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'), 'base64');
comment on function private.new_secret() is 'A secret to sign with: 32 bytes, as Standard Webhooks writes them.';

create function private.told_webhook(p_webhook_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(w) - 'tenant_id' from public.webhooks as w where w.id = p_webhook_id
$$;
comment on function private.told_webhook(uuid) is 'A webhook as those who control it are told of it, without its secret.';

create function public.create_webhook(webhook jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_with(private.webhook_to_control(null), '{"url": null, "events": null}' || coalesce(create_webhook.webhook, '{}'));
  v_secret text := private.new_secret();
begin
  if (select count(*) from public.webhooks as w where w.tenant_id = v_webhook.tenant_id) >= 20 then
    raise exception 'A tenant has up to 20 webhooks.' using errcode = 'CR004', hint = 'Remove one that is not needed any more.';
  end if;
  insert into public.webhooks (tenant_id, url, events, description, is_active, created_by)
  values (v_webhook.tenant_id, v_webhook.url, v_webhook.events, v_webhook.description, v_webhook.is_active, private.user_id())
  returning id into v_webhook.id;
  insert into private.webhook_senders (webhook_id, secret) values (v_webhook.id, v_secret);
  return private.told_webhook(v_webhook.id) || jsonb_build_object('secret', v_secret);
end
$$;
comment on function public.create_webhook(jsonb) is
  'Has an address called when something ends: {url, events: [batch.ended, job.ended], description?, is_active?}; for admins and owners. Returns the '
  'webhook with its secret, which is told this once. Raises CR001, CR003 or CR004.';

create function public.change_webhook(webhook_id uuid, changes jsonb)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_with(
    private.webhook_to_control(change_webhook.webhook_id), coalesce(change_webhook.changes, '{}'));
begin
  update public.webhooks as w
  set url = v_webhook.url, events = v_webhook.events, description = v_webhook.description, is_active = v_webhook.is_active,
    disabled_reason = case when not v_webhook.is_active then w.disabled_reason end
  where w.id = v_webhook.id;
  if not v_webhook.is_active then
    perform private.switch_off(v_webhook.id, null);
  end if;
  update private.webhook_senders as s set failure_count = 0 where s.webhook_id = v_webhook.id;
  perform private.look_again(v_webhook.id);
  return private.told_webhook(v_webhook.id);
end
$$;
comment on function public.change_webhook(uuid, jsonb) is
  'Changes fields of a webhook, as create_webhook takes them; those left out stay. Returns the webhook. Raises CR001, CR002 or CR003.';

create function public.delete_webhook(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write these rows; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(delete_webhook.webhook_id);
begin
  delete from public.webhooks as w where w.id = v_webhook.id;
  return jsonb_build_object('webhook_id', v_webhook.id);
end
$$;
comment on function public.delete_webhook(uuid) is 'Removes a webhook and what it was told. Returns {webhook_id}. Raises CR002 or CR003.';

create function public.rotate_webhook_secret(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: nobody reads the secrets; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(rotate_webhook_secret.webhook_id);
  v_secret text := private.new_secret();
begin
  update private.webhook_senders as s set old_secret = s.secret, old_until = now() + interval '1 day', secret = v_secret
  where s.webhook_id = v_webhook.id;
  return jsonb_build_object('webhook_id', v_webhook.id, 'secret', v_secret);
end
$$;
comment on function public.rotate_webhook_secret(uuid) is
  'Gives a webhook another secret; for a day it is signed with the old one too. Returns {webhook_id, secret}. Raises CR002 or CR003.';

create function public.test_webhook(webhook_id uuid)
returns jsonb
language plpgsql
-- definer: users may not write deliveries; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(test_webhook.webhook_id);
begin
  if not v_webhook.is_active then
    raise exception 'The webhook is switched off.' using errcode = 'CR004', hint = 'Switch it on first.';
  end if;
  perform private.queue_callback(v_webhook.tenant_id, 'webhook.test', '{}', v_webhook.id);
  return jsonb_build_object('webhook_id', v_webhook.id);
end
$$;
comment on function public.test_webhook(uuid) is 'Calls a webhook with an event webhook.test. Returns {webhook_id}. Raises CR002, CR003 or CR004.';

create function public.list_webhook_deliveries(
  webhook_id uuid, status text default null, before uuid default null, count int default 50
)
returns jsonb
language plpgsql
-- definer: users may not read what others are told; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(list_webhook_deliveries.webhook_id);
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
    from (
      select d.id, d.event, d.payload, d.status, d.attempt_count, d.response_status, d.last_error, d.created_at, d.ended_at,
        case when d.status = 'pending' then d.next_at end as next_at
      from private.webhook_deliveries as d
      where d.webhook_id = v_webhook.id
        and (list_webhook_deliveries.status is null or d.status = list_webhook_deliveries.status)
        and (list_webhook_deliveries.before is null or d.id < list_webhook_deliveries.before)
      order by d.id desc
      limit least(coalesce(list_webhook_deliveries.count, 50), 201)
    ) as r
  );
end
$$;
comment on function public.list_webhook_deliveries(uuid, text, uuid, int) is
  'What a webhook was told in the last 30 days and how it answered, newest first, those before an id: [{id, event, payload, status, attempt_count, '
  'response_status, last_error, created_at, ended_at, next_at}]. Raises CR002 or CR003.';

create function public.redeliver(webhook_id uuid, delivery_id uuid default null)
returns jsonb
language plpgsql
-- definer: users may not write deliveries; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_webhook public.webhooks := private.webhook_to_control(redeliver.webhook_id);
  v_count int;
begin
  if not v_webhook.is_active then
    raise exception 'The webhook is switched off.' using errcode = 'CR004', hint = 'Switch it on first.';
  end if;
  update private.webhook_deliveries as d
  set status = 'pending', attempt_count = 0, next_at = now(), ended_at = null
  where d.webhook_id = v_webhook.id and case when redeliver.delivery_id is null then d.status = 'dead' else d.id = redeliver.delivery_id end;
  get diagnostics v_count = row_count;
  if v_count = 0 and redeliver.delivery_id is not null then
    raise exception 'The webhook has no delivery %.', redeliver.delivery_id
      using errcode = 'CR002', hint = 'List its deliveries, and use the id of one of them.';
  end if;
  update private.webhook_senders as s set failure_count = 0 where s.webhook_id = v_webhook.id;
  perform private.look_again(v_webhook.id);
  return jsonb_build_object('webhook_id', v_webhook.id, 'deliveries', v_count);
end
$$;
comment on function public.redeliver(uuid, uuid) is
  'Sends again what a webhook was told, whatever it answered; without a delivery all that was given up. Returns {webhook_id, deliveries}. Raises '
  'CR002, CR003 or CR004.';

grant execute on function
public.create_webhook(jsonb), public.change_webhook(uuid, jsonb), public.delete_webhook(uuid), public.rotate_webhook_secret(uuid),
public.test_webhook(uuid), public.list_webhook_deliveries(uuid, text, uuid, int), public.redeliver(uuid, uuid)
to authenticated;

-- What was there before and knows of it now.

create or replace function private.scope_room(p_tenant_id uuid, p_project_id uuid, p_batch_id uuid)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select case
      when t.paused_at is not null or t.deleted_at is not null or p.paused_at is not null or p.deleted_at is not null
        or b.paused_at is not null or b.deleted_at is not null or b.starts_at is not null or b.blocked_at is not null then 0
      else greatest(0, least(
        coalesce(t.max_concurrent_tasks, 2147483647) - coalesce(wt.active_count, 0),
        coalesce(p.max_concurrent_tasks, 2147483647) - coalesce(wp.active_count, 0),
        coalesce(b.max_concurrent_tasks, 2147483647) - coalesce(wb.active_count, 0)))
    end
    from public.batches as b
    join public.projects as p on p.id = b.project_id
    join public.tenants as t on t.id = b.tenant_id
    left join private.windows as wt on wt.scope_id = t.id
    left join private.windows as wp on wp.scope_id = p.id
    left join private.windows as wb on wb.scope_id = b.id
    where b.id = p_batch_id and p.id = p_project_id and t.id = p_tenant_id
  );
end
$$;
comment on function private.scope_room(uuid, uuid, uuid) is
  'How many more tasks of a batch may be released under the caps of batch, project and tenant; 0 while any of them is paused, or the batch may not begin yet.';

create or replace function private.apply_counts(p_moves private.count_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.backlogs (batch_id, stage, lane, tenant_id, project_id, is_open)
  select m.batch_id, m.stage, m.lane, m.tenant_id, m.project_id, b.starts_at is null and b.blocked_at is null and b.paused_at is null
  from unnest(p_moves) as m
  join public.batches as b on b.id = m.batch_id
  where m.waiting > 0
  on conflict (batch_id, stage, lane) do nothing;
  update private.backlogs as g
  set
    waiting_count = g.waiting_count + d.waiting,
    served_at = case when d.waiting < 0 or g.waiting_count = 0 then now() else g.served_at end
  from (
    select m.batch_id, m.stage, m.lane, sum(m.waiting)::int as waiting from unnest(p_moves) as m group by 1, 2, 3
  ) as d
  where g.batch_id = d.batch_id and g.stage = d.stage and g.lane = d.lane and d.waiting <> 0;

  insert into private.windows (scope_id, scope)
  select s.scope_id, s.scope
  from unnest(p_moves) as m
  cross join lateral (values (m.tenant_id, 'tenant'), (m.project_id, 'project'), (m.batch_id, 'batch')) as s (scope_id, scope)
  where m.active > 0
  on conflict (scope_id) do nothing;
  update private.windows as w
  set active_count = w.active_count + d.active
  from (
    select s.scope_id, sum(m.active)::int as active
    from unnest(p_moves) as m
    cross join lateral (values (m.tenant_id), (m.project_id), (m.batch_id)) as s (scope_id)
    group by s.scope_id
  ) as d
  where w.scope_id = d.scope_id and d.active <> 0;
end
$$;
comment on function private.apply_counts(private.count_move []) is 'Adds changes to the counters of backlogs and windows.';

create or replace function private.next_backlog(p_stage text)
returns private.backlogs
language plpgsql
set search_path = ''
as $$
declare
  v_next private.backlogs;
begin
  for v_next in
    select g.*
    from private.backlogs as g
    cross join private.settings as s
    join private.windows as w on w.scope_id = g.tenant_id
    where g.stage = p_stage and g.waiting_count > 0 and g.is_open
    order by private.lane_rank(g.lane, g.served_at, s.ageing), w.served_at, g.batch_id
  loop
    if private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 then
      perform from private.windows where scope_id = v_next.tenant_id for update skip locked;
      -- Looked at again now that the tenant is locked: only then are its counters final.
      if found and private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id) > 0 and exists (
        select from private.backlogs as g
        where g.batch_id = v_next.batch_id and g.stage = p_stage and g.lane = v_next.lane and g.waiting_count > 0
      ) then
        return v_next;
      end if;
    end if;
  end loop;
  return null;
end
$$;
comment on function private.next_backlog(text) is
  'Whose turn it is: the best lane, then the tenant served longest ago, then its oldest batch. Locks that tenant; '
  'passes over tenants that are busy, which release for themselves or wait for the ticker. Null when nobody has both work and room.';

create or replace function private.release_stage(p_stage text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_room int := private.stage_room(p_stage);
  v_released int := 0;
  v_count int;
  v_next private.backlogs;
begin
  while v_room > 0 loop
    v_next := private.next_backlog(p_stage);
    exit when v_next.batch_id is null;
    v_count := private.enqueue(
      p_stage, v_next.batch_id, v_next.lane,
      private.lane_rank(v_next.lane, v_next.served_at, (select s.ageing from private.settings as s)),
      least(
        private.scope_room(v_next.tenant_id, v_next.project_id, v_next.batch_id),
        -- One at a time while others wait, so that everybody has a turn.
        case when exists (
          select from private.backlogs as g
          where g.stage = p_stage and g.waiting_count > 0 and g.is_open and g.tenant_id <> v_next.tenant_id
        ) then 1 else v_room end
      ));
    exit when v_count = 0;
    update private.windows set served_at = clock_timestamp() where scope_id = v_next.tenant_id;
    v_room := v_room - v_count;
    v_released := v_released + v_count;
  end loop;
  return v_released;
end
$$;
comment on function private.release_stage(text) is 'Fills the window of one stage, round-robin over tenants; returns how many tasks it released.';

create or replace function private.release()
returns int
language sql
set search_path = ''
as $$
  select coalesce(sum(private.release_stage(w.stage)), 0)::int
  from (select distinct g.stage from private.backlogs as g where g.waiting_count > 0 and g.is_open) as w
$$;
comment on function private.release() is 'Fills the windows of all stages that have work waiting.';

create or replace function private.insert_batch(p_project public.projects, p_options jsonb)
returns public.batches
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_number bigint;
begin
  update public.tenants set last_batch_number = last_batch_number + 1
  where id = p_project.tenant_id
  returning last_batch_number into v_number;
  insert into public.batches (tenant_id, project_id, number, title, options, max_concurrent_tasks, created_by)
  values (p_project.tenant_id, p_project.id, v_number, coalesce(p_options ->> 'title', ''),
    p_options - array['title', 'max_concurrent_tasks', 'job_type'],
    (p_options ->> 'max_concurrent_tasks')::int, private.user_id())
  returning * into v_batch;
  return private.apply_timing(v_batch);
end
$$;
comment on function private.insert_batch(public.projects, jsonb) is 'A new batch of a project, with the tenant''s next number.';

create or replace function private.request_problems(p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_topic_list(p_topics) then
    return jsonb_build_array(private.as_problem(null, 'topics', 'is not a list of 1 to 10,000 topics'));
  elsif jsonb_typeof(p_options) is distinct from 'object' then
    return jsonb_build_array(private.as_problem(null, 'options', 'is not an object'));
  end if;
  return coalesce(private.option_problems(p_options), '[]') || coalesce(private.timing_problems(p_options), '[]') || coalesce(private.topic_problems(p_topics), '[]')
    || coalesce(private.library_problems(p_topics), '[]');
end
$$;
comment on function private.request_problems(jsonb, jsonb) is 'Everything wrong with the topics and options of a batch; an empty list when nothing is.';

create or replace function public.create_batch(
  project_id uuid, topics jsonb, options jsonb default '{}', idempotency_key text default null
)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
-- Queries on partitioned tables, those of foreign keys too, would otherwise be planned again for every row and call.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_project public.projects;
  v_batch public.batches;
  v_is_new boolean := true;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_project := private.check_may_create(create_batch.project_id);
  perform private.lock_tenant(v_project.tenant_id);
  if idempotency_key is not null then
    v_batch := private.batch_of_key(v_project, idempotency_key, jsonb_build_array(project_id, topics, options));
    v_is_new := v_batch.id is null;
  end if;
  if v_is_new then
    perform private.check_request(topics, options);
    v_batch := private.insert_batch(v_project, options);
    perform private.insert_jobs(v_batch, topics, coalesce(options ->> 'job_type', 'batch'));
    perform private.count_library_use(topics);
    update public.idempotency_keys as k set batch_id = v_batch.id
    where k.tenant_id = v_project.tenant_id and k.key = create_batch.idempotency_key;
    perform private.release();
  end if;
  return (
    select jsonb_build_object('batch_id', b.id, 'number', b.number, 'job_count', b.job_count, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.create_batch(uuid, jsonb, jsonb, text) is
  'Creates a batch: one job per topic object {topic, platforms, brief?, audience?, tone?, script_type?, language?, duration_s?, priority?, '
  'voice?, images?, library_items?, metadata?}, in one transaction. Options: title, max_concurrent_tasks, job_type, starts_at, after, after_condition, after_failure, deadline, on_deadline. The same idempotency key and request again return '
  'the same batch. Raises CR001 with every problem in the detail, CR002, CR003 or CR004.';

create or replace function private.live_batch(p_batch public.batches)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_batch.id, 'project_id', p_batch.project_id, 'number', p_batch.number, 'title', p_batch.title,
    'status', p_batch.status, 'progress', p_batch.progress, 'job_count', p_batch.job_count,
    'pending_count', p_batch.pending_count, 'processing_count', p_batch.processing_count,
    'completed_count', p_batch.completed_count, 'failed_count', p_batch.failed_count,
    'cancelled_count', p_batch.cancelled_count, 'max_concurrent_tasks', p_batch.max_concurrent_tasks,
    'paused_at', p_batch.paused_at, 'created_by', p_batch.created_by, 'created_at', p_batch.created_at,
    'started_at', p_batch.started_at, 'completed_at', p_batch.completed_at, 'deleted_at', p_batch.deleted_at,
    'starts_at', p_batch.starts_at, 'deadline', p_batch.deadline, 'is_late', p_batch.is_late,
    'blocked_at', p_batch.blocked_at, 'blocked_reason', p_batch.blocked_reason,
    'timestamp', p_batch.updated_at, 'version', p_batch.version);
end
$$;
comment on function private.live_batch(public.batches) is 'A batch as followers are told of it.';

create or replace function private.do_due_work(p_may_rescue boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_tenant_ids uuid [] := array(
    select t.tenant_id from public.stage_tasks as t where t.run_at <= now()
    union
    select o.tenant_id from private.orphaned_tasks() as o
    union
    select l.tenant_id from private.lost_tasks() as l where p_may_rescue
    union
    select u.tenant_id from private.unclaimed_tasks() as u where p_may_rescue
    union
    select d.id from private.due_tenant_ids() as d (id)
  );
  v_rescued int := 0;
  v_ended int;
begin
  perform private.lock_tenants(v_tenant_ids);
  if p_may_rescue then
    v_rescued := private.rescue(v_tenant_ids);
  end if;
  update public.stage_tasks set run_at = null where run_at <= now() and tenant_id = any(v_tenant_ids);
  get diagnostics v_ended = row_count;
  update public.stage_tasks as t set awaits_key = null
  from private.orphaned_tasks() as o
  where t.job_id = o.job_id and t.id = o.id and t.tenant_id = any(v_tenant_ids);
  perform private.run_due_schedules(v_tenant_ids);
  return jsonb_build_object('rescued', v_rescued, 'ended_backoffs', v_ended, 'released', private.release(), 'partitions', 0);
end
$$;
comment on function private.do_due_work(boolean) is
  'Rescues, ends backoffs, wakes tasks that wait in vain, runs schedules, releases; returns how many of each. Locks all tenants concerned first.';
