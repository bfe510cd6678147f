-- A project may have a brand of its own, in place of that of its tenant.

alter table public.brands drop constraint brands_pkey;
alter table public.brands add column id uuid primary key default private.uuid_v7();
alter table public.brands add column project_id uuid;
alter table public.brands add unique nulls not distinct (tenant_id, project_id);
alter table public.brands add foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade;
comment on table public.brands is
  'Colours, font and logo of a tenant, or of a project in place of those; without a row, or where something is null, videos look as their tone says.';
comment on column public.brands.project_id is 'Whose own it is; null for that of the tenant.';

create function private.brand_of(p_tenant_id uuid, p_project_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select nullif(jsonb_strip_nulls(jsonb_build_object('colours', b.colours, 'font', b.font)
    || case when b.logo is null then '{}' else jsonb_build_object('logo', b.logo, 'logo_corner', b.logo_corner, 'logo_size', b.logo_size) end), '{}')
  from public.brands as b
  where b.tenant_id = p_tenant_id and (b.project_id is null or b.project_id = p_project_id)
  order by b.project_id nulls last limit 1
$$;
comment on function private.brand_of(uuid, uuid) is 'What a new job takes along: the brand of its project, or else of its tenant; null for nothing.';

create or replace function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text, p_after int)
returns void
language sql
set search_path = ''
as $$
  with brand as materialized (
    select private.brand_of(p_batch.tenant_id, p_batch.project_id) as kept
  ), job as (
    insert into public.generation_jobs (
      id, tenant_id, project_id, batch_id, position, job_type, lane, topic, platforms, params, stage
    )
    select private.uuid_v7(), p_batch.tenant_id, p_batch.project_id, p_batch.id, p_after + t.ordinality, p_job_type,
      coalesce(t.value ->> 'priority', 'standard'), btrim(t.value ->> 'topic'),
      array(select distinct p from jsonb_array_elements_text(t.value -> 'platforms') as p order by p),
      jsonb_strip_nulls((t.value - array['topic', 'platforms', 'priority']) || case when t.value ? 'library_items'
        then jsonb_build_object('scenes', private.library_scenes(t.value -> 'library_items')) else '{}' end
        || jsonb_build_object('brand', brand.kept)), 'script_generation'
    from jsonb_array_elements(p_topics) with ordinality as t
    cross join brand
    returning id, lane
  )
  insert into public.stage_tasks (job_id, tenant_id, project_id, batch_id, stage, position, lane)
  select job.id, p_batch.tenant_id, p_batch.project_id, p_batch.id, 'script_generation', 0, job.lane from job
$$;

drop function private.brand_of(uuid);

drop trigger audit on public.brands;
create trigger audit after insert or update or delete on public.brands
for each row execute function private.audit_row('id', 'tenant_id');

create function private.check_may_brand(p_project_id uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_project_id is null then
    return private.check_role('admin', 'change the brand');
  end if;
  if not exists (
    select from public.projects as p where p.id = p_project_id and p.tenant_id = private.acting_tenant_id() and p.deleted_at is null
  ) then
    raise exception 'There is no project %.', p_project_id
      using errcode = 'CR002', hint = 'List the projects, and use the id of one of them.';
  end if;
  perform private.check_controls(p_project_id, 'change the brand of this project');
  return private.tenant_id();
end
$$;
comment on function private.check_may_brand(uuid) is
  'The tenant the caller acts in; raises CR002 or CR003 unless the caller may change the brand of this project of it, or, of null, its own.';

create function private.begin_brand(p_tenant_id uuid, p_project_id uuid)
returns void
language sql
set search_path = ''
as $$
  insert into public.brands (tenant_id, project_id, colours, font, logo, logo_corner, logo_size)
  select t.id, p_project_id, b.colours, b.font, b.logo, coalesce(b.logo_corner, 'top_right'), coalesce(b.logo_size, 'medium')
  from public.tenants as t
  left join public.brands as b on b.tenant_id = t.id and b.project_id is null and p_project_id is not null
  where t.id = p_tenant_id
  on conflict (tenant_id, project_id) do nothing
$$;
comment on function private.begin_brand(uuid, uuid) is 'Makes the row of a brand unless it is there: that of a project begins as a copy of the tenant''s.';

drop function public.set_brand(jsonb, text, text, text);
drop function public.set_brand_logo(jsonb);

create function public.set_brand(colours jsonb, font text, logo_corner text, logo_size text, project_id uuid default null)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_brand(set_brand.project_id);
  v_brand public.brands;
begin
  if jsonb_typeof(set_brand.colours) <> 'null' then
    perform private.check_colours(set_brand.colours);
  end if;
  if set_brand.logo_corner not in ('top_left', 'top_right') or set_brand.logo_size not in ('small', 'medium', 'large')
    or set_brand.logo_corner is null or set_brand.logo_size is null or set_brand.font = '' or length(set_brand.font) > 100 then
    raise exception 'The brand cannot be so.' using errcode = 'CR001',
      hint = 'logo_corner is top_left or top_right, logo_size small, medium or large, font the name of a family, or null.';
  end if;
  perform private.begin_brand(v_tenant_id, set_brand.project_id);
  update public.brands as b
  set colours = nullif(set_brand.colours, 'null'), font = set_brand.font, logo_corner = set_brand.logo_corner, logo_size = set_brand.logo_size,
    updated_at = now()
  where b.tenant_id = v_tenant_id and b.project_id is not distinct from set_brand.project_id
  returning b.* into v_brand;
  return to_jsonb(v_brand);
end
$$;
comment on function public.set_brand(jsonb, text, text, text, uuid) is
  'Sets colours {background, text, accent}, font and place of the logo that new jobs of the caller''s tenant have, or those of one project; null for '
  'those of the style. The logo itself stays; the brand of a project begins with that of the tenant. For admins and owners, and for a project for those '
  'who control it. Returns the brand. Raises CR001 for colours without contrast, CR002 or CR003.';

create function public.set_brand_logo(logo jsonb, project_id uuid default null)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_brand(set_brand_logo.project_id);
  v_logo jsonb := nullif(set_brand_logo.logo, 'null');
  v_brand public.brands;
begin
  if v_logo is not null and (
    coalesce(v_logo ->> 'path', '') <> v_tenant_id || '/uploads/' || coalesce(v_logo ->> 'sha256', '')
    or coalesce(v_logo ->> 'sha256', '') !~ '^[0-9a-f]{64}$' or v_logo ->> 'role' is distinct from 'logo'
    or v_logo ->> 'media_type' is distinct from 'image/png' or jsonb_typeof(v_logo -> 'size_bytes') is distinct from 'number'
    or jsonb_typeof(v_logo -> 'name') is distinct from 'string' or v_logo - array['role', 'name', 'sha256', 'path', 'size_bytes', 'media_type'] <> '{}'
  ) then
    raise exception 'This is no logo among the uploads of the team.' using errcode = 'CR001', hint = 'Send the picture to PUT /brand/logo.';
  end if;
  perform private.begin_brand(v_tenant_id, set_brand_logo.project_id);
  update public.brands as b set logo = v_logo, updated_at = now()
  where b.tenant_id = v_tenant_id and b.project_id is not distinct from set_brand_logo.project_id
  returning b.* into v_brand;
  return to_jsonb(v_brand);
end
$$;
comment on function public.set_brand_logo(jsonb, uuid) is
  'Sets the logo of the caller''s tenant, or that of one project, a file among the tenant''s uploads as {role, name, sha256, path, size_bytes, media_type}; '
  'null for none. The brand of a project begins as that of the tenant. For admins and owners, and for a project for those who control it. Returns the '
  'brand. Raises CR001, CR002 or CR003.';

create function public.remove_brand(project_id uuid)
returns void
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_may_brand(remove_brand.project_id);
begin
  delete from public.brands as b where b.tenant_id = v_tenant_id and b.project_id = remove_brand.project_id;
end
$$;
comment on function public.remove_brand(uuid) is
  'Lets new jobs of a project have the brand of the tenant again. For those who control the project. Raises CR002 or CR003.';
grant execute on function public.set_brand(jsonb, text, text, text, uuid), public.set_brand_logo(jsonb, uuid), public.remove_brand(uuid) to authenticated;
