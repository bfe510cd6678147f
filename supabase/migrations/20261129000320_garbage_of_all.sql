-- Operators collect the garbage of all tenants.

create function private.collect_garbage_of_all(p_after uuid default null, p_is_dry_run boolean default false, p_seconds float default 3)
returns jsonb
language plpgsql
-- definer: for operators, whose role may not write artifacts.
security definer
set search_path = ''
as $$
declare
  v_until timestamptz := clock_timestamp() + p_seconds * interval '1 second';
  v_most constant int := 10000;
  v_after uuid := p_after;
  v_tenant_id uuid;
  v_found record;
  v_tenants int := 0;
  v_artifacts bigint := 0;
  v_bytes bigint := 0;
  v_is_finished boolean := true;
begin
  for v_tenant_id in select t.id from public.tenants as t where p_after is null or t.id > p_after order by t.id loop
    select count(*) as artifacts, coalesce(sum(g.size_bytes), 0)::bigint as bytes into v_found
    from (
      select a.size_bytes from public.artifacts as a
      where a.tenant_id = v_tenant_id and a.status in ('ready', 'damaged')
        and a.content_key not in (select k from private.kept_keys(v_tenant_id) as k where k is not null)
      limit case when not p_is_dry_run then v_most end
    ) as g;
    if not p_is_dry_run then
      if v_found.artifacts > 0 then
        perform private.condemn_artifacts(v_tenant_id, v_most);
      end if;
      insert into private.content_sweeps as w (tenant_id, condemned_at) values (v_tenant_id, now())
      on conflict (tenant_id) do update set condemned_at = excluded.condemned_at, orphans_at = '-infinity';
    end if;
    v_artifacts := v_artifacts + v_found.artifacts;
    v_bytes := v_bytes + v_found.bytes;
    v_is_finished := p_is_dry_run or v_found.artifacts < v_most;
    exit when not v_is_finished;
    v_tenants := v_tenants + 1;
    v_after := v_tenant_id;
    v_is_finished := clock_timestamp() < v_until;
    exit when not v_is_finished;
  end loop;
  return jsonb_build_object('tenants', v_tenants, 'artifacts', v_artifacts, 'bytes', v_bytes, 'next_after', v_after, 'is_finished', v_is_finished);
end
$$;
comment on function private.collect_garbage_of_all(uuid, boolean, float) is
  'For operators: as collect_garbage, for the tenants after this one in the order of their ids, as many as fit into so many seconds. Returns {tenants, '
  'artifacts, bytes, next_after, is_finished}: repeat it with next_after until it is finished. A dry run condemns nothing.';
grant execute on function private.collect_garbage_of_all(uuid, boolean, float) to service_role, cliprow_api;
