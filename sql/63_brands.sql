-- What admins say of their tenant's look, and those who control a project of that project's; sql/11_brands.sql keeps it.

create function private.luminance(p_colour text)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select sum(w.weight * case when c.part <= 0.04045 then c.part / 12.92 else power((c.part + 0.055) / 1.055, 2.4) end)
  from (values (2, 0.2126::float8), (4, 0.7152), (6, 0.0722)) as w (place, weight)
  cross join lateral (select get_byte(decode(substr(p_colour, w.place, 2), 'hex'), 0) / 255::float8 as part) as c
$$;
comment on function private.luminance(text) is 'Relative luminance of #rrggbb by WCAG 2.2, 0 to 1.';

create function private.contrast(p_one text, p_other text)
returns numeric
language sql
immutable
set search_path = ''
as $$
  select round(((greatest(l.one, l.other) + 0.05) / (least(l.one, l.other) + 0.05))::numeric, 2)
  from (select private.luminance(p_one) as one, private.luminance(p_other) as other) as l
$$;
comment on function private.contrast(text, text) is 'Contrast of two colours by WCAG 2.2, 1 to 21; src/cliprow/media/palettes.py has the same.';

create function private.check_colours(p_colours jsonb)
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_key text;
  v_pair record;
begin
  foreach v_key in array array['background', 'text', 'accent'] loop
    if coalesce(p_colours ->> v_key, '') !~ '^#[0-9a-f]{6}$' then
      raise exception 'The colour % is missing or no colour.', v_key
        using errcode = 'CR001', hint = 'Send background, text and accent, each as # and six digits of 0-9 and a-f; or no colours at all.';
    end if;
  end loop;
  for v_pair in select * from (values ('text', 'text', 4.5), ('accent', 'what stands out', 3.0)) as p (key, what, least) loop
    if private.contrast(p_colours ->> v_pair.key, p_colours ->> 'background') < v_pair.least then
      raise exception 'The colour for % (%) has a contrast of % to 1 on the background (%); at least % is needed to be seen.', v_pair.what,
        p_colours ->> v_pair.key, private.contrast(p_colours ->> v_pair.key, p_colours ->> 'background'), p_colours ->> 'background', v_pair.least
        using errcode = 'CR001', hint = 'Take a lighter or darker one of the two.';
    end if;
  end loop;
end
$$;
comment on function private.check_colours(jsonb) is 'Raises CR001 unless {background, text, accent} are colours that can be told apart.';

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
    or v_logo ->> 'media_type' is distinct from 'image/png' or coalesce(v_logo ->> 'size_bytes', '') !~ '^[1-9][0-9]{0,8}$'
    or jsonb_typeof(v_logo -> 'size_bytes') is distinct from 'number'
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
