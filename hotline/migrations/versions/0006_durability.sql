-- Back-pressure, poison calls, dead workers and calls whose line never says that they ended.

-- The server process at the other end of a worker's own connection: gone at once when the worker is killed.
alter table workers add column backend int;

-- Jobs that were taken and not finished are looked for apart from the fresh ones.
create index triage_jobs_suspect on triage_jobs (attempts, lane, enqueued_at) where attempts > 0 and set_aside_at is null;
create index triage_jobs_leased on triage_jobs (leased_by) where leased_by is not null;

-- When a live call was last heard of: its arrival, its segments, its versions.
alter table calls add column heard_at timestamptz not null default now();
create index calls_live_heard on calls (heard_at) where live and state in ('received', 'triaged', 'proposed');
