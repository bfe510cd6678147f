-- What work will cost, as far as that is known before.

create function private.task_cost(p_tenant_id uuid, p_stage text)
returns numeric
language plpgsql
stable
set search_path = ''
as $$
declare
  v_provider private.stage_providers;
  v_cost numeric := (select t.amount from private.task_prices as t where t.tenant_id = p_tenant_id and t.stage = p_stage);
begin
  if v_cost is not null or not private.does_cost(p_tenant_id, p_stage) then
    return coalesce(v_cost, 0);
  end if;
  select s.* into v_provider from private.stage_providers as s where s.stage = p_stage;
  v_cost := (
    select sum(r.cost) / count(distinct r.task_id)
    from (
      select c.cost, c.task_id from public.provider_calls as c
      where c.tenant_id = p_tenant_id and c.stage = p_stage and c.provider = v_provider.provider and c.model = v_provider.model
        and c.status in ('kept', 'discarded') and c.currency = private.currency_of(p_tenant_id) and c.finished_at > now() - interval '30 days'
      order by c.finished_at desc limit 500
    ) as r
    having count(distinct r.task_id) >= 5
  );
  -- Until then: a script of a minute, a scene of eight seconds.
  return coalesce(v_cost, (
    select c.amount from private.cost_of(p_tenant_id, v_provider.provider, v_provider.model, case p_stage
      when 'script_generation' then '{"input_tokens": 700, "output_tokens": 1200}'::jsonb
      else '{"characters": 110, "seconds": 8}' end) as c));
end
$$;
comment on function private.task_cost(uuid, text) is
  'What a task of a stage is expected to cost: the price per task in the settings of the tenant, else the average of its last calls, of 30 days and 500 at '
  'most, where 5 tasks or more made some, else what a usual call costs at the prices of the provider.';

create function private.expected_cost(p_tenant_id uuid, p_tasks jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_stages jsonb;
  v_amount numeric;
begin
  select coalesce(jsonb_object_agg(c.stage, trim_scale(c.amount)) filter (where c.amount > 0), '{}'), coalesce(sum(c.amount), 0)
  into v_stages, v_amount
  from (
    select k.key as stage, round(private.task_cost(p_tenant_id, k.key) * k.value::numeric, 4) as amount from jsonb_each_text(p_tasks) as k
  ) as c;
  return jsonb_build_object(
    'currency', private.currency_of(p_tenant_id), 'amount', trim_scale(v_amount), 'stages', v_stages,
    'basis', case
      when exists (select from private.task_prices as t where t.tenant_id = p_tenant_id)
        then 'Prices per task in the settings of the tenant, and prices of providers for other stages.'
      when v_amount = 0
        then 'The offline providers cost nothing. For providers that do, set prices, or put prices per task into the settings of the tenant.'
      else 'Prices of the providers, at what recent calls took, or a usual one where there were too few.' end);
end
$$;
comment on function private.expected_cost(uuid, jsonb) is
  'What tasks, counted by stage, are expected to cost: {currency, amount, stages: amount by stage that costs, basis}.';

create function private.expected_batch_cost(p_tenant_id uuid, p_topics jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Topics are counted only where there is something to count for.
  if not exists (select from private.stage_weights() as w where private.does_cost(p_tenant_id, w.stage)) then
    return jsonb_build_object('currency', private.currency_of(p_tenant_id), 'amount', 0, 'stages', '{}'::jsonb);
  end if;
  return private.expected_cost(p_tenant_id, (
    select jsonb_object_agg(e.stage, e.task_count) from private.expected_tasks(p_topics) as e
  )) - 'basis';
end
$$;
comment on function private.expected_batch_cost(uuid, jsonb) is 'What a batch of topics is expected to cost, as its creation answers: {currency, amount, stages}.';
