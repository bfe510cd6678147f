-- What Supabase Realtime makes for itself: the publication that it reads broadcasts from, the binary payload, the
-- index for replays. Newer versions also begin their warnings otherwise.

set local role supabase_realtime_admin;

alter table realtime.messages add column binary_payload bytea;

create index messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
where extension = 'broadcast' and private is true;

create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
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
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end;
$$;

create function realtime.send_binary(payload bytea, event text, topic text, private boolean default true) returns void
language plpgsql set search_path = ''
as $$
declare
    message_id uuid := gen_random_uuid();
begin
    perform set_config('realtime.topic', topic, true);
    begin
        insert into realtime.messages
            (id, binary_payload, event, topic, private, extension, inserted_at, updated_at)
        values (message_id, payload, event, topic, private, 'broadcast', now() at time zone 'utc', now() at time zone 'utc');
    exception when check_violation then  -- no partition for today
        perform realtime.open_today();
        insert into realtime.messages
            (id, binary_payload, event, topic, private, extension, inserted_at, updated_at)
        values (message_id, payload, event, topic, private, 'broadcast', now() at time zone 'utc', now() at time zone 'utc');
    end;
exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end;
$$;
comment on function realtime.send_binary(bytea, text, text, boolean) is 'Sends bytes to all who have joined the topic.';

reset role;

create publication supabase_realtime_messages_publication for table realtime.messages;
