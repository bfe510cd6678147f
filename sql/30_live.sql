-- Live channels: which topics there are, who may follow them, and what each has been sent.
--
--   tenant:{id}:{epoch}     summaries: batches, projects, the tenant itself
--   project:{id}:{epoch}    batches, jobs, tasks and events of a project
--   batch:{id}:{epoch}      the same of one batch
--
-- The epoch is the tenant's. A removal raises it, so that whoever was removed stays behind on topics that nobody
-- sends to, although Realtime asks for the right to follow only when a channel is joined or a token refreshed.

create function private.may_follow(p_topic text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select
    from regexp_match(p_topic, '^(tenant|project|batch):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,9})$') as m (part)
    join public.tenants as t on t.id = (select private.tenant_id()) and t.epoch = m.part[3]::int
    where case m.part[1]
      when 'tenant' then t.id = m.part[2]::uuid
      when 'project' then exists (select from public.projects as p where p.id = m.part[2]::uuid and p.tenant_id = t.id)
      else exists (select from public.batches as b where b.id = m.part[2]::uuid and b.tenant_id = t.id)
    end
  )
$$;
comment on function private.may_follow(text) is
  'Whether the caller may follow a live topic: one of its tenant, as it is a member now, and of the present epoch. Any other text is refused.';
grant execute on function private.may_follow(text) to authenticated, service_role;
