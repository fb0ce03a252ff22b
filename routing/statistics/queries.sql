-- Statistics from roll-ups (migrations 0005 and 0013, ADR 0025).

-- name: grains
-- Which keys each roll-up keeps apart, from the smallest on. Statements of this transaction are planned for their values:
-- a plan for any grain and any period knows neither how many rows there will be nor which partitions.
select id, keys, set_config('plan_cache_mode', 'force_custom_plan', true) from statistics_grains order by id;

-- name: sums
-- Counts by up to twelve keys, of the calls that the filters let through (null: all). Whole days come from the smallest
-- roll-up that has all keys (:day_grain), whole hours beside them from the smallest that has the hour too (:hour_grain),
-- parts of hours from the calls' own figures; deltas that are not folded yet are added. One statement, so one moment:
-- what is being folded is seen either here or there. The grains come as values: the planner knows how many rows each has.
with chosen as (
    select r.day, r.hour, r.line, r.region, r.route, r.destination, r.topic, r.proposed, r.intake,
           r.queue, r.org, r.counts, r.n
    from statistics_rollups r
    where r.grain = :day_grain::smallint
      and r.day >= :days_from::date and r.day < :days_to::date
    union all
    select r.day, r.hour, r.line, r.region, r.route, r.destination, r.topic, r.proposed, r.intake,
           r.queue, r.org, r.counts, r.n
    from statistics_rollups r
    where r.grain = :hour_grain::smallint
      and r.day >= :hours_from::timestamp::date and r.day <= :hours_to::timestamp::date
      and not (r.day >= :days_from and r.day < :days_to)
      and r.day + r.hour * interval '1 hour' >= :hours_from and r.day + r.hour * interval '1 hour' < :hours_to
    union all
    select d.day, d.hour, d.line, d.region, d.route, d.destination, d.topic, d.proposed, d.intake,
           d.queue, d.org, d.counts, d.n
    from statistics_deltas d
    where d.day + d.hour * interval '1 hour' >= :hours_from and d.day + d.hour * interval '1 hour' < :hours_to
    union all
    select f.day, f.hour, f.line, f.region, f.route, f.destination, f.topic, f.proposed, f.intake,
           f.queue, f.org, f.counts, 1
    from unnest(:parts_from::timestamptz[], :parts_to::timestamptz[]) as p(from_at, to_at)
    join calls c on c.received_at >= p.from_at and c.received_at < p.to_at
    join call_figures f on f.call_id = c.id
), sets as (
    select case when 'line' = any(:by::text[]) then line end as line,
           case when 'route' = any(:by) then route end as route,
           case when 'destination' = any(:by) then destination end as destination,
           case when 'hour' = any(:by) then hour end as hour,
           case when 'day' = any(:by) then day end as day,
           case when 'weekday' = any(:by) then extract(isodow from day)::smallint end as weekday,
           case when 'region' = any(:by) then region end as region,
           case when 'topic' = any(:by) then topic end as topic,
           case when 'proposed' = any(:by) then proposed end as proposed,
           case when 'intake' = any(:by) then intake end as intake,
           case when 'queue' = any(:by) then queue end as queue,
           case when 'org' = any(:by) then org end as org,
           counts, sum(n) as n
    from chosen
    where (:line::text[] is null or line = any(:line)) and (:route::text[] is null or route = any(:route))
      and (:destination::text[] is null or destination = any(:destination))
      and (:hour::smallint[] is null or hour = any(:hour))
      and (:weekday::smallint[] is null or extract(isodow from day)::smallint = any(:weekday))
      and (:region::text[] is null or region = any(:region)) and (:topic::text[] is null or topic = any(:topic))
      and (:proposed::text[] is null or proposed = any(:proposed))
      and (:intake::text[] is null or intake = any(:intake))
      and (:queue::text[] is null or queue = any(:queue)) and (:org::text[] is null or org = any(:org))
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
), counted as (
    select line, route, destination, hour, day, weekday, region, topic, proposed, intake, queue, org, u.count,
           sum(n)::bigint as n
    from sets cross join lateral unnest(counts) as u(count)
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 having sum(n) <> 0
)
select line, route, destination, hour, day, weekday, region, topic, proposed, intake, queue, org,
       jsonb_object_agg(count::text, n) as counts
from counted
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;

-- name: waiting_deltas$
-- How many deltas are not folded yet, counted up to :most.
select count(*) from (select from statistics_deltas limit :most) waiting;

-- name: fold_turn$
-- One process folds at a time; the others pass.
select pg_try_advisory_xact_lock(hashtext('statistics fold'));

-- name: partitions
-- The months of the oldest deltas and the months ahead, each with its partition made where it was missing.
select month, statistics_partition(month) from (
    select distinct date_trunc('month', d.day)::date as month
    from (select day from statistics_deltas order by id limit :step) d
    union
    select (date_trunc('month', now()) + make_interval(months => ahead))::date from generate_series(0, 2) as ahead
) months;

-- name: fold^
-- Move the oldest deltas into the roll-ups. Netted first: most calls have changed their place several times by then.
-- Deltas of a month that came up since :months were read stay for the next turn, so that none lands without partition.
-- taken: how many deltas; grains and days: where rows have come down to nothing.
with oldest as (
    delete from statistics_deltas
    where id in (select id from statistics_deltas order by id limit :step)
      and date_trunc('month', day)::date = any(:months::date[])
    returning *
), net as materialized (
    select day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, sum(n) as n
    from oldest group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 having sum(n) <> 0
), sets as (
    select g.id as grain, g.split, day,
           case when 'hour' = any(g.keys) then hour else -1 end as hour,
           case when 'line' = any(g.keys) then line else '' end as line,
           case when 'region' = any(g.keys) then region else '' end as region,
           case when 'route' = any(g.keys) then route else '' end as route,
           case when 'destination' = any(g.keys) then destination else '' end as destination,
           case when 'topic' = any(g.keys) then topic else '' end as topic,
           case when 'proposed' = any(g.keys) then proposed else '' end as proposed,
           case when 'intake' = any(g.keys) then intake else '' end as intake,
           case when 'queue' = any(g.keys) then queue else '' end as queue,
           case when 'org' = any(g.keys) then org else '' end as org,
           counts, sum(n) as n
    from net cross join statistics_grains g
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 having sum(n) <> 0
), cells as (
    select grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n
    from sets where not split
    union all
    select grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, array[u.count],
           sum(n)
    from sets cross join lateral unnest(counts) as u(count) where split
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 having sum(n) <> 0
), folded as (
    insert into statistics_rollups as r
        (grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n)
    select * from cells
    on conflict (grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts)
        do update set n = r.n + excluded.n
    returning r.grain, r.day, r.n
), empty as (
    select distinct grain, day from folded where n = 0
)
select (select count(*) from oldest) as taken,
       (select coalesce(array_agg(grain order by grain, day), '{}') from empty) as grains,
       (select coalesce(array_agg(day order by grain, day), '{}') from empty) as days;

-- name: drop_empty!
-- Rows that have come down to nothing.
delete from statistics_rollups r using unnest(:grains::smallint[], :days::date[]) as e(grain, day)
where r.grain = e.grain and r.day = e.day and r.n = 0;

-- name: verify
-- Where roll-ups and deltas differ from a recount of the raw rows, for every grain; no row: all is right. What is held
-- is taken off what the raw rows say, first by sets of counts, then by each count.
with moves as (
    select day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, count(*) as said,
           0 as held
    from call_facts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    union all
    select day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, 0, n
    from statistics_deltas
), sets as (
    select g.id as grain, day, case when 'hour' = any(g.keys) then hour else -1 end as hour,
           case when 'line' = any(g.keys) then line else '' end as line,
           case when 'region' = any(g.keys) then region else '' end as region,
           case when 'route' = any(g.keys) then route else '' end as route,
           case when 'destination' = any(g.keys) then destination else '' end as destination,
           case when 'topic' = any(g.keys) then topic else '' end as topic,
           case when 'proposed' = any(g.keys) then proposed else '' end as proposed,
           case when 'intake' = any(g.keys) then intake else '' end as intake,
           case when 'queue' = any(g.keys) then queue else '' end as queue,
           case when 'org' = any(g.keys) then org else '' end as org,
           counts, sum(said) as said, sum(held) as held
    from moves cross join statistics_grains g
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
    union all
    select grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, 0, n
    from statistics_rollups
)
select grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org,
       u.count::text as count, sum(said)::bigint as recounted, sum(held)::bigint as held
from sets cross join lateral unnest(counts) as u(count)
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, u.count
having sum(said) <> sum(held)
order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 limit :limit;

-- name: region_levels
-- The level of each jurisdiction by name, the lowest one counting where a name stands for several.
select name, (array_agg(level order by array_position(
    array['exclusive', 'grid', 'community', 'township', 'district', 'region'], level)))[1] as level
from grids group by name;

-- name: counted_calls^
-- How many calls are stored, and how many cells and deltas hold their figures.
select (select count(*) from calls) as calls, (select count(*) from statistics_rollups) as rollups,
       (select count(*) from statistics_deltas) as deltas;

-- name: set_limits!
-- The service levels of the policy in force. What came in before any limit of its queue was known gets the first one.
with given as (
    select * from unnest(:queues::text[], :limits_s::double precision[]) as g(queue, limit_s)
), first as (
    select g.queue, g.limit_s from given g where not exists (select from queue_limits l where l.queue = g.queue)
), stored as (
    insert into queue_limits as l (queue, limit_s) select queue, limit_s from given order by queue
    on conflict (queue) do update set limit_s = excluded.limit_s where l.limit_s <> excluded.limit_s
), items as (
    update queue_items i set limit_s = f.limit_s from first f where i.queue = f.queue and i.limit_s is null
)
update assignments s set limit_s = f.limit_s from first f where s.queue = f.queue and s.limit_s is null;
