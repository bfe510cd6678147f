-- Messages: what followers are told, and when.
--
--   a topic that was quiet    told at the end of the transaction that changes something, by a deferred trigger
--   any other                 told by flush_live(), which workers call four times a second
--
-- At most one message every live_interval for each topic, held by the lock on its row, and live_messages_per_s for all
-- together, held by tickets. Nothing here waits for a lock, and nothing fails the transaction that it runs in.
--
-- A message is `changes`, with {seq, prev_seq, ts, batches, jobs, tasks, events} and, where they changed, projects and
-- tenants: rows as they are now, whole, the higher version the newer. Or it is `resync`, with {seq, prev_seq, ts}: fetch.

create function private.live_batch(p_batch public.batches)
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
    'timestamp', p_batch.updated_at, 'version', p_batch.version);
end
$$;
comment on function private.live_batch(public.batches) is 'A batch as followers are told of it.';

create function private.live_job(p_job public.generation_jobs)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_job.id, 'job_id', p_job.id, 'project_id', p_job.project_id, 'batch_id', p_job.batch_id,
    'position', p_job.position, 'job_type', p_job.job_type, 'lane', p_job.lane, 'topic', p_job.topic,
    'platforms', p_job.platforms, 'generation', p_job.generation, 'stage', p_job.stage, 'status', p_job.status,
    'current_step', p_job.current_step, 'total_steps', p_job.total_steps, 'progress', p_job.progress,
    'error_code', p_job.error_code, 'error_message', p_job.error_message, 'next_step', p_job.next_step,
    'result_data', p_job.result_data, 'paused_at', p_job.paused_at, 'created_at', p_job.created_at,
    'started_at', p_job.started_at, 'completed_at', p_job.completed_at,
    'timestamp', p_job.updated_at, 'version', p_job.version);
end
$$;
comment on function private.live_job(public.generation_jobs) is
  'A job as followers are told of it: the progress event of the architecture''s appendix D, and the rest of what lists show.';

create function private.live_task(p_task public.stage_tasks)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_task.id, 'job_id', p_task.job_id, 'project_id', p_task.project_id, 'batch_id', p_task.batch_id,
    'stage', p_task.stage, 'scene_number', p_task.scene_number, 'aspect', p_task.aspect, 'platform', p_task.platform,
    'position', p_task.position, 'generation', p_task.generation, 'status', p_task.status, 'progress', p_task.progress,
    'retries', p_task.failure_count + p_task.lost_count, 'is_reused', p_task.is_reused, 'run_at', p_task.run_at,
    'error_code', p_task.error_code, 'error_message', p_task.error_message, 'next_step', p_task.next_step,
    'started_at', p_task.started_at, 'completed_at', p_task.completed_at,
    'timestamp', p_task.updated_at, 'version', p_task.version);
end
$$;
comment on function private.live_task(public.stage_tasks) is 'A task as followers are told of it.';

create function private.live_event(p_event public.job_events)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_event.id, 'job_id', p_event.job_id, 'project_id', p_event.project_id, 'batch_id', p_event.batch_id,
    'task_id', p_event.task_id, 'stage', p_event.stage, 'status', p_event.status, 'current_step', p_event.current_step,
    'total_steps', p_event.total_steps, 'progress', p_event.progress, 'retries', p_event.retries,
    'error_code', p_event.error_code, 'error_message', p_event.error_message, 'timestamp', p_event.created_at);
end
$$;
comment on function private.live_event(public.job_events) is
  'An event as followers are told of it, by the architecture''s appendix D. Never left out: a failure stays visible though a retry followed at once.';

create function private.live_project(p_project public.projects)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_project.id, 'name', p_project.name, 'status', p_project.status, 'owner_id', p_project.owner_id,
    'max_concurrent_tasks', p_project.max_concurrent_tasks, 'paused_at', p_project.paused_at,
    'created_at', p_project.created_at, 'deleted_at', p_project.deleted_at,
    'timestamp', p_project.updated_at, 'version', p_project.version);
end
$$;
comment on function private.live_project(public.projects) is 'A project as followers are told of it, without its long texts.';

create function private.live_tenant(p_tenant public.tenants)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', p_tenant.id, 'name', p_tenant.name, 'plan', p_tenant.plan, 'epoch', p_tenant.epoch,
    'max_concurrent_tasks', p_tenant.max_concurrent_tasks, 'paused_at', p_tenant.paused_at,
    'timestamp', p_tenant.updated_at);
end
$$;
comment on function private.live_tenant(public.tenants) is 'A tenant as followers are told of it.';

create function private.live_rows(p_scope_id uuid, p_mark_ids bigint [])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_is_too_much boolean;
begin
  select bool_or(o.ids is null) or count(distinct u.id) > (select s.live_max_rows from private.settings as s)
  into v_is_too_much
  from public.realtime_outbox as o
  left join unnest(o.ids) as u (id) on true
  where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes);
  if v_is_too_much then
    return null;
  end if;
  return (
    with name as materialized (
      select distinct o.entity, u.job_id, u.id
      from public.realtime_outbox as o
      cross join unnest(o.job_ids, o.ids) as u (job_id, id)
      where o.id = any(p_mark_ids) and p_scope_id = any(o.scopes)
    ), live as (
      -- One look-up for each name: a join might be planned to read whole tables.
      select n.entity, n.id, case n.entity
        when 'batch' then (select private.live_batch(b) from public.batches as b where b.id = n.id)
        when 'job' then (select private.live_job(j) from public.generation_jobs as j where j.id = n.id)
        when 'task' then (select private.live_task(t) from public.stage_tasks as t where t.job_id = n.job_id and t.id = n.id)
        when 'event' then (select private.live_event(e) from public.job_events as e where e.job_id = n.job_id and e.id = n.id)
        when 'project' then (select private.live_project(p) from public.projects as p where p.id = n.id)
        else (select private.live_tenant(t) from public.tenants as t where t.id = n.id)
      end as told
      from name as n
    )
    select jsonb_build_object('batches', '[]'::jsonb, 'jobs', '[]'::jsonb, 'tasks', '[]'::jsonb, 'events', '[]'::jsonb)
      || coalesce(jsonb_object_agg(l.name, l.told), '{}')
    from (
      select case live.entity when 'batch' then 'batches' else live.entity || 's' end as name,
        jsonb_agg(live.told order by live.id) as told
      from live
      where live.told is not null
      group by live.entity
    ) as l
  );
end
$$;
comment on function private.live_rows(uuid, bigint []) is
  'The rows that marks name for a topic, as they are now; null when there are too many. What is gone is left out.';

create function private.send_live(p_topic private.live_topics, p_epoch int, p_rows jsonb)
returns boolean
language plpgsql
set search_path = ''
-- As the messages' own times are.
set timezone = 'UTC'
as $$
declare
  v_at timestamptz := clock_timestamp();
  v_name text := concat_ws(':', p_topic.scope, p_topic.scope_id, p_epoch);
  v_event text := 'changes';
  v_head jsonb := jsonb_build_object('seq', p_topic.seq + 1, 'prev_seq', p_topic.seq, 'ts', v_at);
  v_payload jsonb := v_head || p_rows;
begin
  if p_rows is null or octet_length(v_payload::text) > (select s.live_max_bytes from private.settings as s) then
    v_event := 'resync';
    v_payload := v_head;
  end if;
  perform realtime.send(v_payload, v_event, v_name, true);
  -- It warns in the log where it ought to fail, so only the row itself says that it was sent.
  if exists (
    select from realtime.messages as m
    where m.inserted_at >= now()::timestamp and m.extension = 'broadcast' and m.private is true
      and m.topic = v_name and m.event = v_event and m.payload -> 'seq' = v_head -> 'seq'
  ) then
    update private.live_topics set seq = p_topic.seq + 1, sent_at = v_at, must_resync = false where scope_id = p_topic.scope_id;
    return true;
  end if;
  perform private.note_failure(p_topic.scope_id, 'realtime.send stored no message; the log of the database says why.');
  return false;
end
$$;
comment on function private.send_live(private.live_topics, int, jsonb) is
  'Sends a topic, whose row is locked, its next message: these rows, or a resync where there are none or too many bytes. False when it was not stored.';

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

create function private.tell(p_scope text, p_scope_id uuid, p_tenant_id uuid, p_epoch int, p_mark_ids bigint [], p_last_ticket int)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_topic private.live_topics := private.take_topic(p_scope, p_scope_id, p_tenant_id);
begin
  if v_topic.scope_id is null
    or v_topic.sent_at > clock_timestamp() - (select s.live_interval from private.settings as s) then
    return 'not now';
  end if;
  if not private.take_ticket(p_last_ticket) then
    return 'no ticket';
  end if;
  begin
    return case when private.send_live(
      v_topic, p_epoch, case when not v_topic.must_resync then private.live_rows(p_scope_id, p_mark_ids) end
    ) then 'sent' else 'failed' end;
  exception when others then
    perform private.note_failure(p_scope_id, sqlerrm);
    return 'failed';
  end;
end
$$;
comment on function private.tell(text, uuid, uuid, int, bigint [], int) is
  'Tells a topic what marks name, if it is free, its interval is over and there is a ticket up to this number: sent, failed, not now or no ticket.';

create function private.settle_marks(p_mark_ids bigint [], p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_scope_ids = '{}' then
    return;
  end if;
  delete from public.realtime_outbox where id = any(p_mark_ids) and scopes <@ p_scope_ids;
  update public.realtime_outbox
  set scopes = array(select u.id from unnest(scopes) as u (id) where u.id <> all(p_scope_ids))
  where id = any(p_mark_ids) and scopes && p_scope_ids;
end
$$;
comment on function private.settle_marks(bigint [], uuid []) is 'Notes that marks have been told on the topics of these scopes; those told everywhere go.';

create function private.marked_scopes(p_mark_ids bigint [])
returns table (scope_id uuid, scope text, tenant_id uuid)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select distinct u.id, case u.id when o.tenant_id then 'tenant' when o.project_id then 'project' else 'batch' end, o.tenant_id
  from public.realtime_outbox as o
  cross join unnest(o.scopes) as u (id)
  where o.id = any(p_mark_ids);
end
$$;
comment on function private.marked_scopes(bigint []) is 'Whose topics are still to be told what these marks name.';

create function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_mark_ids bigint [] := array(
    select o.id from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id());
  -- Nobody can know of a batch or project that this transaction has made.
  v_told uuid [] := array(
    select m.scope_id from private.marked_scopes(v_mark_ids) as m
    where (m.scope = 'batch' and exists (select from public.batches as b where b.id = m.scope_id and b.created_at = now()))
      or (m.scope = 'project' and exists (select from public.projects as p where p.id = m.scope_id and p.created_at = now())));
  v record;
begin
  for v in
    select m.scope_id, m.scope, t.id as tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    where m.scope_id <> all(v_told)
      and coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
      -- What waits already goes first, with all that has come since; unless it waits for a flush that does not come.
      and not exists (
        select from public.realtime_outbox as o
        where o.tenant_id = m.tenant_id and m.scope_id = any(o.scopes) and o.id <> all(v_mark_ids)
          and o.created_at > now() - 8 * s.live_interval)
    order by m.scope_id
    limit 6
  loop
    if private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, v.last_ticket) = 'sent' then
      v_told := v_told || v.scope_id;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
end
$$;
comment on function private.tell_if_quiet(bigint) is
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits. Half of the tickets are left '
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
  if current_setting('cliprow.told_in', true) is distinct from pg_current_xact_id()::text then
    perform set_config('cliprow.told_in', pg_current_xact_id()::text, true);
    begin
      perform private.tell_if_quiet(new.id);
    exception when others then
      raise warning 'Followers are told of this change later: %', sqlerrm;
    end;
  end if;
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
  insert into private.live_topics (scope_id, scope, tenant_id, must_resync)
  select m.scope_id, m.scope, m.tenant_id, true
  from private.marked_scopes(p_mark_ids) as m
  join public.tenants as t on t.id = m.tenant_id
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
    select m.scope_id, m.scope, m.tenant_id from private.marked_scopes(p_mark_ids) as m
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
as $$
declare
  v_mark_ids bigint [];
  v_told uuid [] := '{}';
  v_failed int := 0;
  v_result text;
  v record;
begin
  if not pg_try_advisory_xact_lock(hashtext('cliprow.flush_live')) then
    return null;
  end if;
  perform private.fit_tickets();
  perform private.drop_marks(private.hopeless_marks(10000));
  v_mark_ids := array(select o.id from public.realtime_outbox as o order by o.id limit 10000);
  for v in select w.* from private.waiting_topics(v_mark_ids) as w loop
    v_result := private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, 2147483647);
    exit when v_result = 'no ticket';
    if v_result = 'sent' then
      v_told := v_told || v.scope_id;
    elsif v_result = 'failed' then
      v_failed := v_failed + 1;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
  return jsonb_build_object('sent', cardinality(v_told), 'failed', v_failed,
    'waiting', (select count(*) from public.realtime_outbox));
end
$$;
comment on function private.flush_live() is
  'Tells every topic that may be told something what waits for it; returns how many were told, how many could not be, and how many marks wait '
  'still. Null when another does it at this moment.';
grant execute on function private.flush_live() to cliprow_worker;
