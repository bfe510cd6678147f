-- Storage: the bucket `media`, and who may read and write what in it. Its folders are named after tenants.
--   {tenant_id}/uploads/...             what users bring: pictures, clips
--   {tenant_id}/artifacts/{sha256}      what workers make
-- Files are never changed under their name, so users may neither overwrite nor remove: work under way may need them.

-- How large a file may be is the project's own setting.
insert into storage.buckets (id, name, public, allowed_mime_types)
values ('media', 'media', false, array[
  'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif', 'video/*', 'audio/*', 'application/json',
  'application/zip', 'application/x-subrip', 'text/vtt', 'text/plain', 'text/markdown', 'text/csv'
])
-- Of a project that had one already: whatever it was, it is private now.
on conflict (id) do update set public = false;

create policy "Members read what lies in their tenant's folder" on storage.objects
for select to authenticated
using (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.tenant_id()::text));
create policy "Editors upload into their tenant's uploads" on storage.objects
for insert to authenticated
with check (
  bucket_id = 'media'
  and (storage.foldername(name))[1] = (select private.tenant_id()::text)
  and (storage.foldername(name))[2] = 'uploads'
  and (select private.has_role('editor'))
  -- No step up or aside, which a store of files might follow.
  and name !~ '(^|/)(\.{0,2})(/|$)'
);
