-- Stand-in for Supabase Realtime's schema: broadcast from the database, authorised by policies on `messages`.

set local role supabase_realtime_admin;

create table realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(),
    primary key (id, inserted_at)
) partition by range (inserted_at);
comment on table realtime.messages is 'What is sent to channels; kept for 72 hours, one partition a day.';

alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role, postgres;

create function realtime.topic() returns text
language sql stable
return nullif(current_setting('realtime.topic', true), '');
comment on function realtime.topic() is 'The channel that is being joined or sent to.';

-- Definer, because whoever sends the first message of a day may not create tables.
create function realtime.open_today() returns void
language plpgsql security definer set search_path = ''
as $$
declare
    today date := (now() at time zone 'utc')::date;
    leaf text := 'messages_' || to_char(today, 'YYYY_MM_DD');
begin
    perform pg_advisory_xact_lock(hashtext('realtime.open_today'));
    if to_regclass(format('realtime.%I', leaf)) is null then
        execute format(
            'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
            leaf, today, today + 1
        );
        execute format('alter table realtime.%I enable row level security', leaf);
    end if;
end;
$$;
comment on function realtime.open_today() is 'Makes the partition of today.';
revoke all on function realtime.open_today() from public;
grant execute on function realtime.open_today() to anon, authenticated, service_role, postgres;

create function realtime.drop_old() returns void
language plpgsql security definer set search_path = ''
as $$
declare
    leaf text;
begin
    for leaf in
        select c.relname
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'realtime.messages'::regclass
          and c.relname < 'messages_' || to_char((now() at time zone 'utc')::date - 3, 'YYYY_MM_DD')
    loop
        execute format('drop table realtime.%I', leaf);
    end loop;
end;
$$;
comment on function realtime.drop_old() is 'Drops the partitions older than 72 hours; called when the database starts.';
revoke all on function realtime.drop_old() from public;

-- Like the real one it never fails: it warns. Whoever must know looks whether the row arrived.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql set search_path = ''
as $$
declare
    message_id uuid := gen_random_uuid();
begin
    if not payload ? 'id' then
        payload := payload || jsonb_build_object('id', message_id);
    end if;
    perform set_config('realtime.topic', topic, true);
    begin
        insert into realtime.messages (id, payload, event, topic, private, extension, inserted_at, updated_at)
        values (message_id, payload, event, topic, private, 'broadcast', now() at time zone 'utc', now() at time zone 'utc');
    exception when check_violation then  -- no partition for today
        perform realtime.open_today();
        insert into realtime.messages (id, payload, event, topic, private, extension, inserted_at, updated_at)
        values (message_id, payload, event, topic, private, 'broadcast', now() at time zone 'utc', now() at time zone 'utc');
    end;
exception when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end;
$$;
comment on function realtime.send(jsonb, text, text, boolean) is 'Sends a message to all who have joined the topic.';

create function realtime.broadcast_changes(
    topic_name text,
    event_name text,
    operation text,
    table_name text,
    table_schema text,
    new record,
    old record,
    level text default 'ROW'
) returns void
language plpgsql set search_path = ''
as $$
begin
    if level = 'STATEMENT' then
        raise feature_not_supported using message = 'broadcast_changes needs a row: call it from a row-level trigger';
    end if;
    perform realtime.send(
        jsonb_build_object(
            'operation', operation,
            'table', table_name,
            'schema', table_schema,
            'record', to_jsonb(new),
            'old_record', to_jsonb(old)
        ),
        event_name,
        topic_name
    );
end;
$$;
comment on function realtime.broadcast_changes(text, text, text, text, text, record, record, text)
is 'Sends a changed row, from a row-level trigger.';

select realtime.open_today();

reset role;
