-- When all schedules of a tenant are due, in one call: what a calendar asks for.

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
grant execute on function public.schedule_occurrences(timestamptz, timestamptz) to authenticated;
