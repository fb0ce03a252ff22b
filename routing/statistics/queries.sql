-- Routing statistics, counted from the rows themselves.

-- name: routing
-- Calls by up to seven keys; from inclusive, to exclusive, on the wall clock of Asia/Shanghai.
-- wait: from enqueueing to the first claim of the lead item. overruled: of the calls that were forwarded by a person.
with chosen as (
    select c.id, c.line, t.route, d.destination,
           extract(hour from c.received_at at time zone 'Asia/Shanghai')::int as hour,
           (c.received_at at time zone 'Asia/Shanghai')::date as day,
           c.region, t.topics[1] as topic
    from calls c
    left join triages t on t.id = c.triage_id
    left join decisions d on d.id = c.decision_id
    where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz
), waits as (
    select s.call_id, min(extract(epoch from s.claimed_at - s.enqueued_at)) as wait_s,
           bool_or(s.counted) as counted,
           bool_or(s.claimed_at - s.entered_at <= make_interval(secs => l.limit_s)) as within
    from assignments s join chosen c on c.id = s.call_id
    join unnest(:queues::text[], :limits_s::double precision[]) as l(queue, limit_s) using (queue)
    where s.role = 'lead'
    group by s.call_id
), forwards as (
    select f.call_id, bool_or(f.overruled) as overruled
    from transfers f join chosen c on c.id = f.call_id where f.state <> 'cancelled'
    group by f.call_id
)
select
    case when 'line' = any(:by::text[]) then c.line end as line,
    case when 'route' = any(:by) then coalesce(c.route, '') end as route,
    case when 'destination' = any(:by) then coalesce(c.destination, '') end as destination,
    case when 'hour' = any(:by) then c.hour end as hour,
    case when 'day' = any(:by) then c.day end as day,
    case when 'region' = any(:by) then coalesce(c.region, '') end as region,
    case when 'topic' = any(:by) then coalesce(c.topic, '') end as topic,
    count(*) as count,
    percentile_cont(0.5) within group (order by w.wait_s) as wait_p50_s,
    percentile_cont(0.9) within group (order by w.wait_s) as wait_p90_s,
    count(*) filter (where f.overruled) as overruled,
    count(f.call_id) as forwarded,
    count(*) filter (where w.counted and w.within) as within,
    count(*) filter (where w.counted) as answered
from chosen c
left join waits w on w.call_id = c.id
left join forwards f on f.call_id = c.id
group by 1, 2, 3, 4, 5, 6, 7
order by 1, 2, 3, 4, 5, 6, 7;

-- name: totals^
-- The day at a glance.
select count(*) as received,
       count(*) filter (where c.state in ('queued', 'offered')) as waiting,
       count(*) filter (where c.state = 'claimed') as in_hand,
       count(*) filter (where c.state = 'completed') as completed,
       count(*) filter (where c.state = 'closed') as closed,
       count(*) filter (where t.danger_level >= 1) as danger,
       count(*) filter (where t.review) as review
from calls c left join triages t on t.id = c.triage_id
where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz;
