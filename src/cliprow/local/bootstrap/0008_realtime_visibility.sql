-- Which changed rows somebody may see. The real service has `realtime.apply_rls` for it, which also decodes the log;
-- the gateway decodes the log itself and asks only this.

-- The log tells of a transaction a moment before others can see what it did.
create function local_stack.await_transactions(ids bigint[]) returns void
language plpgsql set search_path = ''
as $$
declare
    epoch constant bigint := 4294967296;
    newest constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    whole bigint;
begin
    for position in 1 .. cardinality(ids) loop
        -- the log has the lower half of the number; it is near the newest, before or after
        whole := newest - newest % epoch + ids[position];
        whole := whole + case
            when whole > newest + epoch / 2 then -epoch
            when whole < newest - epoch / 2 then epoch
            else 0
        end;
        while pg_xact_status(whole::text::xid8) = 'in progress' loop
            perform pg_sleep(0.001);
        end loop;
    end loop;
end;
$$;
comment on function local_stack.await_transactions(bigint[]) is
'Waits until what some transactions did, which are in the log already, can be seen.';
revoke all on function local_stack.await_transactions(bigint[]) from public;

-- Without a search path of its own: what policies call finds what it would find in a query of the caller.
create function local_stack.visible_rows(entity regclass, key_columns text[], keys jsonb, callers jsonb)
returns table (caller integer, key integer)
language plpgsql set search_path = ''
as $$
declare
    question text;
    acting jsonb;
begin
    -- One look for each key, by the primary key's index; a join might try the policies on every row of the table.
    select format(
        'select $2, k.number::integer from pg_catalog.jsonb_array_elements($1) with ordinality as k (key, number)'
        ' where (select true from %I.%I as t where %s limit 1)',
        n.nspname, r.relname,
        string_agg(
            format('t.%I = (k.key ->> %s)::%s', a.attname, c.place - 1, format_type(a.atttypid, a.atttypmod)),
            ' and '
        )
    )
    into strict question
    from pg_catalog.pg_class as r
    join pg_catalog.pg_namespace as n on n.oid = r.relnamespace
    cross join unnest(key_columns) with ordinality as c (name, place)
    join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attname = c.name
    where r.oid = entity
    group by n.nspname, r.relname;

    for number in 1 .. jsonb_array_length(callers) loop
        acting := callers -> number - 1;
        begin
            perform
                set_config('request.jwt.claims', acting ->> 'claims', true),
                set_config('request.jwt.claim.sub', acting ->> 'sub', true),
                set_config('request.jwt.claim.role', acting ->> 'role', true),
                set_config('role', acting ->> 'role', true);
            return query execute question using keys, number;
        exception when others then  -- a policy that fails allows nothing
            raise log 'a policy on % failed: %', entity, sqlerrm;
        end;
        perform set_config('role', 'none', true);
    end loop;
end;
$$;
comment on function local_stack.visible_rows(regclass, text[], jsonb, jsonb) is
'Which of some rows, named by their keys, each of some callers may read; both are counted from 1.';
revoke all on function local_stack.visible_rows(regclass, text[], jsonb, jsonb) from public;
