-- What operators ask of workers. A worker hears it with its next heartbeat.

create function private.worker_or_raise(p_worker_id uuid)
returns private.workers
language plpgsql
stable
set search_path = ''
as $$
declare
  v_worker private.workers;
begin
  select * into v_worker from private.workers where id = p_worker_id;
  if not found then
    raise exception 'There is no worker %.', p_worker_id
      using errcode = 'CR002', hint = 'List the workers: select * from private.workers.';
  end if;
  return v_worker;
end
$$;
comment on function private.worker_or_raise(uuid) is 'A registered worker; raises CR002 when there is none with this id.';

create function private.request_drain(p_worker_id uuid, p_is_draining boolean default true)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.worker_or_raise(p_worker_id);
  update private.workers set is_draining = p_is_draining where id = p_worker_id and stop_requested_at is null;
end
$$;
comment on function private.request_drain(uuid, boolean) is
  'For operators: a worker finishes what it has and takes nothing new, at once; or, with false, takes work again. Without effect on one that is to stop.';

create function private.request_stop(p_worker_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.worker_or_raise(p_worker_id);
  update private.workers set is_draining = true, stop_requested_at = coalesce(stop_requested_at, now()) where id = p_worker_id;
end
$$;
comment on function private.request_stop(uuid) is
  'For operators: a worker takes nothing new, finishes what it has however long that takes, and ends.';
