-- Assets: leave to fetch a file of generated content for a short time, and a record of every leave given.

create table public.asset_access (
  id uuid primary key default private.uuid_v7(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  content_id uuid not null,
  user_id uuid,
  action text not null check (action in ('issued', 'redirected', 'downloaded')),
  path text not null,
  expires_at timestamptz,
  created_at timestamptz not null default now()
);
comment on table public.asset_access is
  'Who was let to which file, and when; append-only. Without foreign keys to content and users, so that it outlives what it tells of.';
comment on column public.asset_access.action is
  'issued: a signed URL or a one-time link was given out; redirected: a one-time link was used; downloaded: the API itself sent the file.';
comment on column public.asset_access.expires_at is 'When what was given out stops working; null where nothing was.';
create index asset_access_tenant_id on public.asset_access (tenant_id, id);
create index asset_access_tenant_id_content_id on public.asset_access (tenant_id, content_id);

create table private.asset_links (
  token_hash bytea primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  content_id uuid not null,
  expires_at timestamptz not null,
  foreign key (tenant_id, user_id) references public.memberships (tenant_id, user_id) on delete cascade
);
comment on table private.asset_links is
  'sha256 of the tokens of one-time links that were not used yet. Gone with the membership of whoever asked for them.';
create index asset_links_tenant_id_user_id on private.asset_links (tenant_id, user_id);
create index asset_links_expires_at on private.asset_links (expires_at);

create function private.media_type(p_format text)
returns text
language sql
immutable parallel safe
set search_path = ''
return case lower(p_format)
  when 'mp4' then 'video/mp4' when 'webm' then 'video/webm' when 'mov' then 'video/quicktime'
  when 'flac' then 'audio/flac' when 'mp3' then 'audio/mpeg' when 'wav' then 'audio/wav' when 'm4a' then 'audio/mp4' when 'ogg' then 'audio/ogg'
  when 'jpg' then 'image/jpeg' when 'jpeg' then 'image/jpeg' when 'png' then 'image/png' when 'webp' then 'image/webp'
  when 'srt' then 'application/x-subrip' when 'vtt' then 'text/vtt' when 'json' then 'application/json' when 'zip' then 'application/zip'
  else 'application/octet-stream'
end;
comment on function private.media_type(text) is 'What a file is, by the ending of its name.';

create function private.as_asset(p_content public.generated_content)
returns jsonb
language sql
immutable
set search_path = ''
return jsonb_build_object(
  'content_id', p_content.id, 'path', p_content.file_path, 'file_name', p_content.file_name,
  'media_type', private.media_type(p_content.format), 'size_bytes', p_content.file_size, 'sha256', p_content.sha256
);
comment on function private.as_asset(public.generated_content) is 'What is needed to fetch a file, and to check it.';

create function private.content_to_issue(p_content_id uuid, p_ttl_s int)
returns public.generated_content
language plpgsql
stable
set search_path = ''
as $$
declare
  v_content public.generated_content;
begin
  if p_ttl_s is null or p_ttl_s not between 1 and 3600 then
    raise exception 'A link lives from 1 to 3,600 seconds.'
      using errcode = 'CR001', hint = 'Ask for fewer seconds; a new link can be had at any time.';
  end if;
  select * into v_content from public.generated_content where id = p_content_id and tenant_id = private.tenant_id();
  if not found then
    raise exception 'There is no content %.', p_content_id
      using errcode = 'CR002', hint = 'List what a job made, and use the id of one of the files.';
  end if;
  return v_content;
end
$$;
comment on function private.content_to_issue(uuid, int) is 'A file of the caller''s tenant; raises CR001 or CR002 otherwise.';

create function private.record_access(p_content public.generated_content, p_user_id uuid, p_action text, p_expires_at timestamptz)
returns void
language sql
set search_path = ''
as $$
  insert into public.asset_access (tenant_id, content_id, user_id, action, path, expires_at)
  values (p_content.tenant_id, p_content.id, p_user_id, p_action, p_content.file_path, p_expires_at)
$$;
comment on function private.record_access(public.generated_content, uuid, text, timestamptz) is 'One more line of the record.';

create function public.issue_asset(content_id uuid, ttl_s int default 60)
returns jsonb
language plpgsql
-- definer: users may not write the record.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content := private.content_to_issue(content_id, ttl_s);
  v_expires_at timestamptz := now() + make_interval(secs => ttl_s);
begin
  perform private.record_access(v_content, private.user_id(), 'issued', v_expires_at);
  return private.as_asset(v_content) || jsonb_build_object('expires_at', v_expires_at);
end
$$;
comment on function public.issue_asset(uuid, int) is
  'Records that the caller is let to a file, and says what it is and where: {content_id, path, file_name, media_type, size_bytes, sha256, '
  'expires_at}. Whoever asked signs the path with Supabase Storage for as long. Raises CR001 or CR002.';

create function public.create_asset_link(content_id uuid, ttl_s int default 60)
returns jsonb
language plpgsql
-- definer: users may not write links and the record.
security definer
set search_path = ''
as $$
declare
  v_content public.generated_content := private.content_to_issue(content_id, ttl_s);
  v_expires_at timestamptz := now() + make_interval(secs => ttl_s);
  v_token text := private.new_token();
begin
  delete from private.asset_links where expires_at < now() - interval '1 day';
  insert into private.asset_links (token_hash, tenant_id, user_id, content_id, expires_at)
  values (private.token_hash(v_token), v_content.tenant_id, private.user_id(), v_content.id, v_expires_at);
  perform private.record_access(v_content, private.user_id(), 'issued', v_expires_at);
  return jsonb_build_object('token', v_token, 'expires_at', v_expires_at);
end
$$;
comment on function public.create_asset_link(uuid, int) is
  'A link to a file that works once: the API redirects whoever brings the token. Raises CR001 or CR002.';

create function private.use_asset_link(p_token text)
returns jsonb
language plpgsql
-- definer: the API comes without a signed-in user; the token says who it was given to.
security definer
set search_path = ''
as $$
declare
  v_link private.asset_links;
  v_content public.generated_content;
begin
  delete from private.asset_links where token_hash = private.token_hash(p_token) returning * into v_link;
  select c.* into v_content
  from public.generated_content as c
  join public.tenants as t on t.id = c.tenant_id and t.deleted_at is null
  where c.id = v_link.content_id and c.tenant_id = v_link.tenant_id;
  if not found or v_link.expires_at <= now() then
    raise exception 'There is no such link, or it was used or has expired.'
      using errcode = 'CR002', hint = 'Ask for a new one.';
  end if;
  perform private.record_access(v_content, v_link.user_id, 'redirected', null);
  return private.as_asset(v_content) || jsonb_build_object('tenant_id', v_content.tenant_id);
end
$$;
comment on function private.use_asset_link(text) is
  'The file of a one-time link, which is used up by this. Raises CR002 for a link that was never made, was used, has expired, or whose owner '
  'has left the tenant.';

create function private.record_downloads(p_content_ids uuid [])
returns int
language sql
-- definer: nobody else may write the record.
security definer
set search_path = ''
as $$
  with recorded as (
    insert into public.asset_access (tenant_id, content_id, user_id, action, path)
    select c.tenant_id, c.id, private.user_id(), 'downloaded', c.file_path
    from public.generated_content as c
    where c.id = any(p_content_ids) and c.tenant_id = private.tenant_id()
    returning 1
  )
  select count(*)::int from recorded
$$;
comment on function private.record_downloads(uuid []) is
  'Records that the API sent these files of the caller''s tenant to the caller; returns how many there are.';

grant execute on function public.issue_asset(uuid, int), public.create_asset_link(uuid, int) to authenticated;
grant execute on function private.use_asset_link(text), private.record_downloads(uuid []) to cliprow_api, service_role;

alter table public.asset_access enable row level security;
create policy "Admins read who was let to their tenant's files" on public.asset_access
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
grant select on public.asset_access to authenticated;
grant select, insert, delete on public.asset_access to service_role;
