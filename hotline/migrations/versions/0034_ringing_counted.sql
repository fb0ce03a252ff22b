-- The raw rows' answer as before (0027), with how calls rang. A call that nobody answered and that left no words is closed
-- as it is stored, without a reading: it counts as one that rang and as nothing else.
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
        case when not (c.connected is false and c.triage_id is null and c.state = 'closed')
             then 'calls'::statistics_count end,
        case c.state when 'queued' then 'waiting'::statistics_count when 'offered' then 'waiting'
                     when 'claimed' then 'in_hand' when 'completed' then 'completed'
                     when 'closed' then case when c.connected is distinct from false or c.triage_id is not null
                                             then 'closed'::statistics_count end end,
        case when t.danger_level >= 1 then 'danger'::statistics_count end,
        case when t.review then 'review'::statistics_count end,
        case when f.made > 0 then 'forwarded'::statistics_count end,
        case when f.overruled then 'overruled'::statistics_count end,
        case when s.counted and q.abandoned is null then 'answered'::statistics_count end,
        case when s.within and q.abandoned is null then 'within'::statistics_count end,
        case when q.abandoned is not null then 'abandoned'::statistics_count end,
        case when q.abandoned <= interval '5 s' then 'abandoned_5s'::statistics_count end,
        case when q.abandoned_within then 'abandoned_within'::statistics_count end,
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
        case k.appraisal when 'satisfied' then 'case_satisfied'::statistics_count
                         when 'unsatisfied' then 'case_unsatisfied' end,
        case k.resolved when true then 'case_resolved'::statistics_count when false then 'case_unresolved' end,
        -- by who had it first, and not once more
        case when k.resolved and not k.again and (s.finished or a.made > 0) and s.hands <= 1 and f.returned = 0
             then 'case_resolved_first'::statistics_count end,
        case when c.connected is not null then 'rang'::statistics_count end,
        case when c.connected then 'connected'::statistics_count end,
        -- of one that was answered nobody knows how soon where the line does not tell; the others were not, whatever they rang
        case when not c.connected or c.connected and c.ring_s is not null then 'rang_timed'::statistics_count end,
        case when c.connected and c.ring_s <= 15 then 'connected_15s'::statistics_count end,
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
    select min(q.abandoned_at - q.entered_at) filter (where q.counted) as abandoned,
           bool_or(q.counted and q.abandoned_at - q.entered_at <= make_interval(secs => q.limit_s)) as abandoned_within,
           bool_or(q.state = 'done' and q.deadline is not null) as due,
           bool_or(q.state = 'done' and q.ended_at <= q.deadline) as on_time,
           (array_agg(q.queue order by q.id + 0 desc) filter (where q.state <> 'cancelled'))[1] as queue
    from queue_items q where q.call_id = c.id and q.role = 'lead'
) q
cross join lateral (
    select count(*) as made, (array_agg(a.org_id order by a.id + 0 desc))[1] as org_id
    from direct_answers a where a.call_id = c.id
) a
cross join lateral (
    -- what was said last, of whichever desk's work on the call
    select (array_agg(k.appraisal order by k.appraised_at desc, k.id desc)
                filter (where k.appraisal in ('satisfied', 'unsatisfied')))[1] as appraisal,
           (array_agg(k.resolved order by k.appraised_at desc, k.id desc)
                filter (where k.resolved is not null))[1] as resolved,
           bool_or(k.times_again > 0) as again
    from undertakings k where k.call_id = c.id
) k;

-- As before (0005), and how a call rang.
create or replace function follow_changed_calls() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(n.id) from new_rows n join old_rows o using (id)
        where (n.state, n.triage_id, n.decision_id, n.line, n.region, n.received_at, n.intake, n.satisfaction,
               n.connected, n.ring_s)
            is distinct from (o.state, o.triage_id, o.decision_id, o.line, o.region, o.received_at, o.intake, o.satisfaction,
               o.connected, o.ring_s)
    ));
    return null;
end $$;

-- As before (0020), and a call that was closed because nobody answered begins anew when its line sends what was said.
create or replace function check_call_state() returns trigger language plpgsql as $$
declare
    from_here text := old.state;
begin
    if new.state = old.state then
        return new;
    end if;
    if old.state = 'closed' and new.state = 'received' and old.connected is false and old.triage_id is null then
        new.state_changed_at := now();
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
