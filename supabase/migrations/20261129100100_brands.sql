-- The look of a tenant: colours, font and logo, taken along by each new job.

create table public.brands (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  colours jsonb,
  font text check (font <> '' and length(font) <= 100),
  logo jsonb,
  logo_corner text not null default 'top_right' check (logo_corner in ('top_left', 'top_right')),
  logo_size text not null default 'medium' check (logo_size in ('small', 'medium', 'large')),
  updated_at timestamptz not null default now(),
  constraint colours_are_three check (colours is null or (
    colours ->> 'background' ~ '^#[0-9a-f]{6}$' and colours ->> 'text' ~ '^#[0-9a-f]{6}$' and colours ->> 'accent' ~ '^#[0-9a-f]{6}$'
    and colours - array['background', 'text', 'accent'] = '{}')),
  -- A file of its own uploads; nobody's brand shows another tenant's.
  constraint logo_is_an_own_upload check (
    logo is null or (logo ->> 'sha256' ~ '^[0-9a-f]{64}$' and logo ->> 'path' = tenant_id || '/uploads/' || (logo ->> 'sha256')))
);
comment on table public.brands is 'Colours, font and logo of a tenant; without a row, or where something is null, videos look as their tone says.';
comment on column public.brands.colours is '{background, text, accent}, #rrggbb; written by set_brand, which looks at their contrast.';
comment on column public.brands.font is 'Name of a family that API and workers have installed.';
comment on column public.brands.logo is 'The stored file, as FileRef of src/cliprow/models.py has it: a PNG that the API has made of what was uploaded.';

alter table public.brands enable row level security;
create policy "Members read their tenant's brand" on public.brands for select to authenticated
using (tenant_id = (select private.tenant_id()));
grant select on public.brands to authenticated;
grant select, insert, update, delete on public.brands to service_role;

create function private.brand_of(p_tenant_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select nullif(jsonb_strip_nulls(jsonb_build_object('colours', b.colours, 'font', b.font)
    || case when b.logo is null then '{}' else jsonb_build_object('logo', b.logo, 'logo_corner', b.logo_corner, 'logo_size', b.logo_size) end), '{}')
  from public.brands as b where b.tenant_id = p_tenant_id
$$;
comment on function private.brand_of(uuid) is 'What a new job takes along of its tenant''s brand; null for nothing.';

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

create function public.set_brand(colours jsonb, font text, logo_corner text, logo_size text)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('admin', 'change the brand');
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
  insert into public.brands as b (tenant_id, colours, font, logo_corner, logo_size)
  values (v_tenant_id, nullif(set_brand.colours, 'null'), set_brand.font, set_brand.logo_corner, set_brand.logo_size)
  on conflict (tenant_id) do update set colours = excluded.colours, font = excluded.font, logo_corner = excluded.logo_corner,
    logo_size = excluded.logo_size, updated_at = now()
  returning b.* into v_brand;
  return to_jsonb(v_brand);
end
$$;
comment on function public.set_brand(jsonb, text, text, text) is
  'Sets colours {background, text, accent}, font and place of the logo that new jobs of the caller''s tenant have; null for those of the style. The logo '
  'itself stays. For admins and owners. Returns the brand. Raises CR001 for colours without contrast, or CR003.';

create function public.set_brand_logo(logo jsonb)
returns jsonb
language plpgsql
-- definer: nobody may write the table; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('admin', 'change the brand');
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
  insert into public.brands as b (tenant_id, logo) values (v_tenant_id, v_logo)
  on conflict (tenant_id) do update set logo = excluded.logo, updated_at = now()
  returning b.* into v_brand;
  return to_jsonb(v_brand);
end
$$;
comment on function public.set_brand_logo(jsonb) is
  'Sets the logo of the caller''s tenant, a file among its uploads as {role, name, sha256, path, size_bytes, media_type}; null for none. For admins and '
  'owners. Returns the brand. Raises CR001 or CR003.';
grant execute on function public.set_brand(jsonb, text, text, text), public.set_brand_logo(jsonb) to authenticated;

create trigger audit after insert or update or delete on public.brands
for each row execute function private.audit_row('tenant_id', 'tenant_id');

create or replace function private.insert_jobs(p_batch public.batches, p_topics jsonb, p_job_type text, p_after int)
returns void
language sql
set search_path = ''
as $$
  with brand as materialized (
    select private.brand_of(p_batch.tenant_id) as kept
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

create or replace function private.scene_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'scene', jsonb_build_object(
        'scene_number', s.scene_number, 'scene_type', s.scene_type, 'voiceover_text', s.voiceover_text,
        'visual_description', s.visual_description, 'heading', s.heading, 'points', s.points),
      'scene_count', (select count(*) from public.scenes as n where n.script_id = p_script.id),
      'aspect', p_task.aspect, 'width', p_task.width, 'height', p_task.height, 'language', p_script.language,
      'tone', coalesce(p_job.params ->> 'tone', 'educational'), 'brand', p_job.params -> 'brand',
      'sample_count', aa.facts -> 'sample_count', 'words', aa.facts -> 'words',
      -- The user's pictures go to the scenes in turn, and begin again when there are fewer of them.
      'image', p_job.params -> 'images' -> ((s.scene_number - 1) % greatest(1, jsonb_array_length(p_job.params -> 'images'))))
    from public.scenes as s
    join public.stage_tasks as a
      on a.job_id = p_task.job_id and a.stage = 'audio_generation' and a.scene_number = p_task.scene_number
    join public.artifacts as aa on aa.tenant_id = a.tenant_id and aa.content_key = a.content_key
    where s.script_id = p_script.id and s.scene_number = p_task.scene_number
  );
end
$$;

create or replace function private.package_inputs(p_task public.stage_tasks, p_job public.generation_jobs, p_script public.scripts)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'rules', (select to_jsonb(r) - array['is_offered', 'source', 'checked_on'] from public.platforms as r where r.platform = p_task.platform),
      'title', p_script.content ->> 'title', 'description', p_script.content ->> 'description',
      'key_points', coalesce(p_script.content -> 'key_points', '[]'), 'hashtags', coalesce(p_script.content -> 'hashtags', '[]'),
      'language', p_script.language, 'tone', coalesce(p_job.params ->> 'tone', 'educational'), 'brand', p_job.params -> 'brand',
      'video', a.files -> 0, 'duration_ms', a.facts -> 'duration_ms',
      'scenes', (
        select jsonb_agg(m order by (m ->> 'scene_number')::int)
        from jsonb_array_elements(private.scene_media(p_task)) as m
        where a.facts -> 'scenes_used' @> (m -> 'scene_number')
      ))
    from public.stage_tasks as t
    join public.artifacts as a on a.tenant_id = t.tenant_id and a.content_key = t.content_key
    where t.job_id = p_task.job_id and t.id = any(p_task.needs)
  );
end
$$;

create or replace function private.error_codes()
returns table (error_code text, meaning text, next_step text, remedy text)
language sql
immutable
set search_path = ''
as $$
  values
  ('BRIEF_EMPTY', 'The brief has no text.', 'Retry the job with a brief of a few sentences.', 'change'),
  ('BRIEF_TOO_LONG', 'The brief is too long for a video.', 'Retry the job with a shorter brief.', 'change'),
  ('CHILD_CONFUSED', 'The process that ran the stage wrote something that is no answer.', 'Replay it; if it fails again, read its log lines.', 'replay'),
  ('CHILD_DIED', 'The process that ran the stage died.', 'Replay it; if it dies again, read its log lines and the kernel log of its host.', 'operator'),
  ('CHILD_DOES_NOT_START', 'The worker cannot start a process for stages.', 'Run `cliprow doctor` on the worker''s host.', 'operator'),
  ('CLIPROW_ERROR', 'An error without a code of its own.', 'Read its message and log lines.', 'operator'),
  ('CONFLICT', 'The database refused the result because of another row.', 'Replay it; if it fails again, retry the job.', 'replay'),
  ('ERROR_NOT_STORED', 'The task failed, and the database would not store why.', 'Read the worker''s log of that time, then replay it.', 'operator'),
  ('FONT_COVERAGE', 'No font has the letters of this text.', 'Install a font for the language on the worker''s host, then replay it.', 'operator'),
  ('FONT_MISSING', 'The worker has not installed the font of the team''s brand.', 'Install its package for all workers, or choose another in the brand and retry the job.', 'operator'),
  ('FONT_UNREADABLE', 'A font file cannot be read.', 'Install the package again, then replay it.', 'operator'),
  ('IMAGE_TOO_LARGE', 'A picture has too many pixels.', 'Retry the job with a smaller picture.', 'change'),
  ('IMAGE_UNREADABLE', 'A picture cannot be decoded.', 'Retry the job with another picture.', 'change'),
  ('INVALID_INPUT', 'The inputs cannot be used as they are.', 'Retry the job with other inputs; the message says which.', 'change'),
  ('INVALID_SETTING', 'A setting of the worker has a value that is none.', 'Correct it in the worker''s environment, restart the worker, replay.', 'operator'),
  ('INVALID_STORAGE_PATH', 'A stored file has a name that the storage does not take.', 'Retry the job from the stage that made the file.', 'change'),
  ('LANGUAGE_INVALID', 'The language tag is none.', 'Retry the job with a tag like en or pt-BR.', 'change'),
  ('LANGUAGE_MISMATCH', 'The text is in another language than was asked for.', 'Retry the job with the language of the text.', 'change'),
  ('MISSING_DEPENDENCY', 'The worker''s host lacks a program.', 'Run `cliprow doctor` there, install what it names, then replay.', 'operator'),
  ('NARRATION_TOO_LONG', 'A scene''s narration is longer than a segment may be.', 'Retry the job with a shorter text for that scene.', 'change'),
  ('NOT_ALLOWED', 'The database or storage does not allow the worker this.', 'Check the role in DATABASE_URL and SUPABASE_SECRET_KEY, then replay.', 'operator'),
  ('NOT_FOUND', 'Something that the task needs is gone.', 'Retry the job from the stage that makes it.', 'change'),
  ('OUT_OF_MEMORY', 'The stage used more memory than it may.', 'Raise --memory-mb or run fewer slots, then replay.', 'operator'),
  ('PLATFORM_RULE_BROKEN', 'The finished video breaks a rule of its platform.', 'Retry the job with a shorter script, or without that platform.', 'change'),
  ('PROVIDER_BUSY', 'The provider kept saying that it is too busy.', 'Replay it later, or lower its rate.', 'replay'),
  ('PROVIDER_FAILED', 'The provider kept failing.', 'Look at its status page, then replay.', 'replay'),
  ('PROVIDER_INVALID_OUTPUT', 'The provider''s answers cannot be used.', 'Replay it, or choose another model.', 'replay'),
  ('PROVIDER_NOT_CONFIGURED', 'The provider lacks a setting, such as its key.', 'Set it in the worker''s environment, restart the worker, replay.', 'operator'),
  ('PROVIDER_QUOTA_EXHAUSTED', 'The provider''s quota is used up.', 'Raise the quota or wait for the next period, then replay.', 'operator'),
  ('PROVIDER_REFUSED', 'The provider refuses this content.', 'Retry the job with another topic or brief.', 'change'),
  ('PROVIDER_REJECTED_REQUEST', 'The provider does not accept the request.', 'Check the model''s name and limits in the settings, then replay.', 'operator'),
  ('PROVIDER_TIMEOUT', 'The provider did not answer in time.', 'Replay it later.', 'replay'),
  ('PROVIDER_UNAUTHORIZED', 'The provider does not accept the key.', 'Put a valid key into the worker''s environment, restart the worker, replay.', 'operator'),
  ('PROVIDER_UNKNOWN', 'There is no provider of the name in the settings.', 'Correct the setting, restart the worker, replay.', 'operator'),
  ('PROVIDER_UNREACHABLE', 'The provider cannot be reached.', 'Check the network of the worker''s host, then replay.', 'replay'),
  ('SCRATCH_UNUSABLE', 'The worker cannot use its working folder.', 'Check the free space and rights of the folder, then replay.', 'operator'),
  ('SCRIPT_LANGUAGE_UNSUPPORTED', 'The script provider does not know the language.', 'Retry the job in another language, or choose another provider.', 'change'),
  ('SEGMENTS_DIFFER', 'The segments of the video do not fit together.', 'Retry the job from video_generation.', 'change'),
  ('SOUND_MISSING', 'A stored narration has no sound.', 'Retry the job from audio_generation.', 'change'),
  ('SOUND_UNREADABLE', 'A stored narration cannot be decoded.', 'Retry the job from audio_generation.', 'change'),
  ('SOURCE_CHANGED', 'A file changed while it was being read.', 'Replay it.', 'replay'),
  ('SOURCE_UNREADABLE', 'A file that the task needs cannot be read.', 'Retry the job with the file uploaded again.', 'change'),
  ('SPEECH_ENGINE_CRASHED', 'The speech engine crashed.', 'Replay it; if it crashes again, choose another voice.', 'replay'),
  ('SPEECH_ENGINE_FAILED', 'The speech engine failed.', 'Replay it; if it fails again, choose another voice.', 'replay'),
  ('SPEECH_LANGUAGE_UNSUPPORTED', 'No voice speaks the language.', 'Retry the job in another language, or with another voice.', 'change'),
  ('SPEECH_TIMEOUT', 'The speech engine took too long.', 'Replay it; if it fails again, shorten the text of the scene.', 'replay'),
  ('SPEECH_VOICE_UNKNOWN', 'There is no voice of this name.', 'Retry the job with another voice.', 'change')
$$;
