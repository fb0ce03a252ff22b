-- Taking one call by choice.

-- name: items
-- The open items of a call in these queues, locked after the call, with who has each.
select i.*, s.user_id as assigned_to, coalesce(u.display_name, o.display_name) as held_by_name, now() as read_at
from queue_items i
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
left join users u on u.id = s.user_id left join users o on o.id = i.offered_to
where i.call_id = :call_id and i.queue = any(:queues::text[]) and i.state in ('waiting', 'offered', 'claimed')
order by i.role desc, i.id
for update of i;
