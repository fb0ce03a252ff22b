-- Triage jobs, readings and decisions.

-- name: claim_jobs
-- Take up to :limit fresh jobs: nobody has taken them before. Live calls first. Nobody waits for the disk: a lease that
-- a crash of the server undoes is taken again, and what is settled under it is committed after it.
with quick as materialized (
    select set_config('synchronous_commit', 'off', true)
), due as (
    select call_id from triage_jobs
    where set_aside_at is null and attempts = 0 and (leased_until is null or leased_until < now())
    order by lane, enqueued_at
    limit :limit
    for update skip locked
)
update triage_jobs j set
    leased_until = now() + make_interval(secs => :lease_s::double precision), leased_by = :worker,
    attempts = j.attempts + 1
from due cross join quick where j.call_id = due.call_id
returning j.call_id, j.attempts;

-- name: claim_suspect
-- Take one job that was taken before and not finished: it may have ended its reader, so it is read alone.
with due as (
    select call_id from triage_jobs
    where set_aside_at is null and attempts between 1 and :max_tries::int - 1
      and (leased_until is null or leased_until < now())
    order by attempts, lane, enqueued_at
    limit 1
    for update skip locked
)
update triage_jobs j set
    leased_until = now() + make_interval(secs => :lease_s::double precision), leased_by = :worker,
    attempts = j.attempts + 1
from due where j.call_id = due.call_id
returning j.call_id, j.attempts;

-- name: spent_jobs
-- Jobs whose last try ended without a word.
select call_id from triage_jobs
where set_aside_at is null and attempts >= :max_tries::int and (leased_until is null or leased_until < now())
limit 100;

-- name: calls_to_read
-- What triage and policy look at, for the claimed jobs. shown: while the caller speaks, the reading shown so far.
select c.id, c.line, c.external_id, c.revision, c.intake, c.live, c.received_at, c.transcript, c.segments,
       c.talk_time_s, c.region, coalesce(g.code, c.region) as grid, c.language, c.caller_number is not null as has_number,
       c.confidential, now() as read_at, t.reading as shown
from calls c left join grids g on g.id = c.grid_id left join triages t on t.id = c.triage_id and c.live
where c.id = any(:ids::bigint[]) order by c.id;

-- name: live_to_sharpen
-- Live calls whose proposal nobody has taken up, that only the first reader has read and no second reader was asked
-- about, as calls_to_read gives them.
select c.id, c.line, c.external_id, c.revision, c.intake, c.live, c.received_at, c.transcript, c.segments,
       c.talk_time_s, c.region, coalesce(g.code, c.region) as grid, c.language, c.caller_number is not null as has_number,
       c.confidential, now() as read_at, t.id as triage_id, t.reading as shown, c.heard_at
from calls c join triages t on t.id = c.triage_id left join grids g on g.id = c.grid_id
where c.live and c.state = 'proposed' and t.revision = c.revision and position('+' in t.model) = 0
  and t.created_at > now() - make_interval(secs => :recent_s)
  and not exists (select from second_readings s where s.triage_id = t.id)
order by t.id desc limit :limit;

-- name: queued_to_sharpen
-- The recorded call that has waited longest of those whose first reading is unsure, as calls_to_read gives it: queued, of
-- the last :recent_s seconds and the newest 500 readings, read by the first reader alone, and no second one asked. None
-- while anything is to be read, or while a caller spoke in the last :quiet_s seconds.
select c.id, c.line, c.external_id, c.revision, c.intake, c.live, c.received_at, c.transcript, c.segments,
       c.talk_time_s, c.region, coalesce(g.code, c.region) as grid, c.language, c.caller_number is not null as has_number,
       c.confidential, now() as read_at, t.id as triage_id, t.reading as shown
from (select * from triages order by id desc limit 500) t
join calls c on c.triage_id = t.id left join grids g on g.id = c.grid_id
where t.created_at > now() - make_interval(secs => :recent_s) and (t.review or t.confidence < :unsure_below)
  and position('+' in t.model) = 0 and not exists (select from second_readings s where s.triage_id = t.id)
  and c.state = 'queued' and not c.live and c.intake <> 'history' and t.revision = c.revision
  and not exists (select from triage_jobs where set_aside_at is null)
  and not exists (select from calls h where h.live and h.state in ('received', 'triaged', 'proposed')
                  and h.heard_at > now() - make_interval(secs => :quiet_s))
order by t.id limit 1;

-- name: take_second_readings
-- Of these readings those that nobody has taken yet, taken now: each is asked about by one worker, once.
insert into second_readings (triage_id, taken_by)
select id, :worker from triages where id = any(:ids::bigint[]) order by id
on conflict do nothing returning triage_id;

-- name: forget_second_readings!
-- By then the proposal is too old to be looked at again.
delete from second_readings where taken_at < now() - interval '7 days';

-- name: set_aside!
-- Jobs that failed too often wait for a person, with the reason of the last failure where one was told; they hold up
-- nobody. The calls are locked first, as everybody does.
with locked as (
    select id from calls where id = any(:ids::bigint[]) order by id for update
), aside as (
    update triage_jobs j set set_aside_at = now(), leased_until = null, leased_by = null,
        last_error = left(:error, 500)
    from locked where j.call_id = locked.id and j.set_aside_at is null
    returning j.call_id
), told as (
    insert into events (kind, call_id) select 'triage_set_aside', call_id from aside
)
insert into call_log (call_id, action) select call_id, 'triage_set_aside' from aside;

-- name: give_back!
-- A failed try: the job is due again after a pause. One that somebody else has taken meanwhile is left alone.
update triage_jobs j set leased_until = now() + make_interval(secs => :pause_s), leased_by = null,
    last_error = left(:error, 500)
from unnest(:ids::bigint[], :attempts::int[]) as mine(call_id, attempts)
where j.call_id = mine.call_id and j.attempts = mine.attempts and j.leased_by = :worker;

-- name: drop_leases!
-- What a worker took and lost hold of is due again; the try does not count.
update triage_jobs set leased_until = null, leased_by = null, attempts = greatest(attempts - 1, 0)
where leased_by = :worker and set_aside_at is null;

-- name: keep_leases!
-- A worker that still reads has its jobs for longer.
update triage_jobs set leased_until = now() + make_interval(secs => :lease_s::double precision)
where call_id = any(:ids::bigint[]) and leased_by = :worker and set_aside_at is null;

-- name: lock_owned_jobs
-- Those of a worker's jobs that are its own still, locked. A lease that has run out is no matter while nobody else has
-- taken the job.
select j.call_id
from triage_jobs j join unnest(:ids::bigint[], :attempts::int[]) as mine(call_id, attempts) using (call_id)
where j.leased_by = :worker and j.attempts = mine.attempts
order by j.call_id
for update of j;

-- name: repeat_set_aside$
-- A person wants a job that was set aside tried again; null where none is set aside.
update triage_jobs set set_aside_at = null, attempts = 0, leased_until = null
where call_id = :call_id and set_aside_at is not null returning call_id;

-- name: pending$
-- How many readings are still to be made (set-aside ones not counted).
select count(*) from triage_jobs where set_aside_at is null;

-- name: live_waiting$
-- How many live calls wait to be read, counted up to :most.
select count(*) from (select from triage_jobs where lane = 0 and set_aside_at is null limit :most) waiting;

-- name: lock_calls
-- The calls of a batch, locked in id order. What belongs to them is read by the next statement: after a wait for a
-- lock, this one would still see the transfers of before the wait.
select id from calls where id = any(:ids::bigint[]) order by id for update;

-- name: locked_calls
-- The calls of a batch as they stand now. forwarded: a person has sent the call somewhere, got it
-- returned, or promised to call back.
-- unheard: closed by the policy, and nobody has been asked to look at it.
select c.id, c.revision, c.state, c.live, c.intake, t.danger_level, t.revision as read_revision,
       d.by_user is not null or exists (select from transfers f where f.call_id = c.id and f.state <> 'cancelled')
           or exists (select from queue_items i where i.call_id = c.id and i.state = 'waiting' and i.not_before is not null)
           as forwarded,
       c.state = 'closed' and c.intake <> 'history' and d.by_user is null and d.outcome = 'close'
           and not exists (select from queue_items i where i.call_id = c.id and i.state <> 'cancelled') as unheard
from calls c left join triages t on t.id = c.triage_id left join decisions d on d.id = c.decision_id
where c.id = any(:ids::bigint[]);

-- name: insert_readings
-- Readings and the decisions that follow, in one statement. A reading that exists already (call, revision, model) is
-- not stored twice and brings no second decision.
with input as (
    select * from rows from (
        jsonb_to_recordset(:rows::jsonb) as (
            call_id bigint, revision int, model text, route text, confidence real, review boolean,
            danger_level smallint, topics text[], destination text, queue text, target_queue text, mode text,
            priority smallint, deadline timestamptz, rule text, policy_version text, outcome text, notice boolean),
        unnest(:readings::bytea[]), unnest(:bodies::bytea[])
    ) as r(call_id, revision, model, route, confidence, review, danger_level, topics, destination, queue, target_queue,
           mode, priority, deadline, rule, policy_version, outcome, notice, reading, body)
), read as (
    insert into triages (call_id, revision, model, route, confidence, review, danger_level, topics, reading)
    select call_id, revision, model, route, confidence, review, danger_level, topics, reading
    from input order by call_id
    on conflict (call_id, revision, model) do nothing
    returning id, call_id
), decided as (
    insert into decisions (call_id, triage_id, destination, queue, target_queue, mode, priority, deadline,
                           rule, policy_version, outcome, body, notice)
    select i.call_id, r.id, i.destination, i.queue, i.target_queue, i.mode, i.priority, i.deadline,
           i.rule, i.policy_version, i.outcome, i.body, i.notice
    from read r join input i using (call_id) order by i.call_id
    returning id, call_id, triage_id, notice
)
select d.call_id, d.triage_id, d.id as decision_id, d.notice from decided d;

-- name: supersede!
-- Before a fresh decision on calls that had one: the old rows stay, no longer in force.
update decisions set superseded_at = now()
where call_id = any(:ids::bigint[]) and superseded_at is null and by_user is null;

-- name: mark_read!
-- Calls that were read again have a newer reading and decision. A notice leaves the decision in force alone.
with input as (
    select * from jsonb_to_recordset(:rows::jsonb) as r(call_id bigint, triage_id bigint, decision_id bigint)
), changed as (
    update calls c set triage_id = i.triage_id, decision_id = coalesce(i.decision_id, c.decision_id)
    from input i where c.id = i.call_id
    returning c.id
)
insert into call_log (call_id, state, action)
select id, 'triaged', 'triaged' from changed;

-- name: settle!
-- What follows at once from fresh decisions: proposed, queued or closed, with the queue items (lead and joint) and log
-- entries. One statement for the whole batch. A call's first reading comes with what follows from it, so that its wide
-- row is written once: it passes through triaged, and its log has both.
with input as (
    select * from jsonb_to_recordset(:rows::jsonb) as r(
        call_id bigint, triage_id bigint, decision_id bigint, state text, action text, close_reason text, detail jsonb)
), items as (
    select * from jsonb_to_recordset(:items::jsonb) as r(
        call_id bigint, queue text, role text, priority smallint, deadline timestamptz, topics text[],
        grid text, language text, live boolean, counted boolean)
), changed as (
    update calls c set state = i.state, close_reason = i.close_reason,
        triage_id = coalesce(i.triage_id, c.triage_id), decision_id = coalesce(i.decision_id, c.decision_id)
    from input i where c.id = i.call_id
    returning c.id
), logged as (
    insert into call_log (call_id, state, action, detail)
    select i.call_id, l.state, l.action, l.detail
    from input i cross join lateral (
        select 1 as step, 'triaged' as state, 'triaged' as action, '{}'::jsonb as detail where i.triage_id is not null
        union all
        select 2, i.state, i.action, coalesce(i.detail, '{}')
    ) l
    order by i.call_id, l.step
)
insert into queue_items (call_id, queue, role, priority, deadline, topics, grid, language, live, counted)
select call_id, queue, role, priority, deadline, topics, grid, language, live, counted
from items order by call_id
on conflict (call_id, queue) where state in ('waiting', 'offered', 'claimed') do nothing;

-- name: tell!
-- Events of a batch.
insert into events (kind, call_id, queue, data)
select kind, call_id, queue, coalesce(data, '{}')
from jsonb_to_recordset(:rows::jsonb) as r(kind text, call_id bigint, queue text, data jsonb);

-- name: raise_danger
-- Danger happening now: stays until a person acknowledges it. A repeated alarm changes nothing, a higher level does;
-- the calls whose alarm is new.
insert into danger_alarms (call_id, level, kinds, operator_id)
select r.call_id, r.level, r.kinds, c.held_by
from jsonb_to_recordset(:rows::jsonb) as r(call_id bigint, level smallint, kinds text[])
join calls c on c.id = r.call_id
on conflict (call_id) do update set level = excluded.level, kinds = excluded.kinds, raised_at = now(),
    stage = 0, stage_at = now(), operator_id = excluded.operator_id, acknowledged_at = null, acknowledged_by = null
where danger_alarms.level < excluded.level
returning call_id;

-- name: add_danger_checks!
-- Danger in old records becomes a check task, not an alarm.
insert into danger_checks (call_id) select unnest(:ids::bigint[]) on conflict do nothing;

-- name: add_quality_samples!
-- Calls closed by machine that a person shall look at again.
insert into quality_samples (call_id, reason)
select call_id, reason from jsonb_to_recordset(:rows::jsonb) as r(call_id bigint, reason text)
on conflict do nothing;

-- name: finish_jobs!
-- Jobs whose revision has been read. One that has a newer revision meanwhile stays: what brought it made it due.
delete from triage_jobs j using jsonb_to_recordset(:rows::jsonb) as i(call_id bigint, revision int)
where j.call_id = i.call_id and j.revision <= i.revision;

-- name: open_items
-- The open queue items of a call, lead first.
select id, queue, role, state, priority, enqueued_at, offered_to from queue_items
where call_id = :call_id and state in ('waiting', 'offered', 'claimed') order by role desc, id for update;

-- name: move_lead!
-- A new decision sends a waiting call to another queue: the item moves, its enqueued_at is kept.
update queue_items set queue = :queue, priority = :priority, deadline = :deadline,
    topics = :topics, grid = :grid, entered_at = case when queue = :queue then entered_at else now() end,
    state = 'waiting', offered_to = null, offer_expires_at = null
where id = :item_id;

-- name: raise_priority!
-- Danger has risen: what waits in this queue already goes forward.
update queue_items set priority = least(priority, :priority)
where call_id = :call_id and queue = :queue and state in ('waiting', 'offered');

-- name: cancel_item!
-- An item nobody needs any more.
update queue_items set state = 'cancelled', ended_at = now() where id = :item_id;

-- name: triage^
-- The newest reading of a call.
select t.* from triages t join calls c on c.triage_id = t.id where c.id = :call_id;

-- name: decision^
-- The decision in force.
select d.*, u.display_name as by_name from decisions d join calls c on c.decision_id = d.id
left join users u on u.id = d.by_user
where c.id = :call_id;

-- name: notices
-- Readings made after somebody took the call: shown, never queued.
select d.id, d.created_at, d.destination, d.body from decisions d
where d.call_id = :call_id and d.notice order by d.id desc limit 5;

-- name: worker_seen!
-- A worker says that it is alive, by a connection it keeps open as long as it is.
insert into workers (name, model, backend) values (:name, :model, pg_backend_pid())
on conflict (name) do update set seen_at = now(), model = excluded.model, backend = excluded.backend;

-- name: worker_gone!
-- A worker leaves.
delete from workers where name = :name;

-- name: live_workers$
-- Workers seen within the last :seconds seconds, beside the one who asks.
select count(*) from workers where seen_at > now() - make_interval(secs => :seconds) and name <> :but;

-- name: release_dead!
-- Jobs leased by workers that are gone are due again at once. Gone is who has left, who said nothing for :seconds
-- seconds, and whose connection has ended: the kernel ends it with the process, so a killed worker is known at once,
-- on whatever machine it ran. After a restart of the server nobody has a connection; then only time counts.
with gone as (
    select w.name from workers w
    where w.seen_at <= now() - make_interval(secs => :seconds::double precision)
       or (w.seen_at > pg_postmaster_start_time() and w.backend is not null
           and not exists (select from pg_stat_activity a
                           where a.pid = w.backend and coalesce(a.backend_start, w.seen_at) <= w.seen_at))
), alive as (
    select name from workers where name not in (select name from gone)
)
update triage_jobs set leased_until = null, leased_by = null
where leased_by is not null and leased_until is not null and set_aside_at is null
  and split_part(leased_by, '+', 1) not in (select name from alive);

-- name: forget_dead!
-- Workers nobody has heard of for a day.
delete from workers where seen_at < now() - interval '1 day';

-- name: set_aside_jobs
-- Jobs that wait for a person, with the reason.
select j.call_id, j.set_aside_at, j.last_error, c.line, c.external_id
from triage_jobs j join calls c on c.id = j.call_id
where j.set_aside_at is not null order by j.set_aside_at limit 200;

-- name: open_alarm_count$
-- Danger alarms nobody has acknowledged.
select count(*) from danger_alarms where acknowledged_at is null;

-- name: organisations
-- Names and what callers call them, without the one that runs the lines (id 1).
select o.id, n.name from organisations o, unnest(o.aliases || o.name) as n(name) where o.id > 1 and n.name <> '';

-- name: set_concerns!
-- Whom these calls complain about, by their newest reading.
with gone as (
    delete from call_concerns k where k.call_id = any(:call_ids::bigint[])
        and not exists (select from unnest(:found_calls::bigint[], :found_orgs::bigint[]) as f(call_id, org_id)
                        where f.call_id = k.call_id and f.org_id = k.org_id)
)
insert into call_concerns (call_id, org_id)
select call_id, org_id from unnest(:found_calls::bigint[], :found_orgs::bigint[]) as f(call_id, org_id)
on conflict do nothing;
