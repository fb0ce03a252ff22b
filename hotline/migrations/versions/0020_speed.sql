-- Claims and imports cost less: counting a call, and a call's way through its states in one update.

-- ---------------------------------------------------------------- counting

-- The raw rows' answer as before (0013). id + 0: without it PostgreSQL may read all assignments in the order of their ids
-- in place of those of the call, which a plan made while the table was small does until the plan is made anew.
create or replace view call_facts as
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
                        where p.call_id = c.id and p.by_user is null and not p.notice order by p.id + 0 desc limit 1)
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
           (array_agg(s.org_id order by s.id + 0 desc))[1] as org_id,
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
           (array_agg(q.queue order by q.id + 0 desc) filter (where q.state <> 'cancelled'))[1] as queue
    from queue_items q where q.call_id = c.id and q.role = 'lead'
) q
cross join lateral (
    select count(*) as made, (array_agg(a.org_id order by a.id + 0 desc))[1] as org_id
    from direct_answers a where a.call_id = c.id
) a;

-- Each connection plans the count once, and again whenever one of its tables was analysed: the view names the tables in
-- the order in which they are read, and nothing is gained by trying all others.
alter function count_touched_calls() set join_collapse_limit = 1;

-- One count a transaction, not one for each statement that touched calls: the first row of a transaction stands for all.
-- A savepoint that is undone takes all later rows with it, so the first is never missing while others are there.
alter table statistics_touched add column first boolean not null default true;
create or replace function follow_calls(ids bigint[]) returns void language sql as $$
    insert into statistics_touched (ids, first)
    select ids, not exists (select from statistics_touched t where t.txid = pg_current_xact_id())
    where ids is not null
$$;
drop trigger statistics_counted on statistics_touched;
create constraint trigger statistics_counted after insert on statistics_touched
    deferrable initially deferred for each row when (new.first) execute function count_touched_calls();

-- ---------------------------------------------------------------- states

-- A call that gets its first reading and what follows from it in one update passes through triaged: what may follow is
-- what may follow triaged, and its log has both.
create or replace function check_call_state() returns trigger language plpgsql as $$
declare
    from_here text := old.state;
begin
    if new.state = old.state then
        return new;
    end if;
    if old.state = 'received' and new.state <> 'triaged' and old.triage_id is null and new.triage_id is not null then
        from_here := 'triaged';
    end if;
    if not exists (select from call_state_transitions where from_state = from_here and to_state = new.state) then
        raise exception 'call % cannot change from % to %', old.id, old.state, new.state
            using errcode = 'HL001';
    end if;
    new.state_changed_at := now();
    return new;
end $$;
