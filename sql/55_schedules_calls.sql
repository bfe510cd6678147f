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

create function public.schedule_occurrences(starts timestamptz, ends timestamptz)
returns jsonb
language plpgsql
stable
-- definer: reckons by functions that nobody else needs; it reads the schedules of the caller's tenant alone.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.acting_tenant_id();
  v_schedule public.schedules;
  v_at timestamptz;
  v_due timestamptz [];
  v_room int := 5000;
  v_found jsonb := '[]';
begin
  if (ends > starts and ends <= starts + interval '62 days') is not true then
    raise exception 'This is no span of time of up to 62 days.' using errcode = 'CR001', hint = 'Ask for a month at a time.';
  end if;
  for v_schedule in
    select s.* from public.schedules as s
    where s.tenant_id = v_tenant_id and s.paused_at is null and s.next_run_at < ends
    order by s.next_run_at, s.id limit 1000
  loop
    v_due := '{}';
    v_at := greatest(starts, now()) - interval '1 microsecond';
    loop
      v_at := private.next_time(v_schedule.cron, v_schedule.time_zone, v_at);
      exit when v_at is null or v_at >= ends or cardinality(v_due) = 100 or v_room = 0;
      v_due := v_due || v_at;
      v_room := v_room - 1;
    end loop;
    if v_due <> '{}' or v_at < ends then
      v_found := v_found || jsonb_build_object('schedule_id', v_schedule.id, 'upcoming', to_jsonb(v_due), 'is_complete', (v_at < ends) is not true);
    end if;
  end loop;
  return v_found;
end
$$;
comment on function public.schedule_occurrences(timestamptz, timestamptz) is
  'When the schedules of the caller''s tenant that are not paused are due from starts, or now, to before ends, which is at most 62 days later: a list of '
  '{schedule_id, upcoming, is_complete}, with up to 100 moments of each and 5,000 of all; is_complete is false where there are more. Raises CR001 or CR003.';

grant execute on function
public.create_schedule(uuid, jsonb), public.change_schedule(uuid, jsonb), public.delete_schedule(uuid), public.pause_schedule(uuid),
public.resume_schedule(uuid), public.run_schedule(uuid), public.upcoming_runs(text, text, int),
public.schedule_occurrences(timestamptz, timestamptz)
to authenticated;
