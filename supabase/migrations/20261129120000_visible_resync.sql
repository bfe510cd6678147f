-- A resync waits until others can see what it stands for, and at the end of an epoch names the one that begins.

create or replace function private.send_live(p_topic private.live_topics, p_epoch int, p_rows jsonb, p_ticket int)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_name text := concat_ws(':', p_topic.scope, p_topic.scope_id, p_epoch);
  v_event text := 'changes';
  v_head jsonb := jsonb_build_object('seq', p_topic.seq + 1, 'prev_seq', p_topic.seq, 'ts', v_at);
  v_payload jsonb := v_head || coalesce(p_rows, '{}');
begin
  if p_rows is null then
    v_event := 'resync';
  end if;
  perform realtime.send(v_payload, v_event, v_name, true);
  -- It warns in the log where it ought to fail, so only the row itself says that it was sent.
  if exists (
    select from realtime.messages as m
    where m.inserted_at >= now()::timestamp and m.extension = 'broadcast' and m.private is true
      and m.topic = v_name and m.event = v_event and m.payload -> 'seq' = v_head -> 'seq'
  ) then
    update private.live_topics set seq = p_topic.seq + 1, sent_at = v_at, must_resync = false where scope_id = p_topic.scope_id;
    update private.live_tickets set used_at = v_at where number = p_ticket;
    return true;
  end if;
  perform private.note_failure(p_topic.scope_id, 'realtime.send stored no message; the log of the database says why.');
  return false;
end
$$;
comment on function private.send_live(private.live_topics, int, jsonb, int) is
  'Sends a topic, whose row is locked, its next message, and uses the ticket up: these rows, or a resync where they are null. '
  'False when it was not stored.';

drop function private.tell(text, uuid, uuid, int, bigint [], int);
create function private.tell(
  p_scope text, p_scope_id uuid, p_tenant_id uuid, p_epoch int, p_mark_ids bigint [], p_last_ticket int, p_is_visible boolean
)
returns text
language plpgsql
set search_path = ''
-- So are the times in messages, whoever sends them, and those by which Realtime keeps them.
set timezone = 'UTC'
as $$
declare
  v_topic private.live_topics := private.take_topic(p_scope, p_scope_id, p_tenant_id);
  v_ticket int;
  v_rows jsonb;
begin
  if v_topic.scope_id is null
    or v_topic.sent_at > clock_timestamp() - (select s.live_interval from private.settings as s) then
    return 'not now';
  end if;
  v_ticket := private.take_ticket(p_last_ticket);
  if v_ticket is null then
    return 'no ticket';
  end if;
  begin
    if not v_topic.must_resync then
      v_rows := private.live_rows(p_scope_id, p_mark_ids);
      if v_rows = '{"batches": [], "jobs": [], "tasks": [], "events": []}' then
        return 'nothing';
      end if;
      if octet_length(v_rows::text) > (select s.live_max_bytes - 200 from private.settings as s) then
        v_rows := null;
      end if;
    end if;
    if v_rows is null and not p_is_visible then
      return 'not now';
    end if;
    return case when private.send_live(v_topic, p_epoch, v_rows, v_ticket) then 'sent' else 'failed' end;
  exception when others then
    perform private.note_failure(p_scope_id, sqlerrm);
    return 'failed';
  end;
end
$$;
comment on function private.tell(text, uuid, uuid, int, bigint [], int, boolean) is
  'Tells a topic what marks name, if it is free, its interval is over and there is a ticket up to this number: sent, nothing to tell, failed, not now '
  'or no ticket. A resync waits until what is marked is visible: the log tells of a commit before others can see it, and whoever fetched at '
  'once would miss it.';

create or replace function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_mark_ids bigint [];
  v_job_count int;
  v_told uuid [] := '{}';
  v_tries int := 6;
  v record;
begin
  select coalesce(array_agg(o.id), '{}'), coalesce(max(cardinality(o.ids)) filter (where o.entity = 'job'), 0)
  into v_mark_ids, v_job_count
  from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id();
  for v in
    select m.scope_id, m.scope, m.tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket,
      coalesce(m.made_at = now(), true) as is_unfollowed,
      t.id is not null
      -- Of many jobs the flush tells, which keeps nobody waiting while it puts them together.
      and v_job_count <= 25
      and coalesce(l.sent_at <= clock_timestamp() - s.live_interval and not l.must_resync, true)
      -- What waits already goes first, with all that has come since; unless it waits for a flush that does not come.
      and not exists (
        select from public.realtime_outbox as o
        where o.tenant_id = m.tenant_id and m.scope_id = any(o.scopes) and o.id <> all(v_mark_ids)
          and o.created_at > now() - 8 * s.live_interval) as is_quiet
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    left join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    order by m.scope_id
  loop
    if v.is_unfollowed then
      -- Nobody follows what this transaction has made, or what is gone.
      v_told := v_told || v.scope_id;
    elsif v.is_quiet and v_tries > 0 then
      v_tries := v_tries - 1;
      if private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, v.last_ticket, false) in ('sent', 'nothing') then
        v_told := v_told || v.scope_id;
      end if;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
end
$$;
comment on function private.tell_if_quiet(bigint) is
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits, if they name few jobs. Half of the tickets are left '
  'to the flush, so that busy topics have their turn.';

create or replace function private.flush_live()
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_mark_ids bigint [];
  v_told uuid [];
  v_sent int := 0;
  v_failed int := 0;
  v_result text;
  v record;
begin
  if not pg_try_advisory_xact_lock(hashtext('cliprow.flush_live')) then
    return null;
  end if;
  perform private.fit_tickets();
  if not exists (select from public.realtime_outbox) and not exists (select from private.live_topics where must_resync) then
    return jsonb_build_object('sent', 0, 'failed', 0, 'waiting', 0);
  end if;
  perform private.drop_marks(private.hopeless_marks(10000));
  v_mark_ids := array(select o.id from public.realtime_outbox as o order by o.id limit 10000);
  v_told := array(select m.scope_id from private.marked_scopes(v_mark_ids) as m where m.made_at is null);
  for v in select w.* from private.waiting_topics(v_mark_ids) as w loop
    v_result := private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, 2147483647, true);
    exit when v_result = 'no ticket';
    if v_result in ('sent', 'nothing') then
      v_told := v_told || v.scope_id;
    end if;
    v_sent := v_sent + (v_result = 'sent')::int;
    v_failed := v_failed + (v_result = 'failed')::int;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
  return jsonb_build_object('sent', v_sent, 'failed', v_failed,
    'waiting', (select count(*) from public.realtime_outbox));
end
$$;
comment on function private.flush_live() is
  'Tells every topic that may be told something what waits for it; returns how many were told, how many could not be, and how many marks wait '
  'still. Null when another does it at this moment.';

create or replace function private.end_epoch()
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
