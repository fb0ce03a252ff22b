-- Routing statistics counted from the raw rows alone, knowing nothing of roll-ups: what their answers are compared with.

-- name: recount
-- Calls by line, route, destination, local hour, day, weekday, region, topic, queue and organisation.
with chosen as (
    select c.id, c.line, t.route, d.destination, c.region, t.topics[1] as topic,
           extract(hour from c.received_at at time zone 'Asia/Shanghai')::int as hour,
           (c.received_at at time zone 'Asia/Shanghai')::date as day,
           extract(isodow from c.received_at at time zone 'Asia/Shanghai')::int as weekday,
           (select i.queue from queue_items i where i.call_id = c.id and i.role = 'lead' and i.state <> 'cancelled'
            order by i.id desc limit 1) as queue,
           coalesce((select u.org_id from assignments s join users u on u.id = s.user_id
                     where s.call_id = c.id and s.role = 'lead' order by s.id desc limit 1),
                    (select u.org_id from direct_answers a join users u on u.id = a.user_id
                     where a.call_id = c.id order by a.id desc limit 1))::text as org,
           (select extract(epoch from acknowledged_at - raised_at) from danger_alarms r where r.call_id = c.id
           ) as acknowledged_s,
           (select k.appraisal from undertakings k where k.call_id = c.id and k.appraisal <> 'unreached'
            order by k.appraised_at desc limit 1) as appraisal
    from calls c left join triages t on t.id = c.triage_id left join decisions d on d.id = c.decision_id
    where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz
), waits as (
    select call_id, min(extract(epoch from claimed_at - enqueued_at)) as wait_s, bool_or(counted) as counted,
           bool_or(counted and claimed_at - entered_at <= make_interval(secs => limit_s)) as within
    from assignments where role = 'lead' group by call_id
), hung_up as (
    select call_id, min(extract(epoch from abandoned_at - entered_at)) as after_s, min(limit_s) as limit_s
    from queue_items where role = 'lead' and counted and abandoned_at is not null group by call_id
), forwards as (
    select call_id, bool_or(overruled) as overruled from transfers where state <> 'cancelled' group by call_id
)
select line, coalesce(route, '') as route, coalesce(destination, '') as destination, hour, day, weekday,
       coalesce(region, '') as region, coalesce(topic, '') as topic, coalesce(queue, '') as queue,
       coalesce(org, '') as org,
       count(*) as count, count(*) filter (where acknowledged_s <= 60) as acknowledged_60_s, count(*) filter (where f.overruled) as overruled, count(f.call_id) as forwarded,
       count(*) filter (where w.counted and h.call_id is null) as answered,
       count(*) filter (where w.within and h.call_id is null) as within,
       count(h.call_id) as abandoned,
       count(*) filter (where h.after_s <= h.limit_s) as abandoned_within,
       count(*) filter (where appraisal = 'satisfied') as satisfied,
       count(*) filter (where appraisal = 'unsatisfied') as unsatisfied,
       array_agg(w.wait_s::float8 order by w.wait_s) filter (where w.wait_s is not null) as waits_s
from chosen c
left join waits w on w.call_id = c.id left join forwards f on f.call_id = c.id left join hung_up h on h.call_id = c.id
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- name: erase!
-- One call and everything that belongs to it.
with a as (delete from transfers where call_id = :call_id),
m as (delete from undertakings where call_id = :call_id),
n as (delete from cases where call_id = :call_id),
b as (delete from assignments where call_id = :call_id),
c as (delete from queue_items where call_id = :call_id),
d as (delete from direct_answers where call_id = :call_id),
e as (delete from decisions where call_id = :call_id),
f as (delete from triages where call_id = :call_id),
g as (delete from triage_jobs where call_id = :call_id),
h as (delete from call_log where call_id = :call_id),
i as (delete from call_versions where call_id = :call_id),
j as (delete from danger_alarms where call_id = :call_id),
k as (delete from danger_checks where call_id = :call_id),
l as (delete from quality_samples where call_id = :call_id)
delete from calls where id = :call_id;
