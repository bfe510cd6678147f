-- A logo that is set by SQL has a size in whole bytes.

create or replace function public.set_brand_logo(logo jsonb, project_id uuid default null)
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
