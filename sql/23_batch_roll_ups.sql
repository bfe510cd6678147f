-- Jobs carried up to their batch, by difference: a batch of 10,000 jobs is never counted again.

create function private.ended_batch_status(
  p_job_count int, p_completed_count int, p_failed_count int, p_cancelled_count int
)
returns text
language sql
immutable
set search_path = ''
return case
  when p_completed_count + p_failed_count + p_cancelled_count < p_job_count then null
  when p_failed_count = p_job_count then 'failed'
  when p_failed_count > 0 then 'partial'
  when p_cancelled_count > 0 then 'cancelled'
  else 'completed'
end;
comment on function private.ended_batch_status(int, int, int, int) is 'How a batch ended, by its counts; null while some job has not.';

create type private.batch_move as (
  batch_id uuid, jobs int, pending int, processing int, completed int, failed int, cancelled int, progress bigint
);
comment on type private.batch_move is 'By how much the counts of a batch changed.';

create function private.as_batch_move(p_batch_id uuid, p_sign int, p_status text, p_progress int)
returns private.batch_move
language sql
immutable
set search_path = ''
return row(
  p_batch_id, p_sign, p_sign * (p_status = 'pending')::int, p_sign * (p_status = 'processing')::int,
  p_sign * (p_status = 'completed')::int, p_sign * (p_status = 'failed')::int, p_sign * (p_status = 'cancelled')::int,
  p_sign * p_progress
)::private.batch_move;
comment on function private.as_batch_move(uuid, int, text, int) is 'One job added to (1) or taken from (-1) the counts of its batch.';

create function private.apply_batch_moves(p_moves private.batch_move [])
returns void
language sql
set search_path = ''
as $$
  update public.batches as b
  set
    job_count = b.job_count + m.jobs,
    pending_count = b.pending_count + m.pending,
    processing_count = b.processing_count + m.processing,
    completed_count = b.completed_count + m.completed,
    failed_count = b.failed_count + m.failed,
    cancelled_count = b.cancelled_count + m.cancelled,
    progress_sum = b.progress_sum + m.progress,
    status = n.status,
    started_at = case when n.status <> 'pending' then coalesce(b.started_at, now()) end,
    completed_at = case when e.status is not null then coalesce(b.completed_at, now()) end
  from (
    select u.batch_id, sum(u.jobs)::int as jobs, sum(u.pending)::int as pending, sum(u.processing)::int as processing,
      sum(u.completed)::int as completed, sum(u.failed)::int as failed, sum(u.cancelled)::int as cancelled,
      sum(u.progress)::bigint as progress
    from unnest(p_moves) as u
    group by u.batch_id
  ) as m
  cross join lateral (
    select private.ended_batch_status(
      t.job_count + m.jobs, t.completed_count + m.completed, t.failed_count + m.failed, t.cancelled_count + m.cancelled
    ) as status, t.status as old_status, t.pending_count + m.pending < t.job_count + m.jobs as is_started
    from public.batches as t
    where t.id = m.batch_id
  ) as e
  cross join lateral (
    select coalesce(e.status, case when e.is_started or e.old_status <> 'pending' then 'processing' else 'pending' end) as status
  ) as n
  where b.id = m.batch_id
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
  if tg_op = 'INSERT' then
    v_moves := (select array_agg(private.as_batch_move(n.batch_id, 1, n.status, n.progress)) from new_rows as n);
  elsif tg_op = 'DELETE' then
    v_moves := (select array_agg(private.as_batch_move(o.batch_id, -1, o.status, o.progress)) from old_rows as o);
  else
    v_moves := (
      select array_agg(m)
      from (
        select private.as_batch_move(n.batch_id, 1, n.status, n.progress) as m
        from new_rows as n join old_rows as o on o.id = n.id
        where n.status <> o.status or n.progress <> o.progress
        union all
        select private.as_batch_move(o.batch_id, -1, o.status, o.progress)
        from new_rows as n join old_rows as o on o.id = n.id
        where n.status <> o.status or n.progress <> o.progress
      ) as moves
    );
    insert into public.job_events (
      job_id, tenant_id, project_id, batch_id, stage, status, progress, current_step, total_steps, error_code, error_message
    )
    select n.id, n.tenant_id, n.project_id, n.batch_id, n.stage, n.status, n.progress, n.current_step, n.total_steps,
      n.error_code, n.error_message
    from new_rows as n join old_rows as o on o.id = n.id
    where n.status <> o.status;
  end if;
  if v_moves is not null then
    perform private.apply_batch_moves(v_moves);
  end if;
  return null;
end
$$;
comment on function private.jobs_changed() is 'Carries changes of jobs to their batches, and records changes of their status.';

create trigger jobs_inserted after insert on public.generation_jobs
referencing new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_updated after update on public.generation_jobs
referencing old table as old_rows new table as new_rows for each statement execute function private.jobs_changed();
create trigger jobs_deleted after delete on public.generation_jobs
referencing old table as old_rows for each statement execute function private.jobs_changed();
