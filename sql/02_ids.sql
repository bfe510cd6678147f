-- Time-ordered ids (RFC 9562, version 7), made by our own function because Postgres 15 and 17 have none.

create function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
-- plpgsql, because it takes half the time of an SQL function here, and a large batch needs thousands of ids.
language plpgsql
volatile parallel safe
set search_path = ''
as $$
declare
  v_us bigint := floor(extract(epoch from p_at) * 1000000);
begin
  -- 48 bits of milliseconds, the version, then 12 bits of the fraction of a millisecond (RFC 9562, 6.2, method 3), so that
  -- ids made one after another by one connection sort in that order. What follows is random.
  return lpad(to_hex(v_us / 1000), 12, '0') || '7' || lpad(to_hex(v_us % 1000 * 4096 / 1000), 3, '0')
    || right(gen_random_uuid()::text, 17);
end
$$;
comment on function private.uuid_v7(timestamptz) is
  'A version 7 uuid for a moment. Ids made one after another sort in that order, to about a microsecond.';

create function private.uuid_at(p_at timestamptz)
returns uuid
language sql
immutable strict parallel safe
set search_path = ''
return (
  encode(substring(int8send(floor(extract(epoch from p_at) * 1000)::bigint) from 3), 'hex') || '70008000000000000000'
)::uuid;
comment on function private.uuid_at(timestamptz) is
  'The smallest version 7 uuid of a moment: turns a time filter into an id range, which prunes partitions.';

create function private.uuid_time(p_id uuid)
returns timestamptz
language sql
immutable strict parallel safe
set search_path = ''
return to_timestamp(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
comment on function private.uuid_time(uuid) is 'When a version 7 uuid was made, to the millisecond.';
