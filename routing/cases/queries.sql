-- Cases and the desks' undertakings on them.

-- name: item^
-- One queue item, locked after its call, with who has it.
select i.*, s.id as assignment_id, s.user_id as assigned_to, k.id as undertaking_id, k.holder, k.state as undertaking_state,
       coalesce(u.display_name, o.display_name) as held_by_name,
       exists (select from objections b join undertakings e on e.id = b.undertaking_id
               where e.call_id = i.call_id and e.desk = 'departments' and b.decision = 'upheld' and b.by_user = :user_id)
           as objected_before
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, k.holder)
left join users o on o.id = i.offered_to
where i.id = :item_id
for update of i;

-- name: call_of_item$
-- The call an item belongs to.
select call_id from queue_items where id = :item_id;

-- name: take_on$
-- A waiting item is taken on as a case at once: the claim is on record and ends in the same moment, no lease runs.
with item as (
    update queue_items set state = 'claimed', claimed_at = now(), offered_to = null, offer_expires_at = null
    where id = :item_id
    returning id, call_id, queue, role, enqueued_at, entered_at, counted, limit_s
), called as (
    update calls c set state = 'claimed' from item i where c.id = i.call_id and i.role = 'lead' returning c.id
), moved as (
    update transfers t set state = 'taken', ended_at = now() from item i
    where t.queue_item_id = i.id and t.state in ('pending', 'confirmed')
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'claimed' end, 'claimed', :user_id,
           jsonb_build_object('queue', queue, 'off_roster', :off_roster::boolean)
    from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_claimed', call_id, queue, :user_id from item
)
insert into assignments (queue_item_id, call_id, user_id, lease_expires_at, off_roster, queue, role, enqueued_at,
                         entered_at, counted, limit_s, ended_at, outcome, desk_role)
select id, call_id, :user_id, now(), :off_roster, queue, role, enqueued_at, entered_at, counted, limit_s, now(),
       'accepted', (select u.role from users u where u.id = :user_id)
from item
returning id;

-- name: open_case^
-- The case of a call, opened with the first desk that takes it on; its code holds the day the call came in.
with made as (
    insert into cases (call_id, code)
    select id, 'AJ' || to_char(received_at at time zone 'Asia/Shanghai', 'YYYYMMDD') || lpad(id::text, 8, '0')
    from calls where id = :call_id
    on conflict (call_id) do nothing
    returning id, code
)
select id, code from made union all select id, code from cases where call_id = :call_id limit 1;

-- name: insert_undertaking$
-- A desk takes the case on, or objects to it.
insert into undertakings (case_id, call_id, queue_item_id, assignment_id, queue, desk, role, state, holder,
                          dispatched_at, due_at)
values (:case_id, :call_id, :item_id, :assignment_id, :queue, :desk, :role, :state, :user_id, :dispatched_at, :due_at)
returning id;

-- name: received!
-- Who takes a ticket on has received it.
update transfers set receipt_at = now()
where queue_item_id = :item_id and our_ticket is not null and receipt_at is null and state not in ('cancelled', 'returned');

-- name: call_of$
-- The call an undertaking is about.
select call_id from undertakings where id = :undertaking_id;

-- name: lock_undertaking^
-- One undertaking, locked after its call, with its case and who has it.
select k.*, e.code, i.state as item_state, u.display_name as holder_name, now() as read_at
from undertakings k join cases e on e.id = k.case_id join queue_items i on i.id = k.queue_item_id
left join users u on u.id = k.holder
where k.id = :undertaking_id
for update of k, i;

-- name: set_holder!
-- Somebody of the desk has it now.
update undertakings set holder = :user_id where id = :undertaking_id;

-- name: set_state!
-- It goes on; the trigger refuses what cannot follow.
update undertakings set state = :state where id = :undertaking_id;

-- name: hand_on!
-- The desk has it no longer, and why.
with left_desk as (
    update undertakings set state = 'handed_on', handed_on_reason = :reason, handed_on_words = :words
    where id = :undertaking_id returning assignment_id
)
update assignments a set outcome = 'released' from left_desk l where a.id = l.assignment_id;

-- name: insert_objection$
-- What a department says against a dispatch.
insert into objections (undertaking_id, by_user, reason, words, suggested)
values (:undertaking_id, :user_id, :reason, :words, :suggested) returning id;

-- name: open_objection^
-- One objection, with its undertaking.
select * from objections where id = :objection_id;

-- name: decide_objection!
-- What became of it.
update objections set decision = :decision, decision_words = :words, destination = :destination, decided_by = :user_id,
    decided_at = now()
where id = :objection_id;

-- name: returned_transfer!
-- The forward that brought a call here is a returned one.
update transfers set state = 'returned', ended_at = now(), return_reason = :reason
where queue_item_id = :item_id and id = (select max(id) from transfers where call_id = :call_id
                                         and state not in ('cancelled', 'returned'));

-- name: feed_back!
-- The desk has told the caller, or closed the mediation: the item has served its purpose, a lead call is completed.
-- A matter taken up once more has a call that is completed already.
with told_caller as (
    update undertakings set state = 'fed_back', fed_back_at = now(), outcome = :outcome,
        reply = coalesce(:reply, reply), agreement = coalesce(:agreement, agreement)
    where id = :undertaking_id returning assignment_id, queue_item_id, call_id, queue, role
), work as (
    update assignments a set outcome = 'completed', disposition = :disposition from told_caller t
    where a.id = t.assignment_id
), item as (
    update queue_items i set state = 'done', ended_at = now() from told_caller t
    where i.id = t.queue_item_id and i.state = 'claimed'
), called as (
    update calls c set state = 'completed' from told_caller t
    where c.id = t.call_id and t.role = 'lead' and c.state = 'claimed' returning c.id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select t.call_id, case when exists (select from called) then 'completed' end, 'fed_back', :user_id,
           jsonb_build_object('queue', t.queue, 'outcome', :outcome::text)
    from told_caller t
)
insert into events (kind, call_id, queue, user_id) select 'call_completed', call_id, queue, :user_id from told_caller;

-- name: appraise!
-- What the caller said of it.
update undertakings set state = 'appraised', appraisal = :appraisal, resolved = :resolved, appraisal_words = :words,
    appraised_by = :user_id, appraised_at = now()
where id = :undertaking_id;

-- name: take_up_again!
-- The caller was not satisfied: the desk has it once more, with a new deadline.
update undertakings set state = 'handling', appraisal = :appraisal, resolved = :resolved, appraisal_words = :words,
    appraised_by = :user_id, appraised_at = now(), due_at = :due_at, times_again = times_again + 1
where id = :undertaking_id;

-- name: extend!
-- The one extension of a deadline.
update undertakings set extended_from = due_at, due_at = :due_at, extension_reason = :reason
where id = :undertaking_id;

-- name: waiting
-- What waits for a desk, by deadline, then by wait; not what concerns the reader's own organisation. The sealed readings
-- only where :readings.
select i.id as item_id, i.call_id, i.queue, i.role, i.state, i.priority, i.enqueued_at, i.entered_at, i.deadline, i.live,
       i.topics, i.grid, g.name as grid_name, c.line, c.contact, c.received_at, c.region, c.confidential, c.excerpt, c.caller_name,
       t.route, t.confidence, t.review, t.danger_level, t.topics as read_topics,
       case when :readings::boolean then t.reading end as reading, f.id as transfer_id, f.our_ticket, a.raised_at, a.acknowledged_at, a.level as alarm_level, s.user_id as assigned_to,
       i.org_id as addressed_to, n.name as addressed_name,
       exists (select from users p where p.org_id = i.org_id and p.role = 'department' and p.disabled_at is null)
           as addressed_staffed,
       coalesce(u.display_name, o.display_name) as held_by_name, s.id as assignment_id
from queue_items i join calls c on c.id = i.call_id
left join organisations n on n.id = i.org_id
left join grids g on g.code = i.grid
left join triages t on t.id = c.triage_id
left join danger_alarms a on a.call_id = i.call_id
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = s.user_id
left join users o on o.id = i.offered_to
left join lateral (
    select r.id, r.our_ticket from transfers r
    where r.call_id = i.call_id and r.state not in ('cancelled', 'returned') order by r.id desc limit 1
) f on true
where i.queue = any(:queues::text[]) and i.state in ('waiting', 'offered', 'claimed') and k.id is null
  and not exists (select from call_concerns n join users w on w.org_id = n.org_id
                  where n.call_id = i.call_id and w.id = :user_id and w.org_id <> 1)
  and not exists (select from objections b join undertakings e on e.id = b.undertaking_id
                  where e.call_id = i.call_id and e.desk = 'departments' and b.decision = 'upheld'
                    and b.by_user = :user_id)
order by i.priority, i.enqueued_at, i.id
limit :limit;

-- name: waiting_item^
-- One of what waits, as long as nobody has taken it on; the same that the list shows of it.
select i.id as item_id, i.call_id, i.queue, i.role, i.state, i.enqueued_at, i.entered_at, i.deadline, i.grid,
       g.name as grid_name, c.region, c.excerpt, c.caller_name, t.route, t.danger_level, t.topics as read_topics,
       i.org_id as addressed_to, n.name as addressed_name,
       exists (select from users p where p.org_id = i.org_id and p.role = 'department' and p.disabled_at is null)
           as addressed_staffed,
       (select r.our_ticket from transfers r where r.call_id = i.call_id and r.state not in ('cancelled', 'returned')
        order by r.id desc limit 1) as our_ticket
from queue_items i join calls c on c.id = i.call_id
left join organisations n on n.id = i.org_id
left join grids g on g.code = i.grid
left join triages t on t.id = c.triage_id
where i.id = :item_id and i.state in ('waiting', 'offered')
  and not exists (select from undertakings k where k.queue_item_id = i.id and k.state in ('handling', 'objected'))
  and not exists (select from objections b join undertakings e on e.id = b.undertaking_id
                  where e.call_id = i.call_id and e.desk = 'departments' and b.decision = 'upheld'
                    and b.by_user = :user_id);

-- name: carried
-- What a desk carries: its own of :user_id, those nobody has, and what was fed back lately; nearest deadline first.
select k.id, k.case_id, k.call_id, k.queue, k.role, k.desk, k.state, k.holder, k.dispatched_at, k.opened_at, k.due_at,
       k.extended_from, k.outcome, k.appraisal, k.fed_back_at, e.code, u.display_name as holder_name, c.line, c.received_at,
       c.region, c.confidential, c.excerpt, c.caller_name, c.contact, coalesce(i.grid, '') as grid, g.name as grid_name, t.route,
       i.org_id as addressed_to, n.name as addressed_name, t.topics as read_topics, t.danger_level, s.id as step_id, s.kind as step_kind, s.due_at as step_due_at,
       case when k.state = 'handling' then least(k.due_at, coalesce(s.due_at, k.due_at)) else k.due_at end as next_at
from undertakings k join cases e on e.id = k.case_id join calls c on c.id = k.call_id
join queue_items i on i.id = k.queue_item_id
left join organisations n on n.id = i.org_id
left join grids g on g.code = i.grid
left join users u on u.id = k.holder
left join triages t on t.id = c.triage_id
left join lateral (
    select p.id, p.kind, p.due_at from case_steps p
    where p.undertaking_id = k.id and p.done_at is null order by p.due_at, p.id limit 1
) s on true
where k.desk = :desk
  and (k.state in ('handling', 'objected') or k.state = 'fed_back' and k.fed_back_at > now() - interval '14 days')
  and (:all_of_desk::boolean or k.holder = :user_id or k.holder is null)
  and not exists (select from call_concerns n join users w on w.org_id = n.org_id
                  where n.call_id = k.call_id and w.id = :user_id and w.org_id <> 1)
order by k.state = 'fed_back', next_at, k.id
limit :limit;

-- name: undertaking^
-- One undertaking with its case, for its file.
select k.*, e.code, u.display_name as holder_name, a.display_name as appraised_by_name, now() as read_at
from undertakings k join cases e on e.id = k.case_id
left join users u on u.id = k.holder left join users a on a.id = k.appraised_by
where k.id = :undertaking_id;

-- name: undertakings_of_call
-- Every desk's work on a call's case, oldest first.
select k.id, k.desk, k.queue, k.state, k.opened_at, k.due_at, k.state_changed_at, k.outcome, k.appraisal,
       k.handed_on_reason, e.code, u.display_name as holder_name
from undertakings k join cases e on e.id = k.case_id left join users u on u.id = k.holder
where k.call_id = :call_id order by k.id;

-- name: objections_of
-- Objections to one undertaking's dispatch, newest first.
select b.*, u.display_name as by_name, d.display_name as decided_by_name
from objections b join users u on u.id = b.by_user left join users d on d.id = b.decided_by
where b.undertaking_id = :undertaking_id order by b.id desc;

-- name: open_objections
-- Objections that nobody has decided, oldest first.
select b.id, b.undertaking_id, b.reason, b.words, b.suggested, b.at, u.display_name as by_name, k.call_id, k.due_at,
       k.dispatched_at, e.code, c.line, c.received_at, c.region, c.confidential, c.excerpt, c.caller_name, t.route, t.topics as read_topics
from objections b join undertakings k on k.id = b.undertaking_id join cases e on e.id = k.case_id
join calls c on c.id = k.call_id join users u on u.id = b.by_user left join triages t on t.id = c.triage_id
where b.decision is null order by b.at limit :limit;

-- name: decided_objections
-- Objections decided lately, newest first.
select b.id, b.undertaking_id, b.reason, b.at, b.decision, b.destination, b.decided_at, u.display_name as by_name,
       d.display_name as decided_by_name, k.call_id, e.code
from objections b join undertakings k on k.id = b.undertaking_id join cases e on e.id = k.case_id
join users u on u.id = b.by_user join users d on d.id = b.decided_by
where b.decided_at > now() - interval '30 days' order by b.decided_at desc limit :limit;

-- name: to_appraise
-- What was fed back and no caller has said anything of, oldest first.
select k.id, k.call_id, k.desk, k.outcome, k.reply, k.fed_back_at, e.code, c.line, c.received_at, c.region, c.confidential,
       c.excerpt, c.caller_name, t.route, t.topics as read_topics, u.display_name as holder_name
from undertakings k join cases e on e.id = k.case_id join calls c on c.id = k.call_id
left join triages t on t.id = c.triage_id left join users u on u.id = k.holder
where k.state = 'fed_back' order by k.fed_back_at limit :limit;

-- name: done_today^
-- A person's own day: cases taken on and fed back since :since.
select count(*) filter (where opened_at >= :since::timestamptz) as taken_on,
       count(*) filter (where fed_back_at >= :since) as fed_back
from undertakings where holder = :user_id and (opened_at >= :since or fed_back_at >= :since);

-- name: reach^
-- A person's own grids and fields; none: anything.
select grids, skills from agents where user_id = :user_id;

-- name: place_of_item^
-- The call of an item of these queues, and who has it now: null where nobody has.
select i.call_id, case when i.state = 'claimed' then u.display_name end as holder
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join undertakings k on k.queue_item_id = i.id and k.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, k.holder)
where i.id = :item_id and i.queue = any(:queues::text[]);
