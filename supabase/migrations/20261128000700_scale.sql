-- A claim costs the same however many jobs there are: without an estimate, the planner expects a thousand jobs of each
-- call, and from some ten thousand jobs on reads all of them for one.

alter function private.job_states(uuid []) rows 20;

-- Served after this transaction began is not served a lane lower.
create or replace function private.lane_rank(p_lane text, p_served_at timestamptz, p_ageing interval)
returns int
language sql
stable
set search_path = ''
return greatest(0, array_position(array['urgent', 'premium', 'standard'], p_lane) - 1
  - greatest(0, floor(extract(epoch from now() - p_served_at) / extract(epoch from p_ageing)))::int);
