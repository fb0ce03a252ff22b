-- The calls behind a figure: by what each call is counted as at this moment, which is what the roll-ups add up.

-- name: count_behind^
-- How many calls a figure stands for, and how often they count (a call can be forwarded and sent back several times).
with chosen as (
    select f.counts from call_figures f join calls c on c.id = f.call_id
    where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz
      and (:line::text[] is null or f.line = any(:line)) and (:route::text[] is null or f.route = any(:route))
      and (:destination::text[] is null or f.destination = any(:destination))
      and (:hour::smallint[] is null or f.hour = any(:hour))
      and (:weekday::smallint[] is null or extract(isodow from f.day)::smallint = any(:weekday))
      and (:region::text[] is null or f.region = any(:region)) and (:topic::text[] is null or f.topic = any(:topic))
      and (:proposed::text[] is null or f.proposed = any(:proposed))
      and (:intake::text[] is null or f.intake = any(:intake))
      and (:queue::text[] is null or f.queue = any(:queue)) and (:org::text[] is null or f.org = any(:org))
      and f.counts && :counted::text[]::statistics_count[]
      and not f.counts && :uncounted::text[]::statistics_count[]
)
select count(*) as calls,
       coalesce(sum((select count(*) from unnest(counts) as u(count) where u.count::text = any(:counted))), 0)::bigint
           as times
from chosen;

-- name: list_behind
-- Which calls, newest first. The cursor is the last row's (received_at, id).
select c.id
from call_figures f join calls c on c.id = f.call_id
where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz
  and (:line::text[] is null or f.line = any(:line)) and (:route::text[] is null or f.route = any(:route))
  and (:destination::text[] is null or f.destination = any(:destination))
  and (:hour::smallint[] is null or f.hour = any(:hour))
  and (:weekday::smallint[] is null or extract(isodow from f.day)::smallint = any(:weekday))
  and (:region::text[] is null or f.region = any(:region)) and (:topic::text[] is null or f.topic = any(:topic))
  and (:proposed::text[] is null or f.proposed = any(:proposed))
  and (:intake::text[] is null or f.intake = any(:intake))
  and (:queue::text[] is null or f.queue = any(:queue)) and (:org::text[] is null or f.org = any(:org))
  and f.counts && :counted::text[]::statistics_count[]
  and not f.counts && :uncounted::text[]::statistics_count[]
  and (:before_at::timestamptz is null or (c.received_at, c.id) < (:before_at, :before_id::bigint))
order by c.received_at desc, c.id desc
limit :limit;

-- name: organisations
-- Whose people take calls, and how many of them there are.
select o.id, o.name, count(u.id)::int as people
from organisations o
left join users u on u.org_id = o.id and u.disabled_at is null
    and u.role in ('operator', 'lawyer', 'mediator', 'police', 'department')
group by o.id, o.name order by o.id;
