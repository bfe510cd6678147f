-- Who waits for videos that pause to be looked at is told: webhooks, and followers of a batch by waiting_at.

alter table public.batches add column waiting_at timestamptz;
comment on column public.batches.waiting_at is
  'When the last of its jobs that are to be looked at had paused for it (pause_after); it stays when they go on.';
create index generation_jobs_pause_after on public.generation_jobs (tenant_id, batch_id, id)
where pause_after is not null and completed_at is null;

alter table public.webhooks drop constraint webhooks_events_check, add constraint webhooks_events_check
check (events <> '{}' and events <@ array[
  'batch.ended', 'batch.waiting', 'job.ended', 'job.waiting', 'budget.warned', 'budget.exceeded'
]);
comment on table public.webhooks is
  'Addresses that are called when a batch or job of the tenant has ended or waits for somebody, or a budget is used up.';

create or replace function private.live_batch(p_batch public.batches)
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
    'starts_at', p_batch.starts_at, 'deadline', p_batch.deadline, 'is_late', p_batch.is_late,
    'blocked_at', p_batch.blocked_at, 'blocked_reason', p_batch.blocked_reason, 'waiting_at', p_batch.waiting_at,
    'timestamp', p_batch.updated_at, 'version', p_batch.version);
end
$$;
comment on function private.live_batch(public.batches) is 'A batch as followers are told of it.';

create function private.note_waiting_batches(p_batch_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches as b
  set waiting_at = now()
  where b.id = any(p_batch_ids) and b.completed_at is null and not b.is_filling
    and exists (
      select from public.generation_jobs as j
      where j.tenant_id = b.tenant_id and j.batch_id = b.id and j.paused_after is not null and j.completed_at is null
    )
    -- What somebody has paused, or waits for other jobs, does not come by itself.
    and not exists (
      select from public.generation_jobs as j
      where j.tenant_id = b.tenant_id and j.batch_id = b.id and j.pause_after is not null and j.completed_at is null
        and j.paused_at is null and j.blocked_at is null
    );
end
$$;
comment on function private.note_waiting_batches(uuid []) is
  'Notes of those batches that they wait for somebody of which some jobs are to be looked at, and no other comes to that by itself. Their tenants are '
  'locked.';

create or replace function private.begin_reviews(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  -- Whoever has paused it meanwhile stays named.
  set paused_at = coalesce(j.paused_at, now()), paused_after = j.pause_after, pause_after = null
  where j.id = any(p_job_ids) and j.pause_after is not null and j.completed_at is null
    and exists (
      select from public.stage_tasks as t
      where t.job_id = j.id and t.status = 'pending' and private.is_after(t.stage, j.pause_after)
    )
    -- What is blocked here waits for what failed: it would otherwise be the turn of what it needs.
    and not exists (
      select from public.stage_tasks as t
      where t.job_id = j.id and t.status in ('pending', 'queued', 'processing') and not private.is_after(t.stage, j.pause_after)
    );
  -- Others of their batches may wait already, also where these have failed instead.
  if found or exists (select from public.generation_jobs as j where j.id = any(p_job_ids) and j.completed_at is not null) then
    perform private.note_waiting_batches(array(select j.batch_id from public.generation_jobs as j where j.id = any(p_job_ids)));
  end if;
end
$$;
comment on function private.begin_reviews(uuid []) is
  'Pauses those jobs of which nothing can run any more up to the stage after which they are to pause, and something could after it. Their tenants '
  'are locked.';

create or replace function private.finish_filling(p_batch public.batches)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches set is_filling = false where id = p_batch.id and is_filling;
  -- All that there is may have ended meanwhile, or wait for somebody.
  perform private.apply_batch_moves(array[row(p_batch.id, 'pending', 0, 0)::private.batch_move]);
  perform private.note_waiting_batches(array[p_batch.id]);
end
$$;
comment on function private.finish_filling(public.batches) is 'A batch has all of its topics, and ends with the last of them. Its tenant is locked.';

create or replace function private.queue_batch_callbacks()
returns trigger
language plpgsql
-- definer: whoever changes a batch may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, tg_argv[0], private.live_batch(new)
      || case when tg_argv[0] = 'batch.waiting' then jsonb_build_object('waiting_count', (
        select count(*) from public.generation_jobs as j
        where j.tenant_id = new.tenant_id and j.batch_id = new.id and j.paused_after is not null and j.completed_at is null))
      else '{}' end);
  end if;
  return null;
end
$$;
comment on function private.queue_batch_callbacks() is 'Tells the webhooks of its tenant that a batch has ended, or waits for somebody. Argument: the event.';

create or replace function private.queue_job_callbacks()
returns trigger
language plpgsql
-- definer: whoever changes a job may not write what webhooks are told.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.webhooks as w where w.tenant_id = new.tenant_id) then
    perform private.queue_callback(new.tenant_id, tg_argv[0], private.live_job(new));
  end if;
  return null;
end
$$;
comment on function private.queue_job_callbacks() is 'Tells the webhooks of its tenant that a job has ended, or waits for somebody. Argument: the event.';

drop trigger queue_callbacks on public.batches;
drop trigger queue_callbacks on public.generation_jobs;
create trigger queue_callbacks after update on public.batches
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_batch_callbacks('batch.ended');
create trigger queue_waiting_callbacks after update on public.batches
for each row when (new.waiting_at is distinct from old.waiting_at) execute function private.queue_batch_callbacks('batch.waiting');
create trigger queue_callbacks after update on public.generation_jobs
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.queue_job_callbacks('job.ended');
create trigger queue_waiting_callbacks after update on public.generation_jobs
for each row when (new.paused_after is not null and old.paused_after is null) execute function private.queue_job_callbacks('job.waiting');

create or replace function private.webhook_with(p_webhook public.webhooks, p_changes jsonb)
returns public.webhooks
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problems jsonb;
begin
  select jsonb_agg(private.as_problem(null, c.key, p.reason)) into v_problems
  from jsonb_each(p_changes) as c
  cross join lateral (
    select case c.key
      when 'url' then private.url_problem(c.value #>> '{}')
      when 'events' then case when jsonb_typeof(c.value) is distinct from 'array' or c.value = '[]'
        or not c.value <@ '["batch.ended", "batch.waiting", "job.ended", "job.waiting", "budget.warned", "budget.exceeded"]'
        then 'is not a list of batch.ended, batch.waiting, job.ended, job.waiting, budget.warned and budget.exceeded' end
      when 'description' then case when jsonb_typeof(c.value) is distinct from 'string' or length(c.value #>> '{}') > 200
        then 'is not text of up to 200 characters' end
      when 'is_active' then case when jsonb_typeof(c.value) is distinct from 'boolean' then 'is neither true nor false' end
      else 'is not something a webhook has' end as reason
  ) as p
  where p.reason is not null;
  if v_problems is not null then
    raise exception 'The webhook cannot be used as it is.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named.';
  end if;
  p_webhook.url := coalesce(p_changes ->> 'url', p_webhook.url);
  p_webhook.events := case when p_changes ? 'events' then array(select distinct jsonb_array_elements_text(p_changes -> 'events'))
    else p_webhook.events end;
  p_webhook.description := coalesce(p_changes ->> 'description', p_webhook.description, '');
  p_webhook.is_active := coalesce((p_changes ->> 'is_active')::boolean, p_webhook.is_active, true);
  return p_webhook;
end
$$;
comment on function private.webhook_with(public.webhooks, jsonb) is 'A webhook with other values, checked; raises CR001.';

comment on function public.create_webhook(jsonb) is
  'Has an address called when something ends or waits for somebody: {url, events: [batch.ended, batch.waiting, job.ended, job.waiting, budget.warned, '
  'budget.exceeded], description?, is_active?}; for admins and owners. Returns the webhook with its secret, which is told this once. Raises CR001, CR003 or CR004.';
