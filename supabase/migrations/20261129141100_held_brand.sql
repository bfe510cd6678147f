-- Which brand holds for a project is said in one place.

create function private.held_brand(p_tenant_id uuid, p_project_id uuid)
returns public.brands
language sql
stable
set search_path = ''
as $$
  select b from public.brands as b
  where b.tenant_id = p_tenant_id and (b.project_id is null or b.project_id = p_project_id)
  order by b.project_id nulls last limit 1
$$;
comment on function private.held_brand(uuid, uuid) is
  'The brand that holds for a project, its own or else its tenant''s, or of null that of the tenant; null where the look is the style''s. '
  'Row-level security decides what callers see.';
grant execute on function private.held_brand(uuid, uuid) to authenticated, service_role;

create or replace function private.brand_of(p_tenant_id uuid, p_project_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select nullif(jsonb_strip_nulls(jsonb_build_object('colours', b.colours, 'font', b.font)
    || case when b.logo is null then '{}' else jsonb_build_object('logo', b.logo, 'logo_corner', b.logo_corner, 'logo_size', b.logo_size) end), '{}')
  from private.held_brand(p_tenant_id, p_project_id) as b
$$;
comment on function private.brand_of(uuid, uuid) is 'What a new job takes along: the brand of its project, or else of its tenant; null for nothing.';
