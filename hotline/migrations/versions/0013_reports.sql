-- What managers ask for beside 0005: by queue and by organisation, how soon a danger is acknowledged, what people
-- took; exports as jobs, saved views, wall displays (ADR 0041). Figures are counted anew from the raw rows at the end.

-- ---------------------------------------------------------------- whose people took a call

-- The organisation of the person at that time: who moves to another one later takes no figures along.
alter table assignments add column org_id bigint references organisations;
alter table direct_answers add column org_id bigint references organisations;
update assignments s set org_id = u.org_id from users u where u.id = s.user_id;
update direct_answers a set org_id = u.org_id from users u where u.id = a.user_id;

create function keep_org() returns trigger language plpgsql as $$
begin
    new.org_id := (select u.org_id from users u where u.id = new.user_id);
    return new;
end $$;
create trigger assignment_org before insert on assignments for each row execute function keep_org();
create trigger direct_answer_org before insert on direct_answers for each row execute function keep_org();

-- ---------------------------------------------------------------- what a call counts as

drop view call_facts;
drop table call_figures, statistics_deltas, statistics_rollups;
drop function wait_bucket(interval);
drop type statistics_count;

-- What can be counted. A call has each at most once, but for transfers and returned.
create type statistics_count as enum (
    'calls',
    'waiting', 'in_hand', 'completed', 'closed',        -- where it stands
    'danger', 'review',                                 -- what the reading says of it
    'forwarded', 'overruled', 'transfers', 'returned',  -- forwards, taken-back ones left out
    'answered', 'within',                               -- live intake: claimed, claimed within the limit of its queue
    'abandoned', 'abandoned_5s', 'abandoned_within',    -- hung up while waiting: at all, in 5 s, within the limit
    'taken', 'direct',                                  -- claimed or answered by a person; answered directly
    'alarms',                                           -- danger was called out; how soon a person acknowledged it
    'acknowledged_20', 'acknowledged_40', 'acknowledged_60', 'acknowledged_120', 'acknowledged_300',
    'acknowledged_more',
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

create function acknowledged_bucket(after interval) returns statistics_count language sql immutable parallel safe as $$
    select case
        when after is null then null
        when after <= interval '20 s' then 'acknowledged_20' when after <= interval '40 s' then 'acknowledged_40'
        when after <= interval '60 s' then 'acknowledged_60' when after <= interval '120 s' then 'acknowledged_120'
        when after <= interval '300 s' then 'acknowledged_300' else 'acknowledged_more' end::statistics_count
$$;

-- The raw rows' answer: one row a call, its cell and its counts. The only place that says what is counted; triggers,
-- verification and the first filling all read it. Days and hours are those of Asia/Shanghai. queue: the newest lead item
-- that was not cancelled stands there. org: whose people took the call last.
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
    coalesce(q.queue, '') as queue,
    coalesce(s.org_id::text, a.org_id::text, '') as org,
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
        case when s.taken or a.made > 0 then 'taken'::statistics_count end,
        case when a.made > 0 then 'direct'::statistics_count end,
        case when r.call_id is not null then 'alarms'::statistics_count end,
        acknowledged_bucket(r.acknowledged_at - r.raised_at),
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
left join danger_alarms r on r.call_id = c.id
cross join lateral (
    select min(s.claimed_at - s.enqueued_at) as wait,
           bool_or(s.counted and s.limit_s is not null) as counted,
           bool_or(s.counted and s.claimed_at - s.entered_at <= make_interval(secs => s.limit_s)) as within,
           bool_or(s.outcome = 'completed') as finished, count(*) > 0 as taken,
           (array_agg(s.org_id order by s.id desc))[1] as org_id,
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
           bool_or(q.state = 'done' and q.ended_at <= q.deadline) as on_time,
           (array_agg(q.queue order by q.id desc) filter (where q.state <> 'cancelled'))[1] as queue
    from queue_items q where q.call_id = c.id and q.role = 'lead'
) q
cross join lateral (
    select count(*) as made, (array_agg(a.org_id order by a.id desc))[1] as org_id
    from direct_answers a where a.call_id = c.id
) a;

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
    queue        text not null,
    org          text not null,
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
    queue        text not null,
    org          text not null,
    counts       statistics_count[] not null,
    n            int not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.1);

create index on call_figures (day, line);  -- the calls behind a figure

-- From the smallest on, as in 0005: a question is answered by the first that has its keys.
delete from statistics_grains;
insert into statistics_grains (id, keys, split) values
    (1, '{line}', true),
    (2, '{route}', true),
    (3, '{destination}', true),
    (4, '{queue,org}', true),
    (5, '{proposed,destination}', true),
    (6, '{region}', true),
    (7, '{topic}', true),
    (8, '{hour,line}', true),
    (9, '{line,route,destination}', true),
    (10, '{line,intake,route}', true),
    (11, '{line,route,queue,org}', true),
    (12, '{line,route,topic}', false),
    (13, '{line,route,proposed,destination}', true),
    (14, '{line,region,intake,route}', false),
    (15, '{hour,line,route,destination}', false),
    (16, '{hour,line,region,route,destination,topic,proposed,intake,queue,org}', false);

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
    queue        text not null,
    org          text not null,
    counts       statistics_count[] not null,
    n            bigint not null,
    unique (grain, day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts)
) partition by range (day);
-- days before 2000, which no line sends in earnest
create table statistics_rollups_other partition of statistics_rollups default;

-- ---------------------------------------------------------------- triggers

create or replace function count_touched_calls() returns trigger language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
    ids bigint[];
begin
    with taken as (
        delete from statistics_touched where txid = pg_current_xact_id() returning statistics_touched.ids
    )
    select array_agg(distinct call_id) into ids from taken cross join lateral unnest(taken.ids) as t(call_id);
    if ids is null then
        return null;
    end if;
    perform from call_figures where call_id = any(ids) order by call_id for update;
    with fresh as materialized (
        select * from call_facts where call_id = any(ids)
    ), before as materialized (
        select * from call_figures where call_id = any(ids)
    ), changed as materialized (
        select coalesce(f.call_id, b.call_id) as call_id, f.call_id is null as gone
        from fresh f full join before b on b.call_id = f.call_id
        where f is distinct from b
    ), written as (
        insert into call_figures select f.* from fresh f join changed using (call_id) order by call_id
        on conflict (call_id) do update set
            day = excluded.day, hour = excluded.hour, line = excluded.line, region = excluded.region,
            route = excluded.route, destination = excluded.destination, topic = excluded.topic,
            proposed = excluded.proposed, intake = excluded.intake, queue = excluded.queue, org = excluded.org, counts = excluded.counts
    ), gone as (
        delete from call_figures g using changed c where c.call_id = g.call_id and c.gone
    ), moved as (
        select f.*, 1 as n from fresh f join changed using (call_id)
        union all
        select b.*, -1 from before b join changed using (call_id)
    )
    insert into statistics_deltas
        (day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n)
    select day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, sum(n)
    from moved
    group by day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts
    having sum(n) <> 0;
    return null;
end $$;

-- Leases are kept every few seconds, tickets are received, items rung: most changes count nothing and stop here.
create or replace function follow_changed_assignments() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.call_id, n.role, n.enqueued_at, n.entered_at, n.claimed_at, n.counted, n.limit_s, n.outcome,
               n.org_id)
            is distinct from (o.call_id, o.role, o.enqueued_at, o.entered_at, o.claimed_at, o.counted, o.limit_s, o.outcome,
               o.org_id)
    ));
    return null;
end $$;

-- Items count by their queue from the start, and once they are done or abandoned.
drop trigger statistics_added on queue_items;
create trigger statistics_added after insert on queue_items
    referencing new table as new_rows for each statement execute function follow_added();
drop function follow_added_items();

create or replace function follow_changed_items() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.call_id, n.role, n.queue, n.state = 'cancelled')
                is distinct from (o.call_id, o.role, o.queue, o.state = 'cancelled')
           or (n.state = 'done' or o.state = 'done' or n.abandoned_at is not null or o.abandoned_at is not null)
              and (n.state, n.deadline, n.ended_at, n.counted, n.entered_at, n.abandoned_at, n.limit_s)
                is distinct from (o.state, o.deadline, o.ended_at, o.counted, o.entered_at, o.abandoned_at, o.limit_s)
    ));
    return null;
end $$;

create function follow_changed_alarms() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (call_id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.raised_at, n.acknowledged_at) is distinct from (o.raised_at, o.acknowledged_at)
    ));
    return null;
end $$;
create trigger statistics_added after insert on danger_alarms
    referencing new table as new_rows for each statement execute function follow_added();
create trigger statistics_changed after update on danger_alarms
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_alarms();
create trigger statistics_removed after delete on danger_alarms
    referencing old table as old_rows for each statement execute function follow_removed();

-- Calls that were there before.
insert into call_figures select * from call_facts;
insert into statistics_deltas (day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n)
select day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, count(*)
from call_figures group by day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts;

-- ---------------------------------------------------------------- reports

-- What somebody asked to take out of the service. What is asked for holds codes only; the file is sealed and goes with
-- its expiry. state: asked waits for a second person, queued for the worker.
create table export_jobs (
    id            bigint generated always as identity primary key,
    what          text not null check (what in ('routing', 'indicators', 'report', 'calls')),
    form          text not null check (form in ('csv', 'xlsx', 'pdf')),
    asked         jsonb not null,
    state         text not null check (state in
                    ('asked', 'queued', 'running', 'done', 'failed', 'refused', 'taken_back', 'expired')),
    why           text,                        -- why a second person has to agree; null: nobody has to
    asked_by      bigint not null references users,
    asked_at      timestamptz not null default now(),
    decided_by    bigint references users check (decided_by <> asked_by),
    decided_at    timestamptz,
    attempts      smallint not null default 0,
    lease_until   timestamptz,                 -- a worker that has not kept it by then is gone
    steps_done    int not null default 0,
    steps         int not null default 1,
    finished_at   timestamptz,
    failure       text,                        -- code of what went wrong
    rows          int,
    bytes         int,
    file          bytea
);
create index on export_jobs (asked_at);
create index on export_jobs (state) where state in ('asked', 'queued', 'running');

-- A set of filters somebody keeps; the address holds no more than codes and names of places.
create table statistics_views (
    id          bigint generated always as identity primary key,
    user_id     bigint not null references users,
    name        bytea not null,
    address     text not null,
    shared      boolean not null default false,
    created_at  timestamptz not null default now()
);
create index on statistics_views (user_id);

-- Screens on a wall: figures only, no person logs in there.
create table wall_displays (
    id          bigint generated always as identity primary key,
    name        text not null,
    token_hash  bytea not null unique,
    created_by  bigint not null references users,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    ended_at    timestamptz,
    seen_at     timestamptz
);
