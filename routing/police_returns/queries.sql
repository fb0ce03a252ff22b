-- Calls the police desk sent back.

-- name: insert_return$
-- What the police desk found, and the danger known then.
insert into police_returns (call_id, by_user, reason, words, danger_level, danger_kinds)
values (:call_id, :user_id, :reason, :words, :level, :kinds) returning id;

-- name: newest^
-- What the police desk found last of a call.
select r.id, r.reason, r.words, r.danger_level, r.danger_kinds, r.at, u.display_name as by_name
from police_returns r join users u on u.id = r.by_user
where r.call_id = :call_id order by r.id desc limit 1;

-- name: police_item^
-- The open item of a call in one of the police desk's queues, locked, with who has it.
select i.*, s.id as assignment_id, s.user_id as assigned_to, coalesce(u.display_name, o.display_name) as held_by_name
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join users u on u.id = s.user_id left join users o on o.id = i.offered_to
where i.call_id = :call_id and i.queue = any(:queues::text[]) and i.state in ('waiting', 'offered', 'claimed')
order by i.role limit 1
for update of i;

-- name: other_police_items!
-- What else waits of the call at the police desk.
update queue_items set state = 'cancelled', ended_at = now()
where call_id = :call_id and queue = any(:queues::text[]) and state in ('waiting', 'offered') and role = 'joint';

-- name: joint_at$
-- Whether another desk has the call in hand as a joint one.
select i.id from queue_items i
where i.call_id = :call_id and i.role = 'joint' and i.state = 'claimed' and i.queue = :queue limit 1;

-- name: lead_on!
-- The police desk's item ends; the desk that has the call in hand already leads from now on.
with ended as (
    update queue_items set state = 'cancelled', ended_at = now() where id = :item_id returning id
), work as (
    update assignments set role = 'lead' where queue_item_id = :joint_id
), case_of as (
    update undertakings set role = 'lead' where queue_item_id = :joint_id
)
select count(*) from ended;

-- name: make_lead!
-- It leads.
update queue_items set role = 'lead' where id = :item_id;

-- name: unacknowledged$
-- A danger nobody has acknowledged yet.
select exists (select from danger_alarms where call_id = :call_id and acknowledged_at is null);

-- name: holder$
-- Who of the police desk has a call in hand; null: nobody.
select u.display_name from queue_items i join assignments s on s.queue_item_id = i.id and s.ended_at is null
join users u on u.id = s.user_id
where i.call_id = :call_id and i.queue = any(:queues::text[]) and i.state = 'claimed' order by i.role desc limit 1;
