-- Messages: what followers are told, and when.
--
--   a topic that was quiet    told at the end of the transaction that changes something (few jobs), by a deferred trigger
--   any other                 told by flush_live(), which workers call four times a second
--
-- At most one message every live_interval for each topic, held by the lock on its row, and live_messages_per_s for all
-- together, held by tickets. Nothing here waits for a lock, and nothing fails the transaction that it runs in.
--
-- A message is `changes`, with {seq, prev_seq, ts, batches, jobs, tasks, events} and, where they changed, projects and
-- tenants: rows as they are now, whole, the higher version the newer. Or it is `resync`, with {seq, prev_seq, ts}: fetch.
-- Only the flush sends that, once what it stands for can be seen.

create function private.send_live(p_topic private.live_topics, p_epoch int, p_rows jsonb, p_ticket int)
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

create function private.note_failure(p_scope_id uuid, p_error text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.live_topics
  set failure_count = failure_count + 1, failed_at = clock_timestamp(), sent_at = clock_timestamp(), last_error = p_error
  where scope_id = p_scope_id;
end
$$;
comment on function private.note_failure(uuid, text) is
  'Keeps, for operators, that a message could not be sent. The topic tries again after its interval, with all that waits by then.';

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

create function private.settle_marks(p_mark_ids bigint [], p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_gone int;
begin
  if p_scope_ids = '{}' then
    return;
  end if;
  delete from public.realtime_outbox where id = any(p_mark_ids) and scopes <@ p_scope_ids;
  get diagnostics v_gone = row_count;
  if v_gone < cardinality(p_mark_ids) then
    update public.realtime_outbox
    set scopes = array(select u.id from unnest(scopes) as u (id) where u.id <> all(p_scope_ids))
    where id = any(p_mark_ids) and scopes && p_scope_ids;
  end if;
end
$$;
comment on function private.settle_marks(bigint [], uuid []) is 'Notes that marks have been told on the topics of these scopes; those told everywhere go.';

create function private.marked_scopes(p_mark_ids bigint [])
returns table (scope_id uuid, scope text, tenant_id uuid, made_at timestamptz)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select m.scope_id, m.scope, m.tenant_id, case m.scope
    when 'tenant' then (select t.created_at from public.tenants as t where t.id = m.scope_id)
    when 'project' then (select p.created_at from public.projects as p where p.id = m.scope_id)
    else (select b.created_at from public.batches as b where b.id = m.scope_id)
  end
  from (
    select distinct u.id as scope_id, o.tenant_id,
      case u.id when o.tenant_id then 'tenant' when o.project_id then 'project' else 'batch' end as scope
    from public.realtime_outbox as o
    cross join unnest(o.scopes) as u (id)
    where o.id = any(p_mark_ids)
  ) as m;
end
$$;
comment on function private.marked_scopes(bigint []) is
  'Whose topics are still to be told what these marks name, and when that was made; null for what is gone.';

create function private.tell_if_quiet(p_first_id bigint)
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

create function private.tell_at_commit()
returns trigger
language plpgsql
-- definer: whoever changes something may neither send nor read the outbox.
security definer
set search_path = ''
as $$
begin
  -- Once for a transaction, at its first mark.
  if current_setting('cliprow.told_in', true) is not distinct from pg_current_xact_id()::text then
    return null;
  end if;
  perform set_config('cliprow.told_in', pg_current_xact_id()::text, true);
  -- Most end here, because followers of the batch were told of something a moment ago; the flush tells the others too.
  if exists (
    select from private.live_topics as l
    where l.scope_id = new.scopes[1]
      and l.sent_at > clock_timestamp() - (select s.live_interval from private.settings as s)
  ) then
    return null;
  end if;
  begin
    perform private.tell_if_quiet(new.id);
  exception when others then
    raise warning 'Followers are told of this change later: %', sqlerrm;
  end;
  return null;
end
$$;
comment on function private.tell_at_commit() is 'Tells quiet topics at the end of the transaction. Never fails it: what was not told is left to the flush.';
create constraint trigger tell_at_commit after insert on public.realtime_outbox
deferrable initially deferred for each row execute function private.tell_at_commit();

create function private.drop_marks(p_mark_ids bigint [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_mark_ids = '{}' then
    return;
  end if;
  insert into private.live_topics (scope_id, scope, tenant_id, must_resync)
  select m.scope_id, m.scope, m.tenant_id, true
  from private.marked_scopes(p_mark_ids) as m
  where m.made_at is not null
  order by m.scope_id
  on conflict (scope_id) do update set must_resync = true;
  delete from public.realtime_outbox where id = any(p_mark_ids);
end
$$;
comment on function private.drop_marks(bigint []) is 'Gives up telling of marks one by one: their topics are to be asked to fetch instead.';

create function private.hopeless_marks(p_limit int)
returns bigint []
language plpgsql
stable
set search_path = ''
as $$
declare
  v_is_flooded boolean := (select count(*) > p_limit from (select from public.realtime_outbox limit p_limit + 1) as o);
begin
  return array(
    select o.id
    from public.realtime_outbox as o
    cross join private.settings as s
    where o.created_at < now() - s.live_keep_for
      or (v_is_flooded and o.tenant_id in (
        -- Whoever floods the outbox is told to fetch, and not those who wait beside.
        select f.tenant_id from public.realtime_outbox as f group by f.tenant_id having count(*) > p_limit / 10))
  );
end
$$;
comment on function private.hopeless_marks(int) is
  'Marks that have waited too long, and when there are more than so many, those of the tenants that have most of them.';

create function private.waiting_topics(p_mark_ids bigint [])
returns table (scope_id uuid, scope text, tenant_id uuid, epoch int)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with waiting as (
    select m.scope_id, m.scope, m.tenant_id from private.marked_scopes(p_mark_ids) as m where m.made_at is not null
    union
    select l.scope_id, l.scope, l.tenant_id from private.live_topics as l where l.must_resync
  ), due as (
    select w.*, t.epoch, coalesce(l.sent_at, '-infinity') as sent_at
    from waiting as w
    cross join private.settings as s
    join public.tenants as t on t.id = w.tenant_id
    left join private.live_topics as l on l.scope_id = w.scope_id
    where coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
  )
  select d.scope_id, d.scope, d.tenant_id, d.epoch
  from due as d
  order by row_number() over (partition by d.tenant_id order by d.sent_at), d.sent_at;
end
$$;
comment on function private.waiting_topics(bigint []) is
  'Topics that may be told something now, in the order of their turns: one of each tenant, then a second of each, those told longest ago first.';

create function private.flush_live()
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
grant execute on function private.flush_live() to cliprow_worker;
