-- What a leaver leaves behind. The person's row in users has been changed by this transaction before, which waits for
-- claims and holds of theirs that are under way and keeps out new ones (they take the row with FOR SHARE first).

-- name: lock_calls
-- Every call the person has anything to do with, locked in the order in which all lock them.
select id from calls
where id in (select a.call_id from assignments a where a.user_id = :user_id and a.ended_at is null
             union select i.call_id from queue_items i where i.state = 'offered' and i.offered_to = :user_id
             union select i.call_id from queue_items i where i.state = 'waiting' and i.reserved_for = :user_id
             union select c.id from calls c where c.held_by = :user_id
             union select k.call_id from undertakings k
                   where k.holder = :user_id and k.state in ('handling', 'objected', 'fed_back'))
order by id for update;

-- name: release_holds
-- Live calls go back to the operators' list: the caller is still on the line.
with released as (
    update calls set held_by = null where held_by = :user_id returning id
), logged as (
    insert into call_log (call_id, action, user_id) select id, 'holder_left', :user_id from released
), told as (
    insert into events (kind, call_id, user_id) select 'call_released', id, :user_id from released
)
select id as call_id from released order by id;

-- name: return_assignments
-- What was claimed goes back to its old place in its queue, its wait kept.
with ended as (
    update assignments set ended_at = now(), outcome = 'released'
    where user_id = :user_id and ended_at is null
    returning queue_item_id
), item as (
    update queue_items i set state = 'waiting', offered_to = null, offer_expires_at = null, claimed_at = null
    from ended e where i.id = e.queue_item_id and i.state = 'claimed'
    returning i.id, i.call_id, i.queue, i.role
), called as (
    update calls c set state = 'queued' from item i where c.id = i.call_id and i.role = 'lead' and c.state = 'claimed'
    returning c.id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'queued' end, 'holder_left', :user_id, jsonb_build_object('queue', queue)
    from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_released', call_id, queue, :user_id from item
)
select call_id, queue from item order by call_id;

-- name: withdraw_offers
-- What rings at the person rings no more; the call waits where it stood.
with item as (
    update queue_items set state = 'waiting', offered_to = null, offer_expires_at = null
    where state = 'offered' and offered_to = :user_id
    returning id, call_id, queue, role
), called as (
    update calls c set state = 'queued' from item i where c.id = i.call_id and i.role = 'lead' and c.state = 'offered'
    returning c.id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'queued' end, 'holder_left', :user_id, jsonb_build_object('queue', queue)
    from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_released', call_id, queue, :user_id from item
)
select call_id, queue from item order by call_id;

-- name: leave_promises
-- Call-backs the person promised keep their time, and at that time they are anybody's of the queue: nobody waits for who
-- has gone.
with item as (
    update queue_items set reserved_for = null, reserved_until = null
    where state = 'waiting' and reserved_for = :user_id
    returning call_id, queue
), logged as (
    insert into call_log (call_id, action, user_id, detail)
    select call_id, 'holder_left', :user_id, jsonb_build_object('queue', queue) from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_released', call_id, queue, :user_id from item
)
select call_id, queue from item order by call_id;

-- name: leave_cases
-- Cases the person carried stay with the desk, whose people see that nobody has them and take them over.
with left_cases as (
    update undertakings set holder = null
    where holder = :user_id and state in ('handling', 'objected', 'fed_back')
    returning id, call_id, queue, state
), logged as (
    insert into call_log (call_id, action, user_id, detail)
    select call_id, 'holder_left', :user_id, jsonb_build_object('queue', queue) from left_cases
), told as (
    insert into events (kind, call_id, queue, user_id, data)
    select 'case_changed', call_id, queue, :user_id, jsonb_build_object('undertaking_id', id, 'state', state)
    from left_cases
)
select call_id, queue from left_cases where state <> 'fed_back' order by call_id;

-- name: agent_left!
-- The person is offered nothing any more.
with gone as (
    update agents set presence = 'offline', presence_since = now(), wrap_up_until = null
    where user_id = :user_id returning user_id
)
insert into events (kind, user_id, data) select 'presence_changed', user_id, '{"presence": "offline"}' from gone;

-- name: duties
-- Where the person still stands in rosters: to be planned anew by somebody.
select kind, queue, name, starts_at, ends_at from (
    select 'shift' as kind, queue, '' as name, starts_at, ends_at from shifts
    where user_id = :user_id and ends_at > :now
    union all
    select 'override', queue, kind, starts_at, ends_at from shift_overrides
    where ends_at > :now and ((user_id = :user_id and kind = 'add') or substitute_id = :user_id)
    union all
    select 'rotation', queue, name, null, null from rotations
    where body -> 'participants' @> to_jsonb(:user_id::bigint)
) left_over order by starts_at nulls first, queue, name;

-- name: stay$
-- A person who is there, kept from leaving until the transaction ends. Taken before the call, never after it.
select id from users where id = :user_id and disabled_at is null for share;

-- name: leavers_with_work
-- People who left and have something again all the same: a forward taken back to its sender, a line that names them.
select u.id from users u
where u.disabled_at is not null
  and (exists (select from calls c where c.held_by = u.id)
       or exists (select from assignments a where a.user_id = u.id and a.ended_at is null)
       or exists (select from queue_items i where i.state = 'offered' and i.offered_to = u.id)
       or exists (select from undertakings k where k.holder = u.id and k.state in ('handling', 'objected', 'fed_back')))
limit 100;

-- name: lock_leaver$
-- One of them, if nobody else is just looking after it.
select id from users where id = :user_id and disabled_at is not null for no key update skip locked;
