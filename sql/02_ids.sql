-- Time-ordered ids (RFC 9562, version 7), made by our own function because Postgres 15 and 17 have none.

create function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
language sql
volatile parallel safe
set search_path = ''
return (
  -- 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562, 6.2, method 3), so that ids made
  -- one after another by one connection sort in that order; the rest is random.
  select encode(
    set_byte(set_byte(
      overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send(floor(us / 1000)::bigint) from 3) || substring(int8send(fraction) from 7)
        from 1 for 8
      ),
      6, 112 | (fraction >> 8)::int
    ), 7, (fraction & 255)::int),
    'hex')::uuid
  from (
    select us, ((us % 1000) * 4096 / 1000)::bigint as fraction
    from (select floor(extract(epoch from p_at) * 1000000)::bigint as us) as clock
  ) as parts
);
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
