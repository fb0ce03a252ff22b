-- Made-up calls for benchmarks/rollups.py, written in bulk as raw rows: the triggers of the service count them.

-- name: add_calls!
-- :count calls spread evenly over :days local days before today, each read, decided, and most of them claimed.
with drawn as materialized (
    select n, :begin_at::timestamptz + make_interval(secs => n * :days * 86400.0 / :total) as received_at,
           (array['12345', '12345', '12345', '110', '12348'])[1 + (random() * 4.99)::int % 5] as line,
           '区' || (1 + floor(20 * power(random(), 1.6))::int) as region,
           (array['dispute', 'legal_consultation', 'police_incident', 'non_police_help', 'invalid'])
               [1 + floor(random() * 5)::int] as route,
           'topic' || (1 + floor(24 * power(random(), 1.8))::int) as topic,
           (array['lawyers', 'mediators', 'police', 'departments', 'operators'])[1 + floor(random() * 5)::int] as destination,
           case when random() < 0.3 then 1 + floor(random() * 5)::int end as satisfaction,
           case when random() < 0.2 then 'live' else 'backlog' end as intake,
           random() as chance, exp(random() * 9) as wait_s
    from generate_series(:first::bigint, :first + :count - 1) as n
), made as (
    insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt, content_hash,
                       region, satisfaction, state)
    select line, 'S' || n, intake, 'callback', received_at, '', '', '', '', region, satisfaction, 'closed' from drawn
    returning id, external_id
), known as (
    select m.id as call_id, d.* from made m join drawn d on 'S' || d.n = m.external_id
), queued as (
    insert into queue_items (call_id, queue, priority, enqueued_at, entered_at, deadline, state, ended_at, counted, limit_s)
    select call_id, destination, 5, received_at, received_at, received_at + interval '5 days', 'done',
           received_at + interval '8 days' * chance, intake = 'live', 60
    from known where chance < 0.8
    returning id, call_id, queue, enqueued_at, counted
), claimed as (
    insert into assignments (queue_item_id, call_id, user_id, queue, role, enqueued_at, entered_at, counted, claimed_at,
                             lease_expires_at, ended_at, outcome, limit_s)
    select q.id, q.call_id, :user_id, q.queue, 'lead', q.enqueued_at, q.enqueued_at, q.counted,
           q.enqueued_at + make_interval(secs => k.wait_s), now(), now(), 'completed', 60
    from queued q join known k using (call_id)
), read as (
    insert into triages (call_id, revision, model, route, confidence, review, danger_level, topics, reading)
    select call_id, 1, 'benchmark', route, 0.9, chance < 0.1, (chance < 0.02)::int, array[topic], '' from known
    returning id, call_id
)
insert into decisions (call_id, triage_id, destination, queue, target_queue, mode, priority, rule, policy_version, body,
                       outcome)
select r.call_id, r.id, k.destination, k.destination, k.destination, 'auto', 5, 'benchmark', 'benchmark', :body,
       'route'
from read r join known k using (call_id);

-- name: point!
-- The calls written last point to their readings and decisions.
update calls c set triage_id = d.triage_id, decision_id = d.id from decisions d
where d.call_id = c.id and c.decision_id is null;

-- name: partitions!
-- Every month from a day on.
select statistics_partition(month::date) from generate_series(:from_day::date, now(), interval '1 month') as month;

-- name: weigh!
-- Every row counts :weight times as many calls.
update statistics_rollups set n = n * :weight::int where :weight::int > 1;

-- name: repeat_rollups!
-- The same days once more, :back days earlier, :weight times as busy.
insert into statistics_rollups
    (grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n)
select grain, day - :back::int, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts,
       n * :weight::int
from statistics_rollups where day >= :from_day::date order by grain, day;

-- name: sizes^
-- What is held.
select (select sum(n) from statistics_rollups where grain = 1 and counts = '{calls}') as calls,
       (select count(*) from statistics_rollups) as rollups,
       (select count(*) from pg_inherits where inhparent = 'statistics_rollups'::regclass) as partitions,
       pg_size_pretty((select sum(pg_total_relation_size(inhrelid)) from pg_inherits
                       where inhparent = 'statistics_rollups'::regclass)) as size;
