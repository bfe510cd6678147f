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
  v_warns boolean;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.deadline <= now() and not b.is_late and b.completed_at is null and b.tenant_id = any(p_tenant_ids)
    -- A few at a time: each may have ten thousand jobs.
    order by b.deadline limit 10 for update
  loop
    v_warns := v_batch.options ->> 'on_deadline' is not distinct from 'warn';
    if v_warns or private.open_job_count(v_batch.tenant_id, v_batch.project_id, v_batch.id) <= 100 then
      update public.batches set is_late = true where id = v_batch.id;
    end if;
    v_count := v_count + 1;
    -- The rest with the next tick: then it is still due.
    if not v_warns then
      exit when private.withdraw_batch(v_batch, 'DEADLINE_PASSED', 'The deadline of its batch passed before it had ended.',
        'Retry it, if it is still wanted; give the next batch more time, or fewer topics.') > 0;
    end if;
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
