-- What the columns of tables of topics were chosen to be when one was imported, so that the next import of such a table in the
-- tenant, by whoever and from wherever, begins with it.

create table public.import_columns (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  heading text not null check (heading <> '' and length(heading) <= 200),
  field text check (field in (
    'topic', 'brief', 'platforms', 'duration_s', 'language', 'tone', 'audience', 'script_type', 'voice', 'priority', 'deadline', 'keep'
  )),
  chosen_at timestamptz not null default now(),
  primary key (tenant_id, heading)
);
comment on table public.import_columns is 'What columns of imported tables were last chosen to be, by their headings; written by remember_columns.';
comment on column public.import_columns.heading is 'In lower case, with _ for spaces and hyphens.';
comment on column public.import_columns.field is 'Field of a topic; keep for a note of it, null for a column that is left out.';

alter table public.import_columns enable row level security;
create policy "Members read what columns of their tenant's imports are" on public.import_columns for select to authenticated
using (tenant_id = (select private.tenant_id()));
grant select on public.import_columns to authenticated;
grant select, insert, update, delete on public.import_columns to service_role;

create function public.remember_columns(columns jsonb)
returns void
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
declare
  v_tenant_id uuid := private.check_role('editor', 'import');
begin
  if coalesce(jsonb_typeof(columns), 'null') <> 'object' or (select count(*) from jsonb_object_keys(columns)) > 200 then
    raise exception 'The columns are no object of up to 200 headings.'
      using errcode = 'CR001', hint = 'Send {"heading": "topic"}: for each heading a field of topics, keep, or null.';
  end if;
  -- In the order of the headings, so that two who import at once wait for each other and no more.
  insert into public.import_columns (tenant_id, heading, field)
  select v_tenant_id, c.key, c.value from jsonb_each_text(columns) as c order by c.key
  on conflict (tenant_id, heading) do update set field = excluded.field, chosen_at = now();
  delete from public.import_columns as c
  where c.tenant_id = v_tenant_id and c.heading in (
    select o.heading from public.import_columns as o where o.tenant_id = v_tenant_id order by o.chosen_at desc, o.heading offset 1000
  );
end
$$;
comment on function public.remember_columns(jsonb) is
  'Remembers what columns of an imported table are: {heading: field}, null for one that is left out; of each heading the newest holds, of a tenant '
  'the newest thousand. For editors. Raises CR001, CR003, or a check violation for an unknown field.';
revoke execute on function public.remember_columns(jsonb) from public, anon;
grant execute on function public.remember_columns(jsonb) to authenticated, service_role;
