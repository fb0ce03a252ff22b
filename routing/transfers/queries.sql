-- Forwarding.

-- name: lock_call$
-- One call, locked. What belongs to it is read by the next statement: after a wait for the lock, the rows joined to
-- it here would still be those of before the wait.
select id from calls where id = :call_id for update;

-- name: call_for_forward^
-- The call with the decision in force.
select c.id, c.state, c.live, c.held_by, c.contact, c.intake, c.language, c.confidential,
       coalesce(g.code, c.region) as grid, u.display_name as held_by_name,
       d.id as decision_id, d.body as decision, t.topics, t.reading
from calls c
left join grids g on g.id = c.grid_id
left join users u on u.id = c.held_by
left join decisions d on d.id = c.decision_id
left join triages t on t.id = c.triage_id
where c.id = :call_id;

-- name: lead_item^
-- The open lead item of a call, locked, with who has it in hand or carries it as a case, and whose forward, on which
-- decision, it waits there by; what was handed back to the operators is for any of them.
select i.*, s.id as assignment_id, coalesce(s.user_id, k.holder) as assigned_to, u.display_name as assigned_to_name,
       k.id as undertaking_id, k.state as undertaking_state,
       t.by_user as forwarded_by, f.display_name as forwarded_by_name, t.decision_id as forwarded_on
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, k.holder)
left join transfers t on t.queue_item_id = i.id and t.state in ('pending', 'confirmed') and t.destination <> 'operators'
left join users f on f.id = t.by_user
where i.call_id = :call_id and i.role = 'lead' and i.state in ('waiting', 'offered', 'claimed')
for update of i;

-- name: drop_joint_in!
-- A joint item that stands where the lead item is about to go makes way for it, unless somebody has it.
update queue_items set state = 'cancelled', ended_at = now()
where call_id = :call_id and queue = :queue and role = 'joint' and state in ('waiting', 'offered');

-- name: joint_in^
-- A joint item in that queue which somebody has in hand already.
select i.id, u.display_name from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, k.holder)
where i.call_id = :call_id and i.queue = :queue and i.role = 'joint' and i.state = 'claimed';

-- name: move_item!
-- The lead item goes to another queue; enqueued_at, and with it what was waited, is kept. A desk that carried it as a
-- case has handed the case on.
with left_desk as (
    update undertakings set state = 'handed_on', handed_on_reason = coalesce(handed_on_reason, 'forwarded')
    where queue_item_id = :item_id and state in ('handling', 'objected') returning assignment_id
), given_up as (
    update assignments a set outcome = 'forwarded' from left_desk l where a.id = l.assignment_id
)
update queue_items set queue = :queue, priority = :priority, state = 'waiting', topics = :topics, grid = :grid,
    entered_at = now(), claimed_at = null, offered_to = null, offer_expires_at = null, org_id = :org_id,
    not_before = null, reserved_for = null, reserved_until = null
where id = :item_id;

-- name: insert_item$
-- The first item of a call, from an operator's hold: the caller has waited since the call came in.
insert into queue_items (call_id, queue, role, priority, deadline, topics, grid, language, live, counted, enqueued_at,
                         org_id)
select id, :queue, 'lead', :priority, :deadline, :topics, :grid, language, live, intake = 'live', received_at, :org_id
from calls where id = :call_id
returning id;

-- name: cancel_item!
-- An item nobody needs any more.
update queue_items set state = 'cancelled', ended_at = now() where id = :item_id;

-- name: finish_item!
-- An item that served its purpose without being claimed (answered directly).
update queue_items set state = 'done', ended_at = now() where id = :item_id;

-- name: cancel_joint!
-- Joint items that came with a forward (one transaction, one time) and that nobody has taken yet; those of before and
-- a later alert of the police stay.
update queue_items set state = 'cancelled', ended_at = now()
where call_id = :call_id and role = 'joint' and state in ('waiting', 'offered') and entered_at = :forwarded_at;

-- name: insert_decision$
-- A person decided otherwise than proposed; the machine decision stays on record as superseded.
with old as (
    update decisions set superseded_at = now() where call_id = :call_id and superseded_at is null and not notice
    returning triage_id
)
insert into decisions (call_id, triage_id, destination, queue, target_queue, mode, priority, deadline, rule,
                       policy_version, outcome, body, by_user)
values (:call_id, (select max(triage_id) from old), :destination, :queue, :queue, 'auto', :priority, :deadline,
        'person', :policy_version, :outcome, :body, :user_id)
returning id;

-- name: set_decision!
-- The decision in force.
update calls set decision_id = :decision_id where id = :call_id;

-- name: withdraw_decision!
-- A forward was taken back: what was decided before it is in force again.
with old as (
    update decisions set superseded_at = null where id = :decision_id
)
update calls set decision_id = :decision_id where id = :call_id;

-- name: supersede!
-- One decision is no longer in force.
update decisions set superseded_at = now() where id = :decision_id;

-- name: insert_transfer<!
-- One forward.
insert into transfers (call_id, decision_id, by_user, destination, queue, mode, requested_mode, overruled, reason,
                       dial_number, from_queue, from_priority, from_hold, queue_item_id, our_ticket, receipt_due_at,
                       org_id, from_org_id)
values (:call_id, :decision_id, :by_user, :destination, :queue, :mode, :requested_mode, :overruled, :reason,
        :dial_number, :from_queue, :from_priority, :from_hold, :queue_item_id, :our_ticket, :receipt_due_at,
        :org_id, :from_org_id)
returning *, (select name from organisations where id = :org_id) as department;

-- name: ended_transfers!
-- Earlier forwards of this call that nobody took are replaced by a new one.
update transfers set state = 'cancelled', ended_at = now()
where call_id = :call_id and state in ('pending', 'confirmed');

-- name: transfer^
-- One transfer.
select t.*, o.name as department from transfers t left join organisations o on o.id = t.org_id
where t.id = :transfer_id;

-- name: lock_transfer^
-- One transfer, locked after its call.
select t.* from transfers t join calls c on c.id = t.call_id where t.id = :transfer_id for update of c, t;

-- name: set_transfer_state!
-- A transfer goes on or ends.
update transfers set state = :state, ended_at = case when :state in ('cancelled', 'returned') then now() end,
    return_reason = coalesce(:return_reason, return_reason)
where id = :transfer_id;

-- name: set_receipt!
-- The other system has taken the ticket under its own number.
update transfers set receipt_at = now(), their_ticket = :their_ticket,
    state = case when state = 'pending' then 'confirmed' else state end
where id = :transfer_id;

-- name: transfers_of_call
-- All forwards of one call, oldest first.
select t.*, u.display_name as by_name, o.name as department
from transfers t join users u on u.id = t.by_user left join organisations o on o.id = t.org_id
where t.call_id = :call_id order by t.id;

-- name: by_ticket
-- Transfers by either system's ticket number.
select t.*, o.name as department from transfers t left join organisations o on o.id = t.org_id
where t.our_ticket = :number or t.their_ticket = :number order by t.id desc limit 50;

-- name: overdue_receipts
-- Tickets neither received nor returned within their limit.
select t.*, c.line, c.external_id, o.name as department
from transfers t join calls c on c.id = t.call_id left join organisations o on o.id = t.org_id
where t.receipt_due_at < now() and t.receipt_at is null and t.state in ('pending', 'confirmed', 'taken')
order by t.receipt_due_at limit 200;

-- name: insert_answer!
-- Answered directly, with the text used and what it rests on.
insert into direct_answers (call_id, user_id, answer, article_id, article_version, no_article_reason)
values (:call_id, :user_id, :answer, :article_id, :article_version, :no_article_reason);

-- name: insert_choice!
-- What the caller chose when few people are on duty.
insert into caller_choices (call_id, choice, expected_wait_s, window_start, window_end, message, recorded_by)
values (:call_id, :choice, :expected_wait_s, :window_start, :window_end, :message, :user_id);

-- name: choices
-- What the caller chose, newest first.
select choice, expected_wait_s, window_start, window_end, message, at from caller_choices
where call_id = :call_id order by id desc;

-- name: decision_before$
-- The decision that one replaced, in one transaction and so at one time; not another that was itself taken back before.
select max(e.id) from decisions e join decisions d on d.id = :decision_id
where e.call_id = :call_id and e.id < d.id and not e.notice and e.superseded_at = d.created_at;

-- name: newest_transfer$
-- The forward of a call that counts: neither taken back nor returned.
select max(id) from transfers where call_id = :call_id and state not in ('cancelled', 'returned');

-- name: insert_joint!
-- Items for the joint destinations of a call that was forwarded as proposed; each is brought in once.
insert into queue_items (call_id, queue, role, priority, deadline, grid, language, live, counted)
select c.id, q, 'joint', :priority, :deadline, :grid, c.language, c.live, c.intake = 'live'
from calls c, unnest(:queues::text[]) q where c.id = :call_id
  and not exists (select from queue_items i where i.call_id = c.id and i.queue = q and i.state <> 'cancelled')
on conflict (call_id, queue) where state in ('waiting', 'offered', 'claimed') do nothing;
