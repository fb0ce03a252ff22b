-- Roll-ups: what each call counts as, and the sums of it, changed in the transaction of what they count (ADR 0025).
--
--   calls and what belongs to them --triggers--> call_figures, statistics_deltas --worker--> statistics_rollups
--
-- A question sums roll-ups and deltas in one statement, so folding the one into the other never changes an answer.

-- What can be counted. A call has each at most once, but for transfers and returned.
create type statistics_count as enum (
    'calls',
    'waiting', 'in_hand', 'completed', 'closed',        -- where it stands
    'danger', 'review',                                 -- what the reading says of it
    'forwarded', 'overruled', 'transfers', 'returned',  -- forwards, taken-back ones left out
    'answered', 'within',                               -- live intake: claimed, claimed within the limit of its queue
    'abandoned', 'abandoned_5s', 'abandoned_within',    -- hung up while waiting: at all, in 5 s, within the limit
    'finished', 'finished_first',                       -- by a person; by the first who had it, nothing sent back
    'due', 'on_time',                                   -- finished ones with a deadline; before it
    'rated_1', 'rated_2', 'rated_3', 'rated_4', 'rated_5',
    -- from enqueueing to the first claim, by upper bound in seconds
    'wait_5', 'wait_10', 'wait_15', 'wait_20', 'wait_30', 'wait_45', 'wait_60', 'wait_90', 'wait_120', 'wait_180',
    'wait_300', 'wait_600', 'wait_900', 'wait_1800', 'wait_3600', 'wait_7200', 'wait_14400', 'wait_28800',
    'wait_86400', 'wait_more'
);

create function wait_bucket(wait interval) returns statistics_count language sql immutable parallel safe as $$
    select case
        when wait is null then null
        when wait <= interval '5 s' then 'wait_5' when wait <= interval '10 s' then 'wait_10'
        when wait <= interval '15 s' then 'wait_15' when wait <= interval '20 s' then 'wait_20'
        when wait <= interval '30 s' then 'wait_30' when wait <= interval '45 s' then 'wait_45'
        when wait <= interval '60 s' then 'wait_60' when wait <= interval '90 s' then 'wait_90'
        when wait <= interval '120 s' then 'wait_120' when wait <= interval '180 s' then 'wait_180'
        when wait <= interval '300 s' then 'wait_300' when wait <= interval '600 s' then 'wait_600'
        when wait <= interval '900 s' then 'wait_900' when wait <= interval '1800 s' then 'wait_1800'
        when wait <= interval '3600 s' then 'wait_3600' when wait <= interval '7200 s' then 'wait_7200'
        when wait <= interval '14400 s' then 'wait_14400' when wait <= interval '28800 s' then 'wait_28800'
        when wait <= interval '86400 s' then 'wait_86400' else 'wait_more' end::statistics_count
$$;

-- ---------------------------------------------------------------- what service levels need to know of a claim

-- The limit of each queue as the policy in force says it; processes write it when they change over.
create table queue_limits (
    queue    text primary key,
    limit_s  double precision not null
);

alter table queue_items
    add column limit_s double precision,       -- of its queue when it came in: the promise made to this caller
    add column abandoned_at timestamptz;       -- the caller hung up before anybody took the item
alter table assignments add column limit_s double precision;  -- the item's, when claimed; null: before limits were kept

create function keep_limit() returns trigger language plpgsql as $$
begin
    new.limit_s := (select l.limit_s from queue_limits l where l.queue = new.queue);
    return new;
end $$;
create trigger queue_item_limit before insert or update of queue on queue_items
    for each row execute function keep_limit();

create function keep_abandoned() returns trigger language plpgsql as $$
begin
    new.abandoned_at := now();
    return new;
end $$;
create trigger queue_item_abandoned before update of live on queue_items
    for each row when (old.live and not new.live and new.role = 'lead' and new.state in ('waiting', 'offered')
                       and new.abandoned_at is null)
    execute function keep_abandoned();

-- ---------------------------------------------------------------- what a call counts as

-- The raw rows' answer: one row a call, its cell and its counts. The only place that says what is counted; triggers,
-- verification and the first filling all read it. Days and hours are those of Asia/Shanghai.
create view call_facts as
select
    c.id as call_id,
    (c.received_at at time zone 'Asia/Shanghai')::date as day,
    extract(hour from c.received_at at time zone 'Asia/Shanghai')::smallint as hour,
    c.line,
    coalesce(c.region, '') as region,
    coalesce(t.route, '') as route,
    coalesce(d.destination, '') as destination,
    coalesce(t.topics[1], '') as topic,
    -- where the newest reading wanted it, whatever a person made of that
    coalesce(case when d.by_user is null then d.destination
                  else (select p.destination from decisions p
                        where p.call_id = c.id and p.by_user is null and not p.notice order by p.id desc limit 1)
             end, '') as proposed,
    c.intake,
    array_remove(array[
        'calls'::statistics_count,
        case c.state when 'queued' then 'waiting'::statistics_count when 'offered' then 'waiting'
                     when 'claimed' then 'in_hand' when 'completed' then 'completed' when 'closed' then 'closed' end,
        case when t.danger_level >= 1 then 'danger'::statistics_count end,
        case when t.review then 'review'::statistics_count end,
        case when f.made > 0 then 'forwarded'::statistics_count end,
        case when f.overruled then 'overruled'::statistics_count end,
        case when s.counted and q.abandoned is null then 'answered'::statistics_count end,
        case when s.within and q.abandoned is null then 'within'::statistics_count end,
        case when q.abandoned is not null then 'abandoned'::statistics_count end,
        case when q.abandoned <= interval '5 s' then 'abandoned_5s'::statistics_count end,
        case when q.abandoned <= make_interval(secs => q.limit_s) then 'abandoned_within'::statistics_count end,
        case when s.finished or a.made > 0 then 'finished'::statistics_count end,
        case when (s.finished or a.made > 0) and s.hands <= 1 and f.returned = 0
             then 'finished_first'::statistics_count end,
        case when q.due then 'due'::statistics_count end,
        case when q.on_time then 'on_time'::statistics_count end,
        case c.satisfaction when 1 then 'rated_1'::statistics_count when 2 then 'rated_2' when 3 then 'rated_3'
                            when 4 then 'rated_4' when 5 then 'rated_5' end,
        wait_bucket(s.wait)
    ], null)
        || array_fill('transfers'::statistics_count, array[f.made::int])
        || array_fill('returned'::statistics_count, array[f.returned::int]) as counts
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
cross join lateral (
    select min(s.claimed_at - s.enqueued_at) as wait,
           bool_or(s.counted and s.limit_s is not null) as counted,
           bool_or(s.counted and s.claimed_at - s.entered_at <= make_interval(secs => s.limit_s)) as within,
           bool_or(s.outcome = 'completed') as finished,
           count(*) filter (where s.outcome in ('completed', 'forwarded')) as hands
    from assignments s where s.call_id = c.id and s.role = 'lead'
) s
cross join lateral (
    select count(*) as made, bool_or(f.overruled) as overruled, count(*) filter (where f.state = 'returned') as returned
    from transfers f where f.call_id = c.id and f.state <> 'cancelled'
) f
cross join lateral (
    select min(q.abandoned_at - q.entered_at) filter (where q.counted) as abandoned, min(q.limit_s) as limit_s,
           bool_or(q.state = 'done' and q.deadline is not null) as due,
           bool_or(q.state = 'done' and q.ended_at <= q.deadline) as on_time
    from queue_items q where q.call_id = c.id and q.role = 'lead'
) q
cross join lateral (select count(*) as made from direct_answers a where a.call_id = c.id) a;

-- What each call is counted as now: what has to be taken off when it changes. No personal data.
create table call_figures (
    call_id      bigint primary key,
    day          date not null,
    hour         smallint not null,
    line         text not null,
    region       text not null,
    route        text not null,
    destination  text not null,
    topic        text not null,
    proposed     text not null,
    intake       text not null,
    counts       statistics_count[] not null
) with (fillfactor = 80);

-- n calls more (or fewer) that count as counts in this cell; nobody waits for anybody to write one.
create table statistics_deltas (
    id           bigint generated always as identity primary key,
    day          date not null,
    hour         smallint not null,
    line         text not null,
    region       text not null,
    route        text not null,
    destination  text not null,
    topic        text not null,
    proposed     text not null,
    intake       text not null,
    counts       statistics_count[] not null,
    n            int not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.1);

-- Which keys a roll-up keeps apart, from the smallest on: a question is answered by the first that has its keys. Days
-- are always kept apart. split: one row for each count of a cell, where a cell holds many calls; else one row for each
-- set of counts, as in the deltas, where most cells hold few.
create table statistics_grains (
    id     smallint primary key,
    keys   text[] not null,
    split  boolean not null
);
insert into statistics_grains (id, keys, split) values
    (1, '{line}', true),
    (2, '{route}', true),
    (3, '{destination}', true),
    (4, '{proposed,destination}', true),
    (5, '{region}', true),
    (6, '{topic}', true),
    (7, '{hour,line}', true),
    (8, '{line,route,destination}', true),
    (9, '{line,intake,route}', true),
    (10, '{line,region,intake,route}', false),
    (11, '{hour,line,route,destination}', false),
    (12, '{hour,line,region,route,destination,topic,proposed,intake}', false);

-- n calls count as counts in this cell. A key that a grain does not keep apart is '' there, hour is -1.
create table statistics_rollups (
    grain        smallint not null,
    day          date not null,
    hour         smallint not null,
    line         text not null,
    region       text not null,
    route        text not null,
    destination  text not null,
    topic        text not null,
    proposed     text not null,
    intake       text not null,
    counts       statistics_count[] not null,
    n            bigint not null,
    unique (grain, day, hour, line, region, route, destination, topic, proposed, intake, counts)
) partition by range (day);
-- days before 2000, which no line sends in earnest
create table statistics_rollups_other partition of statistics_rollups default;

-- The partition of a day's month, made where it is missing. Attached, not created in place: questions go on meanwhile.
-- As the owner of the tables, which the service's own role is not.
create function statistics_partition(of_day date) returns void language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    month date := date_trunc('month', of_day);
    name text := 'statistics_rollups_' || to_char(of_day, 'YYYYMM');
begin
    if of_day < date '2000-01-01' or of_day >= date '2100-01-01' or to_regclass(name) is not null then
        return;
    end if;
    execute format('create table %I (like statistics_rollups including constraints including indexes)', name);
    execute format('alter table statistics_rollups attach partition %I for values from (%L) to (%L)',
                   name, month, (month + interval '1 month')::date);
end $$;
