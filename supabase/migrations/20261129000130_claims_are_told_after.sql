-- Followers are told of a claim by the worker that has it, once it has begun.

create or replace function private.take_tasks(p_worker_id uuid, p_queue_worker_id bigint, p_stages text [], p_limit int, p_versions jsonb)
returns jsonb
language plpgsql
-- definer: workers may not touch the tables themselves.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_looked_at int;
  v_runs jsonb;
  v_dealt_with bigint [];
begin
  if exists (select from private.workers as w where w.id = p_worker_id and w.is_draining) then
    return jsonb_build_object('looked_at', 0, 'runs', '[]'::jsonb);
  end if;
  select
    count(*), coalesce(jsonb_agg(r) filter (where r ->> 'verdict' = 'run'), '[]'),
    array_agg((r ->> 'entry_id')::bigint) filter (where r ->> 'verdict' <> 'run')
  into v_looked_at, v_runs, v_dealt_with
  from private.take_round(p_worker_id, p_queue_worker_id, p_stages, p_limit, p_versions) as r;
  if v_dealt_with is not null then
    -- Their entries say nothing more.
    delete from procrastinate.procrastinate_jobs where id = any(v_dealt_with);
  end if;
  if v_runs <> '[]' then
    -- The worker flushes as soon as it has begun: telling before the commit would delay the start.
    perform set_config('cliprow.told_in', pg_current_xact_id()::text, true);
  end if;
  return jsonb_build_object('looked_at', v_looked_at, 'runs', v_runs);
end
$$;
