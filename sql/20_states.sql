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
  ('task', 'completed', 'pending', 'to be done again with other inputs'),
  ('task', 'completed', 'blocked', 'what it needs is done again'),
  ('job', 'pending', 'processing', 'its first task started'),
  ('job', 'pending', 'completed', 'everything was there already'),
  ('job', 'pending', 'cancelled', 'withdrawn'),
  ('job', 'processing', 'completed', 'every platform has its package'),
  ('job', 'processing', 'failed', 'a platform has none, and nothing more can run'),
  ('job', 'processing', 'cancelled', 'withdrawn'),
  ('job', 'failed', 'pending', 'retried'),
  ('job', 'cancelled', 'pending', 'retried'),
  ('job', 'completed', 'pending', 'retried with other inputs'),
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

create function private.guard_move()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status is distinct from old.status and not exists (
    select from private.legal_moves() as m
    where m.entity = tg_argv[0] and m.from_status = old.status and m.to_status = new.status
  ) then
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

create trigger guard_move before update on public.batches
for each row execute function private.guard_move('batch');
create trigger guard_move before update on public.generation_jobs
for each row execute function private.guard_move('job');
create trigger guard_move before update on public.stage_tasks
for each row execute function private.guard_move('task');
create trigger count_version before update on public.projects
for each row execute function private.count_version();
create trigger count_version before update on public.content_library
for each row execute function private.count_version();
create trigger touch before update on public.tenants
for each row execute function private.touch();
