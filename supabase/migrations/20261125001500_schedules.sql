-- Runs at a time and on a schedule, batches that wait for others, deadlines, and callbacks.

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
