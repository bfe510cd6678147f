-- Telling quiet topics takes fewer statements.

create or replace function private.settle_marks(p_mark_ids bigint [], p_scope_ids uuid [])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_gone int;
begin
  if p_scope_ids = '{}' then
    return;
  end if;
  delete from public.realtime_outbox where id = any(p_mark_ids) and scopes <@ p_scope_ids;
  get diagnostics v_gone = row_count;
  if v_gone < cardinality(p_mark_ids) then
    update public.realtime_outbox
    set scopes = array(select u.id from unnest(scopes) as u (id) where u.id <> all(p_scope_ids))
    where id = any(p_mark_ids) and scopes && p_scope_ids;
  end if;
end
$$;
comment on function private.settle_marks(bigint [], uuid []) is 'Notes that marks have been told on the topics of these scopes; those told everywhere go.';

create or replace function private.tell_if_quiet(p_first_id bigint)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off
as $$
declare
  v_mark_ids bigint [];
  v_job_count int;
  v_told uuid [] := '{}';
  v_tries int := 6;
  v record;
begin
  select coalesce(array_agg(o.id), '{}'), coalesce(max(cardinality(o.ids)) filter (where o.entity = 'job'), 0)
  into v_mark_ids, v_job_count
  from public.realtime_outbox as o where o.id >= p_first_id and o.xact_id = pg_current_xact_id();
  for v in
    select m.scope_id, m.scope, m.tenant_id, t.epoch, (s.live_messages_per_s + 1) / 2 as last_ticket,
      coalesce(m.made_at = now(), true) as is_unfollowed,
      t.id is not null
      -- Of many jobs the flush tells, which keeps nobody waiting while it puts them together.
      and v_job_count <= 25
      and coalesce(l.sent_at <= clock_timestamp() - s.live_interval, true)
      -- What waits already goes first, with all that has come since; unless it waits for a flush that does not come.
      and not exists (
        select from public.realtime_outbox as o
        where o.tenant_id = m.tenant_id and m.scope_id = any(o.scopes) and o.id <> all(v_mark_ids)
          and o.created_at > now() - 8 * s.live_interval) as is_quiet
    from private.marked_scopes(v_mark_ids) as m
    cross join private.settings as s
    left join public.tenants as t on t.id = m.tenant_id
    left join private.live_topics as l on l.scope_id = m.scope_id
    order by m.scope_id
  loop
    if v.is_unfollowed then
      -- Nobody follows what this transaction has made, or what is gone.
      v_told := v_told || v.scope_id;
    elsif v.is_quiet and v_tries > 0 then
      v_tries := v_tries - 1;
      if private.tell(v.scope, v.scope_id, v.tenant_id, v.epoch, v_mark_ids, v.last_ticket) in ('sent', 'nothing') then
        v_told := v_told || v.scope_id;
      end if;
    end if;
  end loop;
  perform private.settle_marks(v_mark_ids, v_told);
end
$$;
comment on function private.tell_if_quiet(bigint) is
  'Tells of this transaction''s own marks, from this one on, on topics that have been quiet and where nothing waits, if they name few jobs. Half of the tickets are left '
  'to the flush, so that busy topics have their turn.';
