-- A claim and a completion count with less work: the same figures, the same transaction (ADR 0062).

-- ---------------------------------------------------------------- buckets

-- Casts of constants are done when the statement is planned, which lets PostgreSQL put the whole bucket into the count's
-- plan. With one cast around the case it could not, for such a cast is only stable, and the function was called instead.
create or replace function wait_bucket(wait interval) returns statistics_count language sql immutable parallel safe as $$
    select case
        when wait is null then null
        when wait <= interval '5 s' then 'wait_5'::statistics_count
        when wait <= interval '10 s' then 'wait_10'::statistics_count
        when wait <= interval '15 s' then 'wait_15'::statistics_count
        when wait <= interval '20 s' then 'wait_20'::statistics_count
        when wait <= interval '30 s' then 'wait_30'::statistics_count
        when wait <= interval '45 s' then 'wait_45'::statistics_count
        when wait <= interval '60 s' then 'wait_60'::statistics_count
        when wait <= interval '90 s' then 'wait_90'::statistics_count
        when wait <= interval '120 s' then 'wait_120'::statistics_count
        when wait <= interval '180 s' then 'wait_180'::statistics_count
        when wait <= interval '300 s' then 'wait_300'::statistics_count
        when wait <= interval '600 s' then 'wait_600'::statistics_count
        when wait <= interval '900 s' then 'wait_900'::statistics_count
        when wait <= interval '1800 s' then 'wait_1800'::statistics_count
        when wait <= interval '3600 s' then 'wait_3600'::statistics_count
        when wait <= interval '7200 s' then 'wait_7200'::statistics_count
        when wait <= interval '14400 s' then 'wait_14400'::statistics_count
        when wait <= interval '28800 s' then 'wait_28800'::statistics_count
        when wait <= interval '86400 s' then 'wait_86400'::statistics_count
        else 'wait_more'::statistics_count end
$$;

create or replace function acknowledged_bucket(after interval) returns statistics_count
    language sql immutable parallel safe as $$
    select case
        when after is null then null
        when after <= interval '20 s' then 'acknowledged_20'::statistics_count
        when after <= interval '40 s' then 'acknowledged_40'::statistics_count
        when after <= interval '60 s' then 'acknowledged_60'::statistics_count
        when after <= interval '120 s' then 'acknowledged_120'::statistics_count
        when after <= interval '300 s' then 'acknowledged_300'::statistics_count
        else 'acknowledged_more'::statistics_count end
$$;

-- ---------------------------------------------------------------- what was touched

-- As before (0020), without a function of one statement being set up anew for each call of it.
create or replace function follow_calls(ids bigint[]) returns void language plpgsql as $$
begin
    if ids is not null then
        insert into statistics_touched (ids, first)
        values (ids, not exists (select from statistics_touched t where t.txid = pg_current_xact_id()));
    end if;
end $$;

-- Items, assignments and forwards change one at a time, and most of their changes count nothing: a lease kept, an item
-- rung or taken, a ticket received. The condition stands in the trigger, which costs nothing where it is false;
-- what a statement changed is gathered only where whole batches change (calls, and all that is added or removed).
create function follow_changed_row() returns trigger language plpgsql as $$
begin
    perform follow_calls(case when new.call_id = old.call_id then array[new.call_id]
                              else array[old.call_id, new.call_id] end);
    return null;
end $$;

drop trigger statistics_changed on assignments;
create trigger statistics_changed after update on assignments for each row
    when ((new.call_id, new.role, new.enqueued_at, new.entered_at, new.claimed_at, new.counted, new.limit_s, new.outcome,
           new.org_id)
        is distinct from (old.call_id, old.role, old.enqueued_at, old.entered_at, old.claimed_at, old.counted, old.limit_s,
           old.outcome, old.org_id))
    execute function follow_changed_row();
drop function follow_changed_assignments();

drop trigger statistics_changed on transfers;
create trigger statistics_changed after update on transfers for each row
    when ((new.call_id, new.state = 'cancelled', new.state = 'returned', new.overruled)
        is distinct from (old.call_id, old.state = 'cancelled', old.state = 'returned', old.overruled))
    execute function follow_changed_row();
drop function follow_changed_transfers();

drop trigger statistics_changed on queue_items;
create trigger statistics_changed after update on queue_items for each row
    when ((new.call_id, new.role, new.queue, new.state = 'cancelled')
            is distinct from (old.call_id, old.role, old.queue, old.state = 'cancelled')
        or (new.state = 'done' or old.state = 'done' or new.abandoned_at is not null or old.abandoned_at is not null)
           and (new.state, new.deadline, new.ended_at, new.counted, new.entered_at, new.abandoned_at, new.limit_s)
            is distinct from (old.state, old.deadline, old.ended_at, old.counted, old.entered_at, old.abandoned_at,
                              old.limit_s))
    execute function follow_changed_row();
drop function follow_changed_items();

-- ---------------------------------------------------------------- counting

-- As before (0005, 0013), but a transaction that touched one call, as a claim does, counts it step by step: the plan that
-- compares any number of calls took longer to set up than the call took to count. Both ways lock what was counted,
-- then read the raw rows by the next statement, and write the same.
create or replace function count_touched_calls() returns trigger language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan
    set join_collapse_limit = 1 as $$
declare
    ids bigint[];
    one bigint;
    before call_figures;
    fresh call_figures;
begin
    with taken as (
        delete from statistics_touched where txid = pg_current_xact_id() returning statistics_touched.ids
    )
    select array_agg(distinct call_id) into ids from taken cross join lateral unnest(taken.ids) as t(call_id);
    if ids is null then
        return null;
    end if;
    if cardinality(ids) = 1 then
        one := ids[1];
        select * into before from call_figures where call_id = one for update;
        select * into fresh from call_facts where call_id = one;
        if fresh is not distinct from before then
            return null;
        end if;
        if fresh.call_id is null then
            delete from call_figures where call_id = one;
        elsif before.call_id is null then
            insert into call_figures select fresh.*;
        else
            update call_figures set
                day = fresh.day, hour = fresh.hour, line = fresh.line, region = fresh.region, route = fresh.route,
                destination = fresh.destination, topic = fresh.topic, proposed = fresh.proposed, intake = fresh.intake,
                queue = fresh.queue, org = fresh.org, counts = fresh.counts
            where call_id = one;
        end if;
        insert into statistics_deltas
            (day, hour, line, region, route, destination, topic, proposed, intake, queue, org, counts, n)
        select f.day, f.hour, f.line, f.region, f.route, f.destination, f.topic, f.proposed, f.intake, f.queue, f.org,
               f.counts, f.n
        from (select fresh.*, 1 as n union all select before.*, -1) f
        where f.call_id is not null;
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
            proposed = excluded.proposed, intake = excluded.intake, queue = excluded.queue, org = excluded.org,
            counts = excluded.counts
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
