-- Batches that come after others: nothing of one is released before what it needs has ended, as it asks for in its options:
--
--   after              ids of batches and jobs
--   after_condition    completed (default), or ended: however that went
--   after_failure      what becomes of it when that can no longer be met: hold (default), cancel or run
--
-- Only what exists can be named, and nothing is added later, so there are no circles. Ends are noted by triggers, in the
-- transaction of the end; the ticker draws the conclusions.

create table public.batch_dependencies (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null,
  batch_id uuid not null,
  needs_batch_id uuid,
  needs_job_id uuid,
  outcome text check (outcome in ('completed', 'partial', 'failed', 'cancelled')),
  is_due boolean not null default false,
  created_at timestamptz not null default now(),
  foreign key (tenant_id, batch_id) references public.batches (tenant_id, id) on delete cascade,
  unique nulls not distinct (batch_id, needs_batch_id, needs_job_id),
  constraint batch_dependencies_needs_a_batch_or_a_job check (num_nonnulls(needs_batch_id, needs_job_id) = 1)
);
comment on table public.batch_dependencies is
  'What must have ended before a batch begins. Without foreign keys to that, so that it may be purged: its outcome stays.';
comment on column public.batch_dependencies.outcome is 'How it ended the last time; null while it never has.';
comment on column public.batch_dependencies.is_due is 'It has ended, and the ticker has not drawn the conclusion yet.';
create index batch_dependencies_tenant_id_batch_id on public.batch_dependencies (tenant_id, batch_id);
create index batch_dependencies_needs_batch_id on public.batch_dependencies (needs_batch_id) where needs_batch_id is not null;
create index batch_dependencies_needs_job_id on public.batch_dependencies (needs_job_id) where needs_job_id is not null;
create index batch_dependencies_due on public.batch_dependencies (tenant_id, batch_id) where is_due;

alter table public.batch_dependencies enable row level security;
create policy "Members read what their tenant's batches wait for" on public.batch_dependencies
for select to authenticated using (tenant_id = (select private.tenant_id()));
grant select on public.batch_dependencies to authenticated;
grant select, insert, update, delete on public.batch_dependencies to service_role;

create function private.note_batch_end()
returns trigger
language plpgsql
-- definer: whoever ends a batch may not write what others wait for.
security definer
set search_path = ''
as $$
begin
  update public.batch_dependencies set outcome = new.status, is_due = true where needs_batch_id = new.id;
  return null;
end
$$;
comment on function private.note_batch_end() is 'Notes for those that wait for a batch that it has ended.';

create function private.note_job_end()
returns trigger
language plpgsql
-- definer: whoever ends a job may not write what others wait for.
security definer
set search_path = ''
as $$
begin
  update public.batch_dependencies set outcome = new.status, is_due = true where needs_job_id = new.id;
  update public.job_dependencies set outcome = new.status, is_due = true where needs_job_id = new.id;
  return null;
end
$$;
comment on function private.note_job_end() is 'Notes for those that wait for a job that it has ended.';

create trigger note_end after update on public.batches
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.note_batch_end();
create trigger note_end after update on public.generation_jobs
for each row when (new.status <> old.status and new.completed_at is not null) execute function private.note_job_end();

create function private.insert_dependencies(p_batch public.batches)
returns void
language sql
set search_path = ''
as $$
  insert into public.batch_dependencies (tenant_id, batch_id, needs_batch_id, needs_job_id, outcome, is_due)
  select p_batch.tenant_id, p_batch.id, b.id, j.id, e.outcome, e.outcome is not null
  from (
    select distinct a.id::uuid as id
    from jsonb_array_elements_text(p_batch.options -> 'after') as a (id)
  ) as n
  left join public.batches as b on b.tenant_id = p_batch.tenant_id and b.id = n.id
  left join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.id = n.id
  cross join lateral (
    select coalesce(
      case when b.completed_at is not null then b.status end, case when j.completed_at is not null then j.status end) as outcome
  ) as e
$$;
comment on function private.insert_dependencies(public.batches) is 'What the options of a new batch name, which has been checked; its tenant is locked.';

create function private.is_met(p_batch public.batches)
returns boolean
language sql
stable
set search_path = ''
as $$
  select case
    -- An aggregate passes over what is null.
    when bool_and(d.outcome is not null and (d.outcome = 'completed' or p_batch.options ->> 'after_condition' is not distinct from 'ended'))
      then true
    when bool_or(d.outcome <> 'completed' and p_batch.options ->> 'after_condition' is distinct from 'ended') then false
  end
  from public.batch_dependencies as d
  where d.tenant_id = p_batch.tenant_id and d.batch_id = p_batch.id
$$;
comment on function private.is_met(public.batches) is
  'Whether a batch has all that it waits for: true, false when it can only have it after a retry, null while something has not ended.';

create function private.unmet(p_batch public.batches)
returns text
language sql
stable
set search_path = ''
as $$
  select format('%s of %s that must be completed first %s failed or cancelled: %s.',
    count(*), (select count(*) from public.batch_dependencies as a where a.batch_id = p_batch.id),
    case count(*) when 1 then 'is' else 'are' end,
    string_agg(coalesce('batch ' || b.number, 'job ' || jb.number || '.' || j.position, d.needs_batch_id::text, d.needs_job_id::text),
      ', ' order by d.id))
  from public.batch_dependencies as d
  left join public.batches as b on b.tenant_id = d.tenant_id and b.id = d.needs_batch_id
  left join public.generation_jobs as j on j.tenant_id = d.tenant_id and j.id = d.needs_job_id
  left join public.batches as jb on jb.tenant_id = d.tenant_id and jb.id = j.batch_id
  where d.tenant_id = p_batch.tenant_id and d.batch_id = p_batch.id and d.outcome <> 'completed'
$$;
comment on function private.unmet(public.batches) is 'Which of what a batch waits for did not end well, for people.';

create function private.withdraw_because(p_job_ids uuid [], p_error_code text, p_message text, p_next_step text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(cardinality(p_job_ids), 0) = 0 then
    return;
  end if;
  perform private.withdraw(p_job_ids);
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(p_job_ids) and status = 'cancelled';
end
$$;
comment on function private.withdraw_because(uuid [], text, text, text) is
  'Cancels jobs that have not ended, whose tenants are locked, and says in them why.';

create function private.withdraw_batch(p_batch public.batches, p_error_code text, p_message text, p_next_step text)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_open_count int := private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
  -- The last ones are left for a call of their own, which then knows that it ends the batch.
  v_most int := case when v_open_count > 100 then v_open_count - 50 else 100 end;
  v_job_ids uuid [] := private.withdraw_some(p_batch.tenant_id, p_batch.project_id, p_batch.id, 1, v_most);
begin
  if p_batch.is_filling then
    perform private.finish_filling(p_batch);
  end if;
  update public.generation_jobs
  set error_code = p_error_code, error_message = p_message, next_step = p_next_step
  where id = any(v_job_ids) and status = 'cancelled';
  return private.open_job_count(p_batch.tenant_id, p_batch.project_id, p_batch.id);
end
$$;
comment on function private.withdraw_batch(public.batches, text, text, text) is
  'Cancels what has not ended of a batch whose tenant is locked, as much as fits into a tick, and says in its jobs why; returns how many jobs are left.';

create function private.settle_dependencies(p_tenant_ids uuid [])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_batch public.batches;
  v_is_met boolean;
  v_failure text;
  v_left int;
  v_count int := 0;
begin
  for v_batch in
    select b.* from public.batches as b
    where b.id in (select d.batch_id from public.batch_dependencies as d where d.is_due and d.tenant_id = any(p_tenant_ids) limit 50)
    order by b.id for update
  loop
    update public.batch_dependencies set is_due = false where tenant_id = v_batch.tenant_id and batch_id = v_batch.id and is_due;
    continue when v_batch.blocked_at is null;
    v_count := v_count + 1;
    v_is_met := private.is_met(v_batch);
    v_failure := case when not v_is_met then coalesce(v_batch.options ->> 'after_failure', 'hold') end;
    v_left := 0;
    if v_failure = 'cancel' and v_batch.completed_at is null then
      v_left := private.withdraw_batch(v_batch, 'DEPENDENCY_FAILED', private.unmet(v_batch),
        'Retry what failed, then retry this batch; or retry it at once to do without.');
    end if;
    if v_left > 0 then
      -- The rest with the next tick; until then it stays blocked.
      update public.batch_dependencies set is_due = true where tenant_id = v_batch.tenant_id and batch_id = v_batch.id and outcome is not null;
      return v_count;
    elsif v_failure = 'hold' and v_batch.completed_at is null then
      update public.batches set blocked_reason = private.unmet(v_batch) where id = v_batch.id;
    elsif v_is_met is not null or v_batch.completed_at is not null then
      -- Also where it is cancelled: whoever retries it wants it to run.
      update public.batches set blocked_at = null, blocked_reason = null where id = v_batch.id;
      perform private.forget_wait(v_batch.tenant_id, v_batch.project_id, v_batch.id);
    end if;
  end loop;
  return v_count;
end
$$;
comment on function private.settle_dependencies(uuid []) is
  'Lets batches of these tenants, which are locked, begin when what they wait for has ended as they ask, or does what they ask for otherwise; '
  'returns how many it looked at.';
