-- Queues of stages, held back by those who run the deployment: while a provider is down, or a stage is mended.

create table private.stage_queues (
  stage text primary key,
  paused_at timestamptz,
  paused_by text,
  reason text not null default '' check (length(reason) <= 500),
  constraint stage_queues_paused_by_needs_paused_at check (paused_by is null or paused_at is not null)
);
comment on table private.stage_queues is 'Which stages are held back, over all tenants; a stage without a row is not.';
comment on column private.stage_queues.paused_by is 'The role that paused it: an operator is no user.';
comment on column private.stage_queues.reason is 'Why, for the other operators.';

create function private.check_stage(p_stage text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if not exists (select from private.stage_weights() as w where w.stage = p_stage) then
    raise exception 'There is no stage %.', coalesce(p_stage, 'null') using errcode = 'CR001',
      hint = 'Use one of ' || (select string_agg(w.stage, ', ' order by w.place) from private.stage_weights() as w) || '.';
  end if;
end
$$;
comment on function private.check_stage(text) is 'Raises CR001 unless a stage of this name exists.';

create function private.is_stage_paused(p_stage text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (select from private.stage_queues as q where q.stage = p_stage and q.paused_at is not null);
end
$$;
comment on function private.is_stage_paused(text) is 'Whether operators hold back the queue of a stage.';

create function private.told_stage(p_stage text, p_count int)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('stage', q.stage, 'paused_at', q.paused_at, 'reason', q.reason, 'changed_tasks', p_count)
    from private.stage_queues as q where q.stage = p_stage
  );
end
$$;
comment on function private.told_stage(text, int) is 'What an operator is told of the queue of a stage.';

create function private.pause_stage(p_stage text, p_reason text default '', p_now boolean default false)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write these rows.
security definer
set search_path = ''
as $$
declare
  v_tenant_ids uuid [];
  v_count int;
begin
  perform private.check_stage(p_stage);
  v_tenant_ids := array(
    select distinct t.tenant_id from public.stage_tasks as t where t.stage = p_stage and t.status in ('queued', 'processing')
  );
  perform private.lock_tenants(v_tenant_ids);
  insert into private.stage_queues as q (stage, paused_at, paused_by, reason) values (p_stage, now(), session_user, coalesce(p_reason, ''))
  on conflict (stage) do update
  set paused_at = coalesce(q.paused_at, excluded.paused_at), paused_by = coalesce(q.paused_by, excluded.paused_by), reason = excluded.reason;
  -- What another transaction releases just now is sent back when it is claimed.
  v_count := private.take_back(array(
    select t from public.stage_tasks as t
    where t.stage = p_stage and t.status in ('queued', 'processing') and (p_now or t.status = 'queued') and t.tenant_id = any(v_tenant_ids)
  ));
  perform private.release();
  return private.told_stage(p_stage, v_count);
end
$$;
comment on function private.pause_stage(text, text, boolean) is
  'Holds back the queue of a stage over all tenants, for operators: nothing of it starts; what runs may end, or with p_now is handed back. '
  'Returns {stage, paused_at, reason, changed_tasks}. Raises CR001. Saying it twice does no harm.';

create function private.resume_stage(p_stage text)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write these rows.
security definer
set search_path = ''
as $$
begin
  perform private.check_stage(p_stage);
  insert into private.stage_queues as q (stage) values (p_stage)
  on conflict (stage) do update set paused_at = null, paused_by = null, reason = '';
  -- The time of the pause is no waiting, and lifts no lane.
  update private.turns as t set waits_since = now()
  from (
    -- Whose tenant is locked has just been served, or is about to be.
    select o.tenant_id, o.lane from private.turns as o where o.stage = p_stage and o.is_waiting for update skip locked
  ) as o
  where t.tenant_id = o.tenant_id and t.stage = p_stage and t.lane = o.lane;
  return private.told_stage(p_stage, private.release());
end
$$;
comment on function private.resume_stage(text) is
  'Lets the queue of a stage go on, for operators. Returns {stage, paused_at, reason, changed_tasks}. Raises CR001.';

create function private.list_stage_queues()
returns table (stage text, paused_at timestamptz, paused_by text, reason text, waiting_count bigint, queued_count bigint, running_count bigint)
language plpgsql
stable
-- definer: for operators, whose role may not read these rows.
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select w.stage, q.paused_at, q.paused_by, coalesce(q.reason, ''),
    coalesce((select sum(g.waiting_count) from private.backlogs as g where g.stage = w.stage and g.waiting_count > 0), 0)::bigint,
    count(t.id) filter (where t.status = 'queued'), count(t.id) filter (where t.status = 'processing')
  from private.stage_weights() as w
  left join private.stage_queues as q on q.stage = w.stage
  left join public.stage_tasks as t on t.stage = w.stage and t.status in ('queued', 'processing')
  group by w.stage, w.place, q.stage
  order by w.place;
end
$$;
comment on function private.list_stage_queues() is 'The queues of the stages, in order: whether they are held back, by whom and why, and how much is in them.';

grant execute on function private.pause_stage(text, text, boolean), private.resume_stage(text), private.list_stage_queues() to cliprow_api;
