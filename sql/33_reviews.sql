-- Reviews: jobs that pause by themselves after a stage, to be looked at before they go on (option pause_after of a batch).
--
--   pause_after ── nothing up to that stage can run any more ──> paused_at, paused_after ── resumed ──> neither
--        ^                                                              │
--        └──── something up to that stage is done again ────────────────┘
--
-- Until then what waits of later stages is held back (held_at), so that nothing of them runs before the job pauses.

create function private.is_after(p_stage text, p_other text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array_position(private.stage_names(), p_stage) > array_position(private.stage_names(), p_other);
end
$$;
comment on function private.is_after(text, text) is 'Whether a stage comes after another.';

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

create function private.begin_reviews(p_job_ids uuid [])
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

create function private.is_in_review(p_job public.generation_jobs)
returns boolean
language sql
immutable
set search_path = ''
return p_job.paused_after is not null and p_job.completed_at is null;
comment on function private.is_in_review(public.generation_jobs) is
  'Whether a job waits to be looked at. Nothing of it runs, so it can be changed and done again as if it had ended.';

create function private.repeat_reviews(p_job_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.generation_jobs as j
  set pause_after = j.paused_after, paused_after = null, paused_at = null, paused_by = null
  where j.id = any(p_job_ids) and j.paused_after is not null and j.completed_at is null and exists (
    select from public.stage_tasks as t
    where t.job_id = j.id and t.status = 'pending' and not private.is_after(t.stage, j.paused_after)
  );
end
$$;
comment on function private.repeat_reviews(uuid []) is
  'Lets those jobs in review go on of which something is done again up to the stage after which they paused: they pause there once more. Their '
  'tenants are locked.';
