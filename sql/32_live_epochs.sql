-- The end of an epoch: who follows an older topic is told once more, so that it does not listen to silence.

create function private.end_epoch()
returns trigger
language plpgsql
-- definer: whoever removes a member may neither send nor read the state of topics.
security definer
set search_path = ''
-- As the messages' own times are.
set timezone = 'UTC'
as $$
begin
  begin
    -- Not by ticket, and so not many: of other topics a follower learns when its token is refreshed, which closes them.
    -- With the epoch that begins, since whoever fetches at once may still see the old one.
    perform realtime.send(
      jsonb_build_object('seq', l.seq, 'prev_seq', l.seq, 'ts', clock_timestamp(), 'epoch', new.epoch), 'resync',
      concat_ws(':', l.scope, l.scope_id, old.epoch), true)
    from (
      select 'tenant' as scope, new.id as scope_id, coalesce(max(t.seq), 0) as seq, 'infinity'::timestamptz as sent_at
      from private.live_topics as t
      where t.scope_id = new.id
      union all (
        select t.scope, t.scope_id, t.seq, t.sent_at
        from private.live_topics as t
        where t.tenant_id = new.id and t.scope <> 'tenant' and t.sent_at > now() - interval '1 hour'
      )
      order by 4 desc, 2
      limit 20
    ) as l;
  exception when others then
    raise warning 'Followers are not told that the epoch is over: %', sqlerrm;
  end;
  return null;
end
$$;
comment on function private.end_epoch() is
  'Sends a resync on the topics of the epoch that is over, the tenant''s and the liveliest: it names the epoch that begins, whose topics are to be '
  'joined; who was removed is refused there and whatever it fetches.';
create trigger end_epoch after update of epoch on public.tenants
for each row when (new.epoch > old.epoch) execute function private.end_epoch();
