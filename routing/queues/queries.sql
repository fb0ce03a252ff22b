-- Queues: claims, leases, offers, presence.

-- name: queue_agents
-- Every agent who may serve a queue by role, with what offering looks at.
select a.*, u.role, u.display_name, u.org_id, coalesce(t.level, 1) as level, coalesce(t.position, 1) as position,
       (select count(*) from assignments s where s.user_id = a.user_id and s.ended_at is null) as open_calls,
       (select count(*) from assignments s where s.user_id = a.user_id
          and s.claimed_at >= date_trunc('day', now() at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai')
          as calls_taken_today
from agents a join users u on u.id = a.user_id
left join tiers t on t.user_id = a.user_id and t.queue = :queue
where u.role = any(:roles::text[]) and u.disabled_at is null;

-- name: ensure_agent!
-- A person who works in queues; known from the first log-in or claim on.
insert into agents (user_id) values (:user_id) on conflict do nothing;

-- name: own_offer^
-- The offer that rings at this agent now, its call locked. Rows that somebody else is changing are passed over.
select i.id, i.call_id, i.queue, i.role
from queue_items i join calls c on c.id = i.call_id
where i.state = 'offered' and i.offered_to = :user_id and i.queue = :queue and i.offer_expires_at > now()
limit 1
for update of i, c skip locked;

-- name: take_item<!
-- The item is this agent's: assignment with lease, call claimed (lead only), transfer taken, log and event,
-- agent on the call. One statement, so that nothing of it can be missing.
with item as (
    update queue_items set state = 'claimed', claimed_at = now(), offered_to = null, offer_expires_at = null
    where id = :item_id
    returning id, call_id, queue, role, enqueued_at, entered_at, counted, limit_s
), called as (
    update calls c set state = 'claimed' from item i where c.id = i.call_id and i.role = 'lead' returning c.id
), moved as (
    update transfers t set state = 'taken', ended_at = now() from item i
    where t.queue_item_id = i.id and t.state in ('pending', 'confirmed')
), agent as (
    update agents set presence = 'on_call', presence_since = now(), wrap_up_until = null, wrap_up_extended = false,
        no_answers = 0, penalty_until = null, calls_taken = calls_taken + 1
    where user_id = :user_id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'claimed' end, 'claimed', :user_id,
           jsonb_build_object('queue', queue, 'off_roster', :off_roster::boolean)
    from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_claimed', call_id, queue, :user_id from item
)
insert into assignments (queue_item_id, call_id, user_id, lease_expires_at, off_roster, queue, role, enqueued_at,
                         entered_at, counted, limit_s, desk_role)
select id, call_id, :user_id, now() + make_interval(secs => :lease_s::double precision), :off_roster, queue, role,
       enqueued_at, entered_at, counted, limit_s, (select u.role from users u where u.id = :user_id)
from item
returning id, call_id, lease_expires_at;

-- name: assignment^
-- One assignment with its item; the lock order is call, then item, then assignment.
select s.*, i.state as item_state, c.state as call_state
from assignments s join queue_items i on i.id = s.queue_item_id join calls c on c.id = s.call_id
where s.id = :assignment_id;

-- name: lock_assignment^
-- The same, locked.
select s.*, i.state as item_state, c.state as call_state
from calls c join queue_items i on i.call_id = c.id join assignments s on s.queue_item_id = i.id
where s.id = :assignment_id
for update;

-- name: heartbeat<!
-- The agent is still there: the lease runs on.
update assignments set lease_expires_at = now() + make_interval(secs => :lease_s::double precision)
where id = :assignment_id and user_id = :user_id and ended_at is null
returning lease_expires_at;

-- name: end_assignment!
-- An assignment ends; notes stay with it.
update assignments set ended_at = now(), outcome = :outcome, disposition = coalesce(:disposition, disposition),
    notes = coalesce(:notes, notes), summary = coalesce(:summary, summary)
where id = :assignment_id;

-- name: save_notes<!
-- Notes and summary while the call goes on and while it is wrapped up (autosave). Each null keeps what is there. What is
-- typed in wrap-up is kept for :late_s seconds after the call ended, or the end of the wrap-up would lose it.
update assignments set notes = coalesce(:notes, notes), summary = coalesce(:summary, summary),
    summary_approved_at = case when :approved::boolean is null then summary_approved_at
                               when :approved then coalesce(summary_approved_at, now()) end
where id = :assignment_id and user_id = :user_id
  and (ended_at is null or (outcome in ('completed', 'promised', 'forwarded')
                            and ended_at > now() - make_interval(secs => :late_s::double precision)))
returning id;

-- name: item_back!
-- Back to its old place: enqueued_at was never touched.
with item as (
    update queue_items set state = 'waiting', offered_to = null, offer_expires_at = null, claimed_at = null,
        reserved_for = null, reserved_until = null
    where id = :item_id returning id, call_id, queue, role
), called as (
    update calls c set state = 'queued' from item i where c.id = i.call_id and i.role = 'lead' returning c.id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'queued' end, :action, :user_id, jsonb_build_object('queue', queue)
    from item
)
insert into events (kind, call_id, queue, user_id) select 'call_released', call_id, queue, :user_id from item;

-- name: event!
-- One event for the consoles: ids only.
insert into events (kind, call_id, queue, user_id, data)
values (:kind, :call_id, :queue, :user_id, :data::jsonb);

-- name: expired_leases
-- Assignments whose agent vanished, locked; those somebody is just ending are passed over.
select s.id, s.user_id, s.queue_item_id, i.queue
from assignments s join queue_items i on i.id = s.queue_item_id join calls c on c.id = s.call_id
where s.ended_at is null and s.lease_expires_at <= now()
order by s.lease_expires_at limit 100
for update of c, i, s skip locked;

-- name: expired_offers
-- Offers that nobody answered in time, locked.
select i.id, i.call_id, i.queue, i.offered_to
from queue_items i join calls c on c.id = i.call_id
where i.state = 'offered' and i.offer_expires_at <= now()
order by i.offer_expires_at limit 100
for update of c, i skip locked;

-- name: offerable_items
-- Waiting calls with somebody on the line, in the order of the queue. Not locked: claims pass over locked rows, and
-- a round that held all of them would send an agent to a later call, or to none.
select i.id, i.call_id, i.queue, i.priority, i.enqueued_at, i.topics, i.language, i.grid,
       array(select k.org_id from call_concerns k where k.call_id = i.call_id) as concerned,
       array(select r.user_id from recusals r where r.call_id = i.call_id) as recused, now() as read_at
from queue_items i
where i.state = 'waiting' and i.live and i.role = 'lead' and i.queue = :queue
order by i.priority, i.enqueued_at, i.id
limit 50;

-- name: lock_offerable$
-- One of them, locked, if it still waits.
select i.id from queue_items i join calls c on c.id = i.call_id
where i.id = :item_id and i.state = 'waiting' and i.live and i.queue = :queue
for update of c, i skip locked;

-- name: last_offered^
-- The agent who had the latest offer of a queue, for round-robin.
select user_id from agents where last_offered_at is not null and user_id = any(:user_ids::bigint[])
order by last_offered_at desc limit 1;

-- name: lock_agent^
-- An agent who is still free, locked for an offer; none when somebody else is just changing the agent, or the account.
select a.user_id from agents a join users u on u.id = a.user_id
where a.user_id = :user_id and a.presence = 'available' and u.disabled_at is null
for update of a skip locked for share of u skip locked;

-- name: offer!
-- The call rings at an agent.
with item as (
    update queue_items set state = 'offered', offered_to = :user_id,
        offer_expires_at = now() + make_interval(secs => :ring_timeout_s::double precision)
    where id = :item_id returning call_id, queue
), called as (
    update calls c set state = 'offered' from item i where c.id = i.call_id
), agent as (
    update agents set presence = 'ringing', presence_since = now(), last_offered_at = now() where user_id = :user_id
), logged as (
    insert into call_log (call_id, state, action, user_id) select call_id, 'offered', 'offered', :user_id from item
)
insert into events (kind, call_id, queue, user_id) select 'call_offered', call_id, queue, :user_id from item;

-- name: unanswered!
-- A ring that nobody answered, or a refusal: no offers for a while; paused after several unanswered in a row.
-- A refusal ends the row: somebody was there.
update agents set
    no_answers = case when :no_answer::int = 0 then 0 else no_answers + :no_answer::int end,
    penalty_until = now() + make_interval(secs => :penalty_s::double precision),
    presence = case when :pause_after::int > 0 and no_answers + :no_answer::int >= :pause_after then 'paused'
                    else 'available' end,
    presence_since = now()
where user_id = :user_id and presence = 'ringing';

-- name: stop_ringing!
-- What rang went elsewhere: the agent is free again.
update agents set presence = 'available', presence_since = now() where user_id = :user_id and presence = 'ringing';

-- name: agent_vanished!
-- The agent of a lapsed lease is treated as gone until the next sign of life.
update agents set presence = 'offline', presence_since = now() where user_id = :user_id;

-- name: after_call!
-- The call is over: wrap-up if the queue gives time for it, else available. Who paused or logged off during the call
-- stays so.
update agents set last_completed_at = now(), presence_since = now(), wrap_up_extended = false,
    presence = case when presence in ('paused', 'offline') then presence
                    when :wrap_up_s::int > 0 then 'wrap_up' else 'available' end,
    wrap_up_until = case when :wrap_up_s > 0 and presence not in ('paused', 'offline')
                         then now() + make_interval(secs => :wrap_up_s) end
where user_id = :user_id
  and not exists (select from assignments s where s.user_id = :user_id and s.ended_at is null);

-- name: end_wrap_ups
-- Wrap-up time is over.
with freed as (
    update agents set presence = 'available', presence_since = now(), wrap_up_until = null, wrap_up_extended = false
    where presence = 'wrap_up' and wrap_up_until <= now() returning user_id
)
insert into events (kind, user_id) select 'presence_changed', user_id from freed returning user_id;

-- name: extend_wrap_up<!
-- More time for wrap-up, once for each call; the wrap-up that has just run out is not brought back.
update agents set wrap_up_until = wrap_up_until + make_interval(secs => :extension_s::double precision),
    wrap_up_extended = true
where user_id = :user_id and presence = 'wrap_up' and wrap_up_until > now() and not wrap_up_extended
returning wrap_up_until;

-- name: wrapped_queue$
-- The queue of the call an agent wraps up.
select queue from assignments where user_id = :user_id and ended_at is not null order by ended_at desc limit 1;

-- name: set_presence!
-- What the agent says of themselves.
with changed as (
    update agents set presence = :presence, presence_since = now(), wrap_up_until = null,
        wrap_up_extended = false, no_answers = 0
    where user_id = :user_id and presence <> :presence returning user_id
)
insert into events (kind, user_id, data) select 'presence_changed', user_id, jsonb_build_object('presence', :presence::text) from changed;

-- name: queue_counts
-- Waiting items and the longest wait of each queue. ahead: those that a new caller waits behind; backlog comes later.
-- A promised call-back waits from the time it is due.
select queue, count(*) filter (where state in ('waiting', 'offered')) as waiting,
       count(*) filter (where counted) as ahead,
       coalesce(extract(epoch from now() - min(greatest(enqueued_at, not_before))
                                           filter (where state in ('waiting', 'offered'))), 0)::float8 as longest_wait_s
from queue_items where state in ('waiting', 'offered') and (not_before is null or not_before <= now()) group by queue;

-- name: available_by_role
-- Agents free now, by role.
select u.role, count(*) as available
from agents a join users u on u.id = a.user_id
where a.presence = 'available' and u.disabled_at is null
group by u.role;

-- name: service_levels
-- Today: share of counted items answered within the limit of their queue (SL: of those answered; SL2 comes later).
select s.queue, count(*) as answered,
       count(*) filter (where s.claimed_at - s.entered_at <= make_interval(secs => l.limit_s)) as within
from assignments s join unnest(:queues::text[], :limits_s::double precision[]) as l(queue, limit_s) using (queue)
where s.counted and s.claimed_at >= :since::timestamptz
group by s.queue;

-- name: waiting_items
-- The open items of a queue in its order, for the consoles; excerpts are cut, numbers are masked by the reader.
-- fits: null: all of them; else only those that :user_id may take next, or may not: by field, language, grid, recusal and
-- for whom they are kept, as in claims.sql::claim_next. Asked apart, so that what is one's own never stands behind a
-- limit full of what is others'.
select i.id as item_id, i.call_id, i.queue, i.role, i.state, i.priority, i.enqueued_at, i.deadline, i.live,
       i.offered_to, i.topics, i.language, i.grid, i.not_before, i.reserved_for, i.reserved_until, c.line, c.contact, c.received_at, c.region, c.confidential,
       c.excerpt, c.caller_name, t.route, t.confidence, t.review, t.danger_level, d.destination
from queue_items i join calls c on c.id = i.call_id
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
left join agents a on a.user_id = :user_id
where i.queue = :queue and i.state in ('waiting', 'offered') and (i.not_before is null or i.not_before <= now())
  and (:fits::boolean is null or :fits = (
      (i.topics = '{}' or coalesce(cardinality(a.skills), 0) = 0 or i.topics && a.skills)
      and (i.language is null or coalesce(cardinality(a.languages), 0) = 0 or i.language = any(a.languages))
      and (i.grid is null or coalesce(cardinality(a.grids), 0) = 0
           or exists (select from unnest(a.grids) g where i.grid = g or starts_with(i.grid, g || '.')))
      and (i.reserved_for is null or i.reserved_for = :user_id or i.reserved_until <= now())
      and not exists (select from recusals r where r.call_id = i.call_id and r.user_id = :user_id)))
order by i.priority, i.enqueued_at, i.id
limit :limit;

-- name: open_assignments
-- What an agent has in hand.
select s.id as assignment_id, s.call_id, s.claimed_at, s.lease_expires_at, s.notes, i.queue, i.role
from assignments s join queue_items i on i.id = s.queue_item_id
where s.user_id = :user_id and s.ended_at is null order by s.id;

-- name: close_completed
-- Calls completed long enough ago, with nothing left open, are closed.
with due as (
    select id from calls c where state = 'completed' and state_changed_at < now() - make_interval(hours => :hours::int)
      and not exists (select from queue_items i where i.call_id = c.id and i.state in ('waiting', 'offered', 'claimed'))
    limit 500 for update skip locked
), closed as (
    update calls c set state = 'closed', close_reason = '已办结' from due where c.id = due.id returning c.id
)
insert into call_log (call_id, state, action) select id, 'closed', 'closed' from closed returning call_id;

-- name: penalise!
-- A refusal or a call given back: no offers for a while.
update agents set penalty_until = now() + make_interval(secs => :penalty_s::double precision) where user_id = :user_id;

-- name: items_of_call
-- The queue items of a call, open ones first, newest first, with who has each in hand or carries it as a case.
select i.*, u.display_name as assigned_to
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, k.holder)
where i.call_id = :call_id order by (i.state in ('waiting', 'offered', 'claimed')) desc, i.id desc;

-- name: assignments_of_call
-- Who had a call in hand, oldest first.
select s.*, u.display_name as by_name, u.role as user_role
from assignments s join users u on u.id = s.user_id join queue_items i on i.id = s.queue_item_id
where s.call_id = :call_id order by s.id;

-- name: free_among$
-- How many of these people are free now.
select count(*) from agents where user_id = any(:user_ids::bigint[]) and presence = 'available';
