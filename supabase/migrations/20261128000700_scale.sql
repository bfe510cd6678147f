-- A claim costs the same however many jobs there are: without an estimate, the planner expects a thousand jobs of each
-- call, and from some ten thousand jobs on reads all of them for one.

alter function private.job_states(uuid []) rows 20;
