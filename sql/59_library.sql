-- Versions of the library's scenes, scenes taken by tag, and where they are used.

create function private.add_version(p_item public.content_library, p_scene public.scenes, p_number int)
returns void
language sql
set search_path = ''
as $$
  insert into public.library_versions (
    tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points, created_by
  )
  select p_item.tenant_id, p_item.id, p_number, p_scene.scene_type, p_scene.voiceover_text, p_scene.visual_description, p_scene.heading,
    p_scene.points, (select u.id from auth.users as u where u.id = private.user_id())
$$;
comment on function private.add_version(public.content_library, public.scenes, int) is 'Keeps a scene as it is now as a version of an item.';

create function private.first_version()
returns trigger
language plpgsql
-- definer: users may not write versions.
security definer
set search_path = ''
as $$
begin
  perform private.add_version(new, s, 1) from public.scenes as s where s.tenant_id = new.tenant_id and s.id = new.scene_id;
  return null;
end
$$;
comment on function private.first_version() is 'What a scene is when it comes into the library is its first version.';
create trigger first_version after insert on public.content_library
for each row execute function private.first_version();

create function private.next_version()
returns trigger
language plpgsql
-- definer: users may not write versions.
security definer
set search_path = ''
as $$
declare
  v_item public.content_library;
begin
  update public.content_library as c set latest_version = c.latest_version + 1
  where c.tenant_id = new.tenant_id and c.scene_id = new.id
  returning * into v_item;
  if found then
    perform private.add_version(v_item, new, v_item.latest_version);
  end if;
  return null;
end
$$;
comment on function private.next_version() is 'A change of what a scene of the library says or shows is a new version of it.';
-- The columns are named: how long a scene is, which is written when its narration is there, makes no version.
create trigger next_version after update of scene_type, voiceover_text, visual_description, heading, points on public.scenes
for each row when (
  (old.scene_type, old.voiceover_text, old.visual_description, old.heading, old.points)
  is distinct from (new.scene_type, new.voiceover_text, new.visual_description, new.heading, new.points)
) execute function private.next_version();

create function private.pin_library(p_tenant_id uuid)
returns void
language sql
set search_path = ''
as $$
  update public.library_versions as v
  set content_keys = made.keys
  from (
    select n.id, array_agg(distinct t.content_key order by t.content_key) as keys
    from public.library_versions as n
    join public.content_library as c on c.tenant_id = n.tenant_id and c.id = n.item_id
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
      and s.voiceover_text = n.voiceover_text and s.visual_description = n.visual_description
    join public.scripts as w on w.tenant_id = s.tenant_id and w.id = s.script_id
    join public.stage_tasks as t on t.job_id = w.job_id and t.scene_number = s.scene_number and t.status = 'completed'
    where n.tenant_id = p_tenant_id
    group by n.id
  ) as made
  where v.id = made.id and v.content_keys <> made.keys
$$;
comment on function private.pin_library(uuid) is
  'Notes which artifacts were made of the scenes of a tenant''s library, so that they are kept when their jobs are not.';

create function public.add_library_version(item_id uuid, changes jsonb)
returns jsonb
language plpgsql
-- definer: users may not write versions; it asserts tenant and role itself.
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_tenant_id uuid := private.check_role('editor', 'change the library');
  v_item public.content_library;
  v_old public.library_versions;
  v_problems jsonb;
begin
  update public.content_library as c set latest_version = c.latest_version + 1
  where c.tenant_id = v_tenant_id and c.id = add_library_version.item_id
  returning * into v_item;
  if not found then
    raise exception 'There is no item % in your library.', add_library_version.item_id
      using errcode = 'CR002', hint = 'List the library, and use the id of one of its items.';
  end if;
  if jsonb_typeof(changes) is distinct from 'object' or changes = '{}' then
    v_problems := jsonb_build_array(private.as_problem(null, 'changes', 'is not an object with something to change'));
  else
    select jsonb_agg(private.as_problem(null, f.key, private.scene_field_problem(f.key, f.value)) order by f.key) into v_problems
    from jsonb_each(changes) as f where private.scene_field_problem(f.key, f.value) is not null;
  end if;
  if v_problems is not null then
    raise exception 'No version can be made of this.'
      using errcode = 'CR001', detail = v_problems::text, hint = 'Correct the fields named, or leave them out.';
  end if;
  select v.* into v_old from public.library_versions as v where v.item_id = v_item.id and v.number = v_item.latest_version - 1;
  insert into public.library_versions (
    tenant_id, item_id, number, scene_type, voiceover_text, visual_description, heading, points, created_by
  )
  values (
    v_tenant_id, v_item.id, v_item.latest_version, v_old.scene_type, coalesce(changes ->> 'voiceover_text', v_old.voiceover_text),
    coalesce(changes ->> 'visual_description', v_old.visual_description), coalesce(changes ->> 'heading', v_old.heading),
    coalesce(changes -> 'points', v_old.points), (select u.id from auth.users as u where u.id = private.user_id())
  );
  return jsonb_build_object('item_id', v_item.id, 'number', v_item.latest_version);
end
$$;
comment on function public.add_library_version(uuid, jsonb) is
  'A new version of a scene of the library: {voiceover_text?, visual_description?, heading?, points?}; the rest is as in the version before. The scene '
  'itself, and jobs that took an older version, stay as they are. Returns {item_id, number}. For editors. Raises CR001, CR002 or CR003.';

create function public.library_uses(item_id uuid)
returns table (job_id uuid, batch_id uuid, project_id uuid, topic text, status text, version int, created_at timestamptz)
language sql
stable
security invoker
set search_path = ''
as $$
  select j.id, j.batch_id, j.project_id, j.topic, j.status, v.number, j.created_at
  from public.library_versions as v
  join public.generation_jobs as j
    on j.tenant_id = v.tenant_id and j.params ? 'library_items' and j.params -> 'library_items' @> to_jsonb(v.item_id || '@' || v.number)
  where v.tenant_id = (select private.tenant_id()) and v.item_id = library_uses.item_id
  order by j.id desc, v.number desc
  limit 1000
$$;
comment on function public.library_uses(uuid) is 'Jobs of the tenant that took a scene of its library, and which version, the newest first, up to 1,000.';

create function private.reuse_list(p_reuse jsonb)
returns jsonb
language sql
immutable
set search_path = ''
return case jsonb_typeof(p_reuse) when 'array' then p_reuse when 'object' then jsonb_build_array(p_reuse) else '[]'::jsonb end;
comment on function private.reuse_list(jsonb) is 'One wish for scenes of the library, or several, as a list.';

create function private.reuse_wishes(p_reuse jsonb)
returns table (place bigint, tag text, item_id text, scene_id text, version int, most int)
language sql
stable
set search_path = ''
as $$
  select row_number() over (order by w.ordinality, k.place, x.ordinality), case k.field when 'tags' then x.value end,
    case k.field when 'items' then x.value end, case k.field when 'scenes' then x.value end,
    case when w.value ->> 'version' ~ '^[1-9]' then (w.value ->> 'version')::int end, coalesce((w.value ->> 'limit')::int, 1)
  from jsonb_array_elements(private.reuse_list(p_reuse)) with ordinality as w
  cross join (values (1, 'tags', 'tag'), (2, 'items', 'item'), (3, 'scenes', 'scene')) as k (place, field, short)
  cross join jsonb_array_elements_text(
    coalesce(w.value -> k.field, '[]') || case when w.value ? k.short then jsonb_build_array(w.value -> k.short) else '[]' end
  ) with ordinality as x
$$;
comment on function private.reuse_wishes(jsonb) is 'What wishes for scenes of the library ask for, in order; the wishes have no problems.';

create function private.reuse_items(p_reuse jsonb, p_language text)
returns text []
language sql
stable
set search_path = ''
as $$
  select coalesce((array_agg(found.name order by w.place, found.rank))[1:20], '{}')
  from private.reuse_wishes(p_reuse) as w
  cross join lateral (
    select c.id || '@' || coalesce(w.version, c.latest_version) as name,
      row_number() over (order by c.performance_score desc, c.usage_count, c.id desc) as rank
    from public.content_library as c
    join public.scenes as s on s.tenant_id = c.tenant_id and s.id = c.scene_id
    where c.tenant_id = private.tenant_id() and lower(split_part(s.language, '-', 1)) = p_language
      and (w.version is null or w.version <= c.latest_version)
      and case
        when w.item_id is not null then c.id::text = lower(w.item_id)
        when w.scene_id is not null then c.scene_id::text = lower(w.scene_id)
        else c.library_category <> 'archived' and (c.specific_tags ? w.tag or c.generic_tags ? w.tag) end
    order by rank
    limit w.most
  ) as found
$$;
comment on function private.reuse_items(jsonb, text) is
  'Scenes of the caller''s library that wishes ask for, as item@version, in their order, 20 at most: for each tag the best by performance, then those used least.';

create function private.reuse_problem(p_reuse jsonb)
returns text
language sql
immutable
set search_path = ''
return (
  select min(case
    when jsonb_typeof(w.value) <> 'object' then 'is not an object {tag, tags, item, items, scene, scenes, version, limit}'
    when w.value - '{tag,tags,item,items,scene,scenes,version,limit}'::text [] <> '{}'
      then 'has a field other than tag, tags, item, items, scene, scenes, version and limit'
    when not w.value ?| '{tag,tags,item,items,scene,scenes}' then 'names no tag, item or scene'
    when w.value ? 'version' and w.value ->> 'version' !~ '^(latest|[1-9][0-9]{0,5})$' then 'has a version that is neither latest nor a number'
    when w.value ? 'limit' and w.value ->> 'limit' !~ '^([1-9]|1[0-9]|20)$' then 'has a limit that is not from 1 to 20'
    when exists (
      select from unnest('{tag,item,scene}'::text []) as f where w.value ? f and jsonb_typeof(w.value -> f) <> 'string'
    ) or exists (
      select from unnest('{tags,items,scenes}'::text []) as f
      where w.value ? f and (jsonb_typeof(w.value -> f) <> 'array' or w.value -> f -> 20 is not null
        or jsonb_path_exists(w.value -> f, '$[*] ? (@.type() != "string")'))
    ) then 'names tags, items or scenes that are not text' end)
  from jsonb_array_elements(private.reuse_list(p_reuse)) as w
);
comment on function private.reuse_problem(jsonb) is 'What is wrong with the form of wishes for scenes of the library; null when nothing is.';

create function private.reuse_problems(p_topics jsonb, p_options jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with asked as (
    select null::bigint as n, p_options -> 'reuse' as reuse, 'en' as language, true as is_default where p_options ? 'reuse'
    union all
    select t.ordinality, t.value -> 'reuse', lower(split_part(coalesce(t.value ->> 'language', 'en'), '-', 1)), false
    from jsonb_array_elements(p_topics) with ordinality as t
    where jsonb_typeof(t.value) = 'object' and jsonb_typeof(t.value -> 'reuse') <> 'null'
  ), problem as (
    select a.n, case
        when jsonb_typeof(a.reuse) not in ('object', 'array') or a.reuse -> 20 is not null
          then 'is neither a wish for scenes of the library nor a list of up to 20'
        when private.reuse_problem(a.reuse) is not null then private.reuse_problem(a.reuse)
        -- What is said for all topics may find nothing in the language of some.
        when not a.is_default and private.reuse_items(a.reuse, a.language) = '{}' then 'finds no scene in your library in the language of the video'
      end as reason
    from asked as a
  )
  select jsonb_agg(private.as_problem(n, 'reuse', reason) order by n) from problem where reason is not null
$$;
comment on function private.reuse_problems(jsonb, jsonb) is 'Everything wrong with wishes for scenes of the library, of topics and for all; null when nothing is.';

create function private.with_library_items(p_topics jsonb, p_options jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  if not p_options ? 'reuse' and not jsonb_path_exists(p_topics, '$[*] ? (exists (@.reuse) || exists (@.library_items))') then
    return p_topics;
  end if;
  return (
    with topic as (
      select t.ordinality as n, t.value as v, coalesce(nullif(t.value -> 'reuse', 'null'), p_options -> 'reuse') as reuse,
        lower(split_part(coalesce(t.value ->> 'language', 'en'), '-', 1)) as language
      from jsonb_array_elements(p_topics) with ordinality as t
    ), wish as materialized (
      select d.reuse, d.language, to_jsonb(private.reuse_items(d.reuse, d.language)) as items
      from (select distinct topic.reuse, topic.language from topic where topic.reuse is not null) as d
    ), item as (
      select topic.n, topic.v - 'reuse' as v, coalesce((
          select jsonb_agg(i.value || case when i.value like '%@%' then '' else coalesce('@' || (
            select c.latest_version from public.content_library as c
            where c.tenant_id = private.tenant_id() and c.id::text = lower(i.value)), '') end order by i.ordinality)
          from jsonb_array_elements_text(coalesce(nullif(topic.v -> 'library_items', 'null'), '[]')) with ordinality as i
        ), '[]') || coalesce(wish.items, '[]') as items
      from topic left join wish on wish.reuse = topic.reuse and wish.language = topic.language
    )
    select jsonb_agg(case item.items when '[]' then item.v else item.v || jsonb_build_object('library_items', item.items) end order by item.n)
    from item
  );
end
$$;
comment on function private.with_library_items(jsonb, jsonb) is
  'Topics without problems, with the scenes of the library that they and the options ask for by name, tag and version, as item@version.';

grant execute on function public.add_library_version(uuid, jsonb), public.library_uses(uuid) to authenticated;
