-- Promised call-backs.

-- name: hush!
-- Nobody is on the line any more, and the call has been answered once: neither abandoned nor counted for service levels
-- again. Before the item waits, or its caller would count as having hung up while waiting.
update queue_items set live = false, counted = false where id = :item_id;

-- name: promise<!
-- The work so far ends, the item waits until the promised time, the agent wraps up. One statement; the assignment is
-- locked already. Afterwards the item is the promiser's for :reserve_s seconds.
with ended as (
    update assignments set ended_at = now(), outcome = 'promised', disposition = :disposition,
        notes = coalesce(:notes, notes), summary = coalesce(:summary, summary),
        summary_approved_at = case when :approved::boolean is null then summary_approved_at
                                   when :approved then coalesce(summary_approved_at, now()) end
    where id = :assignment_id returning id, call_id, queue, role, queue_item_id
), item as (
    update queue_items i set state = 'waiting', claimed_at = null,
        not_before = :at::timestamptz, due_told = false, reserved_for = :user_id,
        reserved_until = :at + make_interval(secs => :reserve_s::double precision)
    from ended e where i.id = e.queue_item_id
), called as (
    update calls c set state = 'queued' from ended e where c.id = e.call_id and e.role = 'lead' returning c.id
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'queued' end, 'callback_promised', :user_id,
           jsonb_build_object('queue', queue, 'at', :at)
    from ended
), agent as (
    update agents set last_completed_at = now(), presence_since = now(), wrap_up_extended = false,
        presence = case when presence in ('paused', 'offline') then presence
                        when :wrap_up_s::int > 0 then 'wrap_up' else 'available' end,
        wrap_up_until = case when :wrap_up_s > 0 and presence not in ('paused', 'offline')
                             then now() + make_interval(secs => :wrap_up_s) end
    where user_id = :user_id and not exists (
        select from assignments s where s.user_id = :user_id and s.ended_at is null and s.id <> :assignment_id)
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_released', call_id, queue, :user_id from ended
)
select call_id from ended;

-- name: tell_due
-- Call-backs that have come due since the last round, told once; :user_id of the event is who promised.
with due as (
    select id from queue_items
    where state = 'waiting' and not_before is not null and not_before <= now() and not due_told
    order by not_before limit 100 for update skip locked
), told as (
    update queue_items i set due_told = true from due where i.id = due.id
    returning i.call_id, i.queue, i.reserved_for
)
insert into events (kind, call_id, queue, user_id)
select 'callback_due', call_id, queue, reserved_for from told returning call_id;

-- name: own_promises
-- The call-backs a person promised that still stand, the next first.
select i.id as item_id, i.call_id, i.queue, i.not_before, i.reserved_until, i.not_before <= now() as due, c.line,
       c.contact_rules, c.caller_name, c.confidential, t.route, t.topics, t.danger_level
from queue_items i join calls c on c.id = i.call_id left join triages t on t.id = c.triage_id
where i.state = 'waiting' and i.reserved_for = :user_id
order by i.not_before, i.id limit 50;
