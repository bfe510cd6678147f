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

create table private.live_topics (
  scope_id uuid primary key,
  scope text not null check (scope in ('tenant', 'project', 'batch')),
  tenant_id uuid not null,
  seq bigint not null default 0,
  sent_at timestamptz not null default '-infinity',
  must_resync boolean not null default false,
  failure_count bigint not null default 0,
  failed_at timestamptz,
  last_error text
) with (fillfactor = 50);
comment on table private.live_topics is
  'What the live topic of a tenant, project or batch has been sent. Its row is the lock of the topic: nobody waits for it, who finds it taken leaves '
  'the changes to the next flush.';
comment on column private.live_topics.seq is 'Number of its last message. Goes on over epochs, so that no number comes twice.';
comment on column private.live_topics.sent_at is 'When that was sent, or was to be sent and failed.';
comment on column private.live_topics.must_resync is 'Changes were dropped that nobody was told: the next message asks all followers to fetch.';
comment on column private.live_topics.failure_count is 'Messages that could not be sent. What they told of is kept, and sent later.';
comment on column private.live_topics.last_error is 'Why; Realtime itself says so only in the log of the database.';
create index live_topics_tenant_id on private.live_topics (tenant_id);
create index live_topics_must_resync on private.live_topics (scope_id) where must_resync;

create table private.live_tickets (
  number int primary key check (number > 0),
  used_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
comment on table private.live_tickets is
  'As many as there may be messages a second on all topics together. Each may be used once a second, so that the sum is exact and nobody waits for anybody.';
insert into private.live_tickets (number) select generate_series(1, live_messages_per_s) from private.settings;

create function private.take_ticket(p_last int)
returns int
language plpgsql
set search_path = ''
as $$
begin
  return (
    select t.number from private.live_tickets as t
    where t.number <= p_last and t.used_at <= clock_timestamp() - interval '1 second'
    order by t.number
    limit 1
    for update skip locked
  );
end
$$;
comment on function private.take_ticket(int) is
  'A ticket up to this number that may be used now, locked until whoever has it has sent its message; null when there is none.';

create function private.fit_tickets()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_wanted int := (select s.live_messages_per_s from private.settings as s);
begin
  if v_wanted is distinct from (select max(t.number) from private.live_tickets as t) then
    delete from private.live_tickets where number > v_wanted;
    insert into private.live_tickets (number) select generate_series(1, v_wanted) on conflict (number) do nothing;
  end if;
end
$$;
comment on function private.fit_tickets() is 'Makes as many tickets as private.settings.live_messages_per_s says.';

create function private.take_topic(p_scope text, p_scope_id uuid, p_tenant_id uuid)
returns private.live_topics
language plpgsql
set search_path = ''
as $$
declare
  v_topic private.live_topics;
begin
  select * into v_topic from private.live_topics where scope_id = p_scope_id for update skip locked;
  -- Two that insert the same row would wait for each other, so only one of them may try.
  if not found and pg_try_advisory_xact_lock(hashtextextended(p_scope_id::text, 0)) then
    insert into private.live_topics (scope_id, scope, tenant_id) values (p_scope_id, p_scope, p_tenant_id)
    on conflict (scope_id) do nothing
    returning * into v_topic;
  end if;
  return v_topic;
end
$$;
comment on function private.take_topic(text, uuid, uuid) is 'The state of a topic, locked; null when somebody else is sending on it. Never waits.';

create function private.forget_topic()
returns trigger
language plpgsql
-- definer: whoever may delete the scope may not write the state of topics.
security definer
set search_path = ''
as $$
begin
  delete from private.live_topics where scope_id = old.id;
  return null;
end
$$;
comment on function private.forget_topic() is 'Removes the state of the topic of a scope that is gone.';
create trigger forget_topic after delete on public.tenants for each row execute function private.forget_topic();
create trigger forget_topic after delete on public.projects for each row execute function private.forget_topic();
create trigger forget_topic after delete on public.batches for each row execute function private.forget_topic();

-- Who may receive what is sent on a live topic. Realtime asks when a channel is joined, by a row of that topic which
-- it rolls back, and again when the follower's token is refreshed.
--
-- There is no policy for INSERT: only the database sends, so nobody can make others believe in a state that is not so,
-- or use up the messages that all tenants of a project share.

create policy "Members receive what is sent on the live topics of their tenant" on realtime.messages
for select to authenticated
using (
  extension in ('broadcast', 'presence')
  and topic = (select realtime.topic())
  and (select private.may_follow((select realtime.topic())))
);
