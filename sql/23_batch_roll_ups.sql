-- Jobs carried up to their batch, by difference: a batch of 10,000 jobs is never counted again.

create function private.batch_status(
  p_status text, p_job_count int, p_pending_count int, p_completed_count int, p_failed_count int, p_cancelled_count int
)
returns text
language sql
immutable
set search_path = ''
return case
  when p_completed_count + p_failed_count + p_cancelled_count < p_job_count then
    case when p_status = 'pending' and p_pending_count + p_cancelled_count = p_job_count then 'pending' else 'processing' end
  -- Jobs removed from a batch that has ended, or all of them from any, do not change how it ended.
  when p_status in ('completed', 'partial', 'failed', 'cancelled') or p_job_count = 0 then p_status
  when p_failed_count = p_job_count then 'failed'
  when p_failed_count > 0 then 'partial'
  when p_cancelled_count > 0 then 'cancelled'
  else 'completed'
end;
comment on function private.batch_status(text, int, int, int, int, int) is 'The status of a batch that has this one, by its new counts.';

create type private.batch_move as (batch_id uuid, status text, jobs int, progress bigint);
comment on type private.batch_move is 'By how many jobs of a status, and how much progress, a batch grew or (below zero) shrank.';

create function private.apply_batch_moves(p_moves private.batch_move [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches as b
  set
    job_count = n.job_count,
    pending_count = n.pending_count,
    processing_count = n.processing_count,
    completed_count = n.completed_count,
    failed_count = n.failed_count,
    cancelled_count = n.cancelled_count,
    progress_sum = n.progress_sum,
    status = d.status,
    started_at = coalesce(b.started_at, case when d.status in ('processing', 'completed', 'partial', 'failed') then now() end),
    completed_at = case when d.status in ('completed', 'partial', 'failed', 'cancelled') then coalesce(b.completed_at, now()) end
  from (
    select
      t.id, t.status, t.is_filling, t.job_count + sum(m.jobs)::int as job_count,
      t.pending_count + coalesce(sum(m.jobs) filter (where m.status = 'pending'), 0)::int as pending_count,
      t.processing_count + coalesce(sum(m.jobs) filter (where m.status = 'processing'), 0)::int as processing_count,
      t.completed_count + coalesce(sum(m.jobs) filter (where m.status = 'completed'), 0)::int as completed_count,
      t.failed_count + coalesce(sum(m.jobs) filter (where m.status = 'failed'), 0)::int as failed_count,
      t.cancelled_count + coalesce(sum(m.jobs) filter (where m.status = 'cancelled'), 0)::int as cancelled_count,
      t.progress_sum + sum(m.progress)::bigint as progress_sum
    from unnest(p_moves) as m
    join public.batches as t on t.id = m.batch_id
    group by t.id
  ) as n
  cross join lateral (
    select private.batch_status(
      -- A topic that is still to come has not ended.
      n.status, n.job_count + n.is_filling::int, n.pending_count + n.is_filling::int, n.completed_count, n.failed_count, n.cancelled_count
    ) as status
  ) as d
  where b.id = n.id
    and (b.status, b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count, b.progress_sum)
    is distinct from
    (d.status, n.pending_count, n.processing_count, n.completed_count, n.failed_count, n.cancelled_count, n.progress_sum);
end
$$;
comment on function private.apply_batch_moves(private.batch_move []) is 'Adds changes to the counts of batches and sets their status from them.';

create function private.jobs_changed()
returns trigger
language plpgsql
-- definer: callers may not write batches themselves.
security definer
set search_path = ''
as $$
declare
  v_moves private.batch_move [];
begin
  -- A statement for each, because an insertion has no old rows that could be named, and a deletion no new ones.
  if tg_op = 'UPDATE' then
    v_moves := array(
      select row(c.batch_id, c.status, sum(c.jobs), sum(c.progress))::private.batch_move
      from (
        select n.batch_id, n.status, 1 as jobs, n.progress from new_rows as n
        union all
        select o.batch_id, o.status, -1, -o.progress from old_rows as o
      ) as c
      group by c.batch_id, c.status
      having sum(c.jobs) <> 0 or sum(c.progress) <> 0);
  elsif tg_op = 'INSERT' then
    v_moves := array(
      select row(n.batch_id, n.status, count(*), sum(n.progress))::private.batch_move
      from new_rows as n group by n.batch_id, n.status);
  else
    v_moves := array(
      select row(o.batch_id, o.status, -count(*), -sum(o.progress))::private.batch_move
      from old_rows as o group by o.batch_id, o.status);
  end if;
  if v_moves <> '{}' then
    perform private.apply_batch_moves(v_moves);
  end if;
  if tg_op = 'UPDATE' then
    insert into public.job_events (
      job_id, tenant_id, project_id, batch_id, stage, status, progress, current_step, total_steps, error_code, error_message, action, user_id
    )
    select n.id, n.tenant_id, n.project_id, n.batch_id, case when d.action = 'review' then n.paused_after else n.stage end, n.status,
      n.progress, n.current_step, n.total_steps, n.error_code, n.error_message,
      d.action, case when d.action in ('pause', 'resume') then private.user_id() end
    from new_rows as n
    join old_rows as o on o.id = n.id
    cross join lateral (
      select case
        when n.completed_at is not null then null
        when n.paused_after is not null and o.paused_after is null then 'review'
        when n.paused_at is not null and o.paused_at is null then 'pause'
        when n.paused_at is null and o.paused_at is not null then 'resume' end as action
    ) as d
    where n.status <> o.status or d.action is not null;
  end if;
  return null;
end
$$;
comment on function private.jobs_changed() is 'Carries changes of jobs to their batches, and records changes of their status and pauses.';

create trigger jobs_inserted after insert on public.generation_jobs
referencing new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_updated after update on public.generation_jobs
referencing old table as old_rows new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_deleted after delete on public.generation_jobs
referencing old table as old_rows for each statement execute function private.jobs_changed();
