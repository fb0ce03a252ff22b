-- What /metrics tells of the service as a whole.

-- name: queue_ages
-- Waiting items of each queue and how long the oldest has waited; backlog of imports apart from current calls.
select queue, case when counted then 'current' else 'backlog' end as origin, count(*) as waiting,
       extract(epoch from clock_timestamp() - min(enqueued_at))::float8 as longest_wait_s
from queue_items where state in ('waiting', 'offered')
group by 1, 2;

-- name: triage_backlog
-- Calls that wait to be read by lane, how long the oldest has, and those set aside for a person.
select lane, count(*) filter (where set_aside_at is null) as pending,
       coalesce(extract(epoch from clock_timestamp() - min(enqueued_at) filter (where set_aside_at is null)), 0)::float8
           as oldest_s,
       count(*) filter (where set_aside_at is not null) as set_aside
from triage_jobs group by lane;

-- name: alarms^
-- Danger alarms nobody has acknowledged, and how old the oldest is.
select count(*) as open, coalesce(extract(epoch from clock_timestamp() - min(raised_at)), 0)::float8 as oldest_s
from danger_alarms where acknowledged_at is null;

-- name: outbox_lag$
-- Age of the oldest event behind a hub's place in the outbox, also of those an open transaction still holds up.
select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8
from (select at from events where (txid, id) > (:txid::text::xid8, :id::bigint) order by txid, id limit 100) behind;

-- name: audit_chain^
-- Whether the audit chain held when it was last walked and nobody waits to look into a break; when that was, or since when there is a chain.
select coalesce((select not (detail->>'ok')::boolean from audit_entries
                 where action = 'audit_verified' order by at desc limit 1), false)
           or exists (select from audit_alerts where seq is not null and acknowledged_at is null) as broken,
       coalesce((select extract(epoch from at) from audit_entries
                 where action = 'audit_verified' order by at desc limit 1),
                (select extract(epoch from started_at) from audit_chain), 0)::float8 as verified_s;

-- name: workers
-- Workers seen lately by the model they read with.
select model, count(*) as count from workers
where seen_at > clock_timestamp() - make_interval(secs => :seconds::float8) group by model;
