-- Statistics follow every change: triggers on calls and all that belongs to them (after 0005_statistics.sql).

-- Calls that a statement of an open transaction has touched, until the transaction ends. Nothing outlives it, so nothing
-- is lost with a crash.
create unlogged table statistics_touched (
    id    bigint generated always as identity primary key,
    txid  xid8 not null default pg_current_xact_id(),
    ids   bigint[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index on statistics_touched (txid);

create function follow_calls(ids bigint[]) returns void language sql as $$
    insert into statistics_touched (ids) select ids where ids is not null
$$;

-- At the end of a transaction, once for all it touched: count these calls anew; figures and deltas change by the
-- difference. What was counted is locked first and the raw rows are read by the next statement, so that two transactions
-- that change the same call count one after the other. Every row is found by index, whatever the planner knows of tables
-- that were empty a minute ago.
create function count_touched_calls() returns trigger language plpgsql
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
            proposed = excluded.proposed, intake = excluded.intake, counts = excluded.counts
    ), gone as (
        delete from call_figures g using changed c where c.call_id = g.call_id and c.gone
    ), moved as (
        select f.*, 1 as n from fresh f join changed using (call_id)
        union all
        select b.*, -1 from before b join changed using (call_id)
    )
    insert into statistics_deltas
        (day, hour, line, region, route, destination, topic, proposed, intake, counts, n)
    select day, hour, line, region, route, destination, topic, proposed, intake, counts, sum(n)
    from moved
    group by day, hour, line, region, route, destination, topic, proposed, intake, counts
    having sum(n) <> 0;
    return null;
end $$;
create constraint trigger statistics_counted after insert on statistics_touched
    deferrable initially deferred for each row execute function count_touched_calls();

create function follow_added_calls() returns trigger language plpgsql as $$
begin
    perform follow_calls((select array_agg(id) from new_rows));
    return null;
end $$;

create function follow_changed_calls() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(n.id) from new_rows n join old_rows o using (id)
        where (n.state, n.triage_id, n.decision_id, n.line, n.region, n.received_at, n.intake, n.satisfaction)
            is distinct from (o.state, o.triage_id, o.decision_id, o.line, o.region, o.received_at, o.intake, o.satisfaction)
    ));
    return null;
end $$;

create function follow_removed_calls() returns trigger language plpgsql as $$
begin
    perform follow_calls((select array_agg(id) from old_rows));
    return null;
end $$;

create function forget_calls() returns trigger language plpgsql
    security definer set search_path = public, pg_temp as $$
begin
    truncate call_figures, statistics_deltas, statistics_rollups;
    return null;
end $$;

-- What belongs to a call, added or removed: the same for every such table.
create function follow_added() returns trigger language plpgsql as $$
begin
    perform follow_calls((select array_agg(distinct call_id) from new_rows));
    return null;
end $$;

create function follow_removed() returns trigger language plpgsql as $$
begin
    perform follow_calls((select array_agg(distinct call_id) from old_rows));
    return null;
end $$;

-- Leases are kept every few seconds, tickets are received, items rung: most changes count nothing and stop here.
create function follow_changed_assignments() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.call_id, n.role, n.enqueued_at, n.entered_at, n.claimed_at, n.counted, n.limit_s, n.outcome)
            is distinct from (o.call_id, o.role, o.enqueued_at, o.entered_at, o.claimed_at, o.counted, o.limit_s, o.outcome)
    ));
    return null;
end $$;

create function follow_changed_transfers() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.call_id, n.state = 'cancelled', n.state = 'returned', n.overruled)
            is distinct from (o.call_id, o.state = 'cancelled', o.state = 'returned', o.overruled)
    ));
    return null;
end $$;

-- Items count once they are done or abandoned.
create function follow_added_items() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct call_id) from new_rows where state = 'done' or abandoned_at is not null
    ));
    return null;
end $$;

create function follow_changed_items() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct either.call_id) from new_rows n join old_rows o using (id)
        cross join lateral (values (n.call_id), (o.call_id)) as either(call_id)
        where (n.state = 'done' or o.state = 'done' or n.abandoned_at is not null or o.abandoned_at is not null)
          and (n.call_id, n.role, n.state, n.deadline, n.ended_at, n.counted, n.entered_at, n.abandoned_at, n.limit_s)
            is distinct from
              (o.call_id, o.role, o.state, o.deadline, o.ended_at, o.counted, o.entered_at, o.abandoned_at, o.limit_s)
    ));
    return null;
end $$;

-- Readings are never changed by the service; one that is corrected by hand is counted as it reads then.
create function follow_changed_readings() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct n.call_id) from new_rows n join old_rows o using (id)
        where (n.route, n.topics, n.danger_level, n.review)
            is distinct from (o.route, o.topics, o.danger_level, o.review)
    ));
    return null;
end $$;

create function follow_changed_decisions() returns trigger language plpgsql as $$
begin
    perform follow_calls((
        select array_agg(distinct n.call_id) from new_rows n join old_rows o using (id)
        where (n.destination, n.by_user is null, n.notice) is distinct from (o.destination, o.by_user is null, o.notice)
    ));
    return null;
end $$;

create trigger statistics_added after insert on calls
    referencing new table as new_rows for each statement execute function follow_added_calls();
create trigger statistics_changed after update on calls
    referencing old table as old_rows new table as new_rows for each statement execute function follow_changed_calls();
create trigger statistics_removed after delete on calls
    referencing old table as old_rows for each statement execute function follow_removed_calls();
create trigger statistics_emptied after truncate on calls
    for each statement execute function forget_calls();

create trigger statistics_added after insert on assignments
    referencing new table as new_rows for each statement execute function follow_added();
create trigger statistics_changed after update on assignments
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_assignments();
create trigger statistics_removed after delete on assignments
    referencing old table as old_rows for each statement execute function follow_removed();

create trigger statistics_added after insert on transfers
    referencing new table as new_rows for each statement execute function follow_added();
create trigger statistics_changed after update on transfers
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_transfers();
create trigger statistics_removed after delete on transfers
    referencing old table as old_rows for each statement execute function follow_removed();

create trigger statistics_added after insert on queue_items
    referencing new table as new_rows for each statement execute function follow_added_items();
create trigger statistics_changed after update on queue_items
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_items();
create trigger statistics_removed after delete on queue_items
    referencing old table as old_rows for each statement execute function follow_removed();

create trigger statistics_added after insert on direct_answers
    referencing new table as new_rows for each statement execute function follow_added();
create trigger statistics_removed after delete on direct_answers
    referencing old table as old_rows for each statement execute function follow_removed();

-- New readings and decisions count when their call points to them.
create trigger statistics_changed after update on triages
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_readings();
create trigger statistics_removed after delete on triages
    referencing old table as old_rows for each statement execute function follow_removed();
create trigger statistics_changed after update on decisions
    referencing old table as old_rows new table as new_rows
    for each statement execute function follow_changed_decisions();
create trigger statistics_removed after delete on decisions
    referencing old table as old_rows for each statement execute function follow_removed();

-- Calls that were there before.
insert into call_figures select * from call_facts;
insert into statistics_deltas (day, hour, line, region, route, destination, topic, proposed, intake, counts, n)
select day, hour, line, region, route, destination, topic, proposed, intake, counts, count(*)
from call_figures group by day, hour, line, region, route, destination, topic, proposed, intake, counts;
