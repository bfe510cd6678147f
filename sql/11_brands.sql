-- The look of a tenant: colours, font and logo, which each new job takes along as they are. A brand that is changed changes
-- no job that is there, and of new ones it recomputes pictures and covers, not scripts and speech. A project may have a brand
-- of its own, which stands in place of the tenant's as a whole.

create table public.brands (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  colours jsonb,
  font text check (font <> '' and length(font) <= 100),
  logo jsonb,
  logo_corner text not null default 'top_right' check (logo_corner in ('top_left', 'top_right')),
  logo_size text not null default 'medium' check (logo_size in ('small', 'medium', 'large')),
  updated_at timestamptz not null default now(),
  id uuid primary key default private.uuid_v7(),
  project_id uuid,
  unique nulls not distinct (tenant_id, project_id),
  foreign key (tenant_id, project_id) references public.projects (tenant_id, id) on delete cascade,
  constraint colours_are_three check (colours is null or (
    colours ->> 'background' ~ '^#[0-9a-f]{6}$' and colours ->> 'text' ~ '^#[0-9a-f]{6}$' and colours ->> 'accent' ~ '^#[0-9a-f]{6}$'
    and colours - array['background', 'text', 'accent'] = '{}')),
  -- A file of its own uploads; nobody's brand shows another tenant's.
  constraint logo_is_an_own_upload check (
    logo is null or (logo ->> 'sha256' ~ '^[0-9a-f]{64}$' and logo ->> 'path' = tenant_id || '/uploads/' || (logo ->> 'sha256')))
);
comment on table public.brands is
  'Colours, font and logo of a tenant, or of a project in place of those; without a row, or where something is null, videos look as their tone says.';
comment on column public.brands.project_id is 'Whose own it is; null for that of the tenant.';
comment on column public.brands.colours is '{background, text, accent}, #rrggbb; written by set_brand, which looks at their contrast.';
comment on column public.brands.font is 'Name of a family that API and workers have installed.';
comment on column public.brands.logo is 'The stored file, as FileRef of src/cliprow/models.py has it: a PNG that the API has made of what was uploaded.';

alter table public.brands enable row level security;
create policy "Members read their tenant's brand" on public.brands for select to authenticated
using (tenant_id = (select private.tenant_id()));
grant select on public.brands to authenticated;
grant select, insert, update, delete on public.brands to service_role;

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

create function private.brand_of(p_tenant_id uuid, p_project_id uuid)
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
