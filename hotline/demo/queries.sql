-- What the demo writes beside the services: grids, its mark in the audit log, and the shift into the past.

-- name: insert_grid!
-- One jurisdiction below its parent, which was inserted before.
insert into grids (parent_id, code, name, level, responsible)
values ((select id from grids where code = :parent), :code, :name, :level, :responsible);

-- name: lock!
-- One filling at a time, held by this connection; another start waits here, longer than a lock elsewhere may.
begin;
set local lock_timeout = 0;
set local statement_timeout = '55s';
select pg_advisory_lock(hashtext('hotline demo'));
commit;

-- name: unlock$
-- Let the next one look.
select pg_advisory_unlock(hashtext('hotline demo'));

-- name: state^
-- What stands in the database: users at all, a filling begun and one ended, and whether anything is not the demo's.
select exists (select from users) as users,
       exists (select from audit_entries where action = 'demo_begun') as begun,
       exists (select from audit_entries where action = 'demo_filled') as filled,
       exists (select from users where name <> all(:names::text[]))
           or exists (select from calls where not starts_with(external_id, :prefix))
           or exists (select from published) as others;

-- name: clear!
-- Remove what a filling that was cut short has left; only called where nothing but the demo's rows stands there.
truncate users, grids, calls, events, workers, login_failures, idempotency_keys, calendar_days
    restart identity cascade;

-- name: mark!
-- A filling began or ended.
insert into audit_entries (action, subject) values (:action, 'demo');

-- name: open_clock!
-- The demo's clock, of this connection only: from real_from on, what happens to a call happened at that past time.
create temp table demo_clock (call_id bigint not null, real_from timestamptz not null, at timestamptz not null);
create index on demo_clock (call_id, real_from);
create function pg_temp.past(wanted bigint, moment timestamptz) returns timestamptz language sql stable as $$
    select coalesce((select k.at from demo_clock k where k.call_id = wanted and k.real_from <= moment
                     order by k.real_from desc limit 1), moment)
$$;

-- name: real_now$
-- The database's own clock, finer than a transaction's.
select clock_timestamp();

-- name: set_clock!
-- More of the clock.
insert into demo_clock (call_id, real_from, at)
select call_id, real_from, at
from jsonb_to_recordset(:rows::jsonb) as r(call_id bigint, real_from timestamptz, at timestamptz);

-- name: shift_queues!
-- Waits as they were. Times that lie in the past already are older than any real_from and stay.
update queue_items set
    enqueued_at = pg_temp.past(call_id, enqueued_at), entered_at = pg_temp.past(call_id, entered_at),
    claimed_at = pg_temp.past(call_id, claimed_at), ended_at = pg_temp.past(call_id, ended_at);

-- name: shift_work!
-- Claims, forwards and answers as they were. A lease of work still in hand is kept long: nobody sits there to keep it.
update assignments set
    enqueued_at = pg_temp.past(call_id, enqueued_at), entered_at = pg_temp.past(call_id, entered_at),
    claimed_at = pg_temp.past(call_id, claimed_at), ended_at = pg_temp.past(call_id, ended_at),
    lease_expires_at = case when ended_at is null then now() + interval '12 hours'
                            else pg_temp.past(call_id, claimed_at) + (lease_expires_at - claimed_at) end;

-- name: shift_transfers!
-- The time a receipt is due keeps its distance.
update transfers set
    created_at = pg_temp.past(call_id, created_at), ended_at = pg_temp.past(call_id, ended_at),
    receipt_at = pg_temp.past(call_id, receipt_at),
    receipt_due_at = receipt_due_at - (created_at - pg_temp.past(call_id, created_at)),
    our_ticket = 'ZB' || to_char(pg_temp.past(call_id, created_at) at time zone 'Asia/Shanghai', 'YYYYMMDD')
                      || right(our_ticket, 8);

-- name: shift_answers!
-- Direct answers.
update direct_answers set at = pg_temp.past(call_id, at);

-- name: shift_calls!
-- State changes; the trigger call_state sets the time only where the state itself changes.
update calls set stored_at = pg_temp.past(id, stored_at), state_changed_at = pg_temp.past(id, state_changed_at);

-- name: shift_versions!
-- When each version came.
update call_versions set stored_at = pg_temp.past(call_id, stored_at);

-- name: shift_log!
-- The timeline.
update call_log set at = pg_temp.past(call_id, at);

-- name: shift_readings!
-- Readings.
update triages set created_at = pg_temp.past(call_id, created_at);

-- name: shift_decisions!
-- Decisions, and when one took another's place.
update decisions set
    created_at = pg_temp.past(call_id, created_at), superseded_at = pg_temp.past(call_id, superseded_at);

-- name: shift_alarms!
-- Danger, and when somebody acknowledged it.
update danger_alarms set
    raised_at = pg_temp.past(call_id, raised_at), stage_at = pg_temp.past(call_id, stage_at),
    acknowledged_at = pg_temp.past(call_id, acknowledged_at);

-- name: shift_panels!
-- What was asked while danger was heard.
update danger_answers set answered_at = pg_temp.past(call_id, answered_at);

-- name: shift_leaders!
-- When shift leaders were asked for and came.
update leader_joins set asked_at = pg_temp.past(call_id, asked_at), joined_at = pg_temp.past(call_id, joined_at);

-- name: shift_wrap_ups!
-- Forms after calls.
update wrap_ups set saved_at = pg_temp.past(call_id, saved_at);

-- name: shift_checks!
-- Danger in old records.
update danger_checks set created_at = pg_temp.past(call_id, created_at);

-- name: shift_samples!
-- Calls closed by machine that somebody looks at again.
update quality_samples set created_at = pg_temp.past(call_id, created_at);

-- name: shift_undertakings!
-- Work on cases. A deadline counted from the dispatch keeps its distance; one the policy set counts from the call.
update undertakings k set
    due_at = case when i.deadline is null and k.appraised_at is null
                  then k.due_at - (k.dispatched_at - pg_temp.past(k.call_id, k.dispatched_at))
                  when k.state = 'handling' and k.appraised_at is not null
                  then k.due_at - (k.appraised_at - pg_temp.past(k.call_id, k.appraised_at)) else k.due_at end,
    dispatched_at = pg_temp.past(k.call_id, k.dispatched_at), opened_at = pg_temp.past(k.call_id, k.opened_at),
    state_changed_at = pg_temp.past(k.call_id, k.state_changed_at),
    fed_back_at = pg_temp.past(k.call_id, k.fed_back_at), appraised_at = pg_temp.past(k.call_id, k.appraised_at)
from queue_items i where i.id = k.queue_item_id;

-- name: shift_cases!
-- When cases were opened.
update cases set opened_at = pg_temp.past(call_id, opened_at);

-- name: shift_steps!
-- When steps were planned and done; when they are due was said in the past's own time.
update case_steps s set created_at = pg_temp.past(e.call_id, s.created_at), done_at = pg_temp.past(e.call_id, s.done_at)
from cases e where e.id = s.case_id;

-- name: shift_objections!
-- Objections and their decision.
update objections b set at = pg_temp.past(k.call_id, b.at), decided_at = pg_temp.past(k.call_id, b.decided_at)
from undertakings k where k.id = b.undertaking_id;

-- name: shift_police_returns!
-- What the police desk sent back.
update police_returns set at = pg_temp.past(call_id, at);

-- name: waiting_item$
-- The waiting item of a call in a queue.
select id from queue_items where call_id = :call_id and queue = :queue and state = 'waiting';

-- name: open_item$
-- The same, or one that rings.
select id from queue_items where call_id = :call_id and queue = :queue and state in ('waiting', 'offered');

-- name: ringing_item$
-- The same where somebody is on the line: it rings before it is taken.
select id from queue_items where call_id = :call_id and queue = :queue and state = 'waiting' and live and role = 'lead';

-- name: case_of$
-- The case an undertaking belongs to.
select case_id from undertakings where id = :undertaking_id;

-- name: hang_up!
-- Calls that somebody answered or took, except today's: the caller has long hung up.
with over as (
    update calls set live = false, held_by = null, contact = case when caller_number is null then 'ticket' else 'callback' end
    where live and not (id = any(:still_there::bigint[])) returning id
)
update queue_items i set live = false from over where i.call_id = over.id;

-- name: waiting
-- Waiting items of a queue in its order, as a claim takes them.
select id, call_id, role, priority, enqueued_at, topics, grid, language, not_before,
       array(select k.org_id from call_concerns k where k.call_id = queue_items.call_id) as concerned,
       array(select r.user_id from recusals r where r.call_id = queue_items.call_id) as recused
from queue_items
where queue = :queue and state = 'waiting' order by priority, enqueued_at, id;

-- name: set_promise!
-- A promise is made for a time after now; the demo's now may be long ago, and a call-back that is due was promised before.
with item as (
    update queue_items set not_before = :at::timestamptz,
        reserved_until = :at + (reserved_until - not_before)
    where call_id = :call_id and state = 'waiting' and not_before is not null returning call_id
)
update caller_choices c set window_start = :at, window_end = :at + interval '1 hour'
from item i where c.call_id = i.call_id and c.choice = 'callback';

-- name: proposals
-- Live calls that stand before an operator, oldest first.
select c.id as call_id, c.held_by, d.destination from calls c join decisions d on d.id = c.decision_id
where c.state = 'proposed' and c.id = any(:ids::bigint[]) order by c.received_at, c.id;

-- name: decided^
-- What was proposed for a call, and the transfer that brought it where it is.
select d.destination,
       (select max(f.id) from transfers f where f.call_id = c.id and f.state in ('pending', 'confirmed')) as transfer_id
from calls c join decisions d on d.id = c.decision_id where c.id = :call_id;

-- name: alarmed
-- Calls whose alarm nobody has acknowledged, among these.
select call_id from danger_alarms where acknowledged_at is null and call_id = any(:ids::bigint[]);

-- name: alarm_of^
-- The alarm of a call: kinds of danger, and who held the call.
select kinds, operator_id from danger_alarms where call_id = :call_id;

-- name: handled_by_operators
-- Calls of these that an operator forwarded or answered, by whom and how it was last.
select distinct on (l.call_id) l.call_id, l.user_id, l.action
from call_log l join users u on u.id = l.user_id
where l.call_id = any(:ids::bigint[]) and l.action in ('forwarded', 'answered_directly') and u.role = 'operator'
order by l.call_id, l.id desc;

-- name: settle_agents!
-- What the people of the demo do now: on a call, at rest because on duty, or not there. Nobody sits at their desks, so
-- none of them is available: a live call must not ring where it cannot be answered. What they did last lies in the past.
update agents a set
    presence = case when exists (select from assignments s where s.user_id = a.user_id and s.ended_at is null) then 'on_call'
                    when a.user_id = any(:resting::bigint[]) then 'paused' else 'offline' end,
    presence_since = now(), wrap_up_until = null, penalty_until = null, no_answers = 0, last_offered_at = null,
    last_completed_at = (select max(ended_at) from assignments s where s.user_id = a.user_id);

-- name: forget_events!
-- Nobody was there to be told.
delete from events;

-- name: put_organisation$
-- An organisation of the demo's city.
insert into organisations (code, name, kind) values (:code, :name, :kind)
on conflict (code) do update set name = excluded.name returning id;

-- name: set_organisation!
-- Whom a person works for.
update users set org_id = :org_id where id = :user_id;

-- name: may_be_called_back
-- Calls that wait for a lawyer with nobody on the line: their callers may have chosen to be called back.
select c.id from calls c join queue_items i on i.call_id = c.id
where i.state = 'waiting' and i.queue = 'lawyers' and not c.live and c.caller_number is not null
order by c.received_at limit :limit;

-- name: past_handover!
-- A handover of the past with some of the calls that were forwarded in the shift before it.
with made as (
    insert into handovers (prepared_by, prepared_at, note, closed_by, closed_at)
    values (:outgoing, :at::timestamptz - interval '9 minutes', :note, :incoming, :at::timestamptz + interval '6 minutes')
    returning id
)
insert into handover_items (handover_id, kind, ref, call_id, owner, due_at, added_at, confirmed_by, confirmed_at)
select m.id, 'duty', f.call_id, f.call_id, f.by_user, f.receipt_due_at, :at::timestamptz - interval '9 minutes', :incoming,
       :at::timestamptz + f.place * interval '40 seconds'
from made m cross join (
    select t.call_id, t.by_user, t.receipt_due_at, row_number() over (order by t.created_at desc) as place
    from (select distinct on (call_id) * from transfers
          where state <> 'cancelled' and created_at between :at::timestamptz - interval '14 hours' and :at::timestamptz
          order by call_id, id) t
    order by t.created_at desc limit :matters
) f;
