-- Batches of more topics than one call takes. The first call makes a batch that is still being filled (option is_filling),
-- others append to it, each in a transaction of its own, and the last one says so. Until then the batch does not end.
--
-- Chunks go by the place of their first topic. What is there already is not made again, so that whoever lost an answer
-- sends the chunk once more, and whoever comes back goes on after topic_count.

create function private.topic_count(p_batch public.batches)
returns int
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce((
    select j.position from public.generation_jobs as j
    where j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id order by j.position desc limit 1), 0);
end
$$;
comment on function private.topic_count(public.batches) is 'How many topics a batch was given so far.';

create function private.is_chunk_there(p_batch public.batches, p_position int, p_topics jsonb)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_count int := private.topic_count(p_batch);
  v_last int := p_position - 1 + jsonb_array_length(p_topics);
begin
  if p_position = v_count + 1 then
    return false;
  elsif p_position not between 1 and v_count or v_last > v_count then
    raise exception 'The batch has % topics, so the next chunk begins at %, not at %.', v_count, v_count + 1, p_position
      using errcode = 'CR004', hint = 'Go on with the topic after the last one it has.';
  elsif exists (
    select from jsonb_array_elements(p_topics) with ordinality as t
    join public.generation_jobs as j on j.tenant_id = p_batch.tenant_id and j.batch_id = p_batch.id
      and j.position = p_position - 1 + t.ordinality
    where j.topic <> btrim(t.value ->> 'topic')
  ) then
    raise exception 'The batch has other topics at these places.'
      using errcode = 'CR004', hint = 'Send the list that the batch was begun with, or create a new batch.';
  end if;
  return true;
end
$$;
comment on function private.is_chunk_there(public.batches, int, jsonb) is
  'Whether a batch has the topics of a chunk already; raises CR004 when it has others there, or the chunk does not follow the last one.';

create function private.finish_filling(p_batch public.batches)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.batches set is_filling = false where id = p_batch.id and is_filling;
  -- All that there is may have ended meanwhile, or wait for somebody.
  perform private.apply_batch_moves(array[row(p_batch.id, 'pending', 0, 0)::private.batch_move]);
  perform private.note_waiting_batches(array[p_batch.id]);
end
$$;
comment on function private.finish_filling(public.batches) is 'A batch has all of its topics, and ends with the last of them. Its tenant is locked.';

create function public.append_topics(batch_id uuid, "position" int, topics jsonb, is_last boolean default false)
returns jsonb
language plpgsql
-- definer: users may not write jobs and tasks; it asserts tenant, role and project itself.
security definer
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  v_batch public.batches;
  v_topics jsonb;
  v_is_new boolean := false;
begin
  -- Before anything is locked: a new leaf locks whole tables.
  perform private.ensure_partitions(1);
  v_batch := private.batch_to_control(append_topics.batch_id);
  if append_topics.topics is distinct from '[]' then
    perform private.check_request(append_topics.topics, jsonb_strip_nulls(jsonb_build_object('reuse', v_batch.options -> 'reuse')),
      append_topics.position - 1);
    v_is_new := not private.is_chunk_there(v_batch, append_topics.position, append_topics.topics);
  end if;
  if v_is_new and not v_batch.is_filling then
    raise exception 'The batch is %, and not being filled any more.', v_batch.status
      using errcode = 'CR004', hint = 'Create a new batch for more topics.';
  end if;
  if v_is_new then
    v_topics := private.with_library_items(append_topics.topics, v_batch.options);
    perform private.insert_jobs(v_batch, v_topics, 'batch', append_topics.position - 1);
    perform private.apply_waits(v_batch, v_topics, append_topics.position - 1);
    perform private.count_library_use(v_topics);
  end if;
  if append_topics.is_last and v_batch.is_filling then
    perform private.finish_filling(v_batch);
  end if;
  perform private.release();
  return (
    select jsonb_build_object('batch_id', b.id, 'topic_count', private.topic_count(b), 'job_count', b.job_count,
      'is_filling', b.is_filling, 'is_new', v_is_new)
    from public.batches as b where b.id = v_batch.id);
end
$$;
comment on function public.append_topics(uuid, int, jsonb, boolean) is
  'Adds up to 10,000 topics, as create_batch takes them, to a batch that was created with the option is_filling; position is the place of the first of them, '
  'from 1. What is there already is not made again, so a chunk may be sent twice. With is_last (and [] for none) the batch is complete. Returns {batch_id, topic_count, '
  'job_count, is_filling, is_new}: go on after topic_count. Raises CR001 with every problem in the detail, CR002, CR003, or CR004 where the chunk does not '
  'follow, other topics are there, or the batch is not being filled.';
grant execute on function public.append_topics(uuid, int, jsonb, boolean) to authenticated;
