-- Legal moves, in one place. `docs/states.md` draws this table and is checked against it.

create function private.legal_moves()
returns table (entity text, from_status text, to_status text, reason text)
language sql
immutable
set search_path = ''
as $$
  values
  ('task', 'blocked', 'pending', 'everything it needs is completed'),
  ('task', 'blocked', 'cancelled', 'withdrawn'),
  ('task', 'pending', 'queued', 'released'),
  ('task', 'pending', 'cancelled', 'withdrawn'),
  ('task', 'pending', 'blocked', 'what it needs is done again'),
  ('task', 'queued', 'processing', 'claimed by a worker'),
  ('task', 'queued', 'completed', 'an equal artifact was there'),
  ('task', 'queued', 'pending', 'handed back, paused, or waiting for an equal artifact'),
  ('task', 'queued', 'cancelled', 'withdrawn'),
  ('task', 'processing', 'completed', 'result stored'),
  ('task', 'processing', 'failed', 'failed for good'),
  ('task', 'processing', 'pending', 'to be tried again'),
  ('task', 'processing', 'cancelled', 'withdrawn'),
  ('task', 'failed', 'pending', 'retried'),
  ('task', 'failed', 'blocked', 'retried together with what it needs'),
  ('task', 'cancelled', 'pending', 'retried'),
  ('task', 'cancelled', 'blocked', 'retried together with what it needs'),
  ('task', 'completed', 'pending', 'to be done again'),
  ('task', 'completed', 'blocked', 'what it needs is done again'),
  ('job', 'pending', 'processing', 'its first task started'),
  ('job', 'pending', 'cancelled', 'withdrawn'),
  ('job', 'processing', 'completed', 'every platform has its package'),
  ('job', 'processing', 'failed', 'a platform has none, and nothing more can run'),
  ('job', 'processing', 'cancelled', 'withdrawn'),
  ('job', 'failed', 'pending', 'retried'),
  ('job', 'cancelled', 'pending', 'retried'),
  ('job', 'completed', 'pending', 'done again from a stage on'),
  ('batch', 'pending', 'processing', 'its first job started'),
  ('batch', 'pending', 'cancelled', 'withdrawn'),
  ('batch', 'processing', 'completed', 'all jobs completed'),
  ('batch', 'processing', 'partial', 'ended with some jobs failed'),
  ('batch', 'processing', 'failed', 'ended with all jobs failed'),
  ('batch', 'processing', 'cancelled', 'withdrawn'),
  ('batch', 'completed', 'processing', 'a job was retried'),
  ('batch', 'partial', 'processing', 'a job was retried'),
  ('batch', 'failed', 'processing', 'a job was retried'),
  ('batch', 'cancelled', 'processing', 'a job was retried')
$$;
comment on function private.legal_moves() is 'Every legal change of status of a batch, a job and a task, and what it means.';

create function private.legal_move_names()
returns text []
language sql
immutable
set search_path = ''
as $$
  select array_agg(concat_ws(' ', m.entity, m.from_status, m.to_status)) from private.legal_moves() as m
$$;
comment on function private.legal_move_names() is
  'The same as words, like "task pending queued": immutable, so that a plan holds them as a constant and a check costs no query.';
-- Whoever changes a status is held against them.
grant execute on function private.legal_moves(), private.legal_move_names() to service_role;

create function private.guard_move()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status <> old.status and tg_argv[0] || ' ' || old.status || ' ' || new.status <> all(private.legal_move_names()) then
    raise exception 'A % that is % cannot become %.', tg_argv[0], old.status, new.status
      using errcode = 'CR004', detail = 'ILLEGAL_MOVE', hint = 'Look at its current state, then decide again.';
  end if;
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;
comment on function private.guard_move() is 'Refuses illegal changes of status; raises version and updated_at with every change.';

create function private.count_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end
$$;
comment on function private.count_version() is 'Raises version and updated_at with every change.';

create function private.touch()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
comment on function private.touch() is 'Sets updated_at with every change.';

create function private.held_since(p_paused_at timestamptz, p_blocked_at timestamptz, p_pause_after text, p_stage text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(p_paused_at, p_blocked_at, case when p_pause_after is not null and private.is_after(p_stage, p_pause_after) then now() end);
end
$$;
comment on function private.held_since(timestamptz, timestamptz, text, text) is
  'Since when a waiting task of a stage is held back: its job is paused, waits for others, or will pause before that stage; null when it may run.';

create function private.tidy_task()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status not in ('queued', 'processing') then
    new.entry_id := null;
  end if;
  if new.status <> 'processing' then
    new.worker_id := null;
    if new.status <> 'completed' then
      new.attempt_id := null;
    end if;
  end if;
  if new.status = 'pending' then
    new.held_at := (
      select private.held_since(j.paused_at, j.blocked_at, j.pause_after, new.stage)
      from public.generation_jobs as j where j.id = new.job_id);
  else
    new.run_at := null;
    new.held_at := null;
    new.awaits_key := null;
  end if;
  return new;
end
$$;
comment on function private.tidy_task() is
  'After a move: forgets what belonged to the state that was left, and holds back a waiting task whose job is paused, will pause before its '
  'stage, or waits for others.';

create function private.hold_tasks()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.stage_tasks as t
  set held_at = private.held_since(new.paused_at, new.blocked_at, new.pause_after, t.stage)
  where t.job_id = new.id and t.status = 'pending';
  return null;
end
$$;
comment on function private.hold_tasks() is
  'Holds back what waits of a job that is paused, and lets go when the job is resumed what comes before its next pause. '
  'Whoever pauses locks the tenant first.';

create trigger guard_move before update on public.batches
for each row execute function private.guard_move('batch');
create trigger guard_move before update on public.generation_jobs
for each row execute function private.guard_move('job');
create trigger guard_move before update on public.stage_tasks
for each row execute function private.guard_move('task');
create trigger tidy_task before update on public.stage_tasks
for each row when (new.status <> old.status) execute function private.tidy_task();
create trigger hold_tasks after update on public.generation_jobs
for each row when (new.paused_at is distinct from old.paused_at) execute function private.hold_tasks();
create trigger count_version before update on public.projects
for each row execute function private.count_version();
create trigger count_version before update on public.content_library
for each row execute function private.count_version();
create trigger touch before update on public.tenants
for each row execute function private.touch();
create trigger touch before update on public.feature_flags
for each row execute function private.touch();
