-- The public part of the library: what tenants share with all others, and nothing else of it.
-- Row-level security hides rows, not columns. So the table itself shows a tenant its own rows only, and this is the one
-- other way to public ones.

create function private.public_scenes()
returns table (
  id uuid, preview_text text, specific_tags jsonb, generic_tags jsonb, language text, duration int, is_own boolean, created_at timestamptz
)
language sql
stable
-- definer: shows some columns of other tenants' rows, which those tenants share on purpose.
security definer
set search_path = ''
as $$
  select c.id, c.preview_text, c.specific_tags, c.generic_tags, s.language, s.duration,
    c.tenant_id is not distinct from (select private.tenant_id()), c.created_at
  from public.content_library as c
  join public.tenants as t on t.id = c.tenant_id and t.deleted_at is null
  join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
  join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
  join public.projects as p on p.tenant_id = w.tenant_id and p.id = w.project_id and p.deleted_at is null
  where c.library_category = 'public'
$$;
comment on function private.public_scenes() is 'What every tenant shares of its scenes in the category `public`.';
grant execute on function private.public_scenes() to authenticated, service_role;

create view public.public_library with (security_invoker = true) as
select id, preview_text, specific_tags, generic_tags, language, duration, is_own, created_at from private.public_scenes();
comment on view public.public_library is
  'Scenes that tenants share with all others: preview, tags, language, seconds and since when, but neither whose they are nor their figures. '
  'create_batch() takes their ids in library_items.';
grant select on public.public_library to authenticated;
